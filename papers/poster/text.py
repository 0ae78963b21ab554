"""Our table beside the poster's as plain text, and which of the poster's numbers cannot be had literally."""

import textwrap

import numpy as np

from engine.intervals import interval
from papers.poster.cells import BETWEEN, DENSITIES, FITTED, FITTED_NODES, MODELS, NODES, SIDES, ratios
from views.microgrid.look import spoken
from views.tables import table

WIDTH = 110
# Total losses as printed, by area's side in km and density, in the order of MODELS; 7.13 without private network.
POSTER_NONE = 7.13
POSTER = {
    1.0: {"1/n^2": (8.33, 22.16, 3.60, 3.59), "1/n": (6.79, 2.68, 2.27, 2.26), "1/log(n)": (4.00, 2.25, 2.07, 2.06)},
    100.0: {"1/n^2": (8.08, 24.95, 3.62, 3.60), "1/n": (6.89, 2.70, 2.28, 2.26), "1/log(n)": (4.05, 2.25, 2.08, 2.06)},
}
FLOOR = 2.0  # what the fitted table adds to every number


def poster_ratio(side, density, model):
    """The poster's loss over the poster's loss without a private network, NaN where it has no such number."""
    if density == "0":
        return np.nan if model == "integrated" else 1.0
    row = POSTER[side].get(density)
    return np.nan if row is None else row[MODELS.index(model)] / POSTER_NONE


def table_text(found, facts):
    """The whole text: a table an area, what cannot be had, and the fit."""
    seeds = found["seed"].nunique()
    said = [
        "Total losses on IEEE 300 with random private lines, as a ratio to no private network.",
        f"Ours: {seeds} seeds a density, DC power flow, mean private resistance 0.01 p.u. in both areas;",
        "mean ± half-width of the 95 % interval. Poster: its printed losses over its 7.13 for no private network.",
    ]
    parts = ["\n".join(said)]
    parts += [f"Square of {side:g} km\n{_side_by_side(found, side)}" for side in SIDES]
    parts.append(_wrapped("Which of the poster's numbers cannot be had literally, and why", _reasons(facts)))
    parts.append(_wrapped("A fit after the fact", [_fit(found)]))
    return "\n\n".join(parts) + "\n"


def _side_by_side(found, side):
    """A row a density, ours and the poster's for every model."""
    header = ["density", "lines"]
    for model in MODELS:
        header += [spoken(model), "poster"]
    some = found[(found["set_up"] == "table") & (found["side_km"] == side)]
    values = {model: ratios(some, model) for model in MODELS}
    rows = []
    for k, density in enumerate(DENSITIES):
        row = [density, f"{some.loc[some['density'] == density, 'lines'].mean():,.1f}"]
        for model in MODELS:
            mean, half = interval(values[model][k])
            theirs = poster_ratio(side, density, model)
            row += [f"{mean:.3f} ± {np.nan_to_num(half):.3f}", "–" if np.isnan(theirs) else f"{theirs:.3f}"]
        rows.append(row)
    return table(header, rows)


def mean_ratios(found):
    """{density, those between included: mean ratios in the 1 km square, an array in the order of MODELS}."""
    some = found[found["set_up"].isin(["table", "between"]) & (found["side_km"] == SIDES[0])]
    means = some.groupby(["density", "model"])["ratio"].mean()
    return {
        density: np.array([means[density, model] for model in MODELS]) for density in (*DENSITIES, *map(str, BETWEEN))
    }


def nearest(found, side, column):
    """(density, largest factor between the poster's column and ours there): the least over all densities run."""
    poster = np.array([poster_ratio(side, column, model) for model in MODELS])
    off = {density: float(np.max(np.abs(np.log(ours / poster)))) for density, ours in mean_ratios(found).items()}
    best = min(off, key=off.get)
    return best, float(np.exp(off[best]))


