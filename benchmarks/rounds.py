"""What rounds cost: passes over the users, seconds of a large one, of the headline, and of who joins whom."""

from functools import partial

import numpy as np

from agents import AggregatorModel
from benchmarks.rows import Row, least, one_pass, timed
from benchmarks.sweeps import spent
from engine import run
from market.aggregator.best_response import best_responses
from scenarios import build, draw, load
from views.aggregator.headline import COMPARED

REPLICATIONS, CORES = 50, 2  # of the headline comparison
CONDITIONS = "one pass of the users' conditions"


def rows(quick=False):
    """All rows; `quick` takes a tenth of the users and fewer runs, as the sizes say."""
    return [*large_rounds(quick), joining(1_000 if quick else 10_000), headline(1 if quick else 3)]


def large_rounds(quick):
    """The third round of a large market in seconds, and its best responses in passes over the users."""
    game = draw(load("large_market", set=("group.0.users=10000", "group.0.count=100") if quick else ())).game
    model = AggregatorModel(game)
    model.step()
    model.step()
    y = model.y.copy()
    ours, _ = timed(model.step, 1)
    name = f"{game.users:,} users, {game.players:,} aggregators"
    best, _ = timed(partial(best_responses, game.price, game.blocks[0], y.sum() - y, y))
    unit, _ = timed(partial(conditions, game, model.outcome.price), 5)
    against, passes = f"{1e3 * unit:.1f} ms, {CONDITIONS}", best / unit
    whole, alone = least(unit, ours, CONDITIONS), least(unit, best, CONDITIONS)
    return [
        Row(f"Mesa round, {name} (s)", f"{ours:.2f} s", "–", ours, "≤ 0.25", ours <= 0.25, whole),
        Row(f"best responses, {name}", f"{1e3 * best:.0f} ms", against, passes, "≤ 30", passes <= 30, alone),
    ]


def conditions(game, price):
    """What every user takes at a price and multipliers, with its slopes: the unit of a round."""
    block = game.blocks[0]
    for chunk, player in block.pieces:
        block.objective.respond(chunk.utility, price, chunk.to_users(np.zeros(len(player))))


def joining(users):
    """A hundred rounds of users who choose between two aggregators by their terms, all at once."""
    half, slope = users // 2, 0.2 / users
    change = [f"group.welfare.users={half}", f"group.proportional.users={half}", f"price.c={slope}"]
    change += ['joining.order="together"', 'joining.foresight="terms"']
    model = build("joining_proportional", set=change)
    model.step()
    one = timed(lambda: [model.step(), model.step()], 1)[0] / 2
    name, utility = f"who joins whom, {users:,} users, 100 rounds (s)", model.joining.utility
    limit = one_pass(one, utility.a, utility.b)
    return Row(name, f"{100 * one:.1f} s", "–", 100 * one, "≤ 20", 100 * one <= 20, limit)


def headline(replications):
    """The headline's runs on two cores, as long as the processor time of a few of each scenario lets expect."""
    jobs = [(load(name), k) for name in COMPARED for k in range(replications)]
    run(jobs[0][0])
    alone = spent(lambda: [run(scenario, replication=k) for scenario, k in jobs])
    drawn = spent(lambda: [draw(scenario, k) for scenario, k in jobs])
    each, runs = alone / len(jobs), len(COMPARED) * REPLICATIONS
    seconds = each * runs / CORES
    name, texts = f"headline, {runs} runs on {CORES} cores (s)", (f"{seconds:.1f} s", f"{1e3 * each:.0f} ms a run")
    return Row(name, *texts, seconds, "≤ 12", seconds <= 12, least(drawn, alone, "drawing the users"))
