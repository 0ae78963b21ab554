"""What all markets' pages share: visitors apart, agents, comparison, stored runs, sizes, themes, keyboard."""

import re

import numpy as np
import pytest

from engine import run
from market.numerals import plain
from scenarios import build
from tests.browser.conftest import SIZE
from tests.browser.test_access import LETTERS
from views.browser.stories import STORIES

pytestmark = pytest.mark.long


def test_two_visitors_at_once_keep_apart_and_a_closed_tab_is_forgotten(arrivals):
    one, other = arrivals(), arrivals()
    one.step()
    one.step()
    assert other.round() == 0
    other.type_in("price.c", "0.005")
    other.page.wait_for_selector(".changes b:text-is('price.c')")
    other.play_to_the_end()
    one.play_to_the_end()
    assert one.tile("price") == plain(run("two_aggregators").summary()["price"])
    assert other.tile("price") == plain(run("two_aggregators", set=["price.c=0.005"]).summary()["price"])
    assert one.page.query_selector(".changes b") is None
    count = "() => fetch('/resourcez').then(answer => answer.json()).then(found => found.kernels.total)"
    assert other.page.evaluate(count) >= 2
    one.page.close(run_before_unload=True)
    other.page.wait_for_function(f"() => ({count})().then(total => total === 1)")


def test_a_story_is_played_by_one_press_and_ends_with_its_sentence_before_a_faint_market(visitor):
    story = next(story for story in STORIES if story.scenario == "large_two_welfare")
    visitor.page.click(f".story[data-name={story.scenario}]")
    visitor.page.wait_for_selector(f".sentence:text-is('{story.sentence}')")
    assert visitor.page.query_selector(".story") is None
    assert "without the large ones" in visitor.page.inner_text(".faint")
    before = visitor.page.query_selector(".panel[data-name=price] path.faint").get_attribute("d")
    heights = {float(point.split()[1]) for point in before.replace("L", "M").split("M")[1:]}
    assert len(heights) == 1  # a level: that market has ended
    visitor.type_in("group.0.fairness.alpha", "inf")
    visitor.page.wait_for_selector(".sentence:has-text('almost nothing')")
    visitor.press("reset")
    visitor.page.wait_for_selector(".story >> nth=4")


def test_economists_pictures_stand_in_a_tab_and_all_equilibria_are_looked_for(visitor):
    visitor.show("Aggregators", "large two welfare")
    visitor.play_to_the_end()
    rounds = set(visitor.drawings())
    visitor.page.click(".tab:has-text('Economics')")
    visitor.page.wait_for_selector(".panel[data-name='faced payoff']")
    drawn = visitor.drawings()
    assert not rounds & set(drawn)
    assert {"supply and demand", "split", "lorenz", "moved", "faced price"} <= set(drawn)
    summary = run("large_two_welfare").summary()
    assert f"Gini {plain(summary['small']['gini'], 3)}" in drawn["lorenz"]
    assert "0 gain, 175 lose" in drawn["moved"]
    assert "an equilibrium" not in drawn["supply and demand"]
    visitor.page.click("button[aria-label='find all equilibria']")
    visitor.page.wait_for_selector(".status:has-text('one equilibrium, it is the only one')")
    assert "an equilibrium" in visitor.drawings()["supply and demand"]


def test_agents_are_sorted_searched_and_followed(visitor):
    visitor.show("Aggregators", "two aggregators")
    visitor.play_to_the_end()
    surplus = run("two_aggregators").outcome.s
    visitor.page.click(".agents th button:has-text('surplus')")
    visitor.page.wait_for_selector(".agents th button:has-text('▲')")
    visitor.page.click(".agents th button:has-text('surplus')")
    visitor.page.wait_for_selector(".agents th button:has-text('▼')")
    assert visitor.page.inner_text(".agents tbody tr >> nth=0 >> td >> nth=-1") == plain(float(surplus.max()))
    visitor.page.fill("input[aria-label='search agents']", "south 150")
    visitor.page.wait_for_selector(".agents h2 small:has-text('1 of 201')")
    visitor.page.click("button[aria-label='follow 150']")
    visitor.page.wait_for_selector(".panel[data-name=user]:has-text('User 150')")
    visitor.page.click("button:has-text('stop following 150')")
    visitor.page.wait_for_selector(".panel[data-name=user]", state="detached")


