"""What changes with each round, as one widget that is sent its contents directly.

Solara walks through all elements of a page to find what is to be redrawn, which takes longer than playing a round of a
few hundred users. So this element is made once and holds nothing; what it shows is sent past that walk when Mesa's
signal comes.
"""
# ruff: noqa: N802  components are named like classes

import threading

import solara

from views.browser.redraw import update_counter
from views.browser.session import SPEEDS, told
from views.kit.agents_table import AgentsView


@solara.component_vue("stage.vue")
def Widget(
    kind,
    event_ready,
    event_press,
    event_pace,
    event_dismiss,
    event_search,
    event_sort,
    event_turn,
    event_follow,
    event_download,
    event_tell,
):
    """Buttons, status, numbers, drawings, agents, downloads."""


class Screen:
    """The widget of one session, and how the visitor looks at it.

    content(frames): what is shown of frames, and a frames.Table or None; files: {name: function that gives its text}.
    """

    def __init__(self, session):
        self.session, self.view, self.widget = session, AgentsView(), None
        self.content, self.files = None, {}
        self._sent, self._number = {}, 0
        self._one_at_a_time = threading.Lock()  # the last to be sent is the last to have looked

    def scene(self):
        """All that is shown now; what cannot be shown is told."""
        known = {"state": state(self.session), "agents": None}
        try:
            shown, table = self.content(self.session.frames)
            agents = None if table is None else self.view.shown(table)
            return {**known, "shown": {**shown, "files": list(self.files)}, "agents": agents}
        except Exception as error:  # the session's thread asks for it, and must live on
            return {**known, "state": known["state"] | {"problem": told(error)}, "shown": {"name": "", "status": ""}}

    def show_all(self, _=None):
        """Send all that is shown now; the page asks for it once it is ready, or where it missed something."""
        with self._one_at_a_time:
            self._sent, self._number = {}, 0
            self._send()

    def show(self, _=None):
        """Send what is shown otherwise now; drawings are long, and a word on what is worked on changes none."""
        with self._one_at_a_time:
            self._send()

    def _send(self):
        scene = self.scene()
        news = {part: value for part, value in scene.items() if part not in self._sent or value != self._sent[part]}
        self.widget.send({"method": "show", "args": [news, self._number]})
        self._sent, self._number = scene, self._number + 1

    def looking(self, change):
        """What a change of the view does."""
        return lambda value: (change(value), self.show())

    def download(self, name):
        """Hand over a file."""
        with self.session.failing():
            self.widget.send({"method": "save", "args": [name, self.files[name]()]})

    def press(self, name):
        """A button."""
        session = self.session
        known = {
            "reset": session.reset,
            "step": session.step,
            "play": session.go_on,
            "stop": session.stop,
            "seeds": session.over_seeds,
            "find": session.find,
        }
        known[name]()


@solara.component
def Stage(session, kind, content, files=None, tell=None):
    """A session on its stage, drawn anew whenever it tells of something.

    kind: the stage's class; content and files as in Screen; tell(name): what a press on a story does.
    """
    screen = solara.use_memo(lambda: Screen(session), [])
    screen.content, screen.files = content, files or {}
    stage = Widget(
        kind=kind,
        event_ready=screen.show_all,
        event_press=screen.press,
        event_pace=session.pace,
        event_dismiss=lambda _: session.tell(problem=""),
        event_search=screen.looking(screen.view.search),
        event_sort=screen.looking(screen.view.sort_by),
        event_turn=screen.looking(screen.view.turn),
        event_follow=session.choose,
        event_download=screen.download,
        event_tell=tell,
    )

    def attach():
        screen.widget = solara.get_widget(stage)
        return update_counter.subscribe(screen.show)

    solara.use_effect(attach, [])
    return stage


def state(session):
    """What the buttons show."""
    over = bool(session.frames) and not session.running
    known = {"playing": session.playing, "working": session.working, "problem": session.problem, "over": over}
    return {
        **known,
        "address": session.address,
        "arrived": session.arrived,
        "speed": session.speed,
        "speeds": list(SPEEDS),
    }
