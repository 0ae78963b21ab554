"""How long a run through many periods will take, told by its first ones before the others begin."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.progress import say

MANY_PERIODS = 500  # periods from which on the first ones are timed
PIECES_TIMED = 10  # pieces timed, after one that is not: what is made once is made there
LONG_ENOUGH = 2.0  # seconds after which no further piece is timed
PATIENCE = 600.0  # seconds runs may take without being asked about
TOLD_FROM = 60.0  # seconds from which on a line says how long it may take


class TooLong(ValueError):
    """Work that would take longer than it may without being asked about; its text is one line."""


@dataclass(frozen=True)
class Paced:
    """A run in many pieces of work, told by that of some; work(k): all of piece k's; runs: how often it is run.

    called: what its pieces are; through: the periods it goes through, where these are not its pieces.
    """

    name: str
    pieces: int
    work: Callable[[int], object]
    runs: int = 1
    called: str = "periods"
    through: int | None = None

    @property
    def long(self):
        """Does it go through so many periods that some of its work is timed first?"""
        return (self.pieces if self.through is None else self.through) >= MANY_PERIODS

    def each(self):
        """Seconds a piece takes."""
        started = time.perf_counter()
        self.work(0)
        taken = time.perf_counter() - started
        if taken > LONG_ENOUGH:
            return taken
        started = time.perf_counter()
        for k in range(PIECES_TIMED):
            self.work((k + 1) * self.pieces // (PIECES_TIMED + 1))
            taken = time.perf_counter() - started
            if taken > LONG_ENOUGH:
                break
        return taken / (k + 1)


def check(paced, *, at_once=1, most=None, patient=False):
    """Raise TooLong where runs of very many periods may take more than `most` seconds, by default PATIENCE, unless
    `patient`; tell of a minute or more.

    paced: each Paced, asked for one after another, none after what is too long; at_once: runs that go on at once.
    """
    most, timed = PATIENCE if most is None else most, []
    for one in paced:
        if not one.long:
            continue
        each = one.each()
        timed.append((each * one.pieces * one.runs / min(at_once, one.runs), each, one))
        total = sum(seconds for seconds, _, _ in timed)
        if total > most and not patient:
            longest, said = _told(timed)
            fewer = int(longest.pieces * most / total)
            raise TooLong(f"{said}; up to {fewer:,} {longest.called} are played unasked: take fewer, or --yes to go on")
    if timed and total > TOLD_FROM:
        say(_told(timed)[1])


def _told(timed):
    """(The run that takes longest, what all may take in words); timed: (seconds, seconds a period, Paced)."""
    _, each, longest = max(timed, key=lambda known: known[0])
    runs = "" if longest.runs == 1 else f"{longest.runs:,} runs of "
    others = "" if len(timed) == 1 else f" with {len(timed) - 1} more"
    one = f"{each:.2g} s" if each >= 1 else f"{1000 * each:.2g} ms"
    took = f"{longest.name}: {runs}{longest.pieces:,} {longest.called} of {one}{others} may take about "
    return longest, took + in_words(sum(seconds for seconds, _, _ in timed))


def in_words(seconds):
    """A long time in words.

    >>> in_words(90), in_words(5_000), in_words(200_000), in_words(1e9)
    ('2 minutes', '1.4 hours', '2.3 days', '31.7 years')
    """
    if seconds < 3_600:
        return f"{seconds / 60:.0f} minutes"
    if seconds < 86_400:
        return f"{seconds / 3_600:.1f} hours"
    days = seconds / 86_400
    return f"{days:.1f} days" if days < 365 else f"{days / 365.25:.1f} years"
