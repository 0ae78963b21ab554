"""The commands on microgrids: what they print, what they write, and how they refuse."""

import json

import pytest

from tests.cli.answers import one_object, said

NAMES = ("eight_nodes_none", "eight_nodes_ad_hoc", "eight_nodes_cooperative")
OWN = """
title = "Three homes on one feeder"
market = "microgrid"
behaviour = "cooperative"
network = { case = "nets/feeder.toml" }
injection = { csv = "nets/day.csv" }
"""
FEEDER = "injection = [0, 0, 0, 0]\npublic = { csv = 'lines.csv' }\nprivate = [[1, 2, 0.05], [2, 3, 0.05, 2.0, 3]]\n"


@pytest.fixture
def own(tmp_path):
    """A user's scenario in a folder of its own, with a case, lines and a profile."""
    nets = tmp_path / "elsewhere" / "nets"
    nets.mkdir(parents=True)
    (nets / "feeder.toml").write_text(FEEDER)
    (nets / "lines.csv").write_text("i,j,r,x\n0,1,0.1,0.1\n1,2,0.1,0.1\n2,3,0.1,0.1\n")
    (nets / "day.csv").write_text("hour,0,1,2,3\n0,0,0.2,-0.2,-0.1\n1,0,0.5,-0.1,-0.1\n")
    (nets.parent / "own.toml").write_text(OWN)
    return nets.parent / "own.toml"


def test_list_names_microgrids(command):
    rows = {row["name"]: row for row in one_object(command("list", "--json"))["scenarios"]}
    listed = said(command("list"))
    for name in (*NAMES, "eight_nodes_day", "ieee300_day", "private_trade_hurts", "who_joins_whom"):
        assert rows[name]["market"] == "microgrid"
        assert f"\n{name} " in listed


def test_show_tells_every_key(command):
    text = said(
        command("show", "ieee300_day", "--set", "tariff.buy=3", "--set", "private.density=log(n)/n", "--seed", 7)
    )
    for part in (
        'behaviour = "cooperative"',
        "seed = 7",
        "tariff.buy = 3.0",
        'private.density = "log(n)/n"',
        'network.case = "ieee300"',
        "injection = 24 rows",
        "[money/p.u.]",
        'coalition.form = "market"',
        "rounds = 100",
    ):
        assert part in text
    shown = one_object(command("show", "who_joins_whom", "--json"))
    assert 'coalition = { form = "partition", belief = "gamma" }' in shown["toml"]


def test_show_of_a_user_s_file(command, own):
    text = said(command("show", own))
    for part in (str(own), "network.public = 3 rows, the first [0.0, 1.0, 0.1, 0.1]", "injection = 2 rows"):
        assert part in text


def test_run_tells_every_trade_then_the_end_and_the_folder(command, tmp_path):
    lines = said(command("run", "eight_nodes_ad_hoc", "--no-plots")).splitlines()
    rounds = [line for line in lines if line.startswith("round ")]
    assert [int(line.split()[1]) for line in rounds] == [1, 2]
    assert ["private lines in use     1" in rounds[0], "private lines in use     2" in rounds[1]] == [True, True]
    assert rounds[0].endswith("running") and rounds[1].endswith("settled")
    text = "\n".join(lines)
    for part in (
        "settled after 2 rounds, gap ",
        "ad-hoc: loss 0.433 p.u. (public 0.316, private 0.117); 0.813 of that without private trade",
        "the main grid supplies 1.433 p.u.",
        "Private lines: 3, 2 in use:",
        "Against no private trade 4 nodes win, 0 lose.",
        "Blocked: nodes 1, 2, 3 would have 0.892 money more at the tariff and among themselves.",
        "The core is not empty",
    ):
        assert part in text
    assert "   1   2  1.013" in lines
    assert "   7   -2.000      –  -4.000        -4.000  0.000" in lines
    folder = tmp_path / "home" / lines[-1].removeprefix("results: ")
    files = {path.name for path in folder.iterdir()}
    assert files == {"agents.csv", "lines.csv", "manifest.json", "rounds.csv", "scenario.toml", "summary.json"}


def test_run_with_json_prints_the_stored_summary(command, tmp_path):
    found = one_object(command("run", "eight_nodes_cooperative", "--no-plots", "--json", "--out", "there"))
    (path,) = (tmp_path / "home" / "there").rglob("summary.json")
    assert found == json.loads(path.read_text())
    assert found["private_flows"][0] == [1, 2, pytest.approx(1.7292, abs=2e-3)]


