"""What a dispatch by active sets is made of: offers, merit order, limits met and missed, pivots, ways to near loads."""

import numpy as np
import pytest

from market.grid import transfer as transfers
from market.grid.active_set import RATE_ROUNDING, Active, Constraint, Load, Programme, System
from market.grid.clearing import Operator, clear, cleared, paid
from market.grid.lines import NetworkError
from market.grid.nodal import LimitedLines, NodalGrid, nodal_grid
from market.grid.offers import offers_of
from market.grid.path import Path, _waits, follow
from market.grid.pivots import enter, first_below, leave, merit_order, missed, push_of, settle, worst
from market.grid.residual import _joined, curve
from market.grid.transfer import Transfer
from market.outcome import Status
from tests.market.grid.networks import NONE, any_grid, factors, five_bus, loops, players, three_bus

SEEDS = range(12)


def drawn(seed, **options):
    """(A random grid, its programme, a load with random players)."""
    rng = np.random.default_rng(seed)
    grid = None
    while grid is None:
        grid = any_grid(rng, **options)
    bought, sold = players(rng, grid)
    programme = Programme(grid)
    return grid, programme, programme.load(grid.demand + bought, sold)


@pytest.mark.parametrize("seed", SEEDS)
def test_offers_are_generators_demand_load_to_shed_and_output_to_spill_in_their_own_units(seed):
    grid, _, _ = drawn(seed)
    offers, units, wants, n = offers_of(grid), grid.generators, grid.elastic, grid.nodes
    size = [len(units), len(wants), n, n]
    slices = (offers.generators, offers.elastic, offers.shed, offers.spill)
    assert [len(offers.a[part]) for part in slices] == size and sum(size) == len(offers.a)
    assert offers.node.tolist() == [*units.node, *wants.node, *range(n), *range(n)]
    lost, money, energy = grid.value_of_lost_load, offers.price, offers.energy
    assert offers.a * money == pytest.approx(np.concatenate([units.cost, wants.price, [lost] * n, [-lost] * n]))
    rises = np.concatenate([grid.rises, wants.price / wants.quantity, np.zeros(2 * n)])
    assert offers.m * money / energy == pytest.approx(rises)
    must = np.bincount(units.node, units.least, n)
    assert offers.low * energy == pytest.approx(np.concatenate([units.least, -wants.quantity, np.zeros(n), -must]))
    assert offers.high * energy == pytest.approx(np.concatenate([units.capacity, np.zeros(len(wants) + 2 * n)]))
    taken, put_in, step = *np.abs(np.random.default_rng(seed).normal(size=(2, n))), 0.5
    ends, moved = offers.bounds(taken, put_in), offers.bounds(taken + step, put_in + 2 * step)
    growth = offers.growth(np.full(n, step), np.full(n, 2 * step))
    for before, after, grown in zip(ends, moved, growth, strict=True):
        finite = np.isfinite(before)
        assert (after - before)[finite] == pytest.approx(grown[finite])
    assert ends[1][offers.shed] == pytest.approx(taken) and ends[0][offers.spill] == pytest.approx(
        -must / energy - put_in
    )
    assert np.all(offers.bounds(-taken, -put_in)[1][offers.shed] == 0)


def test_units_are_the_largest_demand_or_usual_capacity_and_the_largest_cost():
    def units(**data):
        offers = offers_of(nodal_grid("ab", lines=[(0, 1, 1.0, NONE)], least_rise=0.0, **data))
        return offers.energy, offers.price

    makers = [(0, 5.0, 0.5, 3.0), (0, 6.0, 0.25, 8.0), (1, -9.0, 0.5, NONE)]
    assert units(demand=[1.0, 2.0], generators=makers[:2]) == pytest.approx((5.5, 7.75))
    assert units(demand=[1.0, -7.0], generators=makers) == pytest.approx((7.0, 9.0))
    assert units(generators=makers[1:2], elastic=[(0, 20.0, 40.0)]) == pytest.approx((40.0, 20.0))
    assert units(value_of_lost_load=77.0) == (1, 77)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_limits_on_lines_the_cheapest_offers_come_first(seed):
    """The merit order's answer keeps all ends, and no offer at an end would rather be elsewhere: least cost at once."""
    grid, programme, load = drawn(seed)
    programme.limits = np.full(len(programme.limits), np.inf)
    active = merit_order(programme, load)
    system = System(programme, active)
    answer = system.answers(load)[0]
    assert worst(programme, active, load, answer) is None
    apart = load.high[system.ends] > load.low[system.ends]
    assert np.all(system.worth(answer, constant=True)[apart] >= -1e-9)
    for k in range(programme.islands):
        there = grid.island == k
        assert np.sum(programme.inside(load, answer.q)[there]) == pytest.approx(0, abs=1e-9)
        assert np.any(active.side[there[programme.node]] == 0)


