"""What runs that are watched are held against, played once for all visitors, beside their own threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

from engine.references import references
from views.kit.live import Reference

MOST_KEPT = 32  # scenarios whose other markets are kept
POOL = ThreadPoolExecutor(1, "beside")
KEPT = {}  # {digest: Future of References}
LOCK = threading.Lock()


def asked(run):
    """A Future of what a run is held against; the same for the same scenario and replication.

    What has so many users that it is solved without rounds is not kept once it is there.
    """
    key = run.scenario.digest(run.replication)
    with LOCK:
        if key not in KEPT:
            if len(KEPT) >= MOST_KEPT:
                KEPT.pop(next(iter(KEPT)))
            KEPT[key] = POOL.submit(_played, key, run.scenario, run.replication)
        return KEPT[key]


def _played(key, scenario, replication):
    found = played(scenario, replication)
    if any(one.result.direct for one in found):
        with LOCK:
            KEPT.pop(key, None)
    return found


def played(scenario, replication):
    """(Reference, …) of a scenario's other markets."""
    found = references(scenario, replication)
    return tuple(Reference(name, result, result.summary()) for name, result in found.items())
