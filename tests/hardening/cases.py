"""How many cases a suite looks at (`make nightly`: all), and how long one may take."""

import contextlib
import signal

from tests.shares import NIGHTLY

CHUNKS = 50 if NIGHTLY else 5  # so that processes share the work


class TooSlow(BaseException):
    """A case that went on beyond its limit; no handler of errors may take it for one."""


@contextlib.contextmanager
def at_most(seconds):
    """End what runs longer with TooSlow."""

    def ring(*_):
        raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def chunks(nightly, usual):
    """Ranges of the numbers of all cases, of which a test looks at one."""
    size = (nightly if NIGHTLY else usual) // CHUNKS
    return [range(k * size, (k + 1) * size) for k in range(CHUNKS)]


def named(numbers):
    """What a chunk is called."""
    return f"{numbers.start}-{numbers.stop - 1}"
