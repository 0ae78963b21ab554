"""Numbers that others published about networks and duopolies, each with its source and the tolerance allowed."""

from pathlib import Path

import numpy as np

from market.aggregator.network.direct import solve
from market.aggregator.network.game import NetworkGame
from market.aggregator.network.measures import producer_surplus, total_welfare
from market.aggregator.network.producers import Producers
from market.grid.clearing import clear
from market.grid.nodal import nodal_grid
from papers.claims import judge
from scenarios import draw, load
from scenarios.grid import nodal_tables
from scenarios.reading.errors import Place

FIGURE = "network"
SMALL_RISE = 1e-6  # least_rise at which prices are those of flat costs to the digits printed
TILTED_PRICES = 0.02  # by how much prices move for least_rise at its default of 0.01
PRINTED_DIGITS = 5.1e-5  # of four digits behind the point
WHY = "flat costs need least_rise: at 1e-6 to the digits printed, at the default 0.01 within 0.02"
LI_BO = "Li and Bo (2010), MATPOWER's case5"
NINE = "MATPOWER's t_case9_opf, DC"
DATA_CENTRE = "our own, not published"


def of_case(case, least_rise=SMALL_RISE):
    """(A shipped case cleared, what its generators cost whatever they make)."""
    table = {"case": case, "value_of_lost_load": 1000.0, "least_rise": least_rise, "demand_scale": 1.0}
    return clear(nodal_tables.grid_of(table, Place(case, Path()))), nodal_tables.spelt_out(table).get("fixed_cost", 0.0)


def claims():
    """All rows of published numbers, and two of our own."""
    return [*_five_bus(), *_nine_bus(), _rts(), _baker(), _duopoly(), *_three_hours(), *_gabriel(), *_data_centre()]


def _off(found, wanted):
    return float(np.max(np.abs(np.asarray(found) - np.asarray(wanted))))


def _case(name, source, cost, output, wanted):
    """Cost, generation by generator and prices of a case, and prices with least_rise at its default."""
    (cleared, fixed), (tilted, _) = of_case(name), of_case(name, 0.01)
    made = np.bincount(cleared.grid.generators.unit, cleared.generation)
    off = {"cost": cleared.generation_cost + fixed, "price, off by": _off(cleared.prices, wanted)}
    off |= {"generation, off by": _off(made, output)}
    held = abs(off["cost"] - cost) < 6e-3 and off["price, off by"] < PRINTED_DIGITS and off["generation, off by"] < 1e-3
    moved = _off(tilted.prices, wanted)
    text = f"{source}: cost {cost:.4f}, generation, prices"
    default = judge(
        FIGURE,
        f"{source}: prices with least_rise at its default",
        moved < TILTED_PRICES,
        {"off by": moved},
        reason="tolerance 0.02: every flat cost is tilted by 0.01 from empty to full",
    )
    return cleared, [judge(FIGURE, text, bool(held), off, reason=WHY), default]


def _five_bus():
    prices = (16.9774, 26.3845, 30, 39.9427, 10)
    cleared, made = _case("five_bus", LI_BO, 17479.8969, (40, 170, 323.4948, 0, 466.5052), prices)
    worth = dict(zip(cleared.grid.line_names, np.abs(cleared.multipliers), strict=True))["4-5"]
    text = f"{LI_BO}: a unit of line 4-5 (limit 240) is worth 62.322"
    return [*made, judge(FIGURE, text, abs(worth - 62.322) < 5.1e-4, {"worth": worth}, reason=WHY)]


def _nine_bus():
    prices = (19.6598, 24.035, 15, 19.6598, 18.0235, 15, 25.3156, 24.035, 21.1715)
    return _case("nine_bus", NINE, 6392.9017, (90, 95.3484, 129.6516), prices)[1]


def _rts():
    cleared, fixed = of_case("rts_24")
    cost = cleared.generation_cost + fixed
    text = "PGLib's table, case24_ieee_rts: DC cost 61001.24"
    return judge(FIGURE, text, abs(cost - 61001.24) < 6e-3, {"cost": cost}, reason="to the two digits printed")


def _baker():
    grid = nodal_grid(
        "123",
        demand=[0, 0, 100],
        lines=[(0, 1, 1.0, np.inf), (1, 2, 1.0, np.inf), (0, 2, 1.0, 10.0)],
        generators=[(0, 10.0, 0.0, 1e3), (1, 20.0, 0.0, 1e3), (2, 100.0, 0.0, 1e3)],
        least_rise=SMALL_RISE,
    )
    cleared = clear(grid)
    numbers = {"cost": cleared.generation_cost} | {f"price {k + 1}": p for k, p in enumerate(cleared.prices)}
    held = abs(numbers["cost"] - 7600) < 1e-3 and _off(cleared.prices, (-60, 20, 100)) < 1e-4
    return judge(FIGURE, "Baker's three buses: cost 7600, prices -60, 20, 100", bool(held), numbers, reason=WHY)


