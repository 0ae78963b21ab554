"""Runs on a Dask cluster: each task is given to one worker that was asked for its versions, and again if that is lost.

Dask itself would give tasks to whoever joins, and wait for ever for a worker that froze or for one that fits.
"""

import asyncio
import contextlib
import importlib
import logging
import pickle
import time
import warnings
from collections import deque
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field
from itertools import repeat

from engine import executors
from engine.executors import ExecutorError, answers_within, worth
from engine.plugins import plug_again, plugged
from engine.progress import say
from engine.store import versions
from scenarios.reading.files import content_of

LOOK_EVERY = 1.0  # seconds between looks at who is there
LONG_TASK = 1.0  # seconds of a task from which on a worker gets no second one in advance
MAY_DIFFER = ("machine",)


class ClusterError(ExecutorError):
    """A cluster that cannot be used."""


@dataclass(eq=False)
class Task:
    """Jobs that one worker has, or several where the first was not heard of; alone: it may have killed a worker."""

    jobs: list
    alone: bool = False
    ended: bool = False


@dataclass(eq=False)
class Worker:
    """A worker of the cluster: what it was given, its answer about versions, and when it was last heard of."""

    address: str
    threads: int
    pool: Executor
    heard: float
    check: Future | None = None
    seen: float = 0.0  # by the scheduler's clock
    fits: bool = False
    silent: bool = False
    tasks: dict = field(default_factory=dict)  # {future: Task}

    @property
    def usable(self):
        """May it be given tasks?"""
        return self.fits and not self.silent

    def room(self, ahead):
        """How many tasks it may be given."""
        alone = any(task.alone for task in self.tasks.values())
        return 0 if alone else self.threads * ahead - len(self.tasks)


