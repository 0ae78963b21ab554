"""Accounts: what everybody consumes and pays under each design, and the same measures of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.designs.planner import welfare_of
from market.measures import gini, jain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from market.arrays import Array, Integers, Mask
    from market.designs.study import DayStudy, Study


RATIO_ROUNDING = 1e-12  # by which a ratio may miss 1
NO_GAIN = 1e-9  # money, relative to the largest surplus, up to which nobody wins or loses


@dataclass(frozen=True, eq=False)
class Account:
    """One design's outcome: consumption, energy, and what is paid in all (negative: received), money, shape (n,); loss,
    energy."""

    consumption: Array
    paid: Array
    loss: float


def of_purchases(study: Study, z: Array, price: float) -> Account:
    """The account where agents buy energy z, shape (n,), at one price, money per energy, and feed in what they have
    left at the tariff (docs/designs/model.md, The map)."""
    net = study.fed_in - z
    paid = price * z - study.sell * study.fed_in
    return Account(study.population.generation - net, paid, study.public_loss(net))


def of_tariff(study: Study) -> Account:
    """The account where everybody trades with the main grid at the tariff, and with nobody else."""
    return Account(study.consumption, study.tariff_bill, study.public_loss(study.net))


def of_contracts(study: Study, agents: Integers, cost: Array) -> Account:
    """The account where consumption is that at the tariff and some agents' energy costs so much, contracts and all.

    agents: their numbers, cost: money, both shape (k,) (docs/designs/model.md, The map).
    """
    paid = np.zeros(len(study.population))
    np.add.at(paid, agents, cost)
    return Account(study.consumption, paid, study.public_loss(study.net))


def of_nodes(study: Study, received: Array, loss: float) -> Account:
    """The account where consumption is that at the tariff and nodes receive money, shape (nodes,); loss in p.u.

    Agents of a node pay the tariff and share what the node has beyond that by the energy they have left or need
    (docs/designs/model.md, The map).
    """
    node, size = study.population.node, np.abs(study.net)
    beyond = received + study.by_node(study.tariff_bill)
    paid = study.tariff_bill - beyond[node] * shares(node, size, study.network.nodes)
    return Account(study.consumption, paid, study.base * loss)


def shares(node: Integers, size: Array, nodes: int) -> Array:
    """Each agent's share of its node, in proportion to sizes ≥ 0, even where all of a node's are 0, shape (n,).

    >>> import numpy as np
    >>> shares(np.array([1, 1, 2, 2]), np.array([1.0, 3.0, 0.0, 0.0]), 3).tolist()
    [0.25, 0.75, 0.5, 0.5]
    """
    whole, count = np.bincount(node, size, nodes)[node], np.bincount(node, minlength=nodes)[node]
    return np.where(whole > 0, size / np.where(whole > 0, whole, 1.0), 1 / count)


def of_optimum(study: Study) -> Account:
    """The account of the planner's optimum: all pay, or get, the marginal cost of energy at their node.

    Raises ValueError where none was found.
    """
    best, people = study.optimum, study.population
    if best is None:
        raise ValueError("no optimum was found")
    return Account(best.consumption, best.prices[people.node] * (best.consumption - people.generation), best.loss)


def surplus(study: Study, account: Account) -> Array:
    """U(x) less what is paid less what own generation alone would give, money, shape (n,)
    (docs/designs/model.md, What the numbers mean)."""
    people = study.population
    return people.utility(account.consumption) - account.paid - people.alone


def together(day: Sequence[Account]) -> Account:
    """The account of several periods in one."""
    return Account(*(sum(getattr(one, name) for one in day) for name in ("consumption", "paid", "loss")))


def gained(studies: Sequence[Study], day: Sequence[Account]) -> Array:
    """Surplus over all periods, money, shape (n,); day: the account of each."""
    return np.sum([surplus(study, account) for study, account in zip(studies, day, strict=True)], axis=0)


def measures(studies: Sequence[Study], day: Sequence[Account]) -> dict[str, float | None]:
    """{name: value} of one design over its periods, each with its account; None where it is not defined.

    price: what net buyers pay a unit; volume: what they buy; grid supply: net imports with losses; grid surplus: what
    the main grid gets less what its supply costs; welfare: agents' and main grid's; loss: energy
    (docs/designs/model.md, What the numbers mean).
    """
    every, found = [_sums(*one) for one in zip(studies, day, strict=True)], gained(studies, day)
    sums = {name: sum(one[name] for one in every) for name in every[0]}
    paid, volume, fair = sums.pop("paid"), sums["volume"], fair_shares(found)
    return {"price": paid / volume if volume > 0 else None, **sums} | {
        "surplus": float(found.sum()),
        "jain": None if fair is None else float(jain(fair)),
        "gini": None if fair is None else float(gini(fair)),
    }


def _sums(study, account):
    """What adds up over periods."""
    people = study.population
    bought = np.maximum(account.consumption - people.generation, 0.0)
    imports = float(np.sum(account.consumption - people.generation)) + account.loss
    return {
        "paid": float(account.paid[bought > 0].sum()),
        "volume": float(bought.sum()),
        "consumption": float(account.consumption.sum()),
        "grid supply": imports,
        "grid surplus": float(account.paid.sum() - study.supply.cost(imports)),
        "welfare": welfare_of(people, study.supply, account.consumption, account.loss),
        "loss": account.loss,
    }


def fair_shares(gained: Array) -> Array | None:
    """Surpluses (n,), money, with rounding below 0 put right; None where somebody loses, so that no index of
    fairness applies."""
    least = -NO_GAIN * float(np.max(np.abs(gained), initial=0.0))
    return None if np.any(gained < least) else np.maximum(gained, 0.0)


def price_of_anarchy(study: Study | DayStudy, welfare: float) -> float | None:
    """The planner's welfare over a design's, at least 1; None where one is unknown or the design's is not above 0."""
    if study.optimum is None or not welfare > 0:
        return None
    ratio = study.optimum.welfare / welfare
    return ratio if abs(ratio - 1) > RATIO_ROUNDING else 1.0


def sides(gained: Array, before: Array) -> tuple[Mask, Mask]:
    """(Winners, losers): marks of the agents better and worse off than before, shape (n,); surpluses in money."""
    away = gained - before
    size = NO_GAIN * float(np.max(np.abs([gained, before]), initial=0.0))
    return away > size, away < -size