def test_the_merit_order_of_nearly_flat_offers_alone():
    makers = [(0, 9.0, 0.0, 4.0), (0, 5.0, 0.0, 3.0), (0, 7.0, 0.0, 2.0)]
    for demand, made, price in ((2.0, [0, 2, 0], 5), (4.0, [0, 3, 1], 7), (8.0, [3, 3, 2], 9), (10.0, [4, 3, 2], 100)):
        grid = nodal_grid("a", demand=[demand], generators=makers, least_rise=1e-6, value_of_lost_load=100.0)
        programme = Programme(grid)
        load = programme.load(grid.demand, np.zeros(1))
        answer = System(programme, merit_order(programme, load)).answers(load)[0]
        assert answer.q[:3] * programme.offers.energy == pytest.approx(made, abs=1e-5)
        assert answer.p[0] * programme.offers.price == pytest.approx(price)


def test_a_load_moves_along_a_rate():
    load, by = Load(*np.ones((3, 2))), Load(np.array([1.0, 0]), np.array([0, 2.0]), np.array([-1.0, 3]))
    assert [part.tolist() for part in load.moved(by, 0.5)] == [[1.5, 1], [1, 2], [0.5, 2.5]]


@pytest.mark.parametrize("seed", SEEDS)
def test_loads_and_their_rates_by_hand(seed):
    grid, programme, _ = drawn(seed)
    rng, offers = np.random.default_rng(seed), programme.offers
    demand, injected, at = *rng.uniform(0, 3, (2, grid.nodes)), rng.integers(grid.nodes)
    load = programme.load(demand, injected)
    assert load.net * offers.energy == pytest.approx(demand - injected)
    for sign in (1.0, -1.0):
        weights = sign * np.eye(grid.nodes)[at]
        moved = programme.load(demand + (weights if sign > 0 else 0), injected - (weights if sign < 0 else 0))
        expected = load.moved(programme.rate(weights), 1 / offers.energy)
        for found, straight in zip(moved, expected, strict=True):
            finite = np.isfinite(found)
            assert found[finite] == pytest.approx(straight[finite])
    q = rng.normal(size=len(offers.a))
    into = [sum(q[k] for k, node in enumerate(offers.node) if node == n) for n in range(grid.nodes)]
    assert programme.placed(q) == pytest.approx(into) and programme.inside(load, q) == pytest.approx(into - load.net)


def test_what_is_put_in_by_negative_demand_may_be_spilled():
    grid = nodal_grid("ab", demand=[-3.0, 8.0], lines=[(0, 1, 1.0, 1.0)], generators=[(1, 5.0, 0.1, 9.0)])
    found = clear(grid)
    assert found.spilled == pytest.approx([2.0, 0.0]) and found.flows == pytest.approx([1.0])


