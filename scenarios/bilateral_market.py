"""From a bilateral market's scenario to the trading of one replication, and to its Mesa model."""

from __future__ import annotations

import numpy as np

from agents.bilateral_model import BilateralModel
from market.bilateral.market import Market, MarketError, Tariff, assignment_game
from market.bilateral.negotiation import RULES, Network
from market.bilateral.preferences import tag_preference
from market.bilateral.trading import Period, Trading
from scenarios.bilateral import KEYS, ON_BLOCKS, BilateralScenario
from scenarios.drawn import Drawn
from scenarios.errors import Place
from scenarios.population import draw_numbers, stream
from scenarios.prosumers import net_energy

RANGES = {key.path: key.range for key in KEYS}
PAIRS = {"worst": "worst", "cyclic": "in-turn"}  # half-space's words for whom an agent looks at


def draw(scenario: BilateralScenario, replication: int, place: Place) -> Drawn:
    """The trading of one replication; raises ScenarioError where its numbers make no market."""
    draws = Draws(scenario, replication)
    try:
        return Drawn(_trading(scenario.table, draws), draws.redraws)
    except MarketError as error:
        raise place.error(str(error)) from None


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
        values, self.redraws[group, key] = draw_numbers(number, count, RANGES[f"{group}.{key}" if group else key], rng)
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
        rule=_rule(table),
        contracts=table["contracts"],
        matching=table["matching"],
        fair=table["fair"],
        block=table.get("block"),
        blockwise=table["contracts"] == "multi" and table["negotiation"]["rule"] in ON_BLOCKS,
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
    buyers, sellers, tariff = table["buyers"], table["sellers"], Tariff(**table["tariff"])
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
            tariff,
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
    for k, tag in enumerate(tags):
        name = f"{tag['name']} {k}"
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
    for period in np.unique(when)[: table.get("periods")]:
        buys, sells = (np.flatnonzero((when == period) & (sign * net > 0)) for sign in (-1, 1))
        i, j = number[buys], number[sells]
        pairs = np.ix_(i, j)
        market = Market(
            columns["value"][buys],
            -net[buys],
            columns["ask"][sells],
            net[sells],
            taste[pairs],
            fee[pairs],
            Tariff(**table["tariff"]),
            None if cap is None else cap[pairs],
        )
        found.append(Period(market, i, j))
    return found


def _rule(table):
    chosen = dict(table["negotiation"])
    name = chosen.pop("rule")
    chosen.pop("repair")
    if "start" in chosen:
        chosen["begin"] = chosen.pop("start")
    if name == "half-space":
        chosen["pair"] = PAIRS[chosen.pop("meeting")]
    if name == "corner":
        chosen["fair"] = table["fair"]
    links = {key: table[key] for key in ("link_probability", "phases")}
    return RULES[name](network=Network(**table["network"], **links), **chosen)


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
    drawn = draw(scenario, replication, place) if drawn is None else drawn
    rng = stream(scenario.seed, replication, "", "negotiation")
    return BilateralModel(drawn.game, rng=rng, rounds=scenario.rounds, **options)
