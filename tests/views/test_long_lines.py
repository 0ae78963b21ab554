"""Of a long line the points are drawn that show all it does."""

import re

import numpy as np
import pytest

from views.kit.charts import Band, Line, line_chart
from views.style import MOST_POINTS, line_of, telling


@pytest.mark.parametrize("many", [1, 2, MOST_POINTS, MOST_POINTS + 1, 3 * MOST_POINTS - 1, 100_003])
def test_ends_peaks_and_the_first_rounds_of_a_line_are_drawn(many):
    values = np.random.default_rng(many).normal(size=many)
    values[many // 2], values[-1] = 50.0, -50.0
    rounds = np.arange(1, many + 1)
    x, y = line_of(rounds, values)
    assert len(x) <= MOST_POINTS + 2 * many // MOST_POINTS * 2 and np.all(np.diff(x) > 0)
    np.testing.assert_array_equal(y, values[x - 1])
    first = min(many, MOST_POINTS // 2)
    np.testing.assert_array_equal(x[:first], rounds[:first])
    assert x[-1] == many and y.max() == values.max() and y.min() == values.min()


def test_of_a_band_the_lowest_of_one_edge_and_the_highest_of_the_other_are_drawn_and_gaps_stay_small():
    low, high = (np.full(10_000, fill) for fill in (-1.0, 1.0))
    low[5_001], high[7_777], low[6_000:6_003] = -9.0, 9.0, np.nan
    some = telling(low, high)
    assert {0, 9_999} <= set(some.tolist())
    assert {5_001, 7_777} <= set(some.tolist()) and len(some) < MOST_POINTS + 10
    assert np.count_nonzero(np.isnan(low[some])) <= 3


@pytest.mark.parametrize("spike", [0, 1, 777, 5_003, 9_998, 9_999])
@pytest.mark.parametrize("height", [9.0, -9.0])
def test_a_spike_in_a_long_run_is_drawn_on_the_page_by_lines_bands_and_paths(spike, height):
    rounds, flat = np.arange(1.0, 10_001.0), np.sin(np.arange(10_000))
    flat[spike] = height
    up, down = flat.max(), flat.min()
    chart = line_chart([Line("line", rounds, flat, "red")], "y")
    assert reach(chart) == pytest.approx(reach(line_chart([Line("two", [0, 1], [down, up], "red")], "y")), abs=0.1)
    band = line_chart([], "y", bands=[Band(rounds, np.minimum(flat, 0), np.maximum(flat, 0), "red")])
    assert reach(band) == pytest.approx(reach(chart), abs=0.1)
    path = line_chart([Line("path", flat, rounds % 7, "red")], "y", "x")
    ends = [float(x) for x in re.findall(r"[ML]([0-9.]+) ", path)]
    left, right = across(path)
    assert (min(ends), max(ends)) == pytest.approx((left, right), abs=0.1)
    assert len(chart) < 20_000 and len(path) < 30_000


def reach(chart):
    """Heights that the lines and areas of a chart come to, in its own units."""
    heights = [float(y) for y in re.findall(r"[ML][0-9.]+ ([0-9.]+)", chart)]
    return min(heights), max(heights)


def across(chart):
    """Where a chart's axes begin and end."""
    found = re.search(r'class="grid" x1="([0-9.]+)" x2="([0-9.]+)" y1="([0-9.]+)" y2="\3"', chart)
    return float(found[1]), float(found[2])