@pytest.mark.parametrize("seed", SEEDS)
def test_limits_are_missed_by_what_outputs_and_flows_are_beyond_them(seed):
    grid, programme, load = drawn(seed, islands=False)
    rng = np.random.default_rng(seed)
    active = merit_order(programme, load)
    answer = System(programme, active).answers(load)[0]
    answer = answer._replace(q=answer.q + rng.normal(0, 0.3, len(answer.q)) * (active.side == 0))
    put_in = rng.normal(0, 0.3, grid.nodes)
    load = load._replace(net=programme.placed(answer.q) - put_in + put_in.mean())
    shares = factors(grid)[programme.transfer.limited]
    flow = shares @ programme.inside(load, answer.q) + loops(grid)[programme.transfer.limited] / programme.offers.energy
    ways = {}
    for k, q in enumerate(answer.q):
        ways[Constraint("offer", k, 1)], ways[Constraint("offer", k, -1)] = q - load.high[k], load.low[k] - q
    for k, each in enumerate(flow):
        for side in (1, -1):
            ways[Constraint("line", k, side)] = side * each - programme.limits[k]
    for limit, beyond in ways.items():
        if np.isfinite(beyond):
            assert missed(programme, load, answer, limit) == pytest.approx(beyond, abs=1e-9)
    most = max(beyond for limit, beyond in ways.items() if limit.kind == "line" or active.side[limit.number] == 0)
    found = worst(programme, active, load, answer)
    assert ways[found] == pytest.approx(most, abs=1e-9) if most > 1e-9 else found is None
    kept = answer._replace(q=np.clip(answer.q, load.low, load.high))
    programme.limits = np.full(len(programme.limits), np.inf)
    assert worst(programme, active, load, kept) is None


def test_limits_come_in_and_go_out_as_they_were():
    active = Active(np.array([1, 0, -1]), [4, 7], [1, -1])
    copy = active.copy()
    enter(active, Constraint("line", 2, -1))
    enter(active, Constraint("offer", 1, -1))
    assert (active.side.tolist(), active.lines, active.signs) == ([1, -1, -1], [4, 7, 2], [1, -1, -1])
    leave(active, Constraint("line", 7, -1))
    leave(active, Constraint("offer", 0, 1))
    assert (active.side.tolist(), active.lines, active.signs) == ([0, -1, -1], [4, 2], [1, -1])
    assert (copy.side.tolist(), copy.lines, copy.signs) == ([1, 0, -1], [4, 7], [1, -1])


def test_a_limit_raises_what_offers_that_relieve_it_are_paid():
    programme = Programme(three_bus())
    shares = factors(programme.grid)[programme.transfer.limited][0]
    for side in (1, -1):
        push = push_of(programme, Constraint("line", 0, side))
        apart = push + side * shares[programme.node]
        assert apart == pytest.approx(np.full(len(apart), apart[0]))
        assert push_of(programme, Constraint("offer", 2, side)).tolist() == [-side * (k == 2) for k in range(9)]


def test_the_multiplier_that_falls_to_nothing_first_goes():
    worth, rate = np.array([4.0, 1.0, 3.0, 2.0, 1.0]), np.array([-1.0, 0.5, -3.0, -2.0, -0.1])
    every = np.ones(5, dtype=bool)
    assert first_below(worth, rate, every) == (2, 1.0)  # of two after as long the one that falls faster
    assert first_below(worth, rate, np.array([1, 1, 0, 1, 1], dtype=bool)) == (3, 1.0)
    assert first_below(worth, rate, np.array([1, 1, 0, 0, 0], dtype=bool)) == (0, 4.0)
    assert first_below(worth, np.abs(rate), every) == first_below(worth[:0], rate[:0], every[:0]) == (-1, np.inf)
    assert first_below(np.array([-1e-12, 1.0]), np.array([-1.0, -9.0]), every[:2]) == (0, 0.0)
    for size, place in ((0.5, -1), (1.5, 0)):
        assert first_below(np.array([1.0]), np.array([-size * RATE_ROUNDING]), every[:1])[0] == place
    assert first_below(np.array([1.0]), np.array([-1e-12]), every[:1], usual=1e-6)[0] == 0
    assert first_below(np.ones(2), np.array([-1e-9, 1e6]), every[:2]) == (-1, np.inf)


