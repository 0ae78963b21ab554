"""What contracts come to, in one sentence against trading with the grid alone and against the best there could be."""

from __future__ import annotations

from engine.results.bilateral import totals
from market.numerals import plain
from views.sentences import counted, framed, is_nothing, share, upper

GRID = "grid"


def sentence(summary: dict, others: dict) -> str:
    """A run against the grid alone, beside which all gains are counted; others: not asked for."""
    gained, best = summary["welfare"], summary["best_welfare"]
    if not summary["contracts"]:
        late = "No agreement came in time" if GRID in summary.get("ending", ()) else "There are no contracts"
        lost = "" if is_nothing(best, 0.0) else f", {plain(best)} money could have been gained"
        return framed(summary, f"{late}: everybody trades with the grid and gains nothing{lost}.")
    buyers, _ = totals(summary)["outcome"]
    many = upper(counted(len(summary["contracts"]), "contract"))
    all_of_it = "all there is to gain" if is_nothing(gained, best) else f"{share(gained / best)} of what could be"
    return framed(
        summary,
        f"{many} gain{'s' if len(summary['contracts']) == 1 else ''} {plain(gained)} money beside the grid alone, "
        f"{all_of_it}; buyers get {share(buyers / gained)} of it.",
    )
