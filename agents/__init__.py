"""Who acts: Mesa agents and models, thin over the market layer."""

from market.on_demand import later, names_of

later("mesa.experimental")  # Mesa imports these two with all they need, and nothing here is of them
later("mesa.batchrunner", "batch_run")

PLACES = {  # each is imported when first asked for
    "Aggregator": "agents.aggregator.players",
    "AggregatorModel": "agents.aggregator.model",
    "BilateralModel": "agents.bilateral.model",
    "Buyer": "agents.bilateral.players",
    "Crowd": "agents.aggregator.players",
    "DayAggregator": "agents.days.players",
    "DayOperator": "agents.days.players",
    "DayPlan": "agents.days.players",
    "DayPlayer": "agents.days.players",
    "DaysModel": "agents.days.model",
    "DesignsModel": "agents.designs.model",
    "Generator": "agents.network.players",
    "GridLine": "agents.network.players",
    "GridNode": "agents.network.players",
    "GridOperator": "agents.microgrid.players",
    "Household": "agents.days.players",
    "JoiningModel": "agents.aggregator.joining_model",
    "LargeUser": "agents.aggregator.players",
    "MarketOperator": "agents.aggregator.market_operator",
    "Member": "agents.aggregator.joining_players",
    "MicrogridModel": "agents.microgrid.model",
    "MicrogridNode": "agents.microgrid.players",
    "NetworkModel": "agents.network.model",
    "NetworkOperator": "agents.network.players",
    "Owner": "agents.microgrid.owners",
    "Owners": "agents.microgrid.players",
    "Platform": "agents.bilateral.players",
    "Player": "agents.seats",
    "PrivateLine": "agents.microgrid.players",
    "Producer": "agents.network.players",
    "PublicLine": "agents.microgrid.players",
    "Registrar": "agents.aggregator.joining_players",
    "SeatError": "agents.seats",
    "Seller": "agents.bilateral.players",
    "SmallUser": "agents.aggregator.players",
}
__all__ = list(PLACES)
__getattr__, __dir__ = names_of(PLACES)
