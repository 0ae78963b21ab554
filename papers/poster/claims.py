"""What the poster and the thesis say about losses with private lines, each claim tested on our numbers."""

import numpy as np

from engine.intervals import interval
from papers.claims import FAIL, judge
from papers.poster.cells import DENSITIES, FEW, FIXED, MANY, MODELS, NODES, PER_KM, SIDES, ratios
from papers.poster.text import POSTER, POSTER_NONE

FIGURE = "poster-table"
EQUAL_RATIOS = 1e-9  # up to which two ratios are equal
LITTLE_EFFECT = 0.02  # of the loss without private lines: "little effect" of the area
CLOSE_TO_COOPERATIVE = 0.05  # of it: "close to the cooperative"
NEARLY_EQUAL_LOSSES = 0.01  # integrated against cooperative, relative
AD_HOC, SELF, COOPERATIVE, INTEGRATED = MODELS


def claims(found, facts):
    """All claims."""
    small, large = ({m: ratios(_of(found, "table", side_km=side), m) for m in MODELS} for side in SIDES)
    table = small
    return [
        *order(small, large),
        *free_flows(found, table),
        *shape(table),
        *area(found),
        *literal(table, facts),
        *thesis(found, table),
    ]


def _of(found, name, **where):
    rows = found[found["set_up"] == name]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows


def _at(table, model, density):
    """Ratios of a model at a density by seed, shape (seeds,)."""
    return table[model][DENSITIES.index(density)]


def order(*tables):
    """Who loses least, in every network; and that more private lines never hurt those who use them well."""
    pairs = ((INTEGRATED, COOPERATIVE), (COOPERATIVE, AD_HOC), (COOPERATIVE, SELF))
    table = {model: np.concatenate([one[model] for one in tables], axis=1) for model in MODELS}
    held = np.all([table[low] <= table[high] + EQUAL_RATIOS for low, high in pairs], axis=0)
    numbers = {"networks": held.size, "networks in which it holds": int(held.sum())}
    text = "integrated <= cooperative <= ad hoc and self-interested, at every density"
    steps = {model: np.diff(table[model], axis=0) for model in (COOPERATIVE, INTEGRATED)}
    numbers_of_steps = {f"largest step, {model}": float(np.max(step)) for model, step in steps.items()}
    falls = all(np.all(step <= EQUAL_RATIOS) for step in steps.values())
    return [
        judge(FIGURE, text, bool(held.all()), numbers),
        judge(FIGURE, "denser private networks: cooperative and integrated never lose more", falls, numbers_of_steps),
    ]


def poster_gain():
    """What the integrated row saves of the cooperative one on the poster, least and most."""
    gains = [1 - row[3] / row[2] for area in POSTER.values() for row in area.values()]
    return min(gains), max(gains)


def free_flows(found, table):
    """The poster's integrated row is a hair below its cooperative one."""
    text = "integrated saves less than 1 % of the cooperative loss"
    gain = 1 - table[INTEGRATED].mean(axis=1) / table[COOPERATIVE].mean(axis=1)
    resistive = _of(found, "resistive")
    same = 1 - ratios(resistive, INTEGRATED) / ratios(resistive, COOPERATIVE)
    low, high = poster_gain()
    reason = "the grid's own reactances keep public flows off the way of least loss; the poster's seem not to have"
    numbers = {f"at {d}": g for d, g in zip(DENSITIES, gain, strict=True)} | {
        "poster, least": low,
        "poster, most": high,
    }
    return [
        judge(FIGURE, text, bool(np.max(gain) < NEARLY_EQUAL_LOSSES), numbers, FAIL, reason),
        judge(
            FIGURE,
            f"{text}, where public flows follow resistance",
            bool(np.max(same) < NEARLY_EQUAL_LOSSES),
            {"largest of any network": float(np.max(same))},
            reason="then physical flows are those of least loss and the two are the same",
        ),
    ]


def shape(table):
    """Self-interest is worst in sparse networks and nearly best in dense ones; ad hoc trade is the other way round."""
    sparse, dense = ({model: _at(table, model, d) for model in MODELS} for d in ("1/n", "1/log(n)"))
    return [*_places(sparse, dense), *_where_dense(dense), _peak(table)]


