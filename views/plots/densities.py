"""Kernel densities of quantities that cannot be negative, honest at zero."""

import numpy as np

from market.numerals import percent, plain
from views.style import LINES, new_figure, styled

MOST_POINTS = 2_000  # a larger sample is replaced by so many of its quantiles
NARROW_SPREAD = 0.005  # a standard deviation below this share of the axis cannot be seen
GRID_POINTS = 400
MOST_SHADED = 3  # samples whose areas are shaded; more of them would blur
SHOWN_PERCENTILE = 99.7  # percentile up to which the axis reaches; the rest of a long tail would flatten the picture


@styled
def densities(panels, colours, title=""):
    """A panel per quantity with a density per sample (figs. 8 and 9).

    panels: {axis label: {name: values >= 0}}; colours: {name: colour}. Users at exactly 0 are no part of a curve: their
    share is told in the legend and the area below the curve is the share of the others. A sample too narrow for the
    axis, equal users above all, is a vertical line.
    """
    panels = {
        label: {name: known[np.isfinite(known)] for name, known in _arrays(samples)}
        for label, samples in panels.items()
    }
    size = {"width": 6.4 * max(len(panels), 1.4), "height": 5.2 + 0.3 * max(map(len, panels.values()), default=0)}
    figure, row = new_figure(1, max(len(panels), 1), squeeze=False, **size)
    for axes, (label, samples) in zip(row[0], panels.items(), strict=False):
        ends = [np.percentile(values, SHOWN_PERCENTILE) for values in samples.values() if len(values)]
        high = 1.08 * max(ends, default=0.0) or 1.0
        for number, (name, values) in enumerate(samples.items()):
            line, shaded = LINES[number % len(LINES)], len(samples) <= MOST_SHADED
            _density(axes, values, high, name, colours[name], line, shaded)
        axes.set_xlabel(label)
        axes.set_ylabel("density of users")
        axes.set_xlim(-0.01 * high, high)
        axes.locator_params(axis="x", nbins=5)
        axes.set_ylim(bottom=0)
        if all(len(line.get_xdata()) <= 2 for line in axes.lines):  # vertical lines alone have no height
            axes.set_yticks([])
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.17), borderaxespad=0)
    if title:
        figure.suptitle(title, x=0.01, ha="left")
    return figure


def _arrays(samples):
    return ((name, np.asarray(values, dtype=float)) for name, values in samples.items())


def _density(axes, values, high, name, colour, line, shaded):
    """One sample: a curve, or a vertical line where the axis cannot show its spread."""
    positive, zero = values[values > 0], np.mean(values <= 0) if len(values) else 0.0
    told = [f"{percent(zero)} at 0"] if zero else []
    if len(positive) < 2 or np.std(positive) <= NARROW_SPREAD * high:
        middle = float(np.mean(positive)) if len(positive) else 0.0
        told += [f"{'others' if zero else 'all'} near {plain(middle, 2)}"] if len(positive) else []
        axes.axvline(middle, color=colour, linestyle=line, linewidth=3, label=_told(name, told))
        return
    at = np.linspace(0, high, GRID_POINTS)
    height = (1 - zero) * reflected_density(positive, at)
    if shaded:
        axes.fill_between(at, height, color=colour, alpha=0.15, linewidth=0)
    axes.plot(at, height, line, color=colour, label=_told(name, told))


def _told(name, told):
    return f"{name} ({', '.join(told)})" if told else name


def reflected_density(values, at):
    """Gaussian kernel density of positive values, shape as `at`, its mass below 0 folded back.

    So it integrates to 1 over x >= 0. Bandwidth by Scott's rule on the values as they are.
    """
    values = np.asarray(values, dtype=float)
    if len(values) > MOST_POINTS:
        values = np.quantile(values, (np.arange(MOST_POINTS) + 0.5) / MOST_POINTS)
    width = len(values) ** -0.2 * np.std(values, ddof=1)
    away = (np.concatenate([at, np.negative(at)])[:, None] - values) / width
    height = np.mean(np.exp(-0.5 * away**2), axis=1) / (width * np.sqrt(2 * np.pi))
    return height[: len(at)] + height[len(at) :]
