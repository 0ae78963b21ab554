"""Drawing into files: format, resolution and units in one place; a picture that fails costs no other one, no result."""

import contextlib
import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import NamedTuple

from matplotlib.text import Text

from views.style import DPI, save

LONGEST = 300  # letters of what is said of a failure
NOTED = ContextVar("noted", default=None)
OURS = "money, energy"  # units as they are without the user's
UNITS_HERE = re.compile(r"\([^()]*\)|(?:\d|llion|llionths?) (?:money|energy)(?![ -]?[A-Za-z])")


class Printed(NamedTuple):
    """How pictures are written: the files' format, dots per inch, what makes a label's units the user's."""

    format: str = "png"
    dpi: int = DPI
    unit: Callable[[str], str] = str


AS_EVER = Printed()
PRINTED = ContextVar("printed", default=AS_EVER)


@contextlib.contextmanager
def printing(**how):
    """Within, pictures are written as told: fields of Printed."""
    token = PRINTED.set(PRINTED.get()._replace(**how))
    try:
        yield
    finally:
        PRINTED.reset(token)


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
    """Write the figure plot(*given, **options) as PRINTED says, whatever the path's suffix is.

    Returns the path, None for one that failed and was noted, or has nothing to show.
    """
    failed, how = NOTED.get(), PRINTED.get()
    path = path.with_suffix(f".{how.format}")
    try:
        figure = plot(*given, **options)
        return None if figure is None else save(in_units(figure, how.unit), path, how.dpi)
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


def in_units(figure, unit):
    """The figure; what stands in brackets in its labels, and a number's unit, is said as unit(text) says it."""
    if unit(OURS) == OURS:
        return figure
    for text in figure.findobj(Text):
        if (said := UNITS_HERE.sub(lambda found: unit(found[0]), text.get_text())) != text.get_text():
            text.set_text(said)
            text.set_parse_math(False)  # two dollar signs are two units
    return figure


def _line(name, error):
    said = " ".join(f"{type(error).__name__}: {error}".split())
    said = "".join(letter if letter.isprintable() else "?" for letter in said)
    return f"{name}: not drawn: {said[:LONGEST]}"