CHANGES = {
    "behaviour=integrated": ("behaviour", "integrated", "integrated: loss 0.165 p.u."),
    "losses=priced": ("grid_supply", 1.180163, "loss 0.180 p.u. (public 0.094, private 0.086)"),
    "tariff.buy=3": ("status", "settled", "-6.000"),  # node 7 pays that without private trade
    "payments=savings-share": ("status", "settled", "Payments by rule 'savings-share'"),
    "coalition.form=partition": (
        "status",
        "settled",
        "Joining while it pays, agents end up as {1, 2, 3} {4, 5} {6} {7}.",
    ),
    "injection=[[0, 0, 0, 0, 0, 0, 0, 0], [0, 3, -1, -1, -1, 1, 0, -2]]": ("periods", 2, "cooperative over 2 periods"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_carried_out(command, change):
    key, value, part = CHANGES[change]
    found = one_object(command("run", "eight_nodes_cooperative", "--no-plots", "--json", "--set", change))
    assert found[key] == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value)
    assert part in said(command("run", "eight_nodes_cooperative", "--no-plots", "--set", change))


def test_a_density_by_name(command):
    words = ("run", "ieee300_cooperative", "--no-plots", "--json", "--direct", "--set", "private.density=log(n)/n")
    found = one_object(command(*words, "--seed", 0))
    assert 700 < found["edges"] < 1000
    assert 0.15 < found["losses"]["total"] / found["idle"]["loss"] < 0.27


def test_large_networks_are_told_in_few_lines(command):
    text = said(command("run", "ieee300_cooperative", "--no-plots", "--set", "payments=tariff"))
    assert "149 in use; the 10 largest flows:" in text
    assert "Blocked: nodes " in text and " more would have " in text
    assert len(text.splitlines()) < 25


def test_the_user_s_day(command, own):
    text = said(command("run", own, "--no-plots"))
    rounds = [line for line in text.splitlines() if line.startswith("period ")]
    assert [line.split()[1] for line in rounds] == ["0", "1"]
    assert "cooperative over 2 periods: loss" in text


def test_a_day_cut_short_says_how_far_it_came(command):
    text = said(command("run", "eight_nodes_day", "--no-plots", "--rounds", 3, "--set", "losses=priced"))
    assert "round-limit after 3 rounds" in text
    assert "cooperative over 3 periods: loss" in text


def test_no_prices_no_payments(command):
    text = said(command("run", "eight_nodes_ad_hoc", "--no-plots", "--set", "payments=lmp"))
    assert "payments by rule 'lmp': none, there are no prices to pay by" in text
    assert "Blocked" not in text and "No private coalition" not in text


def test_savings_nobody_could_have_alone_are_not_shared(command):
    network = "network={ injection = [0, 0.5, -1], public = [[0, 1, 0.1, 0.1]], private = [[1, 2, 0.1]] }"
    text = said(command("run", NAMES[2], "--no-plots", "--set", network, "--set", "payments=savings-share"))
    assert "payments by rule 'savings-share': none, self-interest alone could not serve everybody" in text
    assert "without private trade not everybody could be served" in text


def test_of_several_periods_it_is_told_which(command):
    day = "injection=[[0, 0, 0, 0, 0, 0, 0, 0], [0, 3, -1, -1, -1, 1, 0, -2]]"
    text = said(command("run", "eight_nodes_ad_hoc", "--no-plots", "--set", day))
    assert "Blocked in period 1: nodes 1, 2, 3 would have 0.892 money more" in text
    assert "Period 0: The core is not empty" in text
    day = "injection=[[0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, -100, 0, 0, 0]]"
    assert "Cannot be served in period 1: nodes 4." in said(command("run", NAMES[0], "--no-plots", "--set", day))


def test_an_empty_core_is_told_with_who_is_short(command):
    text = said(command("run", "who_joins_whom", "--no-plots"))
    assert "The core is empty: however the gains are shared, some coalition could have 0.026 money more" in text
    assert "gain 0.026 by leaving" in text


def test_whoever_cannot_be_served_is_named_and_that_is_no_error(command):
    change = "network={ injection = [0, 1, -1], public = [[0, 1, 0.1, 0.1]] }"
    text = said(command("run", "eight_nodes_none", "--no-plots", "--set", change))
    assert "infeasible after 1 round, gap not defined." in text
    assert "Cannot be served: nodes 2." in text
    assert "round    1   nodes 2 cannot be served   infeasible" in text
    found = one_object(command("run", "eight_nodes_none", "--no-plots", "--json", "--set", change))
    assert (found["status"], found["nodes"], found["gap"]) == ("infeasible", [2], None)


def test_compare_tells_losses_winners_and_bills_by_node(command, tmp_path):
    text = said(command("compare", *NAMES, "--no-plots", "--replications", 1))
    for part in (
        "the same in all: public lines, private lines, injections",
        "loss  ",
        "grid supply",
        "eight_nodes_none: 0 win; 0 lose",
        "eight_nodes_ad_hoc: 4 win (1, 2, 4, 5); 0 lose",
        "eight_nodes_cooperative: 6 win (1, 2, 3, 4, 5, 7); 0 lose",
        "Payments to each node, money",
        "runs: 3 settled",
    ):
        assert part in text
    assert "   7            -4.000              -4.000                   -3.148" in text
    (folder,) = (tmp_path / "home" / "results" / "compare").iterdir()
    assert (folder / "agents.csv").exists()
    found = one_object(command("compare", *NAMES, "--no-plots", "--replications", 1, "--json"))
    assert found["means"]["eight_nodes_cooperative"]["loss"]["mean"] == pytest.approx(0.180113, abs=1e-6)
    assert found["differences_to_first"]["eight_nodes_ad_hoc"]["winners"]["mean"] == 4


def test_replications_of_one_scenario_are_a_comparison(command):
    found = one_object(command("run", "ieee300_none", "--replications", 2, "--direct", "--no-plots", "--json"))
    assert (found["scenarios"], found["replications"]) == (["ieee300_none"], 2)


def test_verify_passes_and_fails(command, tmp_path):
    out = said(command("run", "eight_nodes_integrated", "--no-plots"))
    folder = tmp_path / "home" / out.splitlines()[-1].removeprefix("results: ")
    assert said(command("verify", folder)).startswith("pass  files: 5 files as written\npass  same bits")
    assert one_object(command("verify", folder, "--json"))["passed"] is True
    (folder / "lines.csv").write_text((folder / "lines.csv").read_text().replace("private", "public", 1))
    answer = command("verify", folder)
    assert answer.code == 1
    assert "FAIL  files: changed since they were written: lines.csv" in answer.out


REFUSED = {
    "behaviour": (("run", NAMES[0], "--set", "behaviour=integratd"), "behaviour: got 'integratd'"),
    "tariff": (("run", NAMES[0], "--set", "tariff.buy=1"), "tariff: 0 <= sell(=1) <= generation(=1.5) <= buy(=1)"),
    "case": (("show", NAMES[0], "--set", "network.case=ieee30"), 'did you mean "ieee300"?'),
    "nodes": (("compare", *NAMES, "--set", "injection=[1, 2]"), "injection: 2 values; the network has 8 nodes"),
    "markets": (("compare", NAMES[0], "two_peaks"), "scenarios of one market are needed"),
    "name": (("run", "eight_nodes"), "no such scenario or file"),
    "coalition": (("run", "ieee300_none", "--set", "coalition.form=partition"), "at most 12 are possible"),
    "cancelling": (
        ("run", NAMES[0], "--set", "network={injection=[0, 1], public=[[0, 1, 0.1, 0.1], [0, 1, 0.1, -0.1]]}"),
        "reactances of opposite sign cancel",
    ),
}


@pytest.mark.parametrize(("words", "part"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_one_line_and_nothing_is_written(command, tmp_path, words, part):
    answer = command(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ") and answer.err.count("\n") == 1
    assert part in answer.err
    assert list((tmp_path / "home").iterdir()) == []


def test_a_broken_file_of_lines_is_told_by_its_row(command, tmp_path, own):
    (own.parent / "nets" / "lines.csv").write_text("i,j,r,x\n0,1,0.1,0.1\n1,2,-0.1,0.1\n")
    answer = command("run", own)
    assert (answer.code, answer.out) == (2, "")
    got = "public line 1: r(=-0.1) must be finite and >= 0, row 3 of lines.csv (the header is row 1)"
    assert answer.err == f"error: feeder.toml: {got}\n"
