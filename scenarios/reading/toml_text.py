"""TOML in and out, and the `--set KEY=VALUE` that changes it."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from scenarios.reading import toml_limits
from scenarios.reading.errors import Place, nearest, one_of, quoted

MOST_SHOWN = 6  # numbers or names of a list that is shown whole
PART = re.compile(r'"([^"]*)"|([^.]+)')
AT_LINE = re.compile(r"\(at line (\d+), ")
HINTS = (  # what people write, and what TOML has for it
    (r"[=\[,]\s*[-+]?([Ii]nfinity|INF|Inf|∞|\.inf)(?!\w)", "infinity is written inf"),
    (r"[=\[,]\s*(True|TRUE|Yes|yes|on|False|FALSE|No|no|off)\b", "true or false is written so"),
    (r"[=\[,]\s*(None|null|nil|NaN|NA)\b", "a key without a value is left out"),
    (r"[=\[,]\s*[-+]?\d+,\d+\s*(#.*)?$", "numbers have a decimal point"),
    (r"[=\[,]\s*[-+]?(\.\d+|\d+\.(?!\d))", "a digit stands before and after a decimal point"),
    (r"[=\[,]\s*[-+]?0\d", "a number starts with no 0 of others"),
    (r"^\s*[\w.-]+\s*:", "KEY = VALUE is written with ="),
    (r"=\s*(?!(?:true|false|inf|nan)\b)[A-Za-z_][^\W\d]*\s*([,}\]#]|$)", "a text stands in quotes"),
)


def parse(content: bytes, place: Place) -> dict:
    """The table a TOML file holds; raises ScenarioError with line and column where it is not TOML."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return toml_limits.loads(content)
    except toml_limits.TooMuch as error:
        raise place.error(error.got, error.allowed) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise place.error(f"byte {error.start} (line {line}) is not UTF-8", "TOML files are UTF-8 text") from None
    except RecursionError:
        raise place.error("lists nested too deeply", "a flat scenario file is needed") from None
    except ValueError as error:
        allowed = _hint(content, error) or "see `python run.py show two_aggregators` for the form"
        raise place.error(f"not TOML: {error}", allowed) from None


def plain(value, place: Place, depth: int = 0):
    """A value of Python's as a TOML file would have it: arrays and series as lists, paths as texts.

    Raises ScenarioError for what no file could hold: keys that are no texts, half letters, endless nesting.
    """
    if depth > toml_limits.DEEPEST_NESTING:
        raise place.error(
            "lists nested too deeply", f"at most {toml_limits.DEEPEST_NESTING} within each other are read"
        )
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {_text(key, place): plain(part, place.at(key), depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, place, depth + 1) for part in value]
    return _text(os.fspath(value), place) if isinstance(value, str | os.PathLike) else value


def _text(value, place):
    """A text of letters that UTF-8 has; raises ScenarioError."""
    try:
        value.encode()
    except (AttributeError, UnicodeEncodeError):
        raise place.error(f"got {quoted(value)}", "a text of whole letters is needed") from None
    return value


def _hint(content, error):
    """What was probably meant in the line that an error names, empty where nobody knows."""
    found = AT_LINE.search(str(error))
    lines = content.decode(errors="replace").split("\n") if found else ()
    line = lines[int(found[1]) - 1] if lines else ""
    return next((said for pattern, said in HINTS if re.search(pattern, line)), "")


def dump(table: dict) -> str:
    """TOML text of a table: plain values first, then each list of tables as `[[key]]` sections."""
    sections = {key: value for key, value in table.items() if _is_sections(value)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in sections]
    for key, rows in sections.items():
        for row in rows:
            lines += ["", f"[[{_key(key)}]]", *(f"{_key(k)} = {_value(v)}" for k, v in row.items())]
    return "\n".join(lines) + "\n"


def _is_sections(value):
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(row, dict) for row in value)


def _key(key):
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if hasattr(value, "told"):  # what is kept of users
        return _value(value.told())
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)


