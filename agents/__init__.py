"""Who acts: Mesa agents and models, thin over the market layer."""

from agents.aggregator_model import AggregatorModel
from agents.market_operator import MarketOperator
from agents.players import Aggregator, Crowd, LargeUser, SmallUser

__all__ = ["Aggregator", "AggregatorModel", "Crowd", "LargeUser", "MarketOperator", "SmallUser"]
