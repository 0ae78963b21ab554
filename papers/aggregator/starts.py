"""Evidence for Conjecture 1 on the paper's own markets: where do starts end, and how many roots are there?"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from market.outcome import Status
from papers.aggregator.fairness import ALPHAS, counted, one_sided, together
from papers.claims import FAIL, PASS, judge
from papers.figure import Reproduction, to_csv
from papers.study import solves
from scenarios import build, draw, load
from views.drawing import draw_to
from views.style import BLUE, LINES, MARKERS, PALETTE, VERMILLION, new_figure, styled

STARTS = 3  # random starts of every market and replication, besides that at zero
SAME_END = 1e-6  # ends closer than this share of the total are the same
MARKETS = {
    "fig. 6: large user, direct": ("large_direct", ()),
    "fig. 6: 2 aggregators, α = 0": ("large_two_welfare", ()),
    "fig. 10: both α = 0.5": together("0.5"),
    "fig. 6: 2 aggregators, α = 1": ("large_two_proportional", ()),
    "fig. 11: α = 0 and 1": one_sided("1"),
    "fig. 13: 8 aggregators, α = 1": ("many_aggregators_proportional", ()),
}
SWEEPS = {  # a set-up by alpha, its alphas
    "fig. 10: 2 aggregators, both α": (together, ALPHAS),
    "fig. 11: 2 aggregators, one α": (one_sided, ALPHAS),
    "fig. 13's users: 8 aggregators": (
        partial(counted, 8),
        tuple(alpha for alpha in ALPHAS if "." not in alpha or alpha == "1.5"),
    ),
}


class End(NamedTuple):
    """Where a run from a random start ended: settled, or at rest without that proof; rounds, purchases by player."""

    settled: bool
    at_rest: bool
    rounds: int
    y: np.ndarray


@dataclass(frozen=True)
class Start:
    """A stepped run from random purchases, each player's up to what its users want for free; number 0: from zero."""

    scenario: str
    changes: tuple
    replication: int
    number: int

    def answer(self):
        """The End of the run."""
        scenario = load(self.scenario, set=self.changes)
        drawn = draw(scenario, self.replication)
        rng = np.random.default_rng([self.replication, self.number])
        free = np.concatenate([block.by_player(np.add, block.utility.demand(0.0)) for block in drawn.game.blocks])
        start = free * rng.uniform(size=len(free)) if self.number else np.zeros(len(free))
        model = build(scenario, drawn=drawn, start=start, agent_threshold=0)
        status = model.run()
        return End(status == Status.SETTLED, status in (Status.SETTLED, Status.INACCURATE), model.round, model.y)


def _starts(market, replications):
    scenario, changes = MARKETS[market]
    return [
        [Start(scenario, changes, replication, number) for number in range(STARTS + 1)]
        for replication in range(replications)
    ]


def questions(replications):
    """Runs from random starts, the direct solutions beside them, and those of the sweeps over alpha."""
    runs = [start for market in MARKETS for many in _starts(market, replications) for start in many]
    set_ups = [*MARKETS.values(), *(set_up(alpha) for set_up, alphas in SWEEPS.values() for alpha in alphas)]
    return runs + [question for scenario, changes in set_ups for question in solves(scenario, replications, changes)]


def ends_table(study):
    """One row per market and replication: how far ends are apart and off the direct total, as shares of it."""
    rows = []
    for market in MARKETS:
        direct = study.solved(*MARKETS[market])
        for replication, many in enumerate(_starts(market, study.replications)):
            ends = [study.answers[start] for start in many]
            y, total = np.array([end.y for end in ends]), direct[replication].quantity
            rows.append(
                {
                    "market": market,
                    "replication": replication,
                    "starts": len(ends),
                    "settled": sum(end.settled for end in ends),
                    "at_rest": sum(end.at_rest for end in ends),
                    "most_rounds": max(end.rounds for end in ends),
                    "apart": np.ptp(y, axis=0).max() / total,
                    "from_direct": np.abs(y.sum(axis=1) - total).max() / total,
                    "roots": direct[replication].roots,
                    "unique": direct[replication].unique,
                }
            )
    return pd.DataFrame(rows)


