"""What the browser shows of the aggregator market on a network."""

import numpy as np

from engine.results import measured
from engine.results.aggregator import Standing, mean_by_round
from engine.results.result import number
from market.numerals import plain
from market.outcome import Status
from views.aggregator import learning, opening
from views.aggregator.faint import Faint
from views.aggregator.tariffs import CONTROLS, with_revenue
from views.kit.charts import STYLES, Line, far_apart, line_chart
from views.kit.frames import Frame, Panel, Table, tiles_of
from views.kit.live import gap_text
from views.network import economics
from views.network.live_map import price_map
from views.style import BLACK, group_colours, players

TITLE = "Aggregators on a network"
ABOUT = "Aggregators, large users and producers at nodes whose prices differ where lines are full."
START = "data_centre_five_bus"
MAIN = (
    "network.line_limits.*",
    "network.demand_scale",
    "group.*.node",
    "group.*.anticipates",
    "group.*.conduct.rule",
    "group.*.utility.size",
    "group.*.utility.b",
)
MAIN += CONTROLS
MAIN += ("group.*.fairness.alpha", "group.*.count", "group.*.users", "group.*.capacity", "order", "damping", "seed")
FOLLOWS = False  # can one agent be looked at? players who learn, as their table says
TRACKS = ("price (money/energy)", "rent of lines (money)", "mean surplus of small users (money)")
MOST_USERS, MOST_NODES = 1_000_000, 500
MOST_LINES = 12  # nodes or players drawn one by one
SHOWN = ("price", "quantity", "mean small surplus", "rent", "full lines", "price spread")  # of MEASURES
TILES = (
    ("price", "money/energy, mean of buyers"),
    ("total purchases", "energy"),
    ("small user, mean", "money"),
    ("rent of lines", "money"),
    ("full lines", ""),
    ("price spread", "money/energy"),
)
NONE = "Press Step or ▶ to begin."


def too_large(scenario):
    """Why a scenario is too large for a server that others use too, or ""."""
    users, nodes = sum(group.users for group in scenario.groups), scenario.grid.nodes
    if nodes > MOST_NODES:
        return f"{nodes:,} nodes; the browser takes at most {MOST_NODES:,}"
    return f"{users:,} users; the browser takes at most {MOST_USERS:,}" if users > MOST_USERS else ""


def variants(scenario):
    """All players with each conduct."""
    words = {"all anticipate the network": "network", "all anticipate the hub": "energy", "all take prices": "nothing"}
    now = [group.anticipates for group in scenario.groups]
    return {
        name: [(("group", k, "anticipates"), word) for k in range(len(now))]
        for name, word in words.items()
        if any(other != word for other in now)
    }


def frame(run, before):
    """The run after its last round."""
    model = run.model
    known = {"round": model.round, "limit": run.scenario.rounds, "status": model.status}
    known |= {"advice": model.advice, "gap": learning.last_gap(run)}
    shown, names = with_revenue(run.scenario, SHOWN, TILES)
    values = map(number, measured("network", Standing(model.game, model.outcome), shown).values())
    known |= {"tiles": tiles_of(names, values, before), "panels": panels(run), "table": table(run)}
    if model.outcome is None:
        return Frame(
            **known, said=NONE if model.status is Status.RUNNING else f"User {model.blame['user']} is priced out."
        )
    said = f"Largest move {plain(model.move, 3)} of {plain(model.outcome.quantity)} energy. {conducts(model.game)}"
    if model.outcome.gap_anticipating is not None and {*model.game.conducts} != {"network"}:
        said += f" Gap against the network: {gap_text(model.outcome.gap_anticipating)}."
    said += learning.said(run)
    columns = (run.column("price"), run.column("rent"), _mean_small(run))
    tracks = dict(zip(TRACKS, ((run.column("round"), column) for column in columns), strict=True))
    return Frame(**known, said=said, tracks=tracks, faint=Faint(run).called)


def _mean_small(run):
    """Mean surplus of the small users by round, money; of all where there are none."""
    blocks = [block for block in run.model.game.blocks if block.users]
    counts = {b.name: b.users for b in blocks if b.kind != "large"} or {b.name: b.users for b in blocks}
    if not counts:
        return np.full(run.model.round, np.nan)
    return mean_by_round({name: run.column(f"surplus {name}") for name in counts}, counts)


