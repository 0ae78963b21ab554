"""A grid of nodes, lines with limits, generators and price-taking demand as checked arrays (docs/network/model.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from market.arrays import Array, Integers, Mask
from market.grid.lines import NetworkError, check, check_length, components, floats

SHARES_ROUNDING = 1e-9  # by how much shares over nodes may miss one
SAME_PRICE = 1e-12  # relative: a price above another by less is above it by rounding


@dataclass(frozen=True, eq=False)
class LimitedLines:
    """Lines, arrays of shape (lines,): ends, susceptance b = 1/(x τ) ≠ 0 per unit, shift in degrees, limit of power.

    τ is a transformer's ratio. The flow is positive from tail to head, power · b (θ_tail − θ_head − shift), and at most
    its limit either way; limits are in units of energy per period and may be infinite.
    """

    label = "line"

    tail: Integers
    head: Integers
    susceptance: Array
    shift: Array = None  # type: ignore[assignment]  # an array once checked
    limit: Array = None  # type: ignore[assignment]  # an array once checked

    def __len__(self) -> int:
        return len(self.tail)


@dataclass(frozen=True, eq=False)
class Generators:
    """Generators, arrays of shape (generators,): node, marginal cost `cost + rise q` for outputs least ≤ q ≤ capacity.

    A cost of several straight pieces is several rows, each a piece with its own `least` and `capacity`, one after
    another; `unit` is the number of the generator that a row is a piece of. Left out, each row is one.
    """

    label = "generator"

    node: Integers
    cost: Array
    rise: Array = None  # type: ignore[assignment]  # an array once checked
    least: Array = None  # type: ignore[assignment]  # an array once checked
    capacity: Array = None  # type: ignore[assignment]  # an array once checked
    unit: Integers = None  # type: ignore[assignment]  # an array once checked

    def __len__(self) -> int:
        return len(self.node)


@dataclass(frozen=True, eq=False)
class ElasticDemand:
    """Price-taking demands, arrays of shape (demands,): at price p each takes quantity · (1 − p/price), at least 0.

    price: at which it takes nothing, money per unit of energy; quantity: what it takes at no price, energy.
    """

    label = "elastic demand"

    node: Integers
    price: Array
    quantity: Array

    def __len__(self) -> int:
        return len(self.node)


@dataclass(frozen=True, eq=False)
class NodalGrid:
    """All that an operator clears by: nodes with fixed demand, shape (nodes,), lines, generators, elastic demand.

    value_of_lost_load: what a unit not served costs; least_rise: by how much the marginal cost of a generator whose
    rise is 0 grows from empty to full, money per unit of energy; hub: weights of the nodes whose mean price is the
    hub's, None: demand's shares; power: what one per unit of susceptance and one radian carry, energy per period;
    positions: of the nodes on a map, shape (nodes, 2), for whoever draws. Raises NetworkError.
    """

    names: tuple[str, ...]
    demand: Array
    lines: LimitedLines = field(default_factory=lambda: LimitedLines(*_nothing(3)))
    generators: Generators = field(default_factory=lambda: Generators(*_nothing(2)))
    elastic: ElasticDemand = field(default_factory=lambda: ElasticDemand(*_nothing(3)))
    value_of_lost_load: float = 1000.0
    least_rise: float = 0.01
    hub: Array | None = None
    power: float = 1.0
    positions: Array | None = None

    def __post_init__(self) -> None:
        for name, value in _checked(self).items():
            object.__setattr__(self, name, value)
        _check_supply(self)

    @property
    def nodes(self) -> int:
        return len(self.names)

    @cached_property
    def island(self) -> Integers:
        """Number of the island of each node, shape (nodes,)."""
        return components(self.nodes, self.lines)

    @cached_property
    def rises(self) -> Array:
        """Rise of every generator's marginal cost with its output, tilted where a file says 0, shape (generators,)."""
        given, size = self.generators.rise, self.generators.capacity
        return np.where((given > 0) | (size == 0), given, self.least_rise / np.where(size > 0, size, 1.0))

    @cached_property
    def hub_weights(self) -> Array:
        """Weights of the nodes in the hub's price, shape (nodes,), adding to 1: given, by demand, or equal."""
        if self.hub is not None:
            return self.hub
        wanted = np.maximum(self.demand, 0.0) + np.bincount(self.elastic.node, self.elastic.quantity, self.nodes)
        return wanted / wanted.sum() if wanted.sum() > 0 else np.full(self.nodes, 1 / self.nodes)

    @cached_property
    def line_names(self) -> tuple[str, ...]:
        """Names of the lines, "from-to", with "#2" and so on from the second between the same two nodes on."""
        seen: dict[tuple[int, int], int] = {}
        names = []
        for tail, head in zip(self.lines.tail.tolist(), self.lines.head.tolist(), strict=True):
            pair = (min(tail, head), max(tail, head))
            seen[pair] = seen.get(pair, 0) + 1
            number = f"#{seen[pair]}" if seen[pair] > 1 else ""
            names.append(f"{self.names[tail]}-{self.names[head]}{number}")
        return tuple(names)

    def shares(self, weights: dict[str, float]) -> Array:
        """Shares over nodes from names to numbers, shape (nodes,); raises NetworkError unless they add up to one."""
        number = {name: n for n, name in enumerate(self.names)}
        unknown = [name for name in weights if name not in number]
        if unknown:
            raise NetworkError(f"node {unknown[0]!r} is not one of {', '.join(self.names[:20])}")
        direction = np.zeros(self.nodes)
        for name, share in weights.items():
            if not (np.isfinite(share) and share >= 0):
                raise NetworkError(f"share of node {name}(={share:g}) must be finite and >= 0")
            direction[number[name]] = share
        if abs(direction.sum() - 1) > SHARES_ROUNDING:
            raise NetworkError(f"shares over nodes add up to {direction.sum():g}; 1 is needed")
        return direction / direction.sum()


