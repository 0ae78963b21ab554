"""How fast days are: a street decided directly, a round of aggregators, and one solver against the other."""

from functools import partial

import numpy as np

from benchmarks.rows import Row, one_pass, peak_memory, timed, within
from market.aggregator.days.block import Homes, sellers
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.equilibrium import potential_programme, potential_solution
from market.aggregator.days.parts import Battery, Car, Consumption, Solar
from market.aggregator.days.programme import solve
from market.aggregator.days.rounds import in_turn, start_plan
from market.aggregator.days.rounds import solve as solve_day
from market.aggregator.days.seats import Seats
from market.aggregator.equilibrium import solve as solve_game
from market.aggregator.game import Block, Game
from market.prices import Affine
from market.utilities import Quadratic

DIRECTLY = ((1_000, 24, 2.0), (1_000, 96, 10.0), (10_000, 24, 60.0))  # households, periods, seconds at most
QUICK = ((100, 24, 2.0),)
AGGREGATORS, HOUSEHOLDS, ROUND_SECONDS = 20, 50, 2.0
SOLAR, BATTERIES, CARS = 0.3, 0.3, 0.2  # shares of the households
MOST_GIB = 4.0  # of the largest street
ONE_PERIOD = ((1_000, 20, 0.0), (1_000, 1_000, 0.0), (100, 4, 1.0), (100, 4, np.inf))  # users, players, alpha
ALONE_AT_MOST = 2.0  # times as long as the market without days a day of one period takes, which is laid out besides
AT_LEAST = 1.5  # times as long as piqp Clarabel takes


def rows(quick=False):
    """All rows; `quick` takes fewer households, and says so in the sizes."""
    sizes = QUICK if quick else DIRECTLY
    largest = sizes[-1][:2]
    timed_rows = [*(directly(*size) for size in sizes), a_round(2 if quick else AGGREGATORS)]
    alone = [one_period(*case) for case in (ONE_PERIOD[:1] if quick else ONE_PERIOD)]
    return [*timed_rows, memory(*largest), *alone, solvers(sizes[0][0])]


def street(households, periods, players, seed=0):
    """A street whose prices do not depend on its length: solar, batteries and cars are drawn."""
    rng, clock = np.random.default_rng(seed), Clock(periods, 24 / periods)
    hour = clock.begins + clock.hours / 2
    profile = 0.6 + 0.5 * np.exp(-(((hour - 19) / 2.5) ** 2)) + 0.3 * np.exp(-(((hour - 8) / 1.5) ** 2))
    solar, battery, car = (np.flatnonzero(rng.random(households) < share) for share in (SOLAR, BATTERIES, CARS))
    everybody = np.arange(households)
    parts = {
        "consumption": Consumption(
            everybody, rng.uniform(0.1, 0.5, households), rng.uniform(0.3, 0.8, households), profile * clock.hours
        ),
        "solar": Solar(solar, rng.uniform(2, 6, len(solar)), np.maximum(np.sin((hour - 6) / 12 * np.pi), 0.0)),
        "battery": Battery(battery, rng.uniform(4, 12, len(battery)), rng.uniform(2, 5, len(battery))),
        "car": Car(car, rng.uniform(4, 12, len(car)), 7.0, 18.0, 7.0),
    }
    sizes = np.full(players, households // players)
    block = Homes("homes", "aggregator", sizes, parts, sellers(households, parts))
    return Day(clock, (Affine(0.1, 0.3 / (households * clock.hours)),) * periods, (block,))


def directly(households, periods, most):
    """Seconds of the direct solution, its gap not counted, as a share of a target."""
    day = street(households, periods, households)
    seconds, _ = timed(partial(potential_solution, day, certify=False), 1)
    said = f"a day of {households:,} households × {periods} directly"
    return _within(said, seconds, most, day)


def a_round(aggregators):
    """Seconds of one round of aggregators in turn after a first one, as a share of a target."""
    seats = Seats(street(aggregators * HOUSEHOLDS, 24, aggregators))
    plan, _ = in_turn(seats, start_plan(seats), range(aggregators))
    seconds, _ = timed(lambda: in_turn(seats, plan, range(aggregators)), 1)
    return _within(
        f"a round of {aggregators} aggregators × {HOUSEHOLDS} households × 24", seconds, ROUND_SECONDS, seats.day
    )


def memory(households, periods):
    """Peak memory of a process of its own that decides a street's day directly."""
    work = f"potential_solution(street({households}, {periods}, {households}), certify=False)"
    programme = potential_programme(street(households, periods, households))
    data = sum(each.nbytes for each in (programme.cost, programme.square, programme.low, programme.high))
    gib = peak_memory("from benchmarks.days import potential_solution, street", work)
    return within(f"a day of {households:,} households × {periods}", gib, MOST_GIB, data + programme.rows.data.nbytes)


def one_period(users, players, alpha):
    """How many times as long as the market without days a day of one period takes, its gap proven in both."""
    rng, sizes = np.random.default_rng(0), np.full(players, users // players)
    a, b, price = rng.uniform(0.1, 0.9, users), rng.uniform(2, 10, users), Affine(0.4, 0.02)
    parts = {"consumption": Consumption(np.arange(users), a, b)}
    homes = Homes("homes", "aggregator", sizes, parts, np.zeros(users, bool), alpha)
    game = Game(price, (Block("homes", "aggregator", Quadratic(a, b), alpha, 0.01, sizes),))
    ours = timed(lambda: solve_day(Day(Clock(1), (price,), (homes,))))[0]
    theirs = timed(lambda: solve_game(game))[0]
    said, ratio = f"a day of one period, {users:,} users of {players:,} players, α = {alpha:g}", ours / theirs
    texts = f"{1e3 * ours:.1f} ms", f"{1e3 * theirs:.1f} ms without days"
    return Row(said, *texts, ratio, f"≤ {ALONE_AT_MOST:g}", ratio <= ALONE_AT_MOST, one_pass(ours, a, b))


def solvers(households):
    """How many times as long as the solver of choice the one that checks it takes."""
    day = street(households, 24, households)
    programme = potential_programme(day)
    ours, theirs = (timed(lambda s=s: solve(programme, day.energy_unit, s), 1)[0] for s in ("piqp", "clarabel"))
    ratio = theirs / ours
    said = f"the programme of {households:,} households × 24"
    limit = _one_pass(ours, day)
    return Row(said, f"piqp {ours:.2f} s", f"Clarabel {theirs:.2f} s", ratio, f"≥ {AT_LEAST}", ratio >= AT_LEAST, limit)


def _within(said, seconds, most, day):
    limit = _one_pass(seconds, day)
    return Row(said, f"{seconds:.2f} s", f"{most:g} s", seconds / most, "≤ 1", seconds <= most, limit)


def _one_pass(seconds, day):
    """Reading the numbers of a day's programme once."""
    programme = potential_programme(day)
    return one_pass(seconds, programme.cost, programme.square, programme.low, programme.high, programme.rows.data)
