"""What every registered tariff promises: users pay by its terms, and players decide by what they really pay."""

import numpy as np
import pytest

from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.tariffs import taxed
from market.prices import Affine
from market.tariffs import TARIFFS, Levied, Levy
from market.utilities import Logarithmic, Quadratic
from tests.contracts.examples import tried

RULES = tried(TARIFFS) | {"all rebates": TARIFFS["rebate"](amount=0.2, share=0.7, per_unit=0.3, baseline=2.0)}
DAY = 5
BLOCKS = (
    Block(
        "homes", "aggregator", Quadratic(np.array([0.4, 0.7, 0.5]), np.array([6.0, 8.0, 1.5])), 0.0, 0.01, np.array([3])
    ),
    Block("shops", "direct", Logarithmic(np.array([5.0, 7.0]), np.array([2.0, 1.0])), 0.0, 0.0, np.ones(2, dtype=int)),
    Block("plant", "large", Quadratic(np.array([0.3]), np.array([9.0])), 0.0, 0.0, np.array([1])),
)
GAME = Game(Affine(0.2, 0.15), BLOCKS)
every_rule = pytest.mark.parametrize("label", RULES)


def levied(rule, *others):
    every = frozenset(block.name for block in BLOCKS)
    levies = [Levy(str(k), one, every) for k, one in enumerate((rule, *others))]
    return Levied(tuple(levies), {block.name: block.users for block in BLOCKS})


@every_rule
def test_who_buys_nothing_pays_the_fixed_part_and_the_rest_grows_with_purchases(label):
    terms = RULES[label].terms(DAY)
    assert terms.per_unit.shape == (DAY,)
    z = np.random.default_rng(1).normal(1.0, 2.0, (8, DAY))
    np.testing.assert_allclose(terms.paid(np.minimum(z, 0.0)), terms.fixed)
    np.testing.assert_allclose(terms.paid(3 * z) - terms.fixed, 3 * (terms.paid(z) - terms.fixed))
    middle = (terms.paid(z[:4]) + terms.paid(z[4:])) / 2
    assert np.all(terms.paid((z[:4] + z[4:]) / 2) <= middle + 1e-12)  # no two purchases are best with none between


@pytest.mark.share
@every_rule
def test_nobody_gains_by_another_purchase_counting_all_it_pays(label):
    tariffs = levied(RULES[label], TARIFFS["tax"](per_unit=0.4))
    game = taxed(GAME, tariffs)
    outcome = solve(game).outcome
    assert outcome.gap < 1e-9
    for user in range(3, GAME.users):  # each a player of its own
        tries = [
            has(tariffs, changed(outcome.x, user, x))[user] for x in np.linspace(0.0, 3 * outcome.x[user] + 1, 201)
        ]
        held = has(tariffs, outcome.x)[user]
        assert max(tries) <= held + 1e-9 * abs(held)
        np.testing.assert_allclose(outcome.s[user], held, rtol=1e-12)
    rng, held = np.random.default_rng(2), has(tariffs, outcome.x)[:3].sum()
    for _ in range(300):  # an aggregator: any other split and purchase
        x = outcome.x.copy()
        x[:3] = np.maximum(x[:3] * rng.uniform(0.0, 2.0, 3) + rng.choice([0.0, 0.1]), 0.0)
        assert has(tariffs, x)[:3].sum() <= held + 1e-12 * abs(held)


def has(tariffs, x):
    """What each user has of quantities x: utility less all it pays, formed without the market's own surpluses."""
    price = 0.2 + 0.15 * x.sum()
    rows = np.split(x, np.cumsum([block.users for block in BLOCKS])[:-1])
    worth = np.concatenate([block.utility.value(row) for block, row in zip(BLOCKS, rows, strict=True)])
    paid = tariffs.collected([(block, row[:, None]) for block, row in zip(BLOCKS, rows, strict=True)]).paid
    return worth - price * x - paid


def changed(x, user, to):
    x = x.copy()
    x[user] = to
    return x
