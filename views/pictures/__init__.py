"""The pictures of a run and of a comparison, as PNG files in a folder; a module for each market."""

from engine import Comparison
from views.pictures import aggregator, bilateral, designs, microgrid

# Each has run_pictures(result, folder) and comparison_pictures(comparison, folder), which return the paths written.
PICTURES = {"aggregator": aggregator, "microgrid": microgrid, "bilateral": bilateral, "designs": designs}


def pictures(shown, folder):
    """Write the pictures of a Result or a Comparison; returns their paths."""
    return (comparison_pictures if isinstance(shown, Comparison) else run_pictures)(shown, folder)


def run_pictures(result, folder):
    """Write the pictures of one Result; returns their paths."""
    return PICTURES[result.scenario.market].run_pictures(result, folder)


def comparison_pictures(comparison, folder):
    """Write the pictures of a Comparison; returns their paths."""
    return PICTURES[comparison.market].comparison_pictures(comparison, folder)
