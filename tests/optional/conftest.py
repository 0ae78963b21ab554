"""Tests of optional packages: collected where the package is installed; continuous integration installs it."""

from importlib.util import find_spec

FILES = {
    "pandapower": "test_pandapower.py",
    "pyarrow": "test_parquet.py",
    "pettingzoo": "test_pettingzoo.py",
    "rocrate": "test_archive.py",
    "nashpy": "test_nashpy.py",
    "xarray": "test_xarray.py",
}
collect_ignore = [file for package, file in FILES.items() if find_spec(package) is None]
