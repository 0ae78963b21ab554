"""How many cases a suite looks at (`make nightly`: all), and how long one may take."""

import contextlib
import signal

from tests.shares import NIGHTLY

CHUNKS = 50 if NIGHTLY else 5  # so that processes share the work
PATIENCE = 20  # times as long by the clock, for what waits and for machines that do much else


class TooSlow(BaseException):
    """A case that went on beyond its limit; no handler of errors may take it for one."""


@contextlib.contextmanager
def at_most(seconds, what="a case"):
    """End what takes more of the processor's time with TooSlow, or waits for far longer."""

    def ring(*_):
        raise TooSlow(f"{what} takes more than {seconds} s")

    clocks = {signal.SIGPROF: (signal.ITIMER_PROF, seconds), signal.SIGALRM: (signal.ITIMER_REAL, PATIENCE * seconds)}
    before = {number: signal.signal(number, ring) for number in clocks}
    for timer, limit in clocks.values():
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for timer, _ in clocks.values():
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def chunks(nightly, usual):
    """Ranges of the numbers of all cases, of which a test looks at one."""
    cases = nightly if NIGHTLY else usual
    size = max(1, cases // CHUNKS)
    return [range(k, k + size) for k in range(0, cases - size + 1, size)]


def named(numbers):
    """What a chunk is called."""
    return f"{numbers.start}-{numbers.stop - 1}"
