"""Colours mean the same thing everywhere, are told apart, and stand out from what is behind them."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb

import views.browser
from engine import run
from papers.p2p.negotiation import SOLVER_COLOURS, TIMED
from papers.p2p.pictures import COLOURS
from scenarios import load
from tests.shipped import names_of, scenarios
from views.aggregator.headline import COMPARED
from views.designs.look import design_colour
from views.kit.charts import FADED, inks
from views.pictures import plots
from views.style import (
    BLACK,
    DESIGNS,
    GREY,
    KNOWN_GROUPS,
    LANES,
    MEANT,
    ON_DARK,
    PALE,
    PALETTE,
    group_colours,
    joined_labels,
    scenario_colours,
)


def group_names(name):
    return [group.name for group in load(name).groups]


GROUPED = names_of("aggregator")
STYLE = Path(views.browser.__file__).with_name("style.css").read_text(encoding="utf-8")
THEMES = [dict(re.findall(r"--(\w+): ([^;]+);", line)) for line in STYLE.splitlines()[:2]]  # light, dark
BLIND = {  # what each kind of colour-blind eye makes of linear red, green, blue: Machado, Oliveira, Fernandes (2009)
    "nobody": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
CONES = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
CONES += [[0.0883024619, 0.2817188376, 0.6299787005]]  # of Oklab: Ottosson (2020), as the next
LAB = [[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099]]
LAB += [[0.0259040371, 0.7827717662, -0.808675766]]


def linear(colour):
    """Light of a colour, as WCAG 2.2 defines it for relative luminance."""
    part = np.array(to_rgb(colour))
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def contrast(colour, ground):
    """WCAG's contrast of two colours, from 1 to 21; a colour as CSS writes it, see-through ones too."""
    if colour.startswith("rgba"):
        *colour, share = (float(part) for part in re.findall(r"[0-9.]+", colour))
        colour = share * np.array(colour) / 255 + (1 - share) * np.array(to_rgb(ground))
    one, other = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) + 0.05 for each in (colour, ground))
    return other / one


def seen(colour, kind):
    """A colour in Oklab, as that kind of eye sees it."""
    return np.array(LAB) @ np.cbrt(np.clip(np.array(CONES) @ np.array(BLIND[kind]) @ linear(colour), 0, None))


def nearest(shades, kind):
    """How far the two nearest of some colours are apart for that kind of eye."""
    return min(np.linalg.norm(seen(a, kind) - seen(b, kind)) for a, b in itertools.combinations(shades, 2))


@pytest.mark.parametrize("dark", [False, True])
def test_lines_and_words_stand_out_in_both_themes(dark):
    theme = THEMES[dark]
    assert {"ground", "card", "soft", "accent", "changed", "text"} <= theme.keys()
    for colour in (*PALETTE, GREY):
        shade = ON_DARK[colour] if dark else colour
        assert contrast(shade, theme["card"]) >= 4.5, colour
        faded = FADED * np.array(to_rgb(shade)) + (1 - FADED) * np.array(to_rgb(theme["card"]))
        assert contrast(to_hex(faded), theme["card"]) >= 3, colour
    assert contrast(PALE, theme["card"]) >= 3
    for word, ground in itertools.product(("soft", "accent", "changed", "text"), ("card", "ground")):
        assert contrast(theme[word], theme[ground]) >= 4.5, (word, ground)
    for chip in re.findall(r"\.chip[^{]*\{[^}]*background: (#\w+)", STYLE):
        assert contrast("#ffffff", chip) >= 4.5
    line = inks().splitlines()[dark]
    assert re.findall(r"--ink-\d: (#\w+);", line) == list(ON_DARK.values() if dark else ON_DARK)
    assert line.startswith(".theme--dark" if dark else ":root")


@pytest.mark.parametrize("kind", BLIND)
def test_lines_of_one_picture_of_times_are_told_apart(kind):
    shades = [*SOLVER_COLOURS.values(), *(COLOURS[rule] for rule in TIMED)]
    assert len(shades) == 9 and min(contrast(shade, "#ffffff") for shade in shades) >= 4.5
    assert nearest(shades, kind) >= (0.12 if kind == "nobody" else 0.06)


