"""Models of all markets survive a round trip through pickle in mid-run with the same bits, and are freed after use."""

import gc
import pickle
import weakref

import mesa
import pandas as pd
import pytest

from agents import AggregatorModel
from scenarios import build

MODELS = {
    "aggregators": ("two_aggregators", [], {}),
    "random order": ("large_two_welfare", ['order="random"'], {}),
    "blocks": ("large_direct", ['order="random"', "rounds=4"], {"agent_threshold": 1}),
    "joining": ("joining_three", [f"group.{k}.users=6" for k in range(3)], {}),
    "ad hoc": ("eight_nodes_ad_hoc", [], {"lines_per_round": 1}),
    "day": ("eight_nodes_day", [], {}),
    "one contract": ("p2p_single", [], {}),
    "several contracts": ("p2p_lost_messages", [], {}),
    "several days": ("street_day", ["group.0.users=6", "group.0.count=2", "periods.days=2", "rounds=4"], {}),
    "designs": ("designs_eight_nodes", [], {}),
    "network": ("data_centre_five_bus", ['order="random"'], {}),
    "producers": ("cournot_three_hours", ["rounds=5"], {}),
}


def built(kind):
    name, changes, options = MODELS[kind]
    return build(name, set=changes, **options)


@pytest.mark.share
@pytest.mark.parametrize("kind", MODELS)
def test_a_round_trip_in_mid_run_changes_no_bit(kind):
    model = built(kind)
    model.step()
    other = pickle.loads(pickle.dumps(model))
    for _ in range(8):
        model.step()
        other.step()
    assert (model.round, model.status, model.running) == (other.round, other.status, other.running)
    pd.testing.assert_frame_equal(model.history, other.history, check_exact=True)
    again = pickle.loads(pickle.dumps(other))
    assert again.status == model.status
    made = {agent.unique_id for agent in other.agents}
    assert len(made) == len(other.agents) and mesa.Agent(other).unique_id not in made


@pytest.mark.share
@pytest.mark.parametrize("kind", MODELS)
def test_a_model_is_freed(kind):
    model = built(kind)
    for _ in range(3):
        model.step()
    agent = next(iter(next(iter(getattr(model, "parts", {"": model}).values())).agents))
    known = weakref.ref(model), weakref.ref(agent)
    copy = pickle.loads(pickle.dumps(model))
    known = (*known, weakref.ref(copy))
    del model, agent, copy
    gc.collect()
    assert [one() for one in known] == [None] * 3


def test_a_finished_model_is_freed_alone():
    refs = []
    for _ in range(3):
        model = build("two_peaks")
        model.run()
        refs.append(weakref.ref(model))
        assert isinstance(model, AggregatorModel)
    del model
    gc.collect()
    assert not any(ref() is not None for ref in refs)
