"""What the browser shows of one population under several designs."""

import numpy as np

from engine.results import measured
from engine.results.designs import net_by_class, splits
from market.bilateral.signing import CONTRACTS
from market.designs.study import DIRECT, PLANNER, TARIFF
from market.microgrid.payments import PAYMENTS
from market.numerals import plain
from market.outcome import Status
from views.designs import by_hour
from views.designs.look import FAINT, design_colour, short
from views.kit.charts import STYLES, Bar, Line, bar_chart, level_of, line_chart
from views.kit.frames import Frame, Panel, Table, tiles_of
from views.kit.live import NOT_YET, gap_text
from views.splits import PLANNER as PLANNERS
from views.splits import TAB, bars_of
from views.style import BLACK, GAINS, LOSES, group_colours

TITLE = "Designs"
ABOUT = "One population by itself, with aggregators, contracts or private lines, and as a planner would have it."
START = "designs_neighbourhood"
MAIN = ("tariff.buy", "tariff.sell", "price.p0", "price.c", "aggregators", "alphas", "contracts", "behaviours")
MAIN += ("payments", "private.density", "seed")
FOLLOWS = True  # can one agent be looked at?
TRACKS = ("price, direct (money/energy)", "violation of contracts (money)", "designs still running (designs)")
MOST_AGENTS, MOST_LINES = 1_000, 2_000
NONE = "Press Step or ▶ to play a round of every design."


def too_large(scenario):
    """Why a scenario is too large for a server that others use too, or ""."""
    agents, network = sum(row["count"] for row in scenario.table["class"]), scenario.table["network"]
    lines = sum(len(network.get(kind, ())) for kind in ("public", "private"))
    told = [(agents, "agents", MOST_AGENTS), (lines, "lines", MOST_LINES)]
    return next((f"{n:,} {what}; the browser takes at most {most:,}" for n, what, most in told if n > most), "")


def variants(scenario):
    """The same population where the microgrid pays by another rule, or contracts are of the other kind."""
    found = {f"payments: {name}": [(("payments",), name)] for name in PAYMENTS}
    found |= {f"contracts: {name}": [(("contracts",), name)] for name in CONTRACTS}
    mine = [f"{key}: {scenario.table[key]}" for key in ("payments", "contracts")]
    return {name: changes for name, changes in found.items() if name not in mine}


def frame(run, before):
    """The run after its last round."""
    model, result = run.model, _result(run)
    known = {"round": model.round, "limit": run.scenario.rounds, "status": model.status, "advice": "", "gap": ""}
    known |= {"tiles": tiles(run, before), "panels": panels(run), "table": table(run)}
    if result is None:
        return Frame(**known | {"gap": NOT_YET}, said=NONE)
    known |= {"status": result.status, "advice": result.advice, "gap": _gap(run), "said": _said(result)}
    known |= {"faint": FAINT}
    if run.scenario.periods > 1:
        known |= {"span": "The whole day", "moments": by_hour.moments(run, result)}
    columns = (f"{DIRECT}: price", "bilateral: violation", "running")
    tracks = {track: (run.column("round"), run.column(name)) for track, name in zip(TRACKS, columns, strict=True)}
    return Frame(**known, tracks=tracks)


def _result(run):
    """The DesignsResult of the rounds played so far, None before the first; made once a round."""
    if not run.model.round:
        return None
    known = run.memory.get("result")
    if known is None or known.rounds != run.model.round:
        known = run.memory["result"] = run.result()
    if not run.model.running:
        run.memory["gap"] = known.gap  # that of all designs, which the model does not know
    return known


def _gap(run):
    if run.model.running or run.memory["gap"] is None:
        return NOT_YET if run.model.running else "– (none is promised)"
    return f"{gap_text(run.memory['gap'])} of what the designs promise"


def _said(result):
    """Who still plays; at the end, which design serves whom best."""
    moving = [short(name) for name, design in result.designs.items() if design.status is Status.RUNNING]
    if moving:
        return f"Still running: {', '.join(moving)}."
    words = [f"{what} {short(best[0])} ({plain(best[1], 3)})" for what, best in _bests(result).items() if best]
    return f"Leaving out the planner, {'; '.join(words)}." if words else ""


def _bests(result):
    """{for whom, in words: (design, value) of the best beside the planner's, or None}."""
    measures = {"agents have most under": "surplus", "welfare is highest under": "welfare"}
    return {what: result.best(measure) for what, measure in measures.items()}


def tiles(run, before):
    """How many agents, the best design for them and for all, and the planner's welfare."""
    result, values = _result(run), [len(run.drawn.game.population), *[None] * 5]
    if result is not None:
        surplus, welfare = (best or (None, None) for best in _bests(result).values())
        planned = measured("designs", result.designs[PLANNER], ("welfare",))["welfare"]
        values[1:] = [_word(surplus), surplus[1], _word(welfare), welfare[1], planned]
    names = (
        ("agents", "in all classes"),
        ("most for agents", "planner left out"),
        ("their surplus there", "money"),
        ("most for all", "planner left out"),
        ("welfare there", "money"),
        ("planner's welfare", "money"),
    )
    return tiles_of(names, values, before)


def _word(best):
    return None if best[0] is None else short(best[0])