COMPARED = {  # title, scenario, changes of the first two lanes, a row of the table, the same number of a summary
    "microgrid": (
        "Microgrid",
        "eight nodes ad hoc",
        ([], ['behaviour="none"']),
        "loss",
        lambda summary: summary["losses"]["total"],
    ),
    "bilateral": (
        "Bilateral contracts",
        "p2p single",
        ([], ['negotiation.rule="tight"']),
        "messages",
        lambda summary: summary["messages"],
    ),
    "designs": (
        "Designs",
        "designs eight nodes",
        ([], ['payments="lmp"']),
        "their surplus there",
        lambda summary: max(d["surplus"] for name, d in summary["designs"].items() if name != "planner"),
    ),
}


@pytest.mark.share
@pytest.mark.parametrize("market", COMPARED)
def test_any_market_is_compared_under_its_variants(visitor, market):
    title, scenario, changes, row, number = COMPARED[market]
    visitor.show(title, scenario)
    visitor.page.click("button:has-text('Compare')")
    visitor.page.wait_for_selector(".lane >> nth=3")
    visitor.as_fast_as_it_can()
    visitor.press("play")
    visitor.page.wait_for_selector(".status:not(:has-text('running')):not(:has-text('not begun'))")
    shown = visitor.page.query_selector_all(f".lanes-table tr[data-name='{row}'] td")[: len(changes)]
    results = [run(scenario.replace(" ", "_"), set=change).summary() for change in changes]
    assert [one.inner_text() for one in shown] == [plain(number(summary)) for summary in results]
    for width in (SIZE["width"], 400):  # lanes of maps, too, have letters that can be read
        visitor.page.set_viewport_size({"width": width, "height": 800})
        assert min(visitor.page.evaluate(LETTERS)) >= 11.9


def test_a_comparison_steps_all_scenarios_and_ends_with_their_numbers(visitor):
    visitor.page.click("button:has-text('Compare')")
    visitor.page.wait_for_selector(".lane >> nth=2")
    assert visitor.page.locator(".lane").count() == 3  # itself and what differs from it, all of the same users
    assert "The same in all" in visitor.page.inner_text(".status")
    visitor.press("step")
    visitor.page.wait_for_selector(".lanes-table tr[data-name=price] td >> nth=0 >> text=/\\d/")
    visitor.press("play")
    visitor.page.wait_for_selector(".status:not(:has-text('running')):not(:has-text('not begun'))")
    shown = visitor.page.query_selector_all(".lanes-table tr[data-name='surplus of all'] td")
    alphas = [None, "0.0", "inf"]  # its own is 1
    changes = [[] if a is None else [f"group.{k}.fairness.alpha={a}" for k in (0, 1)] for a in alphas]
    expected = [plain(run("two_aggregators", set=change).summary()["welfare"]) for change in changes]
    assert [one.inner_text() for one in shown] == expected
    visitor.page.click("button:has-text('Differences over 10 draws')")
    visitor.page.wait_for_selector(".lanes-table:has-text('mean of 10 seeds ± 95 % interval')")
    rows = visitor.download("comparison.csv").splitlines()
    assert rows[0].startswith("scenario,measure,unit,value,difference") and len(rows) > 3 * 6
    visitor.page.click("header button:has-text('Watch and steer')")
    visitor.page.click("header button:has-text('Compare')")
    visitor.page.wait_for_selector(".lanes-table:has-text('mean of 10 seeds')")  # it stays when one looks elsewhere
    lines = visitor.page.query_selector_all(".panel[data-name^='price'] svg.chart path")
    assert len(lines) == 3


