"""`certify`: outcomes of other tools from CSV files, in words and as JSON; a file that cannot be used is one line."""

import json

import numpy as np
import pytest

from engine import certify, run
from market.outcome import CERTIFIED_GAP
from scenarios import ScenarioError
from tests.cli.answers import one_object, said

NAMES = ["north", "south", "data centre"]
TWO = """
market = "aggregator"
price = { rule = "linear", c = 0.2 }

[[group]]
name = "north"
kind = "aggregator"
utility = { form = "quadratic", a = [0.2, 0.3, 0.4], b = [6, 7, 8] }
fairness = { alpha = 1.0 }

[[group]]
name = "south"
kind = "aggregator"
utility = { form = "quadratic", a = [0.5, 0.5], b = [8, 9] }

[[group]]
name = "data centre"
kind = "large"
utility = { form = "quadratic", a = 0.5, b = 9 }
"""
SMALL = """
market = "aggregator"
price = { rule = "linear", c = 0.2 }

[[group]]
name = "homes"
kind = "aggregator"
users = 3
count = 1
utility = { form = "quadratic", a = [0.2, 0.3, 0.4], b = [6, 7, 8] }
fairness = { alpha = 1.0 }

[[group]]
name = "shops"
kind = "direct"
users = 2
utility = { form = "quadratic", a = [0.5, 0.5], b = [8, 9] }
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two aggregators and a data centre."""
    path = tmp_path_factory.mktemp("two") / "two.toml"
    path.write_text(TWO)
    return path


@pytest.fixture(scope="module")
def solved(two):
    """Their equilibrium."""
    return run(two, direct=True).outcome


@pytest.fixture
def certified(command, tmp_path):
    """certified(scenario, text of a CSV file, …) is what the command answers."""

    def call(scenario, text, *words):
        path = tmp_path / "outcome.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return command("certify", scenario, path, *words)

    return call


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def rows(header, *columns):
    return "\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]) + "\n"


def test_the_equilibrium_of_direct_is_certified_again(certified, two, solved):
    found = one_object(certified(two, rows("player,purchase", NAMES, solved.y), "--json"))
    assert found["status"] == "equilibrium" and found["gap"] <= solved.gap + 1e-12
    assert found["nearest"]["distance"] < 1e-12 and found["nearest"]["players"] == pytest.approx(list(solved.y))
    assert found["price"] == pytest.approx(solved.price) and "splits" not in found
    assert {"scenario", "market", "status", "gap", "best_move", "price", "nearest"} <= set(found)


def test_what_is_no_equilibrium_is_no_failure_and_tells_the_move(certified, two, solved):
    text = rows("player,purchase", NAMES, solved.y * [1, 0.5, 1])
    found = one_object(certified(two, text, "--json"))
    move = found["best_move"]
    assert found["status"] == "not-equilibrium" and found["gap"] > CERTIFIED_GAP and found["proven"]
    assert set(move) == {"player", "from", "to", "gain", "unit"} and move["player"] == "south"
    assert move["from"] == solved.y[1] / 2 and move["to"] > move["from"] and move["gain"] > 0
    assert found["nearest"]["distance"] == pytest.approx(solved.y[1] / 2 / solved.y.sum())
    words = said(certified(two, text))
    assert words.startswith("not-equilibrium, gap") and "Most gains south, by" in words and "nan" not in words


@pytest.mark.parametrize(
    "text",
    [
        "player,purchase\nsouth,2\ndata centre,3\nnorth,1\n",
        "player,purchase\n1,2\n2,3\n0,1\n",
        "player,purchase\n2,2\n3,3\n1,1\n",
        "purchase\n1\n2\n3\n",
        "\ufeffplayer;purchase\r\nnorth;1,0\r\nsouth;2,0\r\ndata centre;3,0\r\n",
        'note,"player",purchase\nx,"south",2\ny,"data centre",3\nz,"north",1\n',
    ],
)
def test_players_come_by_name_or_number_or_in_order(certified, two, text):
    found = one_object(certified(two, text, "--json"))
    assert found["quantity"] == 6.0
    expected = certify(two, [1.0, 2.0, 3.0]).summary()
    assert {**found, "outcome": ""} == {**json.loads(json.dumps(expected)), "outcome": ""}


