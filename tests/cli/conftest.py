"""The command line, called in this process: exit code, standard output, standard error."""

import os
import sys
from collections import namedtuple
from pathlib import Path

import pytest

import run

Answer = namedtuple("Answer", "code out err")
ROOT = Path(run.__file__).parent


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    """command(*words) runs them in an empty folder; results go to ./results there."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)

    def call(*words):
        capsys.readouterr()
        try:
            code = run.main([str(word) for word in words])
        except SystemExit as end:
            code = end.code
        return Answer(code, *capsys.readouterr())

    return call


@pytest.fixture
def process(tmp_path):
    """Arguments of subprocess for `run.py` in an empty folder of its own, with its output buffered as usual."""
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {
        "args": [sys.executable, str(ROOT / "run.py")],
        "cwd": tmp_path,
        "env": buffered | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        "text": True,
    }
