"""Results by what is known of users: tables with their names, classes and ranks, in run, compare and sweep."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import InProcess, compare, distribution, run, save_comparison, save_result, sweep, verify
from engine.sweeps.points import product
from market.distribution import cvar, quantile_classes, shares
from scenarios import ScenarioError

NUMBERS = st.lists(st.integers(-20, 20), min_size=1, max_size=30).map(lambda row: np.array(row, dtype=float))
PEOPLE = """who,income,a,b,need,worth,have,ask,roof
u1,50,0.11,0.52,2,0.22,1,0.07,2
u2,20,0.12,0.64,3,0.20,2,0.06,3
u3,40,0.10,0.71,1,0.24,3,0.08,1
u4,10,0.08,0.60,2,0.21,2,0.09,4
"""
COLUMN = '{{ csv = "p.csv", column = "{}" }}'.format
UTILITY = f'utility = {{ form = "quadratic", a = {COLUMN("a")}, b = {COLUMN("b")} }}\n'
USERS = f'keep = ["who", "a", "income"]\n{UTILITY}'
HOMES = f'[[group]]\nname = "homes"\nkind = "aggregator"\n{USERS}'
PRICE = 'market = "aggregator"\nprice = { rule = "affine", p0 = 0.1, c = 0.02 }\n'
LARGE = '[[group]]\nname = "big"\nkind = "large"\nutility = { form = "quadratic", a = 0.5, b = 1 }\n'
SIDE = '[{}]\nkeep = ["who", "a"]\n{} = {}\n{} = {}\n'.format
FILES = {
    "aggregator": PRICE + LARGE + HOMES,
    "joining": PRICE + "joining = {}\n" + LARGE + HOMES + "count = 2\n",
    "days": PRICE + "periods = { count = 2 }\n" + LARGE + HOMES,
    "network": 'market = "aggregator"\nnetwork = { case = "two_nodes" }\n' + f'{LARGE}node = "A"\n{HOMES}node = "B"\n',
    "designs": 'market = "designs"\ntariff = { buy = 0.3, sell = 0.08 }\nprice = { p0 = 0.16, c = 0.001 }\n'
    'base_power = 100\nnetwork = { case = "eight_nodes" }\n[[class]]\nname = "homes"\nkeep = ["who", "a", "income"]\n'
    f"a = {COLUMN('a')}\nb = {COLUMN('b')}\ngeneration = {COLUMN('roof')}\n",
    "bilateral": 'market = "bilateral"\n'
    + SIDE("buyers", "demand", COLUMN("need"), "value", COLUMN("worth"))
    + SIDE("sellers", "supply", COLUMN("have"), "ask", COLUMN("ask")),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """{market: a result of four people}, and the folder of their table."""
    folder = tmp_path_factory.mktemp("people")
    (folder / "p.csv").write_text(PEOPLE)
    for name, text in FILES.items():
        (folder / f"{name}.toml").write_text(text)
    return {name: run(folder / f"{name}.toml") for name in FILES}, folder


def own_a(result):
    """a of every user as the game has it, in the order of the users' numbers."""
    if result.scenario.market == "designs":
        return result.game.population.a
    blocks = [block for block in result.game.blocks if block.users]
    if result.scenario.market == "days":
        return np.concatenate(
            [np.broadcast_to(block.parts["consumption"].a, (block.users, 2))[:, 0] for block in blocks]
        )
    values = np.concatenate([block.utility.a for block in blocks])
    return result.by_number(values)


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("bilateral", "days")])
def test_every_row_has_its_own_user(results, name):
    result = results[0][name]
    table = result.to_dataframe("users")
    own = own_a(result)
    number = table["agent" if name == "designs" else "user"].to_numpy()
    known = table["a"].notna().to_numpy()
    assert known.any() and np.array_equal(table["a"][known], own[number][known])
    assert set(table["who"]) - {""} == {"u1", "u2", "u3", "u4"}


def test_contracts_name_buyer_and_seller(results):
    result = results[0]["bilateral"]
    table = result.to_dataframe("contracts")
    first = PEOPLE.splitlines()[1:]
    assert len(table) and table["buyer who"].tolist() == [first[k].split(",")[0] for k in table["buyer"]]
    assert table["seller who"].tolist() == [first[k].split(",")[0] for k in table["seller"]]
    assert result.to_dataframe("users")["who"].tolist() == ["u1", "u2", "u3", "u4"] * 2


@pytest.mark.parametrize("name", FILES)
def test_stored_tables_have_what_is_known_and_verify(results, tmp_path, name):
    folder = save_result(results[0][name], tmp_path)
    assert {"who", "a"} <= set(pd.read_csv(folder / "agents.csv").columns)
    if name == "days":
        assert pd.read_csv(folder / "homes.csv")["who"].nunique() == 4
    verification = verify(folder)
    assert verification.passed, verification.lines