def panels(run):
    """Surplus by class, who wins, welfare, losses and prices under every design, prices by round; one agent's."""
    result = _result(run)
    if result is None:
        return (Panel("classes", "Who has energy and who needs it", _classes(run)),)
    found = [
        Panel("surplus", "Surplus of all agents, by class", _surplus(run, result)),
        Panel("sides", "Who wins and who loses against direct", _sides(result)),
        Panel("anarchy", "Price of anarchy", _bars(result, "price of anarchy", "price of anarchy less 1", 1.0, 4)),
        Panel("losses", "Lost on lines", _bars(result, "loss", "energy")),
        Panel("price", "What net buyers pay", _bars(result, "price", "money/energy")),
        Panel("rounds", "Prices by round", _rounds(run, result)),
        *_split(result),
    ]
    if run.chosen is not None and run.chosen < len(run.drawn.game.population):
        found.insert(1, Panel("agent", f"Agent {run.chosen}", _agent(run, result)))
    return (*found, *(by_hour.panels(run, result) if run.scenario.periods > 1 else ()))


def _split(result):
    """Who has the welfare there could be under each design; nothing where the planner found none."""
    known = {PLANNERS if name == PLANNER else short(name): one for name, one in splits(result).items()}
    return [Panel("split", "Who has the welfare there could be", bars_of(known), tab=TAB)] if known else []


def _classes(run):
    """Energy that each class has left over or needs at the tariff, and how many agents it has."""
    colours, found = group_colours(list(run.drawn.game.population.classes)), net_by_class(run.drawn.game)
    bars = [Bar(name, ((net, colours[name]),), f"{many:,} agents") for name, (many, net) in found.items()]
    return bar_chart(bars, "left over, below 0: needed (energy)")


def _chart(bars, xlabel, colours=(), at_tariff=None):
    """Bars of all designs before what they are held against."""
    faint = None if at_tariff is None else (FAINT, at_tariff)
    return bar_chart(bars, xlabel, colours, faint=faint)


def _designs(result):
    """[(name, design, mark of one that still runs)], none before the first round."""
    known = {} if result is None else result.designs
    return [(name, one, " …" if one.status is Status.RUNNING else "") for name, one in known.items()]


def _at_tariff(result, measure):
    """What a measure is under the tariff alone, None where it is not defined."""
    return result.designs[TARIFF].values[measure]


def _surplus(run, result):
    """Each class's surplus one after another, and the sum of them."""
    bars, colours = [], group_colours(list(run.drawn.game.population.classes))
    for name, design, mark in _designs(result):
        parts = [(value, colours[one]) for one, value in result.surplus_by_class[name].items()]
        said = plain(design.values["surplus"], 3) if parts else "–"
        bars.append(Bar(short(name), tuple(parts), said + mark))
    return _chart(bars, "surplus (money)", list(colours.items()), _at_tariff(result, "surplus"))


def _sides(result):
    """Losers to the left, winners to the right."""
    bars = []
    for name, design, mark in _designs(result):
        win, lose = design.values["winners"], design.values["losers"]
        parts = () if win is None else ((float(win), GAINS), (-float(lose), LOSES))
        bars.append(Bar(short(name), parts, ("–" if win is None else f"{win} : {lose}") + mark))
    return _chart(bars, "agents, winners : losers", [("winners", GAINS), ("losers", LOSES)])


def _bars(result, measure, xlabel, start=0.0, digits=3):
    """One measure of every design, its bar from `start`."""
    bars = []
    for name, design, mark in _designs(result):
        value = design.values[measure]
        parts = () if value is None else ((value - start, design_colour(name)),)
        bars.append(Bar(short(name), parts, plain(value, digits) + mark))
    at_tariff = _at_tariff(result, measure)
    return _chart(bars, xlabel, at_tariff=None if at_tariff is None else at_tariff - start)


def _rounds(run, result):
    """Prices of the designs that find one round by round."""
    columns = run.model.datacollector.model_vars
    names = [name for name in run.scenario.designs if f"{name}: price" in columns]
    if run.scenario.periods > 1:  # contracts are negotiated one hour after another
        names.remove("bilateral")
    rounds = run.column("round")
    lines = [
        Line(short(name), rounds, run.column(f"{name}: price"), design_colour(name), style)
        for name, style in zip(names, STYLES * len(names), strict=False)
    ]
    behind = level_of(FAINT, rounds, _at_tariff(result, "price"), BLACK)
    return line_chart(lines, "price (money/energy)", faint=behind)


def _agent(run, result):
    """What one agent has under every design."""
    bars = []
    for name, design, mark in _designs(result):
        known = len(design.gained) > 0
        value = float(design.gained[run.chosen]) if known else None
        bars.append(Bar(short(name), ((value, design_colour(name)),) if known else (), plain(value, 3) + mark))
    return _chart(bars, "surplus (money)", at_tariff=float(result.designs[TARIFF].gained[run.chosen]))


def table(run):
    """Every agent: class, node, energy left (needed: below 0) at the tariff, surplus under each design."""
    study, result = run.drawn.game, _result(run)
    people = study.population
    columns = {
        "agent": np.arange(len(people)),
        "class": np.array(people.classes)[people.member],
        "node": people.node,
        "left or needed": study.net,
    }
    for name, design, _ in _designs(result):
        columns[_heading(name)] = design.gained if len(design.gained) else np.full(len(people), np.nan)
    surplus = "Surplus in money under each design, aggregators by α. " if result is not None else ""
    return Table(columns, f"{surplus}Choose an agent to draw its own.")


def _heading(name):
    """A design above a column; the α of aggregators alone, in one piece."""
    return short(name).removeprefix("aggregators ")
