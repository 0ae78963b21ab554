"""The page: one market watched and steered, or up to four scenarios side by side."""
# ruff: noqa: N802  components are named like classes

from pathlib import Path

import reacton.ipyvuetify as rv
import solara

from scenarios import load
from views.browser.compare import Compare
from views.browser.files import public
from views.browser.options import OPTIONS
from views.browser.session import Session
from views.browser.side import Side
from views.browser.watch import One
from views.kit.live import Run
from views.markets import page_of

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")


@solara.component
def Layout(children):
    """Nothing around the page: it brings its own header."""
    return solara.Div(children=children, classes=["whole"])


@solara.component
def Page():
    """Everything a visitor sees; what fails in it is told instead."""
    place, set_place = solara.use_state("one")
    solara.Title("Strategic energy markets")
    solara.Style(STYLE)
    with solara.Div(classes=["page"]):
        Header(place, set_place)
        Guarded(place)


@solara.component
def Guarded(place):
    """The page's body, or what went wrong in it: another component, since Reacton renders the same one for ever."""
    fault, forget = solara.use_exception()
    return Body(place) if fault is None else Fault(fault, forget)


@solara.component
def Fault(fault, forget):
    """What went wrong in a part of the page, and a way on."""
    said = public(f"{type(fault).__name__}: {fault}")
    with solara.Div(classes=["main"]):
        rv.Alert(type="error", text=True, children=[f"This could not be shown: {said}"])
        solara.Button("Go on", on_click=forget)


@solara.component
def Body(place):
    """One run or several; the sessions are the visitor's own and end with the page."""
    session = solara.use_memo(Session, [])
    comparison = solara.use_memo(Session, [])
    original, set_original = solara.use_state(solara.use_memo(first_scenario, []))
    scenario, set_scenario = solara.use_state(original)
    solara.use_effect(lambda: lambda: (session.close(), comparison.close()), [])
    solara.use_effect(lambda: session.open([Run(scenario)]), [])

    def show(run):
        set_original(run.scenario)
        set_scenario(run.scenario)
        session.open([run])

    def revise(new):
        set_scenario(new)
        shown = session.frames[0] if session.frames else None
        rounds = 0 if shown is None else shown.round if shown.running else new.rounds
        old = session.runs[0].replication if session.runs else 0
        session.open([Run(new, old, session.runs[0].chosen if session.runs else None)], rounds)

    def tell(name):
        show(Run(load(name)))
        session.go_on()

    if place == "one":
        with solara.Div(classes=["body"]):
            Side(session, scenario, original, show, revise)
            with solara.Div(classes=["main"]):
                One(session, tell)
    else:
        Compare(comparison, scenario)


def first_scenario():
    """What a new visitor sees first."""
    return OPTIONS.start or load(page_of("aggregator").START)


@solara.component
def Header(place, set_place):
    """Name, pages, light or dark."""
    with rv.Html(tag="header", class_="header"):
        solara.HTML("h1", "Strategic energy markets")
        for name, text in (("one", "Watch and steer"), ("compare", "Compare")):
            solara.Button(
                text,
                on_click=lambda name=name: set_place(name),
                text=True,
                classes=["page-link", "here" if place == name else ""],
                attributes={"aria-current": "page" if place == name else "false"},
            )
        rv.Spacer()
        Theme()


@solara.component_vue("theme.vue")
def Theme():
    """Light or dark: as the visitor's system has it, until the visitor chooses."""
