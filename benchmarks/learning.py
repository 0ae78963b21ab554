"""How fast rounds of players who learn are played on one core, in seconds of processor time."""

import tempfile
from time import process_time

import numpy as np

from benchmarks.rows import Row, one_pass
from engine import run, save_result
from market.aggregator.game import Block, Game
from market.aggregator.learning import play
from market.conduct import CONDUCTS
from market.prices import Affine
from market.utilities import Quadratic

SEED = 0
LEARNERS, USERS = 10, 5  # users: of each aggregator
ROUNDS, MOST_SECONDS = 100_000, 10.0
STORED = "hedge"  # the rule whose run is measured whole
TEN_USERS = {
    "market": "aggregator",
    "price": {"rule": "affine", "p0": 0.2, "c": 0.05},
    "group": [
        {
            "name": "all",
            "kind": "direct",
            "users": LEARNERS,
            "utility": {"form": "quadratic", "a": {"uniform": [0.1, 0.9]}, "b": {"uniform": [1, 9]}},
            "conduct": {"rule": STORED},
        }
    ],
}


def rows(quick=False):
    """Ten users and ten aggregators who learn by one rule each, and a run whole; `quick`: a fiftieth of the rounds."""
    rounds = ROUNDS // 50 if quick else ROUNDS
    asked = [("users", rule) for rule, conduct in CONDUCTS.items() if conduct.learns] + [("aggregators", "hedge")]
    return [*(of_rule(who, rule, rounds) for who, rule in asked), of_run(rounds)]


def of_rule(who, rule, rounds):
    """Rounds played, beside the most seconds that so many may take; and what working out regrets takes after them."""
    game = market(1 if who == "users" else USERS)
    conducts, start = {"all": CONDUCTS[rule]()}, process_time()
    played = play(game, conducts, rounds, lambda group, number: np.random.default_rng([SEED, number]))
    between = process_time()
    played.judged()
    end = process_time()
    return _row(f"{LEARNERS} {who}, {rule}", rounds, between - start, f"their regrets {end - between:.2f} s")


def of_run(rounds):
    """A run of ten users as the command has it: drawn, played, judged in every round, stored with all rounds."""
    start = process_time()
    result = run(TEN_USERS, rounds=rounds)
    between = process_time()
    with tempfile.TemporaryDirectory() as folder:
        save_result(result, folder)
    end = process_time()
    return _row(f"{LEARNERS} users, {STORED}, a run stored", rounds, end - start, f"storing {end - between:.2f} s")


def _row(who, rounds, seconds, against):
    most = MOST_SECONDS * rounds / ROUNDS
    limit = one_pass(seconds, np.zeros((rounds, LEARNERS)))
    ours, ratio = f"{seconds:.2f} s", most / seconds
    return Row(f"{rounds:,} rounds of {who}", ours, against, ratio, f"≤ {most:g} s", seconds <= most, limit)


def market(users):
    """Ten players of so many users each at a price that they all move."""
    rng, kind = np.random.default_rng(SEED), "direct" if users == 1 else "aggregator"
    utility = Quadratic(a=rng.uniform(0.1, 0.9, LEARNERS * users), b=rng.uniform(1, 9, LEARNERS * users))
    return Game(Affine(0.2, 0.05 / users), (Block("all", kind, utility, 0.0, 0.01, np.full(LEARNERS, users)),))
