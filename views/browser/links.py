"""A page's state as a link, and back. A link asks for nothing that the page does not offer itself."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from engine import FolderError
from scenarios import ScenarioError, load
from views.browser import stored
from views.browser.files import public, refusal
from views.browser.options import OPTIONS
from views.browser.side import LIST, check_size, revised
from views.kit.live import Run
from views.kit.parameters import differences, in_full, parameters
from views.kit.parameters import read as read_value

LONGEST, MOST_PARTS = 60_000, 300
TABS = ("one", "compare")
PARTS = ("market", "scenario", "stored", "set", "tab", "lane", "round")
LONGEST_SHOWN = 60


class LinkError(ValueError):
    """A link that leads nowhere; its text is one line."""


@dataclass(frozen=True)
class Place:
    """Where a link leads: a run, the scenario as its file has it, the round, the tab, lanes of the comparison."""

    run: Run
    original: object
    round: int = 0
    tab: str = TABS[0]
    lanes: tuple[str, ...] = ()
    number: int = 0  # of the page's tries to follow links


def written(run, original):
    """A run as a link, without its round."""
    scenario = run.scenario
    parts = [("market", scenario.market), ("scenario", original.name)]
    parts += [("stored", run.folder)] if run.folder else []
    changes = [(name, now) for name, _, now in differences(scenario, original) if now is not None]
    return urlencode([*parts, *(("set", f"{name}={in_full(now)}") for name, now in changes)])


def read(text):
    """The Place a link leads to; raises LinkError."""
    parts = _parts(text)
    given = {name: value for name, value in parts if name not in ("set", "lane")}
    tab, lanes = given.get("tab", TABS[0]), tuple(value for name, value in parts if name == "lane")
    if tab not in TABS:
        raise LinkError(f"tab {_cut(tab)}: it is {' or '.join(TABS)}")
    number = given.get("round", "0")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise LinkError(f"round {_cut(number)}: a whole number is needed")
    try:
        run = _run(given)
        original = run.scenario
        run.scenario = _changed(original, [value.partition("=")[::2] for name, value in parts if name == "set"])
        run.stored = run.stored if run.scenario is original else None
        check_size(run.scenario)
    except (ScenarioError, FolderError) as error:
        raise LinkError(public(str(error))) from None
    if given.get("market", original.market) != original.market:
        raise LinkError(f"market {_cut(given['market'])}: {original.name} is of market {original.market}")
    return Place(run, original, min(int(number), run.scenario.rounds), tab, lanes)


def _parts(text):
    """[(name, value)] of a link; raises LinkError."""
    try:
        parts = parse_qsl(text[: LONGEST + 1], strict_parsing=True, max_num_fields=MOST_PARTS, errors="strict")
    except ValueError:
        raise LinkError(f"{_cut(text)}: it is broken, or too much is in it") from None
    names = [name for name, _ in parts]
    odd = next((name for name in names if name not in PARTS), None)
    if odd is not None or len(text) > LONGEST:
        raise LinkError(f"{_cut(text if odd is None else odd)}: no part of a link, or one that is too long")
    twice = next((name for name in PARTS if names.count(name) > 1 and name not in ("set", "lane")), None)
    if twice:
        raise LinkError(f"{twice}: it stands there twice")
    return parts


def _run(given):
    """The Run of a scenario that is offered, or of a stored run that was found."""
    if "stored" in given:
        return stored.open_folder(OPTIONS.results, given["stored"])
    name = given.get("scenario", "")
    if OPTIONS.start is not None and name == OPTIONS.start.name:
        return Run(OPTIONS.start)
    if name not in [row.name for row in LIST]:
        raise LinkError(f"scenario {_cut(name)}: no scenario that is offered here is called that")
    return Run(load(name))


def _changed(original, changes):
    """The original with changes (dotted key, text), each as typed; in an order in which they can be made."""
    scenario, waiting, refused = original, dict(changes), None
    while waiting:
        known = {one.dotted: one for one in parameters(scenario)}
        for name in [name for name in waiting if name in known]:
            try:
                scenario = revised(scenario, known[name], read_value(known[name], waiting[name]), original)
            except ScenarioError as error:
                refused = LinkError(refusal(error, waiting[name]))
                continue
            del waiting[name]
            break
        else:
            raise refused or LinkError(f"{_cut(next(iter(waiting)))}: {original.name} has no parameter of that name")
    return scenario


def _cut(text):
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…")
