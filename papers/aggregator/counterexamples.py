"""Counter-examples to Theorem 2 and Conjecture 1, each computed and drawn."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.running import run
from market.aggregator.best_response import reply_curve
from market.aggregator.certificate import gap
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.outcome import Status
from market.prices import Linear
from market.utilities import Quadratic
from papers.aggregator.examples import least_regret, payoffs, turning_points
from papers.claims import FAIL, judge
from papers.figure import Reproduction, to_csv
from scenarios import draw, load
from views.aggregator.convergence import purchases_by_round
from views.drawing import draw_to
from views.plots import payoff, replies

FIGURE = "counterexamples"
POINTS = 1501  # of a payoff curve
REPLIES = 101  # of a reply curve
GRID = 301  # purchases of each player on the grid of regrets
PAIR = ("group.pair.utility.a=[0.09, 0.2]", "group.pair.utility.b=[4.14, 10]", "group.pair.fairness.alpha=0.4")
FAIRER = ("group.north.fairness.alpha=1.5", "group.south.fairness.alpha=1.5")


@dataclass(frozen=True)
class Replies:
    """A player's best replies to totals of the others from `low` to `high`, `fixed` added to each."""

    scenario: str
    player: int
    low: float
    high: float
    fixed: float = 0.0
    changes: tuple = ()
    replication: int = 0

    @property
    def others(self):
        return np.linspace(self.low, self.high, REPLIES)

    def answer(self):
        """Replies, shape (REPLIES,)."""
        game = draw(load(self.scenario, set=self.changes), self.replication).game
        return reply_curve(game, self.player, self.others + self.fixed)


@dataclass(frozen=True)
class Peaks:
    """One player's payoff over its purchase from `low` to `high`: two peaks where Theorem 2 promises one."""

    name: str
    title: str
    low: float
    high: float
    reason: str
    scenario: str = ""
    changes: tuple = ()
    outside: float = 0.0

    def game(self):
        """The game; the paper's own draw where no scenario is named."""
        return draw(load(self.scenario, set=self.changes)).game if self.scenario else paper_draw()


@dataclass(frozen=True)
class Pair:
    """Two players whose replies meet never, twice, or along a line."""

    name: str
    title: str
    high: float = 3.2

    def questions(self):
        return [Replies(self.name, j, 0.0, self.high) for j in (0, 1)]


def paper_draw(alpha=2.0):
    """100 users drawn as in section IV-A: a from U(0.1, 0.9), then b from U(0, 10); default_rng(1), offset 0.01."""
    rng = np.random.default_rng(1)
    a, b = rng.uniform(0.1, 0.9, 100), rng.uniform(0, 10, 100)
    block = Block("aggregator", "aggregator", Quadratic(a, b), alpha, 0.01, np.array([100]))
    return Game(Linear(c=0.001), (block,))


PRICED_OUT = "beyond the valley the user with the low reservation price is priced out and no longer held back for"
PEAKS = (
    Peaks("two_peaks", "two users, α = 0.75", 0.0, 4.0, PRICED_OUT, "two_peaks"),
    Peaks("two_peaks_low_alpha", "two users, α = 0.4", 3.4, 4.4, PRICED_OUT, "two_peaks", PAIR, 0.14034),
    Peaks(
        "two_peaks_offset",
        "100 users of the paper, α = 2, offset 0.01",
        40.0,
        200.0,
        "the offset softens the objective but users are still priced out one after another",
        outside=168.0,
    ),
    Peaks(
        "concave_kink",
        "one user, a price that flattens",
        0.0,
        16.0,
        "the price's slope falls, so buying more pays again",
        "concave_kink",
    ),
    Peaks("false_root", "one of two equal aggregators, α = 0.75, at a root", 0.0, 4.0, PRICED_OUT, "false_root"),
)
NONE = (
    Pair("no_equilibrium", "no equilibrium, α = 0.9"),
    Pair("no_equilibrium_offset", "no equilibrium, α = 2, offset 0.01"),
    Pair("no_equilibrium_maxmin", "no equilibrium, α = ∞"),
)
TWO = (
    Pair("two_equilibria", "two equilibria, α = 0.9"),
    Pair("two_equilibria_offset", "two equilibria, α = 2, offset 0.01"),
)
CONTINUUM = Pair("continuum", "a continuum of equilibria at a kink", 1.1)
PAPER_REPLICATION = 1


