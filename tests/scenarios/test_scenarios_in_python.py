"""A scenario may be a table or a text of Python's in place of a file, and means the same."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import InProcess, run, sweep, verify
from engine.sweeps.points import product
from scenarios import ScenarioError, build, load

TABLE = {
    "market": "aggregator",
    "price": {"rule": "linear", "c": 0.001},
    "group": [{"name": "homes", "kind": "direct", "utility": {"form": "quadratic", "a": [0.5, 0.6], "b": [1.0, 2.0]}}],
}


def with_utility(**keys):
    (group,) = TABLE["group"]
    return TABLE | {"group": [group | {"utility": group["utility"] | keys}]}


@pytest.mark.parametrize(
    "name", ["two_aggregators", "data_centre_five_bus", "street_day", "two_nodes_wide", "p2p_single", "designs_day"]
)
def test_table_text_and_file_are_one_scenario(name):
    file = load(name)
    text = file.given_toml()
    assert load(text) == load(tomllib.loads(text)) == file
    assert load(text, set="seed=7").seed == 7


def test_arrays_series_numbers_and_paths_are_taken(tmp_path, monkeypatch):
    arrays = with_utility(a=np.array([0.5, 0.6]), b=pd.Series([1, 2]))
    assert load(arrays | {"seed": np.int64(1)}) == load(TABLE)
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"b": [1, 2]}).to_csv("users.csv")
    assert load(with_utility(b={"csv": Path("users.csv"), "column": "b"})) == load(TABLE)
    assert build(TABLE).run() == run(TABLE).status == "settled"


def test_the_table_is_left_as_it_was():
    before = repr(TABLE)
    load(TABLE, set=["group.homes.utility.b=[2, 3]", "price.c=2"])
    assert repr(TABLE) == before


def test_a_sweep_over_columns_of_files_beside_a_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("users.csv").write_text("one,two\n1,2\n2,3\n")
    points = product(['group.homes.utility.b={csv="users.csv",column="one"},{csv="users.csv",column="two"}'])
    folder = sweep(TABLE, points, direct=True, executor=InProcess(), progress=False).resolve()
    Path("users.csv").unlink()
    monkeypatch.chdir("/")
    assert verify(folder).passed


CIRCLE = {"market": "aggregator"}
CIRCLE["price"] = CIRCLE


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "scenario: market: is missing"),
        (TABLE | {1: 2}, "scenario: got 1; a text"),
        (TABLE | {"price": None}, "scenario: price: got None; a table is needed"),
        (TABLE | {"title": "\ud800"}, r"scenario: title: got '\ud800'; a text"),
        (CIRCLE, "lists nested too deeply; at most 50"),
        ("market =\n", "TOML text: not TOML"),
        ('market = "aggregator"', "TOML text: price: is missing"),
        ("\nx = 1\n", "TOML text: market: is missing"),
        ("price.c=2", "price.c=2: no such scenario or file"),
    ],
)
def test_what_cannot_be_used_is_one_line(given, said):
    with pytest.raises(ScenarioError) as error:
        load(given)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
