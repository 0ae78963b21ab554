"""Runs of several designs: each design is what its own market makes of a scenario written by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from engine import InProcess, compare, run, save_comparison, save_result, sweep, verify
from engine.sweeps.points import product
from engine.sweeps.sweep_folder import read_rows
from scenarios import ScenarioError, draw, load
from views.markets import words_of
from views.pictures import pictures
from views.sweep_pictures import sweep_pictures

EIGHT, NEIGHBOURS = "designs_eight_nodes", "designs_neighbourhood"
BEHAVIOURS = ("none", "ad-hoc", "self-interested", "cooperative", "integrated")
RANDOM = """
market = "designs"
tariff = {{ buy = {buy}, sell = {sell} }}
price = {{ p0 = {p0}, c = {c} }}
base_power = {base}
contracts = "{contracts}"
payments = "{payments}"
private = {{ density = 0.4, mean_resistance = {resistance} }}
network = {{ public = [[0, 1, 0.05, 0.1], [1, 2, 0.02, 0.1], [2, 3, 0.0, 0.05], [3, 0, 0.1, 0.2], [3, 4, 0.1, 0.1]] }}
[[class]]
name = "both"
count = 8
a = {{ uniform = [0.2, 0.8] }}
b = {{ uniform = [0, 5] }}
generation = {{ uniform = [0, 6] }}
[[class]]
name = "buyers"
count = 6
a = {{ uniform = [0.2, 0.8] }}
b = {{ uniform = [1, 5] }}
"""
HAND_MADE = """
market = "aggregator"
rounds = 10000
price = {{ rule = "affine", p0 = {p0!r}, c = 0.001 }}
[[group]]
name = "agents"
utility = {{ form = "quadratic", a = {a}, b = {b} }}
"""
CONTRACTS = """
market = "bilateral"
prosumers = "net.csv"
tariff = {{ buy = 0.3, sell = 0.08 }}
contracts = "{contracts}"
"""


@pytest.fixture(scope="module")
def eight():
    return run(EIGHT)


@pytest.fixture(scope="module")
def neighbours():
    return run(NEIGHBOURS)


def random_scenario(folder, seed):
    rng = np.random.default_rng(seed)
    sell, buy = np.sort(rng.uniform(0, 3, 2))
    words = {"buy": buy, "sell": sell, "p0": rng.uniform(0, 2), "c": rng.uniform(0.005, 0.2)}
    words |= {
        "base": rng.uniform(2, 30),
        "resistance": rng.choice([0.0, 0.05]),
        "contracts": ["single", "multi"][seed % 2],
    }
    path = folder / f"random_{seed}.toml"
    path.write_text(RANDOM.format(**words, payments=["tariff", "lmp", "savings-share"][seed % 3]))
    return load(path, seed=seed)


def test_the_aggregator_game_is_the_one_written_by_hand(neighbours, tmp_path):
    study = neighbours.game
    people, fed_in = study.population, np.maximum(study.net, 0).sum()
    b = np.maximum(people.b - 2 * people.a * people.generation, 0)
    text = HAND_MADE.format(p0=float(0.16 - 0.001 * fed_in), a=people.a.tolist(), b=b.tolist())
    kinds = {"direct": 'kind = "direct"'} | {
        f"aggregators {alpha}": f'kind = "aggregator"\ncount = 3\nfairness = {{ alpha = {alpha} }}'
        for alpha in ("0", "1", "inf")
    }
    for name, kind in kinds.items():
        path = tmp_path / "hand.toml"
        path.write_text(text + kind + "\n")
        hand, design = run(path), neighbours.designs[name]
        assert (hand.status, hand.rounds) == (design.status, design.rounds)
        assert design.values["price"] == pytest.approx(hand.outcome.price, rel=1e-9)
        bought = design.account.consumption - people.generation + np.maximum(study.net, 0)
        assert bought == pytest.approx(hand.outcome.x, abs=1e-9)
        sold = people.utility(study.consumption) + 0.08 * study.net - people.alone
        assert design.gained == pytest.approx(hand.outcome.s + np.where(study.net > 0, sold, 0), abs=1e-9)


@pytest.mark.parametrize("contracts", ["single", "multi"])
def test_the_bilateral_market_is_the_one_written_by_hand(contracts, tmp_path):
    result = run(NEIGHBOURS, set=[f"contracts={contracts}"])
    net, design = result.game.net, result.designs["bilateral"]
    (tmp_path / "net.csv").write_text(
        "prosumer,net,value,ask\n" + "".join(f"{k},{float(e)!r},0.3,0.08\n" for k, e in enumerate(net))
    )
    (tmp_path / "hand.toml").write_text(CONTRACTS.format(contracts=contracts))
    hand = run(tmp_path / "hand.toml")
    assert (hand.status, hand.rounds, hand.gap) == (design.status, design.rounds, design.gap)
    assert design.account.paid == pytest.approx(hand.costs[0], abs=1e-12)
    alone = result.designs["tariff"].gained
    assert design.gained - alone == pytest.approx(hand.costs[1] - hand.costs[0], abs=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("payments", ["tariff", "lmp"])
def test_the_microgrid_is_the_one_written_by_hand(behaviour, payments, tmp_path):
    design = run(EIGHT, set=[f"payments={payments}"]).designs[f"microgrid {behaviour}"]
    (tmp_path / "hand.toml").write_text(
        f'market = "microgrid"\nbehaviour = "{behaviour}"\npayments = "{payments}"\n'
        'network = { case = "eight_nodes" }\ninjection = [0, 3, -1, -1, -1, 1, 0, -2]\n'
    )
    hand = run(tmp_path / "hand.toml")
    assert design.values["loss"] == pytest.approx(hand.outcome.dispatch.loss, rel=1e-9)
    assert design.values["grid supply"] == pytest.approx(hand.outcome.dispatch.grid_supply, rel=1e-9)
    nodes = [1, 5, 6, 2, 3, 4, 7]
    assert -design.account.paid == pytest.approx(hand.outcome.payments.agents[nodes], abs=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("seed", range(9))
def test_the_planner_is_beaten_by_no_design(seed, tmp_path):
    result = run(random_scenario(tmp_path, seed), direct=True)
    assert result.status == "solved"
    best = result.designs["planner"]
    assert best.status == "solved"
    for name, design in result.designs.items():
        assert design.values["welfare"] <= best.values["welfare"] * (1 + 2e-6), name
        assert design.values["price of anarchy"] is None or design.values["price of anarchy"] >= 1 - 2e-6
        together = design.values["surplus"] + design.values["grid surplus"]
        assert together == pytest.approx(design.values["welfare"], abs=1e-8)


@pytest.mark.share
@pytest.mark.parametrize("seed", range(6))
def test_trade_beside_the_tariff_hurts_nobody_and_moves_no_energy(seed, tmp_path):
    found = run(random_scenario(tmp_path, seed), direct=True).designs
    assert np.all(found["bilateral"].gained >= found["tariff"].gained - 1e-9)
    for name in ("volume", "consumption", "loss", "grid supply", "welfare"):
        assert found["bilateral"].values[name] == pytest.approx(found["tariff"].values[name], rel=1e-12)


@pytest.mark.share
@pytest.mark.parametrize("seed", range(6))
def test_alone_at_a_node_the_tariff_is_the_microgrid_without_trade(seed, tmp_path):
    scenario = random_scenario(tmp_path, seed)
    alone = ["class.0.count=3", "class.1.count=1", "payments=tariff", "aggregators=1"]
    found = run(load(scenario, set=alone), direct=True).designs
    assert found["microgrid none"].account.paid == pytest.approx(found["tariff"].account.paid, abs=1e-9)
    assert found["microgrid none"].values["loss"] == pytest.approx(found["tariff"].values["loss"], rel=1e-9)


def test_stepped_and_direct_agree_on_all_but_negotiated_prices(neighbours):
    solved = run(NEIGHBOURS, direct=True)
    for name, design in neighbours.designs.items():
        if name != "bilateral":
            assert design.gained == pytest.approx(solved.designs[name].gained, abs=1e-6), name


def test_the_eight_nodes_by_hand(eight):
    """Direct participation: marginal utility is p + p' z; at the price 1 + (Y - 3)/4 homes buy (b - p)/1.25."""
    assert eight.game.net.tolist() == [3, 1, 0, -1, -1, -1, -2]
    total = next(y for y in np.linspace(3, 9, 600_001) if y >= 3 * _reply(3, y) + _reply(4, y) + _reply(1.5, y))
    assert eight.designs["direct"].values["price"] == pytest.approx(1 + (total - 3) / 4, abs=1e-4)
    assert eight.designs["tariff"].gained == pytest.approx([4 + 3 - 4.5, 4 + 1 - 4.5, 0, 0.5, 0.5, 0.5, 2])


