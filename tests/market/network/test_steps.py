"""Who takes prices, or congestion, as given at a step of the price: closed forms, in any units.

A thin line brings 2 to a node where energy of its own costs 5 and more; what comes over the line costs 1 to 1.2. A node
where output must run has a price of minus that of lost load up to the last unit of it.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from market.aggregator.network import steps
from market.aggregator.network.certificate import certified
from market.aggregator.network.direct import replies, solve
from market.aggregator.network.endings import ending
from market.aggregator.network.game import NetworkGame, clear
from market.aggregator.network.producers import Producers
from market.grid.nodal import Generators, LimitedLines, NodalGrid, nodal_grid
from market.outcome import Status
from tests.market.network.test_network_game import users

HERE = np.array([0.0, 1.0])
UNITS = [(1.0, 1.0), (942745.5, 0.011), (2.4e-4, 11410.6), (33327.6, 0.0012)]  # of energy and of money


def thin(demand, energy, money):
    """Marginal costs of 1 + q/10 beyond the line and 5 + q/10 here; without limits both together rise by 1/10."""
    price = money / energy
    rise = 0.1 * price / energy
    generators = [(0, price, rise, 50 * energy), (1, 5 * price, rise, 50 * energy)]
    lost = 1000 * price
    grid = {"demand": [0.0, demand * energy], "generators": generators, "value_of_lost_load": lost}
    return nodal_grid("ab", lines=[(0, 1, 1.0, 2 * energy)], **grid)


def buyers(a, b, energy, money):
    """A buyer a row, with utility b x − a x²."""
    a, b = np.array(a), np.array(b)
    return users("buyers", a * money / energy**2, b * money / energy, [1] * len(a))


def seller(cost, rise, energy, money):
    """A producer of marginal cost cost + rise q."""
    columns = ([9.0 * energy], [cost * money / energy], [rise * money / energy**2])
    return Producers("seller", *map(np.array, columns))


@pytest.mark.share
@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("conduct", ["nothing", "energy"])
@pytest.mark.parametrize("sells", [False, True])
def test_who_stands_at_a_step_is_content_within_it(sells, conduct, units):
    """The buyer wants 2 at 3 (2.8 where its price rises by 1/10), the seller 4 of a demand of 6 at 4 (4.4)."""
    block, demand, right = (seller(2.0, 0.5, *units), 6.0, 4.0) if sells else (buyers([0.5], [5.0], *units), 0.0, 2.0)
    game = NetworkGame(thin(demand, *units), (block,), (HERE,), (conduct,))
    y, settled = replies(game, np.zeros(1), 1.0)
    assert settled and y == pytest.approx(np.array([right]) * units[0], rel=1e-12)
    assert certified(game, clear(game, y)).gap < 1e-12
    assert certified(game, clear(game, 0.9 * y)).gap > 1e-3  # off the step the price is one number
    believed = game.facing(0, y)[0].value(y[0]) * units[0] / units[1]
    own = {"nothing": 0.0, "energy": 0.1 * right}[conduct]
    assert believed == pytest.approx(4.0 + own if sells else 3.0 - own, rel=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize(("conduct", "slope"), [("nothing", 0.0), ("energy", 0.1)])
def test_the_price_within_a_step_is_one_for_all(conduct, slope, units):
    """Two buyers of marginal worth 5 − x and 5 − 0.8 x share what 0.9 of demand leaves of the line, at one price.

    The first alone would be content with all of it, at another price than the second is with nothing: no equilibrium.
    """
    game = NetworkGame(thin(0.9, *units), (buyers([0.5, 0.4], [5.0, 5.0], *units),), (HERE,), (conduct,))
    share = np.array([1.0, 0.8]) + slope
    found = solve(game)
    assert found.status is Status.SOLVED and found.outcome.gap < 1e-9
    assert found.outcome.y == pytest.approx(1.1 * units[0] / share / np.sum(1 / share), rel=1e-9)
    assert certified(game, clear(game, np.array([1.1, 0.0]) * units[0])).gap > 1e-3


def must_run(energy, money):
    """A node whose generator must run at 0.9, another node with a load of 0.17."""
    price = money / energy
    generators = Generators(
        np.array([1, 1]),
        [1.25 * price, 2.48 * price],
        [0.39 * price / energy] * 2,
        [0.0, 0.9 * energy],
        [9 * energy] * 2,
    )
    lines = LimitedLines([0], [1], [5.6], limit=[0.58 * energy])
    return NodalGrid(
        ("a", "b"), [0.17 * energy, 0.0], lines=lines, generators=generators, value_of_lost_load=1000 * price
    )


@pytest.mark.share
@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("off", [-3e-16, 0.0, 3e-16])
def test_prices_at_a_step_do_not_hang_on_rounding_where_output_is_spilled_elsewhere(off, units):
    """A node whose generator must run, and another alone whose buyer takes all that 1 of capacity makes there."""
    energy, money = units
    price = money / energy
    generators = Generators(np.arange(2), [price] * 2, [0.1 * price / energy] * 2, [energy, 0.0], [2 * energy, energy])
    lines = LimitedLines([0], [1], [1.0], limit=[0.0])
    grid = NodalGrid(("a", "b"), np.zeros(2), lines=lines, generators=generators, value_of_lost_load=1000 * price)
    game = NetworkGame(grid, (buyers([0.5], [5.0], *units),), (HERE,), ("network",))
    outcome = clear(game, np.array([(1 + off) * energy]))
    assert outcome.paid == pytest.approx(1.1 * price)  # what the last unit cost, not that of lost load
    assert ending(Status.SETTLED, certified(game, outcome)) is ending(Status.INACCURATE, outcome) is Status.INFEASIBLE


@pytest.mark.share
@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("off", [-3e-16, 0.0, 3e-16])
def test_who_sells_nothing_at_a_step_is_content(off, units):
    """Buyers take what must run to the last digit; a seller who takes prices as given has none to sell at."""
    here = np.array([1.0, 0.0])
    blocks = (seller(0.2, 0.75, *units), buyers([0.3], [2.6], *units))
    game = NetworkGame(must_run(*units), blocks, (here, HERE), ("nothing", "network"))
    y = np.array([0.0, (0.9 - 0.17) * (1 + off) * units[0]])
    outcome = certified(game, clear(game, y))
    assert outcome.gap < 1e-9
    assert replies(game, y, 1.0)[0] == pytest.approx(y, rel=1e-12, abs=1e-12 * units[0])


@pytest.mark.parametrize(
    ("content", "given"),
    [
        ([(2.0, 2.0), (20.0, 20.0)], [2.0, 20.0]),
        ([(0.5, 0.5), (10.0, 90.0)], [1.0, 30.0]),
        ([(9.0, 12.0), (10.0, 90.0)], [3.0, 10.0]),
        ([(1.0, 1.0), (10.0, 10.0)], [31 / 11, 130 / 11]),
    ],
)
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_all_are_given_one_mixture_of_the_ends_that_is_least_far_from_contenting_the_worst_off(
    content, given, unit, monkeypatch
):
    """Ends of 1 and 3 for the first block's two players, of 30 and 10 for the other's, in one unit of money."""
    told = [content[0], (-1e3, 1e3), content[1]]
    content_of = lambda game, k, j, y, given: tuple(unit * np.array(told[j]))  # noqa: E731
    monkeypatch.setattr(steps, "_content", content_of)
    game = SimpleNamespace(player_slices=(slice(0, 2), slice(2, 3)))
    ends = unit * np.array([[1.0, 30.0], [3.0, 10.0]])
    found = steps._one_for_all(game, np.zeros(3), [0, 1], ends)
    assert found / unit == pytest.approx(given, abs=1e-6)
