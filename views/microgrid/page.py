"""What the browser shows of the microgrid market."""

from html import escape

import numpy as np

from engine.results import measured
from engine.results.microgrid import by_period, called, losses_under_each, planned, played, under_each, welfare
from market.microgrid.behaviours import BEHAVIOURS
from market.numerals import plain, signed
from views.kit import periods
from views.kit.charts import Bar, Line, bar_chart, beside, instead, level_of, line_chart, list_of
from views.kit.frames import Frame, Panel, Table, tiles_of
from views.kit.live import ENDED, last_gap
from views.microgrid import look
from views.microgrid.live_map import NO_FLOW, network_map
from views.microgrid.words import fate, joining_text, nodes_text, stability_lines
from views.splits import split_chart
from views.style import BLACK, GAINS, GREY, LOSES, TEAL, VERMILLION

TITLE = "Microgrid"
ABOUT = "Owners of private lines trade beside a public grid whose losses grow with the square of the flow."
START = "eight_nodes_ad_hoc"
MAIN = ("behaviour", "losses", "payments", "physics", "private.density", "private.mean_resistance")
MAIN += (
    "private.resistance_per_km",
    "tariff.buy",
    "tariff.sell",
    "tariff.generation",
    "residual",
    "lines_per_round",
    "seed",
)
FOLLOWS = False  # can one agent be looked at?
TRACKS = ("loss (p.u.)", "main grid's supply (p.u.)", "paid to all nodes (money)")
MOST_NODES = 2_000
FAINT = "private lines idle, nobody trades"
LOST = {"on public lines": (GREY, "-"), "on private lines": (look.PRIVATE, "-"), "lost": (BLACK, "-")}
LOST_IDLE = {"lost without trade": (BLACK, "-")}
ENERGY = {
    "left over": (look.SURPLUS_NODE, "-"),
    "needed": (look.DEFICIT_NODE, "-"),
    "main grid supplies": (BLACK, "--"),
}
PRICES = {"highest price": (VERMILLION, "-"), "lowest price": (TEAL, "-")}
ENERGY_IDLE = {"supplied without trade": (BLACK, "-")}
MOST_BARS = 12
SHOWN = ("loss", "public loss", "private loss", "grid supply", "paid to agents")  # of MEASURES


def too_large(scenario):
    """Why a scenario is too large for a server that others use too, or ""."""
    rows = scenario.injections
    nodes = len(rows[0]) if rows else 0
    return f"{nodes:,} nodes; the browser takes at most {MOST_NODES:,}" if nodes > MOST_NODES else ""


def variants(scenario):
    """The network under each other behaviour."""
    mine = scenario.table["behaviour"]
    return {f"behaviour: {look.spoken(name)}": [(("behaviour",), name)] for name in BEHAVIOURS if name != mine}


def frame(run, before):
    """The run after its last round."""
    model, dispatch = run.model, run.model.dispatch
    several = model.market.periods > 1
    known = {"round": model.round, "limit": model.market.periods if several else run.scenario.rounds}
    known |= {"gap": last_gap(run)}
    said = "Press Step or ▶ to let the owners trade."
    if dispatch is not None and dispatch.loss is None:
        said = f"Nodes {nodes_text(dispatch.unserved, called([run.scenario]))} {fate(dispatch.status)}."
    elif dispatch is not None:
        said = f"{dispatch.in_use} of {len(dispatch.g)} private lines carry power."
    found = joining(run) if "coalition" in run.scenario.table else None
    if found is not None:
        known |= {"beside": f"joining: {found['status']}", "doubt": not found["stable"]}
        said += f" {joining_text(found, called([run.scenario]))}"
    ended = model if found is None else run.memory[ENDED]
    known |= {"status": ended.status, "advice": ended.advice}
    called_at = _names(run)
    said += periods.now(called_at, model.period) if several and model.round else ""
    if several and model.outcomes:
        moments = periods.moments(called_at, by_period(model.outcomes))
        known |= {"moments": moments, "span": periods.span(called_at, len(model.outcomes))}
    tracks = {}
    if model.round:
        known |= {"faint": FAINT if model.outcome.idle_loss is not None else ""}
        columns = [run.column(name) for name in ("loss", "grid_supply", "payments")]
        tracks = dict(zip(TRACKS, ((run.column("round"), column) for column in columns), strict=True))
    return Frame(**known, said=said, tiles=tiles(run, before), panels=panels(run), table=table(run), tracks=tracks)


