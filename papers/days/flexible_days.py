"""Days: storage between two hours, known examples, the paper's orderings with flexibility, others' batteries, designs.

The examples and the questions are this project's own; the orderings are those of Li, Motoki and Zhang (figs. 6 and 7).
"""

import numpy as np
import pandas as pd

from papers.claims import FAIL, judge
from papers.days import examples
from papers.days.cells import CAPACITIES, DESIGNS, FIRMS, SHARES, Example, Storage, batteries, streets
from papers.days.cells import questions as of_days
from papers.days.designs_day import FIGURE, designs_claims, designs_days, told
from papers.days.examples import CAR, CHEAP, DEAR, FAIR, FOUR_PRICES, FOUR_PURCHASES, FOUR_SURPLUSES, RISE
from papers.days.pictures import orderings
from papers.figure import Reproduction, to_csv
from views.drawing import draw_to
from views.plots.series import series
from views.tables import table

TEXT = "table.txt"
TO_ROUNDING, AS_WRITTEN = 1e-6, 1.5e-5  # relative to the shift; of values written with five or six decimals
MUCH_LESS = 5.0  # times: what "much less" is
WITH = {True: "with flexibility", False: "without"}
SURPLUS = "surplus"
LEFT = "streets left out, not settled"
NOT_ALWAYS = "found, not derived: there are streets whose homes have a little less than each for itself"


def write(study, folder):
    """Data, a table, pictures of the law and of the orderings, and the claims."""
    law = pd.DataFrame([{"firms": n} | study.answers[Storage(n)]._asdict() for n in FIRMS])
    rows = pd.DataFrame([study.answers[one] for one in streets(study.replications)])
    gains, compared = gained(study), [study.answers[one] for one in designs_days(study.replications)]
    designs = told(compared)
    for name, data in (("storage", law), ("streets", rows), ("batteries", gains), ("designs", designs)):
        to_csv(data, folder / f"{name}.csv")
    judged, left = settled(rows)
    (folder / TEXT).write_text(_text(law, judged, left, gains, designs), encoding="utf-8")
    shifts = {"equilibrium": law[["shift"]].to_numpy(), "100 N / (N + 1)": [[_law(n)] for n in FIRMS]}
    draw_to(folder / "storage.png", series, FIRMS, shifts, "storage firms", "shifted (energy)", FIRMS)
    found = {words: _by_design(judged, SURPLUS, flexible) for flexible, words in WITH.items()}
    draw_to(folder / "orderings.png", orderings, found, judged["number"].nunique())
    known = [*_storage_claims(study, law), *_example_claims(study)]
    return [*known, *_ordering_claims(judged, left), *_battery_claims(gains), *designs_claims(compared)]


def questions(replications):
    """Everything that is solved."""
    return [*of_days(replications), *designs_days(replications)]


def _law(firms):
    return examples.SHIFT * firms / (firms + 1)


def settled(rows):
    """(Rows of the streets in which rounds settled under every design, the number of those in which they did not: where
    rounds that go on for ever are stopped would be the number's doing)."""
    every = rows.groupby("number")["settled"].transform("all")
    return rows[every], rows.loc[~every, "number"].nunique()


def gained(study):
    """A row for each street, share and kind of home without a battery or a car: what others' batteries gave it."""
    found = []
    by_share = batteries(study.replications)
    for share in SHARES[1:]:
        for one, before in zip(by_share[share], by_share[SHARES[0]], strict=True):
            now, was = study.answers[one], study.answers[before]
            gain = now.has - was.has
            kinds = {"nothing": ~(now.solar | now.battery | now.car)}
            kinds |= {"a roof alone": now.solar & ~(now.battery | now.car), "a battery": now.battery}
            for kind, who in kinds.items():
                row = {"share": share, "street": one.replication, "homes with": kind, "homes": int(np.sum(who))}
                row |= {"gain": float(np.mean(gain[who])), "least": float(np.min(gain[who]))}
                row |= {"losers": int(np.sum(gain[who] < 0)), "peak": now.peak / was.peak, "spread": now.spread}
                found.append(row | {"spread without": was.spread})
    return pd.DataFrame(found)


def _by_design(rows, column, flexible=True):
    """{design: values by street}."""
    some = rows[rows["flexible"] == flexible]
    return {design: some.loc[some["design"] == design, column].to_numpy(dtype=float) for design in DESIGNS}


