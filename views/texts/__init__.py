"""Runs and comparisons in words, a module for each market."""

from views.texts import aggregator, bilateral, designs, microgrid

# Each has round_line(model) or None, summary_text(summary) and comparison_notes(comparison).
TEXTS = {"aggregator": aggregator, "microgrid": microgrid, "bilateral": bilateral, "designs": designs}
