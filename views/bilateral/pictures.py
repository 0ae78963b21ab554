"""The pictures of a bilateral market's run and of a comparison."""

from functools import partial

from views.bilateral.violation_rounds import relative_history
from views.plots import PLOTS

SHARES = {"buyers' share": "buyers' share of the gains", "distance to tau": "distance to tau, share of the gains"}
EFFORT = {"rounds": "rounds of negotiation", "messages": "numbers sent"}


def run_pictures(result):
    """The pictures of one BilateralResult. What a run has no data for has no picture.

    The contracts are those of the period that trades most.
    """
    made, several = {}, len(result.outcomes) > 1
    if result.outcomes:
        number = _period_shown(result)
        outcome = result.outcomes[number]
        title = result.scenario.title + (f", period {number}" if several else "")
        numbers = (outcome.period.buyer, outcome.period.seller) if several else None
        made["contracts"] = partial(PLOTS["contract graph"], outcome, title, numbers)
        made["payoffs"] = partial(PLOTS["payoff split"], result)
    if result.rounds and len(result.prices) and len(result.prices[0]) and not several:
        made["prices_by_round"] = partial(PLOTS["price rounds"], result)
    if result.rounds:
        name = result.scenario.table["negotiation"]["rule"]
        history = relative_history(result)
        history = history.drop(columns="spread") if name == "corner" else history  # there it is the core's width
        tolerance = None if name == "corner" else result.game.rule.tolerance
        made["violation_by_round"] = partial(
            PLOTS["violation rounds"], {name: history}, tolerance, result.scenario.title
        )
    if several:
        made["periods"] = partial(PLOTS["trading day"], result)
    return made


def _period_shown(result):
    return max(range(len(result.outcomes)), key=lambda k: result.outcomes[k].traded)


def comparison_pictures(comparison):
    """The pictures of a Comparison of bilateral markets: gains, who gets them, what the negotiation takes."""
    made = {
        "welfare": partial(PLOTS["bars"], comparison, "welfare"),
        "saved": partial(PLOTS["bars"], comparison, "saved against the grid"),
        "shares": partial(
            PLOTS["measure panels"], comparison, SHARES, limits={"buyers' share": (0, 1), "distance to tau": (0, None)}
        ),
        "effort": partial(PLOTS["measure panels"], comparison, EFFORT, log=True),
    }
    return made
