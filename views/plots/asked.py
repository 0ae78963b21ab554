"""Plots that ask to be drawn beside a market's own pictures."""

from __future__ import annotations

from collections.abc import Callable


def drawn_of(what: str, *markets: str) -> Callable[[Callable], Callable]:
    """Mark a plot that takes a whole result: drawn of every "run", or "comparison", of these markets, of all if none.

    >>> @drawn_of("run", "aggregator")
    ... def mine(result): ...
    >>> asks_for(mine, "run", "aggregator"), asks_for(mine, "run", "microgrid"), asks_for(drawn_of, "run", "aggregator")
    (True, False, False)
    """

    def mark(plot):
        plot.drawn_of = what, markets
        return plot

    return mark


def asks_for(plot: Callable, what: str, market: str) -> bool:
    """Does a plot ask to be drawn of a run, or a comparison, of this market?"""
    asked, markets = getattr(plot, "drawn_of", ("", ()))
    return asked == what and (not markets or market in markets)
