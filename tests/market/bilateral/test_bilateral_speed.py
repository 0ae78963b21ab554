"""Generous guards on time and rounds; the benchmark measures them properly."""

from time import perf_counter

import numpy as np

from market.bilateral.core import corners
from market.bilateral.matching import optimal_matching
from market.bilateral.negotiation import Benchmark, Bilateral, HalfSpace, MessageNetwork, Tight, negotiate
from market.bilateral.negotiation.benchmark import bounding_set, general, reused
from market.bilateral.negotiation.half_space import half_space_alone
from market.bilateral.signing import signed


def least_time(run, repeats):
    """The shortest of some runs' times, in seconds."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


def test_a_thousand_a_side_negotiate_in_seconds_and_their_corners_in_less_than_the_matching(energy_market):
    market = energy_market(1000, 1000, seed=1)
    market.pair_value.max()
    start = perf_counter()
    optimal_matching(market)
    matching = perf_counter() - start
    bargain = signed(market)
    assert least_time(lambda: corners(bargain), 2) < matching
    start = perf_counter()
    state = negotiate(Bilateral(schedule="disjoint", relaxation=1.9), bargain)
    assert state.status == "settled"
    assert perf_counter() - start < 5


def test_fifty_a_side_one_after_another(energy_market):
    bargain = signed(energy_market(50, 50, seed=1))
    assert least_time(lambda: negotiate(Bilateral(), bargain), 1) < 2


def test_a_half_space_step_is_much_faster_than_a_quadratic_programme(energy_market):
    """An agent's own step at 50 a side, against a general solver and one whose set-up is kept."""
    bargain = signed(energy_market(50, 50, seed=1))
    proposals = np.random.default_rng(0).uniform(0, 0.5, (100, 100))
    agent = int(bargain.buyer[0])
    partner, outside = int(bargain.partner[agent]), bargain.outside_value[agent]
    worth = float(bargain.value[agent, partner])

    def step():
        return half_space_alone(proposals[agent, agent], proposals[agent, 50:].copy(), outside, partner, worth)

    ours = least_time(lambda: [step() for _ in range(100)], 5) / 100
    for solver, times in ((general, 30), (reused, 5)):
        project = solver(bounding_set(bargain, agent))
        project(proposals[agent])
        assert least_time(lambda project=project: project(proposals[agent]), 10) > times * ours


def test_the_benchmark_takes_more_steps(energy_market):
    periodic = MessageNetwork("periodic")
    bargain = signed(energy_market(10, 10, seed=1))
    rules = [rule(tolerance=1e-2, network=periodic) for rule in (Tight, HalfSpace, Benchmark)]
    tight, half_space, benchmark = (negotiate(rule, bargain, np.random.default_rng(5)).round for rule in rules)
    assert tight < half_space < benchmark