def test_a_stored_run_below_the_results_and_nothing_else_is_opened_and_replayed_beside_what_was_stored(visitor, folder):
    for path in ("../../etc", "/etc", "nothing/there", "two_aggregators"):
        visitor.type_in("stored run", path)
        visitor.page.wait_for_selector(f".stored .error-text:has-text('{path.strip('/').split('/')[0]}')")
        visitor.step()
    (stored,) = (folder / "results" / "two_aggregators").iterdir()
    visitor.type_in("stored run", f"two_aggregators/{stored.name}")
    visitor.page.wait_for_selector(".replay:has-text('5 rounds')")
    visitor.step()
    visitor.page.wait_for_selector(".replay:has-text('as stored, bit by bit')")
    visitor.play_to_the_end()
    assert visitor.round() == 5
    visitor.page.wait_for_selector(".replay:has-text('Rounds 1 to 5 of 5 are as stored, bit by bit')")


def check_that_all_drawings_fit_a_small_screen(visitor):
    visitor.page.evaluate("document.querySelector('.main').scrollTo(0, 0)")
    ends = "[...document.querySelectorAll('.panel')].map(panel => panel.getBoundingClientRect().bottom)"
    assert max(visitor.page.evaluate(ends)) <= 800


def test_a_user_who_moves_is_found_with_its_aggregator_and_followed(visitor):
    visitor.show("Aggregators", "joining three")
    visitor.play_to_the_end()
    check_that_all_drawings_fit_a_small_screen(visitor)
    result = run("joining_three")
    joined = result.joined
    (mover, *_) = np.flatnonzero(joined.memberships[-1] != joined.memberships[0]).tolist()
    visitor.page.fill("input[aria-label='search agents']", str(mover))
    visitor.page.wait_for_selector(".agents h2 small:has-text('1 of 76')")
    now = joined.joining.offers[joined.memberships[-1][mover]].name
    row = [one.inner_text() for one in visitor.page.query_selector_all(".agents tbody tr >> nth=0 >> td")]
    assert row[:2] == [str(mover), now] and row[2] != now
    assert row[-2:] == [plain(float(values[-1, mover])) for values in (result.quantities, result.surpluses)]
    visitor.page.click(f"button[aria-label='follow {mover}']")
    visitor.page.wait_for_selector(f".panel[data-name=user]:has-text('User {mover}')")


def test_an_agent_of_all_designs_is_shown_under_each(visitor):
    visitor.show("Designs", "designs eight nodes")
    visitor.play_to_the_end()
    check_that_all_drawings_fit_a_small_screen(visitor)
    visitor.page.click("button[aria-label='follow 3']")
    drawn = visitor.page.wait_for_selector(".panel[data-name=agent]").inner_html()
    for design in run("designs_eight_nodes").designs.values():
        assert f">{plain(float(design.gained[3]), 3)}<" in drawn


