"""Matplotlib, imported without what `help` says of its artists' settings: a third of that import.

For commands, whom nobody asks for help; modules that draw import matplotlib as ever.
"""

import matplotlib.artist

told = matplotlib.artist.kwdoc
matplotlib.artist.kwdoc = lambda artist: ""
try:
    import matplotlib.backends.backend_agg
    import matplotlib.figure
finally:
    matplotlib.artist.kwdoc = told
