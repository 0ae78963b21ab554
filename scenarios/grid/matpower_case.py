"""Case files of MATPOWER (`.m`, format 2 and 1) as the table of a network that scenario files spell out.

Its model is that of MATPOWER's own DC power flow (User's Manual 8.1, sections 3 and 6.2): b = 1 / (x τ), a shift is a
pair of injections, shunts Gs are demand, voltages are 1. Costs are polynomials of degree two at most, or piecewise
linear and convex. A generator from PMIN < 0 on is a demand of −PMIN that is always there and one from 0 on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise

from scenarios.grid.matlab_tables import Matlab, Table, read_tables
from scenarios.reading.errors import Place, nearest, quoted
from scenarios.reading.schema import MOST_TABLES

COLUMNS = {"bus": 13, "gen": 10, "branch": 11, "gencost": 5}  # the least of format 1
BUS, TYPE, DEMAND, SHUNT = 0, 1, 2, 4
AT, STATUS, MOST, LEAST = 0, 7, 8, 9
FROM, TO, X, LIMIT, RATIO, SHIFT, IN_SERVICE, LOWEST_ANGLE, HIGHEST_ANGLE = 0, 1, 3, 5, 8, 9, 10, 11, 12
MODEL, COUNT, FIRST = 0, 3, 4  # of a cost
ISOLATED, TYPES = 4, (1, 2, 3, 4)
PIECEWISE, POLYNOMIAL = 1, 2
DC_LINE, DC_STATUS = "dcline", 2
SILENT = ("bus_name", "branch_name", "gen_name", "gentype", "genfuel", "areas", "dclinecost")  # say nothing of flows
SLOPE_ROUNDING = 1e-4  # of the largest slope: by which a piecewise cost may seem to bend down, points being rounded


def table_of_case(content: bytes, place: Place) -> dict:
    """The spelt-out table of a network from a case file's bytes; raises ScenarioError naming table and line.

    `left_out` tells what the file holds and the model does not.
    """
    found = read_tables(content, (*COLUMNS, DC_LINE), place)
    base = _base(found, place)
    for name, least in COLUMNS.items():
        _check_table(found, name, least, place)
    buses = _buses(found.tables["bus"], place.at("bus"))
    lines, told = _lines(found.tables["branch"], buses, place.at("branch"))
    generators, fixed, cost = _generators(found, buses, place)
    nodes = [
        {"name": name, "demand": row[DEMAND] + row[SHUNT] + fixed.get(name, 0.0)} for name, row in buses.items() if row
    ]
    left_out = [*_isolated(buses), *told, *_others(found)]
    table = {"base_power": base, "node": nodes, "line": lines, "generator": generators, "fixed_cost": cost}
    return {key: value for key, value in table.items() if value} | ({"left_out": left_out} if left_out else {})


def _base(found: Matlab, place):
    """MW of a p.u., and whether the file's format is one that is known."""
    version = found.values.get("version", "1" if not found.struct else "")
    if version not in ("1", "2"):
        got = f"got {quoted(version)}" if version else "is missing"
        raise place.at("version").error(got, "'2' is needed, the format of MATPOWER's case files")
    try:
        base = float(found.values["baseMVA"])
    except (KeyError, ValueError):
        base = math.nan
    if not 0 < base < math.inf:
        got = f"got {quoted(found.values['baseMVA'])}" if "baseMVA" in found.values else "is missing"
        raise place.at("baseMVA").error(got, "a number > 0 is needed, MW of a p.u.")
    return base


def _check_table(found, name, least, place):
    place = place.at(name)
    if name not in found.tables:
        near = nearest(name, [other for other in (*found.others, *found.values) if other not in SILENT])
        said = "a case without costs has no prices" if name == "gencost" else "a case needs it"
        raise place.error("is missing", said, near)
    table: Table = found.tables[name]
    if not table.rows:
        raise place.error(f"line {table.line}: the table is empty", "at least one row is needed")
    if len(table.rows) > MOST_TABLES and name != "gencost":
        raise place.error(f"{len(table.rows):,} rows", f"at most {MOST_TABLES:,} are possible")
    if len(table.rows[0]) < least:
        got = f"line {table.lines[0]}: {len(table.rows[0])} columns"
        raise place.error(got, f"at least {least} are needed, as MATPOWER's format has them")


def _checked(table: Table, column, name, fine: Callable[[float], bool], allowed, place):
    """Raise ScenarioError on the first row whose number in a column is not fine."""
    for row, line in zip(table.rows, table.lines, strict=True):
        if not fine(row[column]):
            raise place.error(f"line {line}: {name} is {row[column]:g}", f"{allowed} is needed")


