"""From a comparison of designs to the games of one drawn population, and to the Mesa model that plays them all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agents.aggregator.model import AggregatorModel
from agents.bilateral.model import BilateralModel
from agents.days.model import DaysModel
from agents.designs.model import DesignsModel
from agents.microgrid.model import MicrogridModel
from agents.seats import refuse, refuse_conducts
from agents.streams import Streams
from market.aggregator.days.block import Homes
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.parts import Consumption
from market.aggregator.days.several import DaysGame
from market.aggregator.game import Block, Game
from market.bilateral.market import Market, RetailTariff
from market.bilateral.trading import Period, Trading
from market.designs.population import Population, further
from market.designs.study import DayStudy, Study
from market.designs.supply import Supply
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.market import Microgrid
from market.microgrid.tariff import Tariff
from market.utilities import Quadratic
from scenarios.aggregator.keys import split
from scenarios.bilateral.draw import check_size, rule_of
from scenarios.bilateral.keys import blockwise
from scenarios.designs.keys import NUMBERS, DesignsScenario, spelt_out
from scenarios.drawn import Drawn
from scenarios.microgrid import cases
from scenarios.microgrid.draw import check_flows, random_lines
from scenarios.reading.errors import Place
from scenarios.reading.population import draw_numbers, stream
from scenarios.reading.tariffs import by_period

EVERYBODY_HEARS = {"network": {}, "link_probability": 0.3, "phases": 3}  # of the bilateral market's keys


def draw(scenario: DesignsScenario, replication: int, place: Place) -> Drawn:
    """The Study, or DayStudy, of one replication: one population and network, and each design's game made of them."""
    return draw_only(scenario, replication, place, None)


def draw_only(scenario: DesignsScenario, replication: int, place: Place, only: int | None) -> Drawn:
    """The same of one period by its number, or of all where that is None."""
    table, redraws = scenario.table, {}
    network = _network(scenario, replication, place.at("network"))
    people = _population(scenario, replication, network, redraws)
    peoples = enumerate(_by_period(table, people, scenario.periods))
    hours = tuple(_study(table, t, one, network) for t, one in peoples if only in (None, t))
    profile = np.array([study.by_node(study.net) / study.base for study in hours])
    powered = network.with_injection(profile[0])
    lines = {f"microgrid {name}": _microgrid(table, name, hours, powered, profile) for name in table["behaviours"]}
    plain = _microgrid(table, "none", hours, powered, profile)
    check_flows(plain, place.at("network"))
    trading = _trading(table, hours)
    for period in trading.periods:
        check_size(table, period.market, place)
    kind, bought = ("days", _days) if "periods" in table else ("aggregator", _purchases)
    games = {"direct": (kind, bought(hours, "direct", np.ones(len(people), dtype=int)))}
    sizes = split(len(people), table["aggregators"])
    for alpha in table["alphas"]:
        fair = {"alpha": alpha, "surplus_offset": table["surplus_offset"]}
        games[f"aggregators {alpha:g}"] = kind, bought(hours, "aggregator", sizes, **fair)
    games["bilateral"] = "bilateral", trading
    games |= {name: ("microgrid", game) for name, game in lines.items()}
    hours = tuple(
        replace(study, network=powered.with_injection(row), grid=plain.grid)
        for study, row in zip(hours, profile, strict=True)
    )
    return Drawn(replace(hours[0], games=games) if "periods" not in table else DayStudy(hours, games), redraws)


def _study(table, period, people, network):
    """What is compared in one period, without games and with the network as it was drawn."""
    tariff, price = (by_period(table[name], period) for name in ("tariff", "price"))
    return Study(people, Supply(**price, floor=tariff["sell"]), tariff["buy"], network, None, table["base_power"])


def _by_period(table, people, periods):
    """The population in each period: profiles scale what agents want at every price, and what they generate."""
    if "periods" not in table:
        return [people]
    wants, sun = (_profile(table["class"], name, periods) for name in ("profile", "sun"))
    return [
        replace(
            people,
            a=people.a / np.where(wants[:, t] > 0, wants[:, t], 1.0),
            b=np.where(wants[:, t] > 0, people.b, 0.0),
            generation=people.generation * sun[:, t],
        )
        for t in range(periods)
    ]


def _profile(rows, name, periods):
    """A profile of every agent, shape (n, periods): one of its class, one of its own, or 1."""
    ones = np.ones((1, periods))
    return np.concatenate([np.broadcast_to(row.get(name, ones), (row["count"], periods)) for row in rows])


def _network(scenario, replication, place):
    """The network with private lines, drawn where the scenario says so, without injections."""
    network = cases.network_from(spelt_out(scenario.table["network"], place), place)
    if "private" not in scenario.table:
        return network
    positions, lines = random_lines(scenario, replication, network)
    return network.with_private(lines, positions)