def _places(sparse, dense):
    """Which model loses more than which, by ratios at 1/n and at 1/log(n)."""
    means = {f"{m} at {d}": v[m].mean() for d, v in (("1/n", sparse), ("1/log(n)", dense)) for m in MODELS[:3]}
    falls = np.all(sparse[SELF] > 1) and np.all(dense[SELF] < 1)
    return [
        judge(
            FIGURE,
            "self-interest loses more than no private network where that is sparse (1/n), less where dense (1/log(n))",
            bool(falls),
            {
                "self / none at 1/n": sparse[SELF].mean(),
                "seeds above 1 there": int(np.sum(sparse[SELF] > 1)),
                "self / none at 1/log(n)": dense[SELF].mean(),
                "seeds above 1 there, dense": int(np.sum(dense[SELF] > 1)),
            },
        ),
        judge(
            FIGURE,
            "at 1/n ad hoc lies between cooperative and self-interested, in the mean",
            bool(sparse[COOPERATIVE].mean() < sparse[AD_HOC].mean() < sparse[SELF].mean()),
            {k: v for k, v in means.items() if "log" not in k},
        ),
        judge(
            FIGURE,
            "at 1/log(n) self-interested lies between cooperative and ad hoc, in the mean",
            bool(dense[COOPERATIVE].mean() < dense[SELF].mean() < dense[AD_HOC].mean()),
            {k: v for k, v in means.items() if "log" in k},
        ),
    ]


def _where_dense(dense):
    """How near self-interest and ad hoc trade come to the best at 1/log(n)."""
    away = float((dense[SELF] - dense[COOPERATIVE]).mean())
    return [
        judge(
            FIGURE,
            "dense networks bring self-interest close to the cooperative: within 5 % of the loss without private lines",
            away < CLOSE_TO_COOPERATIVE,
            {"self - cooperative": away, "poster": (2.25 - 2.07) / POSTER_NONE},
        ),
        judge(
            FIGURE,
            "in dense networks (1/log(n)) ad hoc trade loses at most 0.7 of what no private network does",
            bool(dense[AD_HOC].mean() < 0.7),
            {
                "ad hoc / none": dense[AD_HOC].mean(),
                "± 95 %": interval(dense[AD_HOC])[1],
                "share of networks above 1": float(np.mean(dense[AD_HOC] > 1)),
                "poster": POSTER[1.0]["1/log(n)"][0] / POSTER_NONE,
            },
            FAIL,
            "most of it is lost on private lines: a trade takes the nearest line alone, however many others there are",
        ),
    ]


def _peak(table):
    """Where self-interest loses most."""
    means = table[SELF].mean(axis=1)
    return judge(
        FIGURE,
        "self-interest's peak is where the poster has it, about 3 times the loss at 1/n^2",
        bool(_at(table, SELF, "1/n^2").mean() > 2),
        {f"at {d}": value for d, value in zip(DENSITIES, means, strict=True)}
        | {"poster": POSTER[1.0]["1/n^2"][1] / POSTER_NONE},
        FAIL,
        "at 1/n^2 there is hardly a line to trade on; the peak is there, but between 1/n and log(n)/n",
    )


def area_effect(rows):
    """Largest difference between the means of the two areas over models and densities, and where."""
    small, large = ({m: ratios(rows[rows["side_km"] == side], m).mean(axis=1) for m in MODELS} for side in SIDES)
    off = {(m, d): abs(a - b) for m in MODELS for d, a, b in zip(DENSITIES, small[m], large[m], strict=True)}
    return max(off.values()), max(off, key=off.get)