def _nothing(columns: int) -> Any:
    """Columns without a row."""
    return np.empty((columns, 0))


def _checked(grid: NodalGrid) -> dict[str, Any]:
    """Every field of a grid as arrays of one length each, its data checked."""
    names = tuple(str(name) for name in grid.names)
    n = len(names)
    if n == 0:
        raise NetworkError("nodes: at least one is needed")
    if len(set(names)) < n:
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise NetworkError(f"node {twice!r}: the name stands twice; names must differ")
    demand = _column("demand", grid.demand, n, "one for each node")
    check("demand", "node", demand, np.isfinite(demand), "finite")
    for name, least in (("value_of_lost_load", "> 0"), ("least_rise", ">= 0"), ("power", "> 0")):
        value = float(getattr(grid, name))
        if not (np.isfinite(value) and (value > 0 or (value == 0 and least == ">= 0"))):
            raise NetworkError(f"{name}(={value:g}) must be finite and {least}")
    found: dict[str, Any] = {"names": names, "demand": demand}
    found["lines"] = _checked_lines(grid.lines, n)
    found["generators"] = _checked_generators(grid.generators, n, float(grid.least_rise))
    found["elastic"] = _checked_elastic(grid.elastic, n)
    _check_last_resort(found["generators"], found["elastic"], float(grid.value_of_lost_load))
    if grid.hub is not None:
        found["hub"] = _checked_hub(grid.hub, n)
    return found


def _column(name: str, values: object, length: int, why: str) -> Array:
    column = floats(name, values)
    check_length(name, column, length, why)
    return column


def _columns(kind: Any, defaults: dict[str, float]) -> dict[str, Array]:
    """Columns of one kind of rows as floats of one length, those left out as their defaults."""
    first = getattr(kind, fields(kind)[0].name)
    found = {}
    for one in fields(kind):
        value = getattr(kind, one.name)
        column = np.full(len(first), defaults[one.name]) if value is None else value
        found[one.name] = _column(f"{kind.label}s: {one.name}", column, len(first), f"one for each {kind.label}")
    return found


def _node_numbers(name: str, row: str, values: Array, nodes: int) -> Integers:
    fine = (values >= 0) & (values < nodes) & (values == np.floor(values))
    check(name, row, values, fine, f"a node, 0 to {nodes - 1}")
    return values.astype(np.intp)


def _bounded(kind: Any, columns: dict[str, Array], name: str, infinite: bool = False) -> None:
    values = columns[name]
    fine = (values >= 0) & (np.isfinite(values) | (infinite & ~np.isnan(values)))
    check(name, kind.label, values, fine, ">= 0" if infinite else "finite and >= 0")


def _checked_lines(lines: LimitedLines, nodes: int) -> LimitedLines:
    columns: dict[str, Any] = _columns(lines, {"shift": 0.0, "limit": np.inf})
    for end in ("tail", "head"):
        columns[end] = _node_numbers(end, lines.label, columns[end], nodes)
    check("head", lines.label, columns["head"], columns["tail"] != columns["head"], "another node than tail")
    b, shift = columns["susceptance"], columns["shift"]
    check("susceptance", lines.label, b, np.isfinite(b) & (b != 0), "finite and not 0")
    check("shift", lines.label, shift, np.abs(shift) <= 360, "from -360 to 360 degrees")
    _bounded(lines, columns, "limit", infinite=True)
    return LimitedLines(**columns)


