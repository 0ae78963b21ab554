"""A run as one xarray.Dataset: the tables it has, a dimension each."""

import numpy as np
import pytest

from engine import run

RUNS = {"village_people": {"user", "player", "round"}, "p2p_homogeneous": {"user", "contract", "round", "period"}}


@pytest.mark.parametrize("name", RUNS)
def test_a_data_set_holds_what_the_tables_hold(name):
    result = run(name)
    found = result.to_xarray()
    assert set(found.sizes) == RUNS[name]
    for table in result.tables:
        one = table.removesuffix("s")
        frame = result.to_dataframe(table)
        assert found.sizes[one] == len(frame)
        for column in frame.select_dtypes("number"):
            assert np.array_equal(found[f"{one}_{column}"], frame[column], equal_nan=True)
