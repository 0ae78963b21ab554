"""Where runs happen: this process or processes of this machine; one way to hand them jobs, some at a time."""

import contextlib
import os
import re
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import count, islice, repeat
from multiprocessing import get_context, parent_process, resource_tracker
from typing import NamedTuple

from engine.plugins import plug_again, plugged
from engine.progress import say
from market.errors import Refused
from scenarios.reading.files import content_of

FEW_RUNS = 4  # runs that are not worth starting workers for
MOST_JOBS = 1_000  # jobs of one task
GUARD = re.compile(r"^if\s*\(?\s*(__name__\s*==|['\"]__main__['\"]\s*==)", re.MULTILINE)
WORD_AFTER = 30.0  # seconds of waiting after which a word is said, again and again


class ExecutorError(Refused):
    """Workers that cannot be used; its text is one line."""


class Jobs:
    """Jobs still to be handed over, in their order; those given back come first."""

    def __init__(self, jobs):
        self.jobs, self.again = iter(jobs), deque()

    def take(self, most):
        """The next jobs, at most so many."""
        back = [self.again.popleft() for _ in range(min(most, len(self.again)))]
        return back + list(islice(self.jobs, most - len(back)))

    def give_back(self, jobs):
        """Jobs that were taken and not done."""
        self.again.extendleft(reversed(jobs))

    def __bool__(self):
        self.give_back(self.take(1))
        return bool(self.again)


class Executor(ABC):
    """Where runs happen, as a context: within one, the same workers serve sweep after sweep; workers: how many.

    at_once: runs that share this machine's memory; ahead: tasks handed over for each worker, so that none waits;
    task_seconds: work worth one task, as many jobs as the last one tells, and cut at twice that; deaths: errors that
    tell of a worker that died rather than of the job.
    """

    workers, at_once, ahead, task_seconds = 1, 1, 4, 0.1
    deaths = (BrokenExecutor,)
    entered = 0

    def __enter__(self):
        if self.entered == 0:
            self.start()
        self.entered += 1
        return self

    def __exit__(self, kind, error, trace):
        self.entered -= 1
        if self.entered == 0:
            self.stop(cut=kind is not None)

    @abstractmethod
    def start(self):
        """Get ready for jobs."""

    @abstractmethod
    def stop(self, cut):
        """Let go of the workers; cut: of what they are doing as well."""

    @abstractmethod
    def submit(self, function, *given):
        """The concurrent.futures.Future of function(*given)."""

    def completed(self, function, jobs):
        """Yield (job, answer, error) as jobs end, in any order; error is None or the exception.

        function: of a job, or OfFirst. Jobs under way when a worker died are run again alone, one at a time: the one
        that kills its worker again fails.
        """
        pending = {}
        try:
            yield from self._completed(function, Jobs(jobs), pending)
        finally:
            for future in pending:
                future.cancel()

    def _completed(self, function, jobs, pending):
        suspects, size, alone = deque(), 1, False
        while True:
            while len(pending) < (1 if suspects or alone else self.workers * self.ahead):
                alone = bool(suspects)
                task = [suspects.popleft()] if alone else jobs.take(size)
                if not task:
                    break
                pending[self.submit(answers_within, function, task, 2 * self.task_seconds)] = task
            if not pending:
                return
            for future in self._ended(pending):
                task, error = pending.pop(future), future.exception()
                if error is None:
                    seconds, answers = future.result()
                    size = worth(self.task_seconds, seconds / len(answers))
                    jobs.give_back(task[len(answers) :])
                    yield from zip(task, answers, repeat(None), strict=False)
                elif alone or (len(task) == 1 and not isinstance(error, self.deaths)):
                    yield task[0], None, error
                else:
                    suspects.extend(task)
            alone = False

    def _ended(self, pending):
        """The futures that have ended, once some have; a word now and then while none has."""
        for times in count(1):
            ended = wait(pending, WORD_AFTER, FIRST_COMPLETED).done
            if ended:
                return ended
            runs = sum(map(len, pending.values()))
            say(f"no run has ended for {times * WORD_AFTER:.0f} s; {runs} are with {self.workers} processes")


class OfFirst(NamedTuple):
    """In place of a function of a job: of(jobs) answers the first of some, one at least, more where that is cheaper."""

    of: Callable[[list], list]


