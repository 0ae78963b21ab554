"""The shipped scenarios load, draw and come back from their own TOML; the headline's share their users."""

import shutil
import time

import numpy as np
import pytest

from market.prices import PRICES
from market.utilities import UTILITIES
from scenarios import Scenario, describe, draw, finding, listing, load, loading, names, schema_table
from scenarios.markets import MARKETS
from tests.shipped import names_of

HEADLINE = ["large_direct", "large_two_maxmin", "large_two_proportional", "large_two_welfare", "small_alone"]


AGGREGATOR = names_of("aggregator")


@pytest.mark.parametrize("name", AGGREGATOR)
def test_the_groups_of_a_shipped_scenario_are_drawn(name):
    scenario = load(name)
    assert [block.name for block in draw(scenario).game.blocks] == [group.name for group in scenario.groups]


@pytest.mark.parametrize("name", names())
def test_a_shipped_scenario_loads_and_comes_back_from_its_toml(name, tmp_path):
    scenario = load(name)
    assert (scenario.name, scenario.path.stem) == (name, name)
    assert scenario.title and scenario.source
    stored = tmp_path / "scenario.toml"
    stored.write_text(scenario.to_toml(), encoding="utf-8")
    again = load(stored)
    assert again == scenario
    assert again.digest() == scenario.digest()
    assert again.to_toml() == scenario.to_toml()


@pytest.mark.parametrize("name", names())
def test_a_shipped_scenario_begins_with_a_comment(name):
    text = next(finding.FOLDER.glob(f"*/{name}.toml")).read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert max(map(len, text.splitlines())) <= 120


def test_names_are_sorted_and_the_promised_ones_are_there():
    assert names() == sorted(names())
    assert set(HEADLINE) | {"two_aggregators", "large_market", "data_centre_before"} <= set(names())


@pytest.mark.parametrize("replication", [0, 7])
def test_the_headline_scenarios_share_their_small_users(replication):
    first, *others = [draw(load(name), replication).game.blocks[0] for name in HEADLINE]
    assert (first.name, first.users) == ("small", 200)
    for block in others:
        assert block.name == "small"
        np.testing.assert_array_equal(block.utility.a, first.utility.a)
        np.testing.assert_array_equal(block.utility.b, first.utility.b)


def test_the_data_centre_scenarios_share_their_towns():
    before, *others = [draw(load(f"data_centre_{when}")).game for when in ("before", "after", "aggregators")]
    for game in others:
        for old, new in zip(before.blocks, game.blocks, strict=False):
            np.testing.assert_array_equal(old.utility.b, new.utility.b)


def test_two_aggregators_is_the_market_of_figure_4():
    north, south, centre = draw(load("two_aggregators")).game.blocks
    assert [list(block.sizes) for block in (north, south, centre)] == [[100], [100], [1]]
    assert (centre.kind, centre.utility.a[0], centre.utility.b[0]) == ("large", 0.5, 100.0)
    assert not np.array_equal(north.utility.a, south.utility.a)
    for block in (north, south):
        assert np.all((block.utility.a >= 0.1) & (block.utility.a <= 0.9))
        assert np.all((block.utility.b >= 0) & (block.utility.b <= 10))


def test_the_second_reading_makes_the_large_user_as_large_as_the_others_together():
    small, large = draw(load("large_equal_welfare"), 3).game.blocks
    size = np.sum(small.utility.b / small.utility.a)
    assert large.utility.b[0] / large.utility.a[0] == pytest.approx(size, rel=1e-14)
    assert 2000 < size < 3500


def test_the_fleet_is_that_of_ieee_300():
    price = draw(load("data_centre_before")).game.price
    assert price.capacity == pytest.approx(32_678.44)
    assert price.value(0.0) == pytest.approx(20.0)


def test_the_schema_knows_every_price_rule_and_utility():
    known = {key.path: key.range for key in loading.keys_of("aggregator")}
    assert known["price.rule"] == tuple(PRICES)
    assert known["group.utility.form"] == tuple(UTILITIES)


def test_list_has_a_row_per_scenario():
    rows = listing()
    assert [row.name for row in rows] == names()
    assert {row.market for row in rows} == set(MARKETS)
    assert all(row.title and row.source for row in rows)


def test_a_broken_file_in_the_folder_does_not_break_the_list(tmp_path, monkeypatch):
    own = tmp_path / "aggregator"
    own.mkdir()
    (own / "broken.toml").write_text("market = ")
    (own / "folder.toml").mkdir()
    (own / "good.toml").write_text(load("small_alone", set=['title="fine"']).to_toml())
    monkeypatch.setattr(finding, "FOLDER", tmp_path)
    broken, folder, good = listing()
    assert broken.title.startswith("cannot be used: broken.toml: not TOML")
    assert folder.title.startswith("cannot be used: folder.toml")
    assert (good.name, good.title) == ("good", "fine")


