"""A comparison in words, whatever its market."""

from market.numerals import gap
from views.markets import words_of
from views.people import compared_classes_text
from views.tables import comparison_text, warned


def comparison_said(comparison):
    """Means and differences, the market's notes, how the runs ended and the largest gap."""
    notes = words_of(comparison.market).comparison_notes(comparison)
    counts = comparison.runs["status"].value_counts()
    ended = ", ".join(f"{count} {status}" for status, count in counts.items())
    lines = [comparison_text(comparison), *(["", notes] if notes else [])]
    lines += ["", compared_classes_text(comparison)] if comparison.by else []
    ending = f"runs: {ended}; largest gap {gap(comparison.runs['gap'].max())}"
    return comparison.in_units("\n".join([*lines, "", ending])) + warned(comparison.warnings)
