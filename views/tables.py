"""Results as text: aligned tables for a terminal."""

import math
import re
from numbers import Integral

from market import numerals
from scenarios.reading.errors import cut, printable

WIDTH = 100  # columns of a terminal
PLUS_MINUS, WORDED = r"\pm", re.compile("(.*?)( [a-z]+)?")
LATEX = {letter: f"\\{letter}" for letter in "&%$#_{}"}
LATEX |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\^{}"}
SIGNIFICANT = 6  # digits behind the first that a mean has at most
MEAN_ROUNDING = 1e-12  # what counts as nothing beside a mean, or alone


def table(header, rows):
    """Columns aligned: text to the left, numbers to the right.

    >>> print(table(("name", "value"), [("a", 1.5), ("longer", 22.0)]))
    name     value
    a        1.500
    longer  22.000
    """
    cells = [tuple(map(cell, row)) for row in rows]
    widths = [max(len(line[k]) for line in [header, *cells]) for k in range(len(header))]
    left = [all(isinstance(row[k], str) for row in rows) for k in range(len(header))]
    lines = [
        "  ".join(
            text.ljust(width) if to_left else text.rjust(width)
            for text, width, to_left in zip(line, widths, left, strict=True)
        )
        for line in [header, *cells]
    ]
    return "\n".join(line.rstrip() for line in lines)


def listed_text(rows):
    """Scenarios, one a line of at most WIDTH columns: what is longer is cut, the source first."""
    left = WIDTH - 6 - sum(max(len(row[k]) for row in rows) for k in (0, 1))
    source = min(max(len(row.source) for row in rows), left // 4)
    cells = [(row.name, row.market, cut(row.title, left - source), cut(row.source, source)) for row in rows]
    return table(("name", "market", "title", "source"), cells)


def cell(value):
    """One value as text: decimals that stand below each other, else as everywhere; a dash for nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, str | Integral):
        return str(value)
    if value != 0 and (abs(value) < 0.01 or abs(value) >= numerals.LARGEST_IN_DIGITS):
        return numerals.plain(float(value), 3)
    return f"{value + 0.0:.3f}" if abs(value) < 1000 else f"{value:.1f}"


def gap_of(summary):
    """The gap as it is written, with how it is known where a market says so."""
    if summary["gap"] is None:
        return "not defined"
    known = {True: " (proven)", False: " (found by search)"}.get(summary.get("proven"), "")
    return f"{numerals.gap(float(summary['gap']))}{known}"


def ending(summary):
    """How the run ended, in one line."""
    gap = gap_of(summary)
    how = f"{summary['status']}" + (f" (period {summary['period']})" if "period" in summary else "")
    rounds = summary["rounds"]
    after = f" after {rounds} round{'s' if rounds > 1 else ''}" if rounds else ""
    seated = "; ".join(f"{', '.join(names)} in {group}" for group, names in summary.get("seated", {}).items())
    own = f" Players of one's own: {seated}." if seated else ""
    return f"{how}{after}, gap {gap}. {summary['advice']}{own}"


def comparison_text(comparison):
    """Means ± half-widths of 95 % intervals, a row a scenario, then the paired differences to the first scenario."""
    means, away, measures = comparison.means(), comparison.differences(), comparison.headline
    header = ("scenario", *measures)
    lines = [_means_words(comparison.replications), table(header, _interval_rows(means, comparison.names, measures))]
    if len(comparison.names) > 1:
        lines += [
            "",
            f"Difference to {comparison.names[0]}, " + paired_words(comparison),
            table(header, _interval_rows(away, comparison.names[1:], measures)),
        ]
    return "\n".join(lines)


def comparison_latex(comparison):
    """The same as two tabulars of LaTeX with the rules of booktabs, numbers as formulas, units under the measures."""
    measures = comparison.headline
    units = ["" if (unit := comparison.units[name]) == "1" else f"({unit})" for name in measures]
    means = _interval_rows(comparison.means(), comparison.names, measures)
    away = _interval_rows(comparison.differences(), comparison.names[1:], measures)
    parts = [_tabular(("scenario", *measures), ("", *units), means)]
    if away:
        head = (f"difference to {comparison.names[0]}", *measures)
        parts.append(_tabular(head, ("", *units), away))
    return "\n".join(parts)


def _tabular(header, units, rows):
    lines = [f"\\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}", "\\toprule"]
    lines += [_latex_row(map(_escaped, line)) for line in (header, units)]
    lines.append("\\midrule")
    lines += [_latex_row([_escaped(name), *map(_formula, cells)]) for name, *cells in rows]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _latex_row(cells):
    return " & ".join(cells) + r" \\"


def _formula(text):
    if text == "–":
        return text
    number, word = WORDED.fullmatch(text).groups("")
    return f"${number.replace('±', PLUS_MINUS)}${word}"


def _escaped(text):
    return "".join(LATEX.get(letter, letter) for letter in text)


def _means_words(replications):
    if replications == 1:
        return "One replication"
    return f"Means over {replications} replications ± half-width of the 95 % interval"


def sweep_text(folder, counts):
    """What a sweep's folder holds, in three lines, and a warning where some run has one."""
    told = ", ".join(f"{number:,} {status}" for status, number in counts["status"].items())
    runs, means = (printable(str(folder / name)) for name in ("runs.csv", "means.csv"))
    points = f"{counts['runs']:,} runs at {counts['points']:,} points: {told}"
    return f"{points}\neach run in {runs}\nmeans of each point in {means}{warned(counts.get('warnings', ()))}"


def paired_words(comparison):
    """What the scenarios share."""
    if comparison.shared:
        return f"paired by replication (the same in all: {', '.join(comparison.shared)})"
    return "by replication (nothing is the same in all scenarios, so the draws are not common)"


def _interval_rows(values, names, measures):
    at = {(row.scenario, row.measure): (row.mean, row.half_width) for row in values.itertuples()}
    return [(name, *(with_width(*at[name, measure]) for measure in measures)) for name in names]


def with_width(mean, half):
    """A mean with its half-width, both to the half-width's second significant digit.

    >>> with_width(16.0191, 0.3541), with_width(1.0, float("nan")), with_width(5.234e7, 1.2e6)
    ('16.02 ± 0.35', '1.000', '52.3 ± 1.2 million')
    """
    if math.isnan(mean):
        return cell(None)
    if math.isnan(half) or half <= MEAN_ROUNDING * abs(mean) or max(abs(mean), half) < MEAN_ROUNDING:
        return cell(float(mean) if abs(mean) >= MEAN_ROUNDING else 0.0)
    size, word = numerals.unit(max(abs(mean), half))
    finest = SIGNIFICANT - math.floor(math.log10(max(abs(mean), half) / size))
    digits = max(min(1 - math.floor(math.log10(half / size)), finest), 0)
    mean, half = f"{mean / size:.{digits}f}", f"{half / size:.{digits}f}"
    return f"{mean} ± {half}{numerals.said(word, half)}"


def warned(warnings):
    """Warnings of a run or a comparison, a line each; "" without."""
    return "".join(f"\nwarning: {line}" for line in warnings)


def left_out_lines(summary):
    """What the network's source holds and the model does not."""
    return [f"Left out of the network: {'; '.join(summary['left_out'])}."] if summary.get("left_out") else []
