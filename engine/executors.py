"""Where runs happen: processes of this machine, or the workers of a Dask scheduler; one way to hand them jobs."""

import contextlib
import importlib
import os
import signal
import warnings
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from engine.many import interrupts_held
from engine.store import versions

AHEAD = 4  # jobs handed over for each worker, so that none waits
MUST_AGREE = ("python", "mesa", "numpy", "scipy")


class ClusterError(ValueError):
    """A cluster that cannot be used; its text is one line."""


class Here:
    """Processes of this machine; a process that dies is replaced, the job that killed it fails alone."""

    def __init__(self, workers=None):
        self.workers = workers or os.cpu_count() or 1
        self.pool = None

    def __enter__(self):
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers are as many as cores: BLAS threads of each would fight
        self.pool = ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"), initializer=_leave_interrupts)
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            for process in list((self.pool._processes or {}).values()):
                process.terminate()
        self.pool.shutdown(wait=True, cancel_futures=True)

    def completed(self, function, jobs):
        """Yield (job, answer, error) as jobs end, in any order; error is None or the exception."""
        jobs = iter(jobs)
        suspects = yield from self._until_broken(function, jobs, self.workers * AHEAD)
        while suspects is not None:
            for job in suspects:  # one at a time: who kills its worker again is the one that did
                broken = yield from self._until_broken(function, iter([job]), 1)
                if broken is not None:
                    yield job, None, BrokenProcessPool("the worker process died in this run")
            suspects = yield from self._until_broken(function, jobs, self.workers * AHEAD)

    def _until_broken(self, function, jobs, window):
        """Jobs under way when a process died, after it was replaced; None once all jobs have ended."""
        pending, ended = {}, False
        while True:
            try:
                with interrupts_held():
                    while not ended and len(pending) < window:
                        job = next(jobs, None)
                        ended = job is None
                        if not ended:
                            pending[self.pool.submit(function, job)] = job
            except BrokenProcessPool:
                return self._restarted([*pending.values(), job])
            if not pending:
                return None
            done = wait(pending, return_when=FIRST_COMPLETED).done
            broken = {future for future in done if isinstance(future.exception(), BrokenProcessPool)}
            for future in done - broken:
                error = future.exception()
                yield pending.pop(future), None if error else future.result(), error
            if broken:
                return self._restarted(list(pending.values()))

    def _restarted(self, jobs):
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.__enter__()
        return jobs


def _leave_interrupts():
    """Ctrl-C is for the process that hands out the jobs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Cluster:
    """The workers of a Dask scheduler at an address such as tcp://127.0.0.1:8786; Dask runs lost jobs again itself.

    tls: paths of "ca", "cert" and "key" for tls:// addresses. Raises ClusterError where it cannot be reached or its
    workers have other versions.
    """

    def __init__(self, address, tls=None, timeout=10):
        self.address, self.tls, self.timeout = address, tls, timeout

    def __enter__(self):
        try:
            distributed = importlib.import_module("distributed")
        except ImportError:
            raise ClusterError("--cluster: needs Dask: pip install distributed") from None
        security = None
        if self.tls:
            names = {"ca": "tls_ca_file", "cert": "tls_client_cert", "key": "tls_client_key"}
            files = {names[what]: file for what, file in self.tls.items()}
            security = distributed.Security(require_encryption=True, **files)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # other versions are told below
                self.client = distributed.Client(self.address, security=security, timeout=self.timeout)
        except (OSError, ValueError, TimeoutError, RuntimeError) as error:
            said = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise self._error(f"cannot be reached: {said}; a running scheduler is needed") from None
        try:
            self.workers = self._checked()
        except BaseException:
            self.client.close()
            raise
        self.pool = self.client.get_executor(pure=False)
        return self

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

    def __exit__(self, kind, error, trace):
        if kind is not None:
            with contextlib.suppress(Exception):
                self.pool.shutdown(wait=False, cancel_futures=True)
        self.client.close()

    def completed(self, function, jobs):
        """Yield (job, answer, error) as jobs end, in any order; error is None or the exception."""
        jobs, pending, ended = iter(jobs), {}, False
        while True:
            while not ended and len(pending) < self.workers * AHEAD:
                job = next(jobs, None)
                ended = job is None
                if not ended:
                    pending[self.pool.submit(function, job)] = job
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                error = future.exception()
                yield pending.pop(future), None if error else future.result(), error


class InProcess:
    """This very process, one run after another."""

    workers = 1

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return None

    def completed(self, function, jobs):
        """Yield (job, answer, error) in order; error is None or the exception."""
        for job in jobs:
            try:
                yield job, function(job), None
            except Exception as error:
                yield job, None, error
