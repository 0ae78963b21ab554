"""Markets as environments of PettingZoo: its own tests, spaces, seeds, endings, and what the documentation trains."""

import re
from pathlib import Path

import numpy as np
import pytest
from pettingzoo import ParallelEnv
from pettingzoo.test import parallel_api_test, parallel_seed_test

from engine import certify
from environments import pettingzoo_env

PAGE = Path(__file__).parents[2] / "docs" / "pettingzoo.md"
NAMES = (
    "two_aggregators",
    "large_two_proportional",
    "cournot_duopoly",
    "two_nodes_thin",
    "cars_at_six",
    "storage_duopoly",
    "p2p_few_sellers",
    "p2p_corner",
)


def played(env, rounds=100, seed=0):
    """Everything told in an episode of random actions, round by round."""
    told = [env.reset(seed=seed)]
    rng = np.random.default_rng(seed)
    while env.agents and len(told) <= rounds:
        told.append(env.step({name: rng.random(env.table.actions, dtype=np.float32) for name in env.agents}))
    return told


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_passes_pettingzoos_own_tests(name):
    env = pettingzoo_env(name, horizon=6, seed=1)
    assert isinstance(env, ParallelEnv)
    parallel_api_test(env, num_cycles=15)
    parallel_seed_test(lambda: pettingzoo_env(name, horizon=6, seed=1), num_cycles=15)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_lies_in_its_space_and_is_finite(name):
    env = pettingzoo_env(name, horizon=4, seed=2)
    for observations, *rest in played(env):
        for agent, seen in observations.items():
            assert env.observation_space(agent).contains(seen), (agent, seen)
            assert seen.dtype == np.float32 and len(seen) == len(env.table.observed)
        if len(rest) > 1:
            assert np.isfinite(list(rest[0].values())).all()
    assert not env.agents and env.step({}) == ({}, {}, {}, {}, {})
    for agent in env.possible_agents:
        assert env.action_space(agent).contains(env.action_space(agent).sample())


@pytest.mark.parametrize("name", ["two_aggregators", "p2p_few_sellers"])
def test_the_same_seed_and_actions_give_the_same_bits_and_another_draw_other_users(name):
    first, again = (played(pettingzoo_env(name, horizon=3, seed=5), seed=7) for _ in range(2))
    assert str(first) == str(again)
    env = pettingzoo_env(name, horizon=3, seed=5)
    most = env.table.most.copy()
    env.reset(options={"replication": 1})
    assert not np.array_equal(most, env.table.most)
    env.reset(options={"replication": 0})
    assert np.array_equal(most, env.table.most)


@pytest.mark.parametrize("name", ["two_aggregators", "cournot_duopoly", "storage_duopoly", "p2p_few_sellers"])
def test_a_picture_of_the_run_is_an_array(name):
    env = pettingzoo_env(name, horizon=3, seed=1)
    env.reset()
    assert env.render() is None
    played(env)
    picture = env.render()
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3 and picture.std() > 0


def test_the_gap_is_told_when_asked_and_is_that_of_the_certificate():
    env = pettingzoo_env("two_aggregators", horizon=5, seed=1, certify_every=2)
    told = played(env)[1:]
    gaps = [infos["north"].get("gap") for *_, infos in told]
    assert [gap is not None for gap in gaps] == [False, True, False, True, True]
    bought = [told[-1][-1][name]["purchase"] for name in env.possible_agents]
    assert certify("two_aggregators", bought, seed=1).gap == gaps[-1] == env.gap()


def test_what_the_page_trains_comes_near_an_equilibrium(capsys):
    block = re.findall(r"```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[1]
    exec(block.replace("range(60)", "range(30)"), {})
    assert 1e-6 < float(capsys.readouterr().out.split()[1]) < 0.02
