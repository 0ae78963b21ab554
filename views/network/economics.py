"""What economists expect of a market on a network: who has what, how even, what one player faces; once it has ended."""

from engine.results.network import welfare
from engine.results.others import BEFORE
from views.aggregator.economics import as_panels, of_users, short, who_has
from views.kit.live import ANSWERING


def panels(run):
    """How even the users' surplus is and who gains and loses; at the run's end who has what.

    That takes a planner, who is asked for the summary of the run's end in any case.
    """
    return as_panels([_split(run) if ANSWERING in run.memory else None, *of_users(run, False)])


def _split(run):
    """Who has the welfare there could be, in the run, under a planner, and without the large users."""
    before = [one for one in run.beside or () if one.name == BEFORE and one.result.cleared]
    others = {short(one.name): welfare(one.result.game, one.result.outcome) for one in before}
    return who_has(welfare(run.model.game, run.model.outcome), others)
