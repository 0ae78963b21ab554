"""What is printed says a scenario's own names of units, and nothing else of its words."""

import pytest

from scenarios import load
from views.drawing import in_units
from views.style import new_figure

CALLED = ['units.money="£"', 'units.energy="GWh"']
SAID = {
    "12 energy": "12 GWh",
    "– money/energy": "– £/GWh",
    "5 millionths money, 1 billionth money, 3 million energy": "5 millionths £, 1 billionth £, 3 million GWh",
    "price (money/energy)": "price (£/GWh)",
    "[money/energy²]": "[£/GWh²]",
    "money/energy^(1+k)": "£/GWh^(1+k)",
    "energy, 3 of 4 periods": "GWh, 3 of 4 periods",
    "gains in money)": "gains in £)",
    "What users pay, money:": "What users pay, £:",
    "energy (kWh)": "energy (kWh)",
    "buyers value energy below its price": "buyers value energy below its price",
    "a  b\nenergy firm  3  energy coop  money-lenders": "a  b\nenergy firm  3  energy coop  money-lenders",
}


@pytest.mark.parametrize(("text", "said"), SAID.items())
def test_a_word_is_a_unit_where_units_stand(text, said):
    assert load("two_aggregators", set=CALLED).in_units(text) == said
    assert load("two_aggregators").in_units(text) == text


def test_two_dollars_in_one_label_are_no_formula():
    figure, axes = new_figure()
    axes.set_title("surplus (money) and price (money/energy)")
    in_units(figure, load("two_aggregators", set=['units.money="$"']).in_units)
    figure.draw_without_rendering()
    assert not axes.title.get_parse_math() and axes.get_title() == "surplus ($) and price ($/energy)"
