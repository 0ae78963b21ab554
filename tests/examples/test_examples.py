"""Every example runs."""

import importlib.util
import inspect
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
FEW = {"replications": 2, "workers": 1}


def load(path):
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_examples():
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_example_runs_and_prints(path, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main = load(path).main
    options = {name: value for name, value in FEW.items() if name in inspect.signature(main).parameters}
    main(**options)
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_example_is_short_and_says_what_it_shows(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert len(text.splitlines()) <= 40


def test_fairness_lowers_surplus_and_raises_the_index():
    comparison = load(FILES[0].parent / "compare_fairness.py").main(**FEW)
    welfare, fair, least = (comparison.values(name, "mean small surplus").mean() for name in comparison.names)
    assert welfare > fair > least
    indices = [comparison.values(name, "jain").mean() for name in comparison.names]
    assert indices == sorted(indices)