@pytest.mark.parametrize("kind", BLIND)
@pytest.mark.parametrize("dark", [False, True])
def test_colours_are_told_apart_by_the_colour_blind(kind, dark):
    shades = [*(ON_DARK.values() if dark else ON_DARK), "#ffffff" if dark else BLACK]
    assert nearest(shades, kind) >= (0.12 if kind == "nobody" else 0.06)  # Okabe and Ito's, and grey: 0.13, 0.033


NUMBERED = {"p2p_multi": "contracts", "eight_nodes_cooperative": "network_map", "data_centre_five_bus": "price_map"}


@pytest.mark.parametrize(("name", "picture"), NUMBERED.items())
def test_numbers_on_discs_stand_out(name, picture):
    axes = plots(run(name, rounds=20))[picture]().axes[0]
    discs = [one for one in axes.collections if isinstance(one, PathCollection)]
    shades = {
        tuple(np.round(at, 6)): to_hex(one.get_facecolors()[k % len(one.get_facecolors())])
        for one in discs
        for k, at in enumerate(np.asarray(one.get_offsets()))
    }
    told = [(text, shades.get(tuple(np.round(text.get_position(), 6)))) for text in axes.texts]
    found = {text.get_text(): contrast(to_hex(text.get_color()), shade) for text, shade in told if shade}
    assert len(found) >= 5 and min(found.values()) >= 4.5, found


def test_a_word_has_one_colour_as_a_group_a_scenario_and_a_design():
    shared = KNOWN_GROUPS.keys() & MEANT.keys() - {"alone"}  # a group of those who join nobody is no market without one
    assert shared and {name: KNOWN_GROUPS[name] for name in shared} == {name: MEANT[name] for name in shared}
    for alpha, word in (("0", "welfare"), ("1", "proportional"), ("inf", "max-min")):
        said = f"all alpha = {alpha} ({word})"
        assert design_colour(f"aggregators {alpha}") == scenario_colours([said])[said] == MEANT[word]
        assert group_colours([word])[word] == MEANT[word]
    assert design_colour("direct") == DESIGNS["direct"] == scenario_colours(["large_direct"])["large_direct"]
    assert design_colour("aggregators 0.5") not in PALETTE


def test_a_scenario_without_a_meaning_has_no_colour_that_most_groups_have():
    groups = {name for one in scenarios() for name in (row["name"] for row in one.table.get("group", ()))}
    known = [colour for name, colour in KNOWN_GROUPS.items() if name in groups]
    assert LANES[:2] == (BLACK, GREY) and not {BLACK, GREY} & {*known, *PALETTE}
    lanes = scenario_colours(["mine", "yours", "all alpha = 0 (welfare)", "theirs"])
    assert len(set(lanes.values())) == 4 and lanes["all alpha = 0 (welfare)"] == DESIGNS["welfare"]
    assert {lanes[name] for name in ("mine", "yours", "theirs")} <= {*LANES}


@pytest.mark.parametrize("name", ["two_users_chase", "two_nodes_wide", "storage_duopoly"])
def test_pictures_of_a_run_give_groups_the_page_s_colours(name):
    result = run(name, rounds=4)
    wanted = group_colours([row["name"] for row in result.scenario.table["group"]])
    seen_of = {}
    for draw in plots(result).values():
        figure = draw()
        for line in (line for axes in figure.axes for line in axes.lines):
            group = re.sub(r" \d+$", "", str(line.get_label()))
            if group in wanted:
                seen_of.setdefault(group, set()).add(to_hex(line.get_color()).upper())
    assert seen_of == {group: {colour} for group, colour in wanted.items()}


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
    colours = scenario_colours(headline)
    assert len(set(colours.values())) == len(headline)
    assert scenario_colours(headline[1:3]) == {name: colours[name] for name in headline[1:3]}


def test_more_groups_than_colours_still_get_one_each():
    many = [f"group {k}" for k in range(30)]
    assert set(group_colours(many)) == set(many)


def test_labels_of_near_points_are_joined():
    joined = joined_labels(["α = 0", "α = 1", "α = 2"], [0.0, 0.001, 1.0], [0.0, 0.0, 1.0])
    assert [label for label, _, _ in joined] == ["α = 0 to 1", "α = 2"]
