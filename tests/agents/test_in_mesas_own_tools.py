"""Scenarios as Mesa model classes: in Mesa's own batch_run, with worker processes too, and in its SolaraViz."""

import inspect
import pickle
import warnings

import ipyvuetify
import mesa
import numpy as np
import pytest
import solara
from mesa.batchrunner import batch_run

from agents import Aggregator, AggregatorModel, JoiningModel
from scenarios import ScenarioError, build, load, model_class
from scenarios.reading import toml_text

with warnings.catch_warnings():  # Mesa's own components break Solara's rules of hooks
    warnings.simplefilter("ignore")
    from mesa.visualization import Slider, SolaraViz, make_plot_component

FEW = {"group.north.users": 6, "group.south.users": 5}
LIMIT = {"max_steps": 50, "display_progress": False}


class Eager(Aggregator):
    """Buys a little more than is best for it."""

    def decide(self):
        return 1.1 * super().decide()


def runs(rows):
    """One row a run: later versions of Mesa give one an agent."""
    return list({row["RunId"]: row for row in rows}.values())


def prices(rows):
    return [row["price"] for row in runs(rows)]


def run(name="two_aggregators", changes=(), **options):
    model = build(name, set=[f"{key}={value}" for key, value in {**FEW, **dict(changes)}.items()], **options)
    model.run()
    return model


def test_an_instance_is_the_scenarios_model():
    cls = model_class("two_aggregators")
    model = cls(**FEW)
    assert isinstance(model, cls) and isinstance(model, AggregatorModel) and isinstance(model, mesa.Model)
    assert (cls.__name__, type(model).__name__) == ("TwoAggregators", "TwoAggregators")
    model.run()
    np.testing.assert_array_equal(model.y, run().y)
    again = type(model)(rng=5, replication=2, group__north__users=6, **{"group.south.users": 5})
    again.run()
    np.testing.assert_array_equal(again.y, run(seed=5, replication=2).y)
    assert {*inspect.signature(cls.__init__).parameters} == {"self", "rng", "replication", "kwargs"}


@pytest.mark.parametrize("name", ["eight_nodes_ad_hoc", "p2p_single", "joining_three", "designs_eight_nodes"])
def test_every_market_has_a_class(name):
    changes = [f"group.{k}.users=4" for k in range(3)] if name == "joining_three" else []
    model = model_class(name, set=changes)(rounds=3)
    model.step()
    copy = pickle.loads(pickle.dumps(model))
    for one in (model, copy):
        one.step()
    assert type(copy).__mro__[2] is type(model).__mro__[2] is type(build(load(name)))
    assert model.history.equals(copy.history)


def test_a_change_may_lead_to_another_kind_of_model():
    cls = model_class("joining_three", set=[f"group.{k}.users=4" for k in range(3)])
    assert isinstance(cls(), JoiningModel)


@pytest.mark.parametrize(
    ("seed", "meant"), [(7, 7), ("7", 7), (np.int64(7), 7), (None, None), (np.random.SeedSequence(7), ...), ([7], ...)]
)
def test_mesas_ways_to_hand_over_a_seed(seed, meant):
    cls = model_class("two_aggregators")
    one, other = cls(rng=seed, **FEW), cls(rng=seed, **FEW)
    assert np.array_equal(one.game.blocks[0].utility.b, other.game.blocks[0].utility.b)
    if meant is not ...:
        known = build("two_aggregators", seed=meant, set=[f"{key}={value}" for key, value in FEW.items()])
        assert np.array_equal(one.game.blocks[0].utility.b, known.game.blocks[0].utility.b)


@pytest.mark.parametrize(
    "given", [{"rng": "seven"}, {"rng": -1}, {"rng": 0.5}, {"pricee": 3}, {"order": "none"}, {"replication": -1}]
)
def test_what_cannot_be_is_said_in_one_line(given):
    with pytest.raises(ScenarioError) as raised:
        model_class("two_aggregators")(**given)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(np.float64(0.5), "0.5"), (np.int64(3), "3"), (True, "true"), ("a b", '"a b"'), ((1, 2), "[1, 2]")],
)
def test_a_value_becomes_an_assignment(value, text):
    assert toml_text.assignment("key", value) == f"key={text}"


def test_batch_run_gives_what_single_runs_give():
    parameters = {"replication": range(2), "price.c": [0.001, 0.002], **FEW}
    rows = runs(batch_run(model_class("two_aggregators"), parameters, **LIMIT))
    assert len(rows) == 4
    for row in rows:
        model = run(changes={"price.c": row["price.c"]}, replication=row["replication"])
        assert (row["price"], row["round"], row["status"]) == (model.outcome.price, model.round, model.status)


def test_a_class_with_ones_own_players_can_be_handed_to_workers():
    cls = model_class("two_aggregators", set=["rounds=5"], players={"north": Eager})
    there = pickle.loads(pickle.dumps(cls))  # as batch_run does with number_processes > 1
    found = prices(batch_run(there, FEW | {"replication": [0, 1]}, **LIMIT))
    assert found == [run(changes={"rounds": 5}, replication=k, players={"north": Eager}).outcome.price for k in (0, 1)]


def click(page, label):
    """Press the button of a label."""
    page.find(ipyvuetify.Btn, children=[label]).widget.click()


def test_solara_viz_shows_steps_and_resets_a_model():
    cls = model_class("two_aggregators")
    model = solara.reactive(cls(**FEW))
    params = {"rng": {"type": "InputText", "value": "3", "label": "seed"}, "order": "together", **FEW}
    params["price.c"] = Slider("slope", 0.002, 0.001, 0.01, 0.001)

    @solara.component
    def page():
        with solara.AppLayout(sidebar_open=True):
            SolaraViz(model, components=[make_plot_component("price")], model_params=params)

    _, context = solara.render(page(), handle_error=False)
    try:
        click(context, "Step")
        assert model.value.round == 1 and model.value.game.price.c == 0.001
        click(context, "Reset")
        changed = model.value
        assert isinstance(changed, cls) and changed.round == 0
        assert (changed.order, changed.game.price.c, changed.streams.seed) == ("together", 0.002, 3)
        click(context, "Step")
        assert changed.round == 1
    finally:
        context.close()


def test_solara_viz_steps_ones_own_players():
    cls = model_class("two_aggregators", players={"north": Eager})
    model = solara.reactive(cls(**FEW))

    @solara.component
    def page():
        with solara.AppLayout(sidebar_open=True):
            SolaraViz(model, components=[make_plot_component("price")], model_params={"rng": 3, **FEW})

    _, context = solara.render(page(), handle_error=False)
    try:
        for _ in range(2):
            click(context, "Step")
            assert [type(agent) for agent in model.value.own] == [Eager] and model.value.round == 1
            click(context, "Reset")
    finally:
        context.close()