def test_a_days_hours_are_gone_through_and_one_household_is_followed(visitor):
    """Numbers and marks of the hour; the day's own numbers stay; what is played stops by itself and by the button."""
    visitor.show("Aggregators over a day", "street day")
    visitor.step()
    model = build("street_day")
    model.step()
    whole = visitor.page.inner_text(".tiles")
    visitor.page.fill("input[aria-label='search agents']", "battery car")
    visitor.page.wait_for_selector(".agents h2 small:has-text('10 of 200')")
    visitor.page.click(".agents tbody tr >> nth=1 >> button")
    user = int(visitor.page.wait_for_selector("tr.chosen td >> nth=0").inner_text())
    assert {"battery", "car"} <= set(model.user(user).devices)
    visitor.page.wait_for_selector(f".panel[data-name=home] h2:text-is('User {user} (homes: battery, car)')")
    slider = visitor.page.locator(".moments [role=slider]")
    slider.focus()
    for _ in range(19):
        visitor.page.keyboard.press("ArrowRight")
    visitor.page.wait_for_selector(".when:text-is('19:00 – 20:00')")
    hours, price = model.user(user).hours, model.today.price[19]
    told = {
        f"User {user}": {"bought": hours["z"][19], "held": hours["level"][19], "pays": hours["z"][19] * price},
        "All users": {"price": price, "load": model.today.load[19], "solar": model.told["solar"][:, 19].sum()},
    }
    for who, numbers in told.items():
        for name, value in numbers.items():
            where = f".reading:has(h3:has-text('{who}')) [data-name='{name}'] .value"
            assert visitor.page.inner_text(where) == plain(float(value)), (who, name)
    assert visitor.page.inner_text(".tiles") == whole
    marks = "[...document.querySelectorAll('.chart .moment')].map(mark =>"
    marks += " new DOMMatrix(getComputedStyle(mark).transform).e / mark.style.getPropertyValue('--wide'))"
    visitor.page.wait_for_function(f"{marks}.every(at => Math.abs(at - 19) < 1e-3)")
    assert len(visitor.page.evaluate(marks)) == 7
    visitor.page.keyboard.press("End")
    visitor.page.keyboard.press("ArrowLeft")
    visitor.page.click("button[aria-label='play hours']")
    visitor.page.wait_for_selector(".when:text-is('23:00 – 24:00')")
    visitor.page.click("button[aria-label='play hours']")  # it has stopped, and begins anew
    visitor.page.wait_for_selector(".when:text-is('01:00 – 02:00')")
    visitor.page.click("button[aria-label='stop hours']")
    stopped = visitor.page.inner_text(".when")
    visitor.page.wait_for_timeout(600)
    assert visitor.page.inner_text(".when") == stopped


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_fits_its_window_and_has_the_visitors_theme(visitor, theme):
    visitor.page.emulate_media(color_scheme=theme)
    visitor.arrive()
    visitor.step()
    visitor.page.wait_for_selector(f"#app.theme--{theme}")
    bottom = visitor.page.evaluate(
        "document.querySelector('.panel[data-name=fairness]').getBoundingClientRect().bottom"
    )
    assert bottom <= 800
    for width in (1280, 400):
        visitor.page.set_viewport_size({"width": width, "height": 800})
        visitor.step()
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    ground = visitor.page.evaluate("getComputedStyle(document.querySelector('.page')).backgroundColor")
    shade = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
    assert shade > 200 if theme == "light" else shade < 60


def test_the_theme_can_be_changed(visitor):
    visitor.page.click("button[aria-label='dark theme']")
    visitor.page.wait_for_selector("#app.theme--dark")
    visitor.arrive()
    visitor.page.click("button[aria-label='light theme']")
    visitor.page.wait_for_selector("#app.theme--light")


def test_the_buttons_work_by_the_keyboard(visitor):
    visitor.page.focus("button[aria-label=reset]")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    visitor.wait_round(1)
    visitor.page.keyboard.press("Space")
    visitor.wait_round(2)


def test_a_large_market_shows_that_it_works_and_the_page_answers_meanwhile(visitor):
    visitor.show("Aggregators", "large market")
    visitor.type_in("group.0.users", "1000000")  # a round of fewer may end before the page says that it works
    visitor.page.wait_for_selector(".agents h2 small:has-text('of 1,000,000')")
    visitor.press("step")
    visitor.page.wait_for_selector(".working:has-text('playing a round')")
    visitor.page.fill("input[aria-label='search agents']", "5")
    visitor.page.wait_for_selector(".agents h2 small:has-text('1 of')")
    assert visitor.round() == 0
    visitor.wait_round(1)


def test_a_page_that_the_server_has_forgotten_can_be_refreshed(visitor):
    """As Solara leaves it then: disconnected, and asking for a refresh."""
    visitor.step()
    visitor.page.evaluate("app.$data.connectionStatus = 'disconnected'; app.$data.needsRefresh = true")
    visitor.page.wait_for_selector(".v-overlay--active")
    visitor.page.click("button:has-text('Refresh now')")
    visitor.wait_round(1)  # where it was
