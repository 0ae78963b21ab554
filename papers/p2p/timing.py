"""How long one agent's step takes, each rule and solver measured in one process, one after another."""

from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd

from market.bilateral.negotiation import HalfSpace, MessageNetwork
from market.bilateral.negotiation.benchmark import SOLVERS, bounding_set, exact
from market.bilateral.negotiation.consensus import both_sides
from market.bilateral.negotiation.half_space import half_space, half_space_alone
from market.bilateral.negotiation.network import metropolis
from market.bilateral.negotiation.tight import tight
from market.bilateral.signing import signed
from papers.p2p.cells import COARSE, market, rule_of

ALONE, AT_ONCE = "an agent alone", "all agents at once"
NAMES = {
    "general": "Clarabel through cvxpy",
    "clarabel": "Clarabel itself",
    "osqp": "OSQP, set-up kept",
    "exact": "exact search, vectorised",
}
AGENTS, INSTANTS, REPEATS = 6, 5, 3  # agents timed alone, rounds whose proposals they step from, least time of so many
ROUNDS = 20  # of bilateral and corner negotiation
SEED = 0


def timings(sizes):
    """Columns size, how, rule, solver, microseconds: an agent's own step, averaging with neighbours left out.

    Alone: median over agents, each stepping from proposals of several rounds in turn, so that a kept set-up starts
    where the last round left it. At once: all agents in one call, divided by their number.
    """
    rows = []
    for size in sizes:
        bargain = signed(market(size, size, SEED))
        rows += [(size, *row) for row in (*_alone(bargain), *_at_once(bargain))]
    return pd.DataFrame(rows, columns=["size", "how", "rule", "solver", "microseconds"])


def averaged(bargain):
    """Proposals after averaging in INSTANTS rounds of half-space negotiation, a list of (m + n, m + n)."""
    rng, rule = np.random.default_rng(SEED), HalfSpace(network=MessageNetwork("periodic"))
    state, found = rule.start(bargain, rng), []
    for _ in range(INSTANTS):
        links = rule.network.links(state.plan[0], state.round, rng)
        found.append(metropolis(links) @ state.memory)
        state = rule.round(state, rng)
    return found


def _alone(bargain):
    before = averaged(bargain)
    agents = bargain.buyer[np.unique(np.linspace(0, len(bargain) - 1, min(AGENTS, len(bargain))).astype(int))]
    ours = [_each(_half_space_step(bargain, int(agent)), [p[agent] for p in before], 40) for agent in agents]
    rows = [(ALONE, "half-space", "none", 1e6 * float(np.median(ours)))]
    for solver, build in SOLVERS.items():
        if build is not None:
            theirs = [
                _each(build(bounding_set(bargain, int(agent))), [p[agent] for p in before], 1) for agent in agents
            ]
            rows.append((ALONE, "benchmark", NAMES[solver], 1e6 * float(np.median(theirs))))
    return rows


def _half_space_step(bargain, agent):
    """One buyer's own step as a function of its averaged proposal (m + n,)."""
    m, partner = len(bargain.buyer_idle), int(bargain.partner[agent])
    outside, worth = bargain.outside_value[agent], float(bargain.value[agent, partner])

    def step(proposal):
        others = proposal[m:].copy()
        return half_space_alone(proposal[agent], others, outside, partner, worth)

    return step


def _each(step, proposals, loops):
    """Seconds of a step, mean over the proposals in turn, the least of REPEATS means after one step untimed."""
    step(proposals[-1])
    return least(lambda: [step(one) for _ in range(loops) for one in proposals]) / (loops * len(proposals))


def least(function):
    """Least seconds of REPEATS calls."""
    found = []
    for _ in range(REPEATS):
        start = perf_counter()
        function()
        found.append(perf_counter() - start)
    return min(found)


def _at_once(bargain):
    before, agents = averaged(bargain), sum(bargain.value.shape)
    operators = {
        ("half-space", "none"): lambda one: both_sides(bargain, one, half_space, 1.0, None),
        ("tight", "none"): lambda one: both_sides(bargain, one, tight),
        ("benchmark", NAMES["exact"]): lambda one: exact(bargain, one),
    }
    rows = [(AT_ONCE, *name, 1e6 * _each(operator, before, 4) / agents) for name, operator in operators.items()]
    for name in ("bilateral", "bilateral, at once", "corner"):
        rule = rule_of(name, COARSE)
        rows.append((AT_ONCE, name, "none", 1e6 * least(partial(_rounds, rule, rule.start(bargain))) / ROUNDS / agents))
    return rows


def _rounds(rule, state):
    for _ in range(ROUNDS):
        state = rule.round(state)


def of(table, how, rule, solver="none"):
    """Microseconds by size, shape (sizes,)."""
    rows = table[(table["how"] == how) & (table["rule"] == rule) & (table["solver"] == solver)]
    return rows.sort_values("size")["microseconds"].to_numpy()
