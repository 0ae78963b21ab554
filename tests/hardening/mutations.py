"""Broken scenario files: shipped ones, changed at random in what they say, in their text, and in the files beside them.

Case `number` of `seed` is always the same, so that one that fails can be looked at alone:
`python -c "from tests.hardening.mutations import Mutant; print(Mutant(7).text)"`.
"""

import json
import math
import shutil
import tomllib
from datetime import date, datetime, time
from functools import cache

import numpy as np

from scenarios import finding, loading
from scenarios.markets import MARKETS, market_of

SHIPPED = sorted(finding.FOLDER.glob("*/*.toml"))
DATA = finding.FOLDER.parent / "data"
LONG = "x" * 100_000
NUMBERS = (0, -1, 1, 2, -0.0, 0.5, 1e-8, 3.7, 100, 12345, 10**6, 10**9, 50_000_000, 100_001, 2**31, 2**53, 2**63)
EXTREMES = (
    math.nan,
    math.inf,
    -math.inf,
    1e308,
    -1e308,
    1e-308,
    5e-324,
    1e30,
    1.1e30,
    1e-30,
    9e-31,
    1e29,
    1e-29,
    2**64,
)
HUGE = (10**400, -(10**400), 10**4200)
WORDS = (
    "",
    "inf",
    "nan",
    "0",
    "1/n",
    "small-users",
    "optimal",
    "quadratic",
    "x",
    "Ünïcödé ⚡",
    "\u202eright to left",
    LONG,
)
PLACES = ("../x", "/", "/etc/passwd", "/dev/zero", "/dev/null", ".", "data", "a\nb", "a\x00b", "eight_nodes", "x.toml")
MOMENTS = (date(2024, 1, 1), datetime(2024, 1, 1, 12, 0), time(12, 0))
LETTERS = "=[]{}\"'#.,\n\r\t\\ -+_0129eaxé\x00\x7f\ufeff\u2028🔌"
TOP = 4  # changes of one file at most


class Mutant:
    """One broken file: where it came from, its text as bytes, and what changes the files in data/ beside it."""

    def __init__(self, number, seed=1):
        self.number, self.seed = number, seed
        self.rng = np.random.default_rng([seed, number])
        self.origin = SHIPPED[int(self.rng.integers(len(SHIPPED)))]
        self.files = {}
        self.text = self._text()

    def __repr__(self):
        return f"Mutant({self.number}, seed={self.seed}) of {self.origin.name}"

    def write(self, folder):
        """The file in a folder, with those of data/ it may name beside it, changed or whole; returns its path."""
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "data").mkdir(parents=True)
        for name in _named(self.text):
            (folder / "data" / name).write_bytes(self.files.get(name, _content(name)))
        path = folder / "mutant.toml"
        path.write_bytes(self.text.replace(b"../../data/", b"data/"))  # they stand beside it here
        return path

    def _text(self):
        content = self.origin.read_bytes()
        kind = self.rng.random()
        beside = _named(content)
        if beside and kind < 0.3:
            name = pick(self.rng, beside)
            self.files[name] = broken_text(self.rng, broken_cells(self.rng, _content(name)), self.rng.random() < 0.3)
            return content
        if kind < 0.75:
            table = tomllib.loads(content.decode())
            changes = CHANGES if kind < 0.5 else GENTLE
            for _ in range(self.rng.integers(1, TOP + 1)):
                change(self.rng, table, changes)
            content = written(table).encode()
        return broken_text(self.rng, content, kind >= 0.7)


def _named(content):
    """Names of the files in data/ that a text names."""
    return [path.name for path in sorted(DATA.iterdir()) if path.is_file() and f"data/{path.name}".encode() in content]


@cache
def _content(name):
    return (DATA / name).read_bytes()


def pick(rng, values):
    """One of some values."""
    return values[int(rng.integers(len(values)))]


def places(table, path=()):
    """(Container, key or index, path) of every value of a table, tables and lists included."""
    found = []
    for key, value in table.items() if isinstance(table, dict) else enumerate(table):
        found.append((table, key, (*path, key)))
        if isinstance(value, dict | list):
            found += places(value, (*path, key))
    return found


def change(rng, table, changes):
    """One change of a table in place: a value, a key or a nesting."""
    found = places(table)
    if not found:
        table[pick(rng, KNOWN)] = strange(rng)
        return
    pick(rng, changes)(rng, table, *pick(rng, found)[:2])


