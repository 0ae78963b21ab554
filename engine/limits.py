"""Resource limits: the memory that work may need, estimated before it starts, beside what this machine has left."""

import os
from pathlib import Path

from engine.results import results_of
from market.errors import Refused

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

ROW_BYTES = 4_000  # bytes of one run's row in a comparison
MARK_BYTES = 4  # bytes of what a sweep remembers of a run
MOST_RUNS = 1_000_000_000


class TooLarge(Refused):
    """Work that may not fit in memory; its text is one line."""


def check(scenarios, *, replications=1, workers=1, patient=False, room=None):
    """Raise TooLarge where runs of these scenarios, each replicated, may need more memory than there is.

    workers: runs at once; room: bytes to go by in place of `available()`. Nothing is checked if `patient`, nor on
    systems that do not tell what they have left.
    """
    room = available() if room is None and not patient else room
    if patient or room is None:
        return
    for scenario in scenarios:
        need = {key: size * workers for key, size in results_of(scenario.market).memory(scenario).items()}
        if sum(need.values()) > room:
            raise _too_large(f"{scenario.name}: {max(need, key=need.get)}", sum(need.values()), room)
    if replications > 1 or len(scenarios) > 1:
        check_answers(replications, sum(ROW_BYTES + results_of(s.market).kept(s) for s in scenarios), room=room)


def check_answers(replications, size, *, patient=False, room=None):
    """Raise TooLarge where the answers of so many replications, each of this size in bytes, may not fit in memory."""
    room = available() if room is None and not patient else room
    if not patient and room is not None and replications * size > room:
        raise _too_large("replications", replications * size, room)


def check_runs(count, *, patient=False):
    """Raise TooLarge for more runs of a sweep than MOST_RUNS, or than there is memory to keep marks of."""
    if count > MOST_RUNS:
        raise TooLarge(f"sweep: {count:,} runs; at most {MOST_RUNS:,} are possible, fewer points or replications")
    check_answers(count, MARK_BYTES, patient=patient)


def _too_large(where, need, room):
    got = f"this may need {in_words(need)} of memory, and {in_words(room)} are free"
    return TooLarge(f"{where}: {got}; take less, or --yes to go on")


def in_words(size):
    """A number of bytes in words.

    >>> in_words(2.5e9), in_words(3e6), in_words(4e16)
    ('2.5 GB', '3 MB', '40,000 TB')
    """
    if size < 1e9:
        return f"{size / 1e6:.0f} MB"
    return f"{size / 1e9:.1f} GB" if size < 1e13 else f"{size / 1e12:,.0f} TB"


def available():
    """Bytes this process may still take, None where nothing tells: by the machine, its control group, its own limit."""
    told = [size for size in (of_machine(), of_group(), of_process()) if size is not None]
    return max(min(told), 0) if told else None


def of_machine():
    """What the machine can give without swapping; where it does not tell, all it has."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


FILES = {  # of a control group: its limit, what it uses, and the line of memory.stat of what it could give back
    "": ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    "memory": ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def of_group():
    """What the control group leaves, None without one."""
    try:
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return None
    known = [(own, *FILES[kind]) for _, kind, own in groups if kind in FILES]
    found = [left(Path(root) / own.lstrip("/"), *files) for own, root, *files in known]
    return min((size for size in found if size is not None), default=None)


def left(folder, limit, used, idle):
    """Bytes below a control group's limit, with those of files it could give back; None where nothing is said."""
    try:
        stat = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
        most, now = ((folder / name).read_text(encoding="ascii").strip() for name in (limit, used))
        return None if most == "max" else int(most) - int(now) + int(stat.get(idle, 0))
    except (OSError, ValueError):
        return None


def of_process():
    """What the process's own limit on its memory leaves, None without one."""
    if resource is None:
        return None
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return None
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return most
    return most - pages * os.sysconf("SC_PAGE_SIZE")