def roots_table(study):
    """One row per set-up and alpha swept: markets, how many have no, one or several certified equilibria and roots."""
    rows = []
    for name, (set_up, alphas) in SWEEPS.items():
        for alpha in alphas:
            facts = study.solved(*set_up(alpha))
            found = np.array([one.equilibria for one in facts])
            rows.append(
                {
                    "market": name,
                    "alpha": alpha,
                    "markets": len(facts),
                    "none": int((found == 0).sum()),
                    "one": int((found == 1).sum()),
                    "several": int((found > 1).sum()),
                    "scanned_whole": sum(one.unique is not None or not one.equilibria for one in facts),
                    "several_roots": sum(one.roots > 1 for one in facts),
                    "largest_gap": max((one.gap for one in facts if one.certified), default=0.0),
                }
            )
    return pd.DataFrame(rows)


@styled
def starts_picture(ends, roots):
    """How far apart runs from different starts end, and markets without an equilibrium by alpha."""
    figure, (left, right) = new_figure(1, 2, width=15, height=6.2, width_ratios=(1.25, 1))
    for place, market in enumerate(MARKETS):
        apart = np.maximum(ends.loc[ends["market"] == market, "apart"].to_numpy(), 1e-17)
        spread = np.linspace(-0.25, 0.25, len(apart))
        left.plot(apart, -place + spread, "o", color=BLUE, alpha=0.5, markersize=5, markeredgewidth=0)
    left.axvline(SAME_END, color=VERMILLION, linestyle="--")
    left.annotate(
        "the same up to here",
        (SAME_END, 1),
        (-6, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=12,
        color=VERMILLION,
    )
    left.set_xscale("log")
    left.set_yticks(-np.arange(len(MARKETS)), list(MARKETS))
    left.set_ylim(-len(MARKETS) + 0.5, 0.9)
    left.set_xlabel("largest distance between ends, share of the total")
    left.set_title(f"{STARTS + 1} starts for each of {ends['replication'].nunique()} draws")
    for number, (name, (_, alphas)) in enumerate(SWEEPS.items()):
        none = roots.loc[roots["market"] == name, "none"].to_numpy()
        place = [ALPHAS.index(alpha) for alpha in alphas]
        right.plot(place, none, LINES[number], marker=MARKERS[number], color=PALETTE[number], label=name)
    right.set_xticks(range(len(ALPHAS)), ALPHAS)
    right.set_xlabel("α")
    right.set_ylabel("markets without an equilibrium")
    right.set_title(f"of {roots['markets'].max()} draws each")
    right.set_ylim(-0.2, max(roots["none"].max(), 4) * 1.6)
    right.yaxis.get_major_locator().set_params(integer=True)
    right.legend(loc="upper left")
    return figure


def write(study, folder):
    """Data, picture and claims about starts and roots."""
    ends, roots = ends_table(study), roots_table(study)
    to_csv(ends, folder / "starts.csv")
    to_csv(roots, folder / "roots.csv")
    draw_to(folder / "starts.png", starts_picture, ends, roots)
    return [_starts_claim(ends), *_roots_claims(roots)]


def _starts_claim(ends):
    numbers = {
        "markets drawn": len(ends),
        "runs": int(ends["starts"].sum()),
        "settled": int(ends["settled"].sum()),
        "at rest": int(ends["at_rest"].sum()),
        "largest distance of ends": ends["apart"].max(),
        "from the direct solution": ends["from_direct"].max(),
    }
    holds = bool(
        (ends["at_rest"] == ends["starts"]).all()
        and ends["apart"].max() <= SAME_END
        and ends["from_direct"].max() <= SAME_END
    )
    return judge("starts", "on the paper's markets (α ≤ 1) every start ends at the same point", holds, numbers)


def _roots_claims(roots):
    above = roots["alpha"].astype(float) > 1
    reason = (
        "an aggregator's reply jumps where it gives up its poorest user, and some draws have their root at the jump"
    )
    return [_roots_claim(roots[~above], "α ≤ 1"), _roots_claim(roots[above], "1 < α ≤ 5", FAIL, reason)]


def _roots_claim(some, words, expected=PASS, reason=""):
    counted_columns = {"one": "with one equilibrium", "none": "with none", "several": "with several"}
    numbers = {"markets": int(some["markets"].sum())} | {
        said: int(some[key].sum()) for key, said in counted_columns.items()
    }
    numbers |= {
        "with several roots": int(some["several_roots"].sum()),
        "scanned whole": int(some["scanned_whole"].sum()),
    }
    numbers["largest gap of an equilibrium"] = some["largest_gap"].max()
    holds = numbers["with one equilibrium"] == numbers["markets"] == numbers["scanned whole"]
    return judge(
        "starts",
        f"Conjecture 1 on the paper's markets, {words}: exactly one equilibrium",
        holds,
        numbers,
        expected,
        reason,
    )


STARTING = Reproduction("Evidence for Conjecture 1 on the paper's markets", write, questions)
