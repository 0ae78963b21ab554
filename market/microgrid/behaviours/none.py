"""No private trade: the yardstick."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.grid.power_flow import Grid
from market.microgrid.behaviours.behaviour import Behaviour
from market.microgrid.dispatch import Dispatch, served_publicly
from market.microgrid.network import Network
from market.microgrid.tariff import Tariff


@dataclass(frozen=True)
class NoTrade(Behaviour):
    """Private lines stay idle, the public grid serves everybody."""

    def priced(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        return served_publicly(network, grid, tariff, np.zeros(len(network.private)), lossy=False, gap=0.0)

    def lossy(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        return served_publicly(network, grid, tariff, np.zeros(len(network.private)), lossy=True, gap=0.0)
