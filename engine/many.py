"""Many runs at once: jobs go to an executor, answers come back in the order of the jobs."""

from concurrent.futures import BrokenExecutor
from functools import partial

from engine.executors import on_this_machine
from engine.progress import bar


def run_many(function, jobs, *, executor=None, workers=None, label="runs", progress=True):
    """[function(job) for job in jobs], with a progress bar on a terminal.

    executor: one of engine.executors, by default `workers` processes of this machine, by default all cores. function
    must be importable and its answers small; an exception in any job ends the rest and is raised. Raises MemoryError
    where the system ended a worker.
    """
    jobs = list(jobs)
    answers = [None] * len(jobs)
    with executor or on_this_machine(len(jobs), workers) as pool, bar(label, len(jobs), shown=progress) as shown:
        for (number, _), answer, error in pool.completed(partial(_of_numbered, function), enumerate(jobs)):
            if isinstance(error, BrokenExecutor):
                raise MemoryError("a worker process was ended from outside")
            if error is not None:
                raise error
            answers[number] = answer
            shown.update()
    return answers


def _of_numbered(function, numbered):
    return function(numbered[1])