def called(density):
    """A density as the text calls it."""
    return density if density in DENSITIES else f"{float(density) * NODES:.2g}/n"


def _reasons(facts):
    """Plain words on units, densities, the floor, integrated against cooperative, and the area."""
    like, factor = facts["nearest"]["1/n^2"]
    others = min(facts["nearest"][column][1] for column in ("1/n", "1/log(n)"))
    least, most = facts["poster gain"]
    floor = POSTER[1.0]["1/log(n)"][3]
    peaks = [area["1/n^2"][1] / POSTER_NONE for area in POSTER.values()]
    return [
        f"""The unit. Without private lines we lose {facts["baseline"]:.3f} p.u. = {100 * facts["baseline"]:.0f} MW,
        {facts["share"]:.2%} of what all buses in deficit need. The poster says {POSTER_NONE}. None of the units we
        tried (p.u., MW, share of load or generation) gives its number, so only ratios are compared.""",
        f"""The density 1/n². A network of {NODES} nodes then has {facts["lines"]:.2f} private lines on average and
        none at all with probability {facts["no line"]:.3f}. Even the best of all possible single lines, without
        resistance, saves only {facts["best line"]:.1%}. Halving the losses, as in the poster's first column, is out of
        reach: that column looks like {called(like)} here, in all four models at once (off by a factor of {factor:.2f}
        at most).""",
        f"""The other densities. None of ours comes nearer to those columns than a factor of {others:.1f} in all
        models, because of a floor that our losses do not have.""",
        f"""The floor. In the poster's densest column no model gets below {floor / POSTER_NONE:.2f} of the losses
        without private lines; of ours {facts["dense"]:.3f} are left. Something that no behaviour can remove, about
        {floor:g} of {POSTER_NONE}, must be in the poster's numbers; it does not say what.""",
        f"""Integrated beside cooperative. The poster's two rows differ by {least:.1%} to {most:.1%}. With the own
        reactances of IEEE 300, free public flows save {facts["free"]:.1%} before any private line is built. Where
        public flows follow resistance the two coincide, so the poster's public grid probably had reactances in
        proportion to resistances.""",
        f"""The area. 1 km and 100 km give the same numbers where private resistance is scaled to the area, as in the
        tables above: that is our choice, not a finding. With resistance in proportion to kilometres the area matters
        little only where lines are so good (1e-6 p.u./km) that self-interest loses at most {facts["peak"]:.2f} times
        as much as no private lines; the poster has both, no effect of area and a factor of {peaks[0]:.1f} to
        {peaks[1]:.1f}.""",
    ]


def fitted(found):
    """The table with mean resistance, a floor and densities fitted, shape (densities, models), in the poster's unit."""
    some = found[found["set_up"] == "fitted"]
    means = np.column_stack([ratios(some, model).mean(axis=1) for model in MODELS])
    return FLOOR + (POSTER_NONE - FLOOR) * means


def _fit(found):
    ours, theirs = fitted(found), np.array(list(POSTER[SIDES[0]].values()))
    rows = "; ".join(" ".join(f"{value:.2f}" for value in row) for row in ours)
    off = float(np.sqrt(np.mean(np.log(ours / theirs) ** 2)))
    worst = float(np.exp(np.max(np.abs(np.log(ours / theirs)))))
    return f"""A floor of {FLOOR:g} under every number, a mean private resistance of {FITTED[1]} p.u. and the three
        densities of a network of {FITTED_NODES} nodes in place of {NODES} give the 1 km table to {off:.1%} (root mean
        square of logarithms; largest factor {worst:.2f}): {rows}. Three numbers were searched for to fit twelve, and
        neither the floor nor the {FITTED_NODES} has a meaning we know: a description, no explanation."""


def _wrapped(title, paragraphs):
    filled = [
        textwrap.fill(" ".join(text.split()), WIDTH, initial_indent="- ", subsequent_indent="  ") for text in paragraphs
    ]
    return "\n".join([title, *filled])
