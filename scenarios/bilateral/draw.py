"""From a bilateral market's scenario to the trading of one replication, and to its Mesa model."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from agents.bilateral.model import BilateralModel
from agents.seats import refuse_conducts
from agents.streams import Streams
from market.bilateral.market import Market, MarketError, RetailTariff, assignment_game
from market.bilateral.negotiation import RULES, MessageNetwork
from market.bilateral.preferences import tag_preference
from market.bilateral.trading import DEFAULT_BLOCK, Period, Trading
from market.parameters import made
from scenarios.bilateral.keys import KEYS, BilateralScenario, blockwise
from scenarios.bilateral.prosumers import net_energy
from scenarios.drawn import Drawn
from scenarios.reading.errors import Place, quoted
from scenarios.reading.population import draw_numbers, stream
from scenarios.reading.schema import Key
from scenarios.reading.tariffs import by_period

RANGES = {key.path: key.range for key in KEYS if isinstance(key, Key)}
SMALLEST_BLOCK = 1e-6  # share of the largest quantity: programmes need numbers of like size


def draw(scenario: BilateralScenario, replication: int, place: Place) -> Drawn:
    """The trading of one replication; raises ScenarioError where its numbers make no market."""
    draws = Draws(scenario, replication)
    try:
        trading = _trading(scenario.table, draws)
        for period in trading.periods:
            check_size(scenario.table, period.market, place)
        return Drawn(trading, draws.redraws)
    except MarketError as error:
        raise place.error(str(error)) from None


def check_size(table, market, place):
    """Blocks that are neither too small nor too many, and no more agents than can pass on whole proposals."""
    rule, agents, kind = table["negotiation"]["rule"], market.buyers + market.sellers, "agents"
    energy, block = np.concatenate([market.demand, market.supply]), table.get("block", DEFAULT_BLOCK)
    least = SMALLEST_BLOCK * float(np.max(energy, initial=0.0))
    if "block" in table and block < least:
        raise place.at("block").error(
            f"got {block:g}", f"at least {least:g}, a millionth of the largest quantity, is needed"
        )
    if blockwise(table):
        agents, kind = int(np.sum(np.floor(energy / block))), f"blocks of {block:g} kWh"
    most = RULES[rule].most_agents
    if most is not None and agents > most:
        got = f"got {quoted(rule)} for {agents} {kind}"
        raise place.at("negotiation").at("rule").error(got, f"it works for at most {most}; take another rule")


class Draws:
    """What a scenario draws: one stream for each key, and how many values were drawn again until legal."""

    def __init__(self, scenario, replication):
        self.seed, self.replication, self.redraws = scenario.seed, replication, {}

    def stream(self, group, key):
        """The generator of one key."""
        return stream(self.seed, self.replication, group, key)

    def numbers(self, number, count, group, key, period=0):
        """A checked number in any form as an array of shape (count,), drawn anew in each period."""
        rng = self.stream(group, f"{key} {period}" if period else key)
        values, redraws = draw_numbers(number, count, RANGES[f"{group}.{key}" if group else key], rng)
        self.redraws[group or "pair", key] = self.redraws.get((group or "pair", key), 0) + redraws
        return values

    def matrix(self, value, shape, key):
        """A number for each pair, shape (m, n)."""
        if isinstance(value, tuple):
            return np.array(value, dtype=float).reshape(shape)
        return self.numbers(value, shape[0] * shape[1], "", key).reshape(shape)


def _trading(table, draws):
    if "prosumers" in table:
        periods, agents = _days(table, draws), int(max(table["prosumers"]["prosumer"])) + 1
        leavers = range(agents), range(agents)
    elif "pair_value" in table:
        values = np.array(table["pair_value"], dtype=float)
        market = assignment_game(values.reshape(len(table["pair_value"]), -1) if values.size else values)
        periods, agents, leavers = _sides([market])
    else:
        periods, agents, leavers = _sides(_markets(table, draws))
    return Trading(
        periods=tuple(periods),
        agents=agents,
        rule=rule_of(table),
        contracts=table["contracts"],
        matching=table["matching"],
        fair=table["fair"],
        block=table.get("block"),
        blockwise=blockwise(table),
        repair=table["negotiation"]["repair"],
        deadline=table.get("deadline"),
        leavers=_leavers(table.get("leave"), leavers, agents, draws),
        warm=table["warm_start"],
    )


def _sides(markets):
    """Periods of markets that always have the same buyers, then sellers; (periods, agents, (buyers, sellers))."""
    m, n = markets[0].buyers, markets[0].sellers
    buyers, sellers = np.arange(m), m + np.arange(n)
    return [Period(market, buyers, sellers) for market in markets], m + n, (buyers, sellers)


def _markets(table, draws):
    """Markets of drawn buyers and sellers: values, asks and tastes stay, quantities are drawn anew in each period."""
    buyers, sellers = table["buyers"], table["sellers"]
    shape = buyers["count"], sellers["count"]
    value = draws.numbers(buyers["value"], shape[0], "buyers", "value")
    ask = draws.numbers(sellers["ask"], shape[1], "sellers", "ask")
    taste, fee, cap = _by_pair(table, shape, draws)
    return [
        Market(
            value,
            draws.numbers(buyers["demand"], shape[0], "buyers", "demand", period),
            ask,
            draws.numbers(sellers["supply"], shape[1], "sellers", "supply", period),
            taste,
            fee,
            RetailTariff(**by_period(table["tariff"], period)),
            cap,
        )
        for period in range(table.get("periods", 1))
    ]


def _by_pair(table, shape, draws):
    """Preference with tags, fee, and cap or None, of all pairs."""
    taste = draws.matrix(table["preference"], shape, "preference")
    fee = draws.matrix(table["fee"], shape, "fee")
    cap = draws.matrix(table["cap"], shape, "cap") if "cap" in table else None
    return taste + _tags(table.get("tag", ()), shape, draws), fee, cap


def _tags(tags, shape, draws):
    """Preferences by tags; two tags of one name add up."""
    total = np.zeros(shape)
    names = [tag["name"] for tag in tags]
    for k, tag in enumerate(tags):
        name = f"{tag['name']} {names[:k].count(tag['name'])}"
        rng = draws.stream("tag", f"weight {name}")
        weight, draws.redraws["tag", name] = draw_numbers(tag["weight"], shape[0], RANGES["tag.weight"], rng)
        if "sellers" in tag:
            marks = np.isin(np.arange(shape[1]), tag["sellers"])
        else:
            marks = draws.stream("tag", f"share {name}").random(shape[1]) < tag["share"]
        total += tag_preference({name: weight}, {name: marks}, *shape)
    return total


def _days(table, draws):
    """Periods of prosumers, who buy when they need energy and sell when they have some left."""
    columns = {name: np.array(values) for name, values in table["prosumers"].items()}
    number, when = columns["prosumer"].astype(np.intp), columns["period"].astype(np.intp)
    agents, net = int(number.max()) + 1, net_energy(table["prosumers"])
    taste, fee, cap = _by_pair(table, (agents, agents), draws)
    found = []
    by_time, starts = np.argsort(when, kind="stable"), np.unique(np.sort(when), return_index=True)[1]
    for place, rows in enumerate(np.split(by_time, starts[1:])[: table.get("periods")]):
        buys, sells = (rows[sign * net[rows] > 0] for sign in (-1, 1))
        i, j = number[buys], number[sells]
        pairs = np.ix_(i, j)
        market = Market(
            columns["value"][buys],
            -net[buys],
            columns["ask"][sells],
            net[sells],
            taste[pairs],
            fee[pairs],
            RetailTariff(**by_period(table["tariff"], place)),
            None if cap is None else cap[pairs],
        )
        found.append(Period(market, i, j))
    return found


def rule_of(table):
    """The negotiation rule of a checked table."""
    rule = RULES[table["negotiation"]["rule"]]
    links = {key: table[key] for key in ("link_probability", "phases")}
    fair = {"fair": table["fair"]} if any(one.name == "fair" for one in fields(rule)) else {}
    return made(rule, table["negotiation"], network=MessageNetwork(**table["network"], **links), **fair)


def _leavers(leave, sides, agents, draws):
    """(Round, agents) of those who leave in the middle of every period, drawn where only their number is said."""
    if leave is None:
        return 0, ()
    if "count" in leave:
        gone = draws.stream("leave", "count").permutation(agents)[: leave["count"]]
        return leave["round"], tuple(sorted(gone.tolist()))
    named = [
        side[int(number)]
        for side, name in zip(sides, ("buyers", "sellers"), strict=True)
        for number in leave.get(name, ())
    ]
    return leave["round"], tuple(sorted({int(agent) for agent in named}))


def model(scenario: BilateralScenario, replication: int, place: Place, drawn: Drawn | None = None, **options):
    """The Mesa model of one replication, or of a trading drawn before; options go to the model."""
    refuse_conducts(options)
    drawn = draw(scenario, replication, place) if drawn is None else drawn
    rng = stream(scenario.seed, replication, "", "negotiation")
    options = {"streams": Streams(scenario.seed, replication)} | options
    return BilateralModel(drawn.game, rng=rng, rounds=scenario.rounds, **options)
