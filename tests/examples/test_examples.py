"""Every example runs."""

import importlib.util
import inspect
from pathlib import Path

import pytest

from scenarios import build

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


def test_ones_own_players_change_what_happens_in_all_three_markets(capsys):
    example = load(FILES[0].parent / "own_agents.py")
    assert len(Path(example.__file__).read_text(encoding="utf-8").splitlines()) < 25
    example.main()
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["two_aggregators", "p2p_single", "eight_nodes_ad_hoc"]
    ways = ("north", example.Bold), ("sellers", {0: example.Stubborn}), ("owners", {2: example.Refuser})
    for line, (group, who) in zip(said, ways, strict=True):
        usual, own = (build(line.split()[0], rounds=60, players=players) for players in (None, {group: who}))
        usual.run()
        assert f": {own.run()}, gap {own.gap:.2g}" in line
        if group == "north":
            assert own.y[0] > usual.y[0] and own.gap > 1e-6
        if group == "sellers":
            assert own.state.v[0] >= 0.3 > usual.state.v[0] and usual.running is False
        if group == "owners":
            mine = [2 in line for line in zip(own.network.private.tail, own.network.private.head, strict=True)]
            assert any(mine) and usual.dispatch.g[mine].any() and not own.dispatch.g[mine].any()


def test_what_another_package_solved_is_certified_and_what_it_did_not_is_told(capsys, tmp_path):
    load(FILES[0].parent / "certify_cournot.py").main(tmp_path)
    solved, _, taken, move = capsys.readouterr().out.splitlines()
    assert solved.startswith("scipy        equilibrium, gap") and taken.startswith("price-takers not-equilibrium")
    assert f"would sell {(90 - 36) / 2.2:.3f} for 47.000" in move  # of 100 - 36 - 2t = 10 + 0.2t
