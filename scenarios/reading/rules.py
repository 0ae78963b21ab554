"""Keys that are made from registered rules: the choice of one, and what each says of its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from market.parameters import REQUIRED, Parameter, ParameterError, check_together, parameters_of
from scenarios.reading.columns import label
from scenarios.reading.errors import Place
from scenarios.reading.schema import Key

ALL = object()


@dataclass(frozen=True)
class Rules:
    """A choice among the rules of a registry, and the keys that each carries, which stand beside it in its table.

    default: a name; None where it may be left out and `usual` is meant; of several, ALL. bare: are rules played with
    their defaults alone? Then they carry no keys, and one that needs some is no choice.
    """

    path: str
    registry: dict = field(hash=False)
    default: object
    meaning: str
    type: str = "choice"
    usual: str | None = None
    bare: bool = False

    @property
    def table(self) -> str:
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def keys(self) -> Iterator[Key]:
        """The rows of the schema for the rules that are registered now."""
        said = {name: parameters_of(rule) for name, rule in self.registry.items()}
        if self.bare:
            said = {name: {} for name, own in said.items() if all(one.default is not REQUIRED for one in own.values())}
        default = tuple(said) if self.default is ALL else self.default
        yield Key(self.path, self.type, "", default, tuple(said), self.meaning)
        tables = set()
        for one in _in_order(said.values()):
            names = tuple(name for name, own in said.items() if own.get(one.key) == one)
            everywhere = one.anywhere or len(names) == len(said)
            when, by = ((), "") if everywhere else (names, self.name)
            columns = one.columns
            if columns is None:
                yield _key(self.table, one, when, by, self.usual)
                continue
            if columns.name not in tables:
                tables.add(columns.name)
                yield Key(
                    _below(self.table, columns.name),
                    "columns",
                    "",
                    REQUIRED,
                    "",
                    columns.meaning,
                    when,
                    by=by,
                    usual=self.usual,
                )
            yield _key(_below(self.table, columns.name), one, (), "")


def _key(table, one, when, by, usual=None):
    said = one.type, one.unit, one.default, one.range, one.meaning, when, one.words
    return Key(_below(table, one.key), *said, by=by, example=one.example, stops=one.stops, usual=usual)


def _below(table, name):
    return f"{table}.{name}" if table else name


def _in_order(rules: Iterable[dict[str, Parameter]]) -> list[Parameter]:
    """Every parameter once, each rule's in its own order; one that is new to the list goes before those it leads."""
    found: list[Parameter] = []
    for own in rules:
        row = list(own.values())
        for k, one in enumerate(row):
            if one not in found:
                later = [found.index(other) for other in row[k:] if other in found]
                found.insert(min(later, default=len(found)), one)
    return found


def expanded(keys: Iterable[Key | Rules]) -> tuple[Key, ...]:
    """Keys with those of rules in their places; raises ValueError where a rule's key is another one's already."""
    rows = [(key, row) for key in keys for row in (key.keys() if isinstance(key, Rules) else (key,))]
    owner = {}
    for key, row in rows:
        if owner.setdefault(row.path, key) is not key:
            raise ValueError(f"a rule of {key.path} has a key {row.path!r}, which stands for something else already")
    return tuple(row for _, row in rows)


def check_rule(rule, table: dict, place: Place) -> None:
    """What a rule says of several of its keys together; raises ScenarioError."""
    try:
        check_together(rule, table)
    except ParameterError as error:
        row = "" if error.row is None else f"{label(table[error.key], error.row)} "
        where = place.at(error.key) if error.key else place
        raise where.error(row + error.got, error.allowed) from None
