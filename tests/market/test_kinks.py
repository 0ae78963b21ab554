"""Kinks, flat and steep prices: equilibria that one slope for all does not show, and proof that there are no others."""

from dataclasses import replace

import numpy as np
import pytest

from agents.aggregator.model import AggregatorModel
from market.aggregator import kinks
from market.aggregator.best_response import best_response
from market.aggregator.bounds import empty_below, excess_bounds
from market.aggregator.certificate import gap
from market.aggregator.clearing import clear
from market.aggregator.equilibrium import at_kink, outcome_at, solve
from market.aggregator.game import Block, Game
from market.aggregator.roots import excess_reply, prices_at, scan, span
from market.outcome import Status
from market.prices import Dispatch, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic


def player(a, b, alpha=0.0, offset=0.01, kind="aggregator"):
    sizes = np.array([len(a)]) if kind == "aggregator" else np.ones(len(a), int)
    return Block(kind, kind, Quadratic(np.array(a, float), np.array(b, float)), alpha, offset, sizes)


def in_units(game, energy, money):
    """A market written in other units of energy and money."""
    rule, worth = game.price, money / energy
    last = float(rule.right_slope(2 * rule.quantities[-1]))
    scaled = Piecewise(rule.quantities * energy, rule.prices * worth, last * worth / energy)
    object.__setattr__(scaled, "capacity", rule.capacity * energy)
    blocks = tuple(
        Block(
            b.name,
            b.kind,
            Quadratic(b.utility.a * money / energy**2, b.utility.b * worth),
            b.alpha,
            b.surplus_offset * money,
            b.sizes,
        )
        for b in game.blocks
    )
    return Game(scaled, blocks)


CROSSED = Game(
    Dispatch(
        [0.8151362232746135, 0.5354123874846148],
        [0.18699344195299708, 0.1410506897754075],
        [0.0, 4.0],
        4.151040573138006,
    ),
    (
        player(
            [0.7042883042576636, 0.6302257159249887, 0.7353232670818338],
            [7.654969217022911, 9.005093991120528, 3.5778410911383682],
            3.0,
        ),
        player(
            [0.7455024302459123, 0.8058364173662702, 0.3211583869862185],
            [7.097348761648891, 4.1665479899063795, 8.961206822528174],
            1.0,
        ),
        player([0.25990373886581064, 0.6423075455825851], [5.536517009474208, 1.7236823586212309], 1.0),
    ),
)
FIVE = Game(
    Dispatch(
        [1.1732613901562639, 1.787347064599468, 0.7874807707420096],
        [0.11602429912084054, 0.15318675183805164, 0.09227806865435066],
        [0.0, 2.0, 4.0],
        16.581337637012098,
    ),
    (
        player([0.31546800075609227], [4.976973813383586], 0.5),
        player([0.6543334052676466, 0.48962937188884637], [1.1884170552786022, 7.616047265965642], np.inf),
        player([0.7252881536725443, 0.696374406183704], [4.96846266995268, 5.983409496888535], 0.5),
        player(
            [0.867600952284884, 0.5385977159987054, 0.5210247968740872],
            [4.348690357053692, 5.466641070903177, 1.244068216985811],
            1.0,
        ),
        player(
            [0.7966587887166167, 0.8059955913293878, 0.6263848799710101],
            [9.963804141326307, 0.7079807576209054, 4.534018936780946],
            2.0,
        ),
    ),
)
DIRECT = Game(
    Dispatch([2.12], [0.17], [2.0], 5.0), (player([0.4, 0.6, 0.6, 0.4], [8.8, 6.1, 2.9, 5.5], kind="direct"),)
)
SMALL = Game(
    Dispatch([2.33, 1.67], [0.19, 0.11], [0.0, 4.0], 18.0),
    (player([0.7], [6.5], 1.0), player([0.3], [8.9]), player([0.7, 0.2], [2.1, 9.8], np.inf)),
)
JUMP = Game(
    Dispatch([20.0, 5.0], [0.025, 0.2], [1.0, 3.0], 20.0),
    (player([0.2, 0.3], [9.0, 7.0], 1.0), player([0.05], [4.0], kind="large")),
)
BLOCKS = Game(Piecewise([0, 10, 20], [20, 20, 50], 1.0), (player([1, 1], [60, 60], kind="direct"),))
KNOWN = [
    (CROSSED, (0.3124688855886019, 0.4075681116373068, 0.09509922604870491)),
    (FIVE, (1.2829303303941502, 1.0362129591645062, 0.3947477939674309, 0.1480304227377866, 0.09868694849185773)),
    (DIRECT, (2.12 - 0.1767 - 0.0707, 0.1767, 0.0, 0.0707)),
]