def _duopoly():
    y = solve(draw(load("cournot_duopoly")).game).outcome.y
    text = "ZERO/EPECsolve's duopoly, P = 100 - Q: 28.27102804, 27.80373832"
    held = _off(y, (28.27102804, 27.80373832)) < 1e-7
    return judge(FIGURE, text, held, {"one": y[0], "other": y[1]}, reason="tolerance 1e-7")


def _three_hours():
    game = draw(load("cournot_three_hours")).game
    takers = NetworkGame(game.grid, game.blocks, game.places, ("nothing",) * len(game.blocks))
    made = []
    rows = (("price-takers", takers, 3.60, 15.60, 282.13), ("Cournot", game, 10.00, 10.80, 240.03))
    for name, played, price, gas, welfare in rows:
        outcome = solve(played).outcome
        sun = producer_surplus(played, outcome) - float(np.sum(outcome.profits))
        numbers = {"mean price": float(np.mean(outcome.cleared.prices)), "gas": float(np.sum(outcome.y))}
        numbers |= {"welfare without what sun earns": total_welfare(played, outcome) - sun}
        off = np.abs(np.array(list(numbers.values())) - (price, gas, welfare))
        text = f"PyPSA's imperfect competition, {name}: mean price {price:.2f}, gas {gas:.2f}, welfare {welfare:.2f}"
        reason = "0.005 for price and gas, 0.03 for welfare: the sun's flat cost is tilted by least_rise"
        made.append(judge(FIGURE, text, bool(np.all(off < (5e-3, 5e-3, 0.03))), numbers, reason=reason))
    return made


def _gabriel():
    """Three firms of two units each; at the market's end the second one runs at the first firm alone."""
    made = []
    firms = [("first", 37_000.0, 0.81), ("second", 17_000.0, 0.62), ("third", 18_000.0, 0.78)]
    game = _oligopoly(firms, ("network",) * 3)
    outcome = solve(game).outcome
    price, total = float(outcome.cleared.prices[0]), float(np.sum(outcome.y))
    # marginal revenue of a unit more: below the dearer units' costs of 1.25 and 1.35, above the cheap one's 0.55
    revenue = price - outcome.y / 60_000
    inside = bool(revenue[1] < 1.25 and revenue[2] < 1.35 and outcome.y[0] > 21_000)
    numbers = {"price": price, "quantity": total, "first": outcome.y[0]}
    text = "Gabriel et al. (2013), ch. 3: Cournot price 1.3633, quantity 68200"
    reason = (
        "firms by the unit at the margin: the first beyond its cheap 21000, the others' dear units not worth running"
    )
    held = inside and abs(price - 1.3633) < 5.1e-5 and abs(total - 68_200) < 0.5
    made.append(judge(FIGURE, text, bool(held), numbers, reason=reason))
    units = [(0.55, 21_000), (0.81, 16_000), (0.62, 17_000), (1.25, 22_000), (0.78, 18_000), (1.35, 14_000)]
    rows = [(0, cost, 0.0, float(capacity)) for cost, capacity in units]
    cleared = clear(nodal_grid("a", generators=rows, elastic=[(0, 2.5, 150_000.0)], least_rise=SMALL_RISE))
    numbers = {"price": float(cleared.prices[0]), "quantity": float(np.sum(cleared.generation))}
    held = abs(numbers["price"] - 1.25) < 1e-6 and abs(numbers["quantity"] - 75_000) < 0.5
    text = "the same units, all sold at cost: 75000 at 1.25"
    return [*made, judge(FIGURE, text, bool(held), numbers, reason=DATA_CENTRE)]


def _oligopoly(firms, conducts):
    """Firms (name, capacity, cost) at one node with P = 2.5 - Q / 60000."""
    grid = nodal_grid("a", elastic=[(0, 2.5, 150_000.0)])
    blocks = tuple(Producers(name, np.array([cap]), np.array([cost]), np.zeros(1)) for name, cap, cost in firms)
    return NetworkGame(grid, blocks, (np.ones(1),) * len(firms), conducts)


def _data_centre():
    grid = load("data_centre_five_bus").grid
    cleared = clear(grid)
    off = _off(cleared.prices, (17.6773, 26.9239, 30.4777, 40.2508, 10.8191))
    made_off = _off(cleared.generation, (40, 170, 248.412, 50.151, 491.437))
    text = "five buses, least_rise = 1: base prices 17.6773 … 10.8191, generation 40, 170, 248.412, 50.151, 491.437"
    base = judge(
        FIGURE,
        text,
        off < PRINTED_DIGITS and made_off < 6e-4,
        {"price, off by": off, "generation, off by": made_off},
        reason=DATA_CENTRE,
    )
    made = [base]
    for node, wanted in (("4", 96), ("2", 164)):
        game = draw(load("data_centre_five_bus", set=[f"group.3.node={node!r}"])).game
        alone = NetworkGame(game.grid, game.blocks[3:], game.places[3:], game.conducts[3:])
        bought = float(solve(alone).outcome.y[0])
        text = f"a data centre U = 60x - x²/10 alone at node {node} buys about {wanted}"
        made.append(judge(FIGURE, text, abs(bought - wanted) < 1, {"buys": bought}, reason=DATA_CENTRE))
    return made
