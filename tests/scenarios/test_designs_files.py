"""Files of several designs: what they mean, and how broken ones are refused."""

import numpy as np
import pytest

from scenarios import ScenarioError, build, draw, load
from tests.scenarios.refusals import check, refusal

HEAD = """
market = "designs"
tariff = { buy = 0.3, sell = 0.1 }
price = { p0 = 0.1, c = 0.01 }
base_power = 10
"""
NETWORK = "network = { public = [[0, 1, 0.01, 0.01], [1, 2, 0.01, 0.01]] }\n"
CLASS = '[[class]]\nname = "homes"\ncount = 5\na = 0.1\nb = { uniform = [0.4, 0.8] }\n'
GOOD = HEAD + NETWORK + CLASS
SUN = '[[class]]\nname = "sun"\na = 0.1\nb = 0.5\ngeneration = [1, 2]\n'


def file(folder, text, name="my.toml"):
    path = folder / name
    path.write_text(text)
    return path


def with_class(keys):
    return HEAD + NETWORK + f'[[class]]\nname = "homes"\n{keys}\n'


def with_network(inside):
    return HEAD + f"network = {{ {inside} }}\n" + CLASS


BROKEN = {
    "no tariff": (GOOD.replace("tariff = { buy = 0.3, sell = 0.1 }", ""), ["tariff: is missing"]),
    "no buying price": (GOOD.replace("buy = 0.3, ", ""), ["tariff.buy: is missing", "money/energy"][:1]),
    "sells dearer": (GOOD.replace("sell = 0.1", "sell = 0.4"), ["tariff: sell 0.4 is above buy 0.3", "sell <= buy"]),
    "negative tariff": (GOOD.replace("sell = 0.1", "sell = -1"), ["tariff.sell: got -1", ">= 0"]),
    "flat price": (GOOD.replace("c = 0.01", "c = 0"), ["price.c: got 0", "> 0"]),
    "no base": (GOOD.replace("base_power = 10", ""), ["base_power: is missing", "> = 1e-06"[:1]]),
    "base 0": (GOOD.replace("base_power = 10", "base_power = 0"), ["base_power: got 0", ">= 1e-06"]),
    "alphas a number": ("alphas = 1" + GOOD, ["alphas: got 1", "list of numbers"]),
    "no alphas": ("alphas = []" + GOOD, ["alphas: got an empty list"]),
    "negative alpha": ("alphas = [0, -1]" + GOOD, ["alphas: value 1 (counted from 0) is -1", ">= 0 or inf"]),
    "an alpha twice": ("alphas = [1, 0, 1.0]" + GOOD, ["alphas: 1.0 is there twice", "each once"]),
    "too many aggregators": ("aggregators = 6" + GOOD, ["aggregators: got 6 for 5 agents", "at most one an agent"]),
    "no offset": ("surplus_offset = 0" + GOOD, ["surplus_offset: got 0", "> 0"]),
    "behaviour unknown": ('behaviours = ["selfish"]' + GOOD, ["behaviours.0: got 'selfish'", "none, ad-hoc"]),
    "behaviours a word": ('behaviours = "none"' + GOOD, ["behaviours: got 'none'", "a list of none, ad-hoc"]),
    "no behaviours": ("behaviours = []" + GOOD, ["behaviours: got []", "a list of none"]),
    "a behaviour twice": ('behaviours = ["none", "none"]' + GOOD, ["behaviours: 'none' is there twice"]),
    "blocks of single contracts": ("block = 1" + GOOD, ["block: goes with contracts = 'multi'"]),
    "key of another market": ("order = 1" + GOOD, ["order: unknown key"]),
    "injections": (with_network("injection = [0, 1], public = [[0, 1, 1, 1]]"), ["network.injection: unknown key"]),
    "no lines": (with_network("slack = 0"), ["network.public: is missing", "or a case"]),
    "no such case": (with_network('case = "eight"'), ["network.case: got 'eight'", 'did you mean "eight_nodes"?']),
    "a node apart": (
        with_network("public = [[0, 1, 1, 1], [2, 3, 1, 1]]"),
        ["class: node 2 does not reach", "main grid"],
    ),
    "private lines twice": (
        "private = { density = 0.5 }" + with_network("public = [[0, 1, 1, 1]], private = [[0, 1, 1]]"),
        ["private"],
    ),
    "no classes": (HEAD + NETWORK, ["class: is missing"]),
    "class without name": (HEAD + NETWORK + "[[class]]\ncount = 1\na = 1\nb = 1\n", ["class.0.name: is missing"]),
    "a class twice": (GOOD + CLASS, ["class.1.name: 'homes' is the name of another class too"]),
    "no count": (with_class("a = 0.1\nb = 1"), ["class.homes.count: is missing"]),
    "counts differ": (with_class("count = 3\na = 0.1\nb = [1, 2]"), ["class.homes.b: 2 values, but count says 3"]),
    "lists differ": (with_class("a = [1, 1, 1]\nb = [1, 2]"), ["class.homes.b: 2 values, but a says 3"]),
    "a is 0": (with_class("count = 2\na = 0\nb = 1"), ["class.homes.a: got 0", "> 0"]),
    "negative generation": (with_class("a = 1\nb = 1\ngeneration = [1, -2]"), ["homes.generation: value 1", "-2"]),
    "node of the main grid": (with_class("a = 1\nb = 1\nnode = [1, 0]"), ["class.homes.node: got 0, the main grid"]),
    "no such node": (with_class("a = 1\nb = 1\nnode = [1, 3]"), ["class.homes.node: got 3", "1 to 2"]),
    "half a node": (with_class("a = 1\nb = 1\nnode = [1.5]"), ["class.homes.node: got 1.5"]),
    "too many agents": (GOOD.replace("count = 5", "count = 5001"), ["class.homes.count: got 5001", "5,000"]),
    "too many in all": (
        GOOD.replace("count = 5", "count = 3000") + SUN.replace("[1, 2]", "1\ncount = 2001"),
        ["class: 5,001 agents in all", "at most 5,000"],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_one_line(name, tmp_path):
    text, fragments = BROKEN[name]
    path = file(tmp_path, text)
    check(refusal(lambda: load(path)), ["my.toml", *fragments])


def test_a_rule_with_too_many_agents_is_refused_when_drawn(tmp_path):
    path = file(tmp_path, 'negotiation = { rule = "tight" }' + GOOD.replace("count = 5", "count = 4500"))
    check(refusal(lambda: draw(load(path))), ["negotiation.rule", "'tight' for"])


def test_reactances_that_cancel_are_refused_when_drawn(tmp_path):
    path = file(tmp_path, with_network("public = [[0, 1, 0.1, 0.1], [0, 1, 0.1, -0.1]]"))
    check(refusal(lambda: draw(load(path))), ["network", "reactances of opposite sign cancel"])


@pytest.mark.parametrize("name", ["designs_eight_nodes", "designs_neighbourhood"])
def test_written_out_and_read_again_it_is_the_same(name, tmp_path):
    scenario = load(name)
    again = load(file(tmp_path, scenario.to_toml()))
    assert again.table == scenario.table
    assert again.digest() == scenario.digest()
    assert again.designs == scenario.designs


def test_a_network_file_of_ones_own_brings_lines_and_no_injections(tmp_path):
    file(tmp_path, "injection = [0, 5, -5]\npublic = [[0, 1, 0.01, 0.01], [1, 2, 0.01, 0.01]]\n", "own.toml")
    scenario = load(file(tmp_path, with_network('case = "own.toml"')))
    assert set(scenario.table["network"]) == {"slack", "public"}
    assert draw(scenario).game.network.injection.tolist() != [0, 5, -5]


def test_agents_go_round_the_nodes_but_those_with_a_node_of_their_own(tmp_path):
    own = SUN + "node = [2, 2]\n"
    people = draw(load(file(tmp_path, GOOD + own))).game.population
    assert people.node.tolist() == [1, 2, 1, 2, 1, 2, 2]
    assert people.member.tolist() == [0] * 5 + [1] * 2
    assert people.generation.tolist() == [0] * 5 + [1, 2]
    assert people.classes == ("homes", "sun")


def test_draws_depend_on_the_class_alone(tmp_path):
    one = draw(load(file(tmp_path, GOOD))).game.population
    other = draw(load(file(tmp_path, HEAD + NETWORK + SUN + CLASS))).game.population
    np.testing.assert_array_equal(one.b, other.b[2:])


def test_designs_are_those_asked_for(tmp_path):
    scenario = load(file(tmp_path, 'alphas = [0.5]\nbehaviours = ["cooperative"]' + GOOD))
    assert scenario.designs == ("direct", "tariff", "aggregators 0.5", "bilateral", "microgrid cooperative", "planner")
    assert list(build(scenario).parts) == ["direct", "aggregators 0.5", "bilateral", "microgrid cooperative"]


@pytest.mark.parametrize("slack", [0, 1, 3])
def test_the_nodes_a_message_allows_are_the_nodes_that_are_allowed(tmp_path, slack):
    lines = "public = [[0, 1, 1, 1], [1, 2, 1, 1], [2, 3, 1, 1]]"
    path = tmp_path / "broken.toml"

    def of(node):
        text = (
            HEAD
            + f"network = {{ slack = {slack}, {lines} }}\n"
            + CLASS.replace("count = 5", f"node = [{node}, {node}]")
        )
        path.write_text(text)
        return path

    fine = [node for node in range(5) if not raises(lambda node=node: load(of(node)))]
    said = refusal(lambda: load(of(slack))).rpartition("numbers of nodes, ")[2].removesuffix(", are needed")
    told = [part.split(" to ") for part in said.split(" or ")]
    assert fine == [node for part in told for node in range(int(part[0]), int(part[-1]) + 1)]


def raises(act):
    try:
        act()
    except ScenarioError:
        return True
    return False
