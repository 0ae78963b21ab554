"""No private trade: the yardstick."""

from dataclasses import dataclass

import numpy as np

from market.microgrid.behaviours.behaviour import Behaviour
from market.microgrid.dispatch import served_publicly


@dataclass(frozen=True)
class NoTrade(Behaviour):
    """Private lines stay idle, the public grid serves everybody."""

    def priced(self, network, grid, tariff):
        return served_publicly(network, grid, tariff, np.zeros(len(network.private)), lossy=False, gap=0.0)

    def lossy(self, network, grid, tariff):
        return served_publicly(network, grid, tariff, np.zeros(len(network.private)), lossy=True, gap=0.0)
