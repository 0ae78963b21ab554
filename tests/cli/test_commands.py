"""Every command of run.py says, prints and writes what it promises."""

import json
import shutil

import pytest

from scenarios import names
from views.aggregator.headline import COMPARED
from views.browser.stories import STORIES

OWN = """
title = "Five homes and a workshop"
market = "aggregator"
price = { rule = "affine", p0 = 1, c = 0.05 }
[[group]]
name = "homes"
kind = "aggregator"
utility = { form = "quadratic", a = { csv = "data/homes.csv", column = "a" }, b = 6 }
fairness = { alpha = 1 }
[[group]]
name = "workshop"
kind = "large"
utility = { form = "quadratic", a = 0.5, size = "small-users" }
"""


@pytest.fixture
def own(tmp_path):
    """A user's scenario in a folder of its own."""
    folder = tmp_path / "elsewhere"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "homes.csv").write_text("home,a\n" + "".join(f"{k},{0.2 + 0.1 * k}\n" for k in range(5)))
    (folder / "own.toml").write_text(OWN)
    return folder / "own.toml"


def one_object(answer):
    """The one JSON object on standard output, with nothing else there."""
    assert answer.code in (0, 1)
    assert answer.out.count("\n") == 1
    found = json.loads(answer.out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert isinstance(found, dict)
    return found


def stored(answer):
    """The folder that the last line of a run names."""
    return answer.out.splitlines()[-1].removeprefix("results: ")


def test_a_run_against_its_users_other_markets_ends_with_one_sentence(command):
    answer = command("run", "large_two_welfare", "--against", "--no-plots")
    assert answer.code == 0
    sentence = next(story.sentence for story in STORIES if story.scenario == "large_two_welfare")
    assert answer.out.splitlines()[-3:-1] == [sentence, ""] and stored(answer)


def test_list_has_a_line_per_scenario(command):
    answer = command("list")
    assert (answer.code, answer.err) == (0, "")
    header, *rows = answer.out.splitlines()
    assert header.split() == ["name", "market", "title", "source"]
    assert [row.split()[0] for row in rows] == names()
    assert max(map(len, answer.out.splitlines())) <= 100
    assert [row["name"] for row in one_object(command("list", "--json"))["scenarios"]] == names()


def test_list_finds_by_market_and_words(command):
    rows = one_object(command("list", "--json"))["scenarios"]
    centres = [row["name"] for row in rows if row["market"] == "network" and "data centre" in row["title"].lower()]
    header, *found = command("list", "CENTRE", "data ", "--market", "network").out.splitlines()
    assert [row.split()[0] for row in found] == centres != []
    assert len(header) <= 100 and all("Li and Bo" in row for row in found)  # the sources, cut
    assert one_object(command("list", "perrault", "--json"))["scenarios"] == [
        row for row in rows if "perrault" in " ".join(row.values()).lower()
    ]


def test_show_tells_every_key(command):
    answer = command("show", "two_aggregators", "--set", "group.north.fairness.alpha=inf", "--seed", "7")
    assert (answer.code, answer.err) == (0, "")
    for said in ("seed = 7", "tolerance = 1e-08", "[money/energy²]", "alpha = inf", "default 100", "damping"):
        assert said in answer.out
    shown = one_object(command("show", "two_aggregators", "--json"))
    assert shown["name"] == "two_aggregators"
    assert 'market = "aggregator"' in shown["toml"]


def test_show_of_a_user_s_file(command, own):
    answer = command("show", own)
    assert answer.code == 0
    assert "Five homes and a workshop" in answer.out
    assert "utility.a = [0.2, 0.3" in answer.out
    assert str(own) in answer.out


def test_run_tells_every_round_then_the_end_and_the_folder(command, tmp_path):
    answer = command("run", "two_aggregators", "--no-plots")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    rounds = [line for line in lines if line.startswith("round ")]
    assert [int(line.split()[1]) for line in rounds] == list(range(1, 8))
    assert rounds[-1].endswith("settled")
    assert any(line.startswith("settled after 7 rounds, gap ") for line in lines)
    for name in ("north", "south", "data centre"):
        assert any(line.startswith(name) for line in lines)
    folder = tmp_path / "home" / stored(answer)
    assert folder.parent == tmp_path / "home" / "results" / "two_aggregators"
    assert {path.name for path in folder.iterdir()} >= {"manifest.json", "summary.json", "rounds.csv", "agents.csv"}


def test_run_with_json_prints_the_stored_summary(command, tmp_path):
    summary = one_object(command("run", "two_aggregators", "--no-plots", "--json", "--out", "there"))
    (path,) = (tmp_path / "home" / "there").rglob("summary.json")
    assert summary == json.loads(path.read_text())
    assert "x" not in summary["groups"]["north"]


def test_run_with_json_and_users_lists_every_user(command):
    groups = one_object(command("run", "two_aggregators", "--no-plots", "--json", "--users"))["groups"]
    assert [len(groups[name]["x"]) for name in groups] == [len(groups[name]["s"]) for name in groups] == [100, 100, 1]


@pytest.mark.parametrize(
    ("name", "status"), [("no_equilibrium", "cycling"), ("two_equilibria", "settled"), ("steep_price", "round-limit")]
)
def test_every_ending_exits_with_0(command, name, status):
    words = ["--rounds", "3"] if status == "round-limit" else []
    assert one_object(command("run", name, "--no-plots", "--json", *words))["status"] == status


def test_a_cycle_is_told_with_its_period(command):
    assert "cycling (period 2) after" in command("run", "no_equilibrium", "--no-plots").out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two_equilibria", "There are several."),
        ("two_aggregators", "It is the only one."),
        ("continuum", "A continuum of equilibria"),
        ("no_equilibrium", "No equilibrium was found."),
    ],
)
def test_direct_tells_how_many_equilibria_there_are(command, name, said):
    answer = command("run", name, "--direct", "--no-plots")
    assert answer.code == 0
    assert said in answer.out
    assert "round " not in answer.out


