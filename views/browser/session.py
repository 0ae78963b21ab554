"""A visitor's runs: stepped in a thread of their own, so that the page answers while they work."""

import itertools
import queue
import sys
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import replace

from engine.results.economics import all_equilibria
from scenarios import ScenarioError
from views.browser import beside, stored
from views.browser.files import public
from views.browser.redraw import update_counter
from views.kit.frames import Frame, upon
from views.kit.live import ANSWERING, Run
from views.markets import page_of, words_of

SPEEDS = {"1 round a second": 1.0, "3 rounds a second": 0.33, "10 rounds a second": 0.1, "as fast as it can": 0.0}
SEEDS = 10  # draws that a comparison is played on
AFTER = 0.5  # seconds of work after which the page says what is being worked on
AT_ONCE, LONGEST_WAIT = threading.Semaphore(2), 2.0  # who plays a round now; seconds that others wait for their turn
BETWEEN_FRAMES = 0.15  # seconds of work after which a run at full speed is drawn
HOLDING = "holding it against other markets"
LONGEST = 300  # characters of an error's own words
LINGER = 1.0  # seconds that the thread outlives its session: Solara stumbles where it ends while a page is closed
SIGNALS = itertools.count(1)  # never the same number twice, so that no signal is taken for an old one


@contextmanager
def in_turn():
    """Few work at a time, so that the first have their answers while others wait; who waited long goes on as well."""
    theirs = AT_ONCE.acquire(timeout=LONGEST_WAIT)
    try:
        yield
    finally:
        if theirs:
            AT_ONCE.release()


