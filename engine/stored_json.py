"""Reading JSON that was stored, whatever has become of it since."""

import json

from scenarios.reading.files import content_of


def table_of(path):
    """The JSON object of a file; raises OSError where it cannot be read, ValueError where it holds none."""
    try:
        found = json.loads(content_of(path).decode("utf-8"))
    except RecursionError:
        raise ValueError("lists nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def why(error):
    """Why something stored could not be used, on one line."""
    said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return "".join(letter if letter.isprintable() else "?" for letter in said)
