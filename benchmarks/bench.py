"""What `run.py bench` measures: each row a ratio of two things timed in the same run."""

from functools import partial

import numpy as np

from agents import AggregatorModel
from benchmarks import bilateral, days, learning, microgrid, network, paper_method, rounds, start_up, sweeps
from benchmarks.rows import Row, least, linear, peak_memory, timed, within
from market.aggregator.best_response import best_response
from market.aggregator.clearing import certified
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.rounds import take_turns
from market.prices import Linear
from market.utilities import Quadratic
from scenarios import build, draw, load

SEED = 1
ROUGH_STEP = 1e-3  # Newton's last step in fig. 4's market that makes the answer as accurate as the paper's method
FORMULA = "one formula over all users"
NUMBERS_A_USER = 4  # two of its utility, what it buys and what it has of it


def ratios(quick=False):
    """All rows; `quick` takes a tenth of the users and says so in the sizes."""
    million = 100_000 if quick else 1_000_000
    rows = [
        *against_the_paper(),
        *against_one_formula(million),
        proof(million),
        growth_in_users(million),
        growth_in_players(million),
    ]
    rows += [mesa_round(quick), memory(million)]
    return [
        *rows,
        *rounds.rows(quick),
        *microgrid.rows(quick),
        *bilateral.rows(quick),
        *days.rows(quick),
        *network.rows(quick),
        *learning.rows(quick),
        *sweeps.rows(quick),
        *start_up.rows(quick),
    ]


