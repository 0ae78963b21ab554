"""Numbers of users: itself, a list, a CSV column, or a draw; how each is checked and how it becomes an array.

Checked, a number is a float, a tuple of floats (list and CSV), or a draw as {"uniform": (0.0, 10.0)}.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from agents.streams import Streams
from scenarios.reading.columns import Column, label, read_column
from scenarios.reading.errors import Place, nearest, quoted

LARGEST_NUMBER = 1e30  # beyond it squares and their quotients leave the range of floats
SMALLEST_NUMBER = 1e-30
RAREST_LEGAL = 0.01  # the least probability of a legal value that redrawing is used for
INFINITE, INF = ("inf", "+inf", "infinity", "∞", ".inf"), 'did you mean "inf"?'
FORMS = "a number, a list, { uniform = [lo, hi] }, { normal }, { lognormal } or { csv, column }"


@cache
def bounds(interval: str) -> tuple[float, float, bool, bool]:
    """Lowest, highest, lowest excluded, highest excluded of an interval as in "(0, 1]"."""
    low, high = interval[1:-1].split(",")
    return float(low), float(high), interval[0] == "(", interval[-1] == ")"


def in_words(interval: str) -> str:
    """An interval as it is told: "(0, 1]" is "> 0 and <= 1"."""
    low, high, low_out, high_out = bounds(interval)
    words = [f"{'>' if low_out else '>='} {low:g}"] if math.isfinite(low) else []
    if math.isfinite(high):
        words.append(f"{'<' if high_out else '<='} {high:g}")
    elif not high_out:
        words.append("or inf")
    return " and ".join(words).replace(" and or", " or") or "any number"


def a_number(interval: str) -> str:
    """What is needed of an interval: "a number > 0", or "a finite number" where all are legal."""
    return "a finite number" if in_words(interval) == "any number" else f"a number {in_words(interval)}"


def legal(values, interval: str):
    """Which values lie in the interval and are 0, of size 1e-30 to 1e30, or infinite where it is closed."""
    low, high, low_out, high_out = bounds(interval)
    values = np.asarray(values)
    size = np.abs(values)
    inside = (values > low if low_out else values >= low) & (values < high if high_out else values <= high)
    return inside & ((size == 0) | ((size >= SMALLEST_NUMBER) & (size <= LARGEST_NUMBER)) | (np.isinf(size) & inside))


def read_number(value, interval: str, place: Place) -> float:
    """One number of the interval; "inf" in quotes counts where infinity is legal."""
    if value == "inf" and interval.endswith("inf]"):
        return math.inf
    if type(value) not in (int, float):
        infinite = str(value).strip().lower() in INFINITE and interval.endswith("inf]")
        raise place.error(f"got {quoted(value)}", f"{a_number(interval)} is needed", INF if infinite else "")
    return _floats([value], interval, place, naming=lambda i: "got ")[0]


def read_list(values, interval: str, place: Place) -> tuple[float, ...]:
    """A list of at least one number of the interval; an error names the value, or the row of the CSV file."""
    if not isinstance(values, list):
        raise place.error(f"got {quoted(values)}", "a list of numbers is needed")
    if not values:
        raise place.error("got an empty list", "at least one number is needed")
    if isinstance(values, Column):
        _check_legal(values, values.array, interval, place, naming=lambda i: f"{label(values, i)} is ")
        return values.checked()
    if not set(map(type, values)) <= {int, float}:
        i = next(i for i, value in enumerate(values) if type(value) not in (int, float))
        raise place.error(f"{label(values, i)} is {quoted(values[i])}", f"{a_number(interval)} is needed")
    return _floats(values, interval, place, naming=lambda i: f"{label(values, i)} is ")


def _floats(values, interval, place, naming):
    try:
        floats = tuple(map(float, values))
    except OverflowError:
        floats = tuple(float(value) if abs(value) <= LARGEST_NUMBER else math.nan for value in values)
    _check_legal(values, floats, interval, place, naming)
    return floats


def _check_legal(values, floats, interval, place, naming):
    wrong = np.flatnonzero(~legal(floats, interval))
    if wrong.size:
        got, i = values[wrong[0]], int(wrong[0])
        extreme = abs(got) > LARGEST_NUMBER or 0 < abs(got) < SMALLEST_NUMBER
        size = ", in size between 1e-30 and 1e30," if extreme else ""
        raise place.error(f"{naming(i)}{quoted(got)}", f"{a_number(interval)}{size} is needed")


def read_numbers(value, interval: str, place: Place) -> float | tuple | dict:
    """A number in any of its forms, checked: float, tuple of floats, or one draw."""
    if isinstance(value, list):
        return read_list(value, interval, place)
    if not isinstance(value, dict):
        if type(value) not in (int, float):
            raise place.error(f"got {quoted(value)}", f"{FORMS} is needed")
        return read_number(value, interval, place)
    if "csv" in value or "column" in value:
        return _read_csv(value, interval, place)
    if len(value) != 1 or next(iter(value)) not in DRAWS:
        near = nearest(next((name for name in value if name not in DRAWS), ""), (*DRAWS, "csv"))
        raise place.error(f"got {quoted(value)}", f"{FORMS} is needed", near)
    return _read_draw(*next(iter(value.items())), interval, place)


def _read_csv(value, interval, place):
    if set(value) != {"csv", "column"} or not isinstance(value["column"], str):
        raise place.error(f"got {quoted(value)}", '{ csv = "users.csv", column = "a" } is needed')
    return read_list(read_column(value["csv"], value["column"], place), interval, place)


def _read_draw(name, values, interval, place):
    place = place.at(name)
    if not isinstance(values, list) or len(values) != 2:
        raise place.error(f"got {quoted(values)}", "a list of two numbers is needed")
    first, second = read_list(values, interval if name == "uniform" else "(-inf, inf)", place)
    if name == "uniform" and first > second:
        raise place.error(f"got {quoted(values)}", "the first number must not be above the second")
    if name != "uniform" and second < 0:
        raise place.error(f"got {quoted(values)}", "the second number, a spread, must be >= 0")
    probability = DRAWS[name][1](first, second, interval)
    if probability < RAREST_LEGAL:
        got = f"{quoted(values)} gives a number {in_words(interval)} with probability {probability:.2g}"
        raise place.error(got, f"at least {RAREST_LEGAL} is needed, and numbers of at most 1e30")
    return {name: (first, second)}


def _normal_probability(mean, spread, interval):
    """Probability that a normal draw is legal."""
    if spread == 0:
        return float(legal(mean, interval))
    low, high = (min(max(end, -LARGEST_NUMBER), LARGEST_NUMBER) for end in bounds(interval)[:2])
    above, below = ((end - mean) / spread / math.sqrt(2) for end in (low, high))
    return (math.erf(below) - math.erf(above)) / 2


def _lognormal_probability(mean, spread, interval):
    """Probability that a lognormal draw is legal: its logarithm lies within that of the legal numbers."""
    logs = f"[{math.log(SMALLEST_NUMBER)}, {math.log(LARGEST_NUMBER)}]"
    return _normal_probability(mean, spread, logs) if legal(1.0, interval) else 0.0


DRAWS = {
    "uniform": (np.random.Generator.uniform, lambda first, second, interval: 1.0),
    "normal": (np.random.Generator.normal, _normal_probability),
    "lognormal": (np.random.Generator.lognormal, _lognormal_probability),
}


def agreed(said: dict, place: Place, kind: str) -> int:
    """The number that all of {key: number of users} say; raises ScenarioError where they differ."""
    (first, users), *others = said.items()
    for name, number in others:
        if number != users:
            got = f"{number} {kind if name in (kind, 'count') else 'values'}, but {first} says {users}"
            raise place.at(name).error(got, f"the numbers of {kind} must agree")
    return users


def stream(seed: int, replication: int, group: str, key: str) -> np.random.Generator:
    """The generator of one key of one group: the same whatever else stands in the scenario."""
    return Streams(seed, replication).of(group, key)


def draw_numbers(number, users: int, interval: str, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """A checked number as an array of shape (users,), and how many values were redrawn until legal."""
    if not isinstance(number, dict):
        return np.broadcast_to(np.asarray(number, dtype=float), (users,)).copy(), 0
    ((name, (first, second)),) = number.items()
    sample = DRAWS[name][0]
    with np.errstate(over="ignore"):
        values = sample(rng, first, second, users)
        redraws = 0
        while (wrong := np.flatnonzero(~legal(values, interval))).size:
            values[wrong] = sample(rng, first, second, wrong.size)
            redraws += wrong.size
    return values, redraws
