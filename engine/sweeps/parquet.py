"""Parquet beside CSV, where pyarrow is installed."""

import importlib

from engine.in_place import file_in_place

BLOCK_BYTES = 1 << 24  # bytes of CSV in memory at a time; each becomes a row group


def write_parquet(source, target, types):
    """Copy a CSV file into a Parquet file, block by block; without pyarrow do nothing. Did it?

    types: {column: "int64", "float64" or "string"} for every column; blank cells become nulls.
    """
    try:
        csv, parquet = importlib.import_module("pyarrow.csv"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        return False
    convert = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True)
    reader = csv.open_csv(source, read_options=csv.ReadOptions(block_size=BLOCK_BYTES), convert_options=convert)
    with reader, file_in_place(target) as aside, parquet.ParquetWriter(aside, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    return True