class Cluster(executors.Executor):
    """The workers of a Dask scheduler at an address such as tcp://127.0.0.1:8786, those that join later as well.

    tls: paths of "ca", "cert" and "key" for tls:// addresses; timeout: seconds to connect; patience: seconds after
    which a worker that was not heard of has its tasks given to others, and a cluster without usable workers, or a
    scheduler that does not answer, is given up. Raises ClusterError where it cannot be reached, its workers cannot be
    used or have other versions at the start, or it is lost; later such workers are told and left out.
    """

    at_once = 0
    task_seconds = 0.25  # a task costs milliseconds, and waits for the interpreter while a run has it

    def __init__(self, address, tls=None, timeout=10, patience=60):
        self.address, self.tls, self.timeout, self.patience = address, tls, timeout, patience

    def start(self):
        """Connect, and ask the workers for their versions."""
        try:
            self.dask = importlib.import_module("distributed")
        except ImportError:
            raise ClusterError("--cluster: needs Dask: pip install distributed") from None
        security = self._security()
        try:
            with ThreadPoolExecutor(1) as thread:  # a loop may run in this one
                thread.submit(asyncio.run, self._knock(security)).result()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # other versions are told below
                self.client = self.dask.Client(self.address, security=security, timeout=self.timeout)
        except (OSError, ValueError, TypeError, RuntimeError, AssertionError) as error:  # Dask asserts that it starts
            said = " ".join(str(error).split())[:160] or type(error).__name__
            raise self._error(f"cannot be reached: {said}; a running scheduler is needed") from None
        self.deaths = (self.dask.KilledWorker,)
        self.crew, self.left, self.looked = {}, [], -LOOK_EVERY
        self.answered = self.usable = time.monotonic()
        try:
            self._look(strict=True)
            self._first_answers()
        except BaseException:
            self.client.close(timeout=2)
            raise
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a lost scheduler is told by ClusterError

    async def _knock(self, security):
        """Raise OSError where nobody answers in time; Dask's client would wait for ever for a frozen scheduler."""
        options = security.get_connection_args("client") if security else {}
        try:
            line = await asyncio.wait_for(self.dask.comm.connect(self.address, self.timeout, **options), self.timeout)
        except TimeoutError:
            raise OSError(f"no answer for {self.timeout} s") from None
        await line.close()

    def _security(self):
        if not self.tls:
            return None
        for file in self.tls.values():
            content_of(file)  # what cannot be read is told with its name
        names = {"ca": "tls_ca_file", "cert": "tls_client_cert", "key": "tls_client_key"}
        files = {names[what]: str(file) for what, file in self.tls.items()}
        return self.dask.Security(require_encryption=True, **files)

    def _error(self, said):
        return ClusterError(f"--cluster: {self.address}: {said}")

    def _lost(self, said):
        return self._error(f"{said}; finished runs are kept, the same command goes on")

    def _first_answers(self):
        """Wait for what the workers say of their versions, not for ever; raises ClusterError where one does not fit."""
        if not self.crew:
            raise self._error(f"has no workers; start some with `dask worker {self.address}`")
        asked = [worker.check for worker in self.crew.values() if worker.check is not None]
        if not wait(asked, min(self.timeout, self.patience)).done and asked:
            wait(asked, self.patience, FIRST_COMPLETED)  # a worker's first answer takes as long as its imports
        self._look(strict=True)
        late = [worker.address for worker in self.crew.values() if worker.check is not None]
        if len(late) == len(self.crew):
            raise self._error(f"its workers have not answered for {self.patience} s; are they running?")
        for address in late:
            say(f"--cluster: worker {address} has not answered for {self.timeout} s: left out until it does")

    @property
    def workers(self):
        """How many threads the usable workers have."""
        return max(sum(worker.threads for worker in self.crew.values() if worker.usable), 1)

    def stop(self, cut):
        """Take back what was handed over, and disconnect."""
        for worker in self.crew.values():
            if cut:
                with contextlib.suppress(Exception):
                    worker.pool.shutdown(wait=False, cancel_futures=True)
        self.client.close(timeout=5)

    def submit(self, function, *given):
        """A future of some usable worker."""
        worker = next(worker for worker in self.crew.values() if worker.usable)
        return self._submit(worker, function, *given)

    def _submit(self, worker, function, *given):
        # as bytes, since Dask looks into every list it is handed
        dumps = self.dask.protocol.pickle.dumps
        work = dumps(Call(function, given))
        return worker.pool.submit(pickle.loads, dumps(Call(plugged_in, (plugged(), work))) if plugged() else work)

    # ---- who is there ----

    def _look(self, strict=False):
        """Note who joined, left, froze or answered, every LOOK_EVERY seconds; strict: raise where one does not fit."""
        if time.monotonic() - self.looked < LOOK_EVERY and not strict:
            return
        found = self._asked()
        self.looked = now = time.monotonic()
        if found is None:
            return
        self.answered = now
        for address, facts in found.items():
            if address not in self.crew:
                self.crew[address] = self._joined(address, facts["nthreads"])
            self._heard(self.crew[address], facts["last_seen"], now)
        for address in self.crew.keys() - found.keys():
            self.left.append(self.crew.pop(address))
        for worker in self.crew.values():
            self._checked(worker, strict)
        if any(worker.usable for worker in self.crew.values()):
            self.usable = now
        elif now - self.usable > self.patience and not strict:
            raise self._lost(f"no usable worker for {self.patience} s")

    def _asked(self):
        """What the scheduler says of its workers; None where it does not answer yet."""
        try:
            wanted = min(executors.WORD_AFTER, self.patience)
            return self.client.sync(self.client.scheduler.identity, n_workers=-1, callback_timeout=wanted)["workers"]
        except (TimeoutError, Late):
            silent = time.monotonic() - self.answered
            if silent > self.patience:
                raise self._lost(f"the scheduler has not answered for {silent:.0f} s") from None
            say(f"--cluster: {self.address}: the scheduler has not answered for {silent:.0f} s")
            return None
        except (OSError, CancelledError, RuntimeError):
            raise self._lost("the scheduler was lost") from None

    def _joined(self, address, threads):
        pool = self.client.get_executor(pure=False, workers=[address], allow_other_workers=False)
        worker = Worker(address, threads, pool, time.monotonic())
        worker.check = self._submit(worker, versions)
        return worker

    def _heard(self, worker, seen, now):
        """Note whether a worker was heard of; one that was not for `patience` seconds is silent until it is again."""
        if seen != worker.seen:
            if worker.silent:
                say(f"--cluster: worker {worker.address} is heard of again")
            worker.seen, worker.heard, worker.silent = seen, now, False
        elif now - worker.heard > self.patience and not worker.silent:
            worker.silent = True
            say(f"--cluster: worker {worker.address} has not been heard of for {self.patience} s: others do its runs")

    def _checked(self, worker, strict):
        """Take a worker's answer about its versions; one that does not fit is told, or raised where strict."""
        if worker.check is None or not worker.check.done():
            return
        check, worker.check = worker.check, None
        if check.cancelled():
            return
        error = check.exception()
        if error is None:
            said = odd_version(check.result(), versions(), worker.address)
        else:
            found = " ".join(f"{type(error).__name__}: {error}".split())[:100]
            said = f"its workers cannot run this project ({found}); start them in its folder"
        worker.fits = said is None
        if said is not None and strict:
            raise self._error(said)
        if said is not None:
            say(f"--cluster: worker {worker.address} is left out: {said}")

    # ---- what is handed over ----

    def completed(self, function, jobs):
        """As of every executor; raises ClusterError where the scheduler or the last usable worker is lost."""
        try:
            yield from super().completed(function, jobs)
        except CancelledError:
            raise self._lost("the scheduler was lost") from None

    def _completed(self, function, jobs, pending):
        again, size, ahead = deque(), 1, 1
        last = time.monotonic()
        said = 0
        while True:
            self._look()
            yield from self._given_back(pending, again)
            self._hand_over(function, jobs, again, pending, size, ahead)
            if not (pending or again or jobs):
                return
            for future in wait(pending, LOOK_EVERY, FIRST_COMPLETED).done if pending else self._idle():
                worker = pending.pop(future)
                task, error = worker.tasks.pop(future), future.exception()
                if task.ended:
                    continue
                task.ended, last, said = True, time.monotonic(), 0
                self._withdraw(task, pending)
                if error is None:
                    seconds, answers = future.result()
                    size = worth(self.task_seconds, seconds / len(answers))
                    ahead = self.ahead if seconds < LONG_TASK else 1
                    jobs.give_back(task.jobs[len(answers) :])
                    yield from zip(task.jobs, answers, repeat(None), strict=False)
                elif len(task.jobs) == 1 and (task.alone or not self._of_the_worker(error)):
                    yield task.jobs[0], None, error
                else:
                    again.extend(Task([job], self._of_the_worker(error)) for job in task.jobs)
            if time.monotonic() - last >= (said + 1) * executors.WORD_AFTER:
                said += 1
                self._say_waiting(time.monotonic() - last)

    def _of_the_worker(self, error):
        """Was a worker lost, no run at fault? Dask takes an answer whose worker dies as it is fetched for an error.

        That is then raised in Dask's own code and nowhere below, where what a run raises comes from the worker.
        """
        return isinstance(error, self.deaths) or (bool(error.__traceback__) and error.__traceback__.tb_next is None)

    def _idle(self):
        time.sleep(LOOK_EVERY)
        return ()

    def _say_waiting(self, seconds):
        runs = {id(task): len(task.jobs) for worker in self.crew.values() for task in worker.tasks.values()}
        usable = sum(worker.usable for worker in self.crew.values())
        say(
            f"--cluster: {self.address}: no run has ended for {seconds:.0f} s; handed over: {sum(runs.values())}; "
            f"workers that can be used: {usable}, that cannot: {len(self.crew) - usable}"
        )

    def _given_back(self, pending, again):
        """Put what lost and silent workers had among the tasks to be given again; yields jobs that are given up."""
        for worker in self.left:
            for future, task in worker.tasks.items():
                pending.pop(future)
                future.cancel()
                if self._in_hand(task, again):
                    continue
                task.ended = True
                if task.alone:
                    error = BrokenExecutor(f"the worker {worker.address} was lost with this run, as one before")
                    yield task.jobs[0], None, error
                else:
                    again.extend(Task([job], alone=True) for job in task.jobs)
        self.left.clear()
        for worker in self.crew.values():
            if worker.silent:
                again.extend(task for task in worker.tasks.values() if not self._in_hand(task, again))

    def _in_hand(self, task, again):
        """Has it ended, does a worker that is heard of have it, or is it to be given again?"""
        held = any(task in worker.tasks.values() for worker in self.crew.values() if worker.usable)
        return task.ended or held or task in again

    def _hand_over(self, function, jobs, again, pending, size, ahead):
        """Give usable workers tasks as they have room: first those given again, alone where one may kill its worker."""
        for worker in self.crew.values():
            if not worker.usable:
                continue
            for _ in range(worker.room(ahead)):
                if again and not again[0].alone:
                    task = again.popleft()
                elif again:
                    if worker.tasks:
                        break
                    task = again.popleft()
                else:
                    task = Task(jobs.take(size))
                if not task.jobs:
                    return
                future = self._submit(worker, answers_within, function, task.jobs, 2 * self.task_seconds)
                pending[future], worker.tasks[future] = worker, task
                if task.alone:
                    break

    def _withdraw(self, task, pending):
        """Take a task that has ended back from others that have it."""
        for worker in self.crew.values():
            for future in [future for future, held in worker.tasks.items() if held is task]:
                del worker.tasks[future], pending[future]
                future.cancel()


class Call:
    """What unpickles to function(*given), so that only workers need this project, not the scheduler."""

    def __init__(self, function, given):
        self.function, self.given = function, given

    def __reduce__(self):
        return self.function, self.given


def plugged_in(plugins, work):
    """What pickled work gives, once the plugins it may need are there."""
    plug_again(plugins)
    return pickle.loads(work)


def odd_version(theirs, ours, address):
    """What of a worker's versions differs from ours, in words; None where nothing does."""
    for name in ours:
        if name not in MAY_DIFFER and theirs.get(name) != ours[name]:
            return f"{name} {theirs.get(name)} at worker {address}, {ours[name]} here; the same versions are needed"
    return None