def _text(law, rows, left, gains, designs):
    """Storage by the number of firms; streets under the designs; homes beside others' batteries."""
    header = ("firms", "shifted", "100 N/(N+1)", "price, cheap hour", "dear hour", "profit of each")
    first = [(int(r.firms), r.shift, _law(r.firms), r.cheap, r.dear, r.profit) for r in law.itertuples()]
    columns = ("surplus", "least", "jain", "bill", "peak", "spread")
    means = rows.groupby(["design", "flexible"], sort=False)[list(columns)].mean()
    second = [(design, WITH[flexible], *map(float, row)) for (design, flexible), *row in means.itertuples()]
    third = gains.groupby(["share", "homes with"], sort=False)[["homes", "gain", "least", "losers"]].mean()
    last = [(f"{share:g}", kind, *map(float, row)) for (share, kind), *row in third.itertuples()]
    return (
        "Storage firms between two hours with net loads of 100 and 300, p = 0.01 Y\n\n"
        f"{table(header, first)}\n\n"
        f"Twelve homes; in all but the first a large user as large as they: means over "
        f"{rows['number'].nunique()} streets, money and kWh;\n{left} left out in which rounds did not settle\n\n"
        f"{table(('design', 'devices', 'mean surplus', *columns[1:]), second)}\n\n"
        "200 homes, each for itself: what homes gain by the batteries of so many (share), money a day, means\n\n"
        f"{table(('share', 'homes with', 'how many', 'gain', 'least', 'losers'), last)}\n\n"
        "Twenty-four homes over a day under every design, money and kWh, means\n\n"
        f"{table(designs.columns, designs.itertuples(index=False, name=None))}\n"
    )


def _storage_claims(study, law):
    away = max(abs(row.shift - _law(row.firms)) for row in law.itertuples()) / examples.SHIFT
    takers = study.answers[Storage(2, takers=True)]
    prices = np.array([[RISE * (CHEAP + _law(n)), RISE * (DEAR - _law(n))] for n in FIRMS])
    numbers = {f"shift, N = {row.firms}": row.shift for row in law.itertuples()}
    one, two = (study.answers[Storage(2, limit)] for limit in (CAPACITIES[0], CAPACITIES[-1]))
    return [
        _judge("N storage firms shift N/(N + 1) of what evens out two hours", away <= TO_ROUNDING, numbers),
        _judge(
            "their prices are 0.01 times the loads that leaves, and no firm gains by another day (gap)",
            np.max(np.abs(law[["cheap", "dear"]].to_numpy() - prices)) <= TO_ROUNDING
            and law["gap"].max() <= TO_ROUNDING,
            {"cheap hour, N = 2": law["cheap"][1], "dear hour": law["dear"][1], "largest gap": law["gap"].max()},
        ),
        _judge(
            "firms that take prices as given shift all 100: one price",
            abs(takers.shift - examples.SHIFT) <= TO_ROUNDING * examples.SHIFT,
            {"shift": takers.shift, "cheap hour": takers.cheap, "dear hour": takers.dear},
        ),
        _judge(
            "more storage capacity earns two firms more",
            two.profit > one.profit,
            {f"profit with {CAPACITIES[0]:g} each": one.profit, f"with {CAPACITIES[-1]:g}": two.profit},
            FAIL,
            "with 25 each they shift what a monopolist would; with more, each takes from the other",
        ),
    ]


def _example_claims(study):
    known = {change: study.answers[Example(change)] for change in FOUR_PRICES}
    now, car = known["as it is"], known["a car"]
    purchases = np.abs(now.y - FOUR_PURCHASES).max()
    surplus = np.abs(now.s + now.alone - FOUR_SURPLUSES).max()
    claims = [
        _judge(
            f"four hours, {change}: prices are " + ", ".join(f"{price:g}" for price in prices),
            np.abs(known[change].p - prices).max() <= AS_WRITTEN,
            {"furthest away": np.abs(known[change].p - prices).max()},
        )
        for change, prices in FOUR_PRICES.items()
    ]
    claims += [
        _judge(
            "four hours: purchases and surpluses are those of another programme to the digits written",
            max(purchases, surplus) <= AS_WRITTEN,
            {"purchases, furthest away": purchases, "surpluses": surplus},
        ),
        _judge(
            "four hours: the car takes " + ", ".join(f"{energy:g}" for energy in CAR),
            np.abs(car.car - CAR).max() <= AS_WRITTEN,
            {f"hour {t}": energy for t, energy in enumerate(car.car)},
            FAIL,
            "purchases and prices are unique, but its aggregator's battery and car see one price in two hours, "
            "and how they share these hours is not",
        ),
    ]
    for alpha, (y, s, p) in FAIR.items():
        one = study.answers[Example(alpha=alpha)]
        off = [np.abs(np.ravel(found) - told).max() for found, told in ((one.y, y), (one.s + one.alone, s), (one.p, p))]
        names = ("purchases", "surpluses", "prices")
        text = f"two hours, one fair aggregator, α = {alpha:g}: the day that every start of another search led to"
        claims.append(_judge(text, max(off) <= AS_WRITTEN, dict(zip(names, off, strict=True))))
    return claims