def test_direct_with_json_lists_the_equilibria(command):
    summary = one_object(command("run", "two_equilibria", "--direct", "--no-plots", "--json"))
    assert (summary["status"], summary["unique"], len(summary["equilibria"])) == ("solved", False, 2)


def test_infeasible_names_player_and_user_and_exits_with_0(command, tmp_path):
    path = tmp_path / "out.toml"
    path.write_text(
        'market = "aggregator"\nprice = { rule = "linear", c = 1 }\n'
        '[[group]]\nname = "big"\nkind = "direct"\nusers = 1\nutility = { form = "quadratic", a = 0.5, b = 20 }\n'
        '[[group]]\nname = "pair"\nkind = "aggregator"\nfairness = { alpha = 1, surplus_offset = 0 }\n'
        'utility = { form = "quadratic", a = [1, 1], b = [3, 9] }\n'
    )
    answer = command("run", path, "--no-plots")
    assert (answer.code, answer.err) == (0, "")
    assert "infeasible" in answer.out
    assert "user 1 of player pair" in answer.out
    assert command("compare", path, "--no-plots", "--replications", "2").code == 0
    assert command("verify", stored(answer)).code == 0


def test_seed_rounds_and_set_reach_the_run(command):
    words = ["--seed", "9", "--rounds", "2", "--set", "price.c=0.002", "--set", "group.0.fairness.alpha=0"]
    summary = one_object(command("run", "two_aggregators", "--no-plots", "--json", *words))
    assert (summary["seed"], summary["rounds"]) == (9, 2)
    assert summary["groups"]["north"]["alpha"] == 0
    assert summary["price"] == pytest.approx(0.002 * summary["quantity"])


def test_run_with_replications_is_a_comparison_of_one(command, tmp_path):
    answer = command("run", "two_peaks", "--replications", "3", "--no-plots")
    assert answer.code == 0
    assert "Means over 3 replications" in answer.out
    assert "runs: 3 settled" in answer.out
    summary = one_object(command("run", "two_peaks", "--replications", "3", "--no-plots", "--json"))
    assert (summary["scenarios"], summary["replications"]) == (["two_peaks"], 3)
    assert len(list((tmp_path / "home" / "results" / "compare").iterdir())) == 1