def area(found):
    """The area of the square makes little difference."""
    made = []
    cases = (
        (
            FIXED,
            "mean resistance 0.01 p.u.",
            _of(found, "table"),
            None,
            "resistance is scaled to the area: so by construction",
        ),
        (PER_KM[0], "1e-6 p.u./km", _of(found, "per km", **{"p.u.": PER_KM[0][1]}), None, ""),
        (
            PER_KM[1],
            "4e-5 p.u./km",
            _of(found, "per km", **{"p.u.": PER_KM[1][1]}),
            FAIL,
            "100 km of such a line do matter",
        ),
    )
    for _, name, rows, expected, reason in cases:
        effect, (model, density) = area_effect(rows)
        text = f"1 km or 100 km makes little difference (at most 0.02 of the loss without private lines), {name}"
        options = {"reason": reason} | ({"expected": expected} if expected else {})
        made.append(
            judge(FIGURE, text, effect < LITTLE_EFFECT, {f"largest difference ({model}, {density})": effect}, **options)
        )
    highest = peak_per_km(found)
    made.append(
        judge(
            FIGURE,
            "at 1e-6 p.u./km, where the area matters little, self-interest still peaks at 3 times",
            highest > 0.9 * POSTER[1.0]["1/n^2"][1] / POSTER_NONE,
            {"highest self / none": highest, "poster": POSTER[1.0]["1/n^2"][1] / POSTER_NONE},
            FAIL,
            "at the peak most of the loss is on private lines, and such lines lose next to nothing",
        )
    )
    return made


def peak_per_km(found):
    """Highest mean ratio of self-interest over densities and areas at 1e-6 p.u./km."""
    rows = _of(found, "per km", **{"p.u.": PER_KM[0][1]})
    return float(max(ratios(rows[rows["side_km"] == side], SELF).mean(axis=1).max() for side in SIDES))


def literal(table, facts):
    """Numbers of the poster that cannot be had."""
    lowest = _at(table, COOPERATIVE, "1/n^2").mean()
    return [
        judge(
            FIGURE,
            "at 1/n^2 cooperation halves the losses",
            bool(lowest < 0.6),
            {
                "cooperative / none": lowest,
                "poster": POSTER[1.0]["1/n^2"][2] / POSTER_NONE,
                "private lines on average": facts["lines"],
                "chance of none": facts["no line"],
                "best single line saves": facts["best line"],
            },
            FAIL,
            "most such networks have no line at all, and no single line saves that much",
        ),
        judge(
            FIGURE,
            "without private lines the loss is 7.13",
            abs(facts["baseline"] / POSTER_NONE - 1) < 0.05,
            {
                "p.u.": facts["baseline"],
                "MW": 100 * facts["baseline"],
                "% of what buses in deficit need": 100 * facts["share"],
            },
            FAIL,
            "the poster names no unit, and none we tried gives its number; ratios are compared instead",
        ),
    ]


def thesis(found, table):
    """Private trade can hurt; a few private lines help a little, a number in proportion to the agents a lot."""
    sparse = {model: _at(table, model, "1/n") for model in (AD_HOC, SELF)}
    counted = ratios(_of(found, "counted"), COOPERATIVE)
    saved = {lines: interval(1 - ratio) for lines, ratio in zip((*FEW, *MANY), counted, strict=True)}
    some, much = FEW[1], MANY[1]
    return [
        judge(
            FIGURE,
            "thesis: private trade can raise the losses",
            bool(any(np.any(ratio > 1) for ratio in sparse.values())),
            {f"share of networks at 1/n, {model}": float(np.mean(ratio > 1)) for model, ratio in sparse.items()},
        ),
        judge(
            FIGURE,
            "thesis: a constant number of private lines lowers losses by 4 to 5 %",
            _meets(*saved[some], 0.04, 0.05),
            _with_half_widths({f"{lines} line{'s' * (lines > 1)}": saved[lines] for lines in FEW}),
            reason=f"the number is not told; cooperative, it is true of about {some} lines at random",
        ),
        judge(
            FIGURE,
            "thesis: a number of private lines in proportion to the agents lowers losses by 55 to 60 %",
            _meets(*saved[much], 0.55, 0.60),
            _with_half_widths({f"{lines} lines ({lines / NODES:.2g} a node)": saved[lines] for lines in MANY}),
            reason=f"the proportion is not told; cooperative, it is true of about {much / NODES:.2g} lines a node",
        ),
    ]


def _meets(mean, half_width, low, high):
    """Does a 95 % interval meet the range from low to high?"""
    return bool(mean + half_width >= low and mean - half_width <= high)


def _with_half_widths(intervals):
    return {
        key: number for what, (mean, half) in intervals.items() for key, number in ((what, mean), (f"± {what}", half))
    }
