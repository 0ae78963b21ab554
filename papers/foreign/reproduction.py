"""`reproduce foreign`: numbers that other tools published, a line each, and their outcomes put before the judge."""

import textwrap

import numpy as np
import pandas as pd

from engine import certify
from market.outcome import CERTIFIED_GAP
from papers.claims import FAIL, claim_line, judge
from papers.figure import Reproduction, to_csv
from papers.network import published

FIGURE, TEXT, WIDTH = "foreign", "table.txt", 110
OURS = published.DATA_CENTRE  # the reason of numbers that nobody else published
DUOPOLY, HOURS = "cournot_duopoly", "cournot_three_hours"
ZERO = (28.27102804, 27.80373832)  # as printed
SUN = np.array([2.4, 1.5, 0.3])
COMPETITION = (29 - 4 * SUN) / 9  # of each gas firm: 30 - 4 (sun + 2q) = 1 + q, by hour
AC = 6.3352e4  # $/h


def write(study, folder):
    """The lines as a table and in words."""
    claims = [*_published(), _alternating(), _zero(), _rounded(), _takers()]
    rows = [{"line": one.text, "verdict": one.verdict, "expected": one.expected} | _numbers(one) for one in claims]
    to_csv(pd.DataFrame(rows), folder / "lines.csv")
    lines = (textwrap.fill(claim_line(one), WIDTH, subsequent_indent="    ") for one in claims)
    (folder / TEXT).write_text("What others published, and ours\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return claims


def _numbers(claim):
    return {"ours": "; ".join(f"{what} {value}" for what, value in claim.numbers.items()), "reason": claim.reason}


def _published():
    """Every row of published numbers that `reproduce network` tests."""
    return [one._replace(figure=FIGURE) for one in published.claims() if one.reason != OURS]


def _alternating():
    cleared, fixed = published.of_case("rts_24")
    cost = cleared.generation_cost + fixed
    reason = "not reproduced, because the network is direct current without losses; AC flows are not modelled"
    text = "PGLib's table, case24_ieee_rts: AC cost 63352"
    return judge(FIGURE, text, bool(abs(cost - AC) < 1), {"DC cost": cost}, FAIL, reason)


def _zero():
    found = certify(DUOPOLY, ZERO)
    numbers = {"gap": found.gap, "away": found.nearest[1]}
    text = "ZERO/EPECsolve's outcome of its duopoly, certified: an equilibrium"
    reason = "away: from the equilibrium solved directly, as a share of its total"
    return judge(FIGURE, text, found.gap <= CERTIFIED_GAP, numbers, reason=reason)


def _rounded():
    """What nine printed digits are good for: the same outcome in whole numbers is none any more."""
    found = certify(DUOPOLY, np.round(ZERO))
    move = found.judged.move
    numbers = {"gap": found.gap, "from": move.now, "to": move.to, "gain": move.gain}
    text = "the same outcome in whole numbers, certified: an equilibrium"
    reason = "rounded by up to 0.27 somebody would move, a little"
    return judge(FIGURE, text, found.gap <= CERTIFIED_GAP, numbers, FAIL, reason)


def _takers():
    """Both gas firms of an hour are one group's players: amounts come hour by hour, twice each."""
    found = certify(HOURS, np.repeat(COMPETITION, 2))
    move = found.judged.move
    numbers = {"gap": found.gap, "from": move.now, "to": move.to, "gain": move.gain}
    text = "PyPSA's competitive outcome (gas 15.60), certified among Cournot players: an equilibrium"
    reason = "who knows that it moves the price holds back"
    return judge(FIGURE, text, found.gap <= CERTIFIED_GAP, numbers, FAIL, reason)


FOREIGN = Reproduction("Numbers that other tools published, and their outcomes certified", write, text=TEXT)
