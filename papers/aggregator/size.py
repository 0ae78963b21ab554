"""Fig. 5: the larger the large user, the less is left for the small ones."""

import numpy as np

from papers.claims import judge
from papers.figure import Reproduction, to_csv
from papers.study import by_replication, solves, values
from views.drawing import draw_to
from views.plots import series
from views.style import KNOWN_GROUPS

SIZES = tuple(range(0, 401, 50))


def _changes(size):
    return (f"group.large.utility.size={size}",)


def questions(replications):
    """The market of fig. 5 for every size of the large user."""
    return [question for size in SIZES for question in solves("large_size", replications, _changes(size))]


def write(study, folder):
    """Data, picture and claim of fig. 5."""
    facts = {size: study.solved("large_size", _changes(size)) for size in SIZES}
    to_csv(by_replication(facts).rename(columns={"market": "size"}), folder / "fig05.csv")
    surplus = np.array([values(facts[size], "mean small surplus") for size in SIZES])
    draw_to(
        folder / "fig05.png",
        series,
        SIZES,
        {"small users": list(surplus)},
        "size K of the large user (energy)",
        "mean surplus of small users (money)",
        colours={"small users": KNOWN_GROUPS["small"]},
        title=f"{study.replications} runs, band: 95 % interval",
    )
    falling = np.all(np.diff(surplus, axis=0) < 0, axis=0)
    numbers = {f"at K = {size}": surplus[SIZES.index(size)].mean() for size in (0, 200, 400)}
    numbers["runs in which every step falls"] = int(falling.sum())
    return [
        judge("fig05", "mean surplus of the small users falls as the large user grows", bool(falling.all()), numbers)
    ]


FIG05 = Reproduction("The large user's size", write, questions)
