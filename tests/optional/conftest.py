"""Tests of optional packages: collected where the package is installed; continuous integration installs it."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("pandapower") else ["test_pandapower.py"]
