"""The pictures of a bilateral market's run and of a comparison, as PNG files in a folder."""

from functools import partial
from pathlib import Path

from views.bilateral.contract_graph import contract_graph
from views.bilateral.payoff_split import payoff_split
from views.bilateral.price_rounds import price_rounds
from views.bilateral.trading_day import trading_day
from views.bilateral.violation_rounds import relative_history, violation_rounds
from views.drawing import draw_all
from views.plots import bars, measure_panels

SHARES = {"buyers' share": "buyers' share of the gains", "distance to tau": "distance to tau, share of the gains"}
EFFORT = {"rounds": "rounds of negotiation", "messages": "numbers sent"}


def run_pictures(result, folder):
    """Write the pictures of one BilateralResult; returns their paths. What a run has no data for has no picture.

    The contracts are those of the period that trades most.
    """
    folder, made, several = Path(folder), {}, len(result.outcomes) > 1
    if result.outcomes:
        number = _period_shown(result)
        outcome = result.outcomes[number]
        title = result.scenario.title + (f", period {number}" if several else "")
        numbers = (outcome.period.buyer, outcome.period.seller) if several else None
        made["contracts"] = partial(contract_graph, outcome, title, numbers)
        made["payoffs"] = partial(payoff_split, result)
    if result.rounds and len(result.prices) and len(result.prices[0]) and not several:
        made["prices_by_round"] = partial(price_rounds, result)
    if result.rounds:
        name = result.scenario.table["negotiation"]["rule"]
        history = relative_history(result)
        history = history.drop(columns="spread") if name == "corner" else history  # there it is the core's width
        tolerance = None if name == "corner" else result.game.rule.tolerance
        made["violation_by_round"] = partial(violation_rounds, {name: history}, tolerance, result.scenario.title)
    if several:
        made["periods"] = partial(trading_day, result)
    return draw_all(made, folder)


def _period_shown(result):
    return max(range(len(result.outcomes)), key=lambda k: result.outcomes[k].contracts["quantity"].sum())


def comparison_pictures(comparison, folder):
    """Write the pictures of a Comparison of bilateral markets: gains, who gets them, what the negotiation takes."""
    folder = Path(folder)
    made = {
        "welfare": partial(bars, comparison, "welfare"),
        "saved": partial(bars, comparison, "saved against the grid"),
        "shares": partial(
            measure_panels, comparison, SHARES, limits={"buyers' share": (0, 1), "distance to tau": (0, None)}
        ),
        "effort": partial(measure_panels, comparison, EFFORT, log=True),
    }
    return draw_all(made, folder)
