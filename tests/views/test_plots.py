"""Every plot, on usual and on degenerate data; pytest turns every warning into an error."""

import inspect
import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import views.plots
from engine import compare, run
from views.designs.design_panels import PANELS
from views.plots import PLOTS
from views.plots.densities import reflected_density
from views.plots.replies import broken
from views.style import group_colours

PAIR = np.array([0.5, 1.5]), np.array([1.0, 2.0])
NAN = float("nan")


@pytest.fixture(scope="module")
def result():
    return run("two_aggregators", certify=False)


@pytest.fixture(scope="module")
def comparison():
    return compare(["small_alone", "large_direct"], replications=2, direct=True, progress=False)


def runs(result):
    return {"usual": (result,)}


def designs(names, value=1.5):
    """Arguments of `design_panels` with one number everywhere."""
    numbers = np.full(len(names), value)
    return names, {one: (numbers, np.full(len(names), NAN)) for one in PANELS}, {"homes": numbers}, (numbers, numbers)


DATA = {
    "densities": {
        "usual": ({"surplus (money)": {"a": np.arange(50.0), "b": np.ones(3)}}, {"a": "red", "b": "blue"}),
        "all zero": ({"surplus (money)": {"a": np.zeros(5)}}, {"a": "red"}),
        "equal": ({"surplus (money)": {"a": np.full(5, 2.0)}}, {"a": "red"}),
        "one user": ({"surplus (money)": {"a": np.array([3.0])}}, {"a": "red"}),
        "nearly equal": ({"surplus (money)": {"a": 1 + 1e-15 * np.arange(5)}}, {"a": "red"}),
        "no users": ({"surplus (money)": {"a": np.empty(0)}}, {"a": "red"}),
        "no panels": ({}, {}),
        "six decades": ({"x": {"a": np.geomspace(1e-3, 1e3, 90)}}, {"a": "red"}),
    },
    "design panels": {
        "usual": designs(["direct", "aggregators inf", "planner"]),
        "an alpha of its own": designs(["direct", "aggregators 0.5"]),
        "nothing cleared": designs(["direct", "bilateral"], value=NAN),
        "all zero": designs(["direct", "tariff"], value=0.0),
        "losses": designs(["direct", "microgrid cooperative"], value=-2.0),
        "one design": designs(["direct"]),
    },
    "feasible set": {
        "usual": ({"pair": {"arc": PAIR, "front": PAIR, "points": {"best": ([0, np.inf], *PAIR)}}},),
        "points alone": ({"pair": {"points": {"fixed total": ([0, 1], *PAIR)}}},),
        "one point": ({"pair": {"points": {"fixed total": ([1], [1.0], [1.0])}}},),
    },
    "frontier": {
        "usual": ({"2 aggregators": (["α = 0", "α = 1"], *PAIR)},),
        "two curves": ({"2": (["α = 0", "α = 1"], *PAIR), "8": (["α = 0", "α = 1"], *PAIR)},),
        "with bars": ({"2 aggregators": (["α = 0", "α = 1"], PAIR, ([1.0, NAN], [NAN, NAN]))},),
        "one point": ({"2 aggregators": (["α = 0"], [1.0], [1.0])},),
        "all the same": ({"2 aggregators": (["α = 0", "α = 1"], [1.0, 1.0], [1.0, 1.0])},),
    },
    "payoff": {
        "usual": (np.arange(5.0), np.array([0, 2, 1, 3, 0.0]), [(1, 2), (3, 3)], [(2, 1)]),
        "minus infinity": (np.arange(3.0), np.array([-np.inf, 1, 0]), [(1, 1)]),
        "no peak": (np.arange(3.0), np.zeros(3), []),
    },
    "replies": {
        "usual": (("a", np.arange(3.0), np.ones(3)), ("b", np.arange(3.0), np.ones(3)), [(1, 1)]),
        "cycle": (("a", *PAIR), ("b", *PAIR), (), [[0, 1], [1, 1], [1, 0], [0, 0]]),
        "line": (("a", *PAIR), ("b", *PAIR), (), None, [[0, 1], [1, 0]]),
        "learned": (("a", *PAIR), ("b", *PAIR), (), None, None, "", True, ("sale",) * 2, [[0, 1], [1, 0]]),
    },
    "scatter": {
        "usual": ({"small": PAIR, "large": (np.array([99.0]), np.array([5e3]))},),
        "only a large user": ({"large": (np.array([99.0]), np.array([5e3]))},),
        "all zero": ({"small": (np.zeros(4), np.zeros(4))},),
        "very many": ({"small": (np.linspace(0, 1, 9000), np.linspace(0, 1, 9000))},),
        "nobody": ({},),
    },
    "series": {
        "usual": ([0, 1], {"small": [np.ones(3), np.arange(3.0)]}, "K", "surplus (money)"),
        "one run": ([0, 1], {"small": [np.ones(1), np.ones(1)], "large": [np.ones(1), np.ones(1)]}, "K", "s"),
        "undefined": ([0, 1], {"small": [np.full(2, NAN), np.ones(2)]}, "K", "s", ["0", "∞"]),
        "one point": ([0], {"small": [np.ones(2)]}, "K", "s"),
    },
    "user classes": {
        "usual": (
            {"direct": {"1": (1.0, 0.1), "2": (2.0, 0.2)}, "fair": {"1": (1.5, 0.1), "2": (2.0, 0.2)}},
            {"fair": {"1": (0.5, 0.01), "2": (0.0, NAN)}},
        ),
        "one run": ({"direct": {f"a town called {k}": (float(k), NAN) for k in range(30)}},),
        "undefined": ({"direct": {"1": (None, NAN), "2": (NAN, NAN)}},),
    },
}
CASES = [(name, case) for name, cases in DATA.items() for case in cases]


