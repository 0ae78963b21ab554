"""A round cleared at least cost on a grid: nodal prices, flows, multipliers, rents (docs/network/model.md)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from market.arrays import Array
from market.grid.active_set import LIMITS_MISSED, Active, Answer, Load, Programme, System
from market.grid.nodal import NodalGrid
from market.grid.path import follow
from market.grid.pivots import merit_order, settle
from market.outcome import Status

RENT_ROUNDING = 1e-12  # of what nodes pay and get for what lines bring them: a rent below it is none
NO_ENERGY = 1e-9  # of the grid's unit of energy: spilled or shed below it is rounding
WITHDRAWN_ROUNDING = 1e-13  # of what a node takes and makes: less than that it takes from no line


@dataclass(frozen=True, eq=False)
class Cleared:
    """A cleared round: prices (nodes,), flows (lines,), their multipliers, what is generated, taken, shed.

    prices: what one more unit of demand costs, ∂C*/∂d; balances: λ, the multipliers of the nodes' balances, the same
    but where all of a node's load is shed, or all its output spilled, and λ is beyond the value of lost load: nobody
    pays more, or less, than that, shapes (nodes,);
    multipliers: ≥ 0 on a line full from tail to head, ≤ 0 on one full the other way, 0 elsewhere, money per unit of
    capacity, shape (lines,); generation (generators,); elastic: taken by elastic demand (demands,); shed, spilled
    (nodes,): load not served, output that no line carries away; cost: of generation, load lost and spilled, less the
    elastic demand's benefit, money; demand, injected: what players' purchases and sales and the fixed demand are,
    (nodes,); status: solved, short where load is shed, infeasible where output is spilled or limits cannot be met,
    inaccurate; why: in words where it is not solved.
    """

    grid: NodalGrid
    demand: Array
    injected: Array
    prices: Array
    balances: Array
    flows: Array
    multipliers: Array
    generation: Array
    elastic: Array
    shed: Array
    spilled: Array
    status: Status
    why: str = ""

    @property
    def buying(self) -> Array:
        """What a buyer at each node would pay for a unit more, (nodes,): λ, but no more than for lost load."""
        return np.minimum(self.balances, self.grid.value_of_lost_load)

    @property
    def selling(self) -> Array:
        """What a seller at each node would get for a unit more, (nodes,): λ, but no less than for a spilled one."""
        return np.maximum(self.balances, -self.grid.value_of_lost_load)

    @cached_property
    def generation_cost(self) -> float:
        """Σ cost q + rise q²/2 of generators, money."""
        q = self.generation
        return float(np.sum((self.grid.generators.cost + self.grid.rises * q / 2) * q))

    @cached_property
    def benefit(self) -> float:
        """Σ P0 d − (P0/Q0) d²/2 of elastic demand, money."""
        d, elastic = self.elastic, self.grid.elastic
        return float(np.sum(elastic.price * d * (1 - d / elastic.quantity / 2)))

    @cached_property
    def cost(self) -> float:
        """What the operator has made least: C*(demand), money."""
        lost = self.grid.value_of_lost_load * float(np.sum(self.shed) + np.sum(self.spilled))
        return self.generation_cost - self.benefit + lost

    @cached_property
    def rent(self) -> float:
        """Congestion rent Σ_n λ_n (withdrawal − injection) = Σ μ F, less what shifts drive, money; 0 up to rounding."""
        by_node = self.prices * self.withdrawn
        rent = float(np.sum(by_node))
        return rent if abs(rent) > RENT_ROUNDING * float(np.sum(np.abs(by_node))) else 0.0

    @cached_property
    def withdrawn(self) -> Array:
        """What every node takes out of the lines, shape (nodes,), energy; 0 up to rounding."""
        grid, nodes = self.grid, self.grid.nodes
        elastic = np.bincount(grid.elastic.node, self.elastic, nodes)
        made = np.bincount(grid.generators.node, self.generation, nodes)
        withdrawn = self.demand - self.injected + elastic - made - self.shed + self.spilled
        all_of_it = np.abs(self.demand) + self.injected + elastic + np.abs(made) + self.shed + self.spilled
        return np.where(np.abs(withdrawn) > WITHDRAWN_ROUNDING * all_of_it, withdrawn, 0.0)


class Operator:
    """Who clears rounds on a grid; what can be worked out once is.

    Raises NetworkError where flows are not defined.
    """

    def __init__(self, grid: NodalGrid) -> None:
        self.grid = grid
        self.programme = Programme(grid)
        self._last: tuple[Active, Load] | None = None

    def clear(self, demand: Array | None = None, injected: Array | None = None) -> Cleared:
        """Clear a demand (nodes,), the grid's own if left out, with what players put in at the nodes, (nodes,) ≥ 0."""
        grid = self.grid
        demand = grid.demand if demand is None else np.asarray(demand, dtype=float)
        injected = np.zeros(grid.nodes) if injected is None else np.asarray(injected, dtype=float)
        load = self.programme.load(demand, injected)
        active, met = self.settled(load)
        answer = System(self.programme, active).answers(load)[0]
        return cleared(self.programme, active, load, answer, met, demand, injected)

    def settled(self, load: Load) -> tuple[Active, bool]:
        """(The active set at a load, can all limits be met?), from the last one where that is near."""
        if self._last is not None:
            near = follow(self.programme, self._last[0], self._last[1], load)
            if near is not None:
                near, _, met = settle(self.programme, near.copy(), load)
                if met:
                    self._last = near.copy(), load
                    return near, True
        active, _, met = settle(self.programme, merit_order(self.programme, load), load)
        self._last = (active.copy(), load) if met else None
        return active, met


