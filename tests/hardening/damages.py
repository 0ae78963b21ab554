"""Damages of stored folders, each made of a number: files cut, mixed up, emptied, replaced, with words for numbers."""

import json
import os
import random
import re
import shutil

from engine.store import digest

DEEP = 50_000
LONG = 200_000  # letters of a CSV field, more than Python's csv takes
WORDS = ("", "many", "NaN", "inf", "-1", "1e999", "9" * 400, "0x10", "1_000", "٣", "[]", "null", "true", '"', "a,b")
VALUES = (None, True, -1, 2**70, 1e300, "", "text", "a" * 5000, "\x00", "../../x", [], [[]], [None], {}, {"a": {}}, "/")


def cut(content, draw):
    return content[: draw.randrange(len(content) + 1)]


def emptied(content, draw):
    return b""


def marked(content, draw):
    return b"\xef\xbb\xbf" + content


def in_utf_16(content, draw):
    return content.decode(errors="replace").encode("utf-16")


def with_bytes(content, draw):
    place = draw.randrange(len(content) + 1)
    odd = draw.choice([b"\x00", b"\xff\xfe", b"\r", b"\x1b[31m", b'"', b"\n", b",", b"{"])
    return content[:place] + odd + content[place:]


def flipped(content, draw):
    place = draw.randrange(max(len(content), 1))
    return content[:place] + bytes([draw.randrange(256)]) + content[place + 1 :]


def worded(content, draw):
    """A number becomes a word."""
    numbers = list(re.finditer(rb"-?\d+(\.\d+)?(e[-+]?\d+)?", content))
    if not numbers:
        return b"words"
    one = draw.choice(numbers)
    return content[: one.start()] + draw.choice(WORDS).encode() + content[one.end() :]


def line_gone(content, draw):
    lines = content.splitlines(keepends=True)
    del lines[draw.randrange(max(len(lines), 1)) : draw.randrange(1, len(lines) + 2)]
    return b"".join(lines)


def line_twice(content, draw):
    lines = content.splitlines(keepends=True) or [b"\n"]
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(lines))
    return b"".join(lines)


def overlong(content, draw):
    lines = content.splitlines(keepends=True) or [b"\n"]
    lines.insert(draw.randrange(len(lines) + 1), b"0," + b"x" * LONG + b"\n")
    return b"".join(lines)


def deep(content, draw):
    return draw.choice([b"[" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP, b"a = " + b"[" * DEEP])


def other_json(content, draw):
    """A value of a JSON file becomes another, or goes."""
    try:
        table = json.loads(content)
    except ValueError:
        return b"{}"
    places = list(_places(table))
    holder, key = draw.choice(places) if places else (None, None)
    if holder is None:
        return b"[]"
    if draw.random() < 0.4:
        del holder[key]
    else:
        holder[key] = draw.choice(VALUES)
    return json.dumps(table).encode()


def _places(value):
    for key in list(value if isinstance(value, dict) else range(len(value))):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


CONTENTS = (cut, emptied, marked, in_utf_16, with_bytes, flipped, worded, worded, line_gone, line_twice, overlong, deep)
KINDS = ("gone", "a folder", "a pipe", "a link to nothing", "a device")


class Damage:
    """A damage of one file of a folder, told by a number."""

    def __init__(self, number):
        self.number = number

    def __repr__(self):
        return f"Damage({self.number})"

    def make(self, folder):
        """Damage a file of the folder; returns its name, what was done, and whether the manifest vouches for it."""
        draw = random.Random(self.number)
        files = (path for path in folder.rglob("*") if path.is_file())
        path = draw.choice(sorted(path for path in files if path.suffix != ".png" and path.name != ".lock"))
        if draw.random() < 0.12:
            what = draw.choice(KINDS)
            _replace(path, what)
            return path.name, what, False
        function = draw.choice((*CONTENTS, *[other_json] * 6) if path.suffix == ".json" else CONTENTS)
        path.write_bytes(function(path.read_bytes(), draw))
        signed = path.name != "manifest.json" and draw.random() < 0.5
        if signed:
            table = json.loads((folder / "manifest.json").read_text())
            table["files"] = {name: digest(folder / name) for name in table["files"]}
            (folder / "manifest.json").write_text(json.dumps(table))
        return path.name, function.__name__, signed


def _replace(path, what):
    path.unlink()
    if what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    elif what == "a link to nothing":
        path.symlink_to("nowhere")
    elif what == "a device":
        path.symlink_to("/dev/zero")


def copy_of(folder, target):
    """A copy of a folder in place of another."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    return target
