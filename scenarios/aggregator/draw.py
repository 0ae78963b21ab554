"""From an aggregator market's scenario to the game of one replication, and to its Mesa model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.aggregator.joining_model import JoiningModel
from agents.aggregator.model import AggregatorModel
from agents.seats import refuse, refuse_conducts
from agents.streams import Streams
from market.aggregator.game import Block, Game
from market.aggregator.joining import joining_of
from market.aggregator.learners import payoff_of_nothing
from market.aggregator.tariffs import taxed
from market.joining import Moving
from market.parameters import made, parameters_of
from market.prices import PRICES
from market.utilities import UTILITIES
from scenarios.aggregator.keys import SMALL_USERS, AggregatorScenario, Group, alone_name, is_unbounded, split
from scenarios.drawn import Drawn
from scenarios.reading.columns import row_label
from scenarios.reading.errors import Place, quoted
from scenarios.reading.population import draw_numbers, stream


def draw(scenario: AggregatorScenario, replication: int, place: Place) -> Drawn:
    """The game of one replication; raises ScenarioError where an objective is minus infinity throughout."""
    blocks, redraws = drawn_blocks(scenario.groups, scenario.seed, replication)
    known = scenario.states
    price = made(PRICES[scenario.price["rule"]], scenario.price) if known is None else known.rule
    blocks = blocks if known is None else tuple(map(known.feared, blocks))
    game = taxed(Game(price=price, blocks=blocks), scenario.levied())
    for group, block in zip(scenario.groups, game.blocks, strict=True):
        if is_unbounded(group):
            _check_priced_out(group, block, float(game.price.value(0.0)), place)
    check_bounded(scenario, game.blocks, float(game.price.right_value(0.0)), place)
    return Drawn(game, redraws)


def check_bounded(scenario: AggregatorScenario, blocks: Sequence[Block], price: float, place: Place) -> None:
    """Raise ScenarioError where a group learns from payoffs that have no lower bound."""
    for block in blocks:
        if block.name not in scenario.learners or np.all(np.isfinite(payoff_of_nothing(block, price))):
            continue
        rule, goal = scenario.learners[block.name]["rule"], f"alpha = {block.alpha:g}"
        got = f"got {quoted(rule)} with {goal}, surplus_offset = {block.surplus_offset:g}: payoffs have no lower bound"
        here = place.at("group").at(block.name).at("conduct")
        raise here.error(got, "alpha below 1, or a larger surplus_offset, is needed")


def drawn_blocks(groups: Sequence[Group], seed: int, replication: int) -> tuple[tuple[Block, ...], dict]:
    """(The groups' players as blocks, {(group, key): draws repeated until legal})."""
    redraws: dict[tuple[str, str], int] = {}
    drawn = [_draw_group(group, seed, replication, redraws) for group in groups]
    for group, numbers in zip(groups, drawn, strict=True):
        if group.utility.get("size") == SMALL_USERS:
            numbers["size"] = _small_users_size(groups, drawn)
    return tuple(_block(group, numbers) for group, numbers in zip(groups, drawn, strict=True)), redraws


def _draw_group(group: Group, seed, replication, redraws):
    """The group's utility parameters, those that are one number a user as arrays of shape (users,)."""
    numbers = {name: value for name, value in group.utility.items() if name != "form" and value != SMALL_USERS}
    for name, said in parameters_of(UTILITIES[group.utility["form"]]).items():
        number = numbers.get(name)
        if number is None or said.type != "numbers":
            continue
        rng = stream(seed, replication, group.name, name)
        numbers[name], count = draw_numbers(number, group.users, said.range, rng)
        if isinstance(number, dict) and "uniform" not in number:
            redraws[group.name, name] = count
    return numbers


def _small_users_size(groups, drawn):
    """Sum of b / a over the users of all groups but the large ones."""
    small = [
        (group.utility["form"], numbers) for group, numbers in zip(groups, drawn, strict=True) if group.kind != "large"
    ]
    utilities = [made(UTILITIES[form], numbers) for form, numbers in small]
    return sum(float(np.sum(one.b / one.a)) for one in utilities)


def _block(group, numbers):
    sizes = {
        "aggregator": split(group.users, group.count),
        "direct": np.ones(group.users, dtype=int),
        "large": np.array([1]),
    }
    return Block(
        name=group.name,
        kind=group.kind,
        utility=made(UTILITIES[group.utility["form"]], numbers),
        alpha=group.alpha,
        surplus_offset=group.surplus_offset,
        sizes=sizes[group.kind],
        fair=group.objective if group.named else None,
        floor=group.floor,
    )


def _check_priced_out(group, block, price, place):
    """Without offset, a user with b <= p(0) makes every purchase worth minus infinity."""
    out = np.flatnonzero(block.utility.reservation <= price)
    if out.size:
        user = int(out[0])
        player = int(np.searchsorted(np.cumsum(block.sizes), user, side="right"))
        b = block.utility.reservation[user]
        got = (
            f"0 with alpha = {group.alpha:g}, but player {player}, user {user} of the group (counted from 0) "
            f"has b = {b:.6g}{row_label(group.utility.get('b'), user)}, "
            f"not above the price {price:.6g} at zero purchase"
        )
        where = place.at("group").at(group.name).at("fairness.surplus_offset")
        raise where.error(got, "set surplus_offset > 0 or alpha < 1")


def model(scenario: AggregatorScenario, replication: int, place: Place, drawn=None, **options):
    """The Mesa model of one replication, its population drawn unless given; options go to it unchanged.

    Raises SeatError where players of one's own cannot sit as they are to.
    """
    drawn = draw(scenario, replication, place) if drawn is None else drawn
    options = {"streams": Streams(scenario.seed, replication)} | options
    if scenario.joining is not None:
        refuse(options.pop("players", None), "where users choose their aggregators only the shipped agents sit")
        refuse_conducts(options, "between moves of users who join the market is solved directly; leave out one of them")
        return _joining_model(scenario, replication, drawn, options)
    return AggregatorModel(drawn.game, **in_rounds(scenario, replication), **conducted(scenario, options))


def conducted(scenario: AggregatorScenario, options: dict[str, Any]) -> dict[str, Any]:
    """Options of a model, with the conducts of the scenario's groups beside those that are given."""
    if not (scenario.learners or options.get("conducts")):
        return options
    conducts = scenario.conducts | dict(options.get("conducts") or {})
    return {"judging": scenario.judging} | options | {"conducts": conducts}


def in_rounds(scenario, replication: int) -> dict[str, Any]:
    """What every model of rounds of purchases is told of a scenario: their order, limit, tolerance and damping."""
    draws = {"rng": stream(scenario.seed, replication, "", "order of activation")}
    return draws | {key: getattr(scenario, key) for key in ("rounds", "tolerance", "order", "damping")}


def _joining_model(scenario, replication, drawn, options):
    """The model in which users leave and join aggregators."""
    rules = dict(scenario.joining)
    foresight, direct = rules.pop("foresight"), rules.pop("direct")
    return JoiningModel(
        *joining_of(drawn.game, direct, alone_name(scenario.groups)),
        moving=Moving(**rules),
        foresight=foresight,
        rng=stream(scenario.seed, replication, "", "moves"),
        rounds=scenario.rounds,
        **options,
    )