def short(value):
    """A value as TOML shows it, long lists by their length and range."""
    value = tuple(value) if hasattr(value, "told") else value  # what is kept of users
    if isinstance(value, tuple) and isinstance(value[0] if value else None, tuple):
        return short(value[0]) if len(value) == 1 else f"{len(value)} rows, the first {short(value[0])}"
    if isinstance(value, tuple) and len(value) > MOST_SHOWN and isinstance(value[0], str):
        return f"{len(value)} names, the first {short(value[0])}"
    if isinstance(value, tuple) and len(value) > MOST_SHOWN:
        return f"{len(value)} numbers, {min(value):.4g} to {max(value):.4g}"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {short(part)}" for key, part in value.items()) + " }"
    if isinstance(value, tuple):
        return f"[{', '.join(map(short, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value!r}"


def assignment(key: str, value: object) -> str:
    """The `dotted.key=value` that sets a value of Python's or NumPy's.

    >>> import numpy as np
    >>> assignment("price.slope", np.float64(0.5))
    'price.slope=0.5'
    """
    plain = value.tolist() if hasattr(value, "tolist") else value
    return f"{key}={_value(plain)}"


def change(table: dict, assignment: str, place: Place) -> tuple[tuple, object]:
    """Carry out one `dotted.key=value` on a table just read; groups are addressed by index or by name.

    Returns the path of keys and numbers that leads there, and what stood there, None for nothing.
    """
    key, equals, text = str(assignment).partition("=")
    key = key.strip()
    parts = [quoted_part or bare for quoted_part, bare in PART.findall(key)]
    if len(parts) > toml_limits.MOST_PARTS:
        raise place.at("--set").error(f"got a key of {len(parts)} parts", f"at most {toml_limits.MOST_PARTS} are read")
    if not equals or not parts:
        raise place.at("--set").error(f"got {quoted(str(assignment))}", "KEY=VALUE is needed, as in price.c=0.002")
    place = place.at(key)
    target, path = table, []
    for part in parts[:-1]:
        step = _step(target, part, place)
        target = target.setdefault(step, {}) if isinstance(target, dict) else target[step]
        path.append(step)
    if not isinstance(target, dict):
        raise place.error(f"{quoted(parts[-1])} has nothing to be set in", _inside(target))
    before, target[parts[-1]] = target.get(parts[-1]), value_of(text)
    return (*path, parts[-1]), before


def _step(target, part, place):
    """The key or the number that a part of a dotted key leads to."""
    if isinstance(target, dict):
        return part
    if not (isinstance(target, list) and all(isinstance(row, dict) for row in target)):
        raise place.error(f"{quoted(part)} is not in a table", _inside(target))
    names = [str(row.get("name")) for row in target]
    if part.isdecimal() and int(part) < len(target):
        return int(part)
    if part in names:
        return names.index(part)
    raise place.error(f"no group {quoted(part)}", f"0 to {len(target) - 1}, or {one_of(names)}", nearest(part, names))


def _inside(target):
    return f"what stands there is {quoted(target)}"


def value_of(text: str):
    """A value as typed: TOML, and a bare word is a text."""
    try:
        found = toml_limits.loads(f"value = {text}".encode())
    except (ValueError, RecursionError):
        return text.strip()
    return found["value"] if list(found) == ["value"] else text.strip()


def value_at(table, key):
    """TOML text of what stands in a table at a dotted key, as `change` finds it."""
    target = table
    for part in (quoted_part or bare for quoted_part, bare in PART.findall(key)):
        target = target[_step(target, part, Place("", Path(), key))]
    return _value(target)


def copy(table):
    """A deep copy of a checked table in the form a TOML file is read in (tuples become lists)."""
    if isinstance(table, dict):
        return {key: copy(value) for key, value in table.items()}
    return [copy(value) for value in table] if isinstance(table, list | tuple) else table


def written(raw, table):
    """The part of a checked table whose keys the file has; a table put in place of a file's name is taken whole."""
    if isinstance(raw, dict) and isinstance(table, dict):
        if not set(raw) <= set(table):
            return table
        return {key: written(raw[key], table[key]) for key in table if key in raw}
    if isinstance(raw, list) and isinstance(table, list) and len(raw) == len(table):
        return [written(one, other) for one, other in zip(raw, table, strict=True)]
    return table