def _population(scenario, replication, network, redraws):
    """All classes' agents in order; who has no node of its own goes round the nodes but the main grid's, ascending."""
    numbers, nodes, rows = {key.name: [] for key in NUMBERS}, [], scenario.table["class"]
    for row in rows:
        for key in NUMBERS:
            rng = stream(scenario.seed, replication, row["name"], key.name)
            values, count = draw_numbers(row[key.name], row["count"], key.range, rng)
            numbers[key.name].append(values)
            if isinstance(row[key.name], dict) and "uniform" not in row[key.name]:
                redraws[row["name"], key.name] = count
        nodes.append(np.array(row.get("node", (-1,) * row["count"]), dtype=np.intp))
    node = np.concatenate(nodes)
    round_the_nodes = network.agents[np.arange(len(node)) % len(network.agents)]
    counts = [row["count"] for row in rows]
    return Population(
        **{name: np.concatenate(values) for name, values in numbers.items()},
        node=np.where(node < 0, round_the_nodes, node),
        member=np.repeat(np.arange(len(rows)), counts),
        classes=tuple(row["name"] for row in rows),
    )


def _purchases(hours, kind, sizes, alpha=0.0, surplus_offset=0.0):
    """The aggregator game of energy z beside own generation, at the price of net imports."""
    (study,) = hours
    people = study.population
    utility = Quadratic(*further(people.a, people.b, people.generation))
    block = Block("agents", kind, utility, alpha, surplus_offset, sizes)
    return Game(study.supply.rule(float(study.fed_in.sum())), (block,))


def _days(hours, kind, sizes, alpha=0.0, surplus_offset=0.0):
    """The same over a day: players decide all periods at once, and are fair in their users' surplus of the day."""
    people = [study.population for study in hours]
    a, b = np.transpose([further(one.a, one.b, one.generation) for one in people], (1, 2, 0))
    users = np.arange(len(people[0]))
    homes = Homes(
        "agents",
        kind,
        np.asarray(sizes),
        {"consumption": Consumption(users, a, b)},
        np.zeros(len(users), dtype=bool),
        alpha=alpha,
        surplus_offset=surplus_offset,
    )
    prices = tuple(study.supply.rule(float(study.fed_in.sum())) for study in hours)
    return DaysGame((Day(Clock(len(hours)), prices, (homes,)),))


def _period(study):
    """What agents need and have left at the tariff in one period, beside that tariff."""
    buys, sells = np.flatnonzero(study.net < 0), np.flatnonzero(study.net > 0)
    need, left = -study.net[buys], study.net[sells]
    value, ask = np.full(len(buys), study.buy), np.full(len(sells), study.sell)
    return Period(Market(value, need, ask, left, tariff=RetailTariff(study.buy, study.sell)), buys, sells)


def _trading(table, hours):
    """The bilateral market of what agents need and have left at the tariff, period by period."""
    return Trading(
        periods=tuple(map(_period, hours)),
        agents=len(hours[0].population),
        rule=rule_of(table | EVERYBODY_HEARS),
        contracts=table["contracts"],
        fair=table["fair"],
        block=table.get("block"),
        blockwise=blockwise(table),
        repair=table["negotiation"]["repair"],
    )


def _microgrid(table, behaviour, hours, network, profile):
    """The microgrid market at the tariff, injections by period (periods, nodes)."""
    tariffs = tuple(map(_tariff, hours))
    rule = BEHAVIOURS[behaviour]()
    tariff = tariffs[0] if len(tariffs) == 1 else tariffs
    return Microgrid(network, profile, rule, tariff, "priced", table["physics"], table["payments"])


def _tariff(study):
    """The tariff per p.u.; what the main grid's supply costs it is the marginal cost at the tariff."""
    cost = np.clip(study.supply.price(-float(study.net.sum())), study.sell, study.buy)
    return Tariff(*(float(price) * study.base for price in (study.buy, study.sell, cost)))


MODELS = {"aggregator": AggregatorModel, "days": DaysModel, "bilateral": BilateralModel, "microgrid": MicrogridModel}


def model(scenario: DesignsScenario, replication: int, place: Place, drawn=None, **options) -> DesignsModel:
    """The Mesa model of one replication, or of a study drawn before, with a model of its own for each design.

    Raises SeatError where players of one's own are to sit there.
    """
    refuse(
        options.pop("players", None), "designs are compared with their own agents; seat others in one of its markets"
    )
    refuse_conducts(options)
    options = {"streams": Streams(scenario.seed, replication)} | options
    study = (draw(scenario, replication, place) if drawn is None else drawn).game
    settled = {"tolerance": scenario.table["tolerance"]}
    own = {"aggregator": settled, "days": settled, "bilateral": {}, "microgrid": {}}
    own["bilateral"]["rng"] = stream(scenario.seed, replication, "", "negotiation")
    parts = {
        name: MODELS[market](game, rounds=scenario.rounds, streams=options["streams"], **own[market])
        for name, (market, game) in study.games.items()
    }
    return DesignsModel(study, parts, **options)
