"""Five markets to begin with, each with the sentence that its run ends with."""

from typing import NamedTuple


class Story(NamedTuple):
    """What it is called, the shipped scenario, and what a run of it comes to; a test plays them all."""

    title: str
    scenario: str
    sentence: str


STORIES = (
    Story(
        "A large user moves in",
        "large_two_welfare",
        "The large user costs small users 2.62 % of their surplus; two welfare aggregators give 74.9 % of it back.",
    ),
    Story(
        "Behind a full line",
        "data_centre_five_bus",
        "The data centre costs small users 0.748 % of their surplus (homes 4: 1.43 %); one line is full (4-5).",
    ),
    Story(
        "A day in a street",
        "street_day",
        "Batteries and cars bring all users 8.41 % more surplus against the same days with all of it idle.",
    ),
    Story(
        "Private trade that hurts",
        "private_trade_hurts",
        "Self-interested trade over one private line raises losses by 5,150 %; two nodes gain, none loses.",
    ),
    Story(
        "Neighbours sign contracts",
        "p2p_single",
        "20 contracts gain 6.768 money beside the grid alone, all there is to gain; buyers get 49.9 % of it.",
    ),
)
