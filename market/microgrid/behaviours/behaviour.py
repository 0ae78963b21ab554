"""What every behaviour offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, runtime_checkable

from market.arrays import Array
from market.grid.power_flow import Grid
from market.microgrid.dispatch import LOSSES, Dispatch
from market.microgrid.network import Network
from market.microgrid.tariff import Tariff


@runtime_checkable
class LineByLine(Protocol):
    """A behaviour that trades line by line, as in ad_hoc.py; what it keeps in between is its own."""

    def start(self, network: Network) -> Any:
        """Trading before the first trade."""

    def advance(
        self,
        trading: Any,
        network: Network,
        tariff: Tariff,
        lossy: bool,
        trades: int | None = None,
        most: Array | None = None,
    ) -> Any:
        """Trading after the next so many trades, or after all; most: what owners let flow, p.u., (lines,)."""

    def so_far(
        self, trading: Any, network: Network, grid: Grid, tariff: Tariff, lossy: bool, most: Array | None = None
    ) -> Dispatch:
        """The outcome of the trades made so far."""


class Behaviour(ABC):
    """How private lines are used, with losses priced (L1) or lossy flows (L2).

    Arguments: a Network, its Grid (built once for the public lines), a Tariff. Both ways return a Dispatch, with status
    infeasible and the nodes named where some node cannot be served. A
    behaviour that trades line by line is a LineByLine too. Lines that owners withhold are left out of the network
    beforehand; only who trades line by line is told what owners let flow.
    """

    @property
    def optimal(self) -> bool:
        """Does the gap prove an optimum?"""
        return True

    @abstractmethod
    def priced(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        """The outcome with losses bought at the main grid (L1) (docs/microgrid/model.md, Nodes and lines)."""

    @abstractmethod
    def lossy(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        """The outcome with half of a loss supplied at each end (L2) (docs/microgrid/model.md, Nodes and lines)."""

    def dispatch(self, network: Network, grid: Grid, tariff: Tariff, losses: str = "priced") -> Dispatch:
        """The outcome with losses "priced" or "lossy"."""
        if losses not in LOSSES:
            raise ValueError(f"losses={losses!r} is not one of {', '.join(LOSSES)}")
        return self.priced(network, grid, tariff) if losses == "priced" else self.lossy(network, grid, tariff)
