"""A visitor's runs: stepped in a thread of their own, so that the page answers while they work."""

import queue
import sys
import threading
import time
import traceback
from dataclasses import replace

import solara

from scenarios import ScenarioError
from views.browser.frames import Frame
from views.browser.live import Run
from views.browser.markets import PAGES
from views.browser.redraw import update_counter

FASTEST = 0.0
SPEEDS = {"1 round a second": 1.0, "3 rounds a second": 0.33, "10 rounds a second": 0.1, "as fast as it can": FASTEST}
AFTER = 0.5  # seconds of work after which the page says what is being worked on
BETWEEN_FRAMES = 0.15  # seconds of work after which a run at full speed is drawn


class Session:
    """Runs stepped together, one or several side by side; every visitor has sessions of their own.

    Mesa's SolaraViz holds one model class with sliders for its constructor's arguments. Here there are three markets, a
    population that is drawn apart from the model, scenarios to compare and files to write; so models are held and
    stepped here, and of mesa.visualization the page uses the signal that redraws it, `update_counter`.
    """

    def __init__(self):
        self.runs: tuple[Run, ...] = ()
        self.frames: tuple[Frame, ...] = ()
        self.playing = solara.reactive(False)
        self.working = solara.reactive("")
        self.problem = solara.reactive("")
        self.pause = SPEEDS["3 rounds a second"]
        self.number = 0  # of the runs asked for last; work for earlier ones is dropped
        self.lock = threading.RLock()  # held while models change or are read
        self._jobs = queue.SimpleQueue()
        self._thread = None
        self._last = {}

    def open(self, runs, rounds=0):
        """Show other runs; after a change they are played on to the round that was shown."""
        keep = {tile.label: tile.value for frame in self.frames[:1] for tile in frame.tiles} if rounds else {}
        self._renew()
        self._ask("drawing the population", lambda number: self._open(number, runs, rounds, keep))

    def reset(self):
        """The same runs from the start."""
        self._renew()
        self._ask("starting anew", lambda number: self._open(number, self.runs, 0, {}))

    def step(self):
        """One round of every run that goes on."""
        self._ask("playing a round", lambda number: self._step(number, draw=True))

    def play(self):
        """Rounds one after another until all have ended or `stop` is called."""
        self.playing.value = True
        self._ask("playing", self._play)

    def stop(self):
        """No further round."""
        self.playing.value = False

    def choose(self, row):
        """Look at one agent of the first run, or at none."""
        if not self.runs:
            return
        self.runs[0].chosen = row
        self._ask("looking at an agent", self._observe)

    def close(self):
        """End the thread and let go of everything; nothing happens afterwards."""
        self.number += 1
        self.playing.value = False
        self._jobs.put(None)
        with self.lock:
            for run in self.runs:
                run.end()
        self.runs = self.frames = ()

    @property
    def running(self):
        """Has any run rounds left?"""
        return any(frame.running for frame in self.frames)

    def _renew(self):
        """Drop what was asked for of the runs before."""
        self.number += 1
        self.playing.value = False

    def _ask(self, what, job):
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        self.problem.value = ""
        self._jobs.put((what, job, self.number))

    def _work(self):
        """Do what was asked for, one after another; whatever fails is told on the page."""
        while (asked := self._jobs.get()) is not None:
            what, job, number = asked
            if number != self.number:
                continue
            slow = threading.Timer(AFTER, self.working.set, (what,))
            slow.start()
            try:
                job(number)
            except Exception as error:  # the page must live on, whatever a market or a drawing does
                self.problem.value = told(error)
                self.playing.value = False
            finally:
                slow.cancel()
                slow.join()
                self.working.value = ""

    def _open(self, number, runs, rounds, keep):
        for run in runs:
            run.start()
        with self.lock:
            for run in self.runs:
                if run not in runs:
                    run.end()
            self.runs, self._last = tuple(runs), keep
        while self.running_models and runs[0].model.round < rounds and number == self.number:
            self._step(number, draw=False)
        self._observe(number)

    @property
    def running_models(self):
        """Runs that go on."""
        return [run for run in self.runs if run.model is not None and run.model.running]

    def _step(self, number, draw):
        with self.lock:
            for run in self.running_models:
                run.model.step()
        if draw:
            self._observe(number)

    def _play(self, number):
        drawn = time.monotonic()
        while self.playing.value and self.running_models and number == self.number:
            began = time.monotonic()
            self._step(number, draw=False)
            if self.pause or time.monotonic() - drawn > BETWEEN_FRAMES:
                self._observe(number)
                drawn = time.monotonic()
            time.sleep(max(0.0, self.pause - (time.monotonic() - began)))
        self._observe(number)
        if number == self.number:
            self.playing.value = False

    def _observe(self, number):
        """Draw all runs and show them; what proves an ended run takes longer and follows."""
        with self.lock:
            if number != self.number:
                return
            self.frames = tuple(self._frame(run) for run in self.runs)
        update_counter.value += 1
        unproven = [run for run in self.runs if not run.model.running and "gap" not in run.memory]
        for run in unproven:
            with self.lock:
                run.memory["gap"] = run.model.gap
        if unproven and number == self.number:
            self._observe(number)

    def _frame(self, run):
        frame = PAGES[run.scenario.market].frame(run, self._last if run is self.runs[0] else {})
        return replace(frame, name=run.scenario.name)


def told(error):
    """What the page says of an error; what is not the visitor's is printed on the server in full."""
    if isinstance(error, ScenarioError):
        return str(error)
    if isinstance(error, MemoryError):
        return "This does not fit in memory; take fewer users or rounds."
    traceback.print_exception(error, file=sys.stderr)
    return f"This went wrong: {type(error).__name__}: {error}. Reset starts the run anew; other runs are not affected."
