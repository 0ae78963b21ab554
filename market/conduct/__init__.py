"""Conducts: how players decide in rounds; to add one, write a file with a `Conduct` subclass and add its line here."""

from market.conduct.bandit import Bandit
from market.conduct.best_response import BestResponse
from market.conduct.conduct import Conduct, Faced, Start
from market.conduct.dice import Dice
from market.conduct.fictitious_play import FictitiousPlay
from market.conduct.gradient import Gradient
from market.conduct.hedge import Hedge
from market.conduct.inertial import Inertial
from market.conduct.q_learning import QLearning
from market.conduct.zero_intelligence import ZeroIntelligence

CONDUCTS = {
    "best-response": BestResponse,
    "fictitious-play": FictitiousPlay,
    "gradient": Gradient,
    "inertial": Inertial,
    "hedge": Hedge,
    "bandit": Bandit,
    "q-learning": QLearning,
    "zero-intelligence": ZeroIntelligence,
}
USUAL = "best-response"

__all__ = [
    "CONDUCTS",
    "USUAL",
    "Bandit",
    "BestResponse",
    "Conduct",
    "Dice",
    "Faced",
    "FictitiousPlay",
    "Gradient",
    "Hedge",
    "Inertial",
    "QLearning",
    "Start",
    "ZeroIntelligence",
]
