"""Negotiation rules; to add one, write a file with a `Negotiation` subclass and add its line here."""

from market.bilateral.ledger import Knowledge
from market.bilateral.negotiation.benchmark import Benchmark
from market.bilateral.negotiation.bilateral import Bilateral
from market.bilateral.negotiation.corner import Corner
from market.bilateral.negotiation.half_space import HalfSpace
from market.bilateral.negotiation.negotiation import ADVICE, Negotiation, State, negotiate
from market.bilateral.negotiation.network import GRAPHS, MessageNetwork
from market.bilateral.negotiation.tight import Tight

RULES = {"bilateral": Bilateral, "tight": Tight, "half-space": HalfSpace, "corner": Corner, "benchmark": Benchmark}

__all__ = [
    "ADVICE",
    "GRAPHS",
    "RULES",
    "Benchmark",
    "Bilateral",
    "Corner",
    "HalfSpace",
    "Knowledge",
    "MessageNetwork",
    "Negotiation",
    "State",
    "Tight",
    "negotiate",
]
