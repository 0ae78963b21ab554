"""Every plot draws whatever numbers it is given: constant, none, one, huge, tiny, undefined, infinite.

pytest turns every warning into an error; a share in the usual suite, all by `make nightly`.
"""

import io
import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.hardening.cases import NIGHTLY
from views.designs.design_panels import PANELS
from views.plots import PLOTS
from views.plots.bars import draw_bars
from views.style import new_figure

USUAL = np.array([0.3, 1.7, 0.9, 2.2])
DATA = {
    "constant": np.full(4, 0.16),
    "all but constant": 0.16 * (1 + 1e-16 * np.arange(4)),
    "apart by rounding": np.array([0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2]),
    "zero": np.zeros(4),
    "none": np.zeros(0),
    "one": np.array([1.5]),
    "huge": 1e100 * USUAL,
    "large": 1e12 * USUAL,
    "tiny": 1e-100 * USUAL,
    "negative": -USUAL,
    "wide": np.array([1e-12, 1.0, 1e12, 3.0]),
    "one undefined": np.array([0.3, np.nan, 0.9, 2.2]),
    "all undefined": np.full(4, np.nan),
    "one infinite": np.array([0.3, np.inf, 0.9, 2.2]),
    "minus infinity": np.array([0.3, -np.inf, 0.9, 2.2]),
    "all infinite": np.full(4, np.inf),
}


def names_of(values):
    return [f"scenario_{k}" for k in range(len(values))]


def comparison(values):
    """What plots read of a Comparison whose every measure has these means."""
    names, width = names_of(values), np.abs(values) / 10
    measures = ("price", "welfare", "public loss", "private loss", "loss")
    rows = [(name, m, v, w) for m in measures for name, v, w in zip(names, values, width, strict=True)]
    table = pd.DataFrame(rows, columns=["scenario", "measure", "mean", "half_width"])
    value = dict(zip(names, values, strict=True))
    return SimpleNamespace(
        names=names,
        replications=3,
        means=lambda: table,
        units=dict.fromkeys(measures, "money"),
        values=lambda name, measure: np.full(3, value[name]),
        scenarios=(),
        agents={name: (np.tile(values, (3, 1)), np.tile(values, (3, 1))) for name in names[:2]},
    )


def contracts(values, count):
    """What plots read of a ClosedPeriod whose contracts have these prices, of so many agents a side."""
    number = np.arange(len(values))
    table = {"buyer": number, "seller": number, "price": values, "quantity": np.abs(values) + 1.0}
    table |= {"buyer_gain": values, "seller_gain": values}
    market = SimpleNamespace(
        buyers=count,
        sellers=count,
        demand=np.ones(count),
        supply=np.ones(count),
        tariff=SimpleNamespace(buy=0.2, sell=0.1),
    )
    return SimpleNamespace(market=market, contracts=table, blocks=1, settlement=SimpleNamespace(bargain=None))


def history(values):
    return pd.DataFrame({"round": np.arange(1, len(values) + 1), "gap": values, "spread": values})


def means(values):
    """A sweep's means over one key, or two."""
    number = np.arange(len(values))
    columns = {"one": [str(k // 2) for k in number], "other": [str(k % 2) for k in number]}
    return pd.DataFrame(columns | {"price mean": values, "price half_width": np.abs(values)})


def axes_with_bars(values):
    figure, axes = new_figure()
    names = names_of(values)
    draw_bars(axes, names, values, np.abs(values), dict.fromkeys(names, "red"))
    return figure


def design_panels(values):
    names = names_of(values)
    measures = dict.fromkeys(PANELS, (values, np.abs(values)))
    return PLOTS["design panels"](names, measures, {"homes": values, "works": -values}, (values, values))


DRAWN = {
    "bars": lambda v: PLOTS["bars"](comparison(v), "price"),
    "bars alone": axes_with_bars,
    "contract graph": lambda v: PLOTS["contract graph"](contracts(v, 5)),
    "contract graph of many": lambda v: PLOTS["contract graph"](contracts(v, 100)),
    "densities": lambda v: PLOTS["densities"]({"x": {"a": v, "b": USUAL}}, {"a": "red", "b": "blue"}),
    "densities alone": lambda v: PLOTS["densities"]({"x": {"a": v}}, {"a": "red"}),
    "design panels": design_panels,
    "feasible set": lambda v: PLOTS["feasible set"](
        {"t": {"set": (v, v, v + 1), "arc": (v, v), "front": (v, v), "points": {"p": (np.arange(len(v)), v, v)}}}
    ),
    "frontier": lambda v: PLOTS["frontier"]({"c": (names_of(v), v, (v, np.abs(v))), "d": (names_of(v), v, v)}),
    "measure panels": lambda v: PLOTS["measure panels"](comparison(v), {"price": "p", "welfare": "w"}),
    "measure panels on log axes": lambda v: PLOTS["measure panels"](comparison(v), {"price": "p"}, log=True),
    "payoff": lambda v: PLOTS["payoff"](np.arange(len(v)), v, list(enumerate(v)), list(enumerate(v))),
    "replies": lambda v: PLOTS["replies"](("a", v, v), ("b", v, v), list(zip(v, v, strict=True))),
    "scatter": lambda v: PLOTS["scatter"]({"small": (v, v), "large": (v[:1], v[:1])}),
    "series": lambda v: PLOTS["series"](np.arange(len(v)), {"a": [np.array([x, x]) for x in v]}, "x", "y"),
    "sweep heat": lambda v: PLOTS["sweep heat"](means(v), "price", ("one", "other")),
    "sweep lines": lambda v: PLOTS["sweep lines"](means(v), "price", "one", ["other"]),
    "violation rounds": lambda v: PLOTS["violation rounds"]({"rule": history(v)}),
    "violation rounds and tolerance": lambda v: PLOTS["violation rounds"]({"rule": history(v)}, 1e-3),
}
CASES = list(itertools.product(DRAWN, DATA))


@pytest.mark.parametrize("plot", ["bars", "bars alone", "design panels", "measure panels"])
def test_names_as_long_as_files_may_have_are_drawn(plot, monkeypatch):
    long = "_".join(["long"] * 48)
    monkeypatch.setitem(globals(), "names_of", lambda values: [f"{long}_{k}" for k in range(len(values))])
    test_a_plot_draws_any_numbers(plot, "wide")


@pytest.mark.share
@pytest.mark.parametrize(("plot", "data"), CASES if NIGHTLY else CASES[::7])
def test_a_plot_draws_any_numbers(plot, data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        file = io.BytesIO()
        DRAWN[plot](DATA[data].copy()).savefig(file, dpi=30)
    assert file.getvalue()
