"""SimBench's profiles (https://simbench.de), quarters of an hour as shares of a peak, from its CSV files by their path.

Loads stand in LoadProfile.csv as NAME_pload (NAME_qload is reactive), roofs in RESProfile.csv as NAME; which load of a
network has which profile and peak, in MW, in its Load.csv. The package of that name is not needed.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import NamedTuple

import numpy as np

from scenarios.reading.columns import read_columns
from scenarios.reading.errors import Place, nearest, one_of, quoted
from scenarios.reading.meter_file import MeterFile

LOADS, ROOFS, WHICH = "LoadProfile.csv", "RESProfile.csv", "Load.csv"
ACTIVE, REACTIVE = "_pload", "_qload"
TIME = "time"
KW = 1000.0  # of a MW
FORM = '{ simbench = "folder", column = "H0-A", peak = 3 } is needed, or { simbench = "folder", subnet = "LV1.101" }'
FORM_OF_ROOFS = '{ simbench = "folder", column = "PV5" } is needed; the peak stands beside the profile'
PEAKS = "a number of kW from 0 on, or one for each column, is needed"


class Profiles(NamedTuple):
    """Columns of a file, the peak in kW that each is a share of, and what is told of them."""

    file: MeterFile
    columns: list[str]
    peaks: list[float]
    told: str


def profiles(value: dict, roofs: bool, place: Place) -> Profiles:
    """What { simbench, column, peak } or { simbench, subnet } names, the latter every load there; ScenarioError.

    roofs: of RESProfile.csv, whose peak stands elsewhere; simbench: the folder, or the file itself.
    """
    known = {"simbench", "column"} if roofs else {"simbench", "column", "peak", "subnet"}
    if not set(value) <= known or ("column" in value) == ("subnet" in value) or {"subnet", "peak"} <= set(value):
        raise place.error(f"got {quoted(value)}", FORM_OF_ROOFS if roofs else FORM)
    name, kind = value["simbench"], ROOFS if roofs else LOADS
    folder = name if isinstance(name, str) and name.isprintable() and (place.folder / name).is_dir() else None
    if "subnet" in value:
        if folder is None:
            raise place.error(f"got {quoted(name)} beside a subnet", f"the folder in which {WHICH} lies is needed")
        names, peaks = _of_subnet(folder, value["subnet"], place)
        told = f"SimBench, {len(names)} loads of {value['subnet']}"
    else:
        names, peaks = _named(value, place)
        told = f"SimBench, {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
    file = MeterFile(name if folder is None else _inside(folder, kind), place)
    columns = _columns(file, names, roofs)
    reach = f"{min(peaks):g}" + (f" to {max(peaks):g}" if max(peaks) > min(peaks) else "")
    return Profiles(file, columns, peaks, told if roofs else f"{told}, peak {reach} kW")


def _inside(folder, name):
    return PurePath(folder, name).as_posix()


def _named(value, place):
    """Names and peaks as the scenario says them."""
    names = value["column"] if isinstance(value["column"], list) else [value["column"]]
    if not names or not all(isinstance(name, str) for name in names):
        raise place.at("column").error(
            f"got {quoted(value['column'])}", "a profile's name, or a list of them, is needed"
        )
    said = value.get("peak", 1.0)
    peaks = said if isinstance(said, list) else [said] * len(names)
    if len(peaks) != len(names) or not all(_is_peak(peak) for peak in peaks):
        raise place.at("peak").error(f"got {quoted(said)}", PEAKS)
    return names, [float(peak) for peak in peaks]


def _is_peak(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < np.inf


def _of_subnet(folder, subnet, place):
    """Profile and peak in kW of every load of a subnet."""
    file = MeterFile(_inside(folder, WHICH), place)
    _need(file, ("profile", "pLoad", "subnet"), WHICH)
    found = read_columns(file, ["pLoad"])["pLoad"].array * KW
    where, which = (file.texts(name) for name in ("subnet", "profile"))
    rows = [k for k, name in enumerate(where) if name == subnet]
    if not rows:
        got = f"{file.name} has no load in subnet {quoted(subnet)}"
        raise place.at("subnet").error(got, "one of its column subnet is needed", nearest(subnet, set(where)))
    wrong = next((k for k in rows if not _is_peak(float(found[k]))), None)
    if wrong is not None:
        raise place.error(
            f"column pLoad, {file.row(wrong)} is {found[wrong] / KW:g}", "a number of MW from 0 on is needed"
        )
    return [which[k] for k in rows], found[rows].tolist()


def _need(file, columns, kind):
    missing = next((name for name in columns if name not in file.header), None)
    if missing is not None:
        raise file.place.error(f"{file.name} is not SimBench's {kind}", f"a column {quoted(missing)} is needed")


def _columns(file, names, roofs):
    """The columns of profiles; raises ScenarioError for another file, and a name that is not there."""
    kind, ending = (ROOFS, "") if roofs else (LOADS, ACTIVE)
    _need(file, (TIME,), kind)
    loads = any(name.endswith((ACTIVE, REACTIVE)) for name in file.header)
    if loads == roofs:
        needed = f"columns that end in {ACTIVE} are needed" if not roofs else f"that file is {LOADS}"
        raise file.place.error(f"{file.name} is not SimBench's {kind}", needed)
    there = [name.removesuffix(ending) for name in file.header if name != TIME and name.endswith(ending)]
    columns = [name.removesuffix(ending) if ending else name for name in names]
    odd = next((name for name in columns if name not in there), None)
    if odd is not None:
        some = one_of(there if len(there) <= 8 else [*there[:7], f"{len(there) - 7} more"])
        raise file.place.error(f"{file.name} has no profile {quoted(odd)}", f"it has {some}", nearest(odd, there))
    return [name + ending for name in columns]
