"""Scenarios and their schema as text: `run.py show`, and the table of the documentation."""

from __future__ import annotations

from scenarios.loading import keys_of
from scenarios.reading.schema import KINDS, REQUIRED
from scenarios.reading.toml_text import short
from scenarios.scenario import Scenario


def describe(scenario: Scenario) -> str:
    """The whole scenario, defaults filled in: for each key its value, unit, meaning, range and default."""
    rows = [
        (left, scenario.in_units(unit), said)
        for left, unit, said in _rows(scenario.table, keys_of(scenario.market), "", "")
    ]
    widths = [min(max(len(row[column]) for row in rows), most) for column, most in ((0, 62), (1, 24))]
    lines = [f"{left:<{widths[0]}}  {unit:<{widths[1]}}  {said}".rstrip() for left, unit, said in rows]
    return "\n".join([f"# {scenario.path or scenario.name}", *lines])


def _rows(table, keys, path, shown):
    """(key = value, unit, meaning with range and default) for each key of a table, in its order."""
    for name, value in table.items():
        key = _key_of(keys, f"{path}{name}", table)
        if key.type == "tables":
            for i, row in enumerate(value):
                yield "", "", ""
                yield from _rows(row, keys, f"{key.path}.", f"{key.path}.{i}.")
        elif key.type in ("table", "columns"):
            yield from _rows(value, keys, f"{key.path}.", f"{shown}{name}.")
        else:
            yield f"{shown}{name} = {short(value)}", f"[{key.unit}]" if key.unit else "", _said(key)


def _key_of(keys, path, table):
    """The key of that path that goes with the table's choices."""
    return next(key for key in keys if key.path == path and key.goes_with(table))


def _said(key):
    default = "all" if key.default == key.range else short(key.default)
    details = [key.allowed, "" if key.default in (REQUIRED, None, "") else f"default {default}"]
    details = "; ".join(part for part in details if part)
    return f"{key.meaning} ({details})" if details else key.meaning


def schema_table(market: str) -> str:
    """The schema of one market's scenario files as a Markdown table."""
    lines = ["| key | type | unit | default | range | meaning |", "|---|---|---|---|---|---|"]
    for key in keys_of(market):
        default = {REQUIRED: "required", None: ""}.get(
            None if isinstance(key.default, dict) else key.default, key.default
        )
        default = default if default in ("required", "") else f"`{short(default)}`"
        only = f" ({', '.join(key.when)} only)" if key.when else ""
        path = f"[[{key.path}]]" if key.type == "tables" else key.path
        cells = (f"`{path}`", KINDS[key.type], key.unit, default, key.allowed, key.meaning + only)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
