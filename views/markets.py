"""What the views ask of each market: its words, its pictures, its page in the browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from scenarios.markets import offered

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agents.market_model import MarketModel
    from engine.comparing import Comparison
    from engine.results.result import Result
    from scenarios.scenario import Scenario
    from views.kit.frames import Frame
    from views.kit.live import Run


class Words(Protocol):
    """A market's runs and comparisons in words."""

    def round_line(self, model: MarketModel) -> str | None:
        """One line about the round just played, None where there is nothing to say."""

    def summary_text(self, summary: dict) -> str:
        """A run's summary, as `Result.summary` gives it."""

    def sentence(self, summary: dict, others: dict) -> str:
        """What a run comes to against others, {name: summary} of those of `Results.against` that were played."""

    def comparison_notes(self, comparison: Comparison) -> str:
        """What a comparison says beyond its table of means, or ""."""


class Pictures(Protocol):
    """A market's pictures: {name of its file: what draws it}."""

    def run_pictures(self, result: Result) -> dict[str, Callable[[], Figure]]:
        """The pictures of a run."""

    def comparison_pictures(self, comparison: Comparison) -> dict[str, Callable[[], Figure]]:
        """The pictures of a comparison."""


class Page(Protocol):
    """A market's page in the browser.

    TITLE; ABOUT: one sentence; START: name of the scenario shown first; MAIN: paths of the parameters shown on top, "*"
    for any number; TRACKS: measures a comparison draws by round; FOLLOWS: can one agent be looked at?
    """

    @property
    def TITLE(self) -> str: ...

    @property
    def ABOUT(self) -> str: ...

    @property
    def START(self) -> str: ...

    @property
    def MAIN(self) -> Sequence[str]: ...

    @property
    def TRACKS(self) -> Sequence[str]: ...

    @property
    def FOLLOWS(self) -> bool: ...

    def too_large(self, scenario: Scenario) -> str:
        """Why a scenario is too large for a server that others use too, or ""."""

    def variants(self, scenario: Scenario) -> dict[str, list]:
        """{label: changes [(path, value)…]} that a comparison offers."""

    def frame(self, run: Run, before: dict) -> Frame:
        """A run after its last round; before: the tiles' values {label: value} of the run before a change."""


def words_of(market: str) -> Words:
    """A market's words."""
    return cast(Words, offered(market, "words"))


def pictures_of(market: str) -> Pictures:
    """A market's pictures."""
    return cast(Pictures, offered(market, "pictures"))


def page_of(market: str) -> Page:
    """A market's page."""
    return cast(Page, offered(market, "page"))
