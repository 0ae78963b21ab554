"""Who joins whom: what becomes of a fair aggregator when users choose, and how often nobody can be content.

The papers fix who belongs to whom; the claims here are answers to this project's own question.
"""

import numpy as np
import pandas as pd

from market.microgrid.joining import DIVISIONS
from papers.claims import FAIL, judge
from papers.figure import Reproduction, to_csv
from papers.joining.cells import grids, played, questions, tiny
from views.aggregator.members import members
from views.drawing import draw_to
from views.tables import table

FIGURE, TEXT = "who-joins-whom", "table.txt"
KEEPS, NAME_ONLY, ALONE = 0.25, 1e-3, 0.95  # shares: of those who buy, of the surplus, of those who buy
BESIDE = "beside one that maximises welfare"
FLOORED = "they pay, down to what they would have without aggregators, and where welfare alone counts nobody pays"
UNFLOORED = "all have the same there, so whoever brings more than the mean leaves, until the poorest are left"


def write(study, folder):
    """Data of every draw, a table, a picture of the first draw, and the claims."""
    large = pd.DataFrame([row for question in played(study.replications) for row in study.answers[question]])
    small = pd.DataFrame([study.answers[question] for question in tiny(study.replications)])
    grid = pd.concat(
        pd.DataFrame([study.answers[one] for one in grids(study.replications, division)]).assign(division=division)
        for division in DIVISIONS
    )
    for name, rows in (("large", large), ("tiny", small), ("microgrids", grid)):
        to_csv(rows, folder / f"{name}.csv")
    (folder / TEXT).write_text(_text(large), encoding="utf-8")
    draw_to(folder / "who_joins_whom.png", members, played(study.replications)[0].run())
    return [*_large_claims(large), _tiny_claim(small), *_grid_claims(grid)]


def _text(large):
    """A row a market and offer: means over the draws, and the range of those who buy."""
    counted, means_of = ("stable", "gain left", "buying", "from", "to"), ("mean b", "surplus", "share", "Jain")
    header = ("users choose", "offer", *counted, *means_of)
    rows = []
    for (market, offer), some in large.groupby(["market", "offer"], sort=False):
        stable = f"{some['stable'].sum()} of {len(some)}"
        left = float(some["largest_gain"].max())
        means = [float(some[column].mean()) for column in ("worth", "surplus", "share", "jain")]
        buying = some["buying"]
        rows.append((market, offer, stable, left, f"{buying.mean():.1f}", buying.min(), buying.max(), *means))
    return (
        "Two aggregators of 100 users each and a large user; users choose between welfare and the other aggregator.\n"
        "Means over the draws: reservation price b, surplus and Jain of those who buy; share of all surplus.\n"
        "Stable: nobody gains by a move, each solved; gain left: the most anybody gains by one in any draw, money.\n\n"
        f"{table(header, rows)}\n"
    )


def _columns(large, market, column):
    """{offer: values by draw} of one column of a large market."""
    some = large[large["market"] == market]
    return {offer: rows[column].to_numpy() for offer, rows in some.groupby("offer", sort=False)}


def _large_claims(large):
    return [*_proportional_claims(large), _max_min_claim(large), *_payment_claims(large), _alone_claim(large)]


def _proportional_claims(large):
    buying, worth, jain = (_columns(large, "proportional", column) for column in ("buying", "worth", "jain"))
    kept = buying["proportional"] / sum(buying.values())
    share = _columns(large, "proportional", "share")["proportional"]
    counts = {"draws": len(kept), "stable": int(_columns(large, "proportional", "stable")["welfare"].sum())}
    survives = {"least of those who buy": kept.min(), "mean": kept.mean(), "mean share of the surplus": share.mean()}
    return [
        _judge(
            f"a proportional-fair aggregator survives {BESIDE}: it keeps a quarter of those who buy in every draw",
            kept.min() >= KEEPS,
            counts | survives,
        ),
        _judge(
            "users to whom energy is worth much leave the proportional-fair aggregator: "
            "its users' mean reservation price is the lower one in every draw",
            np.all(worth["proportional"] < worth["welfare"]),
            _means(worth),
        ),
        _judge(
            "fairness makes users of the proportional-fair aggregator more alike than the others in every draw (Jain)",
            np.all(jain["proportional"] > jain["welfare"]),
            _means(jain) | {"more alike in draws": int((jain["proportional"] > jain["welfare"]).sum())},
            FAIL,
            "those whom its fairness would restrain have left, so little is left to equalise",
        ),
    ]


