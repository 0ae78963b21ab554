"""`reproduce network`: what a thin line does to two nodes, how often, and what others published."""

import textwrap

import numpy as np
import pandas as pd

from market.numerals import gap
from papers.claims import claim_line
from papers.figure import Reproduction, to_csv
from papers.network import published, two_nodes
from papers.network.pairs import ALIKE, least_regret, questions, shares
from papers.network.pictures import both_sides, capacity, how_often
from views.drawing import draw_to
from views.tables import table

TEXT, WIDTH = "table.txt", 110
LIMITS = np.linspace(0.0, 1.2, 25)
SIDES = (0.5, 1.0)  # limits on both sides of the bound
OTHERS = np.linspace(0.0, 13.0, 131)


def write(study, folder):
    """Data, three pictures, the tables in words, and the claims."""
    tried, often = two_nodes.by_limit(), shares(study)
    claims = [*two_nodes.claims(study, tried), *published.claims()]
    share, fill = two_nodes.curves_by_limit(LIMITS)
    regret = np.array([least_regret(ALIKE, limit) for limit in LIMITS])
    curves = pd.DataFrame({"limit": LIMITS, "share": share, "fill": fill, "least_regret": regret})
    for name, rows in (("two_nodes", curves), ("solved", pd.DataFrame(tried)), ("how_often", pd.DataFrame(often))):
        to_csv(rows, folder / f"{name}.csv")
    (folder / TEXT).write_text(_text(tried, often, claims), encoding="utf-8")
    draw_to(folder / "line_capacity.png", capacity, LIMITS, share, fill, regret, two_nodes.BOUND, tried)
    draw_to(folder / "replies.png", both_sides, {_title(limit): _replies(limit) for limit in SIDES})
    draw_to(folder / "how_often.png", how_often, often)
    return claims


def _title(limit):
    return f"line of {limit:g}: " + ("they never meet" if limit < two_nodes.BOUND else "they meet")


def _replies(limit):
    first, second = (two_nodes.reply_of(ALIKE, limit, OTHERS, j) for j in (0, 1))
    return OTHERS, first, second, (160 / 17, 160 / 17) if limit >= two_nodes.BOUND else None


def _text(tried, often, claims):
    """How often, the two nodes by limit, and every row of published numbers."""
    seconds = sum(row["seconds"] for row in often)
    counted = [(f"{row['limit']:g}", row["pairs"], row["share"], row["stated"], row["may_differ"]) for row in often]
    solved = [(f"{row['limit']:g}", row["status"], gap(row["gap"])) for row in tried]
    head = "Random pairs of nodes: share without equilibrium (least relative regret on a grid above 1e-3) by limit K."
    parts = [
        f"{head}\n{seconds:.0f} s of processor time.\n"
        + table(("K", "pairs", "share", "stated", "may differ by"), counted),
        "Two nodes alike, solved directly at each limit K; K* = 0.707692.\n" + table(("K", "ending", "gap"), solved),
        "Every row\n" + "\n".join(textwrap.fill(claim_line(one), WIDTH, subsequent_indent="    ") for one in claims),
    ]
    return "\n\n".join(parts) + "\n"


NETWORK = Reproduction("A thin line leaves no equilibrium; published numbers of networks", write, questions, TEXT)
