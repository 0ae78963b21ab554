"""How long a run through many periods will take, told by its first ones before the others begin."""

import time

from engine.progress import say

MANY = 500  # periods from which on the first ones are timed
TIMED = 10  # periods timed, after one that is not: what is made once is made there
PATIENCE = 600.0  # seconds one run may take without being asked about
TOLD = 60.0  # seconds from which on a line says how long it may take


class TooLong(ValueError):
    """Work that would take longer than it may without being asked about; its text is one line."""


def check(name, periods, work, *, patient=False):
    """Raise TooLong where all periods may take more than PATIENCE seconds, unless `patient`; tell of a minute or more.

    name: the run's; work(k): all the work of period k.
    """
    if periods < MANY:
        return
    work(0)
    started = time.perf_counter()
    for k in range(TIMED):
        work((k + 1) * (periods // (TIMED + 1)))
    each = (time.perf_counter() - started) / TIMED
    total = each * periods
    took = f"{name}: {periods:,} periods of {1000 * each:.2g} ms may take about {in_words(total)}"
    if total > PATIENCE and not patient:
        most = int(PATIENCE / each)
        raise TooLong(f"{took}; up to {most:,} periods are played unasked: take fewer, or --yes to go on")
    if total > TOLD:
        say(took)


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