def _means(values):
    return {offer: found.mean() for offer, found in values.items()}


def _max_min_claim(large):
    buying, share = (_columns(large, "max-min", column)["max-min"] for column in ("buying", "share"))
    numbers = {"draws": len(buying), "stable": int(_columns(large, "max-min", "stable")["welfare"].sum())}
    numbers |= {"fewest who buy": int(buying.min()), "most": int(buying.max()), "largest share": share.max()}
    text = f"a max-min aggregator survives {BESIDE}: its users have a thousandth of the surplus in some draw"
    reason = "in name only: whoever has more than the poorest to lose leaves, until those are left whom the price "
    return _judge(text, share.max() >= NAME_ONLY, numbers, FAIL, reason + "all but excludes")


def _payment_claims(large):
    """Does an aggregator that is fair by payments keep those to whom energy is worth much?"""
    kept, energy = (_columns(large, market, "share")["proportional"] for market in ("payments, floors", "proportional"))
    shares = {"draws": len(kept), "mean share": kept.mean(), "where energy is shared": energy.mean()}
    return [
        _rich_claim(large, "payments, floors", "with floors", FLOORED),
        _rich_claim(large, "payments, no floor", "without floors", UNFLOORED),
        _judge(
            "fair by payments with floors it keeps a larger share of the surplus than where energy is shared, "
            "in every draw",
            np.all(kept > energy),
            shares,
        ),
    ]


def _rich_claim(large, market, which, reason):
    worth, share = (_columns(large, market, column) for column in ("worth", "share"))
    numbers = {"draws": len(share["proportional"]), "stable": int(_columns(large, market, "stable")["welfare"].sum())}
    return _judge(
        f"an aggregator fair by payments {which} keeps its rich users {BESIDE}: "
        "their mean reservation price is not the lower one in some draw",
        np.any(worth["proportional"] >= worth["welfare"]),
        numbers | _means(worth) | {"mean share of the surplus": share["proportional"].mean()},
        FAIL,
        reason,
    )


def _alone_claim(large):
    market = "proportional, or alone"
    buying = _columns(large, market, "buying")
    alone = buying["alone"] / sum(buying.values())
    numbers = {"draws": len(alone), "stable": int(_columns(large, market, "stable")["welfare"].sum())}
    numbers |= {"least share alone": alone.min(), "mean alone": buying["alone"].mean()}
    numbers |= {f"most with {offer}": int(found.max()) for offer, found in buying.items() if offer != "alone"}
    text = "where users may buy alone, aggregators dissolve: 95 % of those who buy do so alone in every draw"
    return _judge(text, alone.min() >= ALONE, numbers)


def _tiny_claim(small):
    known = small[small["unsettled"] == 0]
    numbers = {"markets": len(small), "left out": len(small) - len(known), "without": int((known["stable"] == 0).sum())}
    return _judge(
        "two or three users and two aggregators: there is a stable membership",
        numbers["without"] == 0,
        numbers,
        FAIL,
        "one user gains by company that the other is better off without; "
        "left out: some membership has no equilibrium of the purchases",
    )


def _grid_claims(grid):
    return [
        claim
        for division, rows in grid.groupby("division", sort=False)
        for claim in (_stable_claim(rows, division), _settling_claim(rows, division))
    ]


def _stable_claim(rows, division):
    numbers = {"microgrids": len(rows), "without": int((rows["stable"] == 0).sum())}
    numbers["stable all together"] = int(rows["together"].sum())
    return _judge(
        f"microgrids of five agents, {division} shares: there is a stable partition",
        numbers["without"] == 0,
        numbers,
        FAIL,
        "what a coalition has depends on how the others group, so somebody may gain in every partition",
    )


def _settling_claim(rows, division):
    some = rows[rows["stable"] > 0]
    numbers = {"with a stable partition": len(some), "settled": int(some["settled"].sum())}
    return _judge(
        f"{division} shares: agents who start alone, asked in turn, settle wherever there is a stable partition",
        numbers["settled"] == len(some),
        numbers,
        FAIL,
        "nearly always; but moves in turn may come round in circles beside a stable partition",
    )


def _judge(text, holds, numbers, *expected):
    return judge(FIGURE, text, bool(holds), numbers, *expected)


WHO_JOINS_WHOM = Reproduction("Who joins whom: aggregators and coalitions whose members choose", write, questions, TEXT)
