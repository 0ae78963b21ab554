"""The page's address is its state: it comes back after a reload, a step back, a copied link, another server."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios import ScenarioError, load
from tests.browser.conftest import Server, Visitor
from tests.shares import part_of
from views.browser import links
from views.browser.options import OPTIONS
from views.browser.side import check_size, revised
from views.kit.live import Run
from views.kit.parameters import parameters, read, stops

SHIPPED = ["two_aggregators", "street_day", "data_centre_five_bus", "eight_nodes_day", "p2p_multi", "designs_day"]


def some_values(one):
    """Values that a visitor may choose for a parameter."""
    return (
        list(one.key.range) if one.key.type == "choice" else [*stops(one, one.value), *(word for word in one.key.words)]
    )


@settings(max_examples=part_of(40), deadline=None)
@given(st.sampled_from(SHIPPED), st.data())
def test_whatever_is_chosen_comes_back_by_its_link(name, data):
    original = scenario = load(name)
    for _ in range(data.draw(st.integers(1, 4))):
        found = [one for one in parameters(scenario) if some_values(one)]
        one = data.draw(st.sampled_from(found), label="parameter")
        try:
            new = revised(scenario, one, read(one, data.draw(st.sampled_from(some_values(one)))), original)
            check_size(new)
        except ScenarioError:
            continue
        scenario = new
    place = links.read(links.written(Run(scenario), original) + "&round=7&tab=compare&lane=a&lane=b")
    assert place.run.scenario.table == scenario.table and place.original.table == original.table
    assert (place.round, place.tab, place.lanes) == (min(7, scenario.rounds), "compare", ("a", "b"))


@pytest.mark.parametrize(
    "link",
    [
        "x",
        "&&&",
        "scenario=nope",
        "scenario=/etc/passwd",
        "scenario=two_aggregators&scenario=continuum",
        "scenario=two_aggregators&set=price.c=%FF",
        "scenario=two_aggregators&set=price.nothing=1",
        "scenario=two_aggregators&set=price.c=-1",
        "scenario=two_aggregators&set=group.0.users=49000000",
        'scenario=two_aggregators&set=group.0.utility.a={csv="/etc/passwd"}',
        "scenario=two_aggregators&round=-1",
        "scenario=two_aggregators&tab=elsewhere",
        "scenario=two_aggregators&market=network",
        "scenario=eight_nodes_day&set=network.case=/etc/passwd",
        "stored=../../etc",
        "path=/etc/passwd",
        "a=" * 40_000,
        "set=a&" * 10_000,
    ],
    ids=lambda link: link[:40],
)
def test_a_link_that_asks_for_what_is_not_offered_is_refused_in_one_line(link, tmp_path, monkeypatch):
    monkeypatch.setattr(OPTIONS, "results", tmp_path)
    with pytest.raises(links.LinkError) as refused:
        links.read(link)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 300 and "/etc/" not in str(refused.value)[70:]


def place(visitor):
    """Address without origin, and what is shown there."""
    visitor.page.wait_for_function("location.hash.length > 1")
    return visitor.page.evaluate("location.hash"), visitor.round(), visitor.page.inner_text(".tiles")


def test_reload_back_and_a_copied_link_bring_the_same_state(visitor):
    visitor.page.wait_for_function("location.hash.includes('two_aggregators')")
    visitor.type_in("price.c", "0.005")
    visitor.page.wait_for_selector(".changes b:text-is('price.c')")
    visitor.step()
    visitor.step()
    visitor.page.wait_for_function("location.hash.endsWith('round=2')")
    before = place(visitor)
    assert "set=price.c%3D0.005" in before[0] and visitor.page.evaluate("location.search") == ""
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.page.click("button:has-text('Copy link')")
    visitor.page.wait_for_selector("button:has-text('Copied')")
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    assert copied == visitor.page.url and "token" not in copied
    visitor.page.reload()
    visitor.wait_round(2)
    assert place(visitor) == before
    visitor.page.click("header button:has-text('Compare')")
    visitor.page.wait_for_function("location.hash.includes('tab=compare&lane=')")
    visitor.page.go_back()
    visitor.wait_round(2)
    visitor.page.wait_for_function("!location.hash.includes('compare')")
    visitor.page.go_back()
    visitor.page.wait_for_selector(".changes b", state="detached")
    visitor.page.wait_for_function("!location.hash.includes('set=')")
    visitor.wait_round(0)  # until it is drawn, what was before is shown
    visitor.page.evaluate(f"location.hash = {before[0]!r}")
    visitor.page.wait_for_function("tiles => document.querySelector('.tiles').innerText === tiles", arg=before[2])
    visitor.wait_round(2)
    assert place(visitor) == before
    visitor.page.evaluate("location.hash = '#scenario=/etc/passwd'")
    visitor.page.wait_for_selector(".v-alert:has-text('The link was not followed: scenario')")
    visitor.step()


@pytest.mark.parametrize("refused", [False, True])
def test_where_there_is_no_clipboard_the_link_is_copied_or_selected_to_be(arrivals, refused):
    visitor = arrivals()
    page = visitor.page
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.reload()
    visitor.step()
    page.wait_for_function("location.hash.endsWith('round=1')")
    if refused:
        page.evaluate("document.execCommand = () => false")
    page.click("button:has-text('Copy link')")
    if refused:
        page.wait_for_function("document.querySelector('.by-hand')?.value === location.href")
        page.keyboard.press("Control+c")
    else:
        page.wait_for_selector("button:has-text('Copied')")
        assert page.locator(".by-hand").count() == 0
    page.focus(".search input")
    page.keyboard.press("Control+v")
    assert page.input_value(".search input") == page.url


def test_a_lost_server_is_told_with_a_button_and_the_state_comes_back_at_the_next_one(chromium, tmp_path):
    first = Server(tmp_path)
    context = chromium.new_context()
    visitor = Visitor(context.new_page(), first)
    visitor.step()
    visitor.page.evaluate("document.querySelector('.one').__vue__.number = 77")  # as if what came since were lost
    visitor.step()
    visitor.page.wait_for_function("location.hash.endsWith('round=2')")
    first.stop()
    visitor.page.wait_for_selector(".lost button:focus")  # by keys alone
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector(".lost:has-text('There is no answer yet')")
    second = Server(tmp_path, port=first.url.rpartition(":")[2])
    visitor.page.click(".lost button")
    visitor.page.wait_for_selector(".lost:has-text('open the address it has printed')")
    visitor.page.goto(second.entry)
    visitor.wait_round(2)
    context.close()
    assert second.stop() == (0, "")
