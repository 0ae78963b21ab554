"""Parquet beside runs.csv: the same table, written again when rows are added, known to `verify`."""

import csv
import json

import pandas as pd
import pyarrow.parquet
import pytest

from engine import InProcess, sweep, verify
from engine.sweeps.parquet import write_parquet
from engine.sweeps.points import product

OPTIONS = {"direct": True, "progress": False, "executor": InProcess()}
VARY = {
    "two_aggregators": ["price.c=0.001,2e-3", "group.0.fairness.alpha=0,inf"],
    "eight_nodes_none": ["behaviour=none,ad-hoc", "tariff.buy=2,3"],
    "p2p_homogeneous": ["contracts=single,multi", "rounds=5,7"],
}


@pytest.mark.parametrize("name", VARY)
def test_parquet_holds_what_the_rows_hold(name, tmp_path):
    folder = sweep(name, product(VARY[name]), out=tmp_path, replications=2, **OPTIONS)
    parquet = pd.read_parquet(folder / "runs.parquet")
    with open(folder / "runs.csv", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert parquet.columns.tolist() == list(rows[0])
    assert len(parquet) == len(rows) == 8
    for column in parquet:
        for value, row in zip(parquet[column], rows, strict=True):
            assert pd.isna(value) if row[column] == "" else value == type(value)(row[column]), column
    assert pd.api.types.is_integer_dtype(parquet["point"])
    assert pd.api.types.is_float_dtype(parquet["gap"])
    assert verify(folder).passed


def test_more_replications_write_it_anew(tmp_path):
    for replications in (1, 3):
        folder = sweep(
            "two_aggregators", product(["price.c=0.001"]), out=tmp_path, replications=replications, **OPTIONS
        )
        assert len(pd.read_parquet(folder / "runs.parquet")) == replications
    assert "runs.parquet" in json.loads((folder / "manifest.json").read_text())["files"]
    (folder / "runs.parquet").write_bytes(b"")
    assert not verify(folder).passed


def test_a_long_file_is_copied_block_by_block(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.sweeps.parquet.BLOCK_BYTES", 4096)
    text = "".join(f"{number},{number / 7!r},x\n" for number in range(5_000))
    (tmp_path / "runs.csv").write_text("point,price,error\n" + text)
    types = {"point": "int64", "price": "float64", "error": "string"}
    assert write_parquet(tmp_path / "runs.csv", tmp_path / "runs.parquet", types)
    assert pyarrow.parquet.ParquetFile(tmp_path / "runs.parquet").num_row_groups > 10
    table = pd.read_parquet(tmp_path / "runs.parquet")
    assert table["price"].tolist() == [number / 7 for number in range(5_000)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs.csv", "runs.parquet"]
