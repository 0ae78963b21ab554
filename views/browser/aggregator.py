"""What the browser shows of the aggregator market."""

import numpy as np

from market.measures import gini, jain
from market.outcome import Status
from views.browser.charts import Band, Line, density_chart, line_chart
from views.browser.frames import Frame, Panel, Table, Tile
from views.browser.live import gap_text
from views.plots.convergence import MOST_LINES
from views.style import BLACK, GREEN, LINES, ORANGE, PURPLE, VERMILLION, group_colours, plain, players

TITLE = "Aggregators"
ABOUT = "Aggregators, large and small users answer a price that rises with what all of them buy."
START = "two_aggregators"
MAIN = ("price.c", "group.*.fairness.alpha", "group.*.count", "group.*.users", "group.*.utility.size", "group.*.kind")
MAIN += ("price.rule", "price.p0", "price.k", "order", "damping", "seed")
FOLLOWS = True  # can one agent be looked at?
TRACKS = ("price (money/energy)", "mean surplus of small users (money)", "Jain's index")
MOST_USERS = 1_000_000
RATIO = 50  # of means from which surplus is drawn on a log scale
FAIRNESS = (("Jain's index (1 = even)", GREEN, "-"), ("Gini (0 = even)", PURPLE, "--"))
NONE = "Press Step or ▶ to begin."


def too_large(scenario):
    """Why a scenario is too large for a server that others use too, or ""."""
    users = sum(group.users for group in scenario.groups)
    return f"{users:,} users; the browser takes at most {MOST_USERS:,}" if users > MOST_USERS else ""


def variants(scenario):
    """All aggregators under each fairness objective."""
    found = [("group", k, "fairness", "alpha") for k, group in enumerate(scenario.groups) if group.kind == "aggregator"]
    words = {"all alpha = 0 (welfare)": 0.0, "all alpha = 1 (proportional)": 1.0, "all alpha = inf (max-min)": np.inf}
    return {name: [(path, value) for path in found] for name, value in words.items()} if found else {}


def frame(run, before):
    """The run after its last round."""
    model, outcome = run.model, run.model.outcome
    known = {"round": model.round, "limit": run.scenario.rounds, "status": model.status}
    known |= {"advice": model.status.advice, "gap": gap_text(run.memory.get("gap"))}
    if outcome is None:
        said = NONE if model.status is Status.RUNNING else f"User {model.blame['user']} is priced out."
        return Frame(**known, said=said, tiles=tiles(run, before), panels=panels(run), table=table(run))
    small = _small(model.game)
    said = f"Largest move {plain(model.move, 3)} of {plain(outcome.quantity)} energy."
    said += f" Cycling with period {model.period}." if model.period else ""
    rounds = run.column("round")
    surplus = _mean_small(run, small)
    tracks = dict(
        zip(TRACKS, ((rounds, run.column("price")), (rounds, surplus), (rounds, fairness(run)[0])), strict=True)
    )
    return Frame(**known, said=said, tiles=tiles(run, before), panels=panels(run), table=table(run), tracks=tracks)


def _small(game):
    """Marks the small users, shape (users,)."""
    return np.concatenate([np.full(block.users, block.kind != "large") for block in game.blocks])


def _mean_small(run, small):
    """Mean surplus of the small users by round, money; of all where there are none."""
    blocks = [block for block in run.model.game.blocks if block.kind != "large"] or run.model.game.blocks
    total = sum(block.users * run.column(f"surplus {block.name}") for block in blocks)
    return total / sum(block.users for block in blocks)


def tiles(run, before):
    """Price, total, surplus and how even it is."""
    outcome, small = run.model.outcome, _small(run.model.game)
    values = [None] * 6
    if outcome is not None:
        s = outcome.s[small] if small.any() else outcome.s
        values = [outcome.price, outcome.quantity, outcome.welfare, float(s.mean()), float(jain(s)), float(gini(s))]
    names = (
        ("price", "money/energy"),
        ("total purchases", "energy"),
        ("surplus of all", "money"),
        ("small user, mean", "money"),
        ("Jain's index", "1 = all equal"),
        ("Gini", "0 = all equal"),
    )
    return tuple(
        Tile(name, None if value is None else float(value), unit, before.get(name))
        for (name, unit), value in zip(names, values, strict=True)
    )


def panels(run):
    """Purchases, price, surplus, densities, fairness, and the chosen user's own line."""
    game, played = run.model.game, run.model.round > 0 and run.model.outcome is not None
    rounds = run.column("round") if played else np.zeros(0)
    colours = group_colours([block.name for block in game.blocks])
    found = [
        Panel("purchases", "Purchases by player", _purchases(run, rounds, colours, played)),
        Panel("price", "Price", _price(run, rounds, played)),
        Panel("surplus", "Mean surplus by group", _surplus(run, rounds, colours, played)),
        Panel("consumption density", "Who consumes how much", _density(run, colours, "x", "consumption (energy)")),
        Panel("surplus density", "Who gains how much", _density(run, colours, "s", "surplus (money)")),
        Panel("fairness", "How even small users' surplus is", _fairness(run, rounds, played)),
    ]
    if run.chosen is not None and run.chosen < game.users:
        found.insert(1, Panel("user", f"User {run.chosen}", _user(run, rounds, played)))
    return tuple(found)


