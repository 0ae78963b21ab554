"""Runs and comparisons in words, a module for each market."""

from views.texts import aggregator, microgrid

# Each has round_line(model), summary_text(summary) and comparison_notes(comparison).
TEXTS = {"aggregator": aggregator, "microgrid": microgrid}
