"""The page: one market watched and steered, or up to four scenarios side by side."""
# ruff: noqa: N802  components are named like classes

from dataclasses import replace
from pathlib import Path

import reacton.ipyvuetify as rv
import solara

from scenarios import load
from scenarios.markets import named
from views.browser import links
from views.browser.compare import Compare
from views.browser.files import public
from views.browser.options import OPTIONS
from views.browser.session import Session
from views.browser.side import Side
from views.browser.watch import One
from views.kit.charts import inks
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
    solara.Style(f"{inks()}\n{STYLE}")
    with solara.Div(classes=["page"]):
        Header(place, set_place)
        Guarded(place, set_place)


@solara.component
def Guarded(place, set_place):
    """The page's body, or what went wrong in it: another component, since Reacton renders the same one for ever."""
    fault, forget = solara.use_exception()
    return Body(place, set_place) if fault is None else Fault(fault, forget)


@solara.component
def Fault(fault, forget):
    """What went wrong in a part of the page, and a way on."""
    said = public(f"{type(fault).__name__}: {fault}")
    with solara.Div(classes=["main"]):
        rv.Alert(type="error", text=True, children=[f"This could not be shown: {said}"])
        solara.Button("Go on", on_click=forget)


@solara.component
def Body(place, set_place):
    """One run or several; the sessions are the visitor's own and end with the page."""
    session = solara.use_memo(Session, [])
    comparison = solara.use_memo(Session, [])
    original, set_original = solara.use_state(solara.use_memo(first_scenario, []))
    scenario, set_scenario = solara.use_state(original)
    solara.use_effect(lambda: lambda: (session.close(), comparison.close()), [])
    solara.use_effect(lambda: session.open([Run(scenario)]), [])
    asked, set_asked = solara.use_state(None)

    def show(run, origin=None, rounds=0):
        origin = run.scenario if origin is None else origin
        set_original(origin)
        set_scenario(run.scenario)
        session.link = links.written(run, origin)
        session.open([run], rounds)

    def arrive(sent):
        """Go where a link leads; without one, or with one that leads nowhere, all stays. From then on it has a link."""
        session.link = session.link or links.written(Run(scenario), original)
        try:
            there = links.read(str(sent["link"])) if sent["link"] else None
        except links.LinkError as error:
            session.tell(problem=f"The link was not followed: {error}")
            there = None
        number = int(sent["number"])
        if there is None:
            (session if place == "one" else comparison).tell(arrived=number)
            return
        if (links.written(there.run, there.original), there.round) != (session.link, session.round):
            show(there.run, there.original, there.round)
        if there.tab == "one":
            session.tell(arrived=number)
        set_asked(replace(there, number=number))
        set_place(there.tab)

    def revise(new):
        set_scenario(new)
        shown = session.frames[0] if session.frames else None
        rounds = 0 if shown is None else shown.round if shown.running else new.rounds
        was = session.runs[0] if session.runs else Run(new)
        run = Run(new, was.replication, was.chosen, folder=was.folder)
        session.link = links.written(run, original)
        session.open([run], rounds, changed=True)

    def tell(name):
        show(Run(load(name)))
        session.go_on()

    with solara.Div(classes=["rest"]):
        Arrival(event_arrive=arrive)
        if place == "one":
            with solara.Div(classes=["body"]):
                with rv.Html(tag="main", class_="main"):
                    One(session, tell)
                Side(session, scenario, original, show, revise)
        else:
            Compare(comparison, scenario, session.link, asked)


@solara.component_vue("arrival.vue")
def Arrival(event_arrive):
    """Where the page's address leads, and what is said when the server is lost."""


def first_scenario():
    """What a new visitor sees first."""
    return OPTIONS.start or load(page_of(named()[0]).START)


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
