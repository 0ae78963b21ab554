"""The progress bar of long work: on a terminal, none in a pipe."""

import contextlib
import sys
from functools import cache

import tqdm

MANY_ITEMS = 1000  # items from which on a bar is worth the while


@cache
def _without_thread():
    """tqdm without a thread of its own, to which Ctrl-C would go while the main one holds it back."""
    return type("Bar", (tqdm.tqdm,), {"monitor_interval": 0})


def bar(label, total, done=0, shown=True, unit="run"):
    """A bar with rate and time left; `done` of `total` runs were done before."""
    disable = None if shown else True
    return _without_thread()(desc=label, total=total, initial=done, unit=unit, miniters=1, disable=disable, leave=False)


def each_of(items, label, unit):
    """The items of a sequence one by one, with a bar where there are many."""
    with bar(label, len(items), shown=len(items) >= MANY_ITEMS, unit=unit) as shown:
        for item in items:
            yield item
            shown.update()


def say(text):
    """A line on standard error, above a bar that is shown there; nothing where it is closed."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            tqdm.tqdm.write(text, file=sys.stderr)
