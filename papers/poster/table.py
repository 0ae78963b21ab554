"""The poster's table: total losses of four behaviours on IEEE 300 with random private lines of rising density.

Sources: the poster on private infrastructure in microgrids, and the thesis behind it, A. Perrault, "Efficient
Coordinated Power Distribution on Private Infrastructure" (Toronto, 2013).
"""

import numpy as np
import pandas as pd

from engine.intervals import interval
from market.microgrid.random_lines import chance
from papers.figure import Reproduction, to_csv
from papers.poster.cells import (
    FIXED,
    MODELS,
    NODES,
    PER_KM,
    SIDES,
    best_single_line,
    chance_of_no_line,
    public_grid,
    questions,
    ratios,
    runs,
)
from papers.poster.claims import claims, peak_per_km, poster_gain
from papers.poster.pictures import TICKS, by_area, by_density
from papers.poster.text import POSTER, nearest, poster_ratio, table_text
from views.drawing import draw_to

KEYS = ["set_up", "density", "side_km", "resistance", "p.u.", "physics", "model"]
TEXT = "table.txt"


def write(study, folder):
    """Data, two pictures, the table in words, and the claims."""
    found = runs(study)
    facts = facts_of(found)
    to_csv(found, folder / "table.csv")
    to_csv(means(found), folder / "means.csv")
    (folder / TEXT).write_text(table_text(found, facts), encoding="utf-8")
    draw_to(folder / "poster_table.png", by_density, *_densities(found))
    draw_to(folder / "area.png", by_area, _areas(found), _ticks())
    return claims(found, facts)


def means(found):
    """A row for each set-up, density and model: number of networks, mean and half-width of loss and of its ratio."""
    rows = [
        dict(zip(KEYS, key, strict=True))
        | {"networks": len(rows), "lines": rows["lines"].mean()}
        | dict(zip(("loss", "loss_half_width"), interval(rows["loss"]), strict=True))
        | dict(zip(("ratio", "ratio_half_width"), interval(rows["ratio"]), strict=True))
        for key, rows in found.groupby(KEYS, sort=False)
    ]
    return pd.DataFrame(rows)


def facts_of(found):
    """Numbers the text and the claims share."""
    network, grid = public_grid("x")
    need = -float(np.sum(network.injection[network.injection < 0]))
    none = float(network.injection @ grid.loss @ network.injection)
    some = found[(found["set_up"] == "table") & (found["side_km"] == SIDES[0])]
    like = {column: nearest(found, SIDES[0], column) for column in POSTER[SIDES[0]]}
    return {
        "baseline": none,
        "share": none / need,
        "lines": chance("1/n^2", NODES) * (NODES - 1) * (NODES - 2) / 2,
        "no line": chance_of_no_line(),
        "best line": best_single_line(),
        "nearest": like,
        "dense": float(ratios(some, "integrated")[-1].mean()),
        "poster gain": poster_gain(),
        "free": float(1 - ratios(some, "integrated")[0].mean()),
        "peak": peak_per_km(found),
    }


def _ticks():
    return {chance(density, NODES): label for density, label in TICKS.items()}


def _densities(found):
    """Rows, the poster's ratios by area, ticks and title of the first picture."""
    rows = found[found["set_up"].isin(["table", "between"]) & (found["side_km"] == SIDES[0])]
    poster = [
        {
            chance(density, NODES): {model: poster_ratio(side, density, model) for model in MODELS}
            for density in POSTER[side]
        }
        for side in SIDES
    ]
    title = f"IEEE 300, {rows['seed'].nunique()} private networks a density, band: 95 % interval"
    return rows, poster, _ticks(), title


def _areas(found):
    """{title: rows} of the second picture."""
    per_km = {
        f"{value * 1e6:g} · 10⁻⁶ p.u./km": found[(found["set_up"] == "per km") & (found["p.u."] == value)]
        for _, value in PER_KM
    }
    return {f"mean {FIXED[1]:g} p.u., whatever the area": found[found["set_up"] == "table"]} | per_km


POSTER_TABLE = Reproduction(
    "The poster's table: losses of four behaviours by density of the private network", write, questions, TEXT
)
