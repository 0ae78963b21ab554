"""Of a long line the points are drawn that show all it does."""

import numpy as np
import pytest

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
    assert x[-1] > many - 5 * many / MOST_POINTS - 1 and y.max() == values.max() and y.min() == values.min()


def test_of_a_band_the_lowest_of_one_edge_and_the_highest_of_the_other_are_drawn_and_gaps_stay_small():
    low, high = (np.full(10_000, fill) for fill in (-1.0, 1.0))
    low[5_001], high[7_777], low[6_000:6_003] = -9.0, 9.0, np.nan
    some = telling(low, high)
    assert {5_001, 7_777} <= set(some.tolist()) and len(some) < MOST_POINTS + 10
    assert np.count_nonzero(np.isnan(low[some])) <= 3