@pytest.mark.parametrize(("game", "y"), KNOWN, ids=["three", "five", "direct"])
def test_shares_with_unequal_slopes_are_not_denied(game, y):
    y = np.array(y)
    assert gap(game, y, clear(game, y).x)[0] <= 1e-9
    found = solve(game)
    assert found.status == Status.SOLVED
    assert found.unique is not True
    assert any(o.quantity == pytest.approx(y.sum(), rel=1e-6) for o in found.equilibria)


@pytest.mark.share
@pytest.mark.parametrize("game", [DIRECT, SMALL, JUMP, BLOCKS], ids=["direct", "small", "jump", "flat"])
@pytest.mark.parametrize(("energy", "money"), [(1e6, 1.0), (1e-6, 1e5), (3e3, 1e-6)])
def test_units_of_energy_and_money_change_no_status(game, energy, money):
    one, other = solve(in_units(game, 1.0, 1.0)), solve(in_units(game, energy, money))
    assert (one.status, one.unique, one.continuum) == (other.status, other.unique, other.continuum)
    assert len(one.equilibria) == len(other.equilibria)
    np.testing.assert_allclose(other.outcome.y / energy, one.outcome.y, rtol=1e-6, atol=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("seed", range(20))
def test_a_kink_is_no_jump_by_rounding(seed):
    """The line to a point may end an ulp beside it; only a quantity that stands twice is a jump."""
    rng = np.random.default_rng(seed)
    energy, worth = 10.0 ** rng.uniform(-9, 9, 2)
    quantities = energy * np.concatenate([[0.0], np.cumsum(rng.uniform(0.3, 4, 8))])
    prices = worth * np.cumsum(rng.uniform(0.1, 2, 9))
    slopes = np.append(np.diff(prices) / np.diff(quantities), 0.3 * worth / energy)
    rule = Piecewise(quantities, prices, slopes[-1])
    np.testing.assert_array_equal(rule.right_slope(rule.kinks), slopes[1:])
    again = np.concatenate([quantities[:4], quantities[3:]]), np.concatenate([prices, [2 * prices[-1]]])
    assert np.isinf(Piecewise(*again, 1.0).right_slope(rule.kinks)).tolist() == [k == 2 for k in range(8)]


def test_a_total_that_only_rounding_takes_for_a_root_denies_no_proof():
    """Where the price is steepest at none, replies to next to nothing are rounding."""
    first = Block(
        "first",
        "aggregator",
        Logarithmic(
            np.array([5.90172, 3.78149, 1.1421, 5.16823]), 1 / np.array([0.44156005, 0.60025757, 0.4739171, 0.48043958])
        ),
        1.0,
        0.1,
        np.array([4]),
    )
    second = player([0.24401575, 0.47532227, 0.63984438, 0.32145555], [9.99, 5.944, 7.936, 9.021], 1.0)
    found = solve(Game(Power(0.5628414956698626, 0.3203676002269655), (first, second)))
    assert (found.status, found.unique) == (Status.SOLVED, True)


def test_a_fleet_of_constant_costs_has_steps_and_jumps():
    rule = Dispatch([10, 5, 5], [0, 0, 0.5], [5, 20, 5], 100)
    np.testing.assert_allclose(rule.value(np.array([3.0, 12.0, 15.0, 18.0, 21.0])), [5, 7, 10, 20, 100])
    found = solve(Game(Dispatch([4, 4], [0, 0], [1, 3], 9), (player([0.5, 0.5], [4.5, 4.5], kind="direct"),)))
    assert found.status == Status.SOLVED
    assert found.outcome.quantity == pytest.approx(4.0, rel=1e-9)
    assert found.outcome.price == 1.0


def test_max_min_players_at_a_flat_price_have_a_line_of_equilibria():
    a, b = [0.459637687777977, 0.4131765402539517, 0.6078621778269023], [1.97842655554, 2.25945256844, 5.43837911946]
    first = player(a, b, 1.5)
    second = player([0.5714953166754948, 0.8734098593128579], [6.677037591440316, 8.959099591058507], np.inf, 0.0)
    game = Game(Dispatch([2.6531883182082527], [0.357324516989116], [0.0], 2.844147702854787), (first, second))
    found = solve(game)
    assert (found.unique, found.continuum) == (False, True)
    y = np.array([found.outcome.y[0], 4.683571368608767])
    assert gap(game, y, clear(game, y).x)[0] <= 1e-9


@pytest.mark.parametrize(("richest", "reply"), [(6.0, 0.5), (3.5, 0.0)])
def test_nobody_is_held_at_a_jump_who_would_pay_the_price_above_it(richest, reply):
    """From 2 the price jumps to 4 where the others buy 5; max-min serves whoever would pay that: (6 − 4 − y) y − y²."""
    rule = Piecewise([0, 5, 5], [1, 2, 4], 1.0)
    users = player([1.0, 1.0, 1.0], [richest, 3.0, 1.0], np.inf)
    assert float(best_response(rule, users, 5.0)) == pytest.approx(reply)
    assert kinks.best_set(rule, users, 5.0, 0.0, 0.0).best == ([] if reply else [(0.0, 0.0)])


@pytest.mark.parametrize(("alpha", "offset"), [(1.0, 0.01), (10.0, 1e6)])
def test_a_price_that_is_steepest_at_none_is_searched_beyond(alpha, offset):
    users = Quadratic(np.array([0.7, 0.2, 0.6, 0.3]), np.array([4.0, 3.0, 3.0, 5.0]))
    found = solve(Game(Power(0.001, 0.1), (Block("A", "aggregator", users, alpha, offset, np.array([2, 2])),)))
    assert (found.status, found.unique) == (Status.SOLVED, True)
    assert found.outcome.quantity == pytest.approx(21.182, abs=1e-3)


@pytest.mark.share
@pytest.mark.parametrize("kinds", ["KINKED", "SMOOTH"])
@pytest.mark.parametrize("seed", range(15))
def test_no_total_leaves_the_bounds_of_its_cell(small_markets, kinds, seed):
    game = small_markets.market(seed, getattr(small_markets, kinds), (1, 3))
    no_total_leaves_the_bounds(game, seed)


@pytest.mark.share
@pytest.mark.parametrize("alpha", [150.0, 1e3, 1e6])
@pytest.mark.parametrize("seed", range(4))
def test_no_total_leaves_the_bounds_of_its_cell_however_large_alpha_is(small_markets, alpha, seed):
    game = small_markets.market(seed, small_markets.SMOOTH, (1, 3))
    no_total_leaves_the_bounds(Game(game.price, tuple(replace(block, alpha=alpha) for block in game.blocks)), seed)


def no_total_leaves_the_bounds(game, seed):
    rule, blocks = game.price, game.blocks
    high = span(rule, blocks, 0.0)[1]
    low = empty_below(rule, blocks, high) if high > 0 else None
    if low is None:
        pytest.skip("nobody buys")
    inner = rule.kinks[(rule.kinks > low) & (rule.kinks < high)]
    edges = np.unique(np.concatenate([np.geomspace(low, high, 25), np.linspace(low, high, 25), inner]))
    start, stop = edges[:-1], edges[1:]
    least, most = excess_bounds(rule, blocks, start, stop)
    for share in np.random.default_rng(seed).uniform(0, 1, 8):
        total = start + (stop - start) * share
        value, _ = excess_reply(blocks, prices_at(rule, total), total)
        assert np.all((value >= least - 1e-8 * total) & (value <= most + 1e-8 * total))
        assert not np.any((value > 0) & (most < 0))


def test_a_total_that_one_poor_user_keeps_small_is_not_taken_for_nothing():
    """Beside an eager user: the poor one's surplus, which counts most, is gone where the price is what it is worth."""
    game = Game(Linear(1.0), (player([0.5, 0.5], [9.0, 0.01], np.inf, 0.0),))
    found = solve(game)
    assert found.status == Status.SOLVED and found.outcome.quantity < 0.01
    assert empty_below(game.price, game.blocks, span(game.price, game.blocks, 0.0)[1]) < found.outcome.quantity


@pytest.mark.share
@pytest.mark.parametrize("alpha", [2.0, 150.0, 1e3, 1e6, np.inf])
def test_a_market_without_equilibrium_is_proven_to_have_none_however_large_alpha_is(alpha):
    """The documented one: beside the second player's purchase the first serves one user or two, never what it should.

    Its replies are the max-min ones (tests/agents/test_orders_and_endings.py) but for a share of 1/alpha.
    """
    first, second = player([0.8, 0.55], [0.85, 9.0], alpha), player([1.0, 1.0], [3.7, 3.7], alpha)
    game = Game(Linear(1.0), (first, second))
    found = solve(game)
    assert (found.status, found.equilibria) == (Status.NO_EQUILIBRIUM, ())
    assert found.outcome.gap > 1
    model = AggregatorModel(game, rounds=60)
    assert (model.run(), model.cycle) == (Status.CYCLING, 2)
    assert model.gap > 1e-3


def test_a_kink_is_refuted_by_the_player_who_regrets_most(monkeypatch):
    """Of twenty players one cannot hold what the kink asks of it: the others' sets are not looked for."""
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0.1, 0.9, 200), rng.uniform(1, 10, 200)
    block = Block("A", "aggregator", Quadratic(a, b), 2.0, 0.01, np.full(20, 10))
    kink = 115.782
    tried = []
    one = kinks.best_response
    monkeypatch.setattr(kinks, "best_response", lambda *args: tried.append(args) or one(*args))
    game = Game(Piecewise(np.array([0.0, kink]), np.array([0.0, 0.02 * kink]), 0.1), (block,))
    found = solve(game)
    assert found.status == Status.NO_EQUILIBRIUM
    assert len(tried) <= 10
    root = next(root for root in scan(game.price, game.blocks).roots if root.at_kink)
    assert at_kink(game, root, outcome_at(game, root), True)[1:] == (False, True)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_what_a_player_may_hold_at_a_kink_is_found_as_finely_in_any_unit_of_energy(unit):
    kink, users = 6.0, ([1.0, 0.5, 2.0], [9.0, 6.0, 7.0])
    rule, one = Piecewise([0.0, kink], [2.0, 3.0], 1.5), player(*users, 2.0)
    there = Piecewise([0.0, kink * unit], [2.0 / unit, 3.0 / unit], 1.5 / unit**2)
    other = player(np.array(users[0]) / unit**2, np.array(users[1]) / unit, 2.0)
    known = kinks.best_set(rule, one, kink, 0.0, kink, kinks.COARSE_ENDS)
    found = kinks.best_set(there, other, kink * unit, 0.0, kink * unit, kinks.COARSE_ENDS)
    assert known.left and len(found.left) == len(known.left)
    np.testing.assert_allclose(np.array(found.left) / unit, known.left, rtol=1e-9, atol=1e-9 * kink)
    np.testing.assert_allclose(np.array(found.best) / unit, known.best, rtol=1e-9, atol=1e-9 * kink)
