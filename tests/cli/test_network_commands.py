"""Every command on networks: run, --direct, compare, sweep, verify, a case file of MATPOWER by its path."""

import json
from pathlib import Path

import pytest

import run
from scenarios import names
from tests.shipped import names_of

EXAMPLE = Path(run.__file__).parent / "examples" / "network_from_matpower.toml"
SMALL = ("two_nodes_thin", "two_nodes_wide", "cournot_duopoly", "cournot_three_hours", "data_centre_node_2")
LARGE = {"rts_24_aggregators"}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def answer(capsys, *words):
    assert run.main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def summary(capsys, *words):
    return json.loads(answer(capsys, "run", *words, "--json", "--no-plots"))


UNSEEING = {"data_centre_energy", "data_centre_nothing"}  # leave something on the table by not seeing the network
ENDS = {  # status of the rounds, and of the direct solution
    "two_nodes_thin": ("cycling", "no-equilibrium"),
    "two_nodes_unequal": ("cycling", "not-found"),
    "data_centre_node_5": ("inaccurate", "not-found"),  # prices jump at what it buys, for each player another way
}


@pytest.mark.share
@pytest.mark.parametrize("name", sorted({*names_of("network")} - LARGE))
def test_every_shipped_network_ends_as_it_should(name, capsys):
    stepped, direct = ENDS.get(name, ("settled", "solved"))
    rounds, solved = summary(capsys, name), summary(capsys, name, "--direct")
    assert (rounds["status"], solved["status"]) == (stepped, direct)
    if direct == "solved":
        assert rounds["players"] == pytest.approx(solved["players"], rel=1e-6)
        assert max(rounds["gap"], solved["gap"]) < 1e-6
        assert (rounds["gap_anticipating"] > 1e-6) == (name in UNSEEING)


def test_a_summary_says_what_happened_on_the_network(capsys):
    found = summary(capsys, "data_centre_five_bus")
    assert found["market"] == "aggregator" and list(found["prices"]) == ["1", "2", "3", "4", "5"]
    assert list(found["flows"]) == ["1-2", "1-4", "1-5", "2-3", "3-4", "4-5"]
    assert list(found["full_lines"]) == ["4-5"] and found["flows"]["4-5"] == pytest.approx(-240)
    # With least_rise = 1 a data centre alone at node 4 buys about 96.
    assert found["players"][3] == pytest.approx(95.57, abs=0.01)
    assert found["groups"]["data centre"]["price"] == pytest.approx(found["prices"]["4"])
    # The lines' rent is what the only full one is worth.
    assert found["rent"] == pytest.approx(240 * found["full_lines"]["4-5"])
    assert len(found["generation"]) == 5 and found["shed"] == 0
    paid = [found["groups"][name]["price"] * found["groups"][name]["quantity"]["total"] for name in found["groups"]]
    assert found["price"] == pytest.approx(sum(paid) / found["quantity"])


def test_producers_in_a_summary(capsys):
    found = summary(capsys, "cournot_duopoly", "--users")
    assert found["players"] == pytest.approx([28.27102804, 27.80373832], abs=1e-6)
    one = found["groups"]["one"]
    assert one["quantity"]["total"] == found["players"][0]
    price, q = found["prices"]["market"], found["players"][0]
    assert one["surplus"]["total"] == pytest.approx(price * q - 10 * q - 0.1 * q * q)
    assert one["price"] == price == pytest.approx(found["price"]) and one["users"] == 0


def test_pieces_of_a_generator_are_told_as_one_and_fixed_costs_count(capsys):
    Path("nine.toml").write_text(
        'market = "aggregator"\nnetwork = { case = "nine_bus" }\n[[group]]\nname = "g"\nkind = "large"\nnode = "7"\n'
        'utility = { form = "quadratic", a = 1, b = 0 }\n'
    )
    found = summary(capsys, "nine.toml")
    assert found["generation"] == pytest.approx([90, 95.3484, 129.6516], abs=0.02)
    assert found["generation_cost"] == pytest.approx(6392.9017, abs=2.0)  # least_rise tilts its pieces


def test_a_case_file_of_matpower_by_its_path(capsys):
    found = summary(capsys, EXAMPLE)
    assert found["status"] == "settled" and found["players"] == pytest.approx([96.0], abs=0.5)
    folder = next(Path("results/network_from_matpower").iterdir())
    assert "network" in (folder / "scenario.toml").read_text()
    assert {path.name for path in folder.iterdir()} >= {"nodes.csv", "lines.csv", "generators.csv", "players.csv"}
    assert "same bits" in answer(capsys, "verify", folder)


def test_where_the_data_centre_moves_in(capsys):
    scenarios = ("five_bus_before", "data_centre_node_2", "data_centre_five_bus")
    said = answer(capsys, "compare", *scenarios, "--replications", 2, "--workers", 1, "--no-plots")
    assert "Mean surplus of a small user by group" in said and "homes 4" in said
    found = json.loads(next(Path("results/compare").glob("*/summary.json")).read_text())
    assert set(found["shared"]) == {"homes 2", "homes 3", "homes 4"}
    away = found["differences_to_first"]
    assert away["data_centre_five_bus"]["rent"]["mean"] > away["data_centre_node_2"]["rent"]["mean"] > 0


def test_a_sweep_over_nodes_and_limits(capsys):
    words = ("--vary", "group.0.node=A,B", "--vary", "network.line_limits.A-B=0.5,3", "--workers", 1, "--json")
    found = json.loads(answer(capsys, "sweep", "two_nodes_wide", *words, "--no-plots"))
    rows = Path(found["folder"], "runs.csv").read_text().splitlines()
    assert len(rows) == 5 and "gap anticipating" in rows[0]


def test_all_shipped_names_are_there():
    assert {*SMALL, *LARGE, "five_bus_before", "two_nodes_unequal"} <= set(names())
