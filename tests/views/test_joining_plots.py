"""Pictures of who joins whom hold what the run says: members, surplus, who is where, rings of coalitions."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from engine import run
from views.aggregator.members import members
from views.microgrid.look import COALITIONS
from views.microgrid.network_map import network_map
from views.pictures import pictures
from views.style import group_colours


@pytest.fixture(scope="module")
def result():
    return run("joining_proportional", set=["group.0.users=15", "group.1.users=15"])


def test_members_by_round_and_who_is_where(result):
    top, middle, bottom = members(result).axes
    names = [offer.name for offer in result.joined.joining.offers]
    lines = {line.get_label(): line for line in top.get_lines()}
    assert list(lines) == names
    for number, name in enumerate(names):
        np.testing.assert_array_equal(lines[name].get_ydata(), result.history[f"members {name}"])
        assert to_rgba(lines[name].get_color()) == to_rgba(group_colours(names)[name])
        np.testing.assert_allclose(middle.get_lines()[number].get_ydata(), result.history[f"surplus {name}"])
    worths = np.concatenate([dots.get_xdata() for dots in bottom.get_lines() if dots.get_marker() == "o"])
    np.testing.assert_array_equal(np.sort(worths), np.sort(result.joined.joining.utility.reservation))
    assert "nobody gains by a move" in top.get_title(loc="left")


def test_a_cycle_is_in_the_title():
    assert "come back every 2 rounds" in members(run("two_users_chase")).axes[0].get_title(loc="left")


def test_an_aggregator_that_nobody_is_with_has_an_empty_row():
    changes = ["joining.direct=true", "group.0.fairness={ alpha = 2 }", 'joining.foresight="terms"']
    alone = run("two_users_chase", set=changes, rounds=3)
    assert len(members(alone).axes[2].get_yticks()) == 3


def test_coalitions_have_rings_on_the_map(tmp_path):
    joined = run("eight_nodes_joining")
    groups = joined.coalitions
    assert [group for group in groups if len(group) > 1] == [[1, 2, 3], [4, 5]]
    figure = network_map(joined.outcome.network, joined.outcome.dispatch, "", groups)
    rings = [ring for ring in figure.axes[0].collections if ring.get_label() == "coalition"]
    assert [len(ring.get_offsets()) for ring in rings] == [3, 2]
    assert [tuple(ring.get_edgecolors()[0]) for ring in rings] == [to_rgba(colour) for colour in COALITIONS[:2]]
    assert "coalition 1, 2, 3" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert [path.name for path in pictures(joined, tmp_path)] == ["network_map.png"]
    assert run("who_joins_whom").coalitions == ()
