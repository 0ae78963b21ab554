"""Corner negotiation: each side in turn asks for no more than it must, exactly and in finitely many rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from market.arrays import Array, Mask, Numbers
from market.bilateral.bargain import Bargain
from market.bilateral.core import FAIR, PROGRAMME_MISS, counter_offers, fair_point, rounding, violation
from market.bilateral.ledger import Knowledge
from market.bilateral.market import MarketError
from market.bilateral.negotiation.negotiation import Negotiation, State, opening
from market.outcome import Status


@dataclass(frozen=True)
class Corner(Negotiation):
    """Claims rise from nothing to the best counter-offer, once for each side; contracts settle between the two corners.

    (docs/bilateral/model.md, Negotiation: who tells whom what)
    A round, for the buyers' corner: every seller tells its partner its ask; every buyer that is worse off than before
    tells each other seller the price at which it would rather trade with it; sellers raise their asks to the best such
    offer (Bellman and Ford's longest paths, so lost or late messages only delay). For the sellers' corner likewise with
    the roles exchanged. Where every message arrives it ends after at most as many rounds as there are contracts, and
    one to notice. Remembered claims do not help: corners are found from nothing.
    fair: where contracts settle, one of FAIR; "equal-split" needs someone who knows all values.
    """

    begin: str = "whole"  # no key of files: corners are found from nothing
    fair: str = "tau"

    def __post_init__(self):
        super().__post_init__()
        if self.fair not in FAIR:
            raise MarketError(f"fair={self.fair!r} is not one of {', '.join(FAIR)}")

    @property
    def ledger(self) -> tuple[Knowledge, ...]:
        told = (
            Knowledge("seller", "its partner", "its ask, a price", "when it rises"),
            Knowledge("buyer", "every other seller that hears it", "a counter-offer, a price", "when it is worse off"),
            Knowledge("buyer", "its partner", "its bid, a price", "when it falls"),
            Knowledge("seller", "every other buyer that hears it", "a counter-offer, a price", "when it is worse off"),
        )
        if self.fair != "equal-split":
            return told
        return (*told, Knowledge("everybody", "the platform", "values and costs of all pairs", "at the end"))

    def goal(self, bargain: Bargain) -> float:
        """Corners are exact: contracts that are only nearly the best ones have none, so claims would rise for ever."""
        return 0.0 if bargain.single else PROGRAMME_MISS * float(np.max(bargain.value))

    def start(
        self, bargain: Bargain, rng: np.random.Generator | None = None, claims: tuple[Array, Array] | None = None
    ) -> State:
        """The state before the first round; its memory: the sides' Asking, of the buyers' corner first."""
        if claims is not None:
            self.first_claims(bargain, claims)
        plan = self.network.plan_pairs(len(bargain.buyer_idle), len(bargain.seller_idle), rng)
        sides = asking(bargain), asking(bargain.mirrored)
        u, v = self._between(sides)
        spread = _width(sides)
        return opening(self, bargain, u, v, plan, sides, spread)

    def round(self, state: State, rng: np.random.Generator | None = None) -> State:
        parts = zip((state.bargain, state.bargain.mirrored), state.memory, self.heard(state, rng), strict=True)
        return self.after(state, tuple(raise_once(each, side, mask) for each, side, mask in parts))

    def heard(self, state: State, rng: np.random.Generator | None) -> list[Mask | None]:
        """Marks of the counter-offers that arrive in a round, for each corner: (m, n), (n, m), None for all."""
        bargain = state.bargain
        pairs = self.network.pairs(state.plan, state.round, rng)
        heard = []
        for values in (bargain.open_value, bargain.open_value.T):
            mask = pairs if pairs is None or values is bargain.open_value else pairs.T
            if self.network.drop:
                arrived = self.network.arrives(values.shape, rng)
                mask = arrived if mask is None else mask & arrived
            heard.append(mask)
        return heard

    def after(self, state: State, sides: tuple[Asking, ...]) -> State:
        """The state after a round that left both corners' Asking."""
        bargain = state.bargain
        told = sum(side.told for side in sides)
        u, v = self._between(sides)
        quiet = not any(side.rose for side in sides)
        worst = max(violation(bargain, *_claims(sides, corner)) for corner in ("buyer", "seller"))
        settled = quiet and worst <= 2 * rounding(bargain)
        if settled and self.fair == "equal-split" and state.status is Status.RUNNING:
            u, v = fair_point(bargain, self.fair)
        status = Status.SETTLED if settled and state.status is Status.RUNNING else state.status
        return replace(
            state,
            u=u,
            v=v,
            violation=violation(bargain, u, v),
            spread=_width(sides),
            status=status,
            round=state.round + 1,
            messages=state.messages + told,
            memory=sides,
        )

    def _between(self, sides):
        """Claims (u, v) at the fair point of the corners found so far."""
        if self.fair in ("buyer", "seller"):
            return _claims(sides, self.fair)
        return tuple(
            (one + other) / 2 for one, other in zip(_claims(sides, "buyer"), _claims(sides, "seller"), strict=True)
        )


@dataclass(frozen=True, eq=False)
class Asking:
    """One corner's negotiation so far: claims of who gives way (u) and of who raises (v), offers not yet heard.

    fell: marks of those who gave way and whose offer some seller has not heard, (m, n) or (m,) where all hear all.
    rose: did any claim rise in the last round? told: scalars sent in it.
    """

    u: Array
    v: Array
    fell: Mask
    rose: bool = True
    told: int = 0


def asking(bargain: Bargain) -> Asking:
    """A corner's negotiation before the first round: whoever raises claims nothing."""
    v = np.zeros(len(bargain.seller_idle))
    u = counter_offers(bargain, v)
    return Asking(u, v, np.ones(len(u), dtype=bool))


def raise_once(bargain: Bargain, side: Asking, heard: Mask | None) -> Asking:
    """The corner's negotiation after a round; heard: marks of the offers that arrive, shape (m, n), None for all."""
    best = best_offers(bargain, side, heard)
    risen = asked(side.v, best.offers, rounding(bargain), bargain.seller_idle)
    return asked_for(bargain, side, best, risen, counter_offers(bargain, risen))


@dataclass(frozen=True, eq=False)
class BestOffers:
    """What those who raise hear in a round: the best counter-offer to each (n,), as a claim, −∞ for none.

    told: scalars sent; waiting: offers sent that did not arrive, (m, n), None where all do.
    """

    offers: Array
    told: int
    waiting: Mask | None


def best_offers(bargain: Bargain, side: Asking, heard: Mask | None) -> BestOffers:
    """The BestOffers of a round, from those whose claims fell; heard: marks of those that arrive, None for all."""
    values, u = bargain.open_value, side.u
    if heard is None and side.fell.ndim == 1:
        rows = np.flatnonzero(side.fell)
        offers = (values[rows] - u[rows, None]).max(axis=0, initial=-np.inf)
        return BestOffers(offers, len(rows) * len(side.v), None)
    fell = side.fell if side.fell.ndim == 2 else np.repeat(side.fell[:, None], len(side.v), axis=1)
    heard = np.ones(values.shape, dtype=bool) if heard is None else heard
    offers = np.where(heard & fell, values - u[:, None], -np.inf).max(axis=0, initial=-np.inf)
    return BestOffers(offers, int(fell.sum()), fell & ~heard)


def asked(claim: Numbers, offer: Numbers, little: float, idle: Mask | bool) -> Array:
    """The best counter-offer where it is more than the claim by more than `little`, else the claim; shape of claim."""
    return np.where((offer > claim + little) & ~np.asarray(idle), offer, claim)


def asked_for(bargain: Bargain, side: Asking, best: BestOffers, risen: Array, left: Array) -> Asking:
    """The corner's negotiation after some raised their claims to `risen` (n,), which left the others `left` (m,)."""
    changed = risen != side.v
    fell = left < side.u
    if best.waiting is not None:
        fell = best.waiting | fell[:, None]
    return Asking(left, risen, fell, bool(changed.any()), best.told + int(changed[bargain.seller].sum()))


def _claims(sides, corner):
    """Claims (u, v) of a corner as found so far."""
    if corner == "buyer":
        return sides[0].u, sides[0].v
    return sides[1].v, sides[1].u


def _width(sides):
    """The largest distance between the two corners found so far."""
    one, other = (np.concatenate(_claims(sides, corner)) for corner in ("buyer", "seller"))
    return float(np.max(np.abs(one - other), initial=0.0))