def _reply(b, total):
    return max(b - 1 - (total - 3) / 4, 0) / 1.25


def test_winners_and_losers_are_counted_against_direct_participation(neighbours):
    direct = neighbours.designs["direct"].gained
    for design in neighbours.designs.values():
        assert design.values["winners"] == np.sum(design.gained > direct + 1e-9)
        assert design.values["losers"] == np.sum(design.gained < direct - 1e-9)
        assert design.against == pytest.approx(design.gained - direct)


def test_replications_have_other_agents_and_other_tariffs_the_same(tmp_path):
    one, other = draw(load(NEIGHBOURS)).game, draw(load(NEIGHBOURS, set=["tariff.buy=0.4", "alphas=[2]"])).game
    for name in ("a", "b", "generation", "node"):
        np.testing.assert_array_equal(getattr(one.population, name), getattr(other.population, name))
    np.testing.assert_array_equal(one.network.private.r, other.network.private.r)
    again = draw(load(NEIGHBOURS), 1).game
    assert not np.array_equal(one.population.a, again.population.a)


def test_the_gap_is_in_units_of_what_is_promised(neighbours):
    assert neighbours.promised == 1.0
    shares = [d.gap / d.promised for d in neighbours.designs.values() if d.promised]
    assert neighbours.gap == max(shares) <= 1


