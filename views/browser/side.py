"""What stands beside a run: market and scenario, what was changed, the parameters, stored runs."""
# ruff: noqa: N802  components are named like classes

from html import escape

import reacton.ipyvuetify as rv
import solara

from engine import FolderError
from scenarios import ScenarioError, listing, load
from scenarios.markets import MARKETS
from views.browser import files, stored
from views.browser.controls import Controls
from views.browser.options import OPTIONS
from views.kit.live import Run
from views.kit.parameters import MOST_TYPED, changed, command, differences, read, written
from views.markets import page_of

LIST = [row for row in listing() if row.market in MARKETS]
MOST_FOLDERS = 200


def revised(scenario, parameter, value, original):
    """The scenario with another value, which names no file but those beside it; raises ScenarioError."""
    files.check(value, parameter.key, scenario)
    return changed(scenario, parameter.path, value, original)


def check_size(scenario):
    """Raise ScenarioError where a scenario is too large for a server that others use too."""
    if large := page_of(scenario.market).too_large(scenario):
        raise ScenarioError(large)


@solara.component
def Side(session, scenario, original, show, revise):
    """Market and scenario, what was changed, the parameters, stored runs."""
    opened, set_opened = solara.use_state(False)
    refused, set_refused = solara.use_state({})

    def change(parameter, value):
        others = {name: told for name, told in refused.items() if name != parameter.dotted}
        try:
            value = read(parameter, value)
            new = revised(scenario, parameter, value, original)
            check_size(new)
        except ScenarioError as error:
            typed = value[:MOST_TYPED] if isinstance(value, str) else written(value)
            told = files.refusal(error, value)
            set_refused({**others, parameter.dotted: (typed, told.partition(": ")[2] or told)})
            return
        if new.table != scenario.table:
            revise(new)
        set_refused(others)  # last, or its field would have its old value once more, and lose what is typed meanwhile

    def pick(name):
        set_refused({})
        try:
            new = load(name)
            check_size(new)
        except ScenarioError as error:
            session.tell(problem=files.public(str(error)))
            return
        show(Run(new))

    with rv.Html(
        tag="aside", class_="side" + (" opened" if opened else ""), attributes={"aria-label": "market and parameters"}
    ):
        solara.Button(
            "Hide the parameters" if opened else "Parameters",
            on_click=lambda: set_opened(not opened),
            outlined=True,
            classes=["unfold"],
        )
        with solara.Div(classes=["side-inner"]):
            Choice(scenario, original, pick)
            Changes(scenario, original, lambda: (set_refused({}), revise(original)))
            Controls(scenario, original, page_of(scenario.market).MAIN, refused, change)
            Stored(show)


@solara.component
def Choice(scenario, original, pick):
    """Market and scenario, and what the scenario is; pick(name): show another."""
    with solara.Div():
        markets = [{"text": page_of(name).TITLE, "value": name} for name in MARKETS]
        pick_list(markets, scenario.market, lambda name: pick(page_of(name).START), "market")
        shipped = [row.name for row in LIST if row.market == scenario.market]
        names = [{"text": name.replace("_", " "), "value": name} for name in shipped]
        if original.name not in shipped:
            names.insert(0, {"text": original.name, "value": original.name})
        pick_list(names, original.name, lambda name: pick(name) if name in shipped else None, "scenario")
        solara.HTML("p", escape(scenario.title or page_of(scenario.market).ABOUT), classes=["title"])
        if scenario.source:
            solara.HTML("p", f"Source: {escape(scenario.source)}", classes=["help"])


def pick_list(items, value, chosen, name):
    """A labelled list to choose from, found by typing too."""
    return rv.Autocomplete(
        items=items,
        v_model=value,
        on_v_model=lambda new: chosen(new) if new != value else None,
        label=name,
        dense=True,
        outlined=True,
        hide_details=True,
        class_="pick-list",
        attributes={"aria-label": name, "maxlength": MOST_TYPED},
        menu_props={"maxHeight": 420},
    )


@solara.component
def Changes(scenario, original, back):
    """What differs from the file, as a list, as TOML and as a command line."""
    found = differences(scenario, original)
    with solara.Div(classes=["changes" if found else "changes none"]):
        if found:
            lines = "".join(
                f"<li><b>{escape(name)}</b> {escape(short(was))} → {escape(short(now))}</li>"
                for name, was, now in found
            )
            solara.HTML("div", f"<b>Differs from {escape(original.name)}</b><ul>{lines}</ul>")
            line = command(scenario, original)
            if line:
                solara.HTML("code", escape(line))
        with solara.Row(gap="4px"):
            solara.FileDownload(
                scenario.to_toml,
                f"{scenario.name}.toml",
                mime_type="application/toml",
                children=[solara.Button("Scenario as TOML", text=True, small=True, icon_name="mdi-download")],
            )
            if found:
                solara.Button("Back to the file", on_click=back, text=True, small=True, icon_name="mdi-undo")


def short(value):
    """A value in a list of changes."""
    return "–" if value is None else written(value)[:60]


@solara.component
def Stored(show):
    """Stored runs of the results folder, to be opened and replayed."""
    typed, set_typed = solara.use_state("")
    told, set_told = solara.use_state("")
    known, set_known = solara.use_state(())

    def find():
        set_known(tuple(stored.folders(OPTIONS.results)[:MOST_FOLDERS]))

    def read(name):
        set_typed(name)
        if not name:
            return
        try:
            run = stored.open_folder(OPTIONS.results, name)
        except FolderError as error:
            set_told(files.public(str(error)))
            return
        set_told("")
        show(run)

    solara.use_effect(find, [])
    with solara.Div(classes=["control", "stored"]):
        solara.HTML("div", "Open a stored run", classes=["name"])
        box = rv.Combobox(
            items=list(known),
            v_model=typed,
            dense=True,
            outlined=True,
            hide_details=True,
            attributes={"aria-label": "stored run", "maxlength": MOST_TYPED},
        )
        rv.use_event(box, "change", lambda widget, event, name: read(str(name or "")))
        if told:
            solara.HTML("div", escape(told), classes=["error-text"], attributes={"role": "alert"})
        solara.HTML(
            "div", f"a folder below {escape(OPTIONS.results.name)}/, as `run.py run` writes it", classes=["help"]
        )
