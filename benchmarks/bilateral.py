"""How fast the bilateral market is: large negotiations, exact corners, one agent's step against a general solver.

An agent's step is timed alone on both sides: its own operator on an averaged proposal, the proposals of several rounds
in turn, so that a solver whose set-up is kept starts where the last round left it.
"""

from functools import partial

import numpy as np

from agents import BilateralModel
from benchmarks.rows import Row, linear, one_pass, timed
from market.bilateral.core import corners
from market.bilateral.matching import optimal_matching
from market.bilateral.negotiation import Bilateral, HalfSpace, MessageNetwork, negotiate
from market.bilateral.negotiation.benchmark import SOLVERS, bounding_set
from market.bilateral.negotiation.half_space import half_space_alone
from market.bilateral.negotiation.network import metropolis
from market.bilateral.signing import signed
from market.bilateral.trading import Period, Trading
from market.outcome import Status
from papers.p2p.cells import market as study_market

SEEDS, QUICK_SEEDS = 5, 2
LARGE, QUICK_LARGE = 1_000, 200  # agents a side
SIDES = 50  # of the market in which single steps are timed
SECONDS = 5.0
GROWTH, QUICK_GROWTH = (250, 500, 1_000, 2_000), (50, 100)
STEPS = {  # solver: (its name, at least so many times our step)
    "general": ("Clarabel through cvxpy", 30),
    "clarabel": ("Clarabel itself", None),
    "osqp": ("OSQP, set-up kept", 5),
}
AGENTS, INSTANTS, LOOPS = 6, 5, 100
ROUNDS = 30  # of Mesa agents


def rows(quick=False):
    """All rows; `quick` takes fewer agents and markets, and says so in the sizes."""
    large = QUICK_LARGE if quick else LARGE
    return [
        negotiation(large, QUICK_SEEDS if quick else SEEDS),
        exact_corners(large),
        *steps(),
        *growth(QUICK_GROWTH if quick else GROWTH, 1 if quick else 3),
        mesa_round(large),
    ]


def market(size, seed=0):
    """As many buyers as sellers, drawn as in the study of negotiation rules."""
    return study_market(size, size, seed)


def large_rule():
    """The rule for large markets: many pairs meet at once, claims move nearly twice what closes the gap."""
    return Bilateral(tolerance=1e-3, schedule="disjoint", relaxation=1.9)


def negotiation(size, seeds):
    """Seconds of whole negotiations to 1e-3 of a mean contract, the worst of several markets, its matching before."""
    found = [timed(partial(negotiate, large_rule(), signed(market(size, seed))), 1) for seed in range(seeds)]
    settled = all(state.status is Status.SETTLED for _, state in found)
    seconds = [one for one, _ in found]
    most = max(state.round for _, state in found)
    said = f"{max(seconds):.2f} s worst, {np.median(seconds):.2f} s median, up to {most:,} rounds"
    name = f"{size:,} × {size:,} negotiated to 1e-3, {seeds} markets" + ("" if settled else ", NOT all settled")
    ratio = max(seconds) / SECONDS
    limit = one_pass(max(seconds), market(size).pair_value)
    return Row(name, said, f"{SECONDS:g} s", ratio, "≤ 1", settled and ratio <= 1, limit)


def exact_corners(size):
    """SciPy's assignment beside both corners of the core, exact."""
    one = market(size)
    one.pair_value.max()
    theirs, _ = timed(partial(optimal_matching, one), 3)
    ours = min(timed(partial(corners, signed(one)), 1)[0] for _ in range(3))
    against = f"{theirs * 1e3:.1f} ms, SciPy's assignment"
    return Row(
        f"{size:,} × {size:,}, both exact corners",
        f"{ours * 1e3:.1f} ms",
        against,
        theirs / ours,
        "≥ 1",
        theirs >= ours,
        one_pass(ours, one.pair_value),
    )


