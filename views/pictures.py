"""The pictures of a run or a comparison: the market's own, and registered plots that ask to be drawn beside them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.results.result import Result
from engine.store import add_pictures
from views.aggregator.alpha_games import alpha_games
from views.aggregator.alpha_words import game_title
from views.drawing import draw_all, draw_to, tried
from views.markets import pictures_of
from views.people_pictures import compared_classes_pictures
from views.plots import PLOTS
from views.plots.asked import asks_for

if TYPE_CHECKING:
    from engine.choosing import Chosen
    from engine.comparing import Comparison


def pictures(shown: Result | Comparison, folder: Path) -> Iterable[Path]:
    """Write the pictures of a Result or a Comparison; returns their paths."""
    return (run_pictures if isinstance(shown, Result) else comparison_pictures)(shown, folder)


def add_to(folder: Path, shown: Result | Comparison) -> list[str]:
    """Add the pictures of a Result or a Comparison to its stored folder; returns a line for each that failed."""
    return tried(lambda: add_pictures(folder, partial(pictures, shown)))


def add_alphas(folder: Path, chosen: Chosen) -> list[str]:
    """Add the heat maps of a game of two aggregators to its stored folder; returns a line for each that failed."""
    game = chosen.game
    if len(game.names) > 2:
        return []
    games = {game_title(chosen.scenario.name, game): game}
    return tried(lambda: add_pictures(folder, lambda place: draw_to(place / "alpha.png", alpha_games, games)))


def run_pictures(result: Result, folder: Path) -> Iterable[Path]:
    """Write the pictures of one Result; returns their paths."""
    market = result.scenario.market
    return [*pictures_of(market).run_pictures(result, folder), *_besides("run", market, result, folder)]


def comparison_pictures(comparison: Comparison, folder: Path) -> Iterable[Path]:
    """Write the pictures of a Comparison; returns their paths."""
    market = comparison.market
    besides = _besides("comparison", market, comparison, folder)
    classes = compared_classes_pictures(comparison, Path(folder))
    return [*pictures_of(market).comparison_pictures(comparison, folder), *besides, *classes]


def _besides(what, market, shown, folder):
    """Write the pictures of registered plots that ask to be drawn beside a market's own; returns their paths."""
    made = {name: partial(plot, shown) for name, plot in PLOTS.items() if asks_for(plot, what, market)}
    return draw_all({name.replace(" ", "_"): plot for name, plot in made.items()}, Path(folder))
