"""Many runs at once: jobs go to worker processes, answers come back in the order of the jobs."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tqdm import tqdm

FEW = 4  # jobs that are not worth starting workers for


def run_many(function, jobs, *, workers=None, label="runs", progress=True):
    """[function(job) for job in jobs], on `workers` processes (default: all cores), with a progress bar on a terminal.

    function must be importable and its answers small; an exception in any job ends the rest and is raised.
    """
    jobs = list(jobs)
    workers = os.cpu_count() or 1 if workers is None else workers
    bar = {
        "total": len(jobs),
        "desc": label,
        "unit": "run",
        "disable": None if progress else True,
        "leave": False,
    }
    if workers <= 1 or len(jobs) <= FEW:
        return [function(job) for job in tqdm(jobs, **bar)]
    pool = ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn"))
    try:
        return list(tqdm(pool.map(function, jobs), **bar))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
