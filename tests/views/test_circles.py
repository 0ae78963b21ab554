"""Who would gain by moving alone, as the page draws and tells it, against markets solved afresh after each move."""

import re
from collections import Counter

import numpy as np
import pytest

from engine.results import economics
from market.aggregator.equilibrium import solve
from market.aggregator.joining import game_of
from scenarios import load
from views.aggregator import circles
from views.kit.charts import ink
from views.kit.live import ENDED, Run
from views.markets import page_of
from views.style import group_colours

FEW = [f"group.{k}.users=5" for k in range(3)]


@pytest.fixture(scope="module")
def unsettled():
    """A run of three aggregators that is cut off while many would still move, and the numbers of its end."""
    run = Run(load("joining_three", set=[*FEW, 'joining.order="together"'], rounds=2))
    run.start()
    while run.model.running:
        run.model.step()
    return run, run.result()


def drawn(run):
    """The panel of circles."""
    return next(p.html for p in page_of("aggregator").frame(run, {}).panels if p.name == "circles")


def gains_of(joining, membership):
    """What every user would gain by every move, each market made and solved from nothing, shape (movers, offers)."""

    def surplus(after):
        game, rows = game_of(joining, after)
        found = np.empty(game.users)
        found[rows] = solve(game, certify=False, prove=False).outcome.s
        return found

    now, gains = surplus(membership), np.zeros((joining.movers, len(joining.offers)))
    for user in range(joining.movers):
        for to in range(len(joining.offers)):
            after = membership.copy()
            after[user] = to
            gains[user, to] = surplus(after)[user] - now[user]
    return gains


def test_everybody_who_would_gain_alone_is_told_as_in_markets_solved_afresh(unsettled):
    run, result = unsettled
    state, least = run.model.state, run.model.moving.least_gain
    known = economics.leaving(state, least, result.joined.left)
    gains = gains_of(state.joining, state.membership)
    assert known.solved and known.users.tolist() == np.flatnonzero(gains.max(axis=1) > least).tolist()
    assert known.to.tolist() == gains.argmax(axis=1)[known.users].tolist() and len(known.users) > 2
    np.testing.assert_allclose(known.gain, gains.max(axis=1)[known.users], rtol=1e-5, atol=1e-7)
    assert result.joined.best.gain == pytest.approx(gains.max(), rel=1e-5)
    by_terms = economics.leaving(state, least)
    assert not by_terms.solved and len(set(by_terms.users) ^ set(known.users)) <= 2


def test_dots_and_words_are_of_the_same_users(unsettled):
    run, result = unsettled
    html, colours = drawn(run), group_colours([offer.name for offer in run.model.joining.offers])
    assert circles.BY_TERMS in html and circles.SOLVED not in html  # until the end's moves are known
    run.memory[ENDED] = result
    html, known = drawn(run), economics.leaving(run.model.state, 1e-6, result.joined.left)
    del run.memory[ENDED]
    assert f"{len(known.users)} of 15 users would gain by moving alone (ringed" in html and circles.SOLVED in html
    names = [offer.name for offer in run.model.joining.offers]
    ways = Counter(
        (names[run.model.state.membership[u]], names[to]) for u, to in zip(known.users, known.to, strict=True)
    )
    for (name, other), count in ways.items():
        assert f"{count} from {name} to {other}" in html
    dots = re.findall(r'class="goes" fill="(\S+)"[^>]*><title>user (\d+)<', html)
    assert {int(user): colour for colour, user in dots} == {
        user: ink(colours[names[to]]) for user, to in zip(known.users.tolist(), known.to.tolist(), strict=True)
    }
    assert html.count("h0") == 15 - len(known.users)


def test_of_very_many_users_some_are_drawn_and_all_are_counted():
    run = Run(load("joining_proportional", set=["group.0.users=3000", 'joining.foresight="terms"']))
    run.start()
    run.model.step()
    html, known = drawn(run), economics.leaving(run.model.state, run.model.moving.least_gain)
    assert len(known.users) > 100 and f"{len(known.users):,} of " in html and circles.BY_TERMS in html
    assert circles.MOST_RINGED / 2 < html.count("<title>user ") <= circles.MOST_RINGED
    assert circles.MOST_DOTS / 2 < html.count("h0") <= circles.MOST_DOTS and len(html) < 40_000


def test_where_nobody_would_move_that_is_said():
    run = Run(load("joining_proportional", set=["group.0.users=8", "group.1.users=8"]))
    run.start()
    while run.model.running:
        run.model.step()
    run.memory[ENDED] = run.result()
    assert run.memory[ENDED].joined.stable
    assert f"Nobody would gain by moving alone, {circles.SOLVED}." in drawn(run) and 'class="goes"' not in drawn(run)