def drawn(figure):
    """The picture of a figure as bytes, all of it laid out."""
    assert isinstance(figure, Figure)
    file = io.BytesIO()
    figure.savefig(file, dpi=40)
    return file.getvalue()


@pytest.mark.share
@pytest.mark.parametrize(("name", "case"), CASES)
def test_plots_of_arrays(name, case):
    assert drawn(PLOTS[name](*DATA[name][case]))


@pytest.mark.parametrize("name", ["convergence", "user bands", "purchases"])
def test_plots_of_runs(name, result):
    assert drawn(PLOTS[name](result))


@pytest.mark.parametrize("states", ["p0 = [0.1]", "p0 = [0.1, 0.4, 0.2]\nweight = 1"])
def test_plots_of_states(states):
    text = f"""market = "aggregator"\nprice = {{ rule = "affine", p0 = 0, c = 0.1 }}\n[scenarios_of]\n{states}
        [[group]]\nname = "a"\nkind = "direct"\nusers = 2\nutility = {{ form = "quadratic", a = 1, b = 2 }}"""
    assert drawn(PLOTS["states"](run(text, direct=True)))


@pytest.mark.parametrize("measure", ["mean small surplus", "price", "jain", "mean large surplus"])
def test_plots_of_comparisons(measure, comparison):
    assert drawn(PLOTS["bars"](comparison, measure))


OF_MICROGRIDS = {"losses by behaviour", "network map", "node payments", "periods"}  # test_microgrid_plots.py
OF_CONTRACTS = {  # test_bilateral_plots.py
    "contract graph",
    "measure panels",
    "payoff split",
    "price rounds",
    "trading day",
    "violation rounds",
}


OF_NETWORKS = {"congestion", "price map", "residual curve", "surplus at nodes"}  # test_network_plots.py
OF_DAYS = {"day", "differences", "flexibility", "levels", "one home", "price duration"}  # test_days_plots.py
OF_SWEEPS = {"sweep heat", "sweep lines"}  # test_sweep_plots.py
OF_RUNS = {"convergence", "user bands", "purchases", "bars", "states"}
OF_LEARNING = {"gaps", "purchase bands", "regrets"}  # test_learning_plots.py
OF_JOINING = {"members"}  # test_joining_plots.py
OF_TARIFFS = {"who pays"}  # test_tariff_plots.py


def test_every_plot_is_tested_and_every_file_registered():
    others = {*OF_MICROGRIDS, *OF_CONTRACTS, *OF_NETWORKS, *OF_DAYS, *OF_SWEEPS}
    assert set(PLOTS) == {*DATA, *OF_RUNS, *OF_JOINING, *OF_TARIFFS, *OF_LEARNING, *others}
    files = {Path(inspect.getfile(inspect.unwrap(plot))) for plot in PLOTS.values()}
    general = {
        path for path in Path(views.plots.__file__).parent.glob("*.py") if path.stem not in ("__init__", "asked")
    }
    assert general <= files
    names = {path.stem for path in files}
    assert names == {name.replace(" ", "_") for name in PLOTS} == {plot.__name__ for plot in PLOTS.values()}


def test_a_density_integrates_to_one_over_what_is_possible():
    at = np.linspace(0, 60, 6001)
    values = np.random.default_rng(0).exponential(2.0, 500)
    assert np.trapezoid(reflected_density(values, at), at) == pytest.approx(1, abs=1e-3)


def test_a_density_keeps_its_shape_when_very_many_users_are_thinned_out():
    at = np.linspace(0, 20, 200)
    values = np.random.default_rng(0).exponential(2.0, 5000)
    assert np.max(np.abs(reflected_density(values, at) - reflected_density(values[::2][:2000], at))) < 0.05


def test_jumps_of_a_reply_are_not_drawn_as_lines():
    assert np.isnan(broken([0.0, 0.1, 5.0, 5.1])[1])
    assert not np.any(np.isnan(broken([0.0, 0.0, 0.0])))


def test_a_group_has_the_same_colour_in_different_plots(result):
    colour = group_colours(["north", "south", "data centre"])["data centre"]
    lines = PLOTS["convergence"](result).axes[0].get_lines()
    bars = PLOTS["purchases"](result).axes[0].patches
    groups = {name: result.group(name) for name in ("north", "south", "data centre")}
    stars = [line for line in PLOTS["scatter"](groups).axes[0].get_lines() if line.get_marker() == "*"]
    assert lines[2].get_color() == colour == stars[0].get_color()
    assert bars[2].get_facecolor()[:3] == pytest.approx([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])


def test_every_axis_says_what_it_shows_and_in_which_unit(result):
    for name in ("convergence", "user bands", "purchases"):
        for axes in PLOTS[name](result).axes:
            assert "(" in axes.get_ylabel()
