"""Matplotlib, imported without what `help` says of its artists' settings: more than a third of that import.

For commands, whom nobody asks for help; modules that draw import matplotlib as ever.
"""

from functools import cached_property

import matplotlib.artist

from market.on_demand import later

later("fontTools.agl")  # names of glyphs in what TeX has set
told = matplotlib.artist.ArtistInspector


class Silent(told):
    """Knows other names of a class of artists, if asked, and no setting of it."""

    def __init__(self, artist):
        self.oorig = self.o = artist

    @cached_property
    def aliasd(self):
        return self.get_aliases()

    def get_setters(self, *_, **__):
        return []

    pprint_setters = pprint_setters_rest = get_setters


matplotlib.artist.ArtistInspector = Silent
try:
    import matplotlib.backends.backend_agg
    import matplotlib.figure
finally:
    matplotlib.artist.ArtistInspector = told
