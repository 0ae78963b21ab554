"""What every negotiation rule offers: a start, rounds, and what can be read after each round."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from market.arrays import Array, Integers
from market.bilateral.bargain import Bargain
from market.bilateral.core import NoStablePrices, fair_point, is_stable, violation
from market.bilateral.ledger import Knowledge
from market.bilateral.market import MarketError
from market.bilateral.negotiation.network import MessageNetwork
from market.outcome import Status
from market.parameters import parameter

ADVICE = {
    Status.RUNNING: "The negotiation has not ended; go on with the next round.",
    Status.SETTLED: "The claims agree within the tolerance; the gap is what some pair still gains by leaving at the "
    "prices signed, as a share of a contract.",
    Status.ROUND_LIMIT: "Some pair still gains by leaving; raise rounds or tolerance, set relaxation between 1 and 2, "
    "or take rule = 'corner', which ends after as many rounds as there are contracts.",
    Status.NO_EQUILIBRIUM: "The contracts are not those of an optimal matching, so no prices keep every pair content "
    "and no number of rounds will help; take matching = 'optimal', or a smaller step in the auction.",
}


@dataclass(frozen=True, eq=False)
class State:
    """A negotiation after a round.

    u (m,), v (n,): claims, in the bargain's units; violation: distance from the core and spread: distance between what
    agents hold of the same number, both in units of claims; messages: scalars sent so far; met: pairs of a buyer and a
    seller that changed claims outside their contracts in this round, shape (meetings, 2); plan, memory: the rule's own.
    """

    bargain: Bargain
    u: Array
    v: Array
    violation: float
    spread: float
    status: Status
    round: int = 0
    messages: int = 0
    met: Integers = field(default_factory=lambda: np.empty((0, 2), dtype=np.intp))
    plan: Any = field(default=None, repr=False)
    memory: Any = field(default=None, repr=False)

    @property
    def gap(self) -> float:
        """Violation beside the mean contract's value; without contracts beside the most a pair could gain."""
        beside = self.bargain.mean_contract if len(self.bargain) else float(np.max(self.bargain.value, initial=0.0))
        return self.violation / beside if beside > 0 else 0.0

    @property
    def prices(self) -> Array:
        """Half-way between bid and ask of each contract, money per kWh, shape (k,)."""
        return self.bargain.prices(self.u, self.v)

    @property
    def advice(self) -> str:
        """One sentence on what the status means and what a user can do."""
        return ADVICE[self.status]


def whole(bargain: Bargain) -> tuple[Array, Array]:
    """Both partners claim the whole contract: claims (m,), (n,), in the bargain's units, as of all STARTS."""
    u, v = np.zeros(len(bargain.buyer_idle)), np.zeros(len(bargain.seller_idle))
    np.maximum.at(u, bargain.buyer, bargain.contract_value)
    np.maximum.at(v, bargain.seller, bargain.contract_value)
    return u, v


def buyers_all(bargain: Bargain) -> tuple[Array, Array]:
    """Buyers claim the whole contract, sellers nothing."""
    u, v = whole(bargain)
    return u, np.zeros_like(v)


def sellers_all(bargain: Bargain) -> tuple[Array, Array]:
    """Sellers claim the whole contract, buyers nothing."""
    u, v = whole(bargain)
    return np.zeros_like(u), v


def tau_start(bargain: Bargain) -> tuple[Array, Array]:
    """The tau value, known beforehand; the whole contract where no prices are stable."""
    try:
        return fair_point(bargain, "tau")
    except NoStablePrices:
        return whole(bargain)


MEETINGS = ("worst", "cyclic")
STARTS = {"whole": whole, "buyer": buyers_all, "seller": sellers_all, "tau": tau_start}


