"""The registry: which markets there are, and what each offers the loading of its files.

To add a market, write a folder of its name on each floor and its line in MARKETS. The floors above say what they ask of
it in engine/results/__init__.py and views/markets.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from agents.market_model import MarketModel
    from scenarios.drawn import Drawn
    from scenarios.reading.errors import Place
    from scenarios.reading.rules import Rules
    from scenarios.reading.schema import Key
    from scenarios.scenario import Scenario


class Modules(NamedTuple):
    """Names of the modules in which each floor finds what a market offers it; imported when first asked for."""

    keys: str
    draw: str
    results: str
    words: str
    pictures: str
    page: str


def in_house(name: str) -> Modules:
    """A market with a folder of its own on each floor of this project."""
    views = (f"views.{name}.{what}" for what in ("words", "pictures", "page"))
    return Modules(f"scenarios.{name}.keys", f"scenarios.{name}.draw", f"engine.results.{name}", *views)


MARKETS = {name: in_house(name) for name in ("aggregator", "network", "days", "microgrid", "bilateral", "designs")}
TOLD_BY = {("aggregator", "periods"): "days", ("aggregator", "network"): "network"}  # (market, key in it): what it is


def named() -> list[str]:
    """The markets that files name."""
    return [name for name in MARKETS if name not in TOLD_BY.values()]


def market_of(table: dict) -> object:
    """The market of a file's table: the one it names, unless a key in it tells another."""
    said = table.get("market")
    return next((told for (name, key), told in TOLD_BY.items() if name == said and key in table), said)


class Keys(Protocol):
    """What a market's files may say.

    SCENARIO: the class of its scenarios; KEYS: its keys beside those of every market, with Rules in place of choices
    among registered rules; ROUNDS: its usual limit of rounds.
    """

    @property
    def SCENARIO(self) -> type[Scenario]: ...

    @property
    def KEYS(self) -> Sequence[Key | Rules]: ...

    @property
    def ROUNDS(self) -> int: ...

    def read(self, raw: dict, keys: tuple[Key, ...], place: Place) -> dict:
        """The checked table of a file, defaults filled in; raises ScenarioError."""


Mine = TypeVar("Mine", bound="Scenario", contravariant=True)  # a market's own scenarios


class Draw(Protocol[Mine]):
    """What becomes of a market's scenario."""

    def draw(self, scenario: Mine, replication: int, place: Place) -> Drawn:
        """The market's game of one replication; raises ScenarioError."""

    def model(
        self, scenario: Mine, replication: int, place: Place, drawn: Drawn | None = None, **options: object
    ) -> MarketModel:
        """The Mesa model of one replication, or of what was drawn before."""


def keys_offered(market: str) -> Keys:
    """What a market's files may say."""
    return cast(Keys, offered(market, "keys"))


def draw_offered(market: str) -> Draw[Any]:
    """What becomes of a market's scenario."""
    return cast(Draw[Any], offered(market, "draw"))


def offered(market: str, what: str) -> ModuleType:
    """The module in which a market offers something, by the name of the field of Modules."""
    return import_module(getattr(MARKETS[market], what))