def paper_replies(j):
    """Replies of the aggregators of fig. 10 at alpha 1.5, the large user's purchase at its place in the cycle."""
    return Replies("fairness_together", j, 100.0, 260.0, 99.5, FAIRER, PAPER_REPLICATION)


def questions(replications):
    """All reply curves."""
    return [q for pair in (*NONE, *TWO, CONTINUUM) for q in pair.questions()] + [paper_replies(j) for j in (0, 1)]


def write(study, folder):
    """Data, a picture for each counter-example, and the claims they refute."""
    claims = [peaks_example(one, folder) for one in PEAKS[:-1]]
    claims.append(false_root(PEAKS[-1], folder))
    claims += [no_equilibrium(study, pair, folder) for pair in NONE]
    claims.append(paper_market(study, folder))
    claims += [two_equilibria(study, pair, folder) for pair in TWO]
    return [*claims, continuum(study, folder)]


def peaks_example(one, folder, outside=None):
    """Draw a payoff and count its peaks."""
    game = one.game()
    player, outside = game.player(0), one.outside if outside is None else outside
    y = np.linspace(one.low, one.high, POINTS)
    value = payoffs(game.price, player, outside, y)
    peaks, valleys = turning_points(y, value, lambda at: payoffs(game.price, player, outside, at))
    to_csv(pd.DataFrame({"y": y, "payoff": value}), folder / f"{one.name}.csv")
    draw_to(folder / f"{one.name}.png", payoff, y, value, peaks, valleys=valleys, title=one.title)
    numbers = {"peaks": len(peaks)}
    for name, points in (("peak", peaks), ("valley", valleys)):
        numbers |= {f"J({at:.6g}) at a {name}": height for at, height in points}
    return judge(FIGURE, f"Theorem 2, {one.title}: the payoff has one peak", len(peaks) == 1, numbers, FAIL, one.reason)


def false_root(one, folder):
    """A total at which every first-order condition holds, and the payoff of a player there."""
    solution = solve(one.game())
    worst = max(solution.candidates, key=lambda outcome: outcome.gap)
    peaks_example(one, folder, outside=worst.quantity - float(worst.y[0]))
    numbers = {
        "total": worst.quantity,
        "each buys": float(worst.y[0]),
        "relative regret": worst.gap,
        "roots": len(solution.candidates),
    }
    text = "two equal aggregators, α = 0.75: where all first-order conditions hold, nobody gains by moving"
    return judge(FIGURE, text, worst.gap <= 1e-6, numbers, FAIL, "the condition holds at a lower peak too")


def _curves(study, pair, names):
    one, other = pair.questions()
    return (names[0], one.others, study.answers[one]), (names[1], other.others, study.answers[other])


def _cycle(result):
    """Purchases after every single move of the last cycle, shape (2 * cycle, 2): players move in turn."""
    y = purchases_by_round(result)[-result.cycle :, :2]
    before = np.roll(y, 1, axis=0)
    return np.stack([np.column_stack([y[:, 0], before[:, 1]]), y], axis=1).reshape(-1, 2)


def _end_of_rounds(result):
    return {
        f"cycle point {k + 1}, {who}": v
        for k, y in enumerate(_cycle(result)[1::2])
        for who, v in zip(("first", "second"), y, strict=True)
    }


