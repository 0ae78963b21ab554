"""The commands on bilateral markets: what they print, what they write, and how they refuse."""

import json

import pytest

from tests.cli.answers import one_object, said

NAMES = ("p2p_single", "p2p_multi", "p2p_corner")
SMALL = ("--set", "buyers.count=5", "--set", "sellers.count=4", "--set", "negotiation.tolerance=0.01")
PLAIN = {"contracts.csv", "agents.csv", "manifest.json", "rounds.csv", "scenario.toml", "summary.json", "prices.csv"}
OWN = 'title = "Our street"\nmarket = "bilateral"\nprosumers = "street.csv"\n'
STREET = (
    "hour,period,prosumer,load,generation,value,ask\n12,0,0,0.5,3,0.3,0.05\n12,0,1,1,0,0.3,0.05\n13,1,1,0,2,0.3,0.05\n"
)


@pytest.fixture
def own(tmp_path):
    """A user's prosumers in a folder of their own."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "street.csv").write_text(STREET + "13,1,2,2,0,0.3,0.05\n")
    (folder / "own.toml").write_text(OWN)
    return folder / "own.toml"


def test_list_names_bilateral_markets(command):
    rows = {row["name"]: row for row in one_object(command("list", "--json"))["scenarios"]}
    text = said(command("list"))
    for name in (*NAMES, "p2p_day", "p2p_1000", "assignment_game", "wrong_matching"):
        assert rows[name]["market"] == "bilateral"
        assert f"\n{name} " in text


def test_show_tells_every_key(command):
    text = said(command("show", "p2p_green", "--set", "tariff.buy=3", "--set", "deadline=9", "--seed", 7))
    for part in (
        'contracts = "single"',
        "seed = 7",
        "tariff.buy = 3.0",
        'negotiation.rule = "corner"',
        "buyers.demand = { uniform = [1.0, 5.0] }",
        "deadline = 9",
        "[money/kWh]",
        "kWh",
        'matching = "optimal"',
        "rounds = 10000",
        "green",
    ):
        assert part in text, part
    shown = one_object(command("show", "assignment_game", "--json"))
    assert "pair_value = [[5.0, 7.0, 2.0], [8.0, 9.0, 3.0], [2.0, 6.0, 0.0]]" in shown["toml"]


def test_show_of_a_user_s_file(command, own):
    text = said(command("show", own))
    for part in (str(own), "prosumers.prosumer = ", "prosumers.load = ", "warm_start = true"):
        assert part in text, part


def test_run_tells_every_round_then_the_contracts_and_the_folder(command, tmp_path):
    lines = said(command("run", "assignment_game", "--no-plots", "--set", "negotiation.rule=bilateral")).splitlines()
    rounds = [line for line in lines if line.startswith("round ")]
    assert [int(line.split()[1]) for line in rounds] == list(range(1, 21))
    assert rounds[0].split("messages")[1].endswith("running") and rounds[-1].endswith("settled")
    text = "\n".join(lines)
    for part in (
        "settled after 20 rounds, gap ",
        "At most one contract an agent, rule bilateral: 3 contracts gain 16.000 money beside the grid",
        "(best possible 16.000)",
        "Prices were moved from the last bids and asks to the nearest stable ones.",
        "Contracts (quantity in kWh, price in money/kWh, gains in money)",
        "best for buyers 8.000 8.000",
        "best for sellers 4.000 12.000",
        "fair (tau) 6.000 10.000",
        "With the grid alone nobody would trade",
        "Who learns what:",
    ):
        assert part in " ".join(text.split()), part
    folder = tmp_path / "home" / lines[-1].removeprefix("results: ")
    assert {path.name for path in folder.iterdir()} == PLAIN


def test_long_negotiations_are_told_in_few_lines(command):
    change = ("--set", "negotiation={ rule = 'bilateral', tolerance = 1e-12 }")
    lines = said(command("run", "assignment_game", "--no-plots", *change)).splitlines()
    told = [int(line.split()[1]) for line in lines if line.startswith("round ")]
    assert told[:21] == [*range(1, 21), 30]
    assert len(told) < 32


ENDINGS = {
    "direct": (("assignment_game", "--direct"), "Prices are those of the fair point (tau), without negotiation."),
    "half-way": (
        ("p2p_single", *SMALL, "--set", "negotiation.repair=false"),
        "half-way between the last bids and asks",
    ),
    "grid": (("wrong_matching", "--set", "deadline=3"), "No agreement in time: everybody trades with the grid."),
    "nothing": (("assignment_game", "--set", "pair_value=[[0]]"), "No contracts: no pair gains beside the grid."),
    "no equilibrium": (("wrong_matching",), "no-equilibrium, gap 21 %. The contracts are not those of an optimal"),
    "limit": (("p2p_single", *SMALL, "--rounds", "2"), "round-limit after 2 rounds"),
    "nobody": (("p2p_single", "--set", "buyers.count=0"), "0 contracts gain 0.000 money beside the grid"),
    "many": (("p2p_multi",), "The 25 contracts that gain most"),
    "savings": (("p2p_day", "--set", "periods=11"), "with the grid alone: "),
}


@pytest.mark.parametrize("case", ENDINGS)
def test_every_ending_is_told_and_is_no_error(command, case):
    words, part = ENDINGS[case]
    assert part in said(command("run", *words, "--no-plots"))


def test_run_with_json_prints_the_stored_summary(command, tmp_path):
    found = one_object(command("run", "assignment_game", "--no-plots", "--json", "--out", "there"))
    (path,) = (tmp_path / "home" / "there").rglob("summary.json")
    assert found == json.loads(path.read_text())
    assert found["outcome"] == {"u": [1.5, 4.0, 0.5], "v": [4.0, 5.5, 0.5]}
    assert found == one_object(command("run", "assignment_game", "--no-plots", "--json", "--users"))


CHANGES = {
    "negotiation.rule=corner": ("rule", "corner"),
    "contracts=multi": ("contracts_per_agent", "multi"),
    "network.drop=0.9": ("status", "settled"),
    "matching=auction": ("status", "settled"),
    "matching=[-1, -1, -1, -1, -1]": ("contracts", []),
    "leave={ count = 9, round = 1 }": ("contracts", []),
    "periods=2": ("periods", 2),
    "fair=equal-split": ("status", "settled"),
    "negotiation.tolerance=1e-12": ("gap", 0.0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_carried_out(command, change):
    key, value = CHANGES[change]
    found = one_object(command("run", "p2p_single", "--no-plots", "--json", *SMALL, "--set", change))
    assert found[key] == (pytest.approx(value, abs=1e-9) if isinstance(value, float) else value)


def test_a_round_limit_on_the_command_line_gives_the_trace(command):
    change = ("--set", "negotiation={ rule = 'bilateral', repair = false }")
    found = one_object(command("run", "assignment_game", "--no-plots", "--json", *change, "--rounds", 2))
    assert found["outcome"] == {"u": [1.75, 4.125, 2.125], "v": [3.875, 3.875, 0.25]}
    assert (found["status"], found["rounds"]) == ("round-limit", 2)


def test_the_user_s_street(command, own, tmp_path):
    text = said(command("run", own, "--no-plots"))
    assert "period   0   round     1" in text and "period   1   round     1" in text
    assert "over 2 periods: 2 contracts gain" in text
    found = one_object(command("run", own, "--no-plots", "--json"))
    assert [(row["period"], row["buyer"], row["seller"]) for row in found["contracts"]] == [(0, 1, 0), (1, 2, 1)]
    assert found["welfare"] == pytest.approx(3 * 0.2)  # 1 and 2 kWh, 0.20 between what the grid takes and pays
    saved = [a - b for a, b in zip(found["costs"]["grid_only"], found["costs"]["with_contracts"], strict=True)]
    assert sum(saved) == pytest.approx(0.6) and min(saved) > 0


def test_compare_tells_measures_and_savings(command, tmp_path):
    text = said(command("compare", *NAMES, "--no-plots", "--replications", 1, *SMALL))
    for part in (
        "the same in all: users, preferences",
        "welfare",
        "distance to tau",
        "saved against the grid",
        "Saved against the grid alone, by each agent's mean",
        "p2p_multi: ",
        "of 9 agents, the most ",
        "runs: 3 settled; largest gap ",
    ):
        assert part in text, part
    (folder,) = (tmp_path / "home" / "results" / "compare").iterdir()
    assert (folder / "agents.csv").exists()
    found = one_object(command("compare", *NAMES, "--no-plots", "--replications", 1, "--json", *SMALL))
    assert found["means"]["p2p_corner"]["distance to tau"]["mean"] == pytest.approx(0, abs=1e-9)
    assert found["differences_to_first"]["p2p_multi"]["welfare"]["mean"] >= 0


def test_compare_where_nothing_is_traded(command):
    empty = ("--set", "buyers.count=0")
    text = said(command("compare", "p2p_single", "p2p_corner", "--no-plots", "--replications", 1, *empty))
    assert "0 of 20 agents" in text
    found = one_object(
        command("compare", "p2p_single", "p2p_corner", "--no-plots", "--json", "--replications", 1, *empty)
    )
    assert found["means"]["p2p_single"]["buyers' share"]["mean"] is None


def test_replications_of_one_scenario_are_a_comparison(command):
    found = one_object(command("run", "p2p_corner", "--replications", 2, "--direct", "--no-plots", "--json", *SMALL))
    assert (found["scenarios"], found["replications"], found["direct"]) == (["p2p_corner"], 2, True)


@pytest.mark.parametrize(
    "words",
    [("p2p_single", *SMALL), ("p2p_multi", *SMALL, "--set", "negotiation.repair=false"), ("p2p_deadline", "--direct")],
)
def test_verify_passes_and_fails(command, tmp_path, words):
    out = said(command("run", *words, "--no-plots"))
    folder = tmp_path / "home" / out.splitlines()[-1].removeprefix("results: ")
    assert "\npass  same bits" in said(command("verify", folder))
    assert one_object(command("verify", folder, "--json"))["passed"] is True
    (folder / "contracts.csv").write_text((folder / "contracts.csv").read_text().replace("0", "1", 1))
    answer = command("verify", folder)
    assert answer.code == 1
    assert "FAIL  files: changed since they were written: contracts.csv" in answer.out


HUGE = ("--set", "buyers.count=100000", "--set", "sellers.count=100000")
REFUSED = {
    "rule": (("run", "p2p_single", "--set", "negotiation.rule=cornr"), 'did you mean "corner"?'),
    "tariff": (("run", "p2p_single", "--set", "tariff.sell=1"), "tariff: sell(=1) must be <= buy(=0.25)"),
    "cap": (("show", "p2p_single", "--set", "cap=2"), "cap: goes with contracts = 'multi'"),
    "game": (("run", "assignment_game", "--set", "pair_value=[[1, 2], [3]]"), "pair_value.1: got [3]"),
    "several": (("run", "assignment_game", "--set", "contracts=multi"), "several contracts need quantities"),
    "markets": (("compare", "p2p_single", "two_peaks"), "scenarios of one market are needed"),
    "name": (("run", "p2p_singel"), 'did you mean "p2p_single"?'),
    "leave": (("run", "p2p_leavers", "--set", "leave.count=41"), "leave.count: got 41; there are 40 agents"),
    "crumbs": (("run", "p2p_multi", "--set", "block=1e-9"), "block: got 1e-09; at least "),
    "blocks": (
        ("compare", "p2p_multi", "--set", "block=0.001", "--set", "negotiation.rule=benchmark"),
        "negotiation.rule: got 'benchmark' for ",
    ),
    "proposals": (
        ("run", "p2p_tight", "--set", "buyers.count=4000"),
        "'tight' for 4020 agents; it works for at most 4000",
    ),
    "memory": (("run", "p2p_single", *HUGE), "got 100000 by 100000 agents; at most 25,000,000 pairs are possible"),
    "prosumers": (("run", "p2p_day", "--set", "prosumers=mine.csv"), "prosumers: cannot read 'mine.csv'"),
    "periods": (("run", "p2p_day", "--set", "periods=25"), "periods: got 25; prosumers have 24 periods"),
}


@pytest.mark.parametrize(("words", "part"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_one_line_and_nothing_is_written(command, tmp_path, words, part):
    answer = command(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ") and answer.err.count("\n") == 1
    assert part in answer.err
    assert list((tmp_path / "home").iterdir()) == []


def test_a_broken_csv_of_prosumers_is_told_by_column_and_row(command, own):
    (own.parent / "street.csv").write_text(STREET + "13,1,2,,0,0.3,0.05\n")
    answer = command("run", own)
    assert (answer.code, answer.out) == (2, "")
    got = "column load, row 5 of street.csv (the header is row 1) is blank; a number is needed"
    assert answer.err == f"error: {own}: prosumers: {got}\n"


def test_what_the_market_cannot_solve_is_one_line_too(command, monkeypatch):
    import engine
    from market.bilateral.market import MarketError

    def broken(*words, **options):
        raise MarketError("quantities: the programme was not solved")

    monkeypatch.setattr(engine, "run", broken)
    answer = command("run", "p2p_multi", "--no-plots")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "error: quantities: the programme was not solved\n"