def _purchases(run, rounds, colours, played):
    game, lines, bands = run.model.game, [], []
    if played and game.players <= MOST_LINES:
        for name, group, number in players(game):
            y = run.column(f"purchase {name}")
            lines.append(Line(name, rounds, y, colours[group], LINES[number % len(LINES)]))
    elif played:
        bought = _bought(run)
        for block, where in zip(game.blocks, game.player_slices, strict=True):
            mine = bought[:, where]
            name = block.name if block.players == 1 else f"{block.name}: median, middle 90 % of {block.players:,}"
            if block.players > 1:
                bands.append(Band(rounds, *np.percentile(mine, (5, 95), axis=1), colours[block.name]))
            lines.append(Line(name, rounds, np.median(mine, axis=1), colours[block.name]))
    return line_chart(lines, "purchase (energy)", bands=bands, zero=True)


def _bought(run):
    """Purchases by round, shape (rounds, players)."""
    collected = run.model.datacollector.model_vars
    if "purchases" in collected:
        return np.array(collected["purchases"])
    return np.array([collected[f"purchase {name}"] for name, _, _ in players(run.model.game)]).T


def _price(run, rounds, played):
    lines = [Line("price", rounds, run.column("price"), BLACK)] if played else []
    return line_chart(lines, "price (money/energy)")


def _surplus(run, rounds, colours, played):
    means = {block.name: run.column(f"surplus {block.name}") for block in run.model.game.blocks} if played else {}
    lines = [Line(name, rounds, mean, colours[name]) for name, mean in means.items()]
    least = min((mean.min() for mean in means.values()), default=0.0)
    log = least > 0 and max(mean.max() for mean in means.values()) > RATIO * least
    return line_chart(lines, "mean surplus (money)", log=log)


def _density(run, colours, what, label):
    """Density of the users' x or s by group; a group of one user is a line of its own scale and left out."""
    game, outcome = run.model.game, run.model.outcome
    parts = list(zip(game.blocks, game.user_slices, strict=True))
    crowd = [(block, rows) for block, rows in parts if block.users > 1] or parts
    values = (
        {}
        if outcome is None
        else {block.name: (getattr(outcome, what)[rows], colours[block.name]) for block, rows in crowd}
    )
    marks = []
    if outcome is not None and run.chosen is not None and run.chosen < game.users:
        marks = [(float(getattr(outcome, what)[run.chosen]), f"user {run.chosen}")]
    return density_chart(values, label, marks)


def _fairness(run, rounds, played):
    lines = [
        Line(name, rounds, y, colour, style) for (name, colour, style), y in zip(FAIRNESS, fairness(run), strict=True)
    ]
    return line_chart(lines if played else [], "0 to 1", zero=True)


def fairness(run):
    """Jain's index and the Gini coefficient of the small users' surplus by round, NaN where it was not kept."""
    known, small = run.memory.setdefault("fairness", []), _small(run.model.game)
    small = small if small.any() else ~small
    missing = run.model.round - len(known)
    kept = run.model.trajectory.surpluses[-missing:][:, small] if missing else ()
    known += [(np.nan, np.nan)] * (missing - len(kept))
    known += [(float(jain(s)), float(gini(s))) for s in kept]
    return np.array(known).reshape(-1, 2).T


def _user(run, rounds, played):
    if not played:
        return line_chart([], "energy, money")
    x, s = (getattr(run.model.trajectory, name)[:, run.chosen] for name in ("quantities", "surpluses"))
    rounds = rounds[-len(x) :]
    lines = [Line("consumption (energy)", rounds, x, ORANGE), Line("surplus (money)", rounds, s, VERMILLION, "--")]
    return line_chart(lines, f"user {run.chosen}", zero=True)


def table(run):
    """Every user: group, player, quantity, surplus, and what energy is worth to it."""
    game, outcome = run.model.game, run.model.outcome
    first = np.concatenate([[0], np.cumsum([block.players for block in game.blocks])])[:-1]
    fixed = run.memory.get("users")
    if fixed is None:
        names = [block.name for block in game.blocks]
        fixed = run.memory["users"] = {
            "user": np.arange(game.users),
            "group": np.repeat(names, [block.users for block in game.blocks]),
            "player": np.concatenate(
                [start + np.repeat(np.arange(b.players), b.sizes) for start, b in zip(first, game.blocks, strict=True)]
            ),
            "reservation price": np.concatenate(
                [np.broadcast_to(block.utility.reservation, block.users) for block in game.blocks]
            ),
        }
    moving = {} if outcome is None else {"consumption": outcome.x, "surplus": outcome.s}
    return Table({**fixed, **moving}, "Choose a user to follow its own line.")
