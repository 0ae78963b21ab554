"""The poster's table on few seeds: verdicts as expected, and its figures found by another road."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from engine import run
from market.microgrid.behaviours import Cooperative
from market.microgrid.network import PrivateLines
from market.microgrid.tariff import Tariff
from papers import claim_line, reproduce, texts
from papers.poster import cells
from papers.poster.claims import poster_gain
from papers.poster.text import POSTER, poster_ratio

SEEDS = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(Claims, folder) of the reproduction on SEEDS seeds."""
    out = tmp_path_factory.mktemp("poster")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "LEAST_SEEDS", SEEDS)
        claims = reproduce(["poster-table"], out, SEEDS, progress=False, workers=1)
    return claims, out


@pytest.fixture(scope="module")
def table(made):
    return pd.read_csv(made[1] / "reproduce/poster-table/table.csv")


def test_claims_come_out_as_expected(made):
    claims, _ = made
    assert len(claims) >= 15
    assert [claim_line(claim) for claim in claims if claim.verdict != claim.expected] == []
    assert all(claim.reason for claim in claims if claim.expected == "fail")
    assert {claim.figure for claim in claims} == {"poster-table"}


def test_the_folder_holds_data_pictures_text_and_manifest(made):
    folder = made[1] / "reproduce/poster-table"
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {"table.csv", "means.csv", "table.txt", "poster_table.png", "area.png", "claims.json"}
    assert set(manifest["files"]) == files == {path.name for path in folder.iterdir()} - {"manifest.json"}
    assert manifest["as_expected"]


def test_every_run_is_proved_an_optimum_where_it_should_be(table):
    optimal = table[table["model"] != "ad-hoc"]
    assert optimal["gap"].max() < 1e-6
    some = table[table["set_up"] == "table"]
    assert len(some) == 2 * 5 * 5 * SEEDS
    assert set(some.groupby(["density", "side_km", "model"]).size()) == {SEEDS}


def test_both_areas_are_computed_and_agree_where_resistance_is_scaled(table):
    some = table[table["set_up"] == "table"]
    small, large = (some.loc[some["side_km"] == side, "loss"].to_numpy() for side in cells.SIDES)
    assert np.max(np.abs(small - large)) < 1e-9


def test_known_losses_of_seed_0(table):
    rows = table[(table["set_up"] == "table") & (table["density"] == "1/n") & (table["seed"] == 0)]
    rows = rows[rows["side_km"] == 1].set_index("model")
    assert rows.loc["none", "lines"] == 144
    known = {"none": 3.8597, "ad-hoc": 4.4626, "self-interested": 7.262, "cooperative": 2.1739, "integrated": 1.9867}
    for model, loss in known.items():
        assert rows.loc[model, "loss"] == pytest.approx(loss, abs=1e-3)
    free = table[(table["set_up"] == "table") & (table["density"] == "0") & (table["model"] == "integrated")]
    assert free["loss"].to_numpy() == pytest.approx(3.43322, abs=1e-4)


@pytest.mark.parametrize("model", cells.MODELS)
def test_scenarios_of_the_same_seed_lose_the_same(table, model):
    scenario = f"ieee300_{model.replace('-', '_')}"
    dispatch = run(scenario, set=["private.seed=1"], certify=False).outcome.dispatch
    rows = table[(table["set_up"] == "table") & (table["density"] == "1/n") & (table["seed"] == 1)]
    row = rows[(rows["model"] == model) & (rows["side_km"] == 1)].iloc[0]
    assert (row["public"], row["private"]) == pytest.approx((dispatch.public_loss, dispatch.private_loss), rel=1e-9)


def test_means_are_those_of_the_runs(made, table):
    means = pd.read_csv(made[1] / "reproduce/poster-table/means.csv")
    keys = ["set_up", "density", "side_km", "p.u.", "physics", "model"]
    again = table.groupby(keys)["ratio"].mean()
    assert len(means) == len(again)
    assert means.set_index(keys)["ratio"].to_dict() == pytest.approx(again.to_dict())


def test_the_text_shows_ours_beside_the_posters_and_says_what_cannot_be_had(made, table):
    (text,) = texts(["poster-table"], made[1])
    some = table[(table["set_up"] == "table") & (table["side_km"] == 1) & (table["density"] == "1/n")]
    ours = some[some["model"] == "self-interested"]["ratio"].mean()
    row = next(line for line in text.splitlines() if line.startswith("1/n "))
    assert f"{ours:.3f} ±" in row and "0.376" in row and "0.952" in row
    for word in ("7.13", "386 MW", "1.2/n", "0.610", "16.8%", "floor", "our choice, not a finding"):
        assert word in text
    assert max(map(len, text.splitlines())) < 130
    assert texts(["fig05"], made[1]) == []


def test_poster_ratios():
    assert poster_ratio(1.0, "1/n^2", "cooperative") == pytest.approx(0.505, abs=5e-4)
    assert poster_ratio(100.0, "1/n^2", "self-interested") == pytest.approx(3.499, abs=5e-4)
    assert np.isnan(poster_ratio(1.0, "log(n)/n", "ad-hoc"))
    assert {len(row) for area in POSTER.values() for row in area.values()} == {len(cells.MODELS)}
    assert poster_gain() == pytest.approx((1 - 3.59 / 3.60, 1 - 2.06 / 2.08))


@pytest.mark.parametrize("lines", cells.FEW)
def test_so_many_lines_are_drawn_exactly_and_among_those_of_more(lines):
    network, _ = cells.public_grid("x")
    drawn = [
        cells.random_private(300, network.slack, cells.chance_of(5, k), np.random.default_rng(5), mean_resistance=0.01)[
            1
        ]
        for k in (lines, lines + 7)
    ]
    assert [len(one) for one in drawn] == [lines, lines + 7]
    fewer, more = ({*zip(one.tail.tolist(), one.head.tolist(), strict=True)} for one in drawn)
    assert fewer < more


def test_the_best_single_line_saves_as_much_as_said_and_none_of_a_sample_more():
    network, grid = cells.public_grid("x")
    base = float(network.injection @ grid.loss @ network.injection)
    best = cells.best_single_line()
    rng, saved = np.random.default_rng(0), []
    for _ in range(200):
        tail, head = rng.choice(network.agents, 2, replace=False)
        line = PrivateLines(*(np.array([value]) for value in (tail, head, 0.0, 1.0, -1)))
        saved.append(1 - Cooperative().priced(network.with_private(line), grid, Tariff()).loss / base)
    assert 0 < max(saved) <= best + 1e-6 and best < 0.169


def test_the_chance_of_no_line():
    assert cells.chance_of_no_line() == pytest.approx(binom.pmf(0, 299 * 298 // 2, 1 / 300**2))


def test_there_are_at_least_twenty_seeds():
    assert len(cells.seeds(3)) == 20 and len(cells.seeds(50)) == 50
    assert len(cells.questions(1)) == len(set(cells.questions(1)))
