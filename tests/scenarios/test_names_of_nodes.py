"""Nodes of a microgrid may have names: results and pictures keep them, and say nothing where nobody does."""

import pytest

from engine import run
from engine.results.microgrid import zones
from scenarios import ScenarioError, load
from views.microgrid.words import summary_text
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


def day_of(folder, header, network='case = "grid.toml"', rows=("0,1,-1", "0,2,-3")):
    """A scenario with two periods from a CSV file beside it."""
    (folder / "grid.toml").write_text(
        'injection = [0, 1, -1]\npublic = [[0, 1, 0.01, 0.1], [1, 2, 0.01, 0.1]]\nnames = ["grid", "mill", "2"]\n'
        "private = [[1, 2, 0.025]]\n"
    )
    (folder / "day.csv").write_text("\n".join([header, *rows]) + "\n")
    path = folder / "own.toml"
    path.write_text(f'market = "microgrid"\ninjection = "day.csv"\nnetwork = {{ {network} }}\n')
    return path


@pytest.mark.parametrize(
    ("header", "second"),
    [("grid,mill,2", (0, 2, -3)), ("2,grid,mill", (2, -3, 0)), ("0,1,2", (0, 2, -3)), ("2,1,0", (-3, 2, 0))],
)
def test_columns_of_injections_may_be_called_as_the_nodes_are(header, second, tmp_path):
    assert load(day_of(tmp_path, header)).injections[1] == second


def test_names_win_over_numbers_that_could_be_meant(tmp_path):
    path = day_of(
        tmp_path, "0,2,1", "injection = [0, 1, -1], public = [[0, 1, 0.01, 0.1], [1, 2, 0.01, 0.1]], names = [2, 1, 0]"
    )
    assert load(path).injections == ((1, -1, 0), (2, -3, 0))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("grid,mil,2", r"injection: day.csv has a column 'mil', which is no node; .* \"mill\""),
        ("grid,mill,3", "injection: day.csv has a column '3', which is no node"),
        ("grid,mill,mill", "injection: day.csv has 2 columns 'mill'"),
        ("grid,mill", "injection: day.csv has no column '2'"),
        ("0,mill,2", "injection: day.csv has a column '0', which is no node"),
    ],
)
def test_a_header_that_is_not_the_nodes_is_refused(header, said, tmp_path):
    columns = header.count(",") + 1
    rows = [",".join(row.split(",")[:columns]) for row in ("0,1,-1", "0,2,-3")]
    with pytest.raises(ScenarioError, match=said) as refused:
        load(day_of(tmp_path, header, rows=rows))
    assert "\n" not in str(refused.value)


def test_tables_call_nodes_by_their_names(tmp_path):
    result = run(day_of(tmp_path, "2,grid,mill", rows=("-1,0,1", "-3,0,2")))
    text = summary_text(result.summary())
    assert "mill" in text and "grid" in text
    result.write_agents(tmp_path)
    rows = (tmp_path / "agents.csv").read_text().splitlines()
    assert rows[0].startswith("period,node,name,") and rows[2].startswith("0,1,mill,1.0,")
    assert "0,private,0,1,2,mill,2," in (tmp_path / "lines.csv").read_text()


def test_zones_are_one_a_node_and_decide_nothing(tmp_path):
    table = {"injection": [0.0, 1.0, -1.0], "public": [[0, 1, 0.1, 0.2], [1, 2, 0.1, 0.2]], "zones": ["a", "b", "a"]}
    scenario = load({"market": "microgrid", "behaviour": "none", "name": "zoned", "network": table})
    assert zones(scenario) == ("a", "b", "a") and zones(load("eight_nodes_none")) == ()
    with pytest.raises(ScenarioError, match=r"network\.zones: 2 zones; the network has 3 nodes; one zone per node"):
        load({"market": "microgrid", "behaviour": "none", "name": "zoned", "network": table | {"zones": ["a", "b"]}})