def test_compare_prints_means_and_paired_differences(command):
    answer = command("compare", "small_alone", "large_direct", "--replications", "2", "--no-plots", "--direct")
    assert answer.code == 0
    assert "the same in all: small" in answer.out
    assert answer.out.count("large_direct") >= 2
    assert "runs: 4 solved; largest gap" in answer.out
    assert "±" in answer.out


def test_compare_with_json(command):
    words = ["compare", "small_alone", "large_direct", "--replications", "2", "--no-plots", "--direct", "--json"]
    summary = one_object(command(*words))
    assert (summary["shared"], summary["replications"]) == (["small"], 2)
    assert summary["differences_to_first"]["large_direct"]["price"]["mean"] > 0


def test_verify_passes_then_fails_once_a_file_is_touched(command, tmp_path):
    folder = stored(command("run", "two_peaks", "--no-plots"))
    answer = command("verify", folder)
    assert (answer.code, answer.err) == (0, "")
    assert [line[:4] for line in answer.out.splitlines()] == ["pass"] * 3
    assert one_object(command("verify", folder, "--json"))["passed"] is True
    with open(tmp_path / "home" / folder / "rounds.csv", "a") as file:
        file.write("9\n")
    answer = command("verify", folder, "--json")
    assert answer.code == 1
    assert one_object(answer)["passed"] is False
    assert command("verify", folder).out.startswith("FAIL")


def test_a_user_s_file_runs_is_stored_whole_and_verifies_when_it_is_gone(command, own, tmp_path):
    summary = one_object(command("run", own, "--no-plots", "--json", "--users"))
    assert summary["scenario"] == "own"
    assert len(summary["groups"]["homes"]["x"]) == 5
    (folder,) = (tmp_path / "home" / "results" / "own").iterdir()
    shutil.rmtree(own.parent)
    assert command("verify", folder).code == 0
    assert one_object(command("run", folder / "scenario.toml", "--no-plots", "--json"))["price"] == summary["price"]


def test_without_a_command_it_is_the_headline_comparison(command, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # starting workers would take longer than the work
    answer = command("--replications", "2", "--no-plots")
    assert answer.code == 0
    assert "A large user (size 200) costs a small user" in answer.out
    for name in COMPARED:
        assert name in answer.out
    assert "runs: 16 settled" in answer.out


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["headline", "-h"]])
def test_help_goes_to_standard_output(command, words):
    answer = command(*words)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("usage: run.py")


def test_bench_prints_its_rows(command, monkeypatch):
    from benchmarks.rows import Limit, Row

    told = Limit("5 ms, one pass", 0.005)
    rows = [Row("time", "1 s", "2 s", 2.0, ">= 1", True, told), Row("size", "3", "4", 0.75, "", None, told)]
    monkeypatch.setattr("benchmarks.bench.ratios", lambda quick: rows)
    answer = command("bench", "--quick")
    assert answer.code == 0
    assert answer.out.splitlines()[0].split()[0] == "measurement"
    assert answer.out.splitlines()[1].endswith("5 ms, one pass  0.5 %")
    row = one_object(command("bench", "--json"))["ratios"][1]
    assert row["reached"] is None and row["limit"] == {"said": "5 ms, one pass", "share": 0.005}


def test_reproduce_of_one_figure(command):
    claims = one_object(command("reproduce", "fig02", "--json", "--replications", "2"))["claims"]
    assert {claim["figure"] for claim in claims} == {"fig02"}


def test_pictures_are_drawn_unless_one_says_no(command, tmp_path):
    folder = stored(command("run", "two_peaks"))
    assert list((tmp_path / "home" / folder).glob("*.png"))
    assert command("verify", folder).code == 0
    assert not list((tmp_path / "home" / stored(command("run", "two_peaks", "--no-plots"))).glob("*.png"))
