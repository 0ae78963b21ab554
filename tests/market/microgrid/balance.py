"""Does a dispatch balance? Counted anew from lines, injections and losses."""

import numpy as np

from market.microgrid.lossy_flow import half_losses


def balance_residual(network, dispatch):
    """Largest imbalance of any node, in p.u.: what it has, gets and sends, the slack with the main grid's supply.

    The dispatch is a behaviour's, without what the main grid's own node has.
    """
    left = network.injection - network.private_incidence @ dispatch.g - network.public_incidence @ dispatch.f
    if dispatch.lossy:
        left -= half_losses(network.private_incidence, network.private.r, dispatch.g)
        left -= half_losses(network.public_incidence, network.public.r, dispatch.f)
        left[network.slack] += dispatch.grid_supply
    else:
        left[network.slack] += dispatch.grid_supply - dispatch.loss
    return float(np.max(np.abs(left)))


def factors(grid):
    """Power transfer factors S, shape (lines, nodes): flows f = S p of injections p taken out at the reference."""
    return grid.weight[:, None] * (grid.incidence.T @ grid.inverse)
