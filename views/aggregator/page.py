"""What the browser shows of the aggregator market."""

import numpy as np

from engine.results import measured
from engine.results.aggregator import MEASURES, Standing, by_round, mean_by_round
from engine.results.states import ByState
from market.outcome import Status
from views.aggregator import circles, economics, learning, opening
from views.aggregator.faint import Faint
from views.aggregator.tariffs import CONTROLS, with_revenue
from views.aggregator.users import users_of
from views.kit.charts import Line, density_chart, far_apart, line_chart
from views.kit.frames import Frame, Panel, Table, tiles_of
from views.style import BLACK, BLUE, GAINS, GREEN, PURPLE, group_colours

TITLE = "Aggregators"
ABOUT = "Aggregators, large and small users answer a price that rises with what all of them buy."
START = "two_aggregators"
MAIN = ("price.c", "group.*.fairness.alpha", "group.*.count", "group.*.users", "group.*.utility.size", "group.*.kind")
MAIN += ("group.*.conduct.rule",)
MAIN += (*CONTROLS, "price.rule", "price.p0", "price.k", "order", "damping", "seed")
MAIN = ("joining.foresight", "joining.order", "joining.inertia", "joining.direct", *MAIN)
FOLLOWS = True  # can one agent be looked at?
TRACKS = ("price (money/energy)", "mean surplus of small users (money)", "Jain's index")
MOST_USERS = 1_000_000
MOST_SEARCHED = 10_000  # users up to which all equilibria are looked for
FAIRNESS = (("Jain's index (1 = even)", GREEN, "-"), ("Gini (0 = even)", PURPLE, "--"))
SHOWN = ("price", "quantity", "welfare", "mean small surplus", "jain", "gini", "efficiency", "price of anarchy")
OF_STATES = ("expected price", "surplus in the worst states")  # of a price with states
NONE = "Press Step or ▶ to begin."


def too_large(scenario):
    """Why a scenario is too large for a server that others use too, or ""."""
    users = sum(group.users for group in scenario.groups)
    return f"{users:,} users; the browser takes at most {MOST_USERS:,}" if users > MOST_USERS else ""


def variants(scenario):
    """All aggregators under each fairness objective that changes any."""
    found = {
        ("group", k, "fairness", "alpha"): group.alpha
        for k, group in enumerate(scenario.groups)
        if group.kind == "aggregator" and not group.named
    }
    words = {"all alpha = 0 (welfare)": 0.0, "all alpha = 1 (proportional)": 1.0, "all alpha = inf (max-min)": np.inf}
    return {
        name: [(path, value) for path in found]
        for name, value in words.items()
        if any(alpha != value for alpha in found.values())
    }


def frame(run, before):
    """The run after its last round."""
    model, users = run.model, users_of(run)
    known = {"round": model.round, "limit": run.scenario.rounds, "status": model.status}
    known |= {"advice": model.advice, "gap": learning.last_gap(run)}
    known |= {"tiles": tiles(run, before), "panels": panels(run), "table": table(run)}
    if model.outcome is None:
        return Frame(
            **known, said=NONE if model.status is Status.RUNNING else f"User {model.blame['user']} is priced out."
        )
    columns = (run.column("price"), _mean_small(run), fairness(run)[0])
    tracks = dict(zip(TRACKS, ((run.column("round"), column) for column in columns), strict=True))
    said = users.said + learning.said(run) + economics.said(run)
    finds = model.game.users <= MOST_SEARCHED and not users.joins
    return Frame(**known, said=said, tracks=tracks, faint=Faint(run).called, finds=finds)


def _mean_small(run):
    """Mean surplus of the small users by round, money; of all where there are none."""
    counts = users_of(run).counts()
    return mean_by_round({name: run.column(f"surplus {name}") for name in counts}, counts)


def tiles(run, before):
    """Price, total, surplus and how even it is."""
    users = users_of(run)
    known, outcome = run.scenario.states, run.model.outcome
    by_state = None if known is None else ByState(known, run.model.game, outcome, informed=False)
    shown = SHOWN if known is None else (*SHOWN, *OF_STATES)
    whose = "small" if users.small.any() else "all"
    names = (
        ("price", "money/energy"),
        ("total purchases", "energy"),
        ("surplus of all", "money"),
        ("small user, mean" if users.small.any() else "user, mean", "money"),
        ("Jain's index", f"{whose}: 1 = even"),
        ("Gini", f"{whose}: 0 = even"),
        ("efficiency", "1 = best there is"),
        ("price of anarchy", "1 = one planner"),
    )
    names += () if known is None else tuple((name, MEASURES[name].unit) for name in OF_STATES)
    shown, names = with_revenue(run.scenario, shown, names)
    values = measured("aggregator", Standing(run.model.game, outcome, by_state), shown).values()
    return tiles_of(names, values, before)


