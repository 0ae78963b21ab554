"""Drawing into files, such that a picture that fails costs no other one and no result."""

import contextlib
from contextvars import ContextVar

from views.style import save

LONGEST = 300  # letters of what is said of a failure
NOTED = ContextVar("noted", default=None)


@contextlib.contextmanager
def noting():
    """Within, pictures that fail are noted, a line each, in the list yielded rather than raised."""
    failed = []
    token = NOTED.set(failed)
    try:
        yield failed
    finally:
        NOTED.reset(token)


def tried(work):
    """What is to be told of work() that draws pictures: a line for each that failed."""
    with noting() as failed:
        try:
            work()
        except Exception as error:
            failed.append(_line("pictures", error))
    return failed


def draw_to(path, plot, *given, **options):
    """Write the figure plot(*given, **options) as PNG; returns the path, None for one that failed and was noted."""
    failed = NOTED.get()
    try:
        return save(plot(*given, **options), path)
    except Exception as error:
        if failed is None:
            raise
        failed.append(_line(path.name, error))
        path.unlink(missing_ok=True)
        return None


def draw_all(plots, folder):
    """Write the figures of {name: function without arguments} into a folder; returns the paths of those drawn."""
    paths = [draw_to(folder / f"{name}.png", plot) for name, plot in plots.items()]
    return [path for path in paths if path is not None]


def _line(name, error):
    said = " ".join(f"{type(error).__name__}: {error}".split())
    said = "".join(letter if letter.isprintable() else "?" for letter in said)
    return f"{name}: not drawn: {said[:LONGEST]}"
