"""How fast rounds of players who learn are played on one core, in seconds of processor time."""

from time import process_time

import numpy as np

from benchmarks.rows import Row, one_pass
from market.aggregator.game import Block, Game
from market.aggregator.learning import play
from market.conduct import CONDUCTS
from market.prices import Affine
from market.utilities import Quadratic

SEED = 0
LEARNERS, USERS = 10, 5  # users: of each aggregator
ROUNDS, MOST_SECONDS = 100_000, 10.0


def rows(quick=False):
    """Ten users and ten aggregators who learn by one rule each; `quick` plays a fiftieth of the rounds."""
    rounds = ROUNDS // 50 if quick else ROUNDS
    asked = [("users", rule) for rule, conduct in CONDUCTS.items() if conduct.learns] + [("aggregators", "hedge")]
    return [of_rule(who, rule, rounds) for who, rule in asked]


def of_rule(who, rule, rounds):
    """Rounds played, beside the most seconds that so many may take; and what working out regrets takes after them."""
    game = market(1 if who == "users" else USERS)
    conducts, start = {"all": CONDUCTS[rule]()}, process_time()
    played = play(game, conducts, rounds, lambda group, number: np.random.default_rng([SEED, number]))
    between = process_time()
    played.judged()
    end = process_time()
    most = MOST_SECONDS * rounds / ROUNDS
    return Row(
        f"{rounds:,} rounds of {LEARNERS} {who}, {rule}",
        f"{between - start:.2f} s",
        f"their regrets {end - between:.2f} s",
        most / (between - start),
        f"≤ {most:g} s",
        between - start <= most,
        one_pass(between - start, np.zeros((rounds, LEARNERS))),
    )


def market(users):
    """Ten players of so many users each at a price that they all move."""
    rng, kind = np.random.default_rng(SEED), "direct" if users == 1 else "aggregator"
    utility = Quadratic(a=rng.uniform(0.1, 0.9, LEARNERS * users), b=rng.uniform(1, 9, LEARNERS * users))
    return Game(Affine(0.2, 0.05 / users), (Block("all", kind, utility, 0.0, 0.01, np.full(LEARNERS, users)),))
