"""Who learns: the claims come out as expected with a seed of short runs, and Cournot's games are the shipped ones."""

import json

import numpy as np
import pandas as pd
import pytest

from agents import AggregatorModel
from agents.streams import Streams
from market.aggregator.equilibrium import solve
from market.aggregator.learners import wanted_alone
from market.aggregator.network.direct import solve as solve_network
from market.aggregator.network.learners import PlacedLearners
from market.conduct import CONDUCTS
from market.conduct.judge import Judging
from market.outcome import Status
from papers import claim_line, reproduce, texts
from papers.learning import cells
from papers.learning.cells import NONE, PYPSA, ZERO, Lesson, games
from scenarios import draw, load

SHORT = {ZERO: (30, 60), NONE: (6, 12)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(Claims, folder) of one seed, in a market with an equilibrium and in one without."""
    out = tmp_path_factory.mktemp("learning")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("papers.learning.reproduction.ROUNDS", SHORT)
        patch.setattr("papers.learning.reproduction.LONG", (20, 200))
        for name, value in (("ROUNDS", SHORT), ("LONG", (20, 200))):
            patch.setattr(cells, name, value)
        return reproduce(["learning"], out, 1, progress=False, workers=1), out


def test_every_claim_comes_out_as_expected(made):
    assert [claim_line(one) for one in made[0] if one.verdict != one.expected] == []


def test_every_failure_is_printed_and_what_cannot_be_learned_is_said(made):
    (text,) = texts(["learning"], made[1])
    rows = pd.read_csv(made[1] / "reproduce" / "learning" / "runs.csv")
    failed = rows[~rows["learned"]].groupby(["market", "rule"]).size()
    for (market, rule), count in failed.items():
        assert f"{market}, {rule}: {count} not learned, gap from" in text
    assert text.count("not learned, gap from") == len(failed) >= 8
    assert "nothing can be learned" in text and set(rows["rule"]) == set(CONDUCTS)


def test_both_pictures_are_drawn(made):
    folder = made[1] / "reproduce" / "learning"
    assert {path.name for path in folder.glob("*.png")} == {"gaps.png", "no_equilibrium.png"}
    assert json.loads((folder / "manifest.json").read_text())["as_expected"]


@pytest.mark.parametrize(("market", "name"), [(ZERO, "cournot_duopoly"), (PYPSA, "cournot_three_hours")])
def test_producers_on_the_network_are_the_users_of_the_games(market, name):
    network = draw(load(name)).game
    known = solve_network(network).outcome.y
    found = np.concatenate([solve(game).outcome.y for game in games(market, 0)])
    np.testing.assert_allclose(found, known, rtol=1e-4)  # the sun's flat cost is tilted a little
    tops = [PlacedLearners(network, *part).top for part in zip(network.blocks, network.player_slices, strict=True)]
    mine = [wanted_alone(game.price, block) for game in games(market, 0) for block in game.blocks]
    np.testing.assert_allclose(np.concatenate(mine), np.concatenate(tops), rtol=1e-4)


@pytest.mark.parametrize("rule", ["gradient", "q-learning"])
def test_a_run_ends_as_that_of_the_agents(rule, monkeypatch):
    monkeypatch.setattr(cells, "ROUNDS", {ZERO: (30, 60)})
    (game,), streams = games(ZERO, 3), Streams(cells.SEED, 3)
    end = Lesson(ZERO, 3).answer()[rule]
    start = wanted_alone(game.price, game.blocks[0]) * streams.of("first amounts", "share").random(2)
    options = {"streams": streams, "start": start, "rounds": 60, "judging": Judging(1e-3, 3, 60)}
    model = AggregatorModel(game, conducts={"firms": CONDUCTS[rule]()}, **options)
    assert (model.run() is Status.LEARNED) == end.learned == (rule == "gradient")
    assert (model.gap, model.judge.gap_of_average) == (end.gap, end.mean_gap)
    assert model.judge.distances([solve(game).outcome.y])[-1] == end.away
