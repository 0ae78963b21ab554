"""The map of a microgrid as the page draws it round by round, in SVG."""

from html import escape

import numpy as np
from matplotlib.colors import to_hex

from engine.results.microgrid import called, zones
from market.numerals import plain, signed
from views.kit.charts import DOTS, ink, legend, map_of, points, said, stroke
from views.microgrid import live_rings, live_zones, look
from views.microgrid.network_map import IDLE_FLOW, LABELLED, MOST_SHOWN, positions_of, strokes

WIDE, HIGH = 640, 420  # of the map
SOFTER = 0.4  # power of a loss' share on a large map, so that small ones are seen
FAINT = 0.35  # opacity of a large map's line that carries next to nothing; from a quarter of the largest flow it is 1
NO_FLOW = 1e-9  # p.u. or money that counts as nothing
STILL = "1.5 3"  # dashes of a line that carries nothing


def network_map(run):
    """Lines as wide as their flow and coloured by their loss, nodes by surplus and deficit, as SVG."""
    model = run.model
    network, dispatch = model.network, model.dispatch
    place, size = _place(run, network)
    kinds = _strokes(network, dispatch, place)
    flow = max((np.max(np.abs(lines.flow), initial=0.0) for lines in kinds), default=0.0) or 1.0
    loss = max((np.max(lines.loss, initial=0.0) for lines in kinds), default=0.0) or 1.0
    small = network.nodes <= LABELLED
    new = _new_trades(run, dispatch)
    names = called([run.scenario])
    drawn = [
        _lines(kind, lines, getattr(network, kind), flow, loss, small, new if kind == "private" else (), names)
        for kind, lines in zip(("public", "private"), kinds, strict=True)
    ]
    rings = live_rings.of(run.memory.get("summary", {}), names)
    nodes = live_rings.drawn(rings, place, size)
    nodes += _nodes(network, dispatch, place, size, small, names, live_rings.room(rings))
    tints, titles = live_zones.drawn(() if small else _zones(run), place, network.public, network.slack)
    web, nodes = tints + ("" if small else _web(network.public, place)), nodes + titles
    parts = _side_by_side(web, drawn, nodes) if _halves(network) else [web, *drawn, nodes]
    keys = [("public line", look.PUBLIC, "-"), ("private line", look.PRIVATE, "--" if small else "-")]
    if small and any(np.any(np.abs(lines.flow) <= IDLE_FLOW * flow) for lines in kinds):
        keys.append(("idle", look.PUBLIC, STILL))
    keys += [("surplus", look.SURPLUS_NODE, DOTS), ("deficit", look.DEFICIT_NODE, DOTS)]
    if any(len(lines.loss) for lines in kinds) and dispatch is not None:
        keys += _scales(flow, loss, small)
    keys += [(ring.told, ring.colour, ring.dash) for ring in rings]
    kind = "halves" if _halves(network) else "" if small else "many"
    return map_of("".join(parts), WIDE, HIGH, "map of the network", kind) + legend(keys)


def _side_by_side(web, drawn, nodes):
    """The map of the public lines, and beside it that of the private ones."""
    public, private = drawn
    shifted = f'<g transform="translate({WIDE / 2} 0)">{web}{private}{nodes}</g>'
    return [web, public, nodes, shifted, _head(0.0, "public"), _head(WIDE / 2, "private")]


def _scales(flow, loss, small):
    """What colours and widths of lines mean, for the legend."""
    tint = 1.0 if small else SOFTER
    keys = [
        (f"lost on a line: {plain(share * loss, 2)} p.u.", to_hex(look.LOSS(share**tint))) for share in (0.1, 0.5, 1.0)
    ]
    return [*keys, (f"widest: {plain(flow, 3)} p.u.", look.PUBLIC, "-")]


def _zones(run):
    if "zones" not in run.memory:
        run.memory["zones"] = zones(run.scenario)
    return run.memory["zones"]


