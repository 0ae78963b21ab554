"""`reproduce learning`: who learns an equilibrium, how far the others end from one, and where nothing can be learned.

The question is this project's own; what fictitious play, gradients and rules without regret promise is in the sources
that docs/learning.md names.
"""

import textwrap

import pandas as pd

from market.numerals import plain
from papers.claims import FAIL, judge
from papers.figure import Reproduction, to_csv
from papers.learning.cells import JUDGING, LONG, NONE, ROUNDS, Ended, Unlearned, lessons, longs, questions
from papers.learning.pictures import ends, unlearned
from views.drawing import draw_to
from views.tables import table

FIGURE, TEXT, WIDTH = "learning", "table.txt", 110
KNOWING = ("best-response", "fictitious-play", "gradient", "inertial")  # their payoff function, or its slope
LUCKY = ("hedge", "bandit", "q-learning", "zero-intelligence")
WORDS = (
    "In no_equilibrium nothing can be learned: whatever both buy, somebody gains by another purchase. Hedge's regret a "
    "round vanishes all the same, since it is measured against one fixed purchase and not against answers to every "
    "round: what was played nears a coarse correlated equilibrium, while the gaps of its rounds and of their mean stay."
)


def write(study, folder):
    """Runs, a table, two pictures and the claims."""
    rows = pd.DataFrame(
        [
            {"market": one.market, "seed": one.seed, "rule": rule} | end._asdict()
            for one in lessons(study.replications)
            for rule, end in study.answers[one].items()
        ],
        columns=["market", "seed", "rule", *Ended._fields],
    )
    long = pd.DataFrame([one.__dict__ | study.answers[one]._asdict() for one in longs(study.replications)])
    to_csv(rows, folder / "runs.csv")
    to_csv(long, folder / "hedge_without_equilibrium.csv")
    (folder / TEXT).write_text(_text(rows, long), encoding="utf-8")
    draw_to(folder / "gaps.png", ends, rows, JUDGING.tolerance_gap)
    draw_to(folder / "no_equilibrium.png", unlearned, long)
    return [*_learned_claims(rows), *_luck_claims(rows), *_mean_claims(rows), *_nothing_claims(rows, long)]


def _text(rows, long):
    """How every rule ended in every market, who failed, and hedge where there is no equilibrium."""
    header = ("market", "rule", "learned", "gap, median", "5 %", "95 %", "of mean", "away", "mean away")
    body = []
    for (market, rule), some in rows.groupby(["market", "rule"], sort=False):
        gaps = [float(some["gap"].quantile(share)) for share in (0.5, 0.05, 0.95)]
        rest = [float(some[column].median()) for column in ("mean_gap", "away", "mean_away")]
        body.append((market, rule, f"{some['learned'].sum()} of {len(some)}", *gaps, *rest))
    columns = list(Unlearned._fields)
    medians = long.groupby("rounds")[columns].median()
    hedge = [(f"{rounds:,}", *map(float, numbers)) for rounds, *numbers in medians.itertuples()]
    lines = [textwrap.fill(WORDS, WIDTH), "", table(("rounds", "regret a round", "promised", "gap", "of mean"), hedge)]
    return (
        f"Who learns: a gap of at most {JUDGING.tolerance_gap:g} in each of the last {JUDGING.window} rounds; first "
        "amounts are drawn with each seed.\nAway: medians of how far the last amounts, and the mean of all rounds, lie "
        "from the nearest certified equilibrium (share of its total).\n\n"
        f"{table(header, body)}\n\nFailures\n" + "\n".join(_failures(rows)) + "\n\n" + "\n".join(lines) + "\n"
    )


def _failures(rows):
    """A line for each market and rule some of whose runs learned nothing."""
    failed = rows[~rows["learned"]].groupby(["market", "rule"], sort=False)
    return [
        f"{market}, {rule}: {len(some)} not learned, gap from {plain(some['gap'].min(), 2)} to "
        f"{plain(some['gap'].max(), 2)} (seed {some.loc[some['gap'].idxmax(), 'seed']})"
        for (market, rule), some in failed
    ]


def _counts(rows):
    return {"learned": int(rows["learned"].sum()), "of": len(rows)}


def _learned_claims(rows):
    """Those who know their payoff function, or its slope, learn wherever there is an equilibrium."""
    made = []
    for market in (one for one in ROUNDS if one != NONE):
        for rule in KNOWING:
            some = rows[(rows["market"] == market) & (rows["rule"] == rule)]
            numbers = _counts(some) | {"largest gap": some["gap"].max(), "largest distance": some["away"].max()}
            made.append(_judge(f"{rule} learns in {market} with every seed", some["learned"].all(), numbers))
    return made


def _luck_claims(rows):
    """Those who draw their amounts keep drawing: their last rounds are no equilibrium."""
    some = rows[rows["rule"].isin(LUCKY) & (rows["market"] != NONE)]
    reason = "who draws amounts keeps drawing them; what may come to rest is their mean"
    return [
        _judge(
            f"{rule} learns where there is an equilibrium, with some seed",
            mine["learned"].any(),
            _counts(mine) | {"least gap": mine["gap"].min(), "median distance": mine["away"].median()},
            FAIL,
            reason,
        )
        for rule, mine in some.groupby("rule", sort=False)
    ]


def _mean_claims(rows):
    """The mean of hedge's rounds lies nearer to an equilibrium than its last round."""
    some = rows[(rows["rule"] == "hedge") & (rows["market"] != NONE)]
    return [
        _judge(
            f"the mean of hedge's rounds is nearer to an equilibrium than its last round in {market} (median gaps)",
            mine["mean_gap"].median() < mine["gap"].median(),
            {"of the mean": mine["mean_gap"].median(), "of the last": mine["gap"].median()},
        )
        for market, mine in some.groupby("market", sort=False)
    ]


def _nothing_claims(rows, long):
    none, known = rows[rows["market"] == NONE], long.groupby("rounds").median()
    first, last = known.loc[LONG[0]], known.loc[LONG[-1]]
    return [
        _judge(
            "in no_equilibrium some rule learns, with some seed",
            none["learned"].any(),
            _counts(none) | {"least gap": none["gap"].min()},
            FAIL,
            "there is nothing to learn: whatever both buy, somebody gains by another purchase",
        ),
        _judge(
            f"in no_equilibrium hedge's regret a round vanishes: {LONG[-1]:,} rounds have less than half that of "
            f"{LONG[0]:,}, and every run lies under hedge's promise",
            last["regret"] < first["regret"] / 2 and (long["regret"] <= long["promise"]).all(),
            {f"{rounds:,} rounds": one for rounds, one in known["regret"].items()},
        ),
        _judge(
            "and so does its gap: in some run that of the last round, or of the mean, counts as learned",
            long[["gap", "mean_gap"]].min(axis=None) <= JUDGING.tolerance_gap,
            {"least gap": long["gap"].min(), "of a mean": long["mean_gap"].min()},
            FAIL,
            "small regret makes no equilibrium: at any two purchases somebody gains by another one",
        ),
    ]


def _judge(text, holds, numbers, *expected):
    return judge(FIGURE, text, bool(holds), numbers, *expected)


LEARNING = Reproduction("Who learns an equilibrium, and how far the others end from one", write, questions, TEXT)