SHOWN = {
    "aggregator": ("tolerance = 1e-08", "[share of total]", "default 100", "price.rule"),
    "bilateral": ("negotiation.repair = true", "[share]", "default 10000", "matching"),
    "designs": ("aggregators = ", "[energy/p.u.]", "default 10000", "behaviours = [", "class.0.a"),
    "microgrid": ("tariff.buy = 2.0", "[money/p.u.]", "default 100", "network.case"),
    "network": ("tolerance = 1e-08", "[share of total]", "default 100", "network.case", "group.0.anticipates"),
    "days": ("tolerance = 1e-0", "[share of total]", "default 100", "periods.count", "group.0.utility.a"),
}


@pytest.mark.parametrize("name", names())
def test_show_tells_every_key_with_its_meaning(name):
    scenario = load(name)
    text = describe(scenario)
    spelt_out = "case" not in scenario.table.get("network", {})
    shown = [part for part in SHOWN[scenario.market] if not (part == "network.case" and spelt_out)]
    for part in (f'title = "{scenario.title}"', *map(scenario.in_units, shown)):
        assert part in text
    assert max(map(len, text.splitlines())) < 250


@pytest.mark.parametrize(
    ("market", "row"),
    [
        ("aggregator", "| `damping` | number | share | `1.0` | > 0 and <= 1 |"),
        (
            "microgrid",
            "| `tariff.sell` | number, or one a period as a list or CSV column | money/p.u. | `1.0` | >= 0 |",
        ),
        ("designs", "| `class.generation` | number, list, draw or CSV column | energy | `0.0` | >= 0 |"),
    ],
)
def test_the_schema_table_has_a_row_per_key(market, row):
    rows = schema_table(market).splitlines()
    assert len(rows) == 2 + len(loading.keys_of(market))
    assert any(line.startswith(row) for line in rows)
    assert all(row.count("|") == 7 for row in rows)


def test_scenarios_are_values():
    scenario = load("two_aggregators")
    assert isinstance(scenario, Scenario)
    assert scenario == load("two_aggregators")
    assert scenario.with_seed(5) == load("two_aggregators", seed=5) != scenario
    assert (scenario.seed, scenario.rounds, scenario.order, scenario.damping) == (1, 100, "in-turn", 1.0)
    assert [group.alpha for group in scenario.groups] == [1.0, 1.0, 0.0]


def test_a_piecewise_price_may_be_flat_and_may_jump(tmp_path):
    path = tmp_path / "steps.toml"
    path.write_text(
        'market = "aggregator"\n[price]\nrule = "piecewise"\nquantities = [0, 4, 4, 9]\nprices = [1, 1, 3, 3]\n'
        'last_slope = 1\n[[group]]\nname = "g"\nkind = "direct"\n'
        'utility = { form = "quadratic", a = [1], b = [9] }\n'
    )
    rule = draw(load(path)).game.price
    assert [float(rule.value(total)) for total in (0.0, 3.9, 4.0, 4.1, 9.0, 10.0)] == [1, 1, 1, 3, 3, 4]
    assert float(rule.right_value(4.0)) == 3


def test_a_fleet_may_have_blocks_of_constant_cost(tmp_path):
    path = tmp_path / "blocks.toml"
    path.write_text(
        'market = "aggregator"\n[price]\nrule = "dispatch"\ncap = 50\n[price.generators]\nmax_p_mw = [10, 5]\n'
        'cost_quadratic = [0, 0]\ncost_linear = [20, 30]\n[[group]]\nname = "g"\nkind = "direct"\n'
        'utility = { form = "quadratic", a = [1, 1], b = [60, 60] }\n'
    )
    rule = draw(load(path)).game.price
    assert [float(rule.value(total)) for total in (1.0, 10.0, 10.1, 15.0, 16.0)] == [20, 20, 30, 30, 50]
    assert float(rule.cost(12.0)) == 10 * 20 + 2 * 30


def test_a_thousand_own_scenarios_are_listed_in_a_second(tmp_path, monkeypatch):
    """Each is parsed, and found without looking at all the others."""
    own = tmp_path / "aggregator"
    own.mkdir()
    for i in range(300):
        shutil.copy(finding.shipped("two_aggregators"), own / f"own{i}.toml")
    monkeypatch.setattr(finding, "FOLDER", tmp_path)
    started = time.process_time()
    assert len(listing()) == 300
    assert time.process_time() - started < 1.5  # 0.3 on a quiet machine
