"""A run as it is watched: buttons, status, numbers, drawings, agents, downloads."""
# ruff: noqa: N802  components are named like classes

import json
from html import escape

import reacton.ipyvuetify as rv
import solara

from views.browser import stored
from views.browser.agents_table import AgentsTable
from views.browser.live import money
from views.browser.redraw import update_counter
from views.browser.session import SPEEDS


@solara.component
def One(session, scenario, original, replay):
    """One run: buttons, status, numbers, drawings, agents."""
    tick = update_counter.get()
    shown = session.frames[0] if session.frames else None
    with solara.Div(classes=["one"], attributes={"data-scenario": shown.name if shown else ""}):
        Buttons(session, tick)
        Problem(session)
        Status(shown, stored.verdict(session.runs[0], replay) if replay is not None and shown is not None else "")
        if shown is not None:
            run = session.runs[0]
            solara.HTML("div", "".join(map(tile_text, shown.tiles)), classes=["tiles"])
            with solara.Div(classes=["panels"]):
                for panel in shown.panels:
                    Drawing(panel).key(panel.name)
            AgentsTable(shown.table, run.chosen, session.choose if scenario.market == "aggregator" else None)
            Download(session, run.has_result)


@solara.component
def Buttons(session, tick):
    """Reset, step, play and pause, speed; and what is being worked on.

    tick: changes with each frame. Components do not listen to the same signal twice: each listener is a redraw.
    """
    speed, set_speed = solara.use_state(next(name for name, pause in SPEEDS.items() if pause == session.pause))

    def pace(name):
        set_speed(name)
        session.pause = SPEEDS[name]

    playing, over = session.playing.value, bool(session.frames) and not session.running
    with solara.Div(classes=["buttons"]):
        solara.Button("Reset", on_click=session.reset, outlined=True, attributes={"aria-label": "reset"})
        solara.Button(
            "Step", on_click=session.step, outlined=True, disabled=playing or over, attributes={"aria-label": "step"}
        )
        solara.Button(
            "❚❚ Pause" if playing else "▶ Play",
            on_click=session.stop if playing else session.play,
            color="primary",
            disabled=over and not playing,
            attributes={"aria-label": "pause" if playing else "play"},
        )
        rv.Select(
            items=list(SPEEDS),
            v_model=speed,
            on_v_model=pace,
            dense=True,
            outlined=True,
            hide_details=True,
            class_="speed",
            attributes={"aria-label": "speed"},
        )
        Working(session)


@solara.component
def Working(session):
    """What is being worked on; seen only where it takes longer than a moment."""
    what = session.working.value
    with solara.Div(classes=["working" if what else "working idle"], attributes={"aria-hidden": "true"}):
        if what:
            rv.ProgressLinear(indeterminate=True, height=3)
            solara.HTML("span", escape(what) + " …")


@solara.component
def Problem(session):
    """What went wrong, to be read and closed."""
    if session.problem.value:
        rv.Alert(
            type="error",
            dense=True,
            text=True,
            dismissible=True,
            on_v_model=lambda there: session.problem.set("") if not there else None,
            v_model=True,
            children=[session.problem.value],
        )


@solara.component
def Status(shown, more=""):
    """Round, settled or not, gap, in words."""
    if shown is None:
        text = "<b>Round 0</b> The population is being drawn."
    else:
        chip = f'<b class="chip {shown.status}">{escape(str(shown.status))}</b>'
        text = f"<b>Round {shown.round:,}</b> of at most {shown.limit:,} {chip} gap {shown.gap}. {escape(shown.said)}"
        text += f' <span class="advice">{escape(shown.advice)}</span>' if not shown.running else ""
    text += f' <span class="replay">{escape(more)}</span>' if more else ""
    solara.HTML("div", text, classes=["status"], attributes={"role": "status", "aria-live": "polite"})


def tile_text(tile):
    """A headline number as HTML, with what it was before a change."""
    value = "–" if tile.value is None else money(tile.value)
    before = "" if tile.before is None else f'<span class="before">was {money(tile.before)}</span>'
    return (
        f'<div class="tile" data-name="{escape(tile.label)}"><span class="label">{escape(tile.label)}</span>'
        f'<span class="value">{value}</span><span class="unit">{escape(tile.unit)}</span>{before}</div>'
    )


@solara.component
def Drawing(panel):
    """One drawing with its heading."""
    inside = f"<h2>{escape(panel.title)}</h2>{panel.html}"
    solara.HTML("section", inside, classes=["panel", panel.shape], attributes={"data-name": panel.name})


@solara.component
def Download(session, there):
    """Summary and rounds of the shown run."""

    def summary():
        with session.lock:
            return json.dumps(session.runs[0].result().summary(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def rounds():
        with session.lock:
            return session.runs[0].rounds_csv()

    with solara.Div(classes=["downloads"]):
        for name, data, kind in (("summary.json", summary, "application/json"), ("rounds.csv", rounds, "text/csv")):
            button = solara.Button(name, text=True, small=True, icon_name="mdi-download", disabled=not there)
            if there:
                solara.FileDownload(data, name, mime_type=kind, children=[button])
            else:
                solara.Div(children=[button])
