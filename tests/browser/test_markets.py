"""Every market on the real page: load, step, play and pause, reset, parameters, wrong input."""

import json

import pytest

import run as command_line
from engine import run
from engine.columns import csv_text
from engine.store import rounds_of
from market.numerals import plain
from tests.browser.tiles import TILES, most

pytestmark = pytest.mark.long

MARKETS = {  # page: title, scenario, drawings that a first round must change, a headline number
    "aggregator": ("Aggregators", "two aggregators", {"purchases", "price", "surplus", "fairness"}, "price"),
    "microgrid": ("Microgrid", "eight nodes ad hoc", {"map", "bills", "rounds", "trades"}, "loss"),
    "bilateral": ("Bilateral contracts", "p2p single", {"contracts", "prices", "core", "violation"}, "mean price"),
    "network": ("Aggregators on a network", "data centre five bus", {"map", "purchases", "rent", "surplus"}, "price"),
    "days": ("Aggregators over a day", "storage duopoly", {"price", "sources", "home", "rounds"}, "mean price"),
    "joining": ("Aggregators", "joining three", {"purchases", "surplus", "members", "surplus density"}, "price"),
    "designs": (
        "Designs",
        "designs eight nodes",
        {"surplus", "sides", "anarchy", "losses", "price", "rounds"},
        "welfare there",
    ),
}
HUGE = "99999999999999999999999999"


CHANGES = {
    "aggregator": ("group.0.fairness.alpha", "inf", "two_aggregators", "surplus of all", lambda s: s["welfare"]),
    "microgrid": (
        "tariff.buy",
        "3.0",
        "eight_nodes_ad_hoc",
        "paid to all nodes",
        lambda s: sum(s["payments"]["agents"]),
    ),
    "bilateral": ("buyers.count", "12", "p2p_single", "messages", lambda s: s["messages"]),
    "network": ("network.line_limits.4-5", "300", "data_centre_five_bus", "rent of lines", lambda s: s["rent"]),
    "days": ("price.c", "0.02", "storage_duopoly", "price spread", lambda s: s["spread"]),
    "joining": ("price.c", "0.002", "joining_three", "price", lambda s: s["price"]),
    "designs": ("tariff.buy", "2.5", "designs_eight_nodes", "their surplus there", lambda s: most(s, "surplus")),
}


@pytest.mark.parametrize("market", MARKETS)
def test_a_market_is_stepped_reset_played_to_the_command_lines_numbers_and_changed(visitor, market):
    title, scenario, moving, number = MARKETS[market]
    visitor.show(title, scenario)
    check_a_step_and_reset(visitor, moving, number)
    visitor.play_to_the_end()
    check_the_end(visitor, run(scenario.replace(" ", "_")))
    check_a_change(visitor, *CHANGES[market])


def check_a_step_and_reset(visitor, moving, number):
    """A step changes the right drawings and numbers, and reset brings the start back."""
    before = visitor.drawings()
    assert visitor.tile(number) == "–"
    visitor.step()
    after = visitor.drawings()
    assert moving <= {name for name in after if before.get(name) != after[name]}
    assert visitor.tile(number) != "–"
    visitor.press("reset")
    visitor.wait_round(0)
    assert visitor.tile(number) == "–"
    assert visitor.drawings() == before


def check_the_end(visitor, result):
    """The page ends with the numbers of the command line."""
    summary = result.summary()
    assert visitor.round() == summary["rounds"]
    assert visitor.page.inner_text(".chip") == summary["status"]
    assert json.loads(visitor.download("summary.json")) == summary
    tiles = TILES[result.scenario.market](summary)
    assert visitor.page.locator(".tile").count() == len(tiles)
    for label, value in tiles.items():
        assert visitor.tile(label) == plain(value), label
    assert visitor.download("rounds.csv") == csv_text(rounds_of(result))


def check_a_change(visitor, key, value, name, label, number):
    """A changed parameter plays on to its own numbers and is told; the file's values come back."""
    before = visitor.tile(label)
    visitor.type_in(key, value)
    visitor.wait_tile(label, plain(number(run(name, set=[f"{key}={value}"]).summary())))
    assert visitor.page.inner_text(f".tile[data-name='{label}'] .before") == f"was {before}"
    assert key in visitor.page.inner_text(".changes")
    visitor.page.click("button:has-text('Back to the file')")
    visitor.wait_tile(label, before)


@pytest.mark.share
@pytest.mark.parametrize("market", ["aggregator", "bilateral"])
def test_pause_stops_between_two_rounds_and_play_goes_on(visitor, market):
    title, _, _, _ = MARKETS[market]
    visitor.show(title, {"aggregator": "continuum", "bilateral": "p2p single"}[market])
    visitor.press("play")
    visitor.page.wait_for_function("parseInt(document.querySelector('.status b').textContent.slice(6)) >= 2")
    visitor.press("pause")
    visitor.page.wait_for_selector("button[aria-label=play]:enabled")
    paused = visitor.round()
    visitor.press("step")
    visitor.wait_round(paused + 1)
    visitor.press("play")
    more = f"parseInt(document.querySelector('.status b').textContent.slice(6)) >= {paused + 2}"
    visitor.page.wait_for_function(more)


def test_sliders_move_by_the_keyboard_and_act_in_the_numbers(visitor):
    visitor.show("Aggregators", "two aggregators")
    visitor.play_to_the_end()
    visitor.slide("price.c", 10)
    visitor.wait_tile("price", plain(run("two_aggregators", set=["price.c=0.01"]).summary()["price"]))
    visitor.slide("group.1.fairness.alpha", 6)
    changed = run("two_aggregators", set=["price.c=0.01", "group.1.fairness.alpha=inf"]).summary()
    visitor.wait_tile("surplus of all", plain(changed["welfare"]))
    marks = visitor.page.inner_text(".v-input__slider:has([aria-label='group.1.fairness.alpha'])")
    assert [word for word in marks.split() if word] == ["welfare", "proportional", "max-min"]


