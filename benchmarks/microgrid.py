"""How fast the microgrid market is: against a general solver, against its own lossy programme, as networks grow.

Every call gets a network object of its own, so that nothing remembered of its private lines counts as free; what
belongs to the public grid (inverse Laplacians, loss matrix) is built once before, and timed in a row of its own.
"""

from functools import partial

import cvxpy as cp
import numpy as np

from benchmarks.rows import Row, least, linear, one_pass, timed
from market.grid.lines import PublicLines
from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.network import Network
from market.microgrid.random_lines import random_private
from market.microgrid.tariff import Tariff
from market.programmes import solved
from scenarios.microgrid.cases import network_of_case

TARIFF = Tariff()
SEED = 0
OPTIMISING = ("cooperative", "integrated")
FEW, MANY = "1/n", "1/log(n)"
COPIES, QUICK_COPIES = (1, 2, 4, 10, 34), (1, 2)
LINES, MOST_SLOPE, MOST_SECONDS = 150, 1.3, 2.0  # private lines; with these the slope, and seconds of the largest grid
COPIES_OF_MANY = 10  # up to which half as many private lines as buses are tried: the work grows with their square
TIE = (0.001, 0.01)  # r and x in p.u. of the lines that join copies


def rows(quick=False):
    """All rows; `quick` solves lossy programmes once each and takes fewer buses, as the sizes say."""
    case = network_of_case("ieee300")
    grid = built(case)
    found = []
    for density, goal in ((FEW, 50), (MANY, 100)):
        network = wired(case, density)
        for name in OPTIMISING:
            ours = seconds_of(name, network, grid, "priced", 20)
            lossy = seconds_of(name, network, grid, "lossy", 1 if quick else 3)
            what, text = f"{name}, {len(network.private):,} private lines", f"{ours * 1e3:.2f} ms"
            limit = one_pass(ours, network.public.r, network.public.x, network.private.r, network.injection)
            found += against_cvxpy(what, text, ours, network, grid if name == "cooperative" else None, limit)
            against = f"{lossy * 1e3:.0f} ms, the same with lossy flows"
            found.append(Row(what, text, against, lossy / ours, f"≥ {goal}", lossy / ours >= goal, limit))
    return [*found, *growth(case, QUICK_COPIES if quick else COPIES)]


def wired(network, density):
    """The network with random private lines of mean resistance 0.01 p.u."""
    rng = np.random.default_rng(SEED)
    positions, lines = random_private(network.nodes, network.slack, density, rng, mean_resistance=0.01)
    return network.with_private(lines, positions)


def built(network):
    """The grid with all that is built once for it."""
    grid = build_grid(network)
    _ = grid.effects, grid.resistive
    return grid


def seconds_of(name, network, grid, losses, repeats):
    """Least seconds of a behaviour's whole call."""
    fresh = iter([network.with_private(network.private) for _ in range(repeats)])
    return timed(lambda: BEHAVIOURS[name]().dispatch(next(fresh), grid, TARIFF, losses), repeats)[0]


def programme(network, grid, injection):
    """Least Σ r f² + Σ R g² as a plain problem: flows g and f, with a grid also the potentials that f follows.

    injection: shape (n,), an array or a parameter.
    """
    f, g, agents = cp.Variable(len(network.public)), cp.Variable(len(network.private)), network.agents
    public, private = (cp.Constant(ends[agents]) for ends in (network.public_incidence, network.private_incidence))
    rules = [public @ f + private @ g == injection[agents]]
    if grid is not None:
        theta = cp.Variable(network.nodes)
        rules += [cp.multiply(1 / grid.weight, f) == cp.Constant(grid.incidence.T) @ theta, theta[network.slack] == 0]
    loss = cp.sum(cp.multiply(network.public.r, cp.square(f))) + cp.sum(cp.multiply(network.private.r, cp.square(g)))
    return cp.Problem(cp.Minimize(loss), rules)


