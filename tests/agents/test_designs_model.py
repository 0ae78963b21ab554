"""The model of several designs: each design goes the way it would alone."""

import pytest

from agents import DesignsModel
from market.outcome import Status, worst
from scenarios import build, draw, load

NAME = "designs_eight_nodes"


def test_a_step_is_a_round_of_each_design_that_still_runs():
    model, alone = build(NAME), build(NAME)
    parts = dict(alone.parts)
    assert isinstance(model, DesignsModel)
    while model.running:
        before = {name: part.running for name, part in parts.items()}
        model.step()
        for name, part in parts.items():
            part.step()
            assert (part.round, part.status, part.running) == (
                model.parts[name].round,
                model.parts[name].status,
                model.parts[name].running,
            )
        assert set(model.ended) == {name for name, part in parts.items() if before[name] and not part.running}
    assert model.round == max(part.round for part in parts.values())
    assert model.status == "settled"


def test_nothing_happens_after_the_end():
    model = build(NAME)
    model.run()
    table = model.datacollector.get_model_vars_dataframe()
    model.step()
    assert len(model.datacollector.get_model_vars_dataframe()) == len(table) == model.round
    assert table["round"].tolist() == list(range(1, model.round + 1))
    assert table["running"].iloc[-1] == 0


def test_all_designs_are_made_of_one_population():
    drawn = draw(load("designs_neighbourhood"))
    model = build("designs_neighbourhood", drawn=drawn)
    assert model.study is drawn.game
    market = model.parts["bilateral"].trading.periods[0].market
    assert market.demand.sum() == pytest.approx(-drawn.game.net[drawn.game.net < 0].sum())
    for name, part in model.parts.items():
        if name.startswith("microgrid"):
            assert part.network.injection.sum() == pytest.approx(drawn.game.net.sum() / 100)


def test_the_worst_ending_is_the_models():
    assert worst([Status.SETTLED, Status.CYCLING, Status.ROUND_LIMIT]) == "cycling"
    assert worst([Status.SETTLED, Status.SOLVED]) == "settled"
    assert worst([Status.SHORT, Status.INFEASIBLE]) == "infeasible"
    assert worst([Status.RUNNING, Status.INFEASIBLE]) == "running"