def clear(grid: NodalGrid, demand: Array | None = None, injected: Array | None = None) -> Cleared:
    """The least-cost dispatch of a grid (docs/network/model.md, The clearing); arguments as Operator.clear has them."""
    return Operator(grid).clear(demand, injected)


def paid(grid: NodalGrid, balances: Array, taken: Array, put_in: Array) -> Array:
    """Prices from multipliers λ: none beyond the value of lost load where load can be shed or output spilled, (nodes,).

    taken, put_in: what is taken out and put in at the nodes by others than generators and elastic demand, (nodes,).
    """
    lost = grid.value_of_lost_load
    must = put_in + np.bincount(grid.generators.node, grid.generators.least, grid.nodes)
    prices = np.where(taken > 0, np.minimum(balances, lost), balances)
    return np.where(must > 0, np.maximum(prices, -lost), prices)


def cleared(
    programme: Programme, active: Active, load: Load, answer: Answer, met: bool, demand: Array, injected: Array
) -> Cleared:
    """What an active set's answer comes to, in the grid's units."""
    offers, grid, transfer = programme.offers, programme.grid, programme.transfer
    q = np.clip(answer.q, load.low, load.high)
    flows = transfer.carried(programme.inside(load, q) * offers.energy) + transfer.loop
    multipliers = np.zeros(len(grid.lines))
    held = np.array(active.signs) * np.maximum(answer.p[programme.islands :], 0.0)
    np.add.at(multipliers, transfer.limited[active.lines], held * offers.price)
    q = q * offers.energy
    shed, spilled = (
        np.where(size > NO_ENERGY * offers.energy, size, 0.0) for size in (q[offers.shed], -q[offers.spill])
    )
    status, why = _status(programme, active, load, answer, met)
    balances = answer.p @ programme.full_rows(active) * offers.price
    prices = paid(grid, balances, load.high[offers.shed], -load.low[offers.spill])
    parts = (q[offers.generators], 0.0 - q[offers.elastic], shed, spilled)
    return Cleared(grid, demand, injected, prices, balances, flows, multipliers, *parts, status, why)


def _status(programme, active, load, answer, met):
    offers, names = programme.offers, programme.grid.names
    if not met:
        return Status.INFEASIBLE, "lines' limits cannot be met, whatever is shed or spilled"
    spilled = -answer.q[offers.spill]
    if np.max(spilled) > NO_ENERGY:
        return (
            Status.INFEASIBLE,
            f"output that must run at node {names[int(np.argmax(spilled))]} cannot be carried away",
        )
    if not _exact(programme, active, load, answer):
        return Status.INACCURATE, "limits are missed by more than rounding"
    shed = answer.q[offers.shed]
    if np.max(shed) > NO_ENERGY:
        return Status.SHORT, f"load at node {names[int(np.argmax(shed))]} is shed"
    return Status.SOLVED, ""


def _exact(programme, active, load, answer):
    """Are all limits kept and all multipliers of the right sign, up to LIMITS_MISSED?"""
    flow = programme.transfer.on_limited(programme.inside(load, answer.q)) + programme.loop
    over = max(
        np.max(answer.q - load.high), np.max(load.low - answer.q), np.max(np.abs(flow) - programme.limits, initial=0.0)
    )
    system = System(programme, active)
    worth = system.worth(answer, constant=True)
    apart = np.append(np.ones(len(active.lines), dtype=bool), load.high[system.ends] > load.low[system.ends])
    least = -LIMITS_MISSED * (1 + np.max(np.abs(answer.p)))
    return over <= LIMITS_MISSED and np.min(worth, initial=0.0, where=apart) >= least