def _buses(table, place) -> dict[str, list[float]]:
    """{name: row} of the buses in the file's order, an empty row for one that is isolated."""
    _checked(table, BUS, "the bus number", lambda value: value > 0 and value.is_integer(), "a whole number > 0", place)
    _checked(table, TYPE, "the type", TYPES.__contains__, "1, 2, 3 or 4", place)
    for column, name in ((DEMAND, "PD"), (SHUNT, "GS")):
        _checked(table, column, name, math.isfinite, "a finite number", place)
    buses: dict[str, list[float]] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        name = _called(row[BUS])
        if name in buses:
            raise place.error(f"line {line}: bus {name} is there already", "numbers must differ")
        buses[name] = [] if row[TYPE] == ISOLATED else row
    return buses


def _called(number):
    return str(int(number)) if number.is_integer() else f"{number:g}"


def _bus(row, column, line, buses, place):
    """The name of a bus that a row names; raises ScenarioError where there is none."""
    name = _called(row[column]) if math.isfinite(row[column]) else str(row[column])
    if name not in buses:
        raise place.error(f"line {line}: there is no bus {name}", "a number of the table bus is needed")
    return name


def _lines(table, buses, place):
    """(Lines in service as a scenario file has them, what is left out of them)."""
    _checked(table, IN_SERVICE, "the status", (0, 1).__contains__, "0 or 1", place)
    for column, name, fine, allowed in (
        (X, "x", lambda value: math.isfinite(value) and value != 0, "a finite number other than 0"),
        (LIMIT, "rateA", lambda value: value >= 0, "a number >= 0 (0: no limit)"),
        (RATIO, "the ratio", lambda value: 0 <= value < math.inf, "a number >= 0 (0: none)"),
        (SHIFT, "the angle", lambda value: abs(value) <= 360, "a number from -360 to 360"),
    ):
        _checked(table, column, name, fine, allowed, place)
    lines, angles = [], 0
    for row, line in zip(table.rows, table.lines, strict=True):
        tail, head = (_bus(row, column, line, buses, place) for column in (FROM, TO))
        if tail == head:
            raise place.error(f"line {line}: it goes from bus {tail} to itself", "two buses are needed")
        if not (row[IN_SERVICE] and buses[tail] and buses[head]):
            continue
        limit = {"limit": row[LIMIT]} if 0 < row[LIMIT] < math.inf else {}
        ratio = {"ratio": row[RATIO]} if row[RATIO] not in (0, 1) else {}
        shift = {"shift": row[SHIFT]} if row[SHIFT] else {}
        lines.append({"from": tail, "to": head, "x": row[X]} | limit | ratio | shift)
        angles += _has_angle_limit(row)
    return lines, [f"limits on the angle of {_many(angles, 'branch', 'branches')}"] if angles else []


def _has_angle_limit(row):
    if len(row) <= HIGHEST_ANGLE:
        return False
    low, high = row[LOWEST_ANGLE], row[HIGHEST_ANGLE]
    return (low != 0 and low > -360) or (high != 0 and high < 360)


def _generators(found, buses, place):
    """(Generators in service, {bus: demand from those that may take in}, cost that is always there)."""
    table, costs = found.tables["gen"], found.tables["gencost"]
    here = place.at("gen")
    _checked(table, STATUS, "the status", math.isfinite, "a number (> 0: in service)", here)
    if len(costs.rows) not in (len(table.rows), 2 * len(table.rows)):
        got = f"{len(costs.rows)} rows, but gen has {len(table.rows)}"
        raise place.at("gencost").error(got, "one a generator is needed, or two with those of reactive power")
    generators, fixed, cost = [], {}, 0.0
    for number, (row, line) in enumerate(zip(table.rows, table.lines, strict=True)):
        name = _bus(row, AT, line, buses, here)
        if row[STATUS] <= 0 or not buses[name]:
            continue
        least, most = _range(row, line, here)
        pieces, always = _cost(costs, number, least, most, place.at("gencost"))
        cost += always
        if least < 0:
            fixed[name] = fixed.get(name, 0.0) - least
        if most > least or most > 0:
            generators += _rows(name, pieces, number)
    if not generators:
        raise here.error(f"line {table.line}: no generator is in service", "at least one with PMAX > 0 is needed")
    return generators, fixed, cost


def _range(row, line, place):
    least, most = row[LEAST], row[MOST]
    for name, value in (("PMAX", most), ("PMIN", least)):
        if not math.isfinite(value):
            raise place.error(f"line {line}: {name} is {value:g}", "a finite number is needed")
    if least > most:
        raise place.error(f"line {line}: PMIN {least:g} is above PMAX {most:g}", "PMIN <= PMAX is needed")
    return least, most


