"""How pictures of several designs look: colours of designs, by the market they come from."""

from views.style import BLACK, DESIGNS, PALE, TEAL, VERMILLION

FAIR = {"0": "welfare", "1": "proportional", "inf": "maxmin"}  # alpha of aggregators: what other pictures call it
COLOURS = {"direct": DESIGNS["direct"], "tariff": DESIGNS["alone"], "bilateral": TEAL, "microgrid": VERMILLION}
OTHER_ALPHA = PALE
WORDS = {
    "direct": "direct participation",
    "tariff": "tariff alone",
    "bilateral": "bilateral contracts",
    "planner": "planner's optimum",
}


FAINT = "the tariff alone, nobody trades with anybody"  # what designs are held against
KEPT = "\u00a0=\u00a0"  # in one piece
SHORT = {"tariff": "tariff alone", "bilateral": "contracts"}


def design_colour(name):
    """The colour of a design, the same in all pictures; of several scenarios' designs, "scenario: design"."""
    market, _, which = name.rpartition(": ")[2].partition(" ")
    if market == "aggregators":
        return DESIGNS[FAIR[which]] if which in FAIR else OTHER_ALPHA
    return COLOURS.get(market, BLACK)


def spoken(name):
    """A design as a picture calls it.

    >>> spoken("aggregators inf"), spoken("microgrid none")
    ('aggregators, α = ∞', 'microgrid, no private trade')
    """
    market, _, which = name.partition(" ")
    if market == "aggregators":
        return f"aggregators, α = {'∞' if which == 'inf' else which}"
    if market == "microgrid":
        return f"microgrid, {'no private trade' if which == 'none' else which.replace('ad-hoc', 'ad hoc')}"
    return WORDS.get(name, name)


def short(name):
    """A design where there is little room.

    >>> short("aggregators inf"), short("microgrid none"), short("bilateral")
    ('aggregators α\xa0=\xa0∞', 'idle lines', 'contracts')
    """
    market, _, which = name.partition(" ")
    if market == "microgrid":
        return f"{'idle' if which == 'none' else which.replace('ad-hoc', 'ad hoc')} lines"
    return spoken(name).replace(",", "").replace(" = ", KEPT) if market == "aggregators" else SHORT.get(name, name)
