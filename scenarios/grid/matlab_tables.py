"""The tables of numbers in a MATLAB file that assigns them, as MATPOWER's case files do; nothing in it is carried out.

A statement that is no plain assignment is refused: what it would change must not be left out in silence.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from scenarios.reading.errors import Place, quoted

QUOTED_OR_COMMENT = re.compile(r"('[^']*'|\"[^\"]*\")|(%|#|\.\.\.).*")
FUNCTION = re.compile(r"\s*function\s+(\[(?P<several>[\w\s,]*)\]|(?P<one>\w+))\s*=\s*\w+\s*(\(\s*\))?[\s;]*")
LIST = re.compile(r"\s*(?P<name>[A-Za-z_][\w.]*)\s*=\s*(?P<bracket>[\[{])")
STATEMENT = re.compile(r"((?:'[^']*'|\"[^\"]*\"|[^;'\"])*);?")
VALUE = re.compile(r"(?P<name>[A-Za-z_][\w.]*)\s*=\s*(?P<value>'[^']*'|\"[^\"]*\"|[-+\w.]+)")
PLAIN = re.compile(r"[-+.\deE\s,]*", re.ASCII)
NUMBER = re.compile(r"[-+]?((\d+\.?\d*|\.\d+)([eEdD][-+]?\d+)?|[Ii]nf)", re.ASCII)
SEPARATED = re.compile(r"[\s,]+")
IDLE = ("end", "return", "")
CLOSING = {"[": "]", "{": "}"}
ASSIGNMENTS = "nothing is carried out; a file that assigns tables of numbers alone is needed"
STRUCT = "mpc."  # where no function says another


@dataclass
class Table:
    """Rows of numbers and the lines of the file they stand in; line: where the table begins, counted from 1."""

    line: int
    rows: list[list[float]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


@dataclass
class Matlab:
    """What a file assigns: tables of numbers, single values as texts, and names of lists that were not asked for.

    struct: are they fields of one variable, whose name is left out?
    """

    tables: dict[str, Table] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    struct: bool = True


def read_tables(content: bytes, wanted: Collection[str], place: Place) -> Matlab:
    """What a MATLAB file of plain assignments holds; raises ScenarioError that names the line."""
    found, prefix, lines = Matlab(), STRUCT, deque(_lines(content))
    while lines:
        number, text = lines.popleft()
        if head := FUNCTION.match(text):
            found.struct = head["one"] is not None
            prefix = f"{head['one']}." if found.struct else ""
            lines.appendleft((number, text[head.end() :]))
        elif start := LIST.match(text):
            name = _name(start["name"], prefix, number, text, place)
            _check_new(name, found, number, place)
            lines.appendleft((number, text[start.end() :]))
            inside = _inside(lines, CLOSING[start["bracket"]], number, place.at(name))
            if name in wanted and start["bracket"] == "[":
                found.tables[name] = _table(number, inside, place.at(name))
            else:
                found.others.append(name)
        elif text.strip():
            statement = STATEMENT.match(text)
            _take(statement[1].strip(" \t,"), prefix, number, found, place)
            lines.appendleft((number, text[max(statement.end(), 1) :]))
    return found


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    """(Number, text) of each line without comments; one that goes on has the next one's text too."""
    text, begun, block = "", 0, False
    for number, line in enumerate(content.decode(errors="replace").removeprefix("\ufeff").splitlines(), start=1):
        if line.strip() in ("%{", "%}"):
            block = line.strip() == "%{"
            continue
        if block:
            continue
        bare = QUOTED_OR_COMMENT.sub(lambda part: part[1] or part[2].strip("%#"), line) if _special(line) else line
        goes_on = bare.endswith("...")
        text, begun = text + bare.removesuffix("..."), begun or number
        if goes_on:
            text += " "
            continue
        yield begun, text
        text, begun = "", 0
    if text:
        yield begun, text


def _special(line):
    return "%" in line or "#" in line or "..." in line


def _inside(lines, closing, begun, place) -> list[tuple[int, str]]:
    """(Number, text) of the lines up to a closing bracket, which are taken; what follows it is put back."""
    found = []
    while lines:
        number, text = lines.popleft()
        if closing == "]" and (name := LIST.match(text)):
            raise place.error(f"line {begun}: the table does not end", f"a ] before {name['name']} is needed")
        end = _end(text, closing)
        if end >= 0:
            lines.appendleft((number, text[end + 1 :]))
            return [*found, (number, text[:end])]
        found.append((number, text))
    raise place.error(f"line {begun}: the table does not end", f"a {closing} is needed")


def _end(text, closing):
    """Where a closing bracket stands outside quotes, -1 for nowhere."""
    if closing == "}":
        text = re.sub(r"'[^']*'", lambda part: "_" * len(part[0]), text)
    return text.find(closing)


def _table(begun, inside, place):
    """The rows of numbers of a table's text."""
    table = Table(begun)
    for number, text in inside:
        for part in text.split(";"):
            if part.strip(" \t,"):
                table.rows.append(_numbers(part.strip(" \t\r,"), number, place))
                table.lines.append(number)
    for number, row in zip(table.lines, table.rows, strict=True):
        if len(row) != len(table.rows[0]):
            got = f"line {number}: {len(row)} numbers, but {len(table.rows[0])} in line {table.lines[0]}"
            raise place.error(got, "all rows of a table must be of one length")
    return table


def _numbers(text, number, place):
    words = SEPARATED.split(text)
    if PLAIN.fullmatch(text):
        try:
            return [float(word) for word in words]
        except ValueError:
            pass
    wrong = next((word for word in words if not NUMBER.fullmatch(word)), None)
    if wrong is not None:
        raise place.error(f"line {number}: got {quoted(wrong)}", "a number is needed")
    return [float(word.lower().replace("d", "e")) for word in words]


def _take(statement, prefix, number, found, place):
    """Note a statement that gives a variable one value; raises ScenarioError for any other that does something."""
    if statement in IDLE:
        return
    value = VALUE.fullmatch(statement)
    if value is None:
        raise _code(number, statement, place)
    name = _name(value["name"], prefix, number, statement, place)
    _check_new(name, found, number, place)
    found.values[name] = value["value"].strip("'\"")


def _name(name, prefix, number, text, place):
    """A variable's name without that of the struct."""
    if not name.startswith(prefix):
        raise _code(number, text, place)
    return name.removeprefix(prefix)


def _code(number, text, place):
    return place.error(f"line {number}: {quoted(text.strip())} would have to be carried out", ASSIGNMENTS)


def _check_new(name, found, number, place):
    if name in found.tables or name in found.values or name in found.others:
        raise place.at(name).error(f"line {number}: it is assigned a second time", "once is needed")
