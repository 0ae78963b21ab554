"""Plots, one a file: arrays, a Result or a Comparison in, a matplotlib Figure out; to add one, add its line here."""

from views.aggregator.convergence import convergence
from views.aggregator.gaps import gaps
from views.aggregator.members import members
from views.aggregator.purchase_bands import purchase_bands
from views.aggregator.purchases import purchases
from views.aggregator.regrets import regrets
from views.aggregator.states import states
from views.aggregator.user_bands import user_bands
from views.aggregator.who_pays import who_pays
from views.bilateral.contract_graph import contract_graph
from views.bilateral.payoff_split import payoff_split
from views.bilateral.price_rounds import price_rounds
from views.bilateral.trading_day import trading_day
from views.bilateral.violation_rounds import violation_rounds
from views.days.day import day
from views.days.flexibility import flexibility
from views.days.levels import levels
from views.days.one_home import one_home
from views.days.price_duration import price_duration
from views.designs.design_panels import design_panels
from views.microgrid.losses_by_behaviour import losses_by_behaviour
from views.microgrid.network_map import network_map
from views.microgrid.node_payments import node_payments
from views.microgrid.periods import periods
from views.network.congestion import congestion
from views.network.price_map import price_map
from views.network.residual_curve import residual_curve
from views.network.surplus_at_nodes import surplus_at_nodes
from views.plots.bars import bars
from views.plots.densities import densities
from views.plots.differences import differences
from views.plots.feasible_set import feasible_set
from views.plots.frontier import frontier
from views.plots.measure_panels import measure_panels
from views.plots.payoff import payoff
from views.plots.replies import replies
from views.plots.scatter import scatter
from views.plots.series import series
from views.plots.sweep_heat import sweep_heat
from views.plots.sweep_lines import sweep_lines
from views.plots.user_classes import user_classes

PLOTS = {
    "bars": bars,
    "congestion": congestion,
    "contract graph": contract_graph,
    "convergence": convergence,
    "day": day,
    "densities": densities,
    "design panels": design_panels,
    "differences": differences,
    "feasible set": feasible_set,
    "flexibility": flexibility,
    "frontier": frontier,
    "gaps": gaps,
    "levels": levels,
    "losses by behaviour": losses_by_behaviour,
    "measure panels": measure_panels,
    "members": members,
    "network map": network_map,
    "node payments": node_payments,
    "one home": one_home,
    "payoff": payoff,
    "payoff split": payoff_split,
    "periods": periods,
    "price duration": price_duration,
    "price map": price_map,
    "price rounds": price_rounds,
    "purchase bands": purchase_bands,
    "purchases": purchases,
    "regrets": regrets,
    "replies": replies,
    "residual curve": residual_curve,
    "scatter": scatter,
    "series": series,
    "states": states,
    "surplus at nodes": surplus_at_nodes,
    "sweep heat": sweep_heat,
    "sweep lines": sweep_lines,
    "trading day": trading_day,
    "user bands": user_bands,
    "user classes": user_classes,
    "violation rounds": violation_rounds,
    "who pays": who_pays,
}
