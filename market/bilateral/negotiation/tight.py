"""The tight operator: the exact projection onto what an agent can accept, its own contract included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from market.arrays import Array
from market.bilateral.bargain import Bargain
from market.bilateral.negotiation.consensus import Consensus, Known, both_sides
from market.bilateral.negotiation.hinge import hinge_root


@dataclass(frozen=True)
class Tight(Consensus):
    """Consensus in which each agent projects onto {own contracts' values met, no blocking pair with it, claims ≥ 0}.

    (docs/bilateral/model.md, Negotiation: who tells whom what)
    The set of agent k with partners L: x_k + x_l = a_kl for l in L, x_k + x_q ≥ a_kq for all others, x_k, x_l ≥ 0;
    x_k = 0 with capacity left. Found by a sorted search in one dimension, without a solver. relaxation: how far a
    proposal moves beside the projection.
    """

    def operator(
        self, bargain: Bargain, proposals: Array, number: int, tools: list[Callable[[Array], Array]] | None
    ) -> Array:
        projected = both_sides(bargain, proposals, tight)
        return proposals + self.relaxation * (projected - proposals)

    def answer(self, known: Known, average: Array, number: int, tool: Callable[[Array], Array] | None = None) -> Array:
        return average + self.relaxation * (known.corrected(average, tight) - average)


def tight(own: Array, others: Array, side: Bargain | Known) -> tuple[Array, Array]:
    """Projections of own claims (r,) and proposals for the other side (r, q); side: the bargain with agents as rows.

    With t = x_k the rest follows: x_l = a_kl − t for partners, x_q = max(y_q, a_kq − t) for others, and t balances
    (1 + |L|) t = y_k + Σ_L (a_kl − y_l) + Σ_q max(0, a_kq − y_q − t). A pair at its cap has ≤ in place of ≥.
    """
    kind = np.ones(others.shape)
    firm = ~side.capped
    kind[side.buyer[firm], side.seller[firm]] = 0.0
    kind[side.buyer[side.capped], side.seller[side.capped]] = -1.0
    knot = side.value - others
    base = own + np.sum(np.where(kind < 1, knot, 0.0), axis=1)
    t = hinge_root(1.0 + np.sum(kind < 1, axis=1), base, kind, knot)
    most = np.min(np.where(kind < 1, side.value, np.inf), axis=1, initial=np.inf)
    t = np.where(side.buyer_idle, 0.0, np.clip(t, 0.0, most))
    least = side.value - t[:, None]
    return t, np.where(kind == 0, least, np.where(kind > 0, np.maximum(others, least), np.minimum(others, least)))