def steps(size=SIDES):
    """One agent's half-space step against one agent's step of the benchmark, by its solver; medians over agents."""
    bargain = signed(market(size))
    before = averaged(bargain)
    agents = bargain.buyer[np.linspace(0, len(bargain) - 1, AGENTS).astype(int)].tolist()
    ours = float(np.median([per_step(half_space_step(bargain, a), [p[a] for p in before], LOOPS) for a in agents]))
    found = []
    for solver, (name, least) in STEPS.items():
        if solver not in SOLVERS:
            continue
        built = [(SOLVERS[solver](bounding_set(bargain, a)), [p[a] for p in before]) for a in agents]
        theirs = float(np.median([per_step(project, proposals, 1) for project, proposals in built]))
        ratio = theirs / ours
        goal, reached = ("–", None) if least is None else (f"≥ {least}", ratio >= least)
        text = f"{theirs * 1e6:,.0f} µs, benchmark step: {name}"
        limit = one_pass(ours, before[0][agents[0]])
        found.append(Row(f"half-space step, {size} a side", f"{ours * 1e6:.1f} µs", text, ratio, goal, reached, limit))
    return found


def averaged(bargain):
    """All agents' proposals after averaging in several rounds, a list of arrays (m + n, m + n)."""
    rng, rule = np.random.default_rng(0), HalfSpace(network=MessageNetwork("periodic"))
    state, found = rule.start(bargain, rng), []
    for _ in range(INSTANTS):
        found.append(metropolis(rule.network.links(state.plan[0], state.round, rng)) @ state.memory)
        state = rule.round(state, rng)
    return found


def half_space_step(bargain, buyer):
    """A buyer's own step as a function of its averaged proposal (m + n,); returns all it proposes."""
    m, partner = len(bargain.buyer_idle), int(bargain.partner[buyer])
    outside, worth = bargain.outside_value[buyer], float(bargain.value[buyer, partner])

    def step(proposal):
        after = proposal.copy()
        after[buyer] = half_space_alone(proposal[buyer], after[m:], outside, partner, worth)
        return after

    return step


def per_step(step, proposals, loops):
    """Least seconds of a step over three series, each through all proposals in turn."""
    step(proposals[-1])
    seconds, _ = timed(lambda: [step(one) for _ in range(loops) for one in proposals], 3)
    return seconds / (loops * len(proposals))


def growth(sizes, seeds):
    """Slopes of log time of a round and log rounds to 1e-3 against log agents; medians over markets."""
    found = [[timed(partial(negotiate, large_rule(), signed(market(n, s))), 1) for s in range(seeds)] for n in sizes]
    rounds = [float(np.median([state.round for _, state in each])) for each in found]
    of_round = [float(np.median([seconds / state.round for seconds, state in each])) for each in found]
    against = " → ".join(f"{n:,}" for n in sizes) + f" a side, {seeds} markets each"
    return [
        _slope("a round's time, growth with agents", sizes, of_round, [f"{s * 1e3:.2f} ms" for s in of_round], against),
        _slope("rounds to 1e-3, growth with agents", sizes, rounds, [f"{n:,.0f}" for n in rounds], against),
    ]


def _slope(what, sizes, values, said, against):
    slope = float(np.polyfit(np.log(sizes), np.log(values), 1)[0])
    return Row(f"{what} (log-log slope)", ", ".join(said), against, slope, "–", None, linear(slope))


def mesa_round(size):
    """A round of the Mesa model against the bare rule's round, ROUNDS of each after the first."""
    one, rule = market(size), large_rule()
    agents = np.arange(2 * size)
    trading = Trading(periods=(Period(one, agents[:size], agents[size:]),), agents=2 * size, rule=rule)
    model = BilateralModel(trading, rng=np.random.default_rng(0))
    model.step()
    state = rule.round(rule.start(signed(one)))
    ours, _ = timed(lambda: [model.step() for _ in range(ROUNDS)], 1)
    bare, last = timed(partial(_rounds, rule, state), 1)
    same = np.array_equal(model.state.u, last.u)
    name = f"Mesa round, {size:,} × {size:,}" + ("" if same else ", NOT the same claims")
    against = f"{bare / ROUNDS * 1e3:.2f} ms, bare rule's round"
    limit = one_pass(ours / ROUNDS, one.pair_value)
    return Row(name, f"{ours / ROUNDS * 1e3:.2f} ms", against, ours / bare, "≤ 2", same and ours / bare <= 2, limit)


def _rounds(rule, state):
    for _ in range(ROUNDS):
        state = rule.round(state)
    return state