@pytest.mark.parametrize(
    "text",
    [
        rows("user,quantity", range(5), [1, 2, 3, 4, 5]),
        rows("user,quantity", [5, 4, 3, 2, 1], [5, 4, 3, 2, 1]),
        rows("quantity", [1, 2, 3, 4, 5]),
        rows("group,user,quantity", ["shops", "homes", "homes", "shops", "homes"], [1, 0, 2, 0, 1], [5, 1, 3, 4, 2]),
        rows("group,user,quantity", ["homes"] * 3 + ["shops"] * 2, [1, 2, 3, 1, 2], [1, 2, 3, 4, 5]),
        rows("group,user,quantity", ["homes"] * 3 + ["shops"] * 2, [0, 1, 2, 3, 4], [1, 2, 3, 4, 5]),
    ],
)
def test_users_come_by_number_in_the_market_or_their_group_and_splits_are_judged(certified, small, text):
    found = one_object(certified(small, text, "--json"))
    assert (found["quantity"], found["price"]) == (15.0, pytest.approx(3.0))
    assert found["splits"]["shops"] == {"distance": 0.0, "own": True}
    assert not found["splits"]["homes"]["own"] and found["splits"]["homes"]["distance"] > 0.01
    words = said(certified(small, text))
    assert "splits as its own fairness does" in words


def test_a_run_s_own_split_is_its_own(certified, small):
    outcome = run(small, direct=True).outcome
    found = one_object(certified(small, rows("user,quantity", range(5), outcome.x), "--json"))
    assert found["status"] == "equilibrium" and all(one["own"] for one in found["splits"].values())


def test_agents_csv_of_a_direct_run_can_be_certified(command, small, tmp_path):
    said(command("run", small, "--direct", "--no-plots", "--out", tmp_path / "out"))
    agents = next((tmp_path / "out").rglob("agents.csv"))
    found = one_object(command("certify", small, agents, "--json"))
    assert found["status"] == "equilibrium" and found["splits"]["homes"]["own"]


def test_several_equilibria_and_none_at_all(certified):
    solved = run("two_equilibria", direct=True)
    near = one_object(certified("two_equilibria", rows("purchase", solved.equilibria[0].y), "--json"))["nearest"]
    assert (near["number"], near["distance"]) == (0, pytest.approx(0, abs=1e-9))
    none = certified("no_equilibrium", rows("purchase", run("no_equilibrium", direct=True).outcome.y))
    assert "No certified equilibrium to compare with: solved directly, the market is no-equilibrium." in said(none)


def test_cournot_outcomes_of_producers(certified):
    found = one_object(certified("cournot_duopoly", "player,purchase\none,28.27102804\ntwo,27.80373832\n", "--json"))
    assert (
        found["status"] == "equilibrium" and found["nearest"]["distance"] < 1e-9 and found["best_move"]["gain"] < 1e-9
    )
    assert found["prices"]["market"] == pytest.approx(100 - 28.27102804 - 27.80373832)
    assert "prices at the nodes: market 43.925" in said(certified("cournot_duopoly", "purchase\n28.271\n27.804\n"))


