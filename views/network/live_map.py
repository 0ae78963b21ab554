"""The map of a network as the page draws it round by round, in SVG: prices, loading, full lines, who is where."""

from html import escape

import numpy as np
from matplotlib.colors import to_hex

from engine.results.network import loading
from market.numerals import percent, plain
from views.geometry import CURVE
from views.kit.charts import ink, legend, map_of, points, said, stroke
from views.network import look
from views.network.price_map import NO_FLOW, flow_text, widths
from views.style import shortened

WIDE, HIGH = 640, 420  # of the map
ROOM = 62, 14  # around the nodes of a small map and of a large one
RADIUS = 15, 6  # of nodes on a small map and on a large one
LONGEST = 24  # letters of a group's name
MOST_INSIDE = 3  # letters of a node's name that its circle holds


def price_map(run):
    """The last clearing of a run; before the first round that without players. Colours span all prices so far."""
    model = run.model
    cleared, grid, who = model.cleared, model.game.grid, look.who_is_where(model.game)
    at, scale, stand = _place(run, grid), _scale(run, cleared.prices), loading(cleared)
    lines = look.strokes(grid, at)
    small, wordy = grid.nodes <= look.NAMED, grid.nodes <= look.WORDY
    parts = [_line(k, lines[k], cleared, stand, wordy, small) for k in np.argsort(stand.full, kind="stable").tolist()]
    parts += [_node(node, at[node], cleared, scale, who.get(node, ()), at) for node in range(grid.nodes)]
    label = "map of nodal prices, money per energy"
    return map_of("".join(parts), WIDE, HIGH, label, "" if small else "many") + legend(_keys(scale, stand, cleared))


def _place(run, grid):
    """Where nodes stand on the picture, shape (nodes, 2); found once for a run."""
    if "place" not in run.memory:
        at = look.positions_of(grid)
        low, high = at.min(axis=0), at.max(axis=0)
        room = ROOM[0] if grid.nodes <= look.WORDY else ROOM[1] + RADIUS[0]
        scale = min((np.array([WIDE, HIGH]) - 2 * room) / np.maximum(high - low, 1e-9))
        run.memory["place"] = (at - (low + high) / 2) * (scale, -scale) + (WIDE / 2, HIGH / 2)
    return run.memory["place"]


def _scale(run, prices):
    """From prices to 0 to 1 over all that the run has seen."""
    known = run.memory.get("seen", prices)
    run.memory["seen"] = np.array([min(np.min(known), np.min(prices)), max(np.max(known), np.max(prices))])
    return look.price_scale(run.memory["seen"])


def _keys(scale, stand, cleared):
    """Three prices with their colours, what the widest line carries, and a full line where there is one."""
    ends = np.linspace(scale.vmin, scale.vmax, 3)
    keys = [(f"{plain(float(price), 3)} money/energy", to_hex(look.PRICES(scale(price)))) for price in ends]
    if np.any(limited := ~np.isnan(stand.share)):
        k = int(np.argmax(np.where(limited, stand.share, -1.0)))
        carried = flow_text(cleared.flows[k], cleared.grid.lines.limit[k])
        share = percent(1.0 if stand.full[k] else float(stand.share[k]))
        told = f"widest line: {carried} energy, {share} of its limit"
        keys.append((told, look.FULL if stand.full[k] else look.LINE, "-"))
    if not np.all(limited):
        keys.append(("thin line: without a limit", look.LINE, "-"))
    return [*keys, ("full line", look.FULL, "-")] if np.any(stand.full) else keys


def _line(k, curve, cleared, stand, wordy, small):
    """A line as wide as it is loaded, an arrow as it flows, its flow in words."""
    flow, limit, full = float(cleared.flows[k]), float(cleared.grid.lines.limit[k]), bool(stand.full[k])
    colour, width = look.FULL if full else look.LINE, float(widths(stand)[k]) * (0.9 if small else 0.5)
    told = f"line {cleared.grid.line_names[k]}: {flow_text(flow, limit)}"
    told += f", full, a unit more is worth {plain(abs(float(cleared.multipliers[k])))}" if full else ""
    path = f'<path d="{points(*curve.T)}" fill="none" stroke="{ink(colour)}" {stroke(width, small)}'
    parts = [f'{path} class="{"line full" if full else "line"}"><title>{escape(told)}</title></path>']
    x, y = curve[CURVE // 2 - 1 : CURVE // 2 + 1].mean(axis=0)
    step = (curve[CURVE // 2] - curve[CURVE // 2 - 1]) * (1 if flow >= 0 else -1)
    if abs(flow) > NO_FLOW * max(float(np.max(np.abs(cleared.flows))), NO_FLOW):
        size = 5 + width
        shape = f"M{size:.1f} 0L{-0.7 * size:.1f} {0.75 * size:.1f}L{-0.3 * size:.1f} 0L{-0.7 * size:.1f} "
        turn = f'transform="translate({x:.1f} {y:.1f}) rotate({np.degrees(np.arctan2(step[1], step[0])):.0f})"'
        parts.append(f'<g {turn}><path d="{shape}{-0.75 * size:.1f}Z" fill="{ink(colour)}" class="arrow"/></g>')
    if wordy or full:
        flat = abs(step[0]) > abs(step[1])
        at = (x, y + 9, 1) if flat else (x + 38, y, 0.3)
        parts.append(said(*at, flow_text(flow, limit)))
    return "".join(parts)


def _node(node, spot, cleared, scale, who, at):
    """A node in its price's colour; its price and who is there, away from the middle of the map."""
    grid, price = cleared.grid, float(cleared.prices[node])
    small, wordy = grid.nodes <= look.NAMED, grid.nodes <= look.WORDY
    (x, y), r, name = spot, RADIUS[0 if small else 1], str(grid.names[node])
    apart = len(name) > MOST_INSIDE
    colour = to_hex(look.PRICES(scale(price)))
    told = f"node {grid.names[node]}: {plain(price)} money/energy" + (f"; {', '.join(who)}" if who else "")
    ring = f'stroke-width="{3.2 if who else 1}"'
    circle = f'<circle class="place" cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="{colour}" {ring}>'
    parts = [f"{circle}<title>{escape(told)}</title></circle>"]
    if small:
        shade = "" if scale(price) > look.DARK else " dark"
        inside = "" if wordy and apart else escape(shortened(name, 6))
        parts.append(f'<text class="number{shade}" x="{x:.1f}" y="{y + 4:.1f}">{inside}</text>')
    else:
        parts.append(f'<text class="name" x="{x:.1f}" y="{y:.1f}" dy="-.8em">{escape(name)}</text>')
    if wordy:
        words = [*([name] if apart else []), plain(price), *(shortened(one, LONGEST) for one in who)]
        up = y < at[:, 1].mean()
        edge, first = (y - r - 6, 1 - len(words)) if up else (y + r + 4, 1)
        parts += [said(x, edge, first + k, line) for k, line in enumerate(words)]
    return "".join(parts)
