"""Lines of a grid as arrays: their ends and data, checked, their incidence and what they join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np
from scipy import sparse

from market.arrays import Array, Integers, Mask, sums

if TYPE_CHECKING:

    class Lines(Protocol):
        """Lines whose ends are only read: tail and head, numbers of nodes, shape (lines,)."""

        @property
        def tail(self) -> Integers: ...

        @property
        def head(self) -> Integers: ...

    class Columns(Lines, Protocol):
        """A dataclass of lines with the name of one."""

        __dataclass_fields__: ClassVar[dict[str, Any]]

        @property
        def label(self) -> str: ...

    class Labelled(Protocol):
        """A dataclass of columns with the name of one row."""

        __dataclass_fields__: ClassVar[dict[str, Any]]
        label: ClassVar[str]

        def __init__(self, *columns: Array) -> None: ...


RESISTANCE_FLOOR = 1e-9  # share of the largest resistance that stands for less where resistances are divided by


class Ends(NamedTuple):
    """Ends of lines of which no more is known, arrays of shape (lines,)."""

    tail: Integers
    head: Integers


Kind = TypeVar("Kind", bound="Labelled")  # a class of lines


class NetworkError(ValueError):
    """Data that make no network; the message names what, row, value and what is allowed.

    kind, row: what it begins with, "public line" and 3, where one row is at fault; else "" and None.
    """

    kind: str = ""
    row: int | None = None


@dataclass(frozen=True, eq=False)
class PublicLines:
    """Public lines, arrays of shape (lines,): ends, resistance r ≥ 0 and reactance x ≠ 0 in p.u., shift in degrees.

    A flow is positive from tail to head. shift: by how much a transformer turns the angle at its tail back, so that
    without losses the flow is (θ_tail − θ_head − shift) / x; None: nowhere.
    """

    label: ClassVar[str] = "public line"

    tail: Integers
    head: Integers
    r: Array
    x: Array
    shift: Array | None = None

    def __len__(self) -> int:
        return len(self.tail)


def lines_of(kind: type[Kind], rows: Sequence[Sequence[float]], defaults: tuple[float, ...] = ()) -> Kind:
    """Lines from rows of numbers; a row may leave out its last entries if there are `defaults` for them.

    kind: a dataclass of arrays with a `label`, as PublicLines. Raises NetworkError.

    >>> lines_of(PublicLines, [[1, 2, 0.025, 0.1], [2, 3, 0.025, 0.1, 30.0]], defaults=(0.0,)).shift.tolist()
    [0.0, 30.0]
    """
    names = [f.name for f in fields(kind)]
    least = len(names) - len(defaults)
    full = []
    for number, row in enumerate(rows):
        if not least <= len(row) <= len(names):
            raise NetworkError(f"{kind.label} {number}: {list(row)} must have {least} to {len(names)} entries")
        full.append([*row, *defaults[len(row) - least :]])
    try:
        table = np.array(full, dtype=float).reshape(-1, len(names))
    except (TypeError, ValueError):
        raise NetworkError(f"{kind.label}s must be rows of numbers {', '.join(names)}") from None
    # Rows in memory as those of a copy or a pickle: sums of strided numbers differ in bits.
    return kind(*np.ascontiguousarray(table.T))


def incidence(lines: Lines, nodes: int) -> sparse.csr_array:
    """Sparse incidence matrix, shape (nodes, lines): +1 at the tail, −1 at the head."""
    m = len(lines.tail)
    column = np.arange(m)
    values = np.concatenate([np.ones(m), -np.ones(m)])
    where = (np.concatenate([lines.tail, lines.head]), np.concatenate([column, column]))
    return sparse.csr_array((values, where), shape=(nodes, m))


def components(nodes: int, *kinds: Lines) -> Integers:
    """Number of the connected component of each node under lines of the given kinds, shape (nodes,)."""
    tail, head = (np.concatenate([getattr(lines, end) for lines in kinds]).astype(np.intp) for end in ("tail", "head"))
    first, before = np.arange(nodes), None
    while before is None or np.any(first != before):  # Shiloach and Vishkin: joined to the lower, then a step up
        before = first.copy()
        one, other = before[tail], before[head]
        np.minimum.at(first, one, other)
        np.minimum.at(first, other, one)
        first = first[first]
    return (np.cumsum(first == np.arange(nodes)) - 1)[first]


def sent(lines: Lines, flows: Array, nodes: int) -> Array:
    """What flows take out of their nodes, the incidence matrix times them, shape (nodes,)."""
    return sums(lines.tail, flows, nodes) - sums(lines.head, flows, nodes)


def floats(name: str, values: object, dimensions: int = 1) -> Array:
    """Values as an array of floats of so many dimensions; raises NetworkError."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise NetworkError(f"{name} must be numbers") from None
    if array.ndim != dimensions:
        raise NetworkError(f"{name} of shape {array.shape} must have {dimensions} dimension(s)")
    return array


def check(name: str, row: str, values: Array | Integers, fine: Mask, allowed: str) -> None:
    """Raise NetworkError on the first value that is not fine."""
    if not np.all(fine):
        first = int(np.argmin(fine))
        error = NetworkError(f"{row} {first}: {name}(={values[first]:g}) must be {allowed}")
        error.kind, error.row = row, first
        raise error


def check_length(name: str, values: Sequence[float] | Array, length: int, why: str) -> None:
    """Raise NetworkError unless there are so many values."""
    if len(values) != length:
        raise NetworkError(f"{name} has {len(values)} entries; {length} are needed, {why}")


def checked_ends(lines: Columns, nodes: int, allowed: str) -> dict[str, Any]:
    """All columns as float arrays of one length, the ends as indices of different nodes; raises NetworkError."""
    label = lines.label
    columns = {f.name: floats(f"{label}s: {f.name}", getattr(lines, f.name)) for f in fields(lines)}
    for name, column in columns.items():
        check_length(f"{label}s: {name}", column, len(columns["tail"]), "one for each line")
    for name in ("tail", "head"):
        end = columns[name]
        fine = (end >= 0) & (end < nodes) & (end == np.floor(end))
        check(name, label, end, fine, allowed)
        columns[name] = end.astype(np.intp)
    check("head", label, columns["head"], columns["tail"] != columns["head"], "another node than tail")
    check("r", label, columns["r"], np.isfinite(columns["r"]) & (columns["r"] >= 0), "finite and >= 0")
    return columns


def checked_public(lines: PublicLines, nodes: int) -> PublicLines:
    """Public lines with their data checked, no shift as 0; raises NetworkError."""
    if lines.shift is None:
        lines = replace(lines, shift=np.zeros(len(lines.tail)))
    columns = checked_ends(lines, nodes, f"a node, 0 to {nodes - 1}")
    x = columns["x"]
    check("x", "public line", x, np.isfinite(x) & (x != 0), "finite and not 0")
    check("shift", "public line", columns["shift"], np.abs(columns["shift"]) <= 360, "from -360 to 360 degrees")
    return PublicLines(**columns)
