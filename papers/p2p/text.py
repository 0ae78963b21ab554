"""The comparison of negotiation rules as tables in words."""

import textwrap

import numpy as np

from papers.p2p.cells import COARSE, FINE, KINDS, SIZES, TARIFF, cap_of
from papers.p2p.timing import ALONE, AT_ONCE, NAMES, of
from views.tables import table

WIDTH = 118
BENCHMARK_SOLVERS = tuple(name for key, name in NAMES.items() if key != "exact")


def table_text(found, times, solvers):
    """All tables; found: {(rule, size): list of Ended}; times: as of `timings`; solvers: names of those measured."""
    parts = [
        "Peer-to-peer negotiation: a step, and steps to stable contracts",
        _wrapped(
            f"""Markets: as many buyers as sellers; the grid charges {TARIFF.buy:g} and pays {TARIFF.sell:g} a kWh;
            values of 0.15 to 0.25, asks of 0.05 to 0.15, tastes of at most 0.03 either way, 1 to 5 kWh each, all even
            draws. The paper (Raja, Grammatico) reports that a negotiation step is much faster than the benchmark's;
            its numbers, sizes and solver are not known to us, so the solver stands beside every time and ratio."""
        ),
        "One agent's own step alone, microseconds (averaging with neighbours left out; the same for all)",
        table(("agents a side", "half-space", *(f"benchmark: {name}" for name in solvers)), _alone(times, solvers)),
        "The benchmark's step over ours, by solver",
        table(("agents a side", *(f"{name} / half-space" for name in solvers)), _ratios(times, solvers)),
        "All agents in one vectorised call, microseconds an agent; bilateral and corner: a whole round",
        table(("agents a side", *AT_ONCE_COLUMNS), _at_once(times)),
        f"Rounds until no pair gains more than {COARSE:g} of the mean contract by leaving (median; > cap: not "
        "finished; in brackets how many of how many were)",
        table(
            ("agents a side", *KINDS),
            [(size, *(rounds_said(found[r, size], r, size) for r in KINDS)) for size in SIZES],
        ),
        "Seconds until then, or until the cap (mean, the rule's rounds alone, in one process beside others)",
        table(
            ("agents a side", *KINDS),
            [(size, *(float(np.mean([one.seconds for one in found[r, size]])) for r in KINDS)) for size in SIZES],
        ),
        "Numbers sent until then (median)",
        table(
            ("agents a side", *KINDS),
            [(size, *(f"{np.median([one.messages for one in found[r, size]]):,.0f}" for r in KINDS)) for size in SIZES],
        ),
        _wrapped(
            f"""How to read it. Tight, half-space, bilateral and corner negotiation know who has a contract with whom,
            the benchmark only what all gain together. Whole proposals travel on a ring with 30 % of the other links,
            dealt over three graphs that take turns; bids and asks go between any two. "In turn": every buyer meets
            the next seller; "at once": many pairs meet in a round, relaxation 1.9. Corner negotiation is exact when it
            ends. The benchmark's rounds are those of the exact search; other solvers take the same rounds, up to their
            accuracy. Prices to {FINE:g} and other questions: see the claims."""
        ),
    ]
    return "\n\n".join(parts) + "\n"


AT_ONCE_COLUMNS = {
    "half-space": ("half-space", "none"),
    "tight": ("tight", "none"),
    f"benchmark: {NAMES['exact']}": ("benchmark", NAMES["exact"]),
    "bilateral": ("bilateral", "none"),
    "bilateral, at once": ("bilateral, at once", "none"),
    "corner": ("corner", "none"),
}


def _alone(times, solvers):
    columns = [of(times, ALONE, "half-space"), *(of(times, ALONE, "benchmark", name) for name in solvers)]
    return [(size, *map(float, row)) for size, row in zip(SIZES, zip(*columns, strict=True), strict=True)]


def _ratios(times, solvers):
    ours = of(times, ALONE, "half-space")
    columns = [of(times, ALONE, "benchmark", name) / ours for name in solvers]
    return [
        (size, *(f"{value:.0f}" for value in row)) for size, row in zip(SIZES, zip(*columns, strict=True), strict=True)
    ]


def _at_once(times):
    columns = [of(times, AT_ONCE, *name) for name in AT_ONCE_COLUMNS.values()]
    return [(size, *map(float, row)) for size, row in zip(SIZES, zip(*columns, strict=True), strict=True)]


def rounds_said(ended, rule, size):
    """Median rounds as text; with what was not finished: above the cap, and how many were.

    >>> from papers.p2p.cells import Ended
    >>> nothing = (0.0,) * 5 + (0, 0.0)
    >>> rounds_said([Ended(9, True, *nothing)], "tight", 5)
    '9'
    >>> rounds_said([Ended(6000, False, *nothing)], "benchmark", 30)
    '> 6,000 (0/1)'
    """
    done = sum(one.settled for one in ended)
    middle = float(np.median([one.rounds if one.settled else np.inf for one in ended]))
    many = "" if done == len(ended) else f" ({done}/{len(ended)})"
    return (f"> {cap_of(rule, size):,}" if np.isinf(middle) else f"{middle:,.0f}") + many


def _wrapped(text):
    return textwrap.fill(" ".join(text.split()), WIDTH)