def test_room_lasts_as_long_as_it_shrinks():
    found = _waits(np.array([2.0, 2.0, -1.0, np.inf, 2.0]), np.array([0.5, -0.5, 4.0, 0.0, 0.0]))
    assert found.tolist() == [4.0, np.inf, 0.0, np.inf, np.inf]
    assert _waits(np.ones(2), np.array([1e-12, 1.0])).tolist() == [np.inf, 1.0]
    assert _waits(np.ones(2), np.array([1e-7, 1e6])).tolist() == [np.inf, 1e-6]
    assert _waits(np.ones(1), np.array([1e-9])) == pytest.approx([1e9])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_way_to_a_near_load_ends_at_its_least_cost(seed):
    grid, programme, load = drawn(seed)
    rng = np.random.default_rng(seed)
    active, _, met = settle(programme, merit_order(programme, load), load)
    goal = programme.load(grid.demand + rng.uniform(0, 1, grid.nodes), rng.uniform(0, 1, grid.nodes))
    assert follow(programme, active, load, load) is active
    if not met:
        return
    before = active.copy()
    found = follow(programme, active, load, goal)
    assert (active.side.tolist(), active.lines, active.signs) == (before.side.tolist(), before.lines, before.signs)
    _, answer, met = settle(programme, merit_order(programme, goal), goal)
    if met:
        system = System(programme, found)
        near = system.answers(goal)[0]
        assert worst(programme, found, goal, near) is None  # without a pivot more
        assert programme.offers.a @ near.q + programme.offers.m @ near.q**2 / 2 == pytest.approx(
            programme.offers.a @ answer.q + programme.offers.m @ answer.q**2 / 2, abs=1e-8
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_piece_of_a_path_tells_what_a_clearing_within_it_finds(seed):
    grid, programme, load = drawn(seed)
    active, _, met = settle(programme, merit_order(programme, load), load)
    if not met:
        return
    path = Path(programme, active, load, programme.rate(np.eye(grid.nodes)[0]))
    for _ in range(4):
        piece = path.piece()
        step = min(piece.length, 0.5) / 2
        if step > 1e-6:
            at = path.start.moved(path.rate, path.at + step)
            _, answer, met = settle(programme, merit_order(programme, at), at)
            q = piece.now.q + step * piece.change.q
            cost = [programme.offers.a @ one + programme.offers.m @ one**2 / 2 for one in (q, answer.q)]
            assert not met or cost[0] == pytest.approx(cost[1], abs=1e-8)
        if piece.event is None or not path.go(piece.length, piece.event):
            return


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_and_loops_are_those_of_a_pseudoinverse(seed, monkeypatch):
    grid, _, _ = drawn(seed, shifts=0.5)
    found, shares = Transfer(grid), factors(grid)
    limited = np.flatnonzero(np.isfinite(grid.lines.limit))
    assert found.limited.tolist() == limited.tolist() and found.limits == pytest.approx(grid.lines.limit[limited])
    assert found.loop == pytest.approx(loops(grid), abs=1e-9)
    put_in = np.random.default_rng(seed).normal(size=grid.nodes)
    for k in np.unique(grid.island):
        put_in[grid.island == k] -= put_in[grid.island == k].mean()
    assert found.carried(put_in) == pytest.approx(shares @ put_in, abs=1e-9)
    for dense in (True, False):
        monkeypatch.setattr(transfers, "MOST_DENSE", 10**6 if dense else 0)
        assert found.on_limited(put_in) == pytest.approx((shares @ put_in)[limited], abs=1e-9)
    for k in range(len(limited)):
        assert found.row(k) @ put_in == pytest.approx(shares[limited[k]] @ put_in, abs=1e-9)
        assert found.row(k) is found.row(k)


def test_reactances_that_cancel_are_told():
    with pytest.raises(NetworkError, match="cancel"):
        Transfer(nodal_grid("ab", lines=[(0, 1, 1.0, NONE), (0, 1, -1.0, NONE)], generators=[(0, 1.0, 0.0, 1.0)]))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cleared_round_adds_up_by_hand(seed):
    rng = np.random.default_rng(100 + seed)
    grid = None
    while grid is None:
        grid = any_grid(rng)
    bought, sold = players(rng, grid)
    found = clear(grid, grid.demand + bought, sold)
    units, wants = grid.generators, grid.elastic
    made = sum(c * q + r * q * q / 2 for c, r, q in zip(units.cost, grid.rises, found.generation, strict=True))
    worth = sum(
        p * d - p / most * d * d / 2 for p, most, d in zip(wants.price, wants.quantity, found.elastic, strict=True)
    )
    lost = grid.value_of_lost_load * (found.shed.sum() + found.spilled.sum())
    assert found.generation_cost == pytest.approx(made) and found.benefit == pytest.approx(worth)
    assert found.cost == pytest.approx(made - worth + lost)
    for n in range(grid.nodes):
        left = found.demand[n] - found.injected[n] - found.shed[n] + found.spilled[n]
        left += found.elastic[wants.node == n].sum() - found.generation[units.node == n].sum()
        assert found.withdrawn[n] == pytest.approx(left, abs=1e-9)
        sent = found.flows[grid.lines.head == n].sum() - found.flows[grid.lines.tail == n].sum()
        assert sent == pytest.approx(left, abs=1e-7) or found.status not in ("solved", "short")
    assert found.rent == pytest.approx(found.prices @ found.withdrawn, abs=1e-6)
    most = grid.value_of_lost_load
    assert found.buying.tolist() == [min(each, most) for each in found.balances]
    assert found.selling.tolist() == [max(each, -most) for each in found.balances]


def test_nobody_pays_beyond_lost_load_where_load_can_be_shed_or_output_spilled():
    grid = nodal_grid(
        "abc", lines=[(0, 1, 1.0, NONE), (1, 2, 1.0, NONE)], generators=[(2, 1.0, 0.0, 9.0)], value_of_lost_load=50.0
    )
    beyond, none = np.array([80.0, -80.0, 10.0]), np.zeros(3)
    assert paid(grid, beyond, none, none).tolist() == [80, -80, 10]
    assert paid(grid, beyond, np.full(3, 0.1), none).tolist() == [50, -80, 10]
    assert paid(grid, beyond, none, np.full(3, 0.1)).tolist() == [80, -50, 10]


@pytest.mark.parametrize("buys", [True, False])
def test_a_curve_is_what_clearings_along_it_pay(buys):
    grid, steps = five_bus(least_rise=0.5), np.linspace(0.5, 300, 40)
    place = np.eye(5)[1]
    found = curve(Operator(grid), place if buys else -place, until=300.0)
    for t, price in zip(steps, found.value(steps), strict=True):
        one = clear(grid, grid.demand + t * place) if buys else clear(grid, injected=t * place)
        assert price == pytest.approx((one.buying if buys else one.selling) @ place, abs=1e-6) or (
            np.min(np.abs(t - found.ends)) < 1e-6
        )
    assert np.all(found.ends > found.starts) and found.starts[1:] == pytest.approx(found.ends[:-1])
    assert found.starts[0] == 0 and found.ends[-1] == pytest.approx(300.0)
    assert found.after == pytest.approx(found.before + found.slopes * (found.ends - found.starts))
    together = np.abs(np.diff(found.slopes)) + np.abs(found.before[1:] - found.after[:-1])
    assert np.all(together > 1e-9)  # no two pieces that are one straight line


LOOP = {
    "demand": [0, 5, 0],
    "lines": [(0, 1, 1.0, 99.0), (0, 2, 1.0, 1.0), (1, 2, 1.0, 99.0)],
    "generators": [(0, 10.0, 0.0, 99.0)],
    "value_of_lost_load": 100.0,
}  # the line a-c is full, and a unit at c is worth more than lost load


@pytest.mark.parametrize("node", range(3))
@pytest.mark.parametrize("sign", [1, -1])
def test_prices_beyond_lost_load_along_a_curve_are_those_of_clearings(node, sign):
    grid, place = nodal_grid("abc", **LOOP), np.eye(3)[node]
    found = curve(Operator(grid), sign * place, until=3.0)
    for t in (0.2, 0.7, 1.3, 2.1, 2.8):
        one = clear(grid, grid.demand + t * place) if sign > 0 else clear(grid, injected=t * place)
        assert found.value(t) == pytest.approx((one.buying if sign > 0 else one.selling)[node], abs=0.03)


def told(change=lambda answer: answer, grid=None, side=None):
    """The status of a clearing whose answer, or the side of one offer, is changed."""
    grid = five_bus(least_rise=1.0) if grid is None else grid
    operator, nothing = Operator(grid), np.zeros(grid.nodes)
    load = operator.programme.load(grid.demand, nothing)
    active, met = operator.settled(load)
    if side is not None:
        active.side[side[0]] = side[1]
    answer = change(System(operator.programme, active).answers(load)[0])
    return cleared(operator.programme, active, load, answer, met, grid.demand, nothing)


def moved(by, *offers):
    """A change of an answer: as much more of the first offer as less of the second."""

    def change(answer):
        q = answer.q.copy()
        for offer, sign in zip(offers, (1, -1), strict=False):
            q[offer] += sign * by
        return answer._replace(q=q)

    return change


def test_what_misses_a_limit_by_more_than_rounding_is_inaccurate():
    assert told().status is Status.SOLVED
    for change in (moved(1e-7, 0, 4), moved(-1e-7, 5), moved(1e-7, 4, 0)):
        assert told(change).status is not Status.SOLVED, "an end, or the full line"
    assert told(moved(1e-11, 0, 4)).status is Status.SOLVED
    assert told(moved(1e-7, 2, 3)).status is Status.INACCURATE  # the full line alone: both run within their ends
    assert told(side=(0, -1)).status is Status.INACCURATE  # idle though it is cheap
    assert told(side=(3, 1)).status is not Status.SOLVED  # full though it is dear


def test_multipliers_and_prices_are_told_in_money_whatever_the_units():
    one, other = five_bus(least_rise=1.0), five_bus(least_rise=0.25)
    costs = other.generators
    costs = type(costs)(costs.node, costs.cost / 4, costs.rise / 4, costs.least, costs.capacity)
    lower = clear(type(other)(other.names, other.demand, other.lines, costs, least_rise=0.25))
    assert 4 * lower.prices == pytest.approx(clear(one).prices)
    assert 4 * lower.multipliers == pytest.approx(clear(one).multipliers) and np.any(lower.multipliers != 0)


def test_the_node_where_load_is_shed_or_output_spilled_is_named():
    lines = [(0, 1, 1.0, 1.0), (1, 2, 1.0, 1.0)]
    short = clear(nodal_grid("abc", demand=[0, 0, 5], lines=lines, generators=[(0, 1.0, 0.1, 9.0)]))
    assert (short.status, short.why) == (Status.SHORT, "load at node c is shed")
    assert short.shed == pytest.approx([0, 0, 4])
    spilled = clear(
        nodal_grid("abc", demand=[0, 3, 0], lines=lines, generators=[(0, 1.0, 0.1, 9.0)]), injected=[0, 0, 4]
    )
    assert spilled.status is Status.INFEASIBLE and "node c cannot" in spilled.why
    assert spilled.spilled == pytest.approx([0, 0, 3])


@pytest.mark.parametrize("seed", SEEDS)
def test_an_operator_who_has_cleared_before_clears_as_a_new_one(seed):
    grid, _, _ = drawn(seed)
    rng, operator = np.random.default_rng(seed), Operator(grid)
    for _ in range(4):
        bought, sold = players(rng, grid)
        again, fresh = (one.clear(grid.demand + bought, sold) for one in (operator, Operator(grid)))
        assert again.status == fresh.status and again.cost == pytest.approx(fresh.cost, rel=1e-8, abs=1e-8)
        near = grid.demand + bought * (1 + 1e-3 * rng.random(grid.nodes))
        assert operator.clear(near, sold).cost == pytest.approx(clear(grid, near, sold).cost, rel=1e-8, abs=1e-8)


def test_a_curve_goes_on_beyond_its_end_as_its_last_piece_does():
    found = curve(Operator(five_bus(least_rise=0.5)), np.eye(5)[1], until=300.0)
    assert found.value(np.array([450.0])) == pytest.approx(found.after[-1:] + found.slopes[-1] * 150)
    quantities, prices, slope = found.points()
    assert slope == found.slopes[-1] and quantities[0] == 0
    assert np.all((np.diff(quantities) > 0) | (np.diff(prices) > 0))
    ends = np.concatenate([found.starts, found.ends])
    assert set(np.round(quantities, 9)) == set(np.round(ends, 9))
    inner = (quantities[1:] + quantities[:-1])[np.diff(quantities) > 0] / 2
    assert np.interp(inner, quantities, prices) == pytest.approx(found.value(inner))


@pytest.mark.parametrize("size", [0.01, 1.0, 100.0])
def test_pieces_that_are_points_go_and_straight_neighbours_join(size):
    rows = [(0.0, 1.0, 1.0, 2.0, 1.0), (1.0, 1.0, 2.0, 2.0, 9.0), (1.0, 2.0, 2.0, 3.0, 1.0), (2.0, 3.0, 3.0, 5.0, 2.0)]
    rows += [(3.0, 4.0, 6.0, 8.0, 2.0), (4.0, 5.0, 8.0, 10.0, 2.0), (5.0, np.inf, 10.0, np.inf, 2.0)]
    pieces = np.array(rows) * np.array([1.0, 1.0, size, size, size])
    found = _joined(pieces.T.copy())
    expected = [(0.0, 2.0, 1.0, 3.0, 1.0), (2.0, 3.0, 3.0, 5.0, 2.0), (3.0, np.inf, 6.0, np.inf, 2.0)]
    np.testing.assert_allclose(np.array(found).T, np.array(expected) * [1.0, 1.0, size, size, size])
    point = _joined(np.array([[0.0, 0.0, 2.0, 2.0, 1.0], [0.0, 0.0, 3.0, 3.0, 5.0]]).T.copy())
    assert np.array(point).T.tolist() == [[0.0, 0.0, 3.0, 3.0, 5.0]]


def test_output_that_is_all_spilled_earns_no_less_than_minus_lost_load():
    """The line a-c is full: a unit at c keeps two from a, worth 2 · 100 and more; it is spilled at 100 instead."""
    data = {"lines": LOOP["lines"], "elastic": [(0, 30.0, 99.0)], "value_of_lost_load": 100.0}
    found = clear(nodal_grid("abc", **data), injected=[0, 5, 0.1])
    assert found.spilled[2] == pytest.approx(0.1) and found.balances[2] < -150
    assert found.prices[2] == -100 and found.prices[1] == pytest.approx(-100)
    assert found.prices[0] == found.balances[0] > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_pieces_end_where_a_limit_is_met_and_not_beyond(seed):
    """With phase shifts: at its end a piece still keeps all limits, and is at the one that comes in."""
    grid, programme, load = drawn(seed, shifts=0.6)
    active, _, met = settle(programme, merit_order(programme, load), load)
    path = Path(programme, active, load, programme.rate(np.eye(grid.nodes)[-1]))
    for _ in range(6 * met):
        piece = path.piece()
        if piece.event is None:
            return
        at = path.start.moved(path.rate, path.at + piece.length)
        answer = piece.now._replace(q=piece.now.q + piece.length * piece.change.q)
        assert worst(programme, path.active, at, answer) is None or piece.length < 1e-9
        if piece.event[0] == "in":
            assert missed(programme, at, answer, piece.event[1]) == pytest.approx(0, abs=1e-9)
        if not path.go(piece.length, piece.event):
            return


@pytest.mark.parametrize("power", [1e-6, 1.0, 1e6])
def test_shifts_on_a_tree_of_lines_drive_no_flow_whatever_its_unit(power):
    rng = np.random.default_rng(0)
    for _ in range(20):
        head = [int(rng.integers(0, k)) for k in range(1, 9)]
        lines = LimitedLines(list(range(1, 9)), head, rng.uniform(0.3, 20, 8), rng.uniform(-9, 9, 8), np.ones(8))
        assert not np.any(Transfer(NodalGrid(tuple("abcdefghi"), np.zeros(9), lines, power=power)).loop)