def _ordering_claims(rows, left):
    """The paper's orderings of small users' mean surplus, with flexibility and without; left: streets left out."""
    claims = []
    for flexible, words in WITH.items():
        s = _by_design(rows, SURPLUS, flexible)
        gaps = _by_design(rows, "gap", flexible)
        taken, back = s["alone"] - s["direct"], s["welfare"] - s["direct"]
        near, far = s["welfare"] - s["proportional"], s["proportional"] - s["max-min"]
        means = {name: values.mean() for name, values in s.items()}
        counts = {"streets": len(taken), LEFT: left}
        claims += [
            _judge(
                f"{words}: a large user hurts the small ones in every street",
                np.all(taken > 0),
                counts | {name: means[name] for name in ("alone", "direct")},
            ),
            _judge(
                f"{words}: aggregators at α = 0 give back some of it in every street",
                np.all(back > 0),
                {"share given back": np.mean(back / taken), "least": np.min(back / taken)}
                | {name: means[name] for name in ("direct", "welfare")},
                *((FAIL, NOT_ALWAYS) if flexible else ()),
            ),
            _judge(
                f"{words}: welfare > proportional ≫ max-min in mean surplus in every street",
                np.all(near > 0) and np.all(far > MUCH_LESS * near),
                {name: means[name] for name in ("welfare", "proportional", "max-min")}
                | counts
                | {f"largest gap, {name}": gaps[name].max() for name in ("proportional", "max-min")},
            ),
        ]
    return [*claims, *_fairness_claims(rows, left)]


def _fairness_claims(rows, left):
    now, still = (_by_design(rows, SURPLUS, flexible) for flexible in WITH)
    harm = [np.mean(s["alone"] - s["direct"]) for s in (now, still)]
    least, peak = (_by_design(rows, column) for column in ("least", "peak"))
    return [
        _judge(
            "where homes are flexible a large user takes less from them",
            harm[0] < harm[1],
            {"taken with flexibility": harm[0], "without": harm[1]},
            FAIL,
            "found in these streets, not derived; the share that aggregators give back is smaller too",
        ),
        _judge(
            "max-min leaves the poorest home more than welfare does in every street",
            np.all(least["max-min"] > least["welfare"]),
            {f"least, {name}": least[name].mean() for name in ("welfare", "max-min")}
            | {"smallest difference": np.min(least["max-min"] - least["welfare"]), LEFT: left},
        ),
        _judge(
            "max-min makes the peak lower",
            np.all(peak["max-min"] < peak["welfare"]),
            {f"peak, {name}": peak[name].mean() for name in ("welfare", "max-min")},
            FAIL,
            "found in these streets, not derived: only the poorest home counts to it, whoever else makes the peak",
        ),
    ]


def _battery_claims(gains):
    most = gains[gains["share"] == SHARES[-1]]
    by_kind = dict(list(most.groupby("homes with", sort=False)))
    nothing, roof, owners = (by_kind[kind] for kind in ("nothing", "a roof alone", "a battery"))
    share = f"batteries in {100 * SHARES[-1]:g} % of homes"
    return [
        _judge(
            f"{share} lower the peak in every street, and the spread of prices",
            np.all(most["peak"] < 1) and np.all(most["spread"] < most["spread without"]),
            {"peak, a share of that without": most["peak"].mean(), "spread": most["spread"].mean()}
            | {"spread without": most["spread without"].mean()},
        ),
        _judge(
            f"{share} are good for every home that has nothing",
            nothing["losers"].sum() == 0,
            {
                "mean gain": nothing["gain"].mean(),
                "least": nothing["least"].min(),
                "homes": int(nothing["homes"].sum()),
            },
        ),
        _judge(
            f"{share} are good for every home that has a roof alone",
            roof["losers"].sum() == 0,
            {"mean gain": roof["gain"].mean(), "least": roof["least"].min(), "homes": int(roof["homes"].sum())},
        ),
        _judge(
            f"{share} give their owners more than they give homes with nothing",
            np.all(owners["gain"].to_numpy() > nothing["gain"].to_numpy()),
            {"owners": owners["gain"].mean(), "nothing": nothing["gain"].mean()},
        ),
        _judge(
            f"{share} give their owners most",
            np.all(owners["gain"].to_numpy() > roof["gain"].to_numpy()),
            {"owners": owners["gain"].mean(), "a roof alone": roof["gain"].mean()},
            FAIL,
            "batteries make noon dearer, and that is when a roof sells",
        ),
    ]


def _judge(text, holds, numbers, *expected):
    return judge(FIGURE, text, bool(holds), numbers, *expected)


DAYS = Reproduction("Days with solar, batteries, cars and shifting", write, questions, TEXT)