def _halves(network):
    """Has each kind of lines a map of its own? So it is where there are very many."""
    return network.nodes > LABELLED and len(network.private) > 0


def _head(x, kind):
    return f'<text class="head" x="{x + 8}" y="14">{kind} lines</text>'


def _place(run, network):
    """Where nodes stand on the picture, shape (n, 2), and their radii, shape (n,); found once for a run."""
    if "place" not in run.memory:
        at = positions_of(network)
        low, high = at.min(axis=0), at.max(axis=0)
        room = 46 if network.nodes <= LABELLED else 14
        wide = WIDE / 2 if _halves(network) else WIDE
        scale = min((np.array([wide, HIGH]) - 2 * room) / np.maximum(high - low, 1e-9))
        middle = (low + high) / 2
        run.memory["place"] = (at - middle) * (scale, -scale) + (wide / 2, HIGH / 2)
    e = np.abs(network.injection)
    share = e / (np.max(e) or 1.0)
    return run.memory["place"], (12 + 5 * share if network.nodes <= LABELLED else 1.2 + 4 * np.sqrt(share))


def _strokes(network, dispatch, at):
    if dispatch is None or dispatch.f is None:
        dispatch = _NOTHING
    return list(strokes(network, dispatch, at))


class _Nothing:
    """A dispatch before the first."""

    f = g = None


_NOTHING = _Nothing()


def _new_trades(run, dispatch):
    """Private lines whose flow the last round changed."""
    if dispatch is None or dispatch.g is None:
        return ()
    was = run.memory.get("flows", {}).get(run.model.round - 1)
    run.memory.setdefault("flows", {})[run.model.round] = dispatch.g
    run.memory["flows"] = {k: v for k, v in run.memory["flows"].items() if k >= run.model.round - 1}
    was = np.zeros(len(dispatch.g)) if was is None else was
    return set(np.flatnonzero(np.abs(dispatch.g - was) > NO_FLOW).tolist())


def _web(lines, at):
    """All public lines of a large map in one thin stroke, so that one sees who is joined to whom."""
    ends = zip(at[lines.tail].tolist(), at[lines.head].tolist(), strict=True)
    path = "".join(f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for (a, b), (c, d) in ends)
    return f'<path class="web" d="{path}"/>'


def _lines(kind, lines, ends, flow, loss, small, new, names):
    """One kind of lines: a pale base, on it the flow with an arrow; only the largest of very many."""
    base = look.PUBLIC if kind == "public" else look.PRIVATE
    size = np.abs(lines.flow)
    order = np.argsort(size, kind="stable")
    busy = [k for k in order.tolist() if size[k] > IDLE_FLOW * flow][-MOST_SHOWN:]
    idle = [k for k in order.tolist() if size[k] <= IDLE_FLOW * flow][:MOST_SHOWN] if small else []
    drawn = np.linspace(0, lines.curves.shape[1] - 1, 12 if small else 4).round().astype(int)
    parts = [
        f'<path d="{points(*lines.curves[k][drawn].T)}" class="idle" stroke="{ink(base)}">'
        f"<title>{_end(kind, ends, k, names)}, idle</title></path>"
        for k in idle
    ]
    for k in busy:
        width = (2 + 7 * size[k] / flow) if small else (0.4 + 5 * size[k] / flow)
        path = points(*lines.curves[k][drawn].T)
        colour = to_hex(look.LOSS(float((lines.loss[k] / loss) ** (1.0 if small else SOFTER))))
        fresh = ' class="fresh"' if k in new and len(new) < len(size) else ""
        dash = ' stroke-dasharray="7 4"' if kind == "private" and small else ""
        told = f"{_end(kind, ends, k, names)}: {plain(size[k], 3)} p.u., {plain(lines.loss[k], 2)} lost"
        faint = "" if small else f' opacity="{FAINT + (1 - FAINT) * min(1.0, 4 * size[k] / flow):.2f}"'
        parts.append(f'<g fill="none"{fresh}{faint}><title>{told}</title>')
        parts.append(f'<path d="{path}" stroke="{ink(base)}" {stroke(width + (3.5 if small else 1), small)}/>')
        parts.append(f'<path d="{path}" stroke="{colour}" {stroke(width, small)}{dash}/></g>')
        if small:
            parts.append(_arrow(lines, k, width, colour))
            if kind == "private":
                parts.append(_amount(lines, k))
    return "".join(parts)


