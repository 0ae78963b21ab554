"""Fig. 2: what two users can get, and where alpha-fairness puts them."""

import numpy as np
import pandas as pd
from scipy.spatial import ConvexHull

from market.aggregator.allocation import split
from market.aggregator.best_response import best_response
from market.aggregator.game import Block
from market.prices import Linear
from market.utilities import Quadratic
from papers.claims import FAIL, PASS, judge
from papers.figure import Reproduction, to_csv
from views.drawing import draw_to
from views.plots import feasible_set

PAIRS = {"convex": (3.0, 6.0), "not convex": (40.0, 4.0)}  # b of U = b x − x²
TOTALS = {"convex": 1.2, "not convex": 2.4}  # the fixed totals shown
PRICE = Linear(c=1.0)  # p = Y: large enough that the second user of the second pair can be priced out
ALPHAS = np.unique(np.concatenate([[0.0, 0.25, 0.5, 1.0, 2.0, 5.0, np.inf], np.geomspace(0.02, 50, 60)]))
SHOWN = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, np.inf)  # the alphas marked in the picture
SURPLUS_SLACK = 1e-9  # money, for rounding


def pair(bs, alpha=0.0):
    """The aggregator of two users U = b x − x²."""
    return Block("pair", "aggregator", Quadratic(np.ones(2), np.array(bs)), alpha, 0.0, np.array([2]))


def surpluses(bs, total, share):
    """Both surpluses when `share` of a total goes to user 1, broadcast; (s1, s2) in money."""
    x = share * total, (1 - share) * total
    return tuple(b * q - q * q - PRICE.value(total) * q for b, q in zip(bs, x, strict=True))


def fixed_total(bs, total):
    """Alpha-fair surpluses at a fixed total, shape (alphas, 2)."""
    price = PRICE.value(total)
    rows = [split(pair(bs, alpha), np.array([price]), np.array([[total]]))[0] for alpha in ALPHAS]
    return np.array([pair(bs).utility.surplus(price, x) for x in rows])


def any_total(bs):
    """Alpha-fair surpluses when the aggregator also chooses its total, shape (alphas, 2)."""
    rows = []
    for alpha in ALPHAS:
        block = pair(bs, alpha)
        total = best_response(PRICE, block, 0.0)
        price = PRICE.value(total)
        rows.append(block.utility.surplus(price, split(block, np.array([price]), np.array([[total]]))[0]))
    return np.array(rows)


def region(bs, points=900):
    """All feasible pairs with s >= 0 over totals and shares: as bins of s1 with least and largest s2, and as points."""
    totals, shares = np.linspace(0, max(bs), points)[:, None], np.linspace(0, 1, points)
    s1, s2 = surpluses(bs, totals, shares)
    ok = (s1 >= -SURPLUS_SLACK) & (s2 >= -SURPLUS_SLACK)
    s1, s2 = np.maximum(s1[ok], 0), np.maximum(s2[ok], 0)
    edges = np.linspace(0, s1.max(), 161)
    place = np.clip(np.digitize(s1, edges) - 1, 0, 159)
    high = np.zeros(160)
    np.maximum.at(high, place, s2)
    return (edges[:-1] + edges[1:]) / 2, np.zeros(160), high, s1, s2


def filled_share(bs):
    """Area of the feasible set as a share of its convex hull, by counting cells."""
    *_, s1, s2 = region(bs)
    hull = ConvexHull(np.column_stack([s1, s2])).volume
    counts, _, _ = np.histogram2d(s1, s2, bins=120)
    cell = np.ptp(s1) * np.ptp(s2) / 120**2
    return float(min(np.count_nonzero(counts) * cell / hull, 1.0))