def test_the_map_of_a_network_follows_lines_and_where_the_data_centre_stands(visitor):
    visitor.show("Aggregators on a network", "data centre five bus")
    visitor.play_to_the_end()
    assert visitor.page.locator(".panel[data-name=map] path.full").count() == 1
    visitor.slide("network.line_limits.4-5", 3)  # twice as much: the line is full no more
    visitor.page.wait_for_selector(".changes b:text-is('network.line_limits.4-5')")
    visitor.page.wait_for_selector(".panel[data-name=map] path.full", state="detached")
    visitor.type_in("group.3.node", "2")
    visitor.page.wait_for_selector(
        ".panel[data-name=map] title:has-text('node 2:'):has-text('data centre')", state="attached"
    )
    visitor.slide("group.3.utility.b", 1)
    visitor.page.wait_for_selector(".changes b:text-is('group.3.utility.b')")
    new = run("data_centre_five_bus", set=["network.line_limits.4-5=479", "group.3.node='2'", "group.3.utility.b=75.5"])
    visitor.wait_tile("total purchases", plain(new.summary()["quantity"]))


def test_the_changed_scenario_as_toml_gives_the_same_bits_on_the_command_line(visitor, tmp_path, capsys):
    visitor.show("Aggregators", "two aggregators")
    visitor.type_in("price.c", "0.0017")
    visitor.page.wait_for_selector(".changes b:text-is('price.c')")
    visitor.type_in("seed", "7")
    visitor.page.wait_for_selector(".changes b:text-is('seed')")
    visitor.play_to_the_end()
    file = tmp_path / "changed.toml"
    file.write_text(visitor.download("Scenario as TOML"), encoding="utf-8")
    assert command_line.main(["run", str(file), "--json", "--out", str(tmp_path), "--no-plots"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(visitor.download("summary.json"))
    assert visitor.page.inner_text(".changes code").endswith("run two_aggregators --seed 7 --set price.c=0.0017")


def test_a_wrong_seed_is_explained_and_the_run_lives_on(visitor):
    visitor.show("Aggregators", "two aggregators")
    visitor.step()
    visitor.page.evaluate(f"() => {{ window.seen = []; setInterval(() => seen.push({SEED}.value), 1); }}")
    for typed in ("abc", "", HUGE, "-1", "1.5", "nan", "<b>x</b>"):
        visitor.type_in("seed", typed)
        message = visitor.page.wait_for_selector(".error-text").inner_text()
        assert message.startswith("seed: got") and "whole number" in message
        if typed in ("abc", "<b>x</b>"):
            visitor.step()
        visitor.type_in("seed", str(3 + len(typed)))
        visitor.page.wait_for_selector(".error-text", state="detached")
    visitor.page.wait_for_selector(".changes b:text-is('seed')")
    seen = visitor.page.evaluate("seen")
    assert "1" not in seen[seen.index("abc") :]  # never the value before once more, which would take what is typed then


SEED = "document.querySelector(\".v-text-field input[aria-label='seed']\")"


def test_a_population_that_would_fill_the_machine_is_refused(visitor):
    visitor.show("Aggregators", "two aggregators")
    visitor.type_in("group.0.users", "40000000")
    assert "at most 1,000,000" in visitor.page.wait_for_selector(".error-text").inner_text()
    visitor.step()


def test_a_key_that_takes_words_or_a_number_offers_the_words_and_takes_both(visitor):
    visitor.show("Microgrid", "ieee300 none")
    visitor.page.click(".v-input:has(input[aria-label='private.density']) .v-input__append-inner")
    visitor.page.click(".menuable__content__active .v-list-item:has-text('1/n^2')")
    visitor.page.wait_for_selector(".changes li:has-text('private.density') >> text=1/n^2")
    visitor.type_in("private.density", "0.01")
    visitor.page.wait_for_selector(".changes li:has-text('private.density') >> text=0.01")
    visitor.type_in("private.density", "2/n")
    assert "private.density: got '2/n'" in visitor.page.wait_for_selector(".error-text").inner_text()


def test_another_choice_brings_the_keys_it_needs(visitor):
    visitor.show("Aggregators", "two aggregators")
    visitor.page.click(".v-select:has(input[aria-label='price.rule'])")
    visitor.page.click(".menuable__content__active .v-list-item:has-text('affine')")
    visitor.page.wait_for_selector(".v-text-field input[aria-label='price.p0']")
    visitor.type_in("price.p0", "0.2")
    visitor.page.wait_for_selector(".changes b:text-is('price.p0')")
    visitor.play_to_the_end()
    expected = run("two_aggregators", set=['price={ rule = "affine", c = 0.001, p0 = 0.2 }']).summary()
    assert visitor.tile("price") == plain(expected["price"])


def test_scenario_and_market_are_switched_in_the_middle_of_a_run(visitor):
    visitor.show("Aggregators", "two aggregators")
    visitor.press("play")
    visitor.page.wait_for_selector(".status b:not(:text-is('Round 0'))")
    visitor.show("Microgrid", "eight nodes cooperative")
    visitor.step()
    assert visitor.tile("loss") == plain(run("eight_nodes_cooperative").summary()["losses"]["total"])
    visitor.show("Bilateral contracts", "assignment game")
    visitor.step()
    visitor.show("Aggregators", "small alone")
    visitor.step()
