"""The pictures of a run or a comparison: the market's own, and registered plots that ask to be drawn beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.results.result import Result
from engine.store import add_pictures
from market.errors import Refused
from views.aggregator.alpha_games import alpha_games
from views.aggregator.alpha_words import game_title
from views.drawing import draw_all, draw_to, in_units, printing, tried
from views.markets import pictures_of
from views.people_pictures import compared_classes
from views.plots import PLOTS
from views.plots.asked import asks_for
from views.tables import comparison_latex

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from engine.choosing import Chosen
    from engine.comparing import Comparison


MOST_PANELS = 5


class UnknownPicture(Refused):
    """No such picture; its text is one line."""


def plots(shown: Result | Comparison) -> dict[str, Callable[[], Figure]]:
    """{name: what draws it} of the pictures of a Result or a Comparison."""
    return run_plots(shown) if isinstance(shown, Result) else comparison_plots(shown)


def run_plots(result: Result) -> dict[str, Callable[[], Figure]]:
    """{name: what draws it} of the pictures of one Result."""
    market = result.scenario.market
    return pictures_of(market).run_pictures(result) | _besides("run", market, result)


def comparison_plots(comparison: Comparison) -> dict[str, Callable[[], Figure]]:
    """{name: what draws it} of the pictures of a Comparison; what differs from its first scenario is always drawn."""
    market = comparison.market
    paired = {"differences": partial(_paired, comparison)} if len(comparison.names) > 1 else {}
    made = paired | pictures_of(market).comparison_pictures(comparison)
    return made | _besides("comparison", market, comparison) | compared_classes(comparison)


def picture(shown: Result | Comparison, name: str) -> Figure:
    """One picture of a Result or a Comparison, as a notebook shows it. Raises UnknownPicture where there is none."""
    known = plots(shown)
    if name not in known:
        raise UnknownPicture(f"picture: got {name!r}; one of {', '.join(known)} is needed")
    if (figure := known[name]()) is None:
        raise UnknownPicture(f"picture: {name!r} has nothing to show here")
    return in_units(figure, _in_units(shown))


def pictures(shown: Result | Comparison, folder: Path) -> Iterable[Path]:
    """Write the pictures of a Result or a Comparison into a folder; returns their paths."""
    with printing(unit=_in_units(shown)):
        return draw_all(plots(shown), Path(folder))


def for_print(shown: Result | Comparison, folder: Path) -> None:
    """Write what goes into a paper into a folder: the pictures, and the table of a Comparison as LaTeX."""
    pictures(shown, folder)
    if not isinstance(shown, Result):
        (folder / "table.tex").write_text(comparison_latex(shown), encoding="utf-8")


def add_to(folder: Path, shown: Result | Comparison) -> list[str]:
    """Add pictures, and a Comparison's table for print, to a stored folder; returns a line for each that failed."""
    return tried(lambda: add_pictures(folder, partial(for_print, shown)))


def add_alphas(folder: Path, chosen: Chosen) -> list[str]:
    """Add the heat maps of a game of two aggregators to its stored folder; returns a line for each that failed."""
    game = chosen.game
    if len(game.names) > 2:
        return []
    games = {game_title(chosen.scenario.name, game): game}
    return tried(lambda: add_pictures(folder, lambda place: draw_to(place / "alpha.png", alpha_games, games)))


def _in_units(shown):
    """What says a text in the units of a Result's scenario, or of all of a Comparison."""
    return shown.scenario.in_units if isinstance(shown, Result) else shown.in_units


def _paired(comparison):
    """The market's main measures, as many as fit on a page, as differences paired by replication."""
    measures = comparison.headline[:MOST_PANELS]
    said = {name: name if (unit := comparison.units[name]) == "1" else f"{name} ({unit})" for name in measures}
    return PLOTS["differences"](comparison, said)


def _besides(what, market, shown):
    """The pictures of registered plots that ask to be drawn beside a market's own."""
    made = {name: partial(plot, shown) for name, plot in PLOTS.items() if asks_for(plot, what, market)}
    return {name.replace(" ", "_"): plot for name, plot in made.items()}