BAD = {  # text of the file: what is said of it
    "player,purchase\nnorth,1\nsauth,2\ndata centre,3\n": ("player: row 3 of", "'sauth'", 'did you mean "south"?'),
    "player,purchase\nnorth,1\nnorth,2\ndata centre,3\n": ("row 3 of", "'north' again", "'south' is missing"),
    "player,purchase\nnorth,1\nsouth,2\n": ("has 2 rows; the market has 3 players", "'data centre' is missing"),
    "player,purchase\nnorth,1\nsouth,2\nnorth,2\ndata centre,3\n": ("has 4 rows", "'north' comes twice"),
    "player,purchase,unit\nnorth,1,MWh\nsouth,2,kWh\ndata centre,3,MWh\n": ("unit: row 2 of", "one unit for all"),
    "Player;Purchase\nnorth;1\n": ("the columns 'Player,Purchase'", 'did you mean "purchase"?'),
    "player,purchase\n" + 'north,"3,000.5"\nsouth,2\ndata centre,3\n': ("column purchase, row 2 of", "a number"),
    "player,purchase\nnorth,1\nsouth,2\ndata centre,3\n".encode("utf-16"): ("not UTF-8",),
    "player,purchase\nnorth,1\nsouth,2\ndata centre,3\nwest,4\n": ("has 4 rows; the market has 3 players",),
    "player,purchase\n0,1\n1,2\n3,3\n": ("player: row 4 of", "is 3", "from 0 to 2"),
    "player,purchase\n1,1\n1,2\n2,3\n": ("player: row 3 of", "is 1 again", "3 is missing"),
    "player,purchase\n0.5,1\n1,2\n2,3\n": ("player: row 2 of", "is 0.5", "whole number"),
    "player,purchase\nnorth,-1\nsouth,2\ndata centre,3\n": ("purchase: row 2 of", "-1", "a number >= 0"),
    "player,purchase\nnorth,nan\nsouth,2\ndata centre,3\n": ("purchase: row 2 of", "nan", "a number >= 0"),
    "player,purchase\nnorth,inf\nsouth,2\ndata centre,3\n": ("purchase: row 2 of", "inf", "a number >= 0"),
    "player,purchase\nnorth,1\nsouth,two\ndata centre,3\n": ("column purchase, row 3 of", "'two'", "a number"),
    "player,purchase\nnorth,1\nsouth,\ndata centre,3\n": ("column purchase, row 3 of", "blank", "a number"),
    "player,purchase\nnorth,1\nsouth,2,3\ndata centre,3\n": ("row 3 of", "3 cells"),
    "player,purchases\nnorth,1\n": ("the columns 'player,purchases'", "player,purchase", 'did you mean "purchase"?'),
    "player,purchase,purchase\nnorth,1,1\nsouth,2,2\ndata centre,3,3\n": ("2 columns 'purchase'",),
    "player,purchase,quantity\nnorth,1,1\n": ("the columns", "user,quantity"),
    "": ("is empty",),
    "player,purchase\n": ("no rows",),
    "user,quantity\n0,1\n": ("has 1 rows; the market has 6 users",),
    b"player,purchase\nn\xff,1\n": ("not UTF-8",),
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_file_is_one_line(certified, two, text):
    answer = certified(two, text)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert all(part in answer.err for part in ("outcome.csv", *BAD[text])), answer.err


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("group,user,quantity\nhomes,0,1\nhomes,1,1\nhomes,2,1\nshop,0,1\nshops,1,1\n", ("group: row 5 of", "'shop'")),
        ("group,user,quantity\nhomes,0,1\nhomes,1,1\nshops,2,1\nshops,0,1\nshops,1,1\n", ("2 rows of 'homes'",)),
        ("group,user,quantity\nhomes,0,1\nhomes,1,1\nhomes,1,1\nshops,0,1\nshops,1,1\n", ("row 4 of", "1 again")),
        ("group,user,quantity\nhomes,0,1\nhomes,7,1\nhomes,1,1\nshops,0,1\nshops,1,1\n", ("user: row 3 of", "is 7")),
        ("user,quantity\n0,1\n1,1\n2,1\n3,1\nx,1\n", ("column user, row 6 of", "'x'")),
    ],
)
def test_a_bad_file_of_users_is_one_line(certified, small, text, parts):
    answer = certified(small, text)
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert all(part in answer.err for part in parts), answer.err


@pytest.mark.parametrize(
    ("scenario", "text", "part"),
    [
        ("cournot_duopoly", "purchase\n120\n27\n", "'one' can sell 100 at most"),
        ("cournot_duopoly", "user,quantity\n0,1\n", "the producers 'one' have none"),
        ("street_day", "purchase\n1\n", "market: purchases in the market 'days' cannot be certified"),
        ("p2p_single", "purchase\n1\n", "market: purchases in the market 'bilateral' cannot be certified"),
        ("eight_nodes_none", "purchase\n1\n", "market: purchases in the market 'microgrid' cannot be certified"),
        ("joining_maxmin", "purchase\n1\n", "joining: users choose their aggregators"),
    ],
)
def test_what_cannot_be_certified_is_one_line(certified, scenario, text, part):
    answer = certified(scenario, text)
    assert (answer.code, answer.err.count("\n")) == (2, 1) and part in answer.err


def test_a_file_that_is_not_there_and_arrays_of_the_wrong_size(command, two):
    answer = command("certify", two, "nowhere.csv")
    assert answer.code == 2 and "nowhere.csv" in answer.err and answer.err.count("\n") == 1
    with pytest.raises(ScenarioError, match="got 2 numbers; one for each of 3 players"):
        certify(two, [1.0, 2.0])
    with pytest.raises(ScenarioError, match="value 1"):
        certify(two, np.array([1.0, -2.0, 0.0]))


def test_changes_of_the_scenario_count(certified, two):
    text = "purchase\n1\n1\n1\n"
    prices = [one_object(certified(two, text, "--json", *words))["price"] for words in ((), ("--set", "price.c=0.4"))]
    assert prices[1] == pytest.approx(2 * prices[0])
