"""The tariffs of a market: what each group's users pay, what players take that for, and who pays what in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from market.arrays import Array, Integers
from market.tariffs.tariff import TariffRule
from market.tariffs.terms import Terms

SUM_ROUNDING = 1e-12  # share of what is paid and comes back below which the difference is none


class Levy(NamedTuple):
    """One tariff: its name, its rule, and the groups whose users it meets."""

    name: str
    rule: TariffRule
    groups: frozenset[str]


class Payers(Protocol):
    """Players of a group, each with so many users in a row."""

    @property
    def name(self) -> str:
        """What the group is called."""

    @property
    def sizes(self) -> Integers:
        """How many users each player has, shape (players,)."""


Purchases = Sequence[tuple[Payers, Array]]  # groups, each with its users' net purchases, (users, periods)


class Felt(NamedTuple):
    """What players take tariffs for, by user: money per energy in each period (users, periods), and of the largest
    purchase (users,)."""

    per_unit: Array
    peak: Array


class Collected(NamedTuple):
    """What tariffs come to: {tariff: what each user pays, below 0 where it gets money back}, and fees, what users pay
    beside what their players feel of it (Levied.felt), charges and lump sums; money, shapes (users,)."""

    payments: Mapping[str, Array]
    fees: Array

    @property
    def revenue(self) -> float:
        """What all users pay in all, less what comes back, money; nothing where that is rounding."""
        parts = [float(np.sum(paid)) for paid in self.payments.values()]
        total = sum(parts)
        return total if abs(total) > SUM_ROUNDING * sum(map(abs, parts)) else 0.0

    @property
    def paid(self) -> Array:
        """What each user pays in all, money, shape (users,)."""
        return np.asarray(sum(self.payments.values(), np.zeros(len(self.fees))))


@dataclass(frozen=True, eq=False)
class Levied:
    """Tariffs over so many periods, a day.

    users: {group: how many it has}; names: {what players go by: the group whose tariffs they meet} where that differs;
    sole: does one player buy for everybody?
    """

    levies: tuple[Levy, ...]
    users: Mapping[str, int]
    periods: int = 1
    names: Mapping[str, str] = field(default_factory=dict)
    sole: bool = False

    def called(self, names: Mapping[str, str]) -> Levied:
        """The same tariffs where players go by other names."""
        return replace(self, names=names)

    @cached_property
    def met(self) -> dict[str, int]:
        """{tariff: how many users it meets}."""
        return {levy.name: sum(self.users[group] for group in levy.groups) for levy in self.levies}

    def _meets(self, levy: Levy, group: str) -> bool:
        return self.names.get(group, group) in levy.groups

    def _of(self, group: str) -> list[Levy]:
        return [levy for levy in self.levies if self._meets(levy, group)]

    def terms(self, group: str, taken: bool = False) -> Terms:
        """What each user of a group pays, of the revenue given back apart; taken: without rebates."""
        rules = [levy.rule for levy in self._of(group) if not (taken and levy.rule.returned)]
        return sum((rule.terms(self.periods) for rule in rules), Terms(per_unit=np.zeros(self.periods)))

    def back(self, group: str) -> float:
        """The share of all revenue that each user of a group gets back."""
        return sum(levy.rule.share / self.met[levy.name] for levy in self._of(group))

    def felt(self, group: Payers) -> Felt:
        """What players take a group's tariffs for: of what their users pay more, part comes back to these."""
        terms, taken, back = self.terms(group.name), self.terms(group.name, taken=True), self._coming_back(group)
        return Felt(terms.per_unit - back[:, None] * taken.per_unit, terms.peak - back * taken.peak)

    def _coming_back(self, group):
        """What a player's users get back of each unit of money that one of them pays, by user."""
        if self.sole:
            return np.full(int(np.sum(group.sizes)), sum(levy.rule.share for levy in self.levies))
        return self.back(group.name) * np.repeat(group.sizes, group.sizes)

    def collected(self, purchases: Purchases) -> Collected:
        """What users pay in the end."""
        paid = {levy.name: np.concatenate([self._own(levy, *one) for one in purchases]) for levy in self.levies}
        revenue = sum(float(np.sum(paid[levy.name])) for levy in self.levies if not levy.rule.returned)
        for levy in self.levies:
            meets = np.concatenate([np.full(len(z), self._meets(levy, group.name)) for group, z in purchases])
            paid[levy.name] = paid[levy.name] - meets * (levy.rule.share * revenue / self.met[levy.name])
        felt = np.concatenate([self._varying(*one) for one in purchases])
        return Collected(paid, np.asarray(sum(paid.values())) - felt)

    def _own(self, levy, group, z):
        """What one tariff takes of users by their own purchases z, (users, periods), shape (users,)."""
        return levy.rule.terms(self.periods).paid(z) if self._meets(levy, group.name) else np.zeros(len(z))

    def _varying(self, group, z):
        """What players feel that users with net purchases z pay, shape (users,)."""
        taken = self.terms(group.name, taken=True).variable(z)
        return self.terms(group.name).variable(z) - self._coming_back(group) * taken
