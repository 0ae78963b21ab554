"""The market game in which the main grid is a player too: its core is empty, so it is none in the product."""

from __future__ import annotations

import numpy as np

from market.arrays import Array
from market.grid.power_flow import Grid
from market.microgrid.behaviours.cooperative import Cooperative
from market.microgrid.behaviours.none import NoTrade
from market.microgrid.behaviours.self_interested import private_market
from market.microgrid.coalitions import all_coalitions, private_flows, private_game, restricted
from market.microgrid.dispatch import put_in
from market.microgrid.network import Network
from market.microgrid.tariff import Tariff
from market.outcome import Status


def game_with_grid(network: Network, grid: Grid, tariff: Tariff) -> Array:
    """Values where the main grid is a player too, money, shape (2ⁿ⁺¹,), its bit the highest.

    A coalition with the grid cooperates on its lines and serves the others, a self-interested coalition, at the tariff.
    −∞ where it cannot serve them. Shows why the grid should not be a strategic player: the core is then empty
    (docs/microgrid/open-question.md, 3).
    """
    private = private_game(network, tariff)
    prices = private_market(network, tariff, lossy=True)[1]["private_prices"]
    together = np.full(len(private), -np.inf)
    for number, members in enumerate(all_coalitions(network)):
        outsiders = ~members & (np.arange(network.nodes) != network.slack)
        p = put_in(restricted(network, outsiders), private_flows(network, tariff, outsiders, prices), lossy=True)
        left = restricted(network, members).with_injection(np.where(outsiders, p, network.injection))
        rule = Cooperative() if len(left.private) else NoTrade()
        outcome = rule.lossy(left, grid, tariff)
        if outcome.status is Status.SOLVED:
            together[number] = -tariff.bill(outcome.flows.grid_supply) - private[len(private) - 1 - number]
    return np.concatenate([private, together])
