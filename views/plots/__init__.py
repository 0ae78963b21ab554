"""Plots, one a file: arrays, a Result or a Comparison in, a matplotlib Figure out; to add one, add its line here."""

from views.plots.bars import bars
from views.plots.convergence import convergence
from views.plots.densities import densities
from views.plots.feasible_set import feasible_set
from views.plots.frontier import frontier
from views.plots.losses_by_behaviour import losses_by_behaviour
from views.plots.network_map import network_map
from views.plots.node_payments import node_payments
from views.plots.payoff import payoff
from views.plots.periods import periods
from views.plots.purchases import purchases
from views.plots.replies import replies
from views.plots.scatter import scatter
from views.plots.series import series
from views.plots.user_bands import user_bands

PLOTS = {
    "bars": bars,
    "convergence": convergence,
    "densities": densities,
    "feasible set": feasible_set,
    "frontier": frontier,
    "losses by behaviour": losses_by_behaviour,
    "network map": network_map,
    "node payments": node_payments,
    "payoff": payoff,
    "periods": periods,
    "purchases": purchases,
    "replies": replies,
    "scatter": scatter,
    "series": series,
    "user bands": user_bands,
}
