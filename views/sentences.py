"""What a run comes to, in one sentence against another market: phrases that markets share."""

from __future__ import annotations

from market.numerals import gap, percent, plain
from market.outcome import CERTIFIED_GAP

SAME_NUMBER = 1e-6  # share of the numbers compared up to which they differ by nothing: rounds end sooner than rounding
LITTLE_SHARE = 1e-3  # a share that is almost nothing
FEW = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ENDED = ("settled", "solved", "learned")
UNSETTLED = {
    "running": "So far, and still moving: ",
    "cycling": "Nothing settles, the rounds go in circles; after the last of them: ",
    "round-limit": "Nothing has settled in the rounds there were; after the last of them: ",
    "short": "Not everything bought can be generated; as it stands: ",
    "inaccurate": "The solver stopped short of a proof; as it stands: ",
    "no-equilibrium": "There is no equilibrium; where least is to be gained: ",
    "not-found": "No equilibrium was found; where least is to be gained: ",
}


def framed(summary: dict, said: str) -> str:
    """A sentence with what it lacks: an end, a proof; where there is no outcome to speak of, why."""
    status, left = summary["status"], summary["gap"]
    if not said or status not in (*ENDED, *UNSETTLED):
        return f"{upper(status.replace('-', ' '))}: {summary['advice']}"
    if status in UNSETTLED:
        return UNSETTLED[status] + said[:1].lower() + said[1:]
    if left is None:
        return f"{said} That this is an end of all moves is not proven."
    return said if left <= CERTIFIED_GAP else f"{said} Somebody could still gain: the gap is {gap(left)}."


def known(summary: dict | None) -> bool:
    """Has a market been played, and come to an end that others can be held against?"""
    return summary is not None and summary["status"] in ENDED


def is_nothing(now: float, then: float) -> bool:
    """Is the difference within rounding?"""
    return abs(now - then) <= SAME_NUMBER * max(abs(now), abs(then))


def share(value: float) -> str:
    """A share in words: "83 %", "less than 0.1 %".

    >>> share(0.8312), share(1e-5)
    ('83.1 %', 'less than 0.1 %')
    """
    return percent(value).replace("< ", "less than ").replace("> ", "more than ")


def difference(now: float, then: float, unit: str = "money") -> str:
    """How far two numbers are apart, as a share of the second, or as it is where that is next to nothing or below.

    >>> difference(97.3, 100.0), difference(3.0, -2.0)
    ('2.7 %', '5 money')
    """
    apart = abs(now - then)
    return share(apart / then) if then > LITTLE_SHARE * apart else f"{plain(apart)} {unit}"


def moves(now: float, then: float, one: bool, whom: str, idle: str = "cost") -> str:
    """Costs or brings somebody so much surplus; one: is it one who does; idle: the verb where it is nothing.

    >>> moves(98.0, 100.0, True, "homes"), moves(1.0, 1.0, False, "homes")
    ('costs homes 2 % of their surplus', 'cost homes nothing')
    """
    end = "s" if one else ""
    if is_nothing(now, then):
        return f"{idle}{end} {whom} nothing"
    if now < then:
        return f"cost{end} {whom} {difference(now, then)} of their surplus"
    return f"bring{end} {whom} {difference(now, then)} more surplus"


def counted(count: int, one: str, many: str = "") -> str:
    """So many of something.

    >>> counted(2, "aggregator"), counted(1, "aggregator"), counted(40, "node")
    ('two aggregators', 'one aggregator', '40 nodes')
    """
    number = FEW[count] if count < len(FEW) else f"{count:,}"
    return f"{number} {one if count == 1 else many or one + 's'}"


def upper(text: str) -> str:
    """The first letter as a sentence begins."""
    return text[:1].upper() + text[1:]


def listed(words: list[str]) -> str:
    """Words in a row.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
