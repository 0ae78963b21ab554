"""Tables as CSV text: the letters pandas writes of the same columns."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.columns import csv_text, write_csv
from market.outcome import Status

WORDS = st.sampled_from(["", "a", "a,b", 'say "x"', "line\nend", "1", "nan", "ü", " "])
FLOATS = st.floats() | st.sampled_from([0.1, -0.0, 1e16, 1e-5, 123456789.125, 5e-324])
WHOLE = st.integers(-(2**53), 2**53)
KINDS = {
    "floats": FLOATS,
    "whole": WHOLE,
    "words": WORDS,
    "truths": st.booleans(),
    "numbers": FLOATS | WHOLE,
    "gaps": FLOATS | st.none(),
    "whole with gaps": st.integers(-1000, 1000) | st.none(),
    "statuses": st.sampled_from(list(Status)),
    "NumPy's": st.floats().map(np.float64),
}


@settings(deadline=None)
@given(st.data(), st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=4), st.integers(0, 5))
def test_columns_are_written_as_pandas_writes_them(data, kinds, rows):
    columns = {
        f"{k} {kind}": data.draw(st.lists(KINDS[kind], min_size=rows, max_size=rows)) for k, kind in enumerate(kinds)
    }
    assert csv_text(columns) == pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.int32, "U9"])
def test_arrays_too(kind, tmp_path):
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(size=500) * 10 ** rng.uniform(-20, 20, 500), rng.normal(size=20), [0, 1, -1]])
    if kind in (np.int64, np.int32):
        values = np.clip(values, -1e9, 1e9)
    columns = {"a": values.astype(kind), "b": np.arange(len(values))}
    if kind in (np.float64, np.float32):
        columns["a"][::7] = np.nan
        columns["c"] = np.where(np.arange(len(values)) == 3, np.inf, columns["a"])
    text = pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")
    assert csv_text(columns) == text
    write_csv(columns, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_bytes() == text.encode()
