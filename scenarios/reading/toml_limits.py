"""What a TOML text may hold, judged before it is parsed; long lists of numbers, and texts, are read as JSON.

A parser in Python takes microseconds a key, and memory in the square of a key's dots; hostile or mistaken files are
told apart here by their brackets, dots and signs of equality alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib

LARGEST_REST = 16_000_000  # bytes beside long lists of numbers, and long texts
MOST_KEYS = 100_000  # keys, and tables' headings
MOST_WORDS = 1_000_000  # texts and comments
DEEPEST_NESTING = 50  # lists and tables within each other
MOST_PARTS = 16  # names of a dotted key
LONG_LIST = 200  # characters of a list of numbers that is read as JSON
LONG_TEXT = 10_000  # and of a text

WORDS = (
    rb'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}',
    rb"'''(?:[^']|'(?!''))*+'{3,5}",
    rb'"(?:[^"\\\n]|\\.)*+"',
    rb"'[^'\n]*+'",
    rb"#[^\n]*+",
)
WORD = re.compile(b"|".join(WORDS), re.DOTALL)
NUMBERS = rb"\[[-+0-9.eE,\s\[\]]{%d,}\]" % LONG_LIST
WORD_OR_NUMBERS = re.compile(b"|".join([*WORDS, NUMBERS]), re.DOTALL)
LAST_COMMA = re.compile(rb",\s*+\]\Z")
DOTTED = re.compile(rb'(?:\.[ \t]*+[\w"-]++[ \t]*+){%d}' % MOST_PARTS)
ONE_KIND, NO_BRACKETS = bytes.maketrans(b"{}", b"[]"), bytes(set(range(256)) - set(b"[]{}"))
PARTS = (re.compile(rb'\.[ \t]*[A-Za-z_"-]'), re.compile(rb"\n[ \t]*\["))  # more parts of a key, and headings


class TooMuch(ValueError):
    """A text beyond the limits: what there is, and what is possible."""

    def __init__(self, got, allowed):
        super().__init__(f"{got}; {allowed}")
        self.got, self.allowed = got, allowed


def loads(content: bytes) -> dict:
    """The table of a TOML text in UTF-8, as tomllib has it; raises TooMuch beyond the limits, and as tomllib does."""
    if max(map(content.count, (b'"', b"'", b"#"))) > MOST_WORDS:
        raise TooMuch(f"more than {MOST_WORDS:,} texts or comments", "fewer are needed; numbers can stand in CSV files")
    _check(WORD.sub(b'""', content))
    lists, mark = [], hashlib.sha256(content).hexdigest()  # a text that the content cannot hold
    rest = WORD_OR_NUMBERS.sub(lambda found: _taken(found[0], lists, mark), content)
    if len(rest) > LARGEST_REST:
        got = f"{len(rest) / 1e6:,.0f} MB beside lists of numbers"
        raise TooMuch(got, f"at most {LARGEST_REST / 1e6:,.0f} MB are read; numbers can stand in CSV files")
    table = tomllib.loads(rest.decode())
    return _put_back(table, lists, mark) if lists else table


def _check(text):
    """Raise TooMuch for a text, its words taken out, that is too deep or has too many keys."""
    brackets = text.translate(ONE_KIND, NO_BRACKETS)
    for _ in range(DEEPEST_NESTING):
        brackets = brackets.replace(b"[]", b"")  # the innermost
    if b"[]" in brackets or brackets.count(b"[") > DEEPEST_NESTING:  # or never closed
        raise TooMuch("lists nested too deeply", f"at most {DEEPEST_NESTING} within each other are read")
    if DOTTED.search(text):
        raise TooMuch(f"a key of more than {MOST_PARTS} parts", "a flat scenario file is needed")
    keys = text.count(b"=")
    if keys <= MOST_KEYS:
        keys += sum(1 for pattern in PARTS for _ in pattern.finditer(text))
    if keys > MOST_KEYS:
        raise TooMuch(f"more than {MOST_KEYS:,} keys", "fewer are needed; long tables can stand in CSV files")


def _taken(found, lists, mark):
    """A long list of numbers, or text, put aside, its line ends left so that messages name the right line."""
    long_text = len(found) > LONG_TEXT and found[:1] == b'"' and found[:3] != b'"""'
    if not long_text and (found[:1] != b"[" or b"," not in found):
        return found
    try:
        lists.append(json.loads(LAST_COMMA.sub(b"]", found)))
    except (ValueError, RecursionError):
        return found  # an underscore, or something wrong: for the parser
    return f'["{mark}{len(lists) - 1}"'.encode() + b"\n" * found.count(b"\n") + b"]"


def _put_back(value, lists, mark):
    """A table with the lists and texts in their places."""
    if isinstance(value, dict):
        return {key: _put_back(part, lists, mark) for key, part in value.items()}
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], str) and value[0].startswith(mark):
            return lists[int(value[0].removeprefix(mark))]
        return [_put_back(part, lists, mark) for part in value]
    return value
