"""Figures and tables of the sources made again, and every claim about them tested.

Aggregators: Li, Motoki, Zhang, "Strategic and Fair Aggregator Interactions in Energy Markets". Microgrids: the poster
on private infrastructure in microgrids, and A. Perrault's thesis "Efficient Coordinated Power Distribution on Private
Infrastructure" (Toronto, 2013). Contracts: Raja, Grammatico, "Bilateral Peer-to-Peer Energy Trading via Coalitional
Games". Who joins whom and how alpha is chosen are this project's own questions, and so is what a thin line does to the
game on a network, beside numbers that others published of networks (docs/network/what-holds.md), what days with devices
change (docs/days/what-holds.md), what other tools published (docs/certify.md), and who learns (docs/learning.md).
"""

import difflib
import warnings
from pathlib import Path

from engine.in_place import folder_in_place
from engine.limits import check_answers
from engine.store import write_json, write_manifest
from papers.aggregator.counterexamples import COUNTEREXAMPLES
from papers.aggregator.distributions import FIG08, FIG09
from papers.aggregator.fairness import FIG10, FIG11, FRONT
from papers.aggregator.feasible import FIG02
from papers.aggregator.headline import FIG06, FIG07
from papers.aggregator.number import FIG12, FIG13
from papers.aggregator.settling import FIG03, FIG04
from papers.aggregator.size import FIG05
from papers.aggregator.starts import STARTING
from papers.claims import Claim, claim_line, verdicts
from papers.days.flexible_days import DAYS
from papers.foreign.reproduction import FOREIGN
from papers.joining.alpha import ALPHA
from papers.joining.who_joins_whom import WHO_JOINS_WHOM
from papers.learning.reproduction import LEARNING
from papers.network.reproduction import NETWORK
from papers.p2p.negotiation import P2P_NEGOTIATION
from papers.poster.table import POSTER_TABLE
from papers.study import Study
from views.drawing import noting

REPRODUCTIONS = {
    "fig02": FIG02,
    "fig03": FIG03,
    "fig04": FIG04,
    "fig05": FIG05,
    "fig06": FIG06,
    "fig07": FIG07,
    "fig08": FIG08,
    "fig09": FIG09,
    "fig10": FIG10,
    "fig11": FIG11,
    "fig12": FIG12,
    "fig13": FIG13,
    "frontier": FRONT,
    "counterexamples": COUNTEREXAMPLES,
    "starts": STARTING,
    "poster-table": POSTER_TABLE,
    "p2p-negotiation": P2P_NEGOTIATION,
    "who-joins-whom": WHO_JOINS_WHOM,
    "alpha": ALPHA,
    "network": NETWORK,
    "days": DAYS,
    "foreign": FOREIGN,
    "learning": LEARNING,
}
ANSWERS = 100_000  # bytes that a name's answers of one replication take, roughly
REPLICATIONS = 50  # as in the aggregator paper


class UnknownFigure(ValueError):
    """A figure or table that is not there; its text is one line and names the nearest known one."""


def reproduce(
    names=(),
    out="results",
    replications=REPLICATIONS,
    progress=True,
    workers=None,
    executor=None,
    patient=False,
    told=warnings.warn,
):
    """Make figures and tables again (all without names) and return their claims, a list of Claim.

    Each gets a folder out/reproduce/<name> with data (CSV), pictures (PNG), claims.json and manifest.json,
    written aside and moved into place whole. What several of them need is computed once; executor: one of
    engine.executors, by default `workers` processes, by default all cores; told(line) hears of every picture that could
    not be drawn. Raises UnknownFigure, and engine.TooLarge where so many replications may not fit in memory, unless
    `patient`.
    """
    names = list(dict.fromkeys(names)) or list(REPRODUCTIONS)
    _check(names)
    check_answers(replications, ANSWERS * len(names), patient=patient)
    study = Study(replications)
    questions = (question for name in names for question in REPRODUCTIONS[name].questions(replications))
    study.ask(questions, progress, workers, executor)
    return [claim for name in names for claim in _written(name, study, Path(out) / "reproduce" / name, told)]


def texts(names=(), out="results"):
    """What there is to print beside the claims: texts of those names (all without names) that `reproduce` wrote."""
    known = [name for name in dict.fromkeys(names) or REPRODUCTIONS if REPRODUCTIONS[name].text is not None]
    return [(Path(out) / "reproduce" / name / REPRODUCTIONS[name].text).read_text(encoding="utf-8") for name in known]


def _check(names):
    for name in names:
        if name not in REPRODUCTIONS:
            digits = "".join(filter(str.isdigit, name))
            meant = f"fig{int(digits[:9]):02d}" if digits.isascii() and digits else name
            near = [meant] if meant in REPRODUCTIONS else difflib.get_close_matches(name, REPRODUCTIONS, 1, cutoff=0.4)
            hint = f"nearest known name: {near[0]}" if near else f"known names: {', '.join(REPRODUCTIONS)}"
            raise UnknownFigure(f"figure: got {name[:60]!r}; a name of a reproduction is needed; {hint}")


def _written(name, study, target, told):
    """The claims of one name, its folder written."""
    with folder_in_place(target) as folder:
        with noting() as failed:
            claims = REPRODUCTIONS[name].write(study, folder)
        write_json(folder / "claims.json", [claim._asdict() for claim in claims])
        facts = {
            "kind": "reproduction",
            "figure": name,
            "title": REPRODUCTIONS[name].title,
            "replications": study.replications,
        }
        write_manifest(folder, facts | {"as_expected": all(claim.verdict == claim.expected for claim in claims)})
    for line in failed:
        told(f"{target}: {line}")
    return claims


__all__ = ["REPRODUCTIONS", "Claim", "UnknownFigure", "claim_line", "reproduce", "texts", "verdicts"]