def panels(run):
    """Purchases, what learners reached, price, surplus, who has how much, fairness, and the chosen user's own line."""
    users, played = users_of(run), run.model.round > 0 and run.model.outcome is not None
    if not played:
        return opening.panels(run.model.game.blocks)
    rounds, colours = run.column("round"), group_colours(users.names)
    found = [
        Panel("purchases", "Purchases by player", _purchases(users, rounds, colours)),
        *learning.panels(run, _player_of(run, users)),
        Panel("price", "Price", _price(run, rounds)),
        Panel("surplus", "Mean surplus by group", _surplus(run, rounds, colours)),
        _members(users, rounds, colours)
        if users.joins
        else Panel("consumption density", "Who consumes how much", _density(run, colours, "x", "consumption (energy)")),
        Panel("surplus density", "Who gains how much", _density(run, colours, "s", "surplus (money)")),
        Panel("fairness", f"How even {_whose(users)} surplus is", _fairness(run, rounds)),
    ]
    if run.chosen is not None and run.chosen < len(users.small):
        found.insert(1, Panel("user", f"User {run.chosen}", _user(run, rounds)))
    return (*found, *([circles.panel(run, colours)] if users.joins else []), *economics.panels(run))


def _player_of(run, users):
    """Place among all players of whoever buys for the chosen user; None where nobody is chosen, or users move."""
    chosen = run.chosen is not None and run.chosen < run.model.game.users
    return int(users.fixed["player"][run.chosen]) if chosen and learning.learns(run) else None


def _purchases(users, rounds, colours):
    lines, bands = users.purchases(rounds, colours)
    return line_chart(lines, "purchase (energy)", bands=bands, zero=True)


def _whose(users):
    return "small users'" if users.small.any() else "all users'"


def _members(users, rounds, colours):
    chart = line_chart(users.members(rounds, colours), "members (users)", zero=True)
    return Panel("members", "Who is with whom: members by round", chart)


def _price(run, rounds):
    lines = [Line("price", rounds, run.column("price"), BLACK)]
    behind = Faint(run).level(rounds, lambda summary: summary["price"], BLACK)
    return line_chart(lines, "price (money/energy)", faint=behind)


def _surplus(run, rounds, colours):
    means = {name: run.column(f"surplus {name}") for name in users_of(run).names}
    lines = [Line(name, rounds, mean, colours[name]) for name, mean in means.items()]
    behind = Faint(run).levels(rounds, lambda group: group["surplus"]["mean"], colours)
    return line_chart(lines, "mean surplus (money)", log=far_apart(lines), faint=behind)


def _density(run, colours, what, label):
    """Density of the users' x or s by group; a group of one user is a line of its own scale and left out."""
    game, outcome = run.model.game, run.model.outcome
    parts = list(zip(game.blocks, game.user_slices, strict=True))
    crowd = [(block, rows) for block, rows in parts if block.users > 1] or parts
    values = {block.name: (getattr(outcome, what)[rows], colours[block.name]) for block, rows in crowd}
    marks = []
    if run.chosen is not None and run.chosen < game.users:
        marks = [(float(users_of(run).by_user(getattr(outcome, what))[run.chosen]), f"user {run.chosen}")]
    return density_chart(values, label, marks, Faint(run).users(what, colours))


def _fairness(run, rounds):
    lines = [
        Line(name, rounds, y, colour, style) for (name, colour, style), y in zip(FAIRNESS, fairness(run), strict=True)
    ]
    of = (("jain", GREEN), ("gini", PURPLE))
    behind = [line for name, colour in of for line in Faint(run).level(rounds, _of_small(name), colour)]
    return line_chart(lines, "0 to 1", zero=True, faint=behind)


def _of_small(name):
    return lambda summary: summary["small"][name]


def fairness(run):
    """Jain's index and the Gini coefficient of the small users' surplus by round, NaN where it was not kept."""
    known, small = run.memory.setdefault("fairness", []), users_of(run).small
    missing = run.model.round - len(known)
    if missing:
        kept = run.model.trajectory.surpluses[-missing:]
        known += [(np.nan, np.nan)] * (missing - len(kept))
        known += by_round(("jain", "gini"), kept, small if small.any() else ~small).tolist()
    return np.array(known, dtype=float).reshape(-1, 2).T


def _user(run, rounds):
    x, s = (getattr(run.model.trajectory, name)[:, run.chosen] for name in ("quantities", "surpluses"))
    rounds = rounds[-len(x) :]
    lines = [Line("consumption (energy)", rounds, x, BLUE), Line("surplus (money)", rounds, s, GAINS, "--")]
    return line_chart(lines, f"user {run.chosen}", zero=True)


def table(run):
    """Every user: with whom it buys, quantity, surplus, and what energy is worth to it."""
    users, outcome = users_of(run), run.model.outcome
    moving = {}
    if outcome is not None:
        moving = {"consumption": users.by_user(outcome.x), "surplus": users.by_user(outcome.s)}
        moving |= {} if outcome.transfers is None else {"of it paid by others": users.by_user(outcome.transfers)}
    what = "its own line, and what its player has in mind" if learning.learns(run) else "its own line"
    return Table({**users.columns(), **moving}, f"Choose a user to follow {what}.")