class Session:
    """Runs stepped together, one or several side by side; every visitor has sessions of their own.

    Mesa's SolaraViz holds one model class with sliders for its constructor's arguments. Here there are three markets, a
    population that is drawn apart from the model, scenarios to compare and files to write; so models are held and
    stepped here, and of mesa.visualization the page uses the signal that redraws it, `update_counter`.

    frames: a Frame of each run as last drawn; playing: rounds follow each other; working: what takes long just now, or
    ""; problem: what went wrong, or ""; speed: a key of SPEEDS. `tell` signals a change of them.
    """

    def __init__(self):
        self.runs: tuple[Run, ...] = ()
        self.frames: tuple[Frame, ...] = ()
        self.playing, self.working, self.problem, self.speed = False, "", "", "3 rounds a second"
        self.link = ""  # to what is shown, without the round, once its place is known
        self.lanes, self.own = (), None  # what a comparison was asked for, and beside which scenario
        self.others = ()  # a list a run of {label: value}: the same with other seeds, once that was asked for
        self.arrived = 0  # number of the last address that was followed
        self.number = 0  # of the runs asked for last; work for earlier ones is dropped
        self.lock = threading.RLock()  # held while models change or are read
        self._jobs = queue.SimpleQueue()
        self._thread = None
        self._last = None

    @property
    def round(self):
        """That of the first run as it is shown."""
        return self.frames[0].round if self.frames else 0

    @property
    def address(self):
        """The link to what is shown, with the round; "" where there is none yet."""
        return self.link and self.link + (f"&round={self.round}" if self.round else "")

    def tell(self, **news):
        """Change what is known of the session itself, and signal the page to show it."""
        for name, value in news.items():
            setattr(self, name, value)
        update_counter.value = next(SIGNALS)

    @contextmanager
    def failing(self):
        """Whatever fails within is told on the page, which must live on."""
        try:
            yield
        except Exception as error:
            self.tell(problem=told(error), playing=False)

    def open(self, runs, rounds=0, changed=False):
        """Show other runs, played to a round; after a change on from there, where the run before was playing.

        What was shown before a change stays as `was` beside the numbers and faint behind the drawings.
        """
        goes_on, keep = changed and self.playing, self.frames[0] if changed and self.frames else None
        self._renew()
        self._ask("drawing the population", lambda number: self._open(number, runs, keep, drawn=not rounds))
        if rounds:
            self._ask(f"playing to round {rounds:,}", lambda number: self._catch_up(number, rounds))
        if goes_on:
            self.go_on()

    def reset(self):
        """The same runs from the start."""
        self._renew()
        self._ask("starting anew", lambda number: self._open(number, self.runs, None))

    def step(self):
        """One round of every run that goes on."""
        self._ask("playing a round", self._step)

    def go_on(self):
        """Rounds one after another until all have ended or `stop` is called."""
        self.playing = True
        self._ask("playing", self._play)

    def stop(self):
        """No further round."""
        self.tell(playing=False)

    def pace(self, speed):
        """Play at another of SPEEDS."""
        if speed in SPEEDS:
            self.tell(speed=speed)

    def choose(self, row):
        """Look at one agent of the first run, or at none."""
        if not self.runs:
            return
        self.runs[0].chosen = row
        self._ask("looking at an agent", self._observe)

    def find(self):
        """Look for all equilibria of the first run's game, where that can be."""
        if self.frames and self.frames[0].finds:
            self._ask("looking for all equilibria", self._find)

    def close(self):
        """End the thread and let go of everything; nothing happens afterwards."""
        self.number += 1
        self.playing = False
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
        self.number, self.others = self.number + 1, ()
        if self.playing:
            self.tell(playing=False)

    def over_seeds(self):
        """Play every run's scenario to its end on SEEDS other draws of the same seed, paired by their numbers."""
        self._ask(f"playing {SEEDS} draws of each", self._draws)

    def _draws(self, number):
        known = [[] for _ in self.runs]
        for replication in range(SEEDS):
            self.tell(working=f"playing draw {replication + 1} of {SEEDS} of each")
            for run, values in zip(self.runs, known, strict=True):
                values.append(self._end_of(Run(run.scenario, replication), number))
                if number != self.number:
                    return
        self.tell(others=known)

    def _end_of(self, run, number):
        """Headline numbers of a run that is played to its end, {label: value}."""
        run.start()
        while run.model.running and number == self.number:
            run.model.step()
        values = page_of(run.scenario.market).frame(run, {}).values
        run.end()
        return values

    def _ask(self, what, job):
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        if self.problem or self.playing:
            self.tell(problem="")
        self._jobs.put((what, job, self.number))

    def _work(self):
        """Do what was asked for, one after another; whatever fails is told on the page."""
        while (asked := self._jobs.get()) is not None:
            what, job, number = asked
            if number != self.number:
                continue
            slow = threading.Timer(AFTER, self.tell, kwargs={"working": what})
            slow.start()
            with self.failing():
                job(number)
            slow.cancel()
            slow.join()
            if self.working:
                self.tell(working="")
        time.sleep(LINGER)

    def _open(self, number, runs, keep, drawn=True):
        for run in runs:
            run.start()
        with self.lock:
            for run in self.runs:
                if run not in runs:
                    run.end()
            self.runs, self._last = tuple(runs), keep
        if drawn:
            self._observe(number)
        if len(runs) == 1:
            beside.asked(runs[0]).add_done_callback(lambda known: self._hold(number, runs[0], known))

    def _catch_up(self, number, rounds):
        """Play on to a round before anything is drawn."""
        while self.running_models and self.runs[0].model.round < rounds and number == self.number:
            self._advance()
        self._observe(number)

    def _find(self, number):
        run = self.runs[0]
        run.memory["found"] = all_equilibria(run.model.game)
        self._observe(number)

    def _hold(self, number, run, known):
        """Hold a run against other markets once they have been played; why they could not be is told."""
        if known.exception() is None:
            run.beside = known.result()

        def show(number):
            known.result()
            self._observe(number)

        self._jobs.put((HOLDING, show, number))

    @property
    def running_models(self):
        """Runs that go on."""
        return [run for run in self.runs if run.model is not None and run.model.running]

    def _step(self, number):
        with in_turn():
            self._advance()
            self._observe(number)

    def _advance(self):
        with self.lock:
            for run in self.running_models:
                run.model.step()

    def _play(self, number):
        drawn = time.monotonic()
        while self.playing and self.running_models and number == self.number:
            began = time.monotonic()
            pause = SPEEDS[self.speed]
            with in_turn():
                self._advance()
                if pause or time.monotonic() - drawn > BETWEEN_FRAMES:
                    self._observe(number)
                    drawn = time.monotonic()
            time.sleep(max(0.0, pause - (time.monotonic() - began)))
        self._observe(number)
        if number == self.number:
            self.tell(playing=False)

    def _observe(self, number):
        """Draw all runs and show them; what proves an ended run takes longer and follows."""
        with self.lock:
            if number != self.number:
                return
            self.frames = tuple(self._frame(run) for run in self.runs)
        self.tell()
        if any(self._conclude(number, run) for run in self.runs):
            self._observe(number)

    def _conclude(self, number, run):
        """The next of what an ended run comes to, proof and sentence, then what takes longer; was there any?"""
        with self.lock:
            if number != self.number or run.model.running:
                return False
            known = len(run.memory)
            if "gap" not in run.memory:
                run.memory["gap"] = run.model.gap
            if "sentence" in run.memory:
                run.memory[ANSWERING] = True
            elif run.beside is not None:
                run.memory["sentence"] = sentence(run)
            return len(run.memory) > known

    def _frame(self, run):
        last = self._last if run is self.runs[0] else None
        frame = page_of(run.scenario.market).frame(run, {} if last is None else last.values)
        follows = frame.table.follows or page_of(run.scenario.market).FOLLOWS
        unit = run.scenario.in_units
        columns = {unit(name): column for name, column in frame.table.columns.items()}
        known = {"note": unit(frame.table.note), "chosen": run.chosen, "follows": follows}
        table = replace(frame.table, columns=columns, **known)
        said = {
            "said": unit(frame.said),
            "name": run.scenario.name,
            "replayed": stored.verdict(run),
            "begun": run.has_result,
            "unit": unit,
            "sentence": run.memory.get("sentence", run.scenario.title),
        }
        panels = frame.panels if last is None else upon(frame.panels, last.panels)
        return replace(frame, table=table, panels=panels, **said)


def sentence(run):
    """What an ended run comes to against the other markets that are known, in one sentence."""
    others = {one.name: one.summary for one in run.beside}
    said = words_of(run.scenario.market).sentence(run.end_summary(), others)
    return run.scenario.in_units(said)


def told(error):
    """What the page says of an error; what is not the visitor's is printed on the server in full."""
    if isinstance(error, ScenarioError):
        return public(str(error))
    if isinstance(error, MemoryError):
        return "This does not fit in memory; take fewer users or rounds."
    traceback.print_exception(error, file=sys.stderr)
    said = public(f"{type(error).__name__}: {error}")[:LONGEST]
    return f"This went wrong: {said}. Reset starts the run anew; other runs are not affected."
