"""Who acts: Mesa agents and models, thin over the market layer."""

from agents.aggregator_model import AggregatorModel
from agents.bilateral_model import BilateralModel
from agents.bilateral_players import Buyer, Platform, Seller
from agents.designs_model import DesignsModel
from agents.joining_model import JoiningModel
from agents.joining_players import Member, Registrar
from agents.market_operator import MarketOperator
from agents.microgrid_model import MicrogridModel
from agents.microgrid_players import GridOperator, MicrogridNode, Owners, PrivateLine, PublicLine
from agents.players import Aggregator, Crowd, LargeUser, SmallUser

__all__ = [
    "Aggregator",
    "AggregatorModel",
    "BilateralModel",
    "Buyer",
    "Crowd",
    "DesignsModel",
    "GridOperator",
    "JoiningModel",
    "LargeUser",
    "MarketOperator",
    "Member",
    "MicrogridModel",
    "MicrogridNode",
    "Owners",
    "Platform",
    "PrivateLine",
    "PublicLine",
    "Registrar",
    "Seller",
    "SmallUser",
]
