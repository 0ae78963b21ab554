"""Where runs happen: this process, processes of this machine, or a Dask cluster; one way to hand them jobs."""

import contextlib
import importlib
import logging
import os
import signal
import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections import deque
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice, repeat
from multiprocessing import get_context, parent_process
from pathlib import Path

from engine.store import versions

FEW = 4  # runs that are not worth starting workers for
MOST = 1_000  # jobs of one task
MUST_AGREE = ("python", "mesa", "numpy", "scipy")


class ExecutorError(ValueError):
    """Workers that cannot be used; its text is one line."""


class ClusterError(ExecutorError):
    """A cluster that cannot be used."""


class Executor(ABC):
    """Where runs happen, as a context: within one, the same workers serve sweep after sweep; workers: how many.

    at_once: runs that share this machine's memory; ahead: tasks handed over for each worker, so that none waits;
    task_seconds: work worth one task; deaths: errors that tell of a worker that died rather than of the job.
    """

    workers, at_once, ahead, task_seconds = 1, 1, 4, 0.0
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

        Jobs under way when a worker died are run again alone, one at a time: the one that kills its worker again fails.
        """
        pending = {}
        try:
            yield from self._completed(function, iter(jobs), pending)
        finally:
            for future in pending:
                future.cancel()

    def _completed(self, function, jobs, pending):
        suspects, size, alone = deque(), 1, False
        while True:
            while len(pending) < (1 if suspects or alone else self.workers * self.ahead):
                alone = bool(suspects)
                task = [suspects.popleft()] if alone else list(islice(jobs, size))
                if not task:
                    break
                pending[self.submit(_answers, function, task)] = task
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                task, error = pending.pop(future), future.exception()
                if error is None:
                    seconds, answers = future.result()
                    size = min(max(int(len(task) * self.task_seconds / max(seconds, 1e-9)), 1), MOST)
                    yield from zip(task, answers, repeat(None), strict=False)
                elif alone or (len(task) == 1 and not isinstance(error, self.deaths)):
                    yield task[0], None, error
                else:
                    suspects.extend(task)
            alone = False


def _answers(function, jobs):
    """(Seconds taken, answers) of some jobs."""
    started = time.perf_counter()
    answers = [function(job) for job in jobs]
    return time.perf_counter() - started, answers


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
        self.pool = ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"), initializer=_obey)

    def stop(self, cut):
        """End the processes, at once where something went wrong."""
        for process in list((self.pool._processes or {}).values()) if cut else ():
            process.terminate()
        self.pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, function, *given):
        """A future of the pool, of a new one where a process died."""
        try:
            with _interrupts_held():
                return self.pool.submit(function, *given)
        except BrokenProcessPool:
            self._restart()
            return self.submit(function, *given)

    def _restart(self):
        self.stop(cut=False)
        self.start()
        try:
            with _interrupts_held():
                tried = self.pool.submit(_answers, int, [])
            tried.result()
        except BrokenProcessPool:
            raise ExecutorError(
                "workers: processes do not start here; one worker, memory, or a program that is a file with its calls "
                "below `if __name__ == '__main__':` is needed"
            ) from None


def _obey():
    """Leave Ctrl-C to the process that hands out the jobs, and end when that ends, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


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


def on_this_machine(runs, workers=None):
    """What suits so many runs here: this process for few of them or one worker, else `workers` processes."""
    return InProcess() if workers == 1 or runs <= FEW else Here(workers)


class Cluster(Executor):
    """The workers of a Dask scheduler at an address such as tcp://127.0.0.1:8786.

    tls: paths of "ca", "cert" and "key" for tls:// addresses. Raises ClusterError where it cannot be reached, its
    workers have other versions, or it is lost.
    """

    at_once = 0
    task_seconds = 0.25  # a task costs milliseconds, and waits for the interpreter while a run has it

    def __init__(self, address, tls=None, timeout=10):
        self.address, self.tls, self.timeout = address, tls, timeout

    def start(self):
        """Connect, and look at the workers."""
        try:
            distributed = importlib.import_module("distributed")
        except ImportError:
            raise ClusterError("--cluster: needs Dask: pip install distributed") from None
        security = self._security(distributed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # other versions are told below
                self.client = distributed.Client(self.address, security=security, timeout=self.timeout)
        except (OSError, ValueError, TypeError, TimeoutError, RuntimeError) as error:
            said = " ".join(str(error).split())[:160] or type(error).__name__
            raise self._error(f"cannot be reached: {said}; a running scheduler is needed") from None
        try:
            self.workers = self._checked()
        except BaseException:
            self.client.close()
            raise
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a lost scheduler is told by ClusterError
        self.deaths = (distributed.KilledWorker,)
        self.pool = self.client.get_executor(pure=False)

    def _security(self, distributed):
        if not self.tls:
            return None
        for file in self.tls.values():
            Path(file).read_bytes()  # what cannot be read is told with its name
        names = {"ca": "tls_ca_file", "cert": "tls_client_cert", "key": "tls_client_key"}
        files = {names[what]: str(file) for what, file in self.tls.items()}
        return distributed.Security(require_encryption=True, **files)

    def _error(self, said):
        return ClusterError(f"--cluster: {self.address}: {said}")

    def _checked(self):
        """How many threads the workers have; raises ClusterError without workers or with other versions."""
        info = self.client.scheduler_info(n_workers=-1)["workers"]
        if not info:
            raise self._error(f"has no workers; start some with `dask worker {self.address}`")
        try:
            theirs = self.client.run(versions)
        except Exception as error:
            said = f"{type(error).__name__}: {str(error)[:80]}"
            raise self._error(f"its workers cannot run this project ({said}); start them in its folder") from None
        ours = versions()
        for worker, found in theirs.items():
            odd = next((name for name in MUST_AGREE if found.get(name) != ours[name]), None)
            if odd is not None:
                got = f"{odd} {found.get(odd)} at worker {worker}, {ours[odd]} here"
                raise self._error(f"{got}; the same versions are needed")
        return sum(worker["nthreads"] for worker in info.values())

    def stop(self, cut):
        """Take back what was handed over, and disconnect."""
        if cut:
            with contextlib.suppress(Exception):
                self.pool.shutdown(wait=False, cancel_futures=True)
        self.client.close()

    def submit(self, function, *given):
        """A future of the cluster; Dask itself runs again what a lost worker had."""
        return self.pool.submit(function, *given)

    def completed(self, function, jobs):
        """As of every executor; raises ClusterError where the scheduler is lost."""
        try:
            yield from super().completed(function, jobs)
        except CancelledError:
            raise self._error("the scheduler was lost; finished runs are kept, the same command goes on") from None