def conducts(game):
    """Who anticipates what, in a sentence."""
    words = {"network": "the network", "energy": "the hub's price alone", "nothing": "nothing"}
    found = {}
    for block, conduct in zip(game.blocks, game.conducts, strict=True):
        found.setdefault(words[conduct], []).append(block.name)
    if len(found) == 1:
        return f"All anticipate {next(iter(found))}."
    return "; ".join(f"{', '.join(names)} anticipate {what}" for what, names in found.items()) + "."


def panels(run):
    """The map; prices by group and node, amounts by player, rent and surplus, by round."""
    model, played = run.model, run.model.round > 0 and run.model.outcome is not None
    rounds = run.column("round") if played else np.zeros(0)
    blocks = model.game.blocks
    colours = group_colours([block.name for block in blocks])
    drawn = (price_map(run),) if model.game.grid.nodes > 1 else ()  # one node is no map
    maps = [Panel("map", "Prices at the nodes, flows on the lines", html, "large") for html in drawn]
    if not played:
        return (*maps, *opening.panels(blocks))
    parts = {
        "purchases": ("Purchases and sales by player", "energy", _amounts(run, colours)),
        "price": ("Price by group", "money/energy", {b.name: (f"price {b.name}", colours[b.name]) for b in blocks}),
        "nodes": ("Price by node", "money/energy", _nodes(model)),
        "rent": ("Rent of full lines", "money", {"rent": ("rent", BLACK)}),
        "surplus": (
            "Mean surplus by group",
            "money",
            {b.name: (f"surplus {b.name}", colours[b.name]) for b in blocks if b.users},
        ),
    }
    if not maps:  # without lines there is one price
        del parts["nodes"], parts["rent"]
    faint = Faint(run)
    behind = {
        "price": faint.levels(rounds, lambda group: group["price"], colours),
        "rent": faint.level(rounds, lambda summary: summary["rent"], BLACK),
        "surplus": faint.levels(rounds, lambda group: group["surplus"]["mean"], colours),
    }
    lines = {name: _lines(run, rounds, columns) for name, (_, _, columns) in parts.items()}
    drawn = tuple(
        Panel(
            name,
            title,
            line_chart(
                lines[name], label, log=name == "surplus" and far_apart(lines[name]), faint=behind.get(name, ())
            ),
        )
        for name, (title, label, _) in parts.items()
        if lines[name]
    )
    return (*maps, *learning.panels(run, run.chosen), *drawn, *economics.panels(run))


def _lines(run, rounds, columns):
    """A line of each {name: (column, colour)} by round."""
    return [
        Line(name, rounds, run.column(column), colour, STYLES[k % len(STYLES)])
        for k, (name, (column, colour)) in enumerate(columns.items())
    ]


def _amounts(run, colours):
    game = run.model.game
    if game.players > MOST_LINES:
        return {"all players": ("quantity", BLACK)}
    return {name: (f"purchase {name}", colours[group]) for name, group, _ in players(game)}


def _nodes(model):
    names = model.game.grid.names
    if len(names) > MOST_LINES:
        return {}
    colours = group_colours(names)
    return {name: (f"price at {name}", colours[name]) for name in names}


def table(run):
    """Every player where some learn, else every node."""
    return _players(run.model) if learning.learns(run) else _at_nodes(run.model)


def _players(model):
    """What each bought or sold at what price, and who learns; a learner can be followed."""
    judged, outcome = model.judge.players, model.outcome
    names, groups, _ = zip(*players(model.game), strict=True)
    columns = {"player": np.arange(len(names)), "name": list(names), "group": list(groups)}
    columns["learns"] = ["yes" if j in judged else "no" for j in range(len(names))]
    if outcome is not None:
        columns |= {"amount": model.y, "price": outcome.paid}
    return Table(columns, "Choose a player to see what it has in mind, if it learns.", follows=True, what="Players")


def _at_nodes(model):
    """Price, what is taken out there, what lines bring."""
    cleared = model.cleared
    columns = {"node": list(cleared.grid.names), "price": cleared.prices, "taken out": cleared.demand}
    return Table({**columns, "brought by lines": cleared.withdrawn, "shed": cleared.shed}, what="Nodes")