def no_equilibrium(study, pair, folder):
    """Draw the cycle of a game without an equilibrium; the least regret of any profile on a grid."""
    result, game = run(pair.name), draw(load(pair.name)).game
    solution = solve(game)
    cycling = result.status == Status.CYCLING
    names = [block.name for block in game.blocks]
    draw_to(
        folder / f"{pair.name}.png",
        replies,
        *_curves(study, pair, names),
        cycle=_cycle(result) if cycling else None,
        title=pair.title,
    )
    numbers = {
        "equilibria": len(solution.equilibria),
        "least regret of a root": solution.outcome.gap,
        "period": result.cycle or 0,
    }
    numbers |= _end_of_rounds(result) if cycling else {}
    if not game.player(0).objective.common_surplus:
        numbers["least regret on a grid of profiles"], _ = least_regret(game, 4.0, GRID)
    reason = "the first aggregator's reply jumps over the place where the curves would meet"
    return judge(
        FIGURE, f"Conjecture 1, {pair.title}: there is an equilibrium", bool(solution.equilibria), numbers, FAIL, reason
    )


def paper_market(study, folder):
    """A market drawn as the paper draws its own, alpha 1.5, that has no equilibrium."""
    result = run("fairness_together", set=FAIRER, replication=PAPER_REPLICATION)
    solution = solve(result.game)
    one, other = paper_replies(0), paper_replies(1)
    curves = ("north", one.others, study.answers[one]), ("south", other.others, study.answers[other])
    cycling = result.status == Status.CYCLING
    title = "fig. 10's market, α = 1.5: no equilibrium"
    draw_to(
        folder / "paper_market.png",
        replies,
        *curves,
        cycle=_cycle(result) if cycling else None,
        title=title,
        from_zero=False,
    )
    numbers = {
        "equilibria": len(solution.equilibria),
        "least regret of a root": solution.outcome.gap,
        "period": result.cycle or 0,
    }
    numbers |= _end_of_rounds(result) if cycling else {}
    text = "Conjecture 1, fig. 10's market at α = 1.5 (second draw): there is an equilibrium"
    return judge(
        FIGURE,
        text,
        bool(solution.equilibria),
        numbers,
        FAIL,
        "an aggregator's reply jumps where it gives up its poorest user",
    )


def two_equilibria(study, pair, folder):
    """Draw two equilibria of two equal aggregators."""
    game = draw(load(pair.name)).game
    solution = solve(game)
    ends = [tuple(outcome.y) for outcome in solution.equilibria]
    draw_to(
        folder / f"{pair.name}.png",
        replies,
        *_curves(study, pair, ("first", "second")),
        equilibria=ends,
        title=pair.title,
    )
    numbers = {f"equilibrium {k + 1}, each buys": y[0] for k, y in enumerate(ends)}
    numbers["largest regret"] = max(outcome.gap for outcome in solution.equilibria)
    reason = "serving both users or one: either is best if the other aggregator does the same"
    return judge(
        FIGURE, f"Conjecture 1, {pair.title}: the equilibrium is unique", len(ends) == 1, numbers, FAIL, reason
    )


def continuum(study, folder):
    """Draw the line of equilibria at a convex kink and check three of them and two points beyond."""
    game = draw(load(CONTINUUM.name)).game
    ends = 2 / 11, 9 / 11

    def regret(x):
        y = np.array([x, 1 - x])
        return gap(game, y, y)[0]

    inside = max(regret(x) for x in np.linspace(*ends, 9))
    outside = min(regret(x) for x in (ends[0] - 0.02, ends[1] + 0.02))
    line = [[ends[0], ends[1]], [ends[1], ends[0]]]
    curves = _curves(study, CONTINUUM, ("first user", "second user"))
    draw_to(folder / "continuum.png", replies, *curves, line=line, title=CONTINUUM.title)
    numbers = {
        "from x": ends[0],
        "to x": ends[1],
        "largest regret on the line": inside,
        "least regret just beyond": outside,
    }
    text = f"Conjecture 1, {CONTINUUM.title}: the equilibrium is unique"
    return judge(
        FIGURE,
        text,
        inside > 1e-6,
        numbers,
        FAIL,
        "the price's slope jumps from 1 to 10: nobody gains by moving either way",
    )


COUNTEREXAMPLES = Reproduction("Counter-examples to Theorem 2 and Conjecture 1", write, questions)