def _replace(rng, table, where, key):
    where[key] = strange(rng)


def _delete(rng, table, where, key):
    del where[key]


def _rename(rng, table, where, key):
    if isinstance(where, dict):
        value = where.pop(key)
        where[pick(rng, (misspelt(rng, key), pick(rng, KNOWN), strange(rng, WORDS)))] = value
    else:
        where.insert(key, where[key])


def _move(rng, table, where, key):
    value = where[key]
    other, name, _ = pick(rng, places(table))
    if not (isinstance(value, dict | list) and any(inner is other for inner, *_ in [(value,), *places(value)])):
        other[name] = value


def _nest(rng, table, where, key):
    where[key] = pick(rng, ([where[key]], {"csv": where[key]}, {pick(rng, KNOWN): where[key]}, [[where[key]]] * 3))


def _scale(rng, table, where, key):
    value = where[key]
    if type(value) in (int, float) and abs(value) < 1e9:
        where[key] = pick(
            rng, (-value, value * 10, float(value), int(value), value / 3, str(value), value * 1e6, [value])
        )


def _lengthen(rng, table, where, key):
    value = where[key]
    if isinstance(value, list):
        where[key] = pick(rng, (value * 2, value[:-1], [], [*value, strange(rng)], value[::-1], [value]))
    else:
        where[key] = [value] * int(rng.integers(0, 5))


def _add(rng, table, where, key):
    target = where if isinstance(where, dict) else table
    target[pick(rng, KNOWN)] = strange(rng)


def _plausible(rng, table, where, key):
    """A key that may stand in the file, with a value of its own range."""
    market = market_of(table)
    known = pick(rng, loading.keys_of(market) if market in list(MARKETS) else KEYS)
    *above, name = known.path.split(".")
    for part in above:
        table = table.get(part) if isinstance(table, dict) else None
        table = pick(rng, table) if isinstance(table, list) and table else table
    if isinstance(table, dict):
        table[name] = of_range(rng, known)


def _draw(rng, table, where, key):
    name = pick(rng, ("uniform", "normal", "lognormal", "gamma", "csv", "column"))
    where[key] = {name: [strange(rng, NUMBERS + EXTREMES) for _ in range(pick(rng, (2, 2, 2, 1, 3)))]}


CHANGES = (
    *(_replace, _replace, _delete, _rename, _move, _nest, _scale),
    *(_scale, _lengthen, _add, _plausible, _plausible, _plausible, _draw),
)
GENTLE = (_scale, _lengthen, _delete, *(_plausible,) * 5)
KEYS = [key for market in MARKETS for key in loading.keys_of(market)]
KNOWN = sorted({part for key in KEYS for part in key.path.split(".")} | {"csv", "column", "uniform"})


def strange(rng, pool=None):
    """A value that may well be wrong where it stands."""
    pool = (
        pick(rng, (NUMBERS, NUMBERS, EXTREMES, HUGE, WORDS, PLACES, MOMENTS, (True, False), None))
        if pool is None
        else pool
    )
    if pool is not None:
        return pick(rng, pool)
    inner = [strange(rng) for _ in range(rng.integers(0, 4))]
    return pick(
        rng, (inner, {pick(rng, KNOWN): value for value in inner}, [inner, inner], deep(int(rng.integers(2, 60))))
    )


def deep(levels):
    """A list within a list within a list …"""
    value = []
    for _ in range(levels):
        value = [value]
    return value


def of_range(rng, key):
    """A value that the key's own range allows, or is near it."""
    if key.type == "choice":
        return pick(rng, key.range)
    if key.type == "switch":
        return bool(rng.integers(2))
    if key.type == "whole":
        return int(pick(rng, (1, 2, 5, 30, 1000, 99_999, 10**6)))
    if key.type in ("number", "numbers", "matrix"):
        number = float(pick(rng, (0.0, 0.01, 0.5, 1.0, 2.0, 20.0, 1e6, 1e29)))
        return pick(rng, (number, number, {"uniform": [0.0, number]}, [number] * int(rng.integers(1, 4))))
    if key.type in ("list", "column", "profile"):
        return [float(pick(rng, (0, 1, 2, -1, 0.5))) for _ in range(pick(rng, (1, 2, 3, 8)))]
    return strange(rng)