def _end(kind, ends, k, names):
    return f"{kind} line {escape(str(names[ends.tail[k]]))}–{escape(str(names[ends.head[k]]))}"


def _arrow(lines, k, width, colour):
    x, y = lines.middle[k]
    angle, size = np.degrees(lines.heading[k]), 5 + width
    shape = (
        f"M{size:.1f} 0L{-0.7 * size:.1f} {0.75 * size:.1f}L{-0.3 * size:.1f} 0L{-0.7 * size:.1f} {-0.75 * size:.1f}Z"
    )
    return (
        f'<path d="{shape}" transform="translate({x:.1f} {y:.1f}) rotate({angle:.0f})" fill="{colour}" class="arrow"/>'
    )


def _amount(lines, k):
    """How much flows, beside the arrow on the curve's outer side."""
    curve, (x, y) = lines.curves[k], lines.middle[k]
    out = lines.middle[k] - (curve[0] + curve[-1]) / 2
    out = out / (np.hypot(*out) or 1.0)
    amount = plain(abs(lines.flow[k]), 3)
    where = f'x="{x + 20 * out[0]:.1f}" y="{y + 20 * out[1] + 4:.1f}"'
    return f'<text class="amount" style="fill:{ink(look.PRIVATE)}" {where}>{amount}</text>'


def _lines_below(network, place):
    """Do more of a node's lines leave it downwards than upwards, so that words stand better above it? Shape (n,)."""
    down = np.zeros(network.nodes)
    for lines in (network.public, network.private):
        along = place[lines.head] - place[lines.tail]
        steep = along[:, 1] / np.maximum(np.hypot(*along.T), 1e-9)
        np.add.at(down, lines.tail, steep)
        np.add.at(down, lines.head, -steep)
    return down > 0


def _nodes(network, dispatch, place, size, small, names, room):
    e, up = network.injection, _lines_below(network, place)
    colours = np.where(e > 0, look.SURPLUS_NODE, np.where(e < 0, look.DEFICIT_NODE, look.IDLE_NODE))
    lost = set() if dispatch is None else set(dispatch.unserved)
    parts = []
    for node, ((x, y), r, colour) in enumerate(zip(place.tolist(), size.tolist(), colours.tolist(), strict=True)):
        if node == network.slack:
            r = 13 if small else 6
            supply = None if dispatch is None else dispatch.grid_supply
            told = "main grid" if supply is None else f"main grid supplies {plain(supply, 3)} p.u."
            shape = f'<rect class="slack" x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r}" height="{2 * r}">'
            parts.append(f"{shape}<title>{told}</title></rect>")
        else:
            ring = ' class="node lost"' if node in lost else ' class="node"'
            told = f"node {escape(str(names[node]))}: {plain(e[node], 3)} p.u."
            circle = f'<circle{ring} cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{ink(colour)}">'
            parts.append(f"{circle}<title>{told}</title></circle>")
        if not small:
            parts.append(f'<text class="name" x="{x:.1f}" y="{y:.1f}" dy="-.6em">{escape(str(names[node]))}</text>')
        else:
            dark = "dark" if node != network.slack and colour == look.IDLE_NODE else "light"
            parts.append(f'<text class="number {dark}" x="{x:.1f}" y="{y + 4:.1f}">{node}</text>')
            words = "main grid" if node == network.slack else signed(float(e[node]), 3)
            if node == network.slack or e[node]:
                away = r + 1.3 * room + 1
                parts.append(said(x, y - away - 2, 0, words) if up[node] else said(x, y + away, 0.9, words))
    return "".join(parts)
