"""A scenario's parameters as controls made from the schema."""
# ruff: noqa: N802  components are named like classes

import re

import solara

from views.browser.files import offered
from views.kit.parameters import APART, MOST_TYPED, parameters, stops, written

SECTIONS = {
    "": "More of the run",
    "price": "Price",
    "tariff": "Tariff of the grid",
    "negotiation": "Negotiation",
    "network": "Network",
}
NAMED = ("group", "class")  # tables of a scenario of which each has a name


@solara.component_vue("controls.vue")
def Panel(scenario, sections, longest, event_set):
    """All controls as one widget: hundreds of them would make every page slow."""


@solara.component
def Controls(scenario, original, main, refused, change):
    """All controls: the main ones on top, the others by table, folded.

    refused: {dotted key: (text typed, message)}; change(parameter, value or text) is called with what was chosen.
    """
    known = {one.dotted: one for one in parameters(scenario)}
    before = {one.dotted: one.value for one in parameters(original)}

    def act(asked):
        one = known.get(asked["key"])
        if one is None:
            return
        if "stop" in asked:
            change(one, _stops(one, before)[int(asked["stop"])])
        elif "typed" in asked:
            change(one, str(asked["typed"]))
        elif asked["value"] != one.value:
            change(one, asked["value"])

    def shown(one):
        return control(one, before, refused.get(one.dotted), offered(scenario, one.key), scenario.in_units)

    names = {what: [row["name"] for row in scenario.table.get(what, ())] for what in NAMED}
    sections = [
        {"heading": name, "folded": folded, "controls": [shown(one) for one in found]}
        for (name, folded), found in arranged(known.values(), main, names).items()
    ]
    Panel(scenario=scenario.name, sections=sections, longest=MOST_TYPED, event_set=act)


def arranged(shown, main, names):
    """{(heading, folded): parameters}: those that lead the main ones, the groups', other main ones, the rest folded.

    names: {what is one of several in a scenario, as NAMED has it: their names}.
    """
    lead = next((k for k, name in enumerate(main) if name.startswith("group")), len(main))
    found = {("", False): []} | {(f"Group “{name}”", False): [] for name in names["group"]} | {("Run", False): []}
    for one in sorted(shown, key=lambda one: main.index(general(one)) if general(one) in main else len(main)):
        if general(one) not in main:
            name = heading(names, one.section), True
        elif one.path[0] == "group":
            name = heading(names, f"group.{one.path[1]}"), False
        else:
            name = "" if main.index(general(one)) < lead else "Run", False
        found.setdefault(name, []).append(one)
    return {name: some for name, some in found.items() if some}


def control(parameter, before, refused, files=(), unit=str):
    """One control as the page takes it: its name and unit, what serves to set it, what it means.

    before: {dotted key: value in the file}; files: to choose; unit(text) has the scenario's own names of units.
    """
    key = parameter.key
    shown = {"key": parameter.dotted, "name": named(parameter), "unit": unit(key.unit), "meaning": key.meaning}
    shown |= {
        "help": parameter.help,
        "refused": refused[1] if refused else "",
        "changed": before.get(parameter.dotted) != parameter.value,
    }
    if key.type in ("choice", "switch"):
        return {**shown, "kind": key.type, "value": parameter.value, "items": list(key.range)}
    values = _stops(parameter, before)
    words = dict(key.stops)
    marks = [words.get(value, "") for value in values] if words else []
    spoken = [words.get(value) or written(value) for value in values]
    slider = {
        "stops": len(values),
        "spoken": spoken,
        "at": values.index(parameter.value) if values else 0,
        "marks": marks,
    }
    slider |= {"items": [*key.words, *files], "value": refused[0] if refused else written(parameter.value)}
    return {**shown, "kind": "number", **slider}


def _stops(parameter, before):
    """A slider's values lie around that of the file."""
    return stops(parameter, before.get(parameter.dotted, parameter.value))


def general(parameter):
    """A parameter's path with "*" for the number of its group, or for a name of the file's own."""
    if parameter.key.table in APART:
        return f"{parameter.key.table}.*"
    return re.sub(r"\.\d+\.", ".*.", parameter.dotted)


def heading(names, section):
    """What a section is called; names: as `arranged` takes them."""
    what, *rest = section.split(".")
    if what in names and rest:
        return " – ".join([f"{what.capitalize()} “{names[what][int(rest[0])]}”", *rest[1:]])
    return SECTIONS.get(section, section.replace(".", " – ").replace("_", " ").capitalize())


def named(parameter):
    """A parameter's name with that of its table, such as "price c"."""
    table = [part for part in parameter.key.table.split(".") if part and part != "group"]
    return " ".join([*table[-1:], parameter.key.name]).replace("_", " ")