def case(bs, total):
    """What the picture shows of one pair."""
    share = np.linspace(0, 1, 2001)
    arc = np.array(surpluses(bs, total, share))
    arc = arc[:, np.all(arc >= -SURPLUS_SLACK, axis=0)]
    front = arc[:, np.argmax(arc[1]) : np.argmax(arc[0]) + 1]
    centre, low, high, _, _ = region(bs)
    points = {
        "α-fair, fixed total": (ALPHAS, *fixed_total(bs, total).T),
        "α-fair, best total": (ALPHAS, *any_total(bs).T),
    }
    return {"set": (centre, low, high), "arc": arc, "front": front, "points": points}


def shown(one):
    """A case with only the alphas to be marked."""
    chosen = np.isin(ALPHAS, SHOWN)
    return one | {"points": {name: tuple(part[chosen] for part in points) for name, points in one["points"].items()}}


def traces(points):
    """Does welfare fall and the least surplus rise with alpha? The worst step against it, as a share of the range."""
    welfare, least = points.sum(axis=1), points.min(axis=1)
    return max(np.max(np.diff(welfare)) / np.ptp(welfare), np.max(-np.diff(least)) / np.ptp(least))


def off_front(points, front):
    """Largest distance of the points from the front, as a share of its size."""
    size = np.ptp(front, axis=1)[:, None]
    away = np.linalg.norm((points.T[:, :, None] - front[:, None, :]) / size[:, :, None], axis=0)
    return float(away.min(axis=1).max())


def longest_step(points):
    """Longest step between neighbouring alphas, as a share of the range of surplus of user 1."""
    return float(np.max(np.abs(np.diff(points[:, 0]))) / np.ptp(points[:, 0]))


def write(study, folder):
    """Data, picture and claims of fig. 2."""
    cases = {f"U₁ = {bs[0]:g}x − x², U₂ = {bs[1]:g}x − x²": case(bs, TOTALS[name]) for name, bs in PAIRS.items()}
    draw_to(folder / "fig02.png", feasible_set, {title: shown(one) for title, one in cases.items()})
    rows = [
        {"pair": title, "choice": choice, "alpha": alpha, "s1": a, "s2": b}
        for title, one in cases.items()
        for choice, (alphas, s1, s2) in one["points"].items()
        for alpha, a, b in zip(alphas, s1, s2, strict=True)
    ]
    to_csv(pd.DataFrame(rows), folder / "fair_points.csv")
    sets = [
        pd.DataFrame({"pair": title, "s1": one["set"][0], "largest_s2": one["set"][2]}) for title, one in cases.items()
    ]
    to_csv(pd.concat(sets), folder / "feasible.csv")
    return [
        claim for (name, bs), one in zip(PAIRS.items(), cases.values(), strict=True) for claim in _claims(name, bs, one)
    ]


def _claims(name, bs, one):
    filled = filled_share(bs)
    fixed, free = (np.column_stack(one["points"][key][1:]) for key in one["points"])
    against, off, step = traces(fixed), off_front(fixed, one["front"]), longest_step(free)
    b = f"b = {bs[0]:g}, {bs[1]:g}"
    return [
        judge(
            "fig02",
            f"the set of surpluses of the pair {b} is {name} (p = Y, any total)",
            (filled > 0.97) == (name == "convex"),
            {"area over that of its convex hull": filled},
        ),
        judge(
            "fig02",
            f"pair {b}, fixed total: alpha traces the Pareto front from welfare to max-min",
            against <= SURPLUS_SLACK and off <= 0.01,
            {"largest distance from the front": off, "largest step back": max(against, 0.0) + 0.0},
        ),
        judge(
            "fig02",
            f"pair {b}, best total: alpha moves along the front without a jump",
            step < 0.25,
            {"longest step between neighbouring alphas, of all": step},
            expected=PASS if name == "convex" else FAIL,
            reason=""
            if name == "convex"
            else "the set is not convex: beyond some alpha the best total serves both users at once",
        ),
    ]


FIG02 = Reproduction("Feasible surpluses of two users and the alpha-fair points", write)
