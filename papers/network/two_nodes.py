"""What a thin line does to two nodes: every statement tested by the framework and by the closed form."""

import numpy as np

from engine.running import run
from market.aggregator.network.direct import solve
from market.outcome import Status
from papers.claims import FAIL, judge
from papers.network.pairs import ALIKE, UNEQUAL, payoffs, regrets, shares
from scenarios import draw, load

FIGURE = "network"
SHARED = (8 - 0.55 * 160 / 17) * 160 / 17  # payoff where both share the line
BOUND = float((8 - np.sqrt(2.2 * SHARED)) * 2)  # K*
PRINTED_DIGITS = 5e-6  # digits printed of purchases and payoffs
AROUND = (0.0, 0.05, 0.2, 0.4, 0.5, 0.6, 0.7, 0.707, 0.7083, 0.75, 0.9, 1.1)  # limits at which the game is solved
GRID_STEP = 1 / 80
CONDUCTS = ("nothing", "energy")


def solved(limit, name="two_nodes_wide", conduct="network"):
    """The direct solution of the two nodes with a limit and a conduct."""
    changes = [f"network.line_limits={{'A-B'={limit}}}", *(f"group.{k}.anticipates={conduct}" for k in (0, 1))]
    return solve(draw(load(name, set=changes)).game)


def round_trip(name, limit):
    """(Result of rounds of replies in turn, purchases of its last cycle, shape (period, 2))."""
    result = run(name, set=[f"network.line_limits={{'A-B'={limit}}}"], rounds=60)
    y = result.history[["purchase A", "purchase B"]].to_numpy(dtype=float)
    return result, y[-(result.cycle or 1) :]


def by_limit():
    """Rows of limit, ending of the direct solution, gap and payoff of its outcome."""
    found = [(limit, solved(limit)) for limit in AROUND]
    return [
        {"limit": limit, "status": str(one.status), "gap": float(one.outcome.gap), "payoff": float(one.outcome.s[0])}
        for limit, one in found
    ]


def claims(study, rows):
    """Section by section: two nodes alike, unequal users, how often, other conducts."""
    return [*_alike(rows), *_cycles(), _unequal(), *_how_often(study), *_conducts()]


def _alike(rows):
    wide, apart = solved(2.0).outcome, solved(0.0).outcome
    numbers = {"each buys": wide.y[0], "price": wide.price, "payoff": wide.s[0], "flow": abs(wide.cleared.flows[0])}
    held = np.allclose([wide.y[0], wide.price, wide.s[0]], [160 / 17, 4.705882, 26.574394], atol=PRINTED_DIGITS)
    ends = {row["limit"]: row["status"] for row in rows}
    thin = {limit: end for limit, end in ends.items() if 0 < limit < BOUND}
    found = [limit for limit, end in ends.items() if end == Status.SOLVED]
    above = [limit for limit in ends if limit == 0 or limit >= BOUND]
    exist = {"limits tried": len(ends), "least K > 0 with one": min(k for k in found if k > 0)}
    exist |= {"largest K without": max(k for k, end in thin.items() if end == Status.NO_EQUILIBRIUM)}
    none = all(end == Status.NO_EQUILIBRIUM for end in thin.values())
    text = "Theorem 2, two nodes alike: α = 0, concave utilities, convex costs, so there is an equilibrium"
    kept = "for 0 < K < 0.707692 none exists (proven), from there on and at K = 0 one does"
    deviation = payoffs(ALIKE, BOUND, (8 - BOUND / 2) / 1.1, 160 / 17)[0]
    return [
        judge(FIGURE, "two nodes alike, K = 2: both buy 160/17 at 4.705882, payoff 26.574394", bool(held), numbers),
        judge(FIGURE, text, not thin, {"limits without": len(thin)}, FAIL, "a thin line can be filled by buying less"),
        judge(FIGURE, f"two nodes alike: {kept}", bool(none and found == above), exist, reason="K* to 1e-3 by solving"),
        judge(
            FIGURE,
            "two nodes alike, K = K*: filling the line away from oneself brings as much as sharing it",
            bool(abs(deviation - SHARED) < PRINTED_DIGITS and abs(BOUND - 0.707692) < PRINTED_DIGITS),
            {"payoff of the deviation": float(deviation), "K*": float(BOUND)},
        ),
        judge(
            FIGURE,
            "two nodes alike, K = 0: both buy 80/11",
            bool(np.allclose(apart.y, 80 / 11, atol=PRINTED_DIGITS)),
            {"each buys": apart.y[0]},
        ),
    ]


