"""The page's tiles and lines by round show the market's measures: put another number there and they show that."""

import numpy as np
import pytest

from engine.results import results_of
from engine.results.aggregator import Standing, by_round
from engine.results.result import Measure
from scenarios import load
from views.aggregator.page import fairness
from views.kit.live import Run
from views.markets import page_of

MINE = -7.25
TILES = {
    "two_aggregators": {
        "price": "price",
        "total purchases": "quantity",
        "surplus of all": "welfare",
        "small user, mean": "mean small surplus",
        "Jain's index": "jain",
        "Gini": "gini",
    },
    "states_duopoly": {
        "expected price": "expected price",
        "surplus in the worst states": "surplus in the worst states",
    },
    "eight_nodes_ad_hoc": {
        "loss": "loss",
        "public lines": "public loss",
        "private lines": "private loss",
        "main grid supplies": "grid supply",
        "paid to all nodes": "paid to agents",
    },
    "p2p_single": {
        "contracts": "contracts",
        "mean price": "mean price",
        "gained by all": "welfare",
        "buyers' share": "buyers' share",
    },
    "designs_eight_nodes": {
        "their surplus there": "surplus",
        "welfare there": "welfare",
        "planner's welfare": "welfare",
    },
}


def ended(name):
    run = Run(load(name))
    run.start()
    while run.model.running:
        run.model.step()
    return run


def tiles(run):
    page = page_of(run.scenario.market)
    run.memory.clear()
    return {tile.label: tile.value for tile in page.tiles(run, {})}


@pytest.mark.parametrize("name", TILES)
def test_tiles_read_measures(monkeypatch, name):
    run = ended(name)
    measures, before = results_of(run.scenario.market).MEASURES, tiles(run)
    for measure in set(TILES[name].values()):
        with monkeypatch.context() as patched:
            patched.setitem(measures, measure, Measure(measures[measure].unit, lambda part: MINE))
            shown = tiles(run)
        for label, read in TILES[name].items():
            assert before[label] != MINE
            assert (shown[label] == MINE) == (read == measure), (label, measure)


LARGE_ALONE = """
market = "aggregator"
price = { rule = "linear", c = 0.001 }
[[group]]
name = "one"
kind = "large"
utility = { form = "quadratic", a = 0.5, size = 20 }
[[group]]
name = "other"
kind = "large"
utility = { form = "quadratic", a = 0.5, size = 12 }
"""


@pytest.mark.parametrize("name", ["two_aggregators", LARGE_ALONE], ids=["small", "large alone"])
def test_how_even_it_is_by_round_ends_at_the_measures(tmp_path, name):
    if name == LARGE_ALONE:
        path = tmp_path / "large_alone.toml"
        path.write_text(name, encoding="utf-8")
        name = path
    run = ended(name)
    measures, standing = results_of("aggregator").MEASURES, Standing(run.model.game, run.model.outcome)
    last = [line[-1] for line in fairness(run)]
    assert np.allclose(last, [measures[one].of(standing) for one in ("jain", "gini")], rtol=1e-12)
    assert len(fairness(run)[0]) == run.model.round


def test_measures_by_round_take_the_users_meant_alone():
    found = by_round(
        ("mean small surplus", "gini"), np.array([[1.0, 3.0, 50.0], [2.0, 2.0, 9.0]]), np.array([1, 1, 0]) > 0
    )
    assert np.allclose(found, [[2.0, 0.25], [2.0, 0.0]])
    assert by_round(("jain",), np.empty((0, 3)), np.ones(3, dtype=bool)).shape == (0, 1)