def _names(run):
    """What each period is called."""
    return periods.names(run.scenario, run.model.market.periods)


def _when(run):
    """Which period a drawing is of, "" where there is one alone."""
    return f", {_names(run)[run.model.period]}" if run.model.market.periods > 1 else ""


def tiles(run, before):
    """Losses, supply, and who gains; of a day, the sums over the periods that have ended."""
    model, values = run.model, [None] * 6
    if model.dispatch is not None:
        result = run.result()
        values = [*measured("microgrid", result, SHOWN).values(), result.loss_avoided]
    names = (
        ("loss", "p.u."),
        ("public lines", "p.u. lost"),
        ("private lines", "p.u. lost"),
        ("main grid supplies", "p.u."),
        ("paid to all nodes", "money"),
        ("loss avoided", "share of that without trade"),
    )
    return tiles_of(names, values, before)


def joining(run):
    """How agents who join each other in coalitions ended, None before the run's end and where they do not."""
    if run.model.running or "gap" not in run.memory:
        return None
    return run.end_summary().get("joining")


def panels(run):
    """The map, losses of all behaviours, bills, and what happened by round."""
    when = _when(run)
    found = (
        Panel("map", f"Flows on public and private lines{when}", network_map(run) + _stability(run), "large"),
        Panel("behaviours", "Loss under each behaviour", _behaviours(run)),
    )
    if not run.model.round:
        return (*found, Panel("needs", "Who has energy and who needs it", _needs(run)))
    return (
        *found,
        Panel("bills", "What private trade brings each node", _bills(run)),
        *_over_time(run),
        Panel("trades", f"Private trades, latest first{when}", _trades(run)),
        Panel("split", "Who has what all is worth", _split(run)),
    )


def _stability(run):
    """Who would rather leave, or go elsewhere, beside the map; "" before the run's end."""
    said = stability_lines(run.memory.get("summary", {"periods": 1}), _names(run))
    return beside(" ".join(said))


def _over_time(run):
    """Losses by round; of a day, energy and losses by period."""
    if run.model.market.periods == 1:
        return (Panel("rounds", "Losses by round", _by_round(run)),)
    told = by_period(run.model.outcomes)
    return (
        Panel("energy", "Energy by period", periods.chart(told, ENERGY, "energy (p.u.)", ENERGY_IDLE)),
        Panel("rounds", "Losses by period", periods.chart(told, LOST, "loss (p.u.)", LOST_IDLE)),
        Panel("prices", "Prices at the nodes by period", _prices(told)),
    )


def _prices(told):
    if all(value is None for value in told["lowest price"][1]):
        return instead("These behaviours and losses give no prices.")
    return periods.chart(told, PRICES, "money/p.u.")


def losses_of_all(run):
    """Losses of every behaviour on the network shown, all by themselves; found once a period."""
    if "games" not in run.memory:
        run.memory["games"] = under_each(run.scenario, run.replication, run.drawn.game)
    known, period = run.memory.get("behaviours"), run.model.period
    if known is None or known[0] != period:
        known = run.memory["behaviours"] = period, losses_under_each(run.memory["games"], period)
    return known[1]


def _behaviours(run):
    """Loss of every behaviour when its trades are all made, the present one in bold."""
    mine = run.scenario.table["behaviour"]
    bars = []
    for name, found in losses_of_all(run).items():
        served = found.loss is not None
        parts = ((found.public_loss, look.PUBLIC), (found.private_loss, look.PRIVATE)) if served else ()
        said = plain(found.loss, 3) if served else "cannot serve all"
        bars.append(Bar(look.spoken(name), parts, said, name == mine))
    idle = run.model.outcome.idle_loss if run.model.round else None
    keys = [("public lines", look.PUBLIC), ("private lines", look.PRIVATE)]
    return bar_chart(bars, f"loss (p.u.){_when(run)}", keys, faint=None if idle is None else (FAINT, idle))


def _bills(run):
    """What private trade brings each node, else what it is paid; of many nodes the largest. A bar is as its label says.

    Of a day, over the periods that have ended.
    """
    result = run.result()
    gains, values = result.gains, result.paid if result.gains is None else result.gains
    if values is None:
        return instead("This rule pays nothing here.")
    what, words = ("paid to the node", "receives pays") if gains is None else ("gain by private trade", "gains loses")
    return _by_node(run, values, f"{what} (money)", dict(zip(words.split(), (GAINS, LOSES), strict=True)))


