"""One scenario at many points, each replicated: points, their runs, the folder they are kept in."""