def test_the_worst_ending_counts():
    result = run(EIGHT, rounds=1)
    assert (result.status, result.designs["microgrid none"].status) == ("round-limit", "settled")
    assert result.advice.startswith("So ended: direct, aggregators 0")


def test_the_summary_is_plain_and_complete(neighbours):
    summary = json.loads(json.dumps(neighbours.summary(users=True), allow_nan=False))
    assert list(summary["designs"]) == list(load(NEIGHBOURS).designs)
    for found in summary["designs"].values():
        assert sum(one["surplus"] for one in found["classes"].values()) == pytest.approx(found["surplus"])
        assert sum(one["winners"] for one in found["classes"].values()) == found["winners"]
        assert sum(found["s"]) == pytest.approx(found["surplus"])
        assert sum(found["x"]) == pytest.approx(found["consumption"])


def test_a_stored_run_verifies(eight, tmp_path):
    folder = save_result(eight, tmp_path, (pictures,))
    assert verify(folder).passed
    table = pd.read_csv(folder / "agents.csv")
    assert len(table) == 7 * len(eight.designs)
    by_design = table.groupby("design")["surplus"].sum()
    assert all(by_design[name] == pytest.approx(d.values["surplus"]) for name, d in eight.designs.items())
    assert (folder / "designs.png").stat().st_size > 10_000
    assert len(pd.read_csv(folder / "rounds.csv")) == eight.rounds


def test_a_comparison_has_a_row_for_each_design_and_replication(tmp_path):
    comparison = compare([EIGHT], replications=2, workers=1, progress=False)
    assert comparison.names == list(load(EIGHT).designs)
    assert comparison.shared == ("agents", "public lines", "private lines")
    single = run(EIGHT, replication=1)
    for name, design in single.designs.items():
        row = comparison.runs.query(f"scenario == {name!r} and replication == 1").iloc[0]
        assert row["surplus"] == design.values["surplus"]
        np.testing.assert_array_equal(comparison.agents[name][0][1], design.gained)
        np.testing.assert_array_equal(comparison.agents[name][1][1], design.against)
    folder = save_comparison(comparison, tmp_path)
    assert set(pd.read_csv(folder / "agents.csv")["scenario"]) == set(comparison.names)


def test_two_populations_are_told_apart(tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(load(EIGHT, set=["name=other", "tariff.buy=2.5"]).to_toml())
    comparison = compare([EIGHT, other], direct=True, progress=False)
    assert comparison.names[0] == "designs_eight_nodes: direct"
    assert comparison.names[-1] == "other: planner"
    made = pictures(comparison, tmp_path)
    assert {path.name for path in made} == {"differences.png", "designs_designs_eight_nodes.png", "designs_other.png"}


def test_a_sweep_has_each_designs_measures(tmp_path):
    points = product(["price.c=0.25,0.5"])
    folder = sweep(EIGHT, points, out=tmp_path, direct=True, executor=InProcess(), progress=False)
    rows = read_rows(folder)
    for row, c in zip(rows, (0.25, 0.5), strict=True):
        designs = run(EIGHT, set=[f"price.c={c}"], direct=True).designs
        assert all(float(row[f"{name}: welfare"]) == design.values["welfare"] for name, design in designs.items())
    assert verify(folder).passed
    made = sweep_pictures(folder, ["direct: price"])
    assert [path.name for path in made] == ["direct_price.png"]


def test_a_sweep_over_other_designs_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match=r"designs: not at all points is there 'aggregators 0'; the same designs"):
        sweep(EIGHT, product(["alphas=[0, 1, inf],[1, inf]"]), out=tmp_path, executor=InProcess(), progress=False)
    assert not list(tmp_path.iterdir())


def test_where_nothing_cleared_numbers_are_missing_and_the_rest_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("market.designs.study.optimum", lambda *known: None)
    result = run(EIGHT, direct=True)
    assert (result.status, result.designs["planner"].status) == ("inaccurate", "inaccurate")
    assert result.advice.startswith("So ended: planner.")
    assert result.designs["direct"].values["price of anarchy"] is None
    folder = save_result(result, tmp_path, (pictures,))
    assert "planner" not in set(pd.read_csv(folder / "agents.csv")["design"])
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["designs"]["planner"]["surplus"] is None
    assert summary["designs"]["planner"]["classes"]["homes"]["surplus"] is None
    said = words_of("designs").summary_text(summary)
    assert next(line for line in said.splitlines() if line.startswith("planner")).split()[1] == "–"
    comparison = compare([EIGHT], direct=True, workers=1, progress=False)
    assert comparison.agents["planner"][0].size == 0
    assert "planner" in words_of("designs").comparison_notes(comparison)
