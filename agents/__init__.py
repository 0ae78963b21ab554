"""Who acts: Mesa agents and models, thin over the market layer."""

from agents.aggregator.joining_model import JoiningModel
from agents.aggregator.joining_players import Member, Registrar
from agents.aggregator.market_operator import MarketOperator
from agents.aggregator.model import AggregatorModel
from agents.aggregator.players import Aggregator, Crowd, LargeUser, SmallUser
from agents.bilateral.model import BilateralModel
from agents.bilateral.players import Buyer, Platform, Seller
from agents.days.model import DaysModel
from agents.days.players import DayAggregator, DayOperator, DayPlan, DayPlayer, Household
from agents.designs.model import DesignsModel
from agents.microgrid.model import MicrogridModel
from agents.microgrid.owners import Owner
from agents.microgrid.players import GridOperator, MicrogridNode, Owners, PrivateLine, PublicLine
from agents.network.model import NetworkModel
from agents.network.players import Generator, GridLine, GridNode, NetworkOperator, Producer
from agents.seats import Player, SeatError

__all__ = [
    "Aggregator",
    "AggregatorModel",
    "BilateralModel",
    "Buyer",
    "Crowd",
    "DayAggregator",
    "DayOperator",
    "DayPlan",
    "DayPlayer",
    "DaysModel",
    "DesignsModel",
    "Generator",
    "GridLine",
    "GridNode",
    "GridOperator",
    "Household",
    "JoiningModel",
    "LargeUser",
    "MarketOperator",
    "Member",
    "MicrogridModel",
    "MicrogridNode",
    "NetworkModel",
    "NetworkOperator",
    "Owner",
    "Owners",
    "Platform",
    "Player",
    "PrivateLine",
    "Producer",
    "PublicLine",
    "Registrar",
    "SeatError",
    "Seller",
    "SmallUser",
]
