"""What is said about bad input: one line that names the file, the key, what was got and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from market.errors import Refused

LONGEST_QUOTED = 60
LONGEST_LINE = 1000  # beside the file's name
LONGEST_SAID = 1400  # of any message


class ScenarioError(Refused):
    """A scenario that cannot be used, in one line: `FILE: KEY: what was got; what is allowed; nearest`."""


@dataclass(frozen=True)
class Place:
    """Where in which file a value stands: the file as the user knows it, its folder, and a dotted key."""

    file: str
    folder: Path
    key: str = ""

    def at(self, key) -> Place:
        """The place of a key below this one."""
        return Place(self.file, self.folder, f"{self.key}.{key}" if self.key else str(key))

    def error(self, got, allowed="", near="") -> ScenarioError:
        """The error to raise here: what was got, what is allowed, and the nearest known name (or nothing)."""
        said = "; ".join(part for part in (got, allowed, near) if part)
        where = cut(self.key, 2 * LONGEST_QUOTED)
        line = ": ".join(part for part in (self.file, cut(f"{where}: {said}" if where else said, LONGEST_LINE)) if part)
        return ScenarioError(printable(line))


def printable(text: str) -> str:
    """A text with what does not print written as Python would: no control character, no half of a letter.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: object) -> str:
    """Any message as it may be shown: printable, on one line, cut in its middle beyond LONGEST_SAID letters."""
    said, half = " ".join(str(text).split()), LONGEST_SAID // 2
    if len(said) <= LONGEST_SAID and len(whole := printable(said)) <= LONGEST_SAID:
        return whole
    return f"{printable(said[:half])[:half]} … {printable(said[-half:])[-half:]}"


def quoted(value) -> str:
    """A value as it is shown in a message: on one line, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of more digits than Python prints
        return "a number of thousands of digits"
    return cut(text, LONGEST_QUOTED)


def cut(text, longest):
    """A text, cut where it is longer."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def nearest(word, known) -> str:
    """`did you mean "…"?` for the known word nearest to a misspelt one, empty where none is near."""
    lower = {str(name).lower(): str(name) for name in known}
    found = get_close_matches(str(word).lower(), list(lower), n=1)
    return f'did you mean "{lower[found[0]]}"?' if found else ""


def one_of(words) -> str:
    """`a, b or c` for a message."""
    *first, last = [str(word) for word in words]
    return f"{', '.join(first)} or {last}" if first else last
