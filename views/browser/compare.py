"""The same population under up to four scenarios, side by side and round by round."""
# ruff: noqa: N802  components are named like classes

from dataclasses import replace
from html import escape
from urllib.parse import urlencode

import reacton.ipyvuetify as rv
import solara

from engine.results import results_of
from scenarios import ScenarioError, load
from scenarios.scenario import in_shared_units
from views.browser import lanes as lanes_tables
from views.browser.files import public
from views.browser.session import SEEDS
from views.browser.side import LIST
from views.browser.stage import Stage
from views.browser.watch import panel_of
from views.kit.charts import Line, instead, key, line_chart
from views.kit.live import Run
from views.kit.parameters import changed
from views.markets import page_of
from views.style import LINES, scenario_colours

MOST_SIDE_BY_SIDE = 4
MOST_LINEAR = 100  # rounds from which their axis is logarithmic
OWN = "the scenario shown, with its changes"


@solara.component
def Compare(session, own, link, asked):
    """The same population under up to four scenarios, round by round; what was chosen and played stays.

    own: the scenario shown, to which the link leads; asked: the Place of the page's address, or None.
    """
    same = [OWN, *page_of(own.market).variants(own)]
    offers = [*same, *(row.name for row in LIST if row.market == own.market)]
    names, set_names = solara.use_state(session.lanes)

    def choose(chosen, rounds=0):
        known = tuple(name for name in chosen if name in offers)[:MOST_SIDE_BY_SIDE]
        chosen = known or tuple(same[:MOST_SIDE_BY_SIDE])
        try:
            runs = [Run(offered(own, name)) for name in chosen]
        except ScenarioError as error:
            session.tell(problem=public(str(error)))
            return
        set_names(chosen)
        session.lanes, session.own = chosen, own
        session.link = f"{link}&{urlencode([('tab', 'compare'), *(('lane', name) for name in chosen)])}"
        session.open(runs, rounds)

    def arrive():
        lanes = asked.lanes if asked else ()
        if session.own is not own or (lanes and lanes != session.lanes):
            choose(lanes or names, asked.round if lanes else 0)
        if asked and asked.tab == "compare":
            session.tell(arrived=asked.number)

    solara.use_effect(arrive, [own, asked])
    with rv.Html(tag="main", class_="main compare"):
        Chooser(own, offers, names, choose)
        Stage(
            session,
            "many",
            lambda frames: (side_by_side(frames, session.runs, names, session.others), None),
            {"comparison.csv": lambda: as_csv(session, names)},
        )


@solara.component
def Chooser(own, offers, names, choose):
    """Which of the scenarios that are offered stand side by side."""
    with solara.Div(classes=["chooser"]):
        what = page_of(own.market).TITLE.lower()
        told = f"Up to {MOST_SIDE_BY_SIDE} scenarios of {what}, all with seed {own.seed}"
        solara.HTML("div", told, classes=["help"])
        rv.Autocomplete(
            items=[{"text": name.replace("_", " "), "value": name} for name in offers],
            v_model=list(names),
            on_v_model=choose,
            multiple=True,
            small_chips=True,
            deletable_chips=True,
            dense=True,
            outlined=True,
            hide_details=True,
            attributes={"aria-label": "scenarios to compare"},
            menu_props={"maxHeight": 420},
        )


def offered(own, name):
    """A scenario that a comparison offers: the one shown, a variant of it, or a shipped one with its seed."""
    if name == OWN:
        return own
    variants = page_of(own.market).variants(own)
    if name not in variants:
        return load(name, seed=own.seed)
    found = own
    for path, value in variants[name]:
        found = changed(found, path, value, own)
    return found


def as_csv(session, chosen):
    """The comparison as a file."""
    return lanes_tables.csv_of(called(session.runs, chosen), alike(session.frames, session.runs), session.others)


def alike(frames, runs):
    """The frames, whose numbers stand side by side, in the units of all scenarios."""
    shared = in_shared_units([run.scenario for run in runs])
    return [replace(frame, unit=shared) for frame in frames]


def called(runs, chosen):
    """What the lanes are called."""
    names = [run.scenario.name if name == OWN else name for run, name in zip(runs, chosen, strict=False)]
    return [name.replace("_", " ") for name in names]


def side_by_side(frames, runs, chosen, others=()):
    """The scenarios' measures drawn together, then each by itself, as the stage takes it."""
    names = called(runs, chosen)
    if not frames or not len(frames) == len(runs) == len(names):
        return {"name": "", "status": "", "panels": []}
    colours = scenario_colours(names, [run.scenario.table.get("behaviour", "") for run in runs])
    keys = {name: key(colours[name], style) for name, style in zip(names, LINES, strict=False)}
    ends, in_one = zip(names, frames, strict=True), alike(frames, runs)
    said = ", ".join(f"{escape(name)}: {lanes_tables.ended(frame)}" for name, frame in ends)
    begun, tracks = any(frame.begun for frame in frames), page_of(runs[0].scenario.market).TRACKS
    lanes = []
    for name, frame in zip(names, frames, strict=True):
        head = f"<h2>{keys[name]}{escape(name)}</h2>"
        drawing = frame.in_units(frame.panels[0].html)
        dotted = f" Dotted, behind: {frame.faint}." if 'class="faint"' in drawing else ""
        inside = f"{head}{instead(frame.said + dotted)}{drawing}"
        lanes.append({"name": name, "shape": frame.panels[0].shape, "html": inside})
    return {
        "name": "",
        "status": f"<b>{escape(shared_words(runs))}</b> {said}.",
        "panels": [
            track_panel(track, names, in_one, colours) for track in tracks if any(frame.tracks for frame in frames)
        ],
        "comparison": lanes_tables.tables(names, in_one, keys, others) if begun else "",
        "seeds": SEEDS if len(names) > 1 else 0,
        "begun": begun,
        "lanes": lanes,
    }


def track_panel(track, names, frames, colours):
    """One measure of all runs by round, with its heading."""
    first = frames[0]
    return panel_of(track, first.unit(track), first.in_units(together(track, names, frames, colours)))


def together(track, names, frames, colours):
    """One measure of all runs by round."""
    lines = [
        Line(name, *frame.tracks[track], colours[name], style)
        for name, frame, style in zip(names, frames, LINES, strict=False)
        if track in frame.tracks
    ]
    unit = track.rpartition("(")[2].rstrip(")")
    long = max((line.x[-1] for line in lines if len(line.x)), default=0) > MOST_LINEAR
    return line_chart(lines, unit, log=track.startswith("violation") and bool(lines), log_x=long)


def shared_words(runs):
    """What all scenarios have in common."""
    market = results_of(runs[0].scenario.market).shared([run.drawn.game for run in runs])
    return f"The same in all: {', '.join(map(str, market))}." if market else "Nothing is the same in all of them."
