"""What a result was made with is part of it: a sweep's rows, and the level at which a verification holds."""

import importlib.metadata
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

import engine
from engine import InProcess, SweepError, provenance, sweep, verify, verifying
from engine.sweeps.points import product
from engine.verifying import columns_apart

ROOT = Path(__file__).parents[2]
OWN = """
market = "aggregator"
price = { rule = "linear", c = 1 }
[[group]]
name = "homes"
kind = "direct"
users = 2
utility = { form = "quadratic", a = 1, b = 3 }
"""


def swept(out, vary="price.c=1,2", scenario="small_alone", **options):
    options = {"direct": True, "executor": InProcess(), "progress": False} | options
    return sweep(scenario, product([vary]), out=out, **options)


def test_the_project_s_version_is_said_once():
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert table["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "engine.__version__"}
    assert engine.__version__ == provenance.versions()["project"]


def test_libraries_have_the_versions_that_their_metadata_say(tmp_path, monkeypatch):
    said = {name: importlib.metadata.version(name) for name in provenance.LIBRARIES}
    assert provenance._libraries.__wrapped__() == said
    (tmp_path / "numpy-0.1.dist-info").mkdir()  # two of a name: what Python finds first counts
    (tmp_path / "numpy-0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert provenance._libraries.__wrapped__() == said | {"numpy": "0.1"}


@pytest.mark.parametrize("name", ["numpy", "project", "python"])
def test_rows_of_other_versions_are_not_taken_for_these(name, tmp_path, monkeypatch):
    folder = swept(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = provenance.versions() | {name: "0.0"}
    monkeypatch.setattr("engine.sweeps.sweep_folder.versions", lambda: other)
    with pytest.raises(SweepError, match=f"its rows were made with {name} .*, and here is 0.0") as error:
        swept(tmp_path, replications=2)
    assert "\n" not in str(error.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_machines_of_the_rows_are_kept(tmp_path, monkeypatch):
    swept(tmp_path)
    here = provenance.machine()
    monkeypatch.setattr("engine.sweeps.sweeping.machine", lambda: {"processor": "another"})
    folder = swept(tmp_path, replications=2)
    assert json.loads((folder / "manifest.json").read_text())["machines"] == [here, {"processor": "another"}]


@pytest.mark.parametrize("name", ["scenario.toml", "sweep.json"])
def test_a_sweep_does_not_go_on_over_changed_inputs(name, tmp_path):
    folder = swept(tmp_path)
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace("small_alone", "large_alone") if name == "scenario.toml" else text[:-20])
    with pytest.raises(SweepError, match=name):
        swept(tmp_path, replications=2)


def test_a_row_that_stands_twice_is_refused_and_fails_verification(tmp_path):
    folder = swept(tmp_path)
    lines = (folder / "runs.csv").read_text().splitlines(keepends=True)
    (folder / "runs.csv").write_text("".join([*lines, lines[1]]))
    with pytest.raises(SweepError, match="row 4: point 0, replication 0 stands there twice"):
        swept(tmp_path)
    assert "FAIL  rows: point 0, replication 0 stands there twice" in verify(folder).lines


def test_a_sweep_over_columns_of_files_is_whole_without_them(tmp_path):
    (tmp_path / "own.toml").write_text(OWN)
    for name, values in (("one", (2, 3)), ("two", (4, 5))):
        (tmp_path / f"{name}.csv").write_text("b\n" + "".join(f"{value}\n" for value in values))
    vary = 'group.homes.utility.b={csv="one.csv",column="b"},{csv="two.csv",column="b"}'
    folder = swept(tmp_path / "results", vary, tmp_path / "own.toml")
    (tmp_path / "one.csv").rename(tmp_path / "gone.csv")
    assert verify(folder).passed
    (tmp_path / "one.csv").write_text("b\n2\n4\n")
    assert swept(tmp_path / "results", vary, tmp_path / "own.toml") != folder  # other numbers are another sweep


@pytest.mark.parametrize(
    ("away", "where", "sharp", "passes"),
    [
        (6e-10, "processor", 1e-9, True),
        (6e-7, "processor", 1e-6, True),
        (6e-7, "processor", 1e-9, False),
        (6e-6, "processor", 1e-6, False),
        (6e-10, "", 1e-6, False),
    ],
)
def test_numbers_are_as_sharp_elsewhere_as_their_market_promises(away, where, sharp, passes):
    passed, line = verifying._level(away, where, "rounds.csv", sharp)
    assert passed == line.startswith("pass") == passes
    assert ("promised" in line) == (passes and away > 1e-9)


def apart(one, other):
    return columns_apart({name: (np.array(one[name]), np.array(other[name])) for name in one})


def test_numbers_are_compared_on_the_scale_of_their_column():
    usual = {"welfare": [10.0, 20.0], "rest": [0.0, 1e-17], "gap": [1e-12], "price": [1e-3, 2e-3], "seed": [1e18]}
    noisy = usual | {"rest": [3e-17, 0.0], "gap": [7e-11], "welfare": [10.0, 20.0 * (1 + 1e-12)]}
    assert apart(usual, noisy) == pytest.approx(1e-12, rel=1e-3)
    for name, values in {"rest": [0.0, 1e-6], "price": [1e-3, 2e-3 * (1 + 1e-6)], "welfare": [10.0, np.nan]}.items():
        assert apart(usual, usual | {name: values}) > 1e-9
    assert apart(usual | {"spread": [6e-8]}, usual | {"spread": [6e-8 + 2e-15]}) == 0.0  # of two numbers of size one
    small = {name: [1e-15 * value for value in values] for name, values in usual.items()}
    assert apart(small, small | {"price": [1e-18, 2.1e-18]}) > 1e-9  # whatever the unit
    assert apart({"status": ["settled"]}, {"status": ["cycling"]}) == np.inf
