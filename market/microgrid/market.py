"""A microgrid market: a network through its periods, a behaviour, and what everybody pays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from market.arrays import Array, Integers
from market.grid.power_flow import Grid, build_grid
from market.microgrid.behaviours import Behaviour, NoTrade
from market.microgrid.behaviours.behaviour import LineByLine
from market.microgrid.dispatch import Dispatch, at_main_grid
from market.microgrid.network import Network
from market.microgrid.offers import offered, on_all_lines, on_offered_lines, paid_on_all_lines
from market.microgrid.payments import PAYMENTS, Payments, tariff_payments
from market.microgrid.stability import Stability, stability
from market.microgrid.tariff import Tariff
from market.outcome import CERTIFIED_GAP, Status, worst
from market.parameters import made

ADVICE = {
    Status.SETTLED: "All trades are made; the gap is what some or all could still save, as a share of the bill.",
    Status.SOLVED: "Solved directly; the gap is what some or all could still save, as a share of the bill.",
    Status.ROUND_LIMIT: "Trades were still to be made, or periods to come: raise rounds; or agents still went from one "
    "coalition to another: raise coalition.rounds.",
    Status.CYCLING: "All trades are made, but agents who each join whom they like come back to the same groups for "
    "ever; try coalition.inertia above 0, or coalition.order = 'random'.",
    Status.INFEASIBLE: "Some nodes cannot be served: no line reaches them, or their lines cannot deliver so much; add "
    "lines, lower the need, or take losses = 'priced'.",
    Status.INACCURATE: "The optimum is not proven, or no flows were found and none are proven not to exist: the "
    "programme stopped short of its precision; compare with losses = 'priced', or give lines more resistance than 0.",
}
NO_GAIN = 1e-9  # share of the largest payment below which nobody wins or loses


@dataclass(frozen=True, eq=False)
class ClearedPeriod:
    """One period: injections behind it, flows, who pays whom, and what the nodes would pay without private trade.

    status: solved, infeasible or inaccurate; payments: None where the rule has none for this dispatch; idle: payments
    to each node at the tariff if private lines lay idle, money, shape (n,), idle_loss: the loss then, in p.u.; both
    None where that could not serve everybody; tariff: the period's; most: what owners let flow on each private line,
    p.u., shape (lines,), None: anything.
    """

    network: Network
    dispatch: Dispatch
    status: Status
    payments: Payments | None
    idle: Array | None
    idle_loss: float | None
    tariff: Tariff
    most: Array | None = None

    @property
    def offered(self) -> Network:
        """The network with the lines on offer alone: what payments, the gap and coalitions are of."""
        return offered(self.network, self.most)

    @property
    def withheld(self) -> Integers:
        """Numbers of the private lines that some owner does not let be used."""
        return np.zeros(0, dtype=np.intp) if self.most is None else np.flatnonzero(self.most <= 0)

    @property
    def gains(self) -> Array | None:
        """What private trade brings each node (its own generation costs the same), money, shape (n,), or None."""
        if self.payments is None or self.idle is None:
            return None
        return self.payments.agents - self.idle

    @property
    def idle_supply(self) -> float | None:
        """What the main grid would supply if private lines lay idle, p.u., or None."""
        return None if self.idle_loss is None else self.idle_loss - float(np.sum(self.network.injection))


@dataclass(frozen=True, eq=False)
class Microgrid:
    """Who trades how on which network.

    network: with the first period's injections; profile: injections by period, shape (periods, n); tariff: one, or one
    a period; losses "priced" or
    "lossy"; physics "x" or "r"; payments: a name in PAYMENTS; coalition, belief: form and belief of `stability`;
    joining: a function that returns the options of `join`, its generator always fresh; payment_keys: parameters of the
    payment rule.
    """

    network: Network
    profile: Array
    behaviour: Behaviour
    tariff: Tariff | tuple[Tariff, ...]
    losses: str = "priced"
    physics: str = "x"
    payments: str = "lmp"
    coalition: str = "market"
    belief: str = "gamma"
    joining: Callable[[], dict[str, Any]] = dict
    payment_keys: dict[str, Any] = field(default_factory=dict)

    @property
    def periods(self) -> int:
        """How many periods there are."""
        return len(self.profile)

    @property
    def lossy(self) -> bool:
        """Are flows lossy (L2)?"""
        return self.losses == "lossy"

    @cached_property
    def grid(self) -> Grid:
        """The public grid, built once for all periods."""
        return build_grid(self.network, self.physics)

    def at(self, period: int) -> Network:
        """The network in one period."""
        return self.network.with_injection(self.profile[period])

    def tariff_at(self, period: int) -> Tariff:
        """The Tariff of one period."""
        return self.tariff if isinstance(self.tariff, Tariff) else self.tariff[period]

    def dispatch(self, network: Network, period: int = 0, most: Array | None = None) -> Dispatch:
        """What the behaviour leads to on a network, at a period's tariff, on the lines on offer.

        most: what owners let flow on each private line, p.u., shape (lines,), None: anything. Only behaviours that
        trade line by line keep to an amount; to the others a line is on offer or not.
        """
        rule, tariff = self.behaviour, self.tariff_at(period)
        if most is None or not isinstance(rule, LineByLine):
            found = rule.dispatch(offered(network, most), self.grid, tariff, self.losses)
            return on_all_lines(found, most)
        traded = rule.advance(rule.start(network), network, tariff, self.lossy, most=most)
        return rule.so_far(traded, network, self.grid, tariff, self.lossy, most)

    def clear(
        self,
        network: Network,
        dispatch: Dispatch,
        before: ClearedPeriod | None = None,
        period: int = 0,
        most: Array | None = None,
    ) -> ClearedPeriod:
        """The period's outcome: its payments, and those without private trade; before: an earlier one, if there is.

        What the main grid's own node has or needs is the main grid's: it changes its supply and what it has left.
        most: what owners let flow, as in `dispatch`; payments are those of the network of lines on offer.
        """
        tariff = self.tariff_at(period)
        if before is not None and before.network is network:
            idle = before.idle, before.idle_loss
        else:
            idle = self.idle(network, period)
        rule, on_offer = made(PAYMENTS[self.payments], self.payment_keys), on_offered_lines(dispatch, most)
        paid = paid_on_all_lines(rule(offered(network, most), self.grid, tariff, on_offer), most)
        whole = at_main_grid(network, dispatch)
        if paid is not None:
            paid = paid.with_bill(tariff.bill(whole.flows.grid_supply) - tariff.bill(dispatch.flows.grid_supply))
        return ClearedPeriod(network, whole, self._status(dispatch), paid, *idle, tariff, most)

    def _status(self, dispatch):
        """The dispatch's own, but what claims to be an optimum and is not shown to be one is inaccurate."""
        off = not dispatch.accurate or (self.behaviour.optimal and (dispatch.gap or 0.0) > CERTIFIED_GAP)
        return Status.INACCURATE if off and dispatch.status == Status.SOLVED else dispatch.status

    def idle(self, network: Network, period: int = 0) -> tuple[Array | None, float | None]:
        """Payments at the tariff, money, shape (n,), and loss, if private lines lie idle; None where infeasible."""
        tariff = self.tariff_at(period)
        dispatch = NoTrade().dispatch(network, self.grid, tariff, self.losses)
        paid = tariff_payments(network, self.grid, tariff, dispatch)
        return None if paid is None else paid.agents, dispatch.loss

    def ending(self, outcomes: Sequence[ClearedPeriod], certify: bool = True, fine: Status = Status.SETTLED) -> Status:
        """How all periods ended together; where agents join each other it is `fine` only if that settles."""
        status = worst((outcome.status for outcome in outcomes), fine)
        if status != fine or not certify or self.coalition != "joining":
            return status
        joined = self.stability(outcomes[0]).joined
        return fine if joined is None or joined.status == Status.SETTLED else joined.status

    def stability(self, outcome: ClearedPeriod, core: bool = True) -> Stability:
        """Would anybody rather leave, in one period, with the lines on offer? core: is the core looked for?"""
        dispatch = outcome.dispatch
        prices = dispatch.prices if self.payments == "lmp" else dispatch.private_prices
        game = (outcome.offered, self.grid, outcome.tariff, outcome.payments, prices)
        return stability(*game, self.coalition, self.belief, core, self.joining())


def winners_and_losers(gains: Array, payments: Array) -> tuple[Integers, Integers]:
    """Nodes that private trade makes better off, and worse off, ascending; both arguments money, shape (n,).

    payments: to the nodes (docs/microgrid/model.md, Prices and payments).
    """
    size = NO_GAIN * max(float(np.max(np.abs(each), initial=0.0)) for each in (gains, payments))
    return np.flatnonzero(gains > size), np.flatnonzero(gains < -size)
