"""From an aggregator market on a network to the game of one replication, and to its Mesa model."""

from __future__ import annotations

from agents.network.model import NetworkModel
from agents.streams import Streams
from market.aggregator.game import Block
from market.aggregator.network.game import NetworkGame
from market.aggregator.network.producers import Producers
from market.aggregator.tariffs import taxed
from market.grid.lines import NetworkError
from scenarios.aggregator.draw import check_bounded, conducted, drawn_blocks, in_rounds
from scenarios.drawn import Drawn
from scenarios.network.keys import PRODUCERS, NetworkScenario, Producer
from scenarios.reading.errors import Place
from scenarios.reading.population import draw_numbers, stream


def draw(scenario: NetworkScenario, replication: int, place: Place) -> Drawn:
    """The game of one replication; raises ScenarioError where flows are not defined."""
    users, redraws = drawn_blocks(scenario.buyers, scenario.seed, replication)
    known = {block.name: block for block in users}
    grid = scenario.grid
    blocks = [
        known.get(group.name) or _producers(group, scenario.seed, replication, redraws) for group in scenario.groups
    ]
    places = [grid.shares(group.shares) for group in scenario.groups]
    anticipates = tuple(group.anticipates for group in scenario.groups)
    game = taxed(NetworkGame(grid, tuple(blocks), tuple(places), anticipates), scenario.levied())
    try:
        _ = game.operator
    except NetworkError as error:
        raise place.at("network").error(str(error), "other reactances are needed") from None
    for block, at in zip(game.blocks, places, strict=True) if scenario.learners else ():
        if isinstance(block, Block):
            check_bounded(scenario, (block,), float(at @ game.first_prices), place)
    return Drawn(game, redraws)


def _producers(group: Producer, seed, replication, redraws) -> Producers:
    """A group of producers, its numbers drawn where the file says so."""
    numbers = {}
    for key in PRODUCERS:
        number = getattr(group, key.name)
        rng = stream(seed, replication, group.name, key.name)
        numbers[key.name], count = draw_numbers(number, group.count, key.range, rng)
        if isinstance(number, dict) and "uniform" not in number:
            redraws[group.name, key.name] = count
    return Producers(group.name, **numbers)


def model(scenario: NetworkScenario, replication: int, place: Place, drawn: Drawn | None = None, **options):
    """The Mesa model of one replication, its population drawn unless given; options go to it unchanged.

    Raises SeatError where players of one's own cannot sit as they are to.
    """
    drawn = draw(scenario, replication, place) if drawn is None else drawn
    options = {"streams": Streams(scenario.seed, replication)} | options
    return NetworkModel(drawn.game, **in_rounds(scenario, replication), **conducted(scenario, options))
