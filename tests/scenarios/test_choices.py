"""A choice set on the command line takes along what goes with it: a file edited by hand to the same reads the same."""

import itertools

import numpy as np
import pytest

from scenarios import ScenarioError, load
from scenarios.finding import names
from scenarios.loading import keys_of
from tests.scenarios.refusals import check, refusal

KINDS = ("aggregator", "direct", "large")
UTILITY = {
    "drawn": 'utility = { form = "quadratic", a = { uniform = [0.1, 0.9] }, size = 3.0 }',
    "listed": 'utility = { form = "quadratic", a = [0.2, 0.4, 0.6], b = [3.0, 5.0, 10.0] }',
    "in a file": 'utility = { form = "log", b = 4.0, k = { csv = "k.csv", column = "k" } }',
    "one": 'utility = { form = "log", b = 4.0, k = 2.0 }',
}
MARKET = """
market = "aggregator"
price = {{ rule = "linear", c = 0.1 }}
[[group]]
name = "first"
kind = "{kind}"
{more}
{utility}
[[group]]
name = "other"
kind = "direct"
users = 2
utility = {{ form = "{form}", a = 1.0, b = 2.0 }}
"""
OWN = {"aggregator": "count = 2\nfairness = { alpha = 2, surplus_offset = 0.5 }\n", "direct": "", "large": ""}


def write(folder, kind, utility, own=True):
    (folder / "k.csv").write_text("k\n1\n2\n6\n")
    users = "" if kind == "large" else "users = 3\n"
    path = folder / "market.toml"
    text = MARKET.format(kind=kind, more=users + OWN[kind] * own, utility=UTILITY[utility], form="quadratic")
    path.write_text(text)
    return path


CHANGES = [
    (*kinds, utility)
    for kinds in itertools.permutations(KINDS, 2)
    for utility in UTILITY
    if kinds[0] != "large" or utility in ("drawn", "one")
]


@pytest.mark.parametrize(("before", "after", "utility"), CHANGES)
@pytest.mark.parametrize("place", ["0", "first"])
def test_a_kind_that_is_set_reads_as_a_file_of_that_kind(tmp_path, before, after, utility, place):
    changes = [f"group.{place}.kind={after}"] + [f"group.{place}.users=3"] * (before == "large")
    found = load(write(tmp_path, before, utility), set=changes).table["group"][0]
    wanted = dict(load(write(tmp_path, after, "one", own=False)).table["group"][0])
    wanted["utility"] = load(write(tmp_path, before, utility)).table["group"][0]["utility"]
    if after == "large":
        means = {name: np.mean(one) for name, one in wanted["utility"].items() if isinstance(one, tuple)}
        wanted["utility"] = wanted["utility"] | means
    assert found == wanted


def test_how_many_users_a_large_one_becomes_is_asked_for(tmp_path):
    text = refusal(lambda: load(write(tmp_path, "large", "one"), set=["group.0.kind=direct"]))
    check(text, ["group.first.users: is missing", "the number of users"])


def test_what_is_set_on_purpose_is_never_dropped(tmp_path):
    for more in ("group.0.fairness.alpha=1", "group.0.count=2"):
        for changes in itertools.permutations([more, "group.0.kind=direct"]):
            text = refusal(lambda changes=changes: load(write(tmp_path, "aggregator", "one"), set=changes))
            check(text, ["does not belong to kind = 'direct'"])
    with pytest.raises(ScenarioError, match="users"):
        load(write(tmp_path, "direct", "one"), set=["group.0.kind=large", "group.0.users=4"])


def test_a_mistake_of_the_file_is_told_whatever_is_chosen(tmp_path):
    path = write(tmp_path, "direct", "one")
    path.write_text(path.read_text().replace("users = 3", "users = 3\nalpha = 2"))
    check(refusal(lambda: load(path, set=["group.0.kind=aggregator"])), ["group.first.alpha: unknown key"])
    path.write_text(path.read_text().replace("alpha = 2", "count = 2"))
    check(refusal(lambda: load(path, set=["group.0.kind=direct"])), ["count: does not belong"])


@pytest.mark.share
@pytest.mark.parametrize("name", names())
def test_every_choice_can_be_set_or_says_what_to_set(name):
    """Of every shipped scenario: no refusal speaks of keys that only the choice before needed."""
    scenario = load(name)
    for key in keys_of(scenario.market):
        if key.type != "choice" or key.when or key.path == "market" or key.table.startswith("group"):
            continue
        for word in key.range:
            try:
                load(scenario, set=[f"{key.path}={word}"])
            except ScenarioError as error:
                assert "does not belong" not in str(error), error