def misspelt(rng, word):
    """A word with a letter dropped, doubled or changed."""
    letters = list(str(word)) or ["x"]
    at = int(rng.integers(len(letters)))
    letters[at] = pick(rng, ("", letters[at] * 2, pick(rng, LETTERS), letters[at].upper()))
    return "".join(letters)


def written(table):
    """A table as TOML: keys at the top, all below inline; a list of tables as `[[key]]` where it can be."""
    return "".join(f"{_text(str(key))} = {_value(value)}\n" for key, value in table.items())


def _value(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_text(str(key))} = {_value(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return value.isoformat() if isinstance(value, date | time) else repr(value)


def _text(text):
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def broken_text(rng, content, breaks=True):
    """Bytes with one change of the text, whatever they mean; unchanged where nothing shall break."""
    return pick(rng, BREAKS)(rng, content) if breaks else content


def _cut(rng, content):
    return content[: int(rng.integers(len(content) + 1))]


def _lines(rng, content):
    lines = content.split(b"\n")
    one, other = (int(rng.integers(len(lines))) for _ in range(2))
    changed = pick(rng, ("drop", "twice", "swap", "many"))
    if changed == "drop":
        del lines[one]
    elif changed == "twice":
        lines.insert(other, lines[one])
    elif changed == "swap":
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines[one:one] = [lines[one]] * 500
    return b"\n".join(lines)


def _letters(rng, content):
    content = bytearray(content)
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(len(content) + 1))
        content[at : at + int(rng.integers(2))] = pick(rng, LETTERS).encode()
    return bytes(content)


def _bytes(rng, content):
    at = int(rng.integers(len(content) + 1))
    return content[:at] + rng.integers(0, 256, rng.integers(1, 20), dtype=np.uint8).tobytes() + content[at:]


def _encoded(rng, content):
    text = content.decode("utf-8", "replace")
    return pick(
        rng, (b"\xef\xbb\xbf" + content, text.encode("utf-16"), content.replace(b"\n", b"\r\n"), b"", b"\0" * 50)
    )


def _number(rng, content):
    """One number of the text made a strange one."""
    digits = [i for i, byte in enumerate(content) if chr(byte).isdigit()]
    if not digits:
        return content + b" = 1"
    at = pick(rng, digits)
    new = pick(
        rng, ("nan", "inf", "-inf", "1e308", "1e-320", "9" * 30, "1_000", "0x10", "１", "--1", "1e", ".5", "9" * 5000)
    )
    return content[:at] + new.encode() + content[at + 1 :]


BREAKS = (_cut, _lines, _lines, _letters, _letters, _bytes, _encoded, _number)


def broken_cells(rng, content):
    """A CSV file with one change of its cells: rows, columns, names, values."""
    rows = [line.split(",") for line in content.decode().splitlines()]
    row, column = int(rng.integers(len(rows))), int(rng.integers(len(rows[0])))
    changed = pick(
        rng, ("cell", "name", "column", "twice", "ragged", "short", "header", "semicolons", "order", "blank")
    )
    if changed == "cell":
        rows[row][column] = pick(rng, CELLS)
    elif changed == "name":
        rows[0][column] = pick(rng, ("", misspelt(rng, rows[0][column]), pick(rng, rows[0]), " a ", '"', "nan"))
    elif changed == "column":
        rows = [line[:column] + line[column + 1 :] for line in rows]
    elif changed == "twice":
        rows = [[*line, line[column]] for line in rows]
    elif changed == "ragged":
        rows[row] = pick(rng, (rows[row][:-1], [*rows[row], "1"], [], [""]))
    elif changed == "short":
        rows = rows[: int(rng.integers(len(rows)))]
    elif changed == "header":
        rows = rows[:1] * int(rng.integers(1, 3))
    elif changed == "order":
        rows[row], rows[-1] = rows[-1], rows[row]
    elif changed == "blank":
        rows.insert(row, [])
    return "\n".join((";" if changed == "semicolons" else ",").join(line) for line in rows).encode()


CELLS = (
    "",
    "x",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "-1",
    "1e30",
    "1e31",
    "1_000",
    "１",
    '"',
    '"1',
    "0x1",
    "1.5",
    "1e6",
    "9" * 200_000,
    "\x00",
    " 2 ",
    "-0",
)