def _cycles():
    made = []
    wrong = "moving in turn they come round with period 5, from every start tried and in closed form too"
    known = [(8.04545, 9.04545), (9.56439, 7.04545)]
    for limit, period, points, options in ((0.5, 2, known, {}), (0.25, 3, [], {"expected": FAIL, "reason": wrong})):
        result, y = round_trip("two_nodes_thin", limit)
        there = all(np.min(np.max(np.abs(y - point), axis=1)) < PRINTED_DIGITS for point in points)
        numbers = {"period": int(result.cycle or 0)}
        numbers |= {f"{who} {k + 1}": v for k, row in enumerate(y) for who, v in zip("AB", row, strict=True)}
        held = result.status is Status.CYCLING and result.cycle == period and there
        text = f"two nodes alike, K = {limit:g}: replies cycle with period {period}"
        made.append(judge(FIGURE, text, held, numbers, **options))
    return made


def _unequal():
    """The cycle of users with b = 8 and 10, and the least regret of any profile on a grid of step 1/80."""
    result, y = round_trip("two_nodes_unequal", 2.0)
    known = [(9.01515, 12.91035), (70 / 11, 114 / 11)]
    there = all(np.min(np.max(np.abs(y - point), axis=1)) < PRINTED_DIGITS for point in known)
    grid = np.arange(0, 16 + GRID_STEP, GRID_STEP)
    least = float(np.min(regrets(UNEQUAL, 2.0, grid[:, None], grid[None, :])))
    ended = solve(result.game).status
    held = there and result.cycle == 2 and 0.0086 <= least < 0.0087 and ended is Status.NOT_FOUND
    numbers = {"period": int(result.cycle or 0), "least relative regret on a grid of step 1/80": least}
    reason = "0.0086 to its digits, cut; the direct solution says not found, which is no proof"
    text = "unequal users, K = 2: cycle (9.01515, 12.91035), (70/11, 114/11); no profile leaves less than 0.0086"
    return judge(FIGURE, text, bool(held), numbers, reason=reason)


def _how_often(study):
    made, rows = [], shares(study)
    for row in rows:
        text = f"random pairs, K = {row['limit']:g}: share without equilibrium is {row['stated']:g}"
        numbers = {name: row[name] for name in ("share", "may_differ", "pairs", "seconds")}
        held = abs(row["share"] - row["stated"]) <= row["may_differ"]
        reason = "other draws than the stated ones: within 2.6 standard errors of the difference, and a pair"
        made.append(judge(FIGURE, text, bool(held), numbers, reason=reason))
    ends, between = max(rows[0]["share"], rows[-1]["share"]), max(row["share"] for row in rows)
    numbers = {"at K = 0 and 50, at most": ends, "at most between": between}
    made.append(judge(FIGURE, "neither no line nor a wide one but a thin one leaves none", ends < between, numbers))
    return made


def _conducts():
    made = []
    bought = {"nothing": 8 / 0.6, "energy": 160 / 17}  # 8 − x / 10 = x / 2; and with slope 1 / 4 of its own price more
    for conduct in CONDUCTS:
        ends = [solved(limit, conduct=conduct) for limit in (0.1, 0.5, 2.0)]
        ends += [solved(limit, "two_nodes_unequal", conduct) for limit in (0.5, 2.0)]
        sure = all(one.status is Status.SOLVED and one.unique for one in ends)
        numbers = {"solved and unique": sum(one.status is Status.SOLVED for one in ends), "of": len(ends)}
        numbers |= {"largest gap": max(one.outcome.gap for one in ends), "alike, each buys": ends[0].outcome.y[0]}
        numbers |= {"gap against the network at K = 0.5": ends[1].outcome.gap_anticipating}
        held = sure and np.allclose([one.outcome.y for one in ends[:3]], bought[conduct], rtol=1e-6)
        text = f"with anticipates = {conduct} there is one equilibrium whatever the line"
        made.append(judge(FIGURE, text, bool(held), numbers))
    return made


def curves_by_limit(limits):
    """(Payoff where both share the line, best payoff of who fills it away from itself), shapes of the limits."""
    share = float(payoffs(ALIKE, np.inf, 160 / 17, 160 / 17)[0])
    own = np.maximum((8 - limits / 2) / 1.1, 0.0)
    return np.full(len(limits), share), np.where(limits < 8, own * own * 1.1 / 2, 0.0)


def reply_of(pair, limit, other, j, points=4001):
    """User j's best purchases on a fine grid beside purchases of the other one, shape as `other`."""
    y = np.linspace(0, 14, points)
    given = [(y, np.full(points, o)) if j == 0 else (np.full(points, o), y) for o in other]
    return np.array([y[np.argmax(payoffs(pair, limit, *both)[j])] for both in given])
