"""From a microgrid's scenario to the market of one replication, and to its Mesa model."""

from __future__ import annotations

from functools import partial

import numpy as np

from agents.microgrid.model import MicrogridModel
from agents.seats import refuse_conducts
from agents.streams import Streams
from market.grid.lines import NetworkError
from market.joining import Moving
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.market import Microgrid
from market.microgrid.partitions import LEAST_GAIN
from market.microgrid.payments import PAYMENTS
from market.microgrid.random_lines import random_private
from market.microgrid.tariff import Tariff
from market.parameters import made, parameters_of
from scenarios.drawn import Drawn
from scenarios.microgrid import cases
from scenarios.microgrid.keys import KEYS, MicrogridScenario
from scenarios.reading.errors import Place
from scenarios.reading.population import draw_numbers, stream
from scenarios.reading.tariffs import by_period

COST = next(key for key in KEYS if key.path == "network.cost")


def draw(scenario: MicrogridScenario, replication: int, place: Place) -> Drawn:
    """The market of one replication: its network with private lines, drawn where the scenario says so."""
    table, redraws = scenario.table, {}
    network = cases.spelt_out(table["network"], place.at("network"))
    profile = np.array(table.get("injection", network["injection"]))
    cost = network.get("cost")
    if cost is not None:
        rng = stream(scenario.seed, replication, "network", COST.name)
        cost, redraws["network", COST.name] = draw_numbers(cost, profile.shape[1], COST.range, rng)
    built = cases.network_from(network, place.at("network"), profile[0], cost)
    if "private" in table:
        positions, lines = random_lines(scenario, replication, built)
        built = built.with_private(lines, positions)
    market = _market(table, built, profile, partial(stream, scenario.seed, replication, "coalition", "moves"))
    check_flows(market, place.at("network"))
    return Drawn(market, redraws)


def check_flows(market, place):
    """Raise ScenarioError where physics leaves the public flows open; what it builds the run then uses."""
    try:
        _ = market.grid
    except NetworkError as error:
        raise place.error(str(error), "other reactances, or physics = 'r', are needed") from None


def random_lines(scenario, replication, network):
    """Positions and lines; the generator is default_rng(seed) in replication 0, spawned from the seed in others."""
    private = dict(scenario.table["private"])
    seed = private.pop("seed", scenario.seed)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(replication,) if replication else ()))
    return random_private(network.nodes, network.slack, private.pop("density"), rng, private.pop("side_km"), **private)


def _market(table, network, profile, draws):
    return Microgrid(
        network,
        profile,
        made(BEHAVIOURS[table["behaviour"]], table),
        _tariff(table["tariff"], len(profile)),
        table["losses"],
        table["physics"],
        table["payments"],
        table["coalition"]["form"],
        table["coalition"].get("belief", "gamma"),
        partial(_joining, table["coalition"], draws),
        {key: table[key] for key in parameters_of(PAYMENTS[table["payments"]])},
    )


def _tariff(tariff, periods):
    """One Tariff, or one a period where some price varies."""
    if not any(isinstance(price, tuple) for price in tariff.values()):
        return Tariff(**tariff)
    return tuple(Tariff(**by_period(tariff, period)) for period in range(periods))


def _joining(coalition, draws):
    """The options of joining, with a generator of its own; empty for another form."""
    if coalition["form"] != "joining":
        return {}
    moving = Moving(coalition["inertia"], coalition["order"], LEAST_GAIN)
    return {key: coalition[key] for key in ("division", "start", "rounds")} | {"moving": moving, "rng": draws()}


def model(scenario: MicrogridScenario, replication: int, place: Place, drawn: Drawn | None = None, **options):
    """The Mesa model of one replication, or of a market drawn before; options go to the model."""
    refuse_conducts(options)
    drawn = draw(scenario, replication, place) if drawn is None else drawn
    usual = {"lines_per_round": scenario.table.get("lines_per_round"), "streams": Streams(scenario.seed, replication)}
    options = usual | options
    return MicrogridModel(drawn.game, rounds=scenario.rounds, **options)
