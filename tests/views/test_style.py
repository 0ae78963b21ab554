"""Colours mean the same thing everywhere."""

import pytest

from scenarios import load
from tests.shipped import names_of
from views.aggregator.headline import COMPARED
from views.style import PALETTE, design_colours, group_colours, joined_labels


def group_names(name):
    return [group.name for group in load(name).groups]


GROUPED = names_of("aggregator")


@pytest.mark.parametrize("name", GROUPED)
def test_groups_of_a_scenario_have_colours_of_their_own(name):
    groups = group_names(name)
    assert len(set(group_colours(groups).values())) == len(groups)


def test_a_group_has_one_colour_in_all_shipped_scenarios():
    seen = {}
    for name in GROUPED:
        for group, colour in group_colours(group_names(name)).items():
            assert seen.setdefault(group, colour) == colour


def test_a_group_of_any_name_keeps_its_colour_where_nothing_else_wants_it():
    assert group_colours(["smelter"]) == group_colours(["smelter"])
    assert group_colours(["smelter"])["smelter"] in PALETTE
    assert group_colours(["small", "smelter"])["small"] == group_colours(["small"])["small"]


def test_order_of_groups_does_not_matter_to_known_ones():
    assert group_colours(["large", "small"]) == group_colours(["small", "large"])


def test_designs_have_colours_of_their_own_and_keep_them():
    headline = list(COMPARED[:6])
    colours = design_colours(headline)
    assert len(set(colours.values())) == len(headline)
    assert design_colours(headline[1:3]) == {name: colours[name] for name in headline[1:3]}


def test_more_groups_than_colours_still_get_one_each():
    many = [f"group {k}" for k in range(30)]
    assert set(group_colours(many)) == set(many)


def test_labels_of_near_points_are_joined():
    joined = joined_labels(["α = 0", "α = 1", "α = 2"], [0.0, 0.001, 1.0], [0.0, 0.0, 1.0])
    assert [label for label, _, _ in joined] == ["α = 0 to 1", "α = 2"]
