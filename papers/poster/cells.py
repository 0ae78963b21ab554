"""The runs behind the poster's table: IEEE 300 with one random private network, played with every behaviour."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.random_lines import chance, random_private
from market.microgrid.tariff import Tariff
from papers.study import Study
from scenarios.microgrid.cases import network_of_case

NODES = 300
MODELS = ("ad-hoc", "self-interested", "cooperative", "integrated")
DENSITIES = ("0", "1/n^2", "1/n", "log(n)/n", "1/log(n)")
BETWEEN = (0.5 / NODES, 1.2 / NODES, 2 / NODES, 5 / NODES, 20 / NODES)  # more points for the curves
SIDES = (1.0, 100.0)  # km
FIXED = ("mean_resistance", 0.01)  # whatever the area
PER_KM = (("resistance_per_km", 1e-6), ("resistance_per_km", 4e-5))
FEW, MANY = (1, 4, 10), (150, 250, 300)  # private lines, exactly so many
FITTED, FITTED_NODES = ("mean_resistance", 0.0052), 13.5  # found by search for the table that is most like the poster's
LEAST_SEEDS = 20


class Lost(NamedTuple):
    """Losses by behaviour asked for, each a tuple: on public lines, on private ones, in p.u., and the gap.

    lines: how many private lines were drawn.
    """

    lines: int
    public: tuple
    private: tuple
    gap: tuple


@dataclass(frozen=True)
class Cell:
    """One private network: density (a name or a chance) or number of lines, side of the square in km, resistance."""

    seed: int
    density: str | float = 0.0
    side: float = 1.0
    resistance: tuple = FIXED
    physics: str = "x"
    behaviours: tuple = tuple(BEHAVIOURS)
    lines: int | None = None

    def answer(self):
        """What is Lost under each behaviour."""
        network, grid = public_grid(self.physics)
        density = self.density if self.lines is None else chance_of(self.seed, self.lines)
        options = {"side": self.side, self.resistance[0]: self.resistance[1]}
        rng = np.random.default_rng(self.seed)
        positions, lines = random_private(network.nodes, network.slack, density, rng, **options)
        wired = network.with_private(lines, positions)
        found = [BEHAVIOURS[name]().dispatch(wired, grid, Tariff()) for name in self.behaviours]
        parts = ("public_loss", "private_loss", "gap")
        return Lost(len(lines), *(tuple(float(getattr(one, part)) for one in found) for part in parts))


@lru_cache(maxsize=2)
def public_grid(physics):
    """IEEE 300 without private lines and its Grid, once a process."""
    network = network_of_case("ieee300")
    return network, build_grid(network, physics)


def chance_of(seed, lines):
    """The density at which a seed draws exactly so many lines: the next smallest of its numbers, one a pair."""
    rng = np.random.default_rng(seed)
    rng.random((NODES, 2))
    agents = NODES - 1
    return float(np.partition(rng.random(agents * (agents - 1) // 2), lines)[lines])


def seeds(replications):
    """The seeds of so many replications, but at least LEAST_SEEDS."""
    return range(max(replications, LEAST_SEEDS))


def tables(replications):
    """{name of a set-up: its Cells}; "table" is the poster's."""
    each = seeds(replications)
    least = {"behaviours": ("none", "cooperative")}
    fitted = (1 / FITTED_NODES**2, 1 / FITTED_NODES, 1 / np.log(FITTED_NODES))
    return {
        "table": [Cell(seed, density, side) for density in DENSITIES for side in SIDES for seed in each],
        "between": [Cell(seed, density) for density in BETWEEN for seed in each],
        "per km": [
            Cell(seed, density, side, resistance)
            for density in DENSITIES
            for resistance in PER_KM
            for side in SIDES
            for seed in each
        ],
        "resistive": [
            Cell(seed, density, physics="r", behaviours=("none", "cooperative", "integrated"))
            for density in DENSITIES
            for seed in each
        ],
        "counted": [Cell(seed, lines=lines, **least) for lines in (*FEW, *MANY) for seed in each],
        "fitted": [Cell(seed, density, resistance=FITTED) for density in fitted for seed in each],
    }


def questions(replications):
    """All Cells, the dense ones first: they take longest."""
    cells = [cell for many in tables(replications).values() for cell in many]
    return sorted(cells, key=lambda cell: -chance(cell.density, NODES))


def runs(study: Study):
    """One row for each private network and behaviour; ratio: loss over that without private trade."""
    return pd.concat([_rows(name, study, cells) for name, cells in tables(study.replications).items()])


def _rows(name, study, cells):
    return pd.DataFrame(
        [
            {
                "set_up": name,
                "density": str(cell.density) if cell.lines is None else f"{cell.lines} lines",
                "chance": np.nan if cell.lines is not None else chance(cell.density, NODES),
                "side_km": cell.side,
                "resistance": cell.resistance[0],
                "p.u.": cell.resistance[1],
                "physics": cell.physics,
                "seed": cell.seed,
                "lines": lost.lines,
                "model": model,
                "public": public,
                "private": private,
                "loss": public + private,
                "ratio": (public + private) / (lost.public[0] + lost.private[0]),
                "gap": gap,
            }
            for cell in cells
            for lost in [study.answers[cell]]
            for model, public, private, gap in zip(cell.behaviours, *lost[1:], strict=True)
        ]
    )


def ratios(found, model, **where):
    """Ratios of a model to no private trade, shape (densities in the order of the rows, seeds)."""
    rows = found[found["model"] == model]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    wide = rows.pivot(index="density", columns="seed", values="ratio")
    return wide.loc[rows["density"].unique()].to_numpy()


def best_single_line(physics="x"):
    """Share of the loss that the best of all possible private lines, without any resistance, would save."""
    network, grid = public_grid(physics)
    loss, e, agents = grid.loss, network.injection, network.agents
    potential, own = (loss @ e)[agents], np.diag(loss)[agents]
    across = own[:, None] + own - 2 * loss[np.ix_(agents, agents)]
    saved = np.zeros_like(across)
    np.divide((potential[:, None] - potential) ** 2, across, out=saved, where=across > 1e-9)
    return float(saved.max() / (e @ loss @ e))


def chance_of_no_line(density="1/n^2"):
    """Probability that no pair of agents has a private line."""
    agents = NODES - 1
    return float((1 - chance(density, NODES)) ** (agents * (agents - 1) // 2))