def _checked_generators(generators: Generators, nodes: int, least_rise: float) -> Generators:
    defaults = {"rise": 0.0, "least": 0.0, "capacity": np.inf}
    rows = len(generators.node)
    unit = np.arange(rows) if generators.unit is None else generators.unit
    columns: dict[str, Any] = _columns(replace(generators, unit=np.asarray(unit, dtype=float)), defaults)
    label, size, rise = generators.label, columns["capacity"], columns["rise"]
    columns["node"] = _node_numbers("node", label, columns["node"], nodes)
    check("cost", label, columns["cost"], np.isfinite(columns["cost"]), "finite")
    _bounded(generators, columns, "rise")
    _bounded(generators, columns, "least")
    _bounded(generators, columns, "capacity", infinite=True)
    check("least", label, columns["least"], columns["least"] <= size, "at most the capacity")
    check("capacity", label, size, np.isfinite(size) | (rise > 0), "finite where rise is 0")
    if least_rise == 0:
        check("rise", label, rise, (rise > 0) | (size == 0), "> 0 where least_rise is 0, or prices would be no numbers")
    columns["unit"] = columns["unit"].astype(np.intp)
    _check_pieces(columns)
    return Generators(**columns)


def _check_pieces(columns: dict[str, Any]) -> None:
    """Pieces of one generator stand one after another and grow dearer, or the cheap ones would not be used first."""
    same = np.append(False, columns["unit"][1:] == columns["unit"][:-1])[: len(columns["unit"])]
    ends = columns["cost"] + columns["rise"] * np.where(np.isfinite(columns["capacity"]), columns["capacity"], 0.0)
    before = np.append(-np.inf, ends)[: len(ends)]
    fine = columns["cost"] >= before - SAME_PRICE * np.abs(before)
    check("cost", "generator", columns["cost"], ~same | fine, "no less than the piece before")


def _checked_elastic(elastic: ElasticDemand, nodes: int) -> ElasticDemand:
    columns: dict[str, Any] = _columns(elastic, {})
    columns["node"] = _node_numbers("node", elastic.label, columns["node"], nodes)
    for name in ("price", "quantity"):
        fine = np.isfinite(columns[name]) & (columns[name] > 0)
        check(name, elastic.label, columns[name], fine, "finite and > 0")
    return ElasticDemand(**columns)


def _check_last_resort(generators: Generators, elastic: ElasticDemand, lost: float) -> None:
    """No load is lost while anything dearer than it could serve it, or anybody pays more for it."""
    dearest = generators.cost + np.where(np.isfinite(generators.capacity), generators.rise * generators.capacity, 0.0)
    most, allowed = lost * (1 + SAME_PRICE), f"at most value_of_lost_load(={lost:g})"
    check("marginal cost", "generator", dearest, dearest <= most, allowed)
    check("price", "elastic demand", elastic.price, elastic.price <= most, allowed)


def _checked_hub(hub: object, nodes: int) -> Array:
    weights = _column("hub", hub, nodes, "one for each node")
    check("hub", "node", weights, np.isfinite(weights) & (weights >= 0), "finite and >= 0")
    if abs(weights.sum() - 1) > SHARES_ROUNDING:
        raise NetworkError(f"hub: weights add up to {weights.sum():g}; 1 is needed")
    return weights / weights.sum()


def _check_supply(grid: NodalGrid) -> None:
    """Every island with fixed demand has something that could ever serve it; elastic demand may go without."""
    supplied = np.zeros(grid.island.max() + 1, dtype=bool)
    supplied[grid.island[grid.generators.node[grid.generators.capacity > 0]]] = True
    supplied[grid.island[grid.demand < 0]] = True
    wants: Mask = grid.demand > 0
    check("demand", "node", grid.demand, supplied[grid.island] | ~wants, "0 on an island without supply")


def nodal_grid(names: Sequence[str], **columns: Any) -> NodalGrid:
    """A grid from plain rows, for tests and short examples.

    columns: `demand` (nodes,), `lines` rows (tail, head, susceptance, limit), `generators` rows (node, cost, rise,
    capacity), `elastic` rows (node, price, quantity), and any other field of NodalGrid. Raises NetworkError.

    >>> nodal_grid("ab", demand=[0, 5], lines=[(0, 1, 10.0, 3.0)], generators=[(0, 20.0, 0.0, 9.0)]).line_names
    ('a-b',)
    """
    made: dict[str, Any] = {}
    for name, (kind, keys) in ROWS.items():
        rows = columns.pop(name, [])
        table = np.array([*rows], dtype=float) if len({len(row) for row in rows}) == 1 else np.empty((len(rows), 0))
        if len(rows) and table.shape[1] != len(keys):
            raise NetworkError(f"{name} must be rows of {', '.join(keys)}")
        if len(rows):
            made[name] = kind(**dict(zip(keys, table.T, strict=True)))
    columns.setdefault("demand", np.zeros(len(names)))
    return NodalGrid(tuple(names), **made, **columns)


ROWS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "lines": (LimitedLines, ("tail", "head", "susceptance", "limit")),
    "generators": (Generators, ("node", "cost", "rise", "capacity")),
    "elastic": (ElasticDemand, ("node", "price", "quantity")),
}
