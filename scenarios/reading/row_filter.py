"""Which rows of a CSV file are meant: `aggregator == 'fair' and income < 2000`, read by a grammar of its own.

    filter     = all { "or" all }
    all        = comparison { "and" comparison }
    comparison = column ( == | != | < | <= | > | >= ) value
    column     = a name of letters, digits and _, or any within backquotes
    value      = a number, or a text in quotes, which is compared by == and != only

Comparisons joined by "and" look only at rows that those before them let pass: `income != '' and income < 2000`.
Nothing of it is evaluated as a program.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from market.arrays import Integers
from scenarios.reading.csv_file import CsvFile
from scenarios.reading.errors import Place, quoted

COMPARED: dict[str, Callable] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
OF_TEXTS = ("==", "!=")
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
COMPARISON = re.compile(
    rf"""\s*(?:`(?P<quoted>[^`]+)`|(?P<bare>[^\W\d]\w*))
    \s*(?P<sign>==|!=|<=|>=|<|>)
    \s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<number>{NUMBER})(?![\w.]))\s*""",
    re.VERBOSE,
)
JOINT = re.compile(r"(and|or)\b")
FORM = "COLUMN == 'text' or COLUMN < 5, joined by and, or, is needed; signs are ==, !=, <, <=, >, >="


class Condition(NamedTuple):
    """A column, a sign, and the number or text it is compared with."""

    column: str
    sign: str
    value: float | str


def parsed(text: str, place: Place) -> list[list[Condition]]:
    """The filter as alternatives, each of comparisons that must all hold; raises ScenarioError."""
    alternatives: list[list[Condition]] = [[]]
    for joint, comparison in _parts(text, place):
        if joint == "or":
            alternatives.append([])
        alternatives[-1].append(comparison)
    return alternatives


def _parts(text, place) -> Iterator[tuple[str, Condition]]:
    """("and", "or", or "" for the first; Condition) one after another."""
    at, joint = 0, ""
    while True:
        found = COMPARISON.match(text, at)
        if found is None:
            raise place.error(f"got {quoted(text[at:] or text)}" + (f" in {quoted(text)}" if at > 0 else ""), FORM)
        yield joint, _comparison(found, place)
        at = found.end()
        if at == len(text):
            return
        then = JOINT.match(text, at)
        if then is None:
            raise place.error(f"got {quoted(text[at:])} after a comparison", FORM)
        joint, at = then[1], then.end()


def _comparison(found, place):
    column, sign, number = found["quoted"] or found["bare"], found["sign"], found["number"]
    if number is not None:
        return Condition(column, sign, float(number))
    if sign not in OF_TEXTS:
        raise place.error(f"got {quoted(found[0].strip())}", "a text is compared by == and != only")
    return Condition(column, sign, found["single"] if found["double"] is None else found["double"])


def chosen(text: str, file: CsvFile, place: Place) -> Integers:
    """Ascending numbers of a file's rows that a filter lets pass; raises ScenarioError, also where none is."""
    rows = np.unique(np.concatenate([_passing(together, file) for together in parsed(text, place)]))
    if not rows.size:
        raise place.error(f"no row of {file.name} is such that {text}", "a filter that some row passes is needed")
    return rows


def _passing(together, file):
    """Numbers of the rows for which all comparisons hold; each looks only at rows for which those before it do."""
    for one in together:
        rows = _rows(one, file)
        file = file.only(rows)
        if not rows.size:
            break
    return file.picked


def _rows(one, file):
    """Places of the rows for which a comparison holds."""
    file.check_has(one.column)
    values = file.words(one.column) if isinstance(one.value, str) else file.numbers([one.column])[one.column]
    return np.flatnonzero(COMPARED[one.sign](values, one.value))
