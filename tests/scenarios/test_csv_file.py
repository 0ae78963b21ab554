"""CSV files: the quick way by blocks and the way cell by cell give the same numbers and the same refusals."""

import csv
import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios import ScenarioError
from scenarios.reading import csv_file
from scenarios.reading.csv_file import NUMBER, CsvFile
from scenarios.reading.errors import Place
from tests.shares import part_of

CELLS = (
    st.floats().map(repr)
    | st.integers(-(10**25), 10**25).map(str)
    | st.text("0123456789.eE+-_ x,;\"'infaIN١", max_size=8)
    | st.sampled_from(["", " ", "1_5", "١٢", "0x10", "1e400", "1e-400", " 2 ", "True", "nan", "-inf", "1,5", "1.5abc"])
)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
)


def table_of(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return CsvFile("t.csv", Place("own.toml", tmp_path, "key"))


def plainly(rows):
    """A column of numbers after another, or the place of the first cell that is none, column by column."""
    for k in range(len(rows[0])):
        for i, row in enumerate(rows):
            if not NUMBER.fullmatch(row[k].strip()):
                return f"column c{k}, row {i + 2} of"
    return np.array(rows, dtype=float).T


@given(TABLES, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@settings(max_examples=part_of(150), deadline=None)
@pytest.mark.parametrize("block", [1, 7, csv_file.BLOCK_BYTES])
def test_numbers_are_those_of_the_csv_module_and_python(tmp_path_factory, block, rows, end, quoting):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end, quoting=quoting)
    writer.writerows([[f"c{k}" for k in range(len(rows[0]))], *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "BLOCK_BYTES", block)
        table = table_of(tmp_path_factory.mktemp("t"), text.getvalue())
        expected = plainly(rows)
        if isinstance(expected, str):
            with pytest.raises(ScenarioError) as caught:
                table.numbers(table.header)
            assert (expected if block > 7 else "column c") in str(caught.value)
            return
        found = table.numbers(table.header)
    np.testing.assert_array_equal([found[name] for name in table.header], expected)


@given(st.lists(st.lists(st.text('ab ,"\n1', max_size=4), min_size=2, max_size=2), min_size=1, max_size=8))
@settings(max_examples=part_of(100), deadline=None)
@pytest.mark.parametrize("block", [1, 5, csv_file.BLOCK_BYTES])
def test_cells_are_those_of_the_csv_module(tmp_path_factory, block, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["x", "y"], *rows, ["end", "end"]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "BLOCK_BYTES", block)
        table = table_of(tmp_path_factory.mktemp("t"), text.getvalue())
        cells = list(table.rows())
        assert cells == [[cell.strip() for cell in row] for row in [*rows, ["end", "end"]]]
        assert table.texts("y") == [row[1] for row in cells]
        if all(map(all, cells)):
            table.check_even()
        else:
            with pytest.raises(ScenarioError, match="blank cell"):
                table.check_even()


@pytest.mark.parametrize("block", [1, 10, csv_file.BLOCK_BYTES])
@pytest.mark.parametrize("last", ["1", "1,2,3", "", '"1"'], ids=["short", "long", "none", "quoted"])
def test_a_ragged_row_is_named(tmp_path, monkeypatch, block, last):
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", block)
    table = table_of(tmp_path, "a,b\n" + "1,2\n" * 20 + f"{last}\n1,2\n")
    for act in (lambda: table.numbers(["a"]), table.check_even, lambda: list(table.rows()), lambda: table.texts("b")):
        with pytest.raises(ScenarioError, match=r"row 22 of t.csv .*cells; the header has 2"):
            act()


REFUSED = {
    "semicolons": ("a;b\n0,5;1\n", "separated by semicolons; commas"),
    "tabs": ("a\tb\n1\t2\n", "separated by tabs"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "not a CSV file: it is not UTF-8"),
    "zero bytes": (b"a\n1\x002\n", "not a CSV file"),
    "Latin": ("a\n1\né\n".encode("latin-1"), "row 3 has a byte"),
    "an endless quote": ('a\n"' + "1\n" * 200_000, "not a CSV file: field larger"),
    "an endless header": ("a" * 200_000 + "\n1\n", "not a CSV file: field larger"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_csv_file_is_refused(tmp_path, case):
    content, said = REFUSED[case]
    with pytest.raises(ScenarioError, match=said):
        table_of(tmp_path, content).numbers(["a"])


BAD = {"1_5": "a number is", "١٢": "a number is", "0,5": "with a decimal point", "": "blank", "0x1": "a number is"}


@pytest.mark.parametrize("cell", BAD)
def test_a_cell_that_is_no_number_is_refused_as_the_text_it_is(tmp_path, cell):
    with pytest.raises(ScenarioError, match=f"column a, row 3 of t.csv.*{BAD[cell]}"):
        table_of(tmp_path, f'a,b\n1,2\n"{cell}",2\n').numbers(["a"])
    if "," not in cell:
        with pytest.raises(ScenarioError, match=f"column a, row 3 of t.csv.*{BAD[cell]}"):
            table_of(tmp_path, f"a,b\n1,2\n{cell},2\n").numbers(["a"])


@pytest.mark.parametrize(
    "last", ["0.25,7", "0.25,x", "0.25"], ids=["right", "a word in the last row", "ragged at the end"]
)
def test_a_million_rows_are_judged_at_the_pace_of_c(tmp_path, last):
    table = table_of(tmp_path, "a,b\n" + "0.123456,7\n" * 1_000_000 + last + "\n")
    started = time.process_time()
    try:
        assert table.numbers(["a", "b"])["a"].shape == (1_000_001,)
    except ScenarioError as error:
        assert "row 1000002 of" in str(error)
    assert time.process_time() - started < 3  # the csv module and float take 1 s for the whole alone, a cell by cell 5
