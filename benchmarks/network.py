"""How fast grids are cleared, residual curves traced and games settled and certified on one core."""

from functools import partial
from time import process_time

import numpy as np
from scipy import sparse

from benchmarks.rows import Row, least, one_pass, timed
from market.aggregator.game import Block
from market.aggregator.network.certificate import certified
from market.aggregator.network.direct import replies
from market.aggregator.network.game import NetworkGame, clear
from market.grid.clearing import Operator
from market.grid.interior import Angles
from market.grid.nodal import nodal_grid
from market.grid.residual import curve
from market.utilities import UTILITIES
from scenarios import draw, load

SEED = 0
SIZES = ((118, 0.010), (2_000, 0.3))  # nodes, and the most seconds that one curve may take
WANTED = 100.0  # energy: how far a curve goes
AGGREGATORS, USERS = 20, 500  # of a game, and of each aggregator
MOST_SECONDS, MOST_ROUNDS = 10.0, 20  # of processor time that a game may take, of rounds
OFTEN_FULL = 0.9  # of what lines carry without limits, those with one may carry


def rows(quick=False):
    """A clearing and a curve on grids of each size, and games; `quick` takes the small grid and no shipped game."""
    found = [row for nodes, most in SIZES[: 1 if quick else None] for row in of_size(nodes, most)]
    nodes = SIZES[0][0]
    found.append(of_game(f"game, {nodes} nodes", aggregators(meshed(nodes), USERS // 10 if quick else USERS)))
    return found if quick else [*found, of_game("rts_24_aggregators", draw(load("rts_24_aggregators")).game)]


def of_game(name, game):
    """Replies in turn from nothing bought until they settle, and the certificate, in seconds of processor time."""
    start = process_time()
    y, settled = replies(game, np.zeros(game.players), 1.0, MOST_ROUNDS)
    played = process_time()
    outcome = certified(game, clear(game, y))
    end = process_time()
    full = int(np.sum(outcome.cleared.multipliers != 0))
    ending = f"settled, gap {outcome.gap:.0e}" if settled else "not settled"
    return Row(
        f"{name}, {game.players} aggregators, {game.users:,} users, {full} full lines",
        f"{end - start:.1f} s",
        f"rounds {played - start:.1f} s, certificate {end - played:.1f} s; {ending}",
        MOST_SECONDS / (end - start),
        f"≤ {MOST_SECONDS:.0f} s",
        settled and end - start <= MOST_SECONDS,
        one_pass(end - start, *(block.utility.b for block in game.blocks)),
    )


def aggregators(grid, users):
    """Aggregators spread over a grid that anticipate it, every other one with users' shares proportionally fair."""
    rng = np.random.default_rng(SEED)
    blocks, places = [], []
    for k, node in enumerate(np.linspace(0, grid.nodes - 1, AGGREGATORS).astype(int)):
        utility = UTILITIES["quadratic"](a=rng.uniform(1, 3, users) * 2 * users, b=rng.uniform(25, 80, users))
        blocks.append(Block(f"homes {k}", "aggregator", utility, float(k % 2), 0.01, np.array([users])))
        places.append(np.eye(grid.nodes)[node])
    return NetworkGame(grid, tuple(blocks), tuple(places), ("network",) * AGGREGATORS)


def of_size(nodes, most):
    """A clearing from nothing against an interior point's, and a curve against a clearing of it for each piece."""
    grid = meshed(nodes)
    ours, cleared = timed(lambda: Operator(grid).clear())
    theirs, _ = timed(lambda: Angles(grid).balances(grid.demand, np.zeros(nodes)))
    factors, _ = timed(partial(factorised, grid))
    operator, weights = Operator(grid), np.eye(nodes)[nodes // 2]
    traced, found = timed(lambda: curve(operator, weights, until=WANTED))
    pieces, full = len(found.starts), int(np.sum(cleared.multipliers != 0))
    return [
        Row(
            f"clearing, {nodes:,} nodes, {full} full lines",
            f"{ours * 1e3:.1f} ms",
            f"{theirs * 1e3:.1f} ms, Clarabel over angles",
            theirs / ours,
            "≥ 0.33",
            theirs / ours >= 1 / 3,
            least(factors, ours, "one factorisation"),
        ),
        Row(
            f"residual curve, {nodes:,} nodes, {pieces} pieces",
            f"{traced * 1e3:.1f} ms",
            f"{theirs * pieces * 1e3:.0f} ms, a clearing by Clarabel for each piece",
            theirs * pieces / traced,
            f"≤ {most * 1e3:.0f} ms",
            traced <= most,
            least(factors, traced, "one factorisation"),
        ),
    ]


def factorised(grid):
    """SuperLU's factors of a grid's matrix of susceptances, one node's angle fixed."""
    lines, n = grid.lines, grid.nodes
    ends, value = (lines.tail, lines.head), lines.susceptance
    at, other = np.concatenate([*ends, *ends]), np.concatenate([*ends, *ends[::-1]])
    matrix = sparse.csc_array((np.concatenate([value, value, -value, -value]), (at, other)), shape=(n, n))
    return sparse.linalg.splu(matrix[1:, 1:])


def meshed(nodes):
    """A random grid with about one and a half lines and half a generator a node, on which a few lines are full."""
    rng = np.random.default_rng(SEED)
    tree = [(k, int(rng.integers(max(0, k - 8), k))) for k in range(1, nodes)]
    more = [(int(k), int(rng.integers(max(0, k - 20), k))) for k in rng.integers(1, nodes, nodes // 2)]
    ends, units = np.array(tree + more), nodes // 2
    susceptance = rng.uniform(5, 50, len(ends))
    demand = rng.uniform(0, 100, nodes)
    size = rng.uniform(0.5, 1.5, units) * demand.sum() * 2 / units
    generators = np.column_stack([rng.integers(0, nodes, units), rng.uniform(10, 40, units), 20 / size, size])
    open_lines = np.column_stack([ends, susceptance, np.full(len(ends), np.inf)])
    data = {"demand": demand, "generators": generators}
    flows = np.abs(Operator(nodal_grid(range(nodes), lines=open_lines, **data)).clear().flows)
    limit = np.where(rng.random(len(ends)) < 10 / len(ends), OFTEN_FULL, 1.5) * flows + 1
    return nodal_grid(range(nodes), lines=np.column_stack([ends, susceptance, limit]), **data)