def solved_anew(network, grid):
    """Least loss by a problem stated, compiled and solved."""
    problem = programme(network, grid, network.injection)
    solved(problem)
    return problem.value


def against_cvxpy(what, text, ours, network, grid, limit):
    """Priced losses against cvxpy and Clarabel: all of it for this network, or compiled before and solved for new e."""
    anew, _ = timed(partial(solved_anew, network, grid), 5)
    injection = cp.Parameter(network.nodes, value=network.injection)
    problem = programme(network, grid, injection)
    solved(problem)
    again, _ = timed(partial(_with_injection, problem, injection, network.injection), 5)
    return [
        Row(what, text, f"{anew * 1e3:.1f} ms, cvxpy, all of it", anew / ours, "≥ 10", anew / ours >= 10, limit),
        Row(what, text, f"{again * 1e3:.1f} ms, cvxpy, compiled before", again / ours, "–", None, limit),
    ]


def _with_injection(problem, parameter, injection):
    parameter.value = injection
    return solved(problem)


def tiled(network, copies):
    """Copies of a network's public grid; the first one's slack feeds that of each other copy by one tie line."""
    n, public, others = network.nodes, network.public, np.arange(1, copies)
    shift = np.repeat(np.arange(copies) * n, len(public))
    r, x = (np.full(len(others), value) for value in TIE)
    lines = PublicLines(
        np.append(np.tile(public.tail, copies) + shift, np.full(len(others), network.slack)),
        np.append(np.tile(public.head, copies) + shift, others * n + network.slack),
        np.append(np.tile(public.r, copies), r),
        np.append(np.tile(public.x, copies), x),
    )
    return Network(np.tile(network.injection, copies), network.slack, lines)


def growth(case, copies):
    """Slopes of log time against log buses: of building a grid, and with few or half as many private lines as buses."""
    networks = [tiled(case, k) for k in copies]
    grids = [timed(partial(built, network), 3) for network in networks]
    built_in = [seconds for seconds, _ in grids]
    found = [_slope("factorising a grid once", networks, built_in)]
    few = [wired(network, LINES / (network.nodes * (network.nodes - 1) / 2)) for network in networks]
    half = [wired(network, FEW) for network, k in zip(networks, copies, strict=True) if k <= COPIES_OF_MANY]
    for name in OPTIMISING:
        seconds = [seconds_of(name, one, grid, "priced", 3) for one, (_, grid) in zip(few, grids, strict=True)]
        found.append(_slope(f"{name}, {LINES} private lines or so", networks, seconds, MOST_SLOPE))
        found.append(_largest(name, few[-1], seconds[-1], built_in[-1]))
        seconds = [seconds_of(name, one, grid, "priced", 1) for one, (_, grid) in zip(half, grids, strict=False)]
        found.append(_slope(f"{name}, a private line for two buses", half, seconds))
    return found


def _largest(name, network, seconds, factors):
    """What a dispatch takes of the seconds allowed; factorising its grid is what no sparse method can do without."""
    what = f"{name}, {network.nodes:,} buses, {len(network.private)} private lines"
    against = f"{MOST_SECONDS:g} s allowed; {factors * 1e3:,.3g} ms, factorising the grid"
    share = seconds / MOST_SECONDS
    return Row(
        what,
        f"{seconds * 1e3:,.3g} ms",
        against,
        share,
        "≤ 1",
        share <= 1,
        least(factors, seconds, "one factorisation"),
    )


def _slope(what, networks, seconds, most=None):
    slope = float(np.polyfit(np.log([network.nodes for network in networks]), np.log(seconds), 1)[0])
    times = ", ".join(f"{second * 1e3:,.3g} ms" if second < 1 else f"{second:.1f} s" for second in seconds)
    buses = " → ".join(f"{network.nodes:,}" for network in networks)
    goal, reached = ("–", None) if most is None else (f"≤ {most}", slope <= most)
    return Row(f"{what} (log-log slope)", times, f"{buses} buses", slope, goal, reached, linear(slope))
