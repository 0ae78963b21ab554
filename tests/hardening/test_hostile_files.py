"""Whatever stands where a file should be, every command says so in one line, at once, and writes nothing."""

import os

import numpy as np
import pytest

import engine  # noqa: F401  # beforehand: on a busy machine that alone takes longer than a case may
from tests.cli.conftest import command  # noqa: F401
from tests.hardening.cases import at_most, chunks, named

KINDS = ("pipe", "device", "endless", "folder", "loop", "sparse", "random", "empty", "zeros")
COMMANDS = {
    "run": ("run", "{}", "--no-plots"),
    "show": ("show", "{}"),
    "points": ("sweep", "two_peaks", "--points", "{}"),
    "csv": ("run", "village_from_csv", "--no-plots", "--set", 'group.0.utility.a={{csv="{}",column="a"}}'),
    "injections": ("run", "eight_nodes_none", "--no-plots", "--set", "injection={{csv='{}'}}"),
    "network": ("run", "data_centre_five_bus", "--no-plots", "--set", "network.case='{}'"),
    "preference": ("run", "p2p_single", "--no-plots", "--set", "preference={{csv='{}'}}"),
    "profile": ("run", "street_day", "--no-plots", "--set", "group.0.profile={{csv='{}'}}"),
    "outcome": ("certify", "cournot_duopoly", "{}"),
    "folder": ("verify", "{}"),
    "case": ("run", "eight_nodes_none", "--no-plots", "--set", "network.injection={{csv='{}'}}"),
}


def hostile(rng, path):
    """Put something that is no file, or no good one, at a path."""
    kind = KINDS[int(rng.integers(len(KINDS)))]
    if kind == "pipe":
        os.mkfifo(path)
    elif kind in ("device", "endless", "loop"):
        os.symlink({"device": "/dev/tty", "endless": "/dev/urandom", "loop": path}[kind], path)
    elif kind == "folder":
        os.mkdir(path)
    else:
        size = int(rng.integers(1, 100_000))
        content = {"random": rng.bytes(size), "zeros": bytes(size)}.get(kind, b"")
        with open(path, "wb") as file:
            file.write(content)
            if kind == "sparse":
                file.truncate(10**12)


@pytest.mark.parametrize("numbers", chunks(1_000, 30), ids=named)
def test_what_is_no_file_is_told_in_one_line(numbers, command, tmp_path):  # noqa: F811
    for number in numbers:
        rng = np.random.default_rng([3, number])
        path = tmp_path / f"{number}.toml"
        hostile(rng, path)
        words = COMMANDS[sorted(COMMANDS)[int(rng.integers(len(COMMANDS)))]]
        with at_most(5):
            answer = command(*(word.format(path) for word in words))
        assert answer.code == 2 and answer.err.startswith("error: ") and answer.err.count("\n") == 1, (number, words)
        assert answer.err[:-1].isprintable() and not answer.out
    assert list((tmp_path / "home").iterdir()) == []
