"""See: pictures of runs and comparisons, and the figures of the papers made again."""
