"""Random markets on networks and over days, stepped and direct, in two systems of units: they tell the same.

Each ends in a known status with finite numbers, or is refused in a line; what one way proves the other does not deny;
in other units of energy and money the status is the same and all numbers are in proportion. A share in the usual
suite, all by `make nightly`; a failure names market and number.
"""

import math
import re

import numpy as np
import pytest

from engine.results import all_measured, units_of
from market.outcome import Status
from scenarios.loading import keys_of
from tests.hardening.cases import NIGHTLY, chunks
from tests.hardening.legal_markets import LEGAL
from tests.hardening.mutations import written
from tests.hardening.test_legal_markets import PROVEN, ended
from tests.hardening.units_of_files import PAIR, POWER, UNITS, in_units

DECADES = (-4, 6)  # of a unit
SAME = 1e-6  # of the largest number in the same unit
FINE = 1e-6  # tolerance of rounds from which on their end is held against the direct solution
SAME_TIED = 1e-3  # the same where max-min leaves open what users above the least have
LEAST = ("least small surplus", "gap")  # what max-min does not leave open
SAME_END = 1e-3  # of the largest number: rounds stop within their tolerance, and errors add up
LEFT_OPEN = (
    "efficiency",
    "price of anarchy",
    "gap anticipating",
    "through batteries",
)  # shares of next to nothing, ties
MEASURED = {"energy", "money", "mass", "MW", "MWh", "MW²h"}  # parts of a unit's name that stand for other units too
ROUNDS = {Status.SETTLED, Status.ROUND_LIMIT}
LITTLE = 1e-6  # a number of any unit in files whose numbers are of about one: what is far below it is rounding
QUICK = {
    "network": (1, 2, 6, 10),
    "days": (2, 3, 4, 5, 7, 9, 34, 36, 39, 94),
}  # of the usual suite: no search of seconds


def trouble(market, number, folder):
    """What is wrong with one case, None where nothing is; cases that ship have units of their own."""
    table, path = LEGAL[market](number), folder / "market.toml"
    shipped = "case" in table.get("network", {})
    results = []
    for direct in (False, True):
        path.write_text(written(table if shipped else in_units(table, market, 1.0, 1.0)), encoding="utf-8")
        status, wrong, result = ended(path, direct)
        if wrong:
            return f"{'direct' if direct else 'stepped'}: {status}: {wrong}"
        results.append(result)
    units = (10.0 ** np.random.default_rng([number, 3]).uniform(*DECADES, 2)).tolist()
    denied = contradiction(*results)
    if denied or shipped:
        return denied
    path.write_text(written(in_units(table, market, *units)), encoding="utf-8")
    direct = number % 2 == 1
    return in_other_units(results[direct], *ended(path, direct), units)


def contradiction(stepped, direct):
    """What rounds and the direct solution say against each other, None where nothing."""
    if stepped is None or direct is None:
        return None if stepped is direct else "refused one way alone"
    if stepped.status not in PROVEN:
        return None
    if direct.status in (Status.NO_EQUILIBRIUM, Status.INFEASIBLE):
        return f"stepped {stepped.status}, direct {direct.status}"
    if sure(direct) and stepped.scenario.table["tolerance"] <= FINE:
        return apart(stepped, direct, SAME_END, (1.0, 1.0))
    return None


def sure(result):
    """Is there no other end than that of a direct solution?"""
    if result.scenario.market == "days":
        return result.status is Status.SOLVED and result.outcome.proven
    return bool(result.unique)


def in_other_units(one, status, wrong, other, units):
    """What is not the same in other units, None where nothing."""
    where = f"times {units[0]:g}, {units[1]:g}"
    if wrong or one is None or other is None:
        return f"{where}: {wrong or status}" if wrong or one is not other else None
    if one.status != other.status and not (free(all_measured(one)) and {one.status, other.status} == ROUNDS):
        return f"{where}: {one.status} {other.status}"
    told = one.status in PROVEN and getattr(one, "unique", None) is not False  # of several, starts choose one
    said = apart(one, other, SAME, units) if told else None
    return said and f"{where}: {said}"


def free(values):
    """Does energy cost nothing? Then nobody minds how much it moves, and rounds may end one sooner or later."""
    return values["price"] == 0


def left_open(values, name):
    """Do ties decide this measure?"""
    return name in LEFT_OPEN or (free(values) and name not in (*LEAST, "welfare"))


def levelled(result):
    """Are there days of a group that looks at the least surplus alone?"""
    groups = result.scenario.table["group"] if result.scenario.market == "days" else ()
    return any(group.get("fairness", {}).get("objective") == "max-min" for group in groups)


def apart(one, other, most, units):
    """The first measure that is not in proportion up to this share of the largest in its unit, None where all are."""
    unit_of = units_of(one.scenario)
    values, others = (all_measured(result) for result in (one, other))
    sizes, tied = largest(values, unit_of), max(most, SAME_TIED) if levelled(one) else most
    for name, value in values.items():
        energy, money = UNITS.get(unit_of[name], (0, 0))
        scaled = others[name] and others[name] / (units[0] ** energy * units[1] ** money)
        far = most if name in LEAST else tied
        if not left_open(values, name) and not alike(value, scaled, far, sizes[unit_of[name]]):
            return f"{name}: {value} {scaled}"
    return None


def largest(values, unit_of):
    """{unit: the largest size of a measure}, at least LITTLE; of money at least what all energy costs."""
    sizes = dict.fromkeys(unit_of.values(), LITTLE)
    for name, value in values.items():
        if known(value):
            sizes[unit_of[name]] = max(sizes[unit_of[name]], abs(value))
    sizes["money"] = max(sizes["money"], sizes["energy"] * sizes["money/energy"])
    return sizes


def alike(value, scaled, most, size):
    """Are two numbers one, or both unknown?"""
    if not (known(value) and known(scaled)):
        return known(value) is known(scaled)
    return math.isclose(value, scaled, rel_tol=most, abs_tol=most * size)


def known(value):
    """Is this a number?"""
    return value is not None and not math.isnan(value)


def check(market, numbers, folder):
    """Nothing is wrong with any of these."""
    said = {number: trouble(market, number, folder) for number in numbers}
    assert {number: wrong for number, wrong in said.items() if wrong} == {}


def shares(market, cases):
    """Numbers of the cases that a test looks at."""
    return chunks(cases, 0) if NIGHTLY else [QUICK[market]]


@pytest.mark.parametrize("market", QUICK)
def test_no_key_has_a_unit_that_is_not_rewritten(market):
    units = {key.unit for key in keys_of(market) if key.unit and set(re.findall(r"\w+", key.unit)) & MEASURED}
    assert units <= {*UNITS, PAIR, POWER}


@pytest.mark.parametrize("numbers", shares("network", 200))
def test_networks(numbers, tmp_path):
    check("network", numbers, tmp_path)


@pytest.mark.parametrize("numbers", shares("days", 300))
def test_days(numbers, tmp_path):
    check("days", numbers, tmp_path)
