"""Nodes of a microgrid may have names: results and pictures keep them, and say nothing where nobody does."""

import pytest

from engine import run
from scenarios import ScenarioError, load
from views.pictures import pictures

STREET = """market = "microgrid"
[network]
injection = [0, 3, -1]
public = [[0, 1, 0.01, 0.05], [1, 2, 0.02, 0.1]]
private = [[1, 2, 0.025]]
"""


def written(folder, names):
    path = folder / "street.toml"
    path.write_text(STREET + names)
    return path


def test_names_are_kept_in_the_summary_and_drawn(tmp_path):
    (tmp_path / "nodes.csv").write_text("name\nutility\nfarm\nmill $%_\n")
    for names in ('names = ["utility", "farm", "mill $%_"]', 'names = { csv = "nodes.csv", column = "name" }'):
        result = run(written(tmp_path, names))
        assert result.summary()["names"] == ["utility", "farm", "mill $%_"]
        assert pictures(result, tmp_path)


def test_no_names_are_said_where_none_were_given(tmp_path):
    assert "names" not in run(written(tmp_path, "")).summary()


@pytest.mark.parametrize(
    ("names", "said"),
    [('["a", "b"]', "names: 2 names; the network has 3 nodes"), ('["a", "b", "a"]', r"names: value 2 .* 'a' again")],
)
def test_each_node_needs_a_name_of_its_own(names, said, tmp_path):
    with pytest.raises(ScenarioError, match=said):
        load(written(tmp_path, f"names = {names}"))


def test_a_case_has_its_own_names(tmp_path):
    (tmp_path / "grid.toml").write_text(
        'injection = [0, 1, -1]\npublic = [[0, 1, 0.01, 0.1], [1, 2, 0.01, 0.1]]\nnames = ["a", "b", "c"]\n'
    )
    path = tmp_path / "own.toml"
    path.write_text('market = "microgrid"\nnetwork = { case = "grid.toml" }\n')
    assert run(path).summary()["names"] == ["a", "b", "c"]


@pytest.mark.parametrize("network", ['{ case = "eight_nodes" }', "{ public = [[0, 1, 0.01, 0.1], [1, 2, 0.01, 0.1]] }"])
def test_networks_of_designs_need_no_names(network, tmp_path):
    path = tmp_path / "designs.toml"
    path.write_text(
        'market = "designs"\ntariff = { buy = 0.3, sell = 0.08 }\n'
        f"price = {{ p0 = 0.16, c = 0.001 }}\nbase_power = 100\nnetwork = {network}\n"
        '[[class]]\nname = "homes"\ncount = 5\na = 0.1\nb = 0.6\ngeneration = 4\n'
    )
    assert load(path).table["network"]
