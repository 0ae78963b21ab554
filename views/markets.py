"""What the views know of each market: words, pictures, page; to add one, write its modules and its lines here."""

from engine import Comparison
from views.aggregator import page as aggregator_page
from views.aggregator import pictures as aggregator_pictures
from views.aggregator import words as aggregator_words
from views.bilateral import page as bilateral_page
from views.bilateral import pictures as bilateral_pictures
from views.bilateral import words as bilateral_words
from views.designs import page as designs_page
from views.designs import pictures as designs_pictures
from views.designs import words as designs_words
from views.microgrid import page as microgrid_page
from views.microgrid import pictures as microgrid_pictures
from views.microgrid import words as microgrid_words

PAGES = {
    "aggregator": aggregator_page,
    "microgrid": microgrid_page,
    "bilateral": bilateral_page,
    "designs": designs_page,
}
TEXTS = {
    "aggregator": aggregator_words,
    "microgrid": microgrid_words,
    "bilateral": bilateral_words,
    "designs": designs_words,
}
PICTURES = {
    "aggregator": aggregator_pictures,
    "microgrid": microgrid_pictures,
    "bilateral": bilateral_pictures,
    "designs": designs_pictures,
}


def pictures(shown, folder):
    """Write the pictures of a Result or a Comparison; returns their paths."""
    return (comparison_pictures if isinstance(shown, Comparison) else run_pictures)(shown, folder)


def run_pictures(result, folder):
    """Write the pictures of one Result; returns their paths."""
    return PICTURES[result.scenario.market].run_pictures(result, folder)


def comparison_pictures(comparison, folder):
    """Write the pictures of a Comparison; returns their paths."""
    return PICTURES[comparison.market].comparison_pictures(comparison, folder)
