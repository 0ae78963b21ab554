"""Many runs at once: jobs go to worker processes, answers come back in the order of the jobs."""

import contextlib
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context

from tqdm import tqdm

FEW = 4  # jobs that are not worth starting workers for


def run_many(function, jobs, *, workers=None, label="runs", progress=True):
    """[function(job) for job in jobs], on `workers` processes (default: all cores), with a progress bar on a terminal.

    function must be importable and its answers small; an exception in any job ends the rest and is raised.
    Raises MemoryError where the system ended a worker.
    """
    jobs = list(jobs)
    bar = {"total": len(jobs), "desc": label, "unit": "run", "disable": None if progress else True, "leave": False}
    workers = at_once_of(len(jobs), workers)
    if workers == 1:
        return [function(job) for job in tqdm(jobs, **bar)]
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers are as many as cores: BLAS threads of each would fight
    others = active_children()
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        with interrupts_held():
            answers = pool.map(function, jobs)
        return list(tqdm(answers, **bar))
    except KeyboardInterrupt:
        for worker in set(active_children()).difference(others):
            worker.terminate()
        raise
    except BrokenProcessPool:
        raise MemoryError("a worker process was ended from outside") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def at_once_of(jobs, workers=None):
    """How many of so many jobs run at once, on so many processes (default: all cores); few jobs start no process.

    >>> at_once_of(100, 8), at_once_of(4, 8), at_once_of(6, 8)
    (8, 1, 6)
    """
    workers = os.cpu_count() or 1 if workers is None else workers
    return 1 if workers <= 1 or jobs <= FEW else min(workers, jobs)


@contextlib.contextmanager
def interrupts_held():
    """Hold Ctrl-C back while workers start: they inherit that and leave it to this process to end them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