@dataclass(frozen=True)
class Negotiation(ABC):
    """A rule by which agents reach stable contracts, one call of `round` after another.

    tolerance: settled at a violation of no more than this share of the mean contract's value; relaxation: how far a
    claim moves beside what would just close the gap, in (0, 2); network: who hears whom; begin: first claims, one of
    STARTS. single: is the rule for one contract an agent, so that several are cut into blocks for it? most_agents: how
    many it can work with. Raises MarketError.
    """

    tolerance: float = parameter(
        default=1e-3, unit="share", range="(0, 1)", meaning="settled at this share of the mean contract's value"
    )
    relaxation: float = parameter(
        default=1.0, range="(0, 2)", meaning="how far a claim moves beside what closes the gap"
    )
    network: MessageNetwork = field(default_factory=MessageNetwork)
    begin: str = parameter(default="whole", key="start", type="choice", range=tuple(STARTS), meaning="first claims")

    single: ClassVar[bool] = False
    most_agents: ClassVar[int | None] = None

    def __post_init__(self):
        if not self.tolerance > 0:
            raise MarketError(f"tolerance(={self.tolerance:g}) must be > 0")
        if not 0 < self.relaxation < 2:
            raise MarketError(f"relaxation(={self.relaxation:g}) must be in (0, 2)")
        if self.begin not in STARTS:
            raise MarketError(f"start={self.begin!r} is not one of {', '.join(STARTS)}")

    @property
    @abstractmethod
    def ledger(self) -> tuple[Knowledge, ...]:
        """Who learns which numbers while negotiating."""

    @abstractmethod
    def start(
        self, bargain: Bargain, rng: np.random.Generator | None = None, claims: tuple[Array, Array] | None = None
    ) -> State:
        """The state before the first round; claims: (u, v) remembered from before, NaN where nothing is."""

    @abstractmethod
    def round(self, state: State, rng: np.random.Generator | None = None) -> State:
        """The state after one more round; rng: a numpy Generator, needed where links or losses are random."""

    def resume(self, state: State, bargain: Bargain, rng: np.random.Generator | None = None) -> State:
        """Go on with other contracts, after some agents left: claims are kept, rounds and messages count on."""
        again = self.start(bargain, rng, (state.u, state.v))
        return replace(again, round=state.round, messages=state.messages)

    def first_claims(self, bargain: Bargain, claims: tuple[Array, Array] | None) -> tuple[Array, Array]:
        """Claims to start from: remembered ones, cut to what the contracts are worth now, else those of `begin`."""
        most, (u, v) = whole(bargain), STARTS[self.begin](bargain) if len(bargain) else whole(bargain)
        if claims is None:
            return u, v
        old = [np.asarray(each, dtype=float) for each in claims]
        for name, each, fresh in zip(("buyers", "sellers"), old, (u, v), strict=True):
            if each.shape != fresh.shape:
                raise MarketError(f"claims of {name}: shape {each.shape} must be {fresh.shape}")
        first_u, first_v = (
            np.where(np.isnan(each), fresh, np.clip(each, 0.0, top))
            for each, fresh, top in zip(old, (u, v), most, strict=True)
        )
        return first_u, first_v

    def goal(self, bargain: Bargain) -> float:
        """The violation up to which the bargain counts as settled, in units of claims."""
        return self.tolerance * bargain.mean_contract

    def first_status(self, bargain: Bargain) -> Status:
        """RUNNING, or NO_EQUILIBRIUM where no prices at all would do."""
        return Status.RUNNING if is_stable(bargain, self.goal(bargain)) else Status.NO_EQUILIBRIUM

    def status(self, state: State, violation: float, spread: float) -> Status:
        """How a negotiation stands after a round with this violation and spread."""
        if state.status is Status.NO_EQUILIBRIUM:
            return state.status
        return Status.SETTLED if max(violation, spread) <= self.goal(state.bargain) else Status.RUNNING


def opening(
    rule: Negotiation, bargain: Bargain, u: Array, v: Array, plan: Any, memory: Any = None, spread: float | None = None
) -> State:
    """The state before the first round, with claims u, v."""
    return State(
        bargain=bargain,
        u=u,
        v=v,
        violation=violation(bargain, u, v),
        spread=float(np.max(np.abs(claimed_over(bargain, u, v)), initial=0.0)) if spread is None else spread,
        status=rule.first_status(bargain),
        plan=plan,
        memory=memory,
    )


def claimed_over(bargain: Bargain, u: Array, v: Array) -> Array:
    """How much both partners claim above each contract's value, u_i + v_j − a_ij, shape (k,)."""
    return u[bargain.buyer] + v[bargain.seller] - bargain.contract_value


def negotiate(
    rule: Negotiation,
    bargain: Bargain,
    rng: np.random.Generator | None = None,
    claims: tuple[Array, Array] | None = None,
    rounds: int = 10_000,
) -> State:
    """Rounds until the negotiation settles, cannot settle, or is out of rounds; the last state."""
    state = rule.start(bargain, rng, claims)
    while state.status is Status.RUNNING:
        if state.round >= rounds:
            return replace(state, status=Status.ROUND_LIMIT)
        state = rule.round(state, rng)
    return state
