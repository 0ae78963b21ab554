"""A run as it is watched: what its stage shows, and its files."""
# ruff: noqa: N802  components are named like classes

import json
from html import escape

import solara

from market.numerals import plain
from views.browser.lanes import NOT_BEGUN
from views.browser.stage import Stage
from views.browser.stories import STORIES
from views.kit.charts import MAP

BY_ROUND = "Round by round"


@solara.component
def One(session, tell):
    """One run: buttons, status, numbers, drawings, agents, downloads; tell(name): play a story."""

    def of_the_run(text):
        def make():
            with session.lock:
                return text(session.runs[0])

        return make

    files = {"summary.json": of_the_run(summary), "rounds.csv": of_the_run(lambda run: run.rounds_csv())}
    Stage(session, "one", shown, files, tell)


def summary(run):
    """The run's summary as the results folder has it."""
    return json.dumps(run.result().summary(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def shown(frames):
    """The first frame as the stage takes it, and its table."""
    if not frames:
        return {"name": "", "status": "<b>Round 0</b> The population is being drawn.", "panels": []}, None
    frame = frames[0]
    tiles = "".join(tile_text(tile, frame.unit) for tile in frame.tiles)
    panels = [
        panel_of(panel.name, panel.title, frame.in_units(panel.html), panel.shape) | {"tab": panel.tab or BY_ROUND}
        for panel in frame.panels
    ]
    known = {"name": frame.name, "status": status_text(frame), "begun": frame.begun}
    known |= {"stories": [] if frame.round else [story._asdict() for story in STORIES]}
    known |= {"sentence": frame.sentence, "faint": frame.faint, "finds": frame.finds}
    known |= {"span": frame.span, "moments": moments_of(frame)}
    return {**known, "tiles": tiles, "panels": panels}, frame.table


def moments_of(frame):
    """A frame's moments as the stage takes them, numbers as text."""
    moments = frame.moments
    if moments is None:
        return None
    rows, compared = (
        [
            {"name": frame.unit(name), "readings": [reading_of(one, frame.unit) for one in readings]}
            for name, readings in told.items()
        ]
        for told in (moments.readings, moments.compared)
    )
    return {"what": moments.what, "labels": moments.labels, "rows": rows, "compared": compared}


def reading_of(one, unit):
    """A reading as the stage takes it."""
    return {"label": one.label, "unit": unit(one.unit), "values": [*map(plain, one.values)]}


def panel_of(name, title, html, shape=""):
    """A drawing with its heading, as the stage takes it."""
    return {"name": name, "shape": shape, "map": MAP in html, "html": f"<h2>{escape(title)}</h2>{html}"}


def status_text(frame):
    """Round, settled or not, gap, in words."""
    if frame.running and not frame.round:
        waits = f'<b class="chip idle">{NOT_BEGUN}</b> <span class="waits">{escape(frame.said)}</span>'
        return f"<b>Round 0</b> of at most {frame.limit:,} {waits}{replay_text(frame)}"
    chip = f'<b class="chip {"doubt" if frame.doubt else frame.status}">{escape(str(frame.status))}</b>'
    if frame.beside:
        chip += f'<b class="chip {"doubt" if frame.doubt else frame.status}">{escape(frame.beside)}</b>'
    text = f"<b>Round {frame.round:,}</b> of at most {frame.limit:,} {chip} gap {frame.gap}. {escape(frame.said)}"
    text += f' <span class="advice">{escape(frame.advice)}</span>' if not frame.running else ""
    return text + replay_text(frame)


def replay_text(frame):
    """How the rounds compare with stored ones."""
    return f' <span class="replay">{escape(frame.replayed)}</span>' if frame.replayed else ""


def tile_text(tile, unit=str):
    """A headline number as HTML, with what it was before a change."""
    words = " words" if isinstance(tile.value, str) else ""
    before = "" if tile.before is None else f'<span class="before">was {escape(plain(tile.before))}</span>'
    return (
        f'<div class="tile" data-name="{escape(tile.label)}"><span class="label">{escape(tile.label)}</span>'
        f'<span class="value{words}">{escape(plain(tile.value))}</span>'
        f'<span class="unit">{escape(unit(tile.unit))}</span>{before}</div>'
    )
