"""Plots, one a file: arrays, a Result or a Comparison in, a matplotlib Figure out; to add one, add its line here."""

from views.plots.bars import bars
from views.plots.contract_graph import contract_graph
from views.plots.convergence import convergence
from views.plots.densities import densities
from views.plots.design_panels import design_panels
from views.plots.feasible_set import feasible_set
from views.plots.frontier import frontier
from views.plots.losses_by_behaviour import losses_by_behaviour
from views.plots.measure_panels import measure_panels
from views.plots.members import members
from views.plots.network_map import network_map
from views.plots.node_payments import node_payments
from views.plots.payoff import payoff
from views.plots.payoff_split import payoff_split
from views.plots.periods import periods
from views.plots.price_rounds import price_rounds
from views.plots.purchases import purchases
from views.plots.replies import replies
from views.plots.scatter import scatter
from views.plots.series import series
from views.plots.sweep_heat import sweep_heat
from views.plots.sweep_lines import sweep_lines
from views.plots.trading_day import trading_day
from views.plots.user_bands import user_bands
from views.plots.violation_rounds import violation_rounds

PLOTS = {
    "bars": bars,
    "contract graph": contract_graph,
    "convergence": convergence,
    "densities": densities,
    "design panels": design_panels,
    "feasible set": feasible_set,
    "frontier": frontier,
    "losses by behaviour": losses_by_behaviour,
    "measure panels": measure_panels,
    "members": members,
    "network map": network_map,
    "node payments": node_payments,
    "payoff": payoff,
    "payoff split": payoff_split,
    "periods": periods,
    "price rounds": price_rounds,
    "purchases": purchases,
    "replies": replies,
    "scatter": scatter,
    "series": series,
    "sweep heat": sweep_heat,
    "sweep lines": sweep_lines,
    "trading day": trading_day,
    "user bands": user_bands,
    "violation rounds": violation_rounds,
}
