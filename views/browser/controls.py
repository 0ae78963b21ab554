"""A scenario's parameters as controls made from the schema."""
# ruff: noqa: N802  components are named like classes

import re

import reacton.ipyvuetify as rv
import solara

from views.browser.parameters import ALPHA_MARKS, inside, parameters, stops, written

SECTIONS = {
    "": "Run",
    "price": "Price",
    "tariff": "Tariff of the grid",
    "negotiation": "Negotiation",
    "network": "Network",
}


@solara.component
def Controls(scenario, original, main, refused, change):
    """All controls: the main ones on top, the others by table, folded.

    refused: {dotted key: (text typed, message)}; change(parameter, value or text) is called with what was chosen.
    """
    opened, set_opened = solara.use_state([])
    shown = parameters(scenario)
    first = sorted((one for one in shown if general(one) in main), key=lambda one: place(one, main))
    rest = {}
    for one in shown:
        if one not in first:
            rest.setdefault(one.section, []).append(one)
    with solara.Div(classes=["controls"]):
        group = None
        for one in first:
            if _group(one) != group:
                group = _group(one)
                solara.HTML("h3", "Run" if group is None else group_name(scenario, one))
            Control(one, original, refused.get(one.dotted), change).key(f"{scenario.name} {one.dotted}")
        with rv.ExpansionPanels(multiple=True, accordion=True, flat=True, v_model=opened, on_v_model=set_opened):
            for number, (name, found) in enumerate(rest.items()):
                with rv.ExpansionPanel():
                    rv.ExpansionPanelHeader(children=[heading(scenario, name, found)])
                    with rv.ExpansionPanelContent():
                        for one in found if number in opened else ():  # what is folded costs nothing
                            Control(one, original, refused.get(one.dotted), change).key(f"{scenario.name} {one.dotted}")


def general(parameter):
    """A parameter's path with "*" for the number of its group."""
    return re.sub(r"\.\d+\.", ".*.", parameter.dotted)


def place(parameter, main):
    """Where a main parameter stands: what leads the list, then group by group, then the rest."""
    at, group = main.index(general(parameter)), _group(parameter)
    last = max((k for k, name in enumerate(main) if name.startswith("group")), default=-1)
    return (1, group, at) if group is not None else (0 if at < last else 2, 0, at)


def _group(parameter):
    """Number of the group a parameter belongs to, None where it belongs to none."""
    return parameter.path[1] if parameter.path[0] == "group" else None


def group_name(scenario, parameter):
    """Heading of a group of users."""
    return f"Group “{scenario.table['group'][_group(parameter)]['name']}”"


def heading(scenario, section, found):
    """What a folded section is called."""
    if section.startswith("group"):
        tail = section.split(".")[2:]
        return " – ".join([group_name(scenario, found[0]), *tail])
    return SECTIONS.get(section, section.replace(".", " – ").replace("_", " ").capitalize())


@solara.component
def Control(parameter, original, refused, change):
    """One control: its name and unit, what serves to set it, what it means."""
    key = parameter.key
    with solara.Div(
        classes=["control", "refused" if refused else "", "changed" if differs(parameter, original) else ""]
    ):
        unit = f" <small>{key.unit}</small>" if key.unit else ""
        solara.HTML("div", f"{named(parameter)}{unit}", classes=["name"])
        if key.type == "choice":
            Choice(parameter, change)
        elif key.type == "switch":
            Toggle(parameter, change)
        else:
            Number(parameter, original, refused, change)
        if refused:
            solara.HTML("div", refused[1], classes=["error-text"], attributes={"role": "alert"})
        solara.HTML("div", key.meaning, classes=["help"], attributes={"title": parameter.help})


def named(parameter):
    """A parameter's name with that of its table, such as "price c"."""
    table = [part for part in parameter.key.table.split(".") if part and part != "group"]
    return " ".join([*table[-1:], parameter.key.name]).replace("_", " ")


def label(parameter):
    """What screen readers and tests call a control."""
    return {"aria-label": parameter.dotted}


def differs(parameter, original):
    """Is a parameter's value not that of the file?"""
    try:
        return inside(original.table, parameter.path) != parameter.value
    except (KeyError, IndexError, TypeError):
        return True


@solara.component
def Toggle(parameter, change):
    """A switch."""
    toggle = rv.Switch(
        v_model=parameter.value,
        on_v_model=lambda on: change(parameter, on) if on != parameter.value else None,
        dense=True,
        hide_details=True,
        attributes=label(parameter),
    )
    return toggle


@solara.component
def Choice(parameter, change):
    """A list of words, one of which is chosen."""
    select = rv.Select(
        items=list(parameter.key.range),
        v_model=parameter.value,
        on_v_model=lambda word: change(parameter, word) if word != parameter.value else None,
        dense=True,
        outlined=True,
        hide_details=True,
        attributes=label(parameter),
    )
    return select


@solara.component
def Number(parameter, original, refused, change):
    """A slider where there is a range to slide through, and a field to type into."""
    try:
        base = inside(original.table, parameter.path)
    except (KeyError, IndexError, TypeError):
        base = parameter.value
    values = stops(parameter, base)
    with solara.Div(classes=["number"]):
        if len(values) > 1:
            marks = ALPHA_MARKS if parameter.key.path == "group.fairness.alpha" else {}
            Slider(parameter, values, marks, change)
        Typed(parameter, refused, change)


@solara.component
def Slider(parameter, values, marks, change):
    """A slider through a list of values; acts when it is let go."""
    at = values.index(parameter.value)
    labels = {"tick_labels": [marks.get(value, "") for value in values], "ticks": "always"} if marks else {}
    slider = rv.Slider(
        v_model=at,
        min=0,
        max=len(values) - 1,
        step=1,
        hide_details=True,
        dense=True,
        thumb_label=False,
        attributes=label(parameter),
        class_="marked" if marks else "",
        **labels,
    )
    rv.use_event(slider, "change", lambda widget, event, place: change(parameter, values[int(place)]))
    return slider


@solara.component
def Typed(parameter, refused, change):
    """A field that takes any value the schema allows, written as in a TOML file."""
    shown = refused[0] if refused else written(parameter.value)
    typed, set_typed = solara.use_state(shown)
    solara.use_effect(lambda: set_typed(shown), [shown, parameter.value])
    text = rv.TextField(
        v_model=typed,
        on_v_model=set_typed,
        dense=True,
        outlined=True,
        hide_details=True,
        error=refused is not None,
        attributes=label(parameter),
    )
    rv.use_event(text, "change", lambda widget, event, words: change(parameter, str(words)))
    return text
