"""Whatever files and folders are called, results are stored, told in printable words, and verified."""

import shutil

import numpy as np
import pytest

from tests.cli.conftest import ROOT, command  # noqa: F401
from tests.hardening.cases import at_most, chunks, named

PIECES = (
    "a",
    "é",
    "電",
    "🔌",
    " ",
    "  ",
    "'",
    '"',
    "-",
    "--set",
    "=",
    "[",
    "]",
    "*",
    "?",
    "$(id)",
    ";",
    "&",
    "|",
    "%s",
    "{}",
)
HARSH = ("\n", "\r", "\t", "\x1b[31m", "\x7f", "\u202e", "\u200b", "\udcff", "\\", "#", "~", ".", "..", "a" * 90)
VILLAGE = ROOT / "scenarios/data/village.csv"
SCENARIO = """market = "aggregator"
price = {{ rule = "affine", p0 = 8, c = 0.25 }}
[[group]]
name = "homes"
kind = "aggregator"
utility.form = "quadratic"
utility.a = {{ csv = "{0}", column = "satiation" }}
utility.b = {{ csv = "{0}", column = "first_kwh_worth" }}
"""


def any_name(rng):
    """A name of up to five pieces that a file may have here."""
    pieces = rng.choice(PIECES + HARSH, int(rng.integers(1, 6)))
    name = "".join(str(piece) for piece in pieces)
    return name if name.strip(".") else f"{name}x"


@pytest.mark.parametrize("numbers", chunks(500, 10), ids=named)
def test_files_may_be_called_anything(numbers, command, tmp_path):  # noqa: F811
    for number in numbers:
        rng = np.random.default_rng([4, number])
        home = tmp_path / str(number) / any_name(rng)
        home.mkdir(parents=True)
        scenario, people, out = (
            home / f"{any_name(rng)}.toml",
            home / f"{any_name(rng)}.csv",
            home / f"{any_name(rng)} out",
        )
        shutil.copy(VILLAGE, people)
        scenario.write_text(SCENARIO.format(written(people.name)), encoding="utf-8")
        with at_most(20, (number, scenario, people)):
            check(command, scenario, out, people.name)


def check(call, scenario, out, people):
    """A run is stored and verifies, or a name of the people's file that does not print is refused in one line."""
    ran = call("run", scenario, "--direct", "--no-plots", "--out", out, "--set", "name=plain")
    assert all(line.isprintable() for line in (ran.out + ran.err).split("\n"))
    if not people.isprintable():
        assert (ran.code, ran.err.count("\n")) == (2, 1) and not out.exists()
        return
    assert ran.code == 0, ran.err
    (folder,) = (manifest.parent for manifest in out.rglob("manifest.json"))
    assert call("verify", folder).code == 0
    assert call("show", folder / "scenario.toml").code == 0


def written(name):
    """A name within a TOML text's quotes."""
    return "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in name)