def answers_within(function, jobs, seconds):
    """(Seconds taken, answers) of the first of some jobs: one at least, and no further one after so many seconds."""
    started, answers = time.perf_counter(), []
    while len(answers) < len(jobs):
        left = jobs[len(answers) :]
        answers += function.of(left) if isinstance(function, OfFirst) else [function(left[0])]
        if time.perf_counter() - started > seconds:
            break
    return time.perf_counter() - started, answers


def worth(task_seconds, seconds):
    """How many jobs of so many seconds are worth a task."""
    return min(max(int(task_seconds / max(seconds, 1e-9)), 1), MOST_JOBS)


class InProcess(Executor):
    """This very process, one run after another."""

    ahead = 1

    def start(self):
        """Nothing is needed."""

    def stop(self, cut):
        """Nothing is left."""

    def submit(self, function, *given):
        """A future that has ended."""
        future = Future()
        try:
            future.set_result(function(*given))
        except Exception as error:
            future.set_exception(error)
        return future


class Here(Executor):
    """Processes of this machine, by default as many as cores; one that dies is replaced.

    Raises ExecutorError where processes do not even start.
    """

    def __init__(self, workers=None):
        self.workers = self.at_once = workers or os.cpu_count() or 1
        self.pool = None

    def start(self):
        """Processes start as jobs come."""
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers are as many as cores: BLAS threads of each would fight
        _start_tracker()
        begin = {"initializer": _obey, "initargs": (plugged(),)}
        self.pool = ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"), **begin)

    def stop(self, cut):
        """End the processes, at once where something went wrong."""
        for process in list((self.pool._processes or {}).values()) if cut else ():
            process.terminate()
        self.pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, function, *given):
        """A future of the pool, of a new one where a process died."""
        try:
            with _interrupts_held(), _unguarded_main_hidden():
                return self.pool.submit(function, *given)
        except BrokenProcessPool:
            self._restart()
            return self.submit(function, *given)

    def _restart(self):
        self.stop(cut=False)
        self.start()
        try:
            with _interrupts_held(), _unguarded_main_hidden():
                tried = self.pool.submit(int)
            tried.result()
        except BrokenProcessPool:
            raise ExecutorError(
                "workers: processes do not start here; one worker, memory, or a program that is a file with its calls "
                "below `if __name__ == '__main__':` is needed"
            ) from None


def _start_tracker():
    """Start the process that removes the semaphores of a command that was killed; it need not warn that it does."""
    if not hasattr(signal, "pthread_sigmask"):
        return
    sys.warnoptions.append("ignore::UserWarning:multiprocessing.resource_tracker")
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.pop()


def _obey(plugins):
    """Leave Ctrl-C to the process that hands out the jobs, end when that ends, however it ends, and know its rules."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    plug_again(plugins)


def _end_with_parent():
    parent_process().join()
    os._exit(1)


@contextlib.contextmanager
def _interrupts_held():
    """Hold Ctrl-C back while workers start: they inherit that and leave it to this process to end them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unguarded_main():
    """The program, where it is a script that would begin anew in every process; None where it has a main guard."""
    program = sys.modules["__main__"]
    file = getattr(program, "__file__", None)
    if file is None or getattr(program, "__spec__", None) is not None:
        return None
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return None if GUARD.search(content_of(file).decode()) else program
    return None


@contextlib.contextmanager
def _unguarded_main_hidden():
    """Processes that start meanwhile do not import a program that has no main guard: nothing they do is of it."""
    program = unguarded_main()
    if program is None:
        yield
        return
    file = program.__file__
    del program.__file__
    try:
        yield
    finally:
        program.__file__ = file


def _has_rules_of_its_own(program):
    """Has a program classes, which may be rules that workers would not know?"""
    return any(isinstance(one, type) and one.__module__ == "__main__" for one in vars(program).values())


def on_this_machine(runs, workers=None):
    """What suits so many runs here: this process for few of them or one worker, else `workers` processes.

    Classes of a program without a main guard are known to this process alone, so all its runs are here.
    """
    if workers == 1 or runs <= FEW_RUNS:
        return InProcess()
    program = unguarded_main()
    return InProcess() if program is not None and _has_rules_of_its_own(program) else Here(workers)