def _split(run):
    """Who has the worth of all that could be, in the run and under a planner; of a day, of the periods so far."""
    outcomes, known = played(run.model), run.memory.setdefault("planners", [])
    known += [planned(run.drawn.game, period) for period in range(len(known), len(outcomes))]
    return split_chart(welfare(outcomes, known))


def _needs(run):
    """What each node has left over or needs before any trade."""
    words = {"surplus": look.SURPLUS_NODE, "deficit": look.DEFICIT_NODE}
    return _by_node(run, run.model.network.injection, "has or needs (p.u.)", words)


def _by_node(run, values, what, words):
    """A bar for each node's value, of many nodes the largest; words: {what above 0 is called: colour, below 0: …}."""
    agents = run.model.network.agents
    order = np.argsort(-np.abs(values[agents]), kind="stable")[:MOST_BARS]
    shown = agents if len(agents) <= MOST_BARS else agents[order]
    names, (above, below) = called([run.scenario]), words.values()
    bars = [
        Bar(
            f"node {names[node]}",
            ((float(values[node]), above if values[node] >= 0 else below),),
            _signed(values[node]),
        )
        for node in shown
    ]
    largest = f", {MOST_BARS} largest" if len(agents) > MOST_BARS else ""
    return bar_chart(bars, what + largest, list(words.items()))


def _signed(value):
    return "±0" if abs(value) < NO_FLOW else signed(value, 3)


def _by_round(run):
    rounds = run.column("round")
    lines = [
        Line("public lines", rounds, run.column("public_loss"), GREY),
        Line("private lines", rounds, run.column("private_loss"), look.PRIVATE),
        Line("both", rounds, run.column("loss"), BLACK),
    ]
    behind = level_of(FAINT, rounds, run.model.outcome.idle_loss, BLACK)
    return line_chart(lines, "loss (p.u.)", zero=True, faint=behind)


def _trades(run):
    """A list of the private flows, the newest first, then the largest."""
    dispatch, network = run.model.dispatch, run.model.network
    if dispatch is None or dispatch.g is None:
        return instead("No trades yet.")
    order, names = _order(run, dispatch), called([run.scenario])
    rows = []
    for k in order[:40]:
        flow = dispatch.g[k]
        tail, head = (network.private.tail[k], network.private.head[k])[:: 1 if flow > 0 else -1]
        lost = plain(float(network.private.r[k] * flow**2), 2)
        ends = escape(f"{names[tail]} → {names[head]}")
        rows.append(f"<tr><td>{ends}</td><td>{plain(abs(float(flow)), 3)}</td><td>{lost}</td></tr>")
    if not rows:
        return instead("No private line is used.")
    head = "<tr><th>from → to</th><th>p.u.</th><th>lost</th></tr>"
    return list_of("trades", head, rows, len(order) - len(rows))


def _order(run, dispatch):
    """Private lines in use, those that traded last first, else the largest flows first."""
    trading = getattr(run.model.owners, "trading", None)
    used = np.flatnonzero(np.abs(dispatch.g) > NO_FLOW)
    if trading is not None:
        return list(trading.trades)[::-1]
    return used[np.argsort(-np.abs(dispatch.g[used]), kind="stable")].tolist()


def table(run):
    """Every node: what it has or needs, puts in, its price, payment and gain."""
    model, network = run.model, run.model.network
    kinds = np.where(network.injection > 0, "surplus", np.where(network.injection < 0, "deficit", "neither")).astype(
        object
    )
    kinds[network.slack] = "main grid"
    columns = {"node": list(called([run.scenario])[: network.nodes]), "kind": kinds, "has or needs": network.injection}
    dispatch, outcome = model.dispatch, model.outcome
    if dispatch is not None and dispatch.p is not None:
        columns["puts in"] = np.where(np.abs(dispatch.p) < NO_FLOW, 0.0, dispatch.p)
        if dispatch.prices is not None:
            columns["price"] = dispatch.prices
        if outcome.payments is not None:
            columns["payment"] = outcome.payments.agents
        if outcome.gains is not None:
            columns["gain"] = outcome.gains
    alone = f"Numbers of {_names(run)[model.period]} alone; the bills add up all that have ended."
    return Table(columns, alone if model.market.periods > 1 else "", what="Nodes")
