"""From a comparison of designs to the games of one drawn population, and to the Mesa model that plays them all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agents.aggregator.model import AggregatorModel
from agents.bilateral.model import BilateralModel
from agents.designs.model import DesignsModel
from agents.microgrid.model import MicrogridModel
from agents.seats import refuse
from agents.streams import Streams
from market.aggregator.game import Block, Game
from market.bilateral.market import Market, RetailTariff
from market.bilateral.trading import Period, Trading
from market.designs.population import Population, further
from market.designs.study import Study
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

EVERYBODY_HEARS = {"network": {}, "link_probability": 0.3, "phases": 3}  # of the bilateral market's keys


def draw(scenario: DesignsScenario, replication: int, place: Place) -> Drawn:
    """The Study of one replication: one population and network, and each design's game made of them."""
    table, redraws = scenario.table, {}
    network = _network(scenario, replication, place.at("network"))
    people = _population(scenario, replication, network, redraws)
    supply = Supply(**table["price"], floor=table["tariff"]["sell"])
    study = Study(people, supply, table["tariff"]["buy"], network, None, table["base_power"])
    powered = network.with_injection(study.by_node(study.net) / study.base)
    lines = {f"microgrid {name}": _microgrid(table, name, study, powered) for name in table["behaviours"]}
    plain = _microgrid(table, "none", study, powered)
    check_flows(plain, place.at("network"))
    trading = _trading(table, study)
    check_size(table, trading.periods[0].market, place)
    games = {"direct": ("aggregator", _purchases(study, "direct", np.ones(len(people), dtype=int)))}
    sizes = split(len(people), table["aggregators"])
    for alpha in table["alphas"]:
        fair = {"alpha": alpha, "surplus_offset": table["surplus_offset"]}
        games[f"aggregators {alpha:g}"] = "aggregator", _purchases(study, "aggregator", sizes, **fair)
    games["bilateral"] = "bilateral", trading
    games |= {name: ("microgrid", game) for name, game in lines.items()}
    return Drawn(replace(study, network=powered, grid=plain.grid, games=games), redraws)


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


def _purchases(study, kind, sizes, alpha=0.0, surplus_offset=0.0):
    """The aggregator game of energy z beside own generation, at the price of net imports."""
    people = study.population
    utility = Quadratic(*further(people.a, people.b, people.generation))
    block = Block("agents", kind, utility, alpha, surplus_offset, sizes)
    return Game(study.supply.rule(float(study.fed_in.sum())), (block,))


def _trading(table, study):
    """The bilateral market of what agents need and have left at the tariff, beside that tariff."""
    buys, sells = np.flatnonzero(study.net < 0), np.flatnonzero(study.net > 0)
    need, left = -study.net[buys], study.net[sells]
    value, ask = np.full(len(buys), study.buy), np.full(len(sells), study.sell)
    market = Market(value, need, ask, left, tariff=RetailTariff(study.buy, study.sell))
    return Trading(
        periods=(Period(market, buys, sells),),
        agents=len(study.population),
        rule=rule_of(table | EVERYBODY_HEARS),
        contracts=table["contracts"],
        fair=table["fair"],
        block=table.get("block"),
        blockwise=blockwise(table),
        repair=table["negotiation"]["repair"],
    )


def _microgrid(table, behaviour, study, network):
    """The microgrid market at the tariff; what the main grid's supply costs it is the marginal cost at the tariff."""
    cost = np.clip(study.supply.price(-float(study.net.sum())), study.sell, study.buy)
    tariff = Tariff(*(float(price) * study.base for price in (study.buy, study.sell, cost)))
    profile = network.injection[None]
    rule = BEHAVIOURS[behaviour]()
    return Microgrid(network, profile, rule, tariff, "priced", table["physics"], table["payments"])


MODELS = {"aggregator": AggregatorModel, "bilateral": BilateralModel, "microgrid": MicrogridModel}


def model(scenario: DesignsScenario, replication: int, place: Place, drawn=None, **options) -> DesignsModel:
    """The Mesa model of one replication, or of a study drawn before, with a model of its own for each design.

    Raises SeatError where players of one's own are to sit there.
    """
    refuse(
        options.pop("players", None), "designs are compared with their own agents; seat others in one of its markets"
    )
    options = {"streams": Streams(scenario.seed, replication)} | options
    study = (draw(scenario, replication, place) if drawn is None else drawn).game
    own = {"aggregator": {"tolerance": scenario.table["tolerance"]}, "bilateral": {}, "microgrid": {}}
    own["bilateral"]["rng"] = stream(scenario.seed, replication, "", "negotiation")
    parts = {
        name: MODELS[market](game, rounds=scenario.rounds, streams=options["streams"], **own[market])
        for name, (market, game) in study.games.items()
    }
    return DesignsModel(study, parts, **options)
