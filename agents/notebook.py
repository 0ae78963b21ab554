"""What notebooks show of scenarios, models and results: short tables in HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from numbers import Real

from market.numerals import plain

MOST_ROWS = 12
LONGEST = 160


def html_table(title: str, rows: Iterable[Sequence[object]], header: Sequence[str] = ()) -> str:
    """A title and a table of at most MOST_ROWS rows, every cell short and escaped.

    >>> html_table("a<b", [("price", 0.5)])
    '<div><b>a&lt;b</b><table><tr><td>price</td><td>0.5</td></tr></table></div>'
    """
    rows = list(rows)
    shown = [*rows[:MOST_ROWS], *([(f"{len(rows) - MOST_ROWS} more",)] if len(rows) > MOST_ROWS else [])]
    lines = ["".join(f"<td>{escape(short(cell))}</td>" for cell in row) for row in shown]
    head = ["".join(f"<th>{escape(name)}</th>" for name in header)] if header else []
    body = "".join(f"<tr>{line}</tr>" for line in [*head, *lines])
    return f"<div><b>{escape(title)}</b><table>{body}</table></div>"


def short(value: object) -> str:
    """A value as a cell: numbers to four digits, a dash for what is not defined, long texts cut."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    text = plain(float(value)) if isinstance(value, Real) and not isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
