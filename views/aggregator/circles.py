"""Users who choose their aggregator, in a circle each: who would gain by moving alone, and to whom."""

from html import escape

import numpy as np

from engine.results import economics
from market.numerals import plain
from views.aggregator.economics import TAB
from views.aggregator.users import users_of
from views.kit.charts import FADED, HEIGHT, WIDTH, beside, ink, svg
from views.kit.frames import Panel
from views.kit.live import ENDED
from views.sentences import listed

MOST_DOTS, MOST_RINGED = 400, 150  # users that are drawn, of those who stay and of those who would gain
ROOM, FOOT = 8, 34  # around a circle, and below it for its name
GOLDEN = np.pi * (3 - np.sqrt(5))  # from dot to dot: so they lie as a sunflower's seeds
BY_TERMS = "taking price and terms as they are"
SOLVED = "the market solved after each move"


def panel(run, colours):
    """A circle an offer, its members as dots; who would gain by moving alone stands out in the colour of where to."""
    ended = run.memory.get(ENDED)
    moves = None if ended is None else ended.joined.left
    known = economics.leaving(run.model.state, run.model.moving.least_gain, moves)
    html = _drawing(run, known, colours) + _told(run, known)
    return Panel("circles", "Who would gain by moving alone", html, tab=TAB)


def _drawing(run, known, colours):
    membership, names = run.model.state.membership, users_of(run).offers
    counts = np.bincount(membership, minlength=len(names))
    wide = WIDTH / len(names)
    radius = (min(wide, HEIGHT - FOOT) / 2 - ROOM) * np.sqrt(counts / max(counts.max(), 1))
    to = np.full(len(membership), -1)
    to[known.users] = known.to
    shown, parts = _shown(known.users, len(membership)), []
    for k, name in enumerate(names):
        at = (k + 0.5) * wide, (HEIGHT - FOOT) / 2
        parts.append(_circle(at, float(radius[k]), colours[name], f"{name}: {counts[k]:,}"))
        mine = shown[membership[shown] == k]
        mine = mine[np.argsort(to[mine] < 0, kind="stable")]  # who would go in the middle
        parts += _dots(mine, to[mine], at, float(radius[k]), [colours[n] for n in names], colours[name])
    return svg("".join(parts), label="users by aggregator, and who would gain by moving")


def _shown(gaining, users):
    """Numbers of the users that are drawn: an even choice of all who stay, and of those who would gain."""
    staying = np.setdiff1d(np.arange(users), gaining, assume_unique=True)
    parts = zip((staying, gaining), (MOST_DOTS, MOST_RINGED), strict=True)
    return np.concatenate([some[:: -(-len(some) // most) or 1] for some, most in parts])


def _circle(at, radius, colour, name):
    x, y = at
    place = f'cx="{x:.1f}" cy="{y:.1f}" r="{radius + 5:.1f}"'
    ring = f'<circle {place} fill="none" stroke="{ink(colour)}" stroke-width="2"/>'
    return f'{ring}<text class="said" x="{x:.1f}" y="{HEIGHT - FOOT + 18}">{escape(name)}</text>'


def _dots(users, to, at, radius, colours, own):
    """A dot a user as SVG, the first in the middle; those who stay, to = -1, as one path."""
    count = max(len(users), 1)
    far, turn = radius * np.sqrt((np.arange(len(users)) + 0.5) / count), GOLDEN * np.arange(len(users))
    xs, ys = at[0] + far * np.cos(turn), at[1] + far * np.sin(turn)
    size, stay = min(4.0, max(1.2, 0.8 * radius / np.sqrt(count))), to < 0
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in zip(xs[stay].tolist(), ys[stay].tolist(), strict=True))
    look = f'fill="none" stroke="{ink(own)}" stroke-width="{2 * size:.1f}" stroke-linecap="round" opacity="{FADED}"'
    ringed = [
        f'<circle class="goes" fill="{ink(colours[where])}" cx="{x:.1f}" cy="{y:.1f}" r="{size + 1:.1f}">'
        f"<title>user {user}</title></circle>"
        for user, where, x, y in zip(*(some[~stay].tolist() for some in (users, to, xs, ys)), strict=True)
    ]
    return [f'<path class="stay" d="{path}" {look}/>', *ringed]


def _told(run, known):
    """How many would go from where to where, and who gains most."""
    names, membership = users_of(run).offers, run.model.state.membership
    how = SOLVED if known.solved else BY_TERMS
    if not len(known.users):
        return beside(f"Nobody would gain by moving alone, {how}.")
    ways, counts = np.unique(np.stack([membership[known.users], known.to]), axis=1, return_counts=True)
    moves = [f"{n:,} from {names[a]} to {names[b]}" for a, b, n in zip(*ways.tolist(), counts.tolist(), strict=True)]
    most = int(np.argmax(known.gain))
    best = f"user {known.users[most]} gains most, {plain(float(known.gain[most]), 3)} money"
    who = f"{len(known.users):,} of {len(membership):,} users would gain by moving alone"
    return beside(f"{who} (ringed, in the colour of where to), {how}: {listed(moves)}; {best}.")