def test_tables_that_are_not_there_are_told(results):
    with pytest.raises(ValueError, match="'period'; this run has 'rounds', 'users' or 'players'"):
        results[0]["aggregator"].to_dataframe("period")
    assert len(results[0]["days"].to_dataframe("periods")) == 2
    assert results[0]["network"].to_dataframe("players")["player"].tolist() == ["big", "homes"]


@given(NUMBERS, st.sampled_from([0.05, 0.1, 1 / 3, 0.5, 1.0]))
@settings(max_examples=60, deadline=None)
def test_cvar_is_the_greatest_of_its_dual(values, level):
    """max over t of t − mean(max(t − v, 0)) / level, attained at a value (Rockafellar, Uryasev 2002, theorem 10)."""
    dual = max(t - np.mean(np.maximum(t - values, 0)) / level for t in values)
    assert cvar(values, level) == pytest.approx(dual, abs=1e-9)


@given(NUMBERS, st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_classes_by_rank(values, count):
    classes = quantile_classes(values, count)
    by_value = dict(zip(values, classes, strict=True))
    assert all(by_value[value] == k for value, k in zip(values, classes, strict=True))  # equals are together
    assert all(one <= other for one, other in pairwise(classes[np.argsort(values)]))
    if len(set(values)) == len(values) >= count:
        assert np.ptp(np.bincount(classes, minlength=count)) <= 1
    if len(set(values)) == len(values) and len(values) % count == 0:
        assert classes.tolist() == pd.qcut(values, count, labels=False).tolist()
    part = shares(np.abs(values), classes, count)
    assert np.all(np.isnan(part)) if not values.any() else part.sum() == pytest.approx(1)


def test_a_class_is_what_pandas_makes_of_the_users(results):
    result = results[0]["aggregator"]
    users = result.to_dataframe("users").dropna(subset="income")
    table = distribution(result, "half:income", level=0.5).set_index(["half:income", "of"])
    for label, rows in (("1", users["income"] <= 20), ("2", users["income"] > 20)):
        for name in ("quantity", "surplus", "bill"):
            own = users.loc[rows, name]
            assert table.loc[(label, name), "mean"] == pytest.approx(own.mean())
            assert table.loc[(label, name), "share"] == pytest.approx(own.sum() / users[name].sum())
        assert table.loc[(label, "surplus"), "cvar"] == pytest.approx(users.loc[rows, "surplus"].min())


def test_a_comparison_pairs_classes_and_keeps_users(results, tmp_path):
    names, how = ["village_people_direct", "village_people"], {"direct": True, "executor": InProcess()}
    comparison = compare(names, replications=2, by=["home", "quintile:income"], keep_users=True, **how)
    users = comparison.users
    mean = users[users["home"] == "flat"].groupby(["scenario", "replication"])["surplus"].mean().unstack()
    away = (mean.loc[names[1]] - mean.loc[names[0]]).to_numpy()
    row = comparison.differences().set_index("measure").loc["surplus mean [home flat]"]
    assert row["mean"] == pytest.approx(away.mean())
    assert row["half_width"] == pytest.approx(12.706204736 * away.std(ddof=1) / np.sqrt(2))  # t of 1 degree
    folder = save_comparison(comparison, tmp_path)
    assert len(pd.read_csv(folder / "users.csv")) == 2 * 2 * 51
    assert verify(folder).passed
    assert json.loads((folder / "manifest.json").read_text())["by"] == ["home", "quintile:income"]
    plain = compare(names, replications=2, **how)
    assert save_comparison(plain, tmp_path) != folder
    assert plain.runs.equals(comparison.runs[plain.runs.columns])


def test_a_sweep_measures_the_same_and_keeps_users(tmp_path):
    how = {"out": tmp_path, "by": ["decile:surplus"], "keep_users": True, "executor": InProcess(), "progress": False}
    folder = sweep("village_people", product(["price.c=1e-5,2e-5"]), **how)
    rows = pd.read_csv(folder / "runs.csv")
    result = run("village_people", set=["price.c=2e-5"])
    table = distribution(result, "decile:surplus").set_index(["decile:surplus", "of"])
    assert rows.loc[1, "surplus mean [decile:surplus 1]"] == table.loc[("1", "surplus"), "mean"]
    kept = pd.read_csv(folder / "users" / "1-0.csv")
    assert kept["surplus"].tolist() == result.to_dataframe("users")["surplus"].tolist()
    assert verify(folder).passed
    with open(folder / "users" / "1-0.csv", "a") as file:
        file.write("\n")
    assert "changed since they were written: users/1-0.csv" in verify(folder).lines[0]


REFUSED = {
    "incom": 'known are name, income, home, quantity, surplus, bill; did you mean "income"?',
    "dec:income": "half, tercile, quartile, quintile or decile:ATTRIBUTE",
    "decile:name": "'name' of village_people is words; numbers have ranks",
    "surplus": "decile:surplus is possible",
}


@pytest.mark.parametrize("text", REFUSED)
def test_classes_that_cannot_be_are_refused(text):
    with pytest.raises(ScenarioError) as caught:
        compare(["village_people"], by=[text], executor=InProcess())
    assert REFUSED[text] in str(caught.value)
