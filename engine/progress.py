"""The progress bar of long work: on a terminal, none in a pipe."""

from tqdm import tqdm


class Bar(tqdm):
    """tqdm without a thread of its own, to which Ctrl-C would go while the main one holds it back."""

    monitor_interval = 0


def bar(label, total, done=0, shown=True):
    """A bar with rate and time left; `done` of `total` runs were done before."""
    disable = None if shown else True
    return Bar(desc=label, total=total, initial=done, unit="run", miniters=1, disable=disable, leave=False)
