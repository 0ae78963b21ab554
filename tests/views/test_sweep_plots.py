"""Pictures of sweeps: lines with bands, heat maps, and what they are refused for."""

import numpy as np
import pandas as pd
import pytest

from engine import FolderError, InProcess, sweep
from engine.sweeps.points import product
from views.plots import PLOTS
from views.plots.sweep_lines import places
from views.style import new_figure
from views.sweep_pictures import sweep_pictures

VARY = ["price.c=0.001,0.0005,0.002", "group.0.fairness.alpha=0,1,inf"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("sweep")
    options = {"replications": 2, "direct": True, "progress": False, "executor": InProcess()}
    return sweep("two_aggregators", product(VARY), out=out, **options)


@pytest.fixture(scope="module")
def table(folder):
    return pd.read_csv(folder / "means.csv", dtype={"price.c": str, "group.0.fairness.alpha": str})


def test_a_line_for_each_choice_of_the_other_key_in_order_of_the_first(table):
    figure = PLOTS["sweep lines"](table, "price", "price.c", ["group.0.fairness.alpha"], "money/energy")
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == [f"group.0.fairness.alpha = {value}" for value in ("0", "1", "inf")]
    for line, alpha in zip(lines, ("0", "1", "inf"), strict=True):
        rows = (
            table[table["group.0.fairness.alpha"] == alpha]
            .assign(at=lambda t: t["price.c"].astype(float))
            .sort_values("at")
        )
        assert line.get_xdata().tolist() == [0.0005, 0.001, 0.002]
        assert line.get_ydata().tolist() == rows["price mean"].tolist()
    bands = figure.axes[0].collections
    assert len(bands) == 3
    top = bands[0].get_paths()[0].vertices[:, 1].max()
    rows = table[table["group.0.fairness.alpha"] == "0"]
    assert top == pytest.approx((rows["price mean"] + rows["price half_width"]).max())


def test_words_stand_side_by_side():
    where, ticks = places(pd.Series(["none", "ad-hoc", "none", "inf"]))
    assert (where.tolist(), ticks) == ([0, 1, 0, 2], ["none", "ad-hoc", "inf"])
    assert places(pd.Series(["0.5", "2"]))[1] is None


def test_a_map_has_a_cell_for_each_point(table):
    figure = PLOTS["sweep heat"](table, "price", ("price.c", "group.0.fairness.alpha"))
    grid = np.asarray(figure.axes[0].images[0].get_array())
    row = table[(table["price.c"] == "0.0005") & (table["group.0.fairness.alpha"] == "inf")]
    assert grid.shape == (3, 3)
    assert grid[2, 0] == row["price mean"].item()


def test_pictures_lie_in_the_folder(folder):
    made = {path.name for path in sweep_pictures(folder)}
    assert {"price.png", "price_map.png", "jain.png"} <= made
    assert all((folder / name).stat().st_size > 5_000 for name in made)
    assert [path.name for path in sweep_pictures(folder, ["welfare"], "price.c")] == ["welfare.png", "welfare_map.png"]


def test_classes_of_users_are_lines(tmp_path, monkeypatch):
    where = {"replications": 2, "out": tmp_path, "progress": False, "executor": InProcess()}
    folder = sweep("village_people", product(["price.c=0.001,0.002"]), direct=True, by=["half:income"], **where)
    assert "by_half_income.png" in {path.name for path in sweep_pictures(folder)}
    measure = "surplus mean [half:income 1]"
    assert [path.suffix for path in sweep_pictures(folder, [measure])] == [".png"]
    lines = {}
    monkeypatch.setitem(PLOTS, "sweep lines", lambda table, *_: lines.update(table=table) or new_figure()[0])
    sweep_pictures(folder)
    means = pd.read_csv(folder / "means.csv")
    rows = lines["table"][lines["table"]["half:income"] == "1"]
    assert rows["mean surplus mean"].tolist() == means[f"{measure} mean"].tolist()


@pytest.mark.parametrize(
    ("measures", "along", "said"),
    [(["wellfare"], None, "measure: got 'wellfare'; one of mean small surplus"), ([], "price.k", "key: got 'price.k'")],
)
def test_unknown_measures_and_keys_are_refused(folder, measures, along, said):
    with pytest.raises(FolderError, match=said):
        sweep_pictures(folder, measures, along)


def test_a_folder_that_is_no_sweep_is_refused(tmp_path):
    with pytest.raises(FolderError, match="a finished run, comparison or sweep is needed"):
        sweep_pictures(tmp_path)