def market(users, aggregators, alpha, seed=SEED):
    """A market of small users in aggregators, the price slope scaled so that prices are those of 200 users."""
    rng = np.random.default_rng(seed)
    utility = Quadratic(a=rng.uniform(0.1, 0.9, users), b=rng.uniform(0, 10, users))
    sizes = np.full(aggregators, users // aggregators)
    return Game(Linear(c=0.2 / users), (Block("small", "aggregator", utility, alpha, 0.01, sizes),))


def one_formula(game):
    """One plain NumPy evaluation of the quadratic formula over all users: the unit for large markets."""
    a, b = (np.concatenate([getattr(block.utility, name) for block in game.blocks]) for name in ("a", "b"))

    def evaluate(kappa=0.3, price=1.0, offset=0.01):
        d = b - price
        linear, constant = kappa * d + 2 * a, d - kappa * offset
        return 2 * constant / (linear + np.sqrt(linear * linear - 4 * kappa * a * constant))

    with np.errstate(invalid="ignore"):
        return timed(evaluate, 5)[0]


def against_the_paper():
    """Fig. 4's market: direct, stepped, and with proof, against the paper's method at no better accuracy."""
    game = draw(load("two_aggregators")).game
    baseline, (theirs, taken) = timed(partial(paper_method.equilibrium, game, 1e-5), 1)
    exact = solve(game).outcome.y
    away = np.max(np.abs(theirs - exact)) / exact.sum()
    against = f"{baseline:.2f} s, {taken} best responses, off by {away:.0e}"
    ours_away = np.max(np.abs(solve(game, certify=False, last_step=ROUGH_STEP).outcome.y - exact)) / exact.sum()
    rows, unit = [], one_formula(game)
    for name, function, target in (
        (f"fig. 4, direct, off by {ours_away:.0e}", lambda: solve(game, certify=False, last_step=ROUGH_STEP), 1000),
        ("fig. 4, direct, to rounding", lambda: solve(game, certify=False), None),
        ("fig. 4, all roots, each certified", lambda: solve(game), None),
        ("fig. 4, rounds of Mesa agents", lambda: build("two_aggregators").run(), 60),
    ):
        ours, _ = timed(function, 9)
        ratio = baseline / ours
        goal = "–" if target is None else f"≥ {target:,}"
        rows.append(
            Row(
                name,
                f"{ours * 1e3:.2f} ms",
                against,
                ratio,
                goal,
                None if target is None else ratio >= target,
                least(unit, ours, FORMULA),
            )
        )
    return rows


def against_one_formula(users):
    """A large market solved directly, in evaluations of one formula over the same users."""
    rows = []
    for alpha, most in ((1.0, 25), (3.0, 120)):
        game = market(users, 100, alpha)
        unit = one_formula(game)
        ours, _ = timed(partial(solve, game, certify=False), 3)
        name = f"{users:,} users, 100 aggregators, alpha = {alpha:g}"
        rows.append(
            Row(
                name,
                f"{ours:.2f} s",
                f"{unit * 1e3:.1f} ms, one formula",
                ours / unit,
                f"≤ {most}",
                ours / unit <= most,
                least(unit, ours, FORMULA),
            )
        )
    return rows


def proof(users):
    """The certificate of a large market, in direct solves of it: an upper bound on every player's regret."""
    game = market(users, 100, 1.0)
    seconds, outcome = timed(lambda: solve(game, certify=False).outcome, 3)
    ours, told = timed(partial(certified, game, outcome), 1)
    name = f"proof, {users:,} users, 100 aggregators"
    good = told.proven and ours / seconds <= 15
    return Row(
        name,
        f"{ours:.2f} s",
        f"{seconds:.2f} s, direct",
        ours / seconds,
        "≤ 15",
        good,
        least(one_formula(game), ours, FORMULA),
    )


def growth_in_users(most):
    """Slope of log time against log users at 100 users an aggregator."""
    sizes = [most // 100, most // 10, most]
    seconds = [timed(partial(solve, market(users, users // 100, 1.0), certify=False), 3)[0] for users in sizes]
    slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    times = ", ".join(f"{second * 1e3:.0f} ms" for second in seconds)
    sized = " → ".join(f"{n:,}" for n in sizes)
    name = "growth with users (log-log slope)"
    return Row(name, times, sized, slope, "≤ 1.1", slope <= 1.1, linear(slope))


def growth_in_players(users):
    """Time with many aggregators over time with few, the users fixed."""
    few, many = 10, 10_000
    seconds = [timed(partial(solve, market(users, m, 1.0), certify=False), 3)[0] for m in (few, many)]
    ratio = seconds[1] / seconds[0]
    return Row(
        f"{many:,} aggregators of {users // many} users",
        f"{seconds[1]:.2f} s",
        f"{seconds[0]:.2f} s, {few} aggregators",
        ratio,
        "≤ 3",
        ratio <= 3,
        least(one_formula(market(users, many, 1.0)), seconds[1], FORMULA),
    )


def mesa_round(quick):
    """A round of the Mesa model against the bare best responses of the same round."""
    change = ("group.0.users=10000", "group.0.count=100") if quick else ()
    scenario = load("large_market", set=change)
    game = draw(scenario).game
    model = AggregatorModel(game)
    model.step()
    y = model.y.copy()
    seats = [(where, partial(bare_decision, game.price, agent.player)) for where, agent in model.seats]
    bare, _ = timed(lambda: take_turns(seats, y, range(len(seats)), 1.0), 1)
    ours, _ = timed(model.step, 1)
    name = f"Mesa round, {game.users:,} users, {game.players:,} aggregators"
    limit = least(one_formula(game), ours, FORMULA)
    against = f"{bare:.2f} s, best responses one by one"
    return Row(name, f"{ours:.2f} s", against, ours / bare, "≤ 0.5", ours / bare <= 0.5, limit)


def bare_decision(rule, player, outside, now):
    """A player's best response without any agent."""
    return best_response(rule, player, outside, float(now[0]))


def memory(users):
    """Peak memory of a process of its own that draws and solves a large market."""
    gib = peak_memory("from benchmarks.bench import market, solve", f"solve(market({users}, 100, 1.0), certify=False)")
    return within(f"{users:,} users", gib, 1, NUMBERS_A_USER * 8 * users)