def _rows(node, pieces, number):
    """A generator's rows in a scenario file: one a piece of its cost, of one name where there are several."""
    several = {"name": f"g{number + 1}"} if len(pieces) > 1 else {}
    for least, most, slope, rise in pieces:
        row = {"node": node, "capacity": most, "cost": slope}
        yield row | ({"rise": rise} if rise else {}) | ({"least": least} if least else {}) | several


Piece = tuple[float, float, float, float]  # least and most output, marginal cost at none, its rise


def _cost(costs, number, least, most, place) -> tuple[list[Piece], float]:
    """(Pieces of the cost of output above `start`, the cost at `start`), start the lower of 0 and the least output."""
    row, line = costs.rows[number], costs.lines[number]
    start = min(least, 0.0)
    if row[MODEL] == POLYNOMIAL:
        slope, rise, always = _polynomial(row, line, place)
        at_start = always + slope * start + rise * start**2 / 2
        return [(max(least, 0.0), most - start, slope + rise * start, rise)], at_start
    if row[MODEL] == PIECEWISE:
        return _piecewise(_points(row, line, place), least, most, start, line, place)
    raise place.error(f"line {line}: the model is {row[MODEL]:g}", "1, piecewise linear, or 2, a polynomial, is needed")


def _numbers(row, line, each, place) -> Sequence[float]:
    """The numbers of a cost: as many coefficients, or pairs, as its row says."""
    count = row[COUNT]
    if not (math.isfinite(count) and count.is_integer() and count >= (1 if each == 1 else 2)):
        raise place.error(f"line {line}: NCOST is {count:g}", f"a whole number >= {each} is needed")
    numbers = row[FIRST : FIRST + each * int(count)]
    if len(numbers) < each * count:
        got = f"line {line}: {len(numbers)} numbers of a cost, NCOST is {count:g}"
        raise place.error(got, f"{each * int(count)} are needed")
    if not all(map(math.isfinite, numbers)):
        raise place.error(f"line {line}: a number of the cost is infinite", "finite numbers are needed")
    return numbers


def _polynomial(row, line, place):
    """(Marginal cost at no output, its rise, cost at no output)."""
    numbers = _numbers(row, line, 1, place)
    *higher, square, slope, always = [0.0, 0.0, 0.0, *numbers]
    if any(higher):
        raise place.error(f"line {line}: a cost of degree {len(numbers) - 1}", "degree two at most is needed")
    if square < 0:
        raise place.error(f"line {line}: the quadratic cost is {square:g}", "a number >= 0 is needed")
    return slope, 2 * square, always


def _points(row, line, place):
    numbers = _numbers(row, line, 2, place)
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    for (low, _), (high, _) in pairwise(points):
        if high <= low:
            raise place.error(f"line {line}: after {low:g} MW comes {high:g} MW", "points must ascend")
    return points


def _piecewise(points, least, most, start, line, place):
    """Pieces of a piecewise linear cost, its first and last going on beyond the points."""
    slopes = [(after[1] - at[1]) / (after[0] - at[0]) for at, after in pairwise(points)]
    rounding = SLOPE_ROUNDING * max(map(abs, slopes))
    for k in range(len(slopes) - 1):
        if slopes[k + 1] < slopes[k] - rounding:
            got = f"line {line}: {slopes[k + 1]:g} a MW after {slopes[k]:g}"
            raise place.error(got, "a cost that bends down is not convex: slopes must not fall")
    slopes = list(accumulate(slopes, max))
    edges = [-math.inf, *(power for power, _ in points[1:-1]), math.inf]
    pieces = []
    for k, slope in enumerate(slopes):
        low, high = max(edges[k], start), min(edges[k + 1], most)
        if high > low:
            pieces.append((min(max(least - low, 0.0), high - low), high - low, slope, 0.0))
    k = next(k for k in range(len(slopes)) if start <= edges[k + 1])
    at_start = points[k][1] + slopes[k] * (start - points[k][0])
    return pieces, at_start


def _isolated(buses) -> Iterator[str]:
    count = sum(not row for row in buses.values())
    if count:
        yield f"{_many(count, 'isolated bus', 'isolated buses')}, with all that is there"


def _others(found) -> Iterator[str]:
    """What the file holds besides the four tables."""
    lines = sum(row[DC_STATUS] > 0 for row in found.tables[DC_LINE].rows) if DC_LINE in found.tables else 0
    if lines:
        yield f"{_many(lines, 'direct-current line')}"
    for name in found.others:
        if name not in SILENT:
            yield f"the table {name}"


def _many(count, one, several=""):
    return f"{count} {one if count == 1 else several or one + 's'}"
