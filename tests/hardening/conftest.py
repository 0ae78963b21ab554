"""What hardening tests share."""

import contextlib
import signal

import pytest


@contextlib.contextmanager
def at_most_of_the_processor(seconds, what):
    """Fail where something takes more of the processor's time, however busy the machine is."""

    def ring(*_):
        pytest.fail(f"{what} takes more than {seconds} s")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.fixture
def processor_limit():
    """A context (seconds, what) that fails what is slow."""
    return at_most_of_the_processor
