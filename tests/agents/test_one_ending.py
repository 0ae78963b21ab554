"""How a run ended is judged once: the model, the command line, the table of rounds and a direct solution agree."""

from itertools import product

import numpy as np
import pytest

from agents import AggregatorModel
from engine import run
from engine.results.aggregator import solved
from engine.results.result import number
from market.aggregator.endings import ending
from market.aggregator.game import Block, Game
from market.outcome import CERTIFIED_GAP, Outcome, Status
from market.prices import Dispatch, Linear
from market.utilities import Quadratic
from scenarios import build, load
from views.kit.live import Run
from views.markets import page_of

COARSE = ["tolerance=0.1"]  # settles beside the equilibrium


@pytest.mark.parametrize("name", ["two_aggregators", "two_peaks", "steep_price"])
@pytest.mark.parametrize("changes", [[], COARSE], ids=["fine", "coarse"])
def test_model_and_command_line_say_the_same(name, changes):
    model = build(name, set=changes)
    ended, result = model.run(), run(name, set=changes)
    assert ended == model.status == result.status
    assert model.history["status"].iloc[-1] == result.history["status"].iloc[-1] == result.status
    assert (result.status == Status.SETTLED) == (result.gap <= CERTIFIED_GAP)


EVERYWHERE = {
    "settled": ("two_aggregators", []),
    "inaccurate": ("two_aggregators", COARSE),
    "short of rounds": ("two_aggregators", ["rounds=1"]),
    "priced out": ("no_equilibrium", ["rounds=20"]),
    "joining goes in circles": ("two_users_chase", []),
    "nodes": ("eight_nodes_ad_hoc", []),
    "an optimum": ("eight_nodes_integrated", []),
    "nodes through a day": ("eight_nodes_day", []),
    "a day cut short": ("eight_nodes_day", ["rounds=3"]),
    "contracts": ("p2p_single", ["buyers.count=4", "sellers.count=4"]),
    "contracts cut short": ("p2p_single", ["buyers.count=4", "sellers.count=4", "rounds=2"]),
    "contracts with a deadline": ("p2p_deadline", ["buyers.count=4", "sellers.count=4"]),
    "no stable contracts": ("wrong_matching", ["rounds=40"]),
    "designs": ("designs_eight_nodes", []),
    "designs cut short": ("designs_eight_nodes", ["rounds=2"]),
}


@pytest.mark.share
@pytest.mark.parametrize(("name", "changes"), EVERYWHERE.values(), ids=EVERYWHERE)
def test_notebook_command_line_and_page_say_the_same(name, changes):
    """Status, what it means, the gap and what is promised of it, in every market; each by a model of its own."""
    model, result, shown = build(name, set=changes), run(name, set=changes), Run(load(name, set=changes))
    model.run()
    summary = result.summary()
    assert str(model.status) == str(result.status) == summary["status"]
    assert model.advice == result.advice == summary["advice"]
    assert number(model.gap) == number(result.gap) == summary["gap"]
    assert model.promised == result.promised
    shown.start()
    while shown.model.running:
        shown.model.step()
    shown.memory["gap"] = shown.model.gap  # as a session does
    frame = page_of(shown.scenario.market).frame(shown, {})
    assert (str(frame.status), frame.advice) == (summary["status"], summary["advice"])
    if result.promised is not None:
        assert result.gap <= result.promised


def test_a_coarse_tolerance_ends_inaccurate_in_the_model_already():
    model = build("two_aggregators", set=COARSE)
    assert model.run() == Status.INACCURATE and model.gap > CERTIFIED_GAP


def test_an_ending_shown_before_its_proof_is_judged_once_the_gap_is_known():
    model = build("two_aggregators", set=COARSE)
    model.certify = False
    assert model.run() == Status.SETTLED
    assert model.gap > CERTIFIED_GAP and model.status == Status.INACCURATE
    assert model.history["status"].iloc[-1] == Status.INACCURATE


@pytest.mark.share
@pytest.mark.parametrize("seed", range(12))
def test_random_markets_settle_only_at_equilibria(seed):
    rng = np.random.default_rng((seed, 5))
    users = Quadratic(rng.uniform(0.1, 0.9, 6), rng.uniform(0, 10, 6))
    blocks = (
        Block("one", "aggregator", users.take(slice(0, 4)), rng.choice([0, 1, 2, np.inf]), 0.01, np.array([2, 2])),
        Block("two", "direct", users.take(slice(4, 6)), 0.0, 0.0, np.ones(2, dtype=int)),
    )
    rule = Dispatch(rng.uniform(1, 6, 2), rng.uniform(0.05, 0.5, 2), rng.uniform(0, 2, 2), cap=9.0)
    model = AggregatorModel(
        Game(rule if seed % 2 else Linear(0.3), blocks), rounds=20, tolerance=[1e-8, 0.1][seed // 6]
    )
    ended = model.run()
    if ended in (Status.SETTLED, Status.SHORT):
        assert model.gap <= CERTIFIED_GAP
        assert (ended == Status.SHORT) == (model.outcome.unserved > 0)
    assert model.status == ended


def test_what_is_short_is_short_in_rounds_and_directly(tmp_path):
    """Also where an aggregator is indifferent to what it buys beyond the capacity."""
    path = tmp_path / "short.toml"
    path.write_text(
        """
market = "aggregator"
[price]
rule = "dispatch"
generators = { max_p_mw = [2.6], cost_quadratic = [0.36], cost_linear = [0.0] }
cap = 2.8
[[group]]
name = "g"
kind = "direct"
users = 2
utility = { form = "quadratic", a = [0.2, 0.5], b = [6.0, 8.0] }
"""
    )
    stepped, direct = run(path), run(path, direct=True)
    assert stepped.status == direct.status == Status.SHORT
    assert stepped.outcome.unserved == pytest.approx(direct.outcome.unserved) and direct.outcome.unserved > 0


def test_a_regret_without_end_is_told_alike():
    """With the literal objective, whose user the others price out: "inf" wherever a gap is written."""
    pair = Block("pair", "aggregator", Quadratic(np.ones(2), np.array([3.0, 9.0])), 1.0, 0.0, np.array([2]))
    big = Block("big", "direct", Quadratic(np.array([0.01]), np.array([8.0])), 0.0, 0.0, np.array([1]))
    facts = solved(Game(Linear(1.0), (pair, big)), True)
    assert number(facts["gap"]) == number(facts["outcome"].gap) == "inf"


@pytest.mark.parametrize("status", Status)
def test_the_outcome_counts_only_where_something_was_found(status):
    """Beyond the gap of an equilibrium it is inaccurate, else short where part is unserved; all other endings stay."""
    found, y = status in (Status.SETTLED, Status.SOLVED), np.ones(1)
    assert ending(status, None) == status
    for unserved, gap in product((0.0, 1.0), (None, 0.0, CERTIFIED_GAP, 2 * CERTIFIED_GAP)):
        told = ending(status, Outcome(y, y, y, 1.0, unserved, gap))
        worse = Status.INACCURATE if (gap or 0.0) > CERTIFIED_GAP else Status.SHORT if unserved else status
        assert told == (worse if found else status)
