"""The one reader of CSV files: UTF-8 text with commas, a header, and rows of as many cells.

What can be judged by whole blocks is: cells are counted by NumPy and numbers read by pandas' parser in C. Only a block
with quotes or a fault is read cell by cell, so that the message can name row and column.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from copy import copy
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd

from market.arrays import Integers
from scenarios.reading.errors import Place, nearest, one_of, quoted
from scenarios.reading.files import LARGEST_TABLE, content_of
from scenarios.reading.kept import WORDS

BLOCK_BYTES = 1 << 22  # bytes that are judged at once
FEW_BYTES = 1 << 18  # read cell by cell in less time than pandas needs to be loaded
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|infinity|nan)", re.ASCII | re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+", re.ASCII)
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
UNLIKE = (b'"', b"True", b"TRUE", b"true", b"False", b"FALSE", b"false")  # pandas takes words of truth for numbers
WIDE = {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}


class CsvFile:
    """A CSV file's header, and its columns on request.

    name: the file as the user wrote it; picked: of rows that were chosen, the number each had, None for all.
    """

    picked: np.ndarray | None = None

    def __init__(self, name, place: Place):
        self.name, self.place = name, place
        self.body = self._content()
        self.header = self._take_header()
        if not self.body.strip(b"\n"):
            raise place.error(f"{name} has no rows below its header", "a row per value is needed")
        self.body = self.body.rstrip(b"\n") + b"\n"

    def _content(self):
        name, place = self.name, self.place
        if not isinstance(name, str) or not name.isprintable():
            raise place.error(f"got {quoted(name)}", "the path of a CSV file is needed")
        try:
            content = content_of(place.folder / name, LARGEST_TABLE)
        except OSError as error:
            raise place.error(f"cannot read {quoted(name)}: {error.strerror}", f"looked in {place.folder}") from None
        if content[:2] in WIDE or b"\0" in content:
            raise self._no_csv("it is not UTF-8")
        try:
            content if content.isascii() else content.decode()
        except UnicodeDecodeError as error:
            row = content.count(b"\n", 0, error.start) + 1
            raise self._no_csv(f"row {row} has a byte that is not UTF-8") from None
        if not content.strip():
            said = "row 1 of {} is blank" if content.strip(b" \t") else "{} is empty"
            raise place.error(said.format(name), "a header row and a row per value are needed")
        content = content.removeprefix(codecs.BOM_UTF8)
        return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in content else content

    def _no_csv(self, said):
        return self.place.error(f"{self.name} is not a CSV file: {said}", "UTF-8 text with commas is needed")

    def _take_header(self):
        """The header's names; the body then starts below it."""
        lines = io.BytesIO(self.body)
        try:
            header = next(csv.reader(line.decode() for line in lines))
        except csv.Error as error:
            raise self._no_csv(error) from None
        self.body = self.body[lines.tell() :]
        header = [name.strip() for name in header]
        if not header:
            raise self.place.error(
                f"row 1 of {self.name} is blank", "a header row with a name for each column is needed"
            )
        said = next((said for letter, said in SEPARATORS.items() if letter in header[0]), None)
        if len(header) == 1 and said is not None:
            raise self.place.error(f"{self.name} is separated by {said}", "commas are needed, and decimal points")
        return header

    def at(self, place: Place) -> CsvFile:
        """The same file as it is named at another place."""
        other = copy(self)
        other.place = place
        return other

    def only(self, rows: Integers) -> CsvFile:
        """The file with the rows of these numbers alone, each of which is still called by the number it had."""
        other, lines = copy(self), self._lines()
        other.body = b"".join([lines[row] for row in rows.tolist()])
        other.picked = rows if self.picked is None else self.picked[rows]
        return other

    def _lines(self):
        """The bytes of each row."""
        if b'"' not in self.body:
            return self.body.splitlines(keepends=True)
        text = io.StringIO(self.body.decode(), newline="")
        ends = (text.tell() for _ in csv.reader(iter(text.readline, "")))
        return [text.getvalue()[start:end].encode() for start, end in pairwise([0, *ends])]

    def check_has(self, column: str) -> None:
        """Raise ScenarioError unless there is one column of that name."""
        if (many := self.header.count(column)) != 1:
            got = f"{self.name} has {many} columns {quoted(column)}"
            raise self.place.error(got, f"its columns are {one_of(self.header)}", nearest(column, self.header))

    def numbers(self, wanted) -> dict[str, np.ndarray]:
        """Columns as arrays of floats; raises ScenarioError for a ragged row, and a cell that is no number."""
        at = [self.header.index(name) for name in wanted]
        parts = [self._numbers_of(block, row, at) for row, block in self._blocks()]
        return {name: np.concatenate([part[k] for part in parts]) for k, name in enumerate(wanted)}

    def _numbers_of(self, block, row, at):
        """Arrays of the columns `at` of one block whose first row is the row-th below the header."""
        if self._plain(block):
            try:
                return _fast(block, at, len(self.header))
            except ValueError:
                pass  # it is looked at cell by cell
        rows = self._cells(block, row)
        return [np.array([self._number(cells[k], k, row + i) for i, cells in enumerate(rows)], dtype=float) for k in at]

    def _number(self, cell, at, row):
        cell = cell.strip()
        if NUMBER.fullmatch(cell):
            return float(cell)
        got = f"column {self.header[at]}, {self.row(row)} is {quoted(cell) if cell else 'blank'}"
        comma = ", with a decimal point," if DECIMAL_COMMA.fullmatch(cell) else ""
        raise self.place.error(got, f"a number{comma} is needed")

    def is_numeric(self, column: str) -> bool:
        """Are all cells of a column numbers, or blank?"""
        at = self.header.index(column)
        return all(self._is_numeric(block, row, at) for row, block in self._blocks())

    def _is_numeric(self, block, row, at):
        if self._plain(block):
            try:
                _fast(block, [at], len(self.header))
                return True
            except ValueError:
                pass  # it is looked at cell by cell
        cells = (cells[at].strip() for cells in self._cells(block, row))
        return all(NUMBER.fullmatch(cell) or not cell for cell in cells)

    def row(self, number: int) -> str:
        """What the number-th row below the header is called: as a spreadsheet does (the header is row 1)."""
        return row_name(number if self.picked is None else int(self.picked[number]), self.name)

    def words(self, column: str) -> np.ndarray:
        """One column as an array of texts, shape (rows,); raises ScenarioError for a ragged row."""
        at = self.header.index(column)
        blocks = (self._cells(block, row) for row, block in self._blocks())
        return np.concatenate([np.array([cells[at].strip() for cells in rows], dtype=WORDS) for rows in blocks])

    def texts(self, column: str) -> list[str]:
        """One column as texts; raises ScenarioError for a ragged row."""
        at = self.header.index(column)
        return [cells[at].strip() for row, block in self._blocks() for cells in self._cells(block, row)]

    def rows(self) -> Iterator[list[str]]:
        """The cells of row after row; raises ScenarioError for a ragged one."""
        for row, block in self._blocks():
            yield from ([cell.strip() for cell in cells] for cells in self._cells(block, row))

    def check_even(self):
        """Raise ScenarioError for a row of other cells than the header's, or a blank cell."""
        for row, block in self._blocks():
            if b'"' in block or not self._even(block) or re.search(rb"(^|[,\n])[ \t]*([,\n])", block):
                for i, cells in enumerate(self._cells(block, row)):
                    if not all(map(str.strip, cells)):
                        raise self.place.error(f"{self.row(row + i)} has a blank cell", "a value in each is needed")

    def _cells(self, block, row):
        """The cells of a block's rows; raises ScenarioError for a ragged one."""
        try:
            rows = list(csv.reader(io.StringIO(block.decode(), newline="")))
        except csv.Error as error:
            raise self._no_csv(error) from None
        odd = next((i for i, cells in enumerate(rows) if len(cells) != len(self.header)), None)
        if odd is not None:
            got = f"{self.row(row + odd)} has {len(rows[odd])} cells"
            raise self.place.error(got, f"the header has {len(self.header)}")
        return rows

    def _plain(self, block):
        """Is pandas' parser, once loaded, the faster one for a block, and sure to take it as it is meant?"""
        return len(block) > FEW_BYTES and self._even(block) and not any(word in block for word in UNLIKE)

    def _even(self, block):
        """Has each line of a block without quotes as many cells as the header?"""
        letters = np.frombuffer(block, dtype=np.uint8)
        ends, commas = np.flatnonzero(letters == ord("\n")), np.flatnonzero(letters == ord(","))
        each = len(self.header) - 1
        if len(commas) != each * len(ends):
            return False
        if each == 0:
            return True
        by_line = commas.reshape(-1, each)
        return bool(np.all(by_line[:, -1] < ends) and np.all(by_line[1:, 0] > ends[:-1]))

    def _blocks(self):
        """(Number of its first row, bytes) of blocks of whole rows: each has an even number of quotes."""
        start, row = 0, 0
        has_quotes = b'"' in self.body
        while start < len(self.body):
            end, quotes = start, 0
            while end < len(self.body):
                before, end = end, self._line_end(max(end, start + BLOCK_BYTES))
                quotes += self.body.count(b'"', before, end) if has_quotes else 0
                if quotes % 2 == 0:
                    break
            block = self.body[start:end]
            yield row, block
            row += len(list(csv.reader(io.StringIO(block.decode(), newline="")))) if quotes else block.count(b"\n")
            start = end

    def _line_end(self, start):
        return self.body.find(b"\n", start) + 1 or len(self.body)


def _fast(block, at, width):
    """Arrays of some columns of a block without quotes and faults; raises ValueError for a cell that is no number."""
    return (
        pd.read_csv(
            io.BytesIO(block),
            header=None,
            names=range(width),
            usecols=at,
            index_col=False,
            dtype=np.float64,
            engine="c",
            quoting=csv.QUOTE_NONE,
            na_filter=False,
            skip_blank_lines=False,
            low_memory=False,
            **exact_floats(),
        )[at]
        .to_numpy()
        .T
    )


@cache
def exact_floats():
    """Options by which pandas' parser gives the bits of Python's float; from 3.1 on it does unasked."""
    return {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}


def row_name(number: int, file: str) -> str:
    """What the number-th row below a file's header is called."""
    return f"row {number + 2} of {file} (the header is row 1)"
