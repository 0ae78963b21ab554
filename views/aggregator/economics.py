"""The pictures economists expect of the aggregator market: supply and demand, replies, who has what, how even."""

import numpy as np

from engine.results import economics
from engine.results.aggregator import small_or_all
from engine.results.others import ALONE, BEFORE, MOST_SOLVED
from market.numerals import plain
from views.aggregator.faint import Faint
from views.aggregator.users import users_of
from views.kit.charts import DOTS, REFERENCE, Line, instead, line_chart
from views.kit.frames import Panel
from views.kit.live import ANSWERING
from views.plots.replies import broken
from views.sentences import counted
from views.splits import TAB, split_chart
from views.style import BLACK, BLUE, GREEN, GREY, OCHRE, PURPLE, VERMILLION, finite, group_colours, shortened

FACED = {"price": ("What {} faces beside the others", "price (money/energy)", "at")}
FACED |= {"payoff": ("What it is worth to {}", "payoff", "brings")}
FEW = 40  # users whose dots are large
NARROW = 12  # letters of a name along the vertical axis
QUANTITY, PRICE = "total purchases (energy)", "price (money/energy)"


def panels(run):
    """What is drawn of a run after a round: curves where users are few enough, answers once it has ended."""
    made = [_supply_and_demand(run), _split(run), *of_users(run, users_of(run).joins)]
    if ANSWERING in run.memory:
        made += _answers(run)
    return as_panels([*made, _left_out(run)])


def _left_out(run):
    """What is not drawn among so many users, and why; None where all is."""
    users, players = run.model.game.users, run.model.game.players
    limits = [(MOST_SOLVED, "other markets of the same users, who gains and loses against them")]
    limits += [(economics.MOST_ANSWERING, "what one player faces")]
    limits += [(economics.MOST_REPLYING, "best replies of two players")] if players == 2 else []
    found = [f"{what}: up to {most:,}" for most, what in limits if users > most]
    if not found:
        return None
    said = f"Among {users:,} users some takes too long for a page that others look at too: {'; '.join(found)} users."
    return "left out", "Not drawn here", instead(said)


def as_panels(made):
    """Panels of their own tab of (name, title, drawing) as far as there are."""
    return tuple(Panel(name, title, html, tab=TAB) for name, title, html in filter(None, made))


def of_users(run, joins):
    """The Lorenz curve; and, unless users choose with whom they are, each user here and there."""
    return [_lorenz(run), None if joins else _moved(run)]


def _supply_and_demand(run):
    """Price-taking demand, supply, the rounds' way, the wedge between the price and what the last unit is worth."""
    known = economics.supply_and_demand(run.model.game)
    now = economics.wedge(run.model.game, run.model.outcome.quantity)
    near = known.wanted <= known.totals[-1]
    lines = [
        Line("demand of price takers", known.wanted[near], known.prices[near], BLUE),
        Line("supply", known.totals, known.asked, OCHRE),
        Line("by round", run.column("quantity"), run.column("price"), GREY, width=1.0),
        Line("wedge", [now.total] * 2, [now.price, now.worth], VERMILLION, width=4),
    ]
    marks = [(now.total, now.price, BLACK, f"now: {plain(now.total)} at {plain(now.price)}")]
    marks.append((known.total, known.price, GREEN, f"price takers: {plain(known.total)} at {plain(known.price)}"))
    marks += [(one.quantity, one.price, PURPLE, "an equilibrium") for one in equilibria(run)]
    return "supply and demand", "Supply and demand", line_chart(lines, PRICE, QUANTITY, marks=marks, zero=True)


def _split(run):
    """Who has the welfare there could be, in the run, under a planner and in the markets it is held against."""
    beside = [one for one in run.beside or () if one.result.cleared]
    others = {short(one.name): economics.welfare(one.result.game, one.result.outcome) for one in beside}
    return who_has(economics.welfare(run.model.game, run.model.outcome, run.scenario.states), others)


def who_has(welfare, others=()):
    """(Name, title, drawing) of a Welfare, and of others' {name: Welfare} that it is held against."""
    return "split", "Who has the welfare there could be", split_chart(welfare, others)


def short(name):
    """What a bar calls a market that a run is held against."""
    return {BEFORE: "no large users", ALONE: "each alone"}[name]


def _lorenz(run):
    """The small users' Lorenz curve, beside equal shares and the market held against."""
    small = run.model.outcome.s[small_or_all(run.model.game)]
    now, faint = economics.evenness(small), Faint(run)
    if now is None:
        return None
    lines = [
        Line("all the same", [0, 1], [0, 1], GREY, *REFERENCE),
        Line(f"{_who(run)}, Gini {plain(now.gini, 3)}", now.users, now.surplus, BLUE),
    ]
    then = economics.evenness(faint.small) if faint.one else None
    behind = [] if then is None else [Line(faint.called, then.users, then.surplus, BLUE)]
    return (
        "lorenz",
        "How even surplus is (Lorenz)",
        line_chart(lines, "share of surplus", "share of users", faint=behind),
    )


def _who(run):
    """Whose surplus is drawn: small users', where there are any."""
    return (
        "small users" if any(block.kind != "large" and block.users for block in run.model.game.blocks) else "all users"
    )


def _moved(run):
    """Each small user's surplus here against that in the market held against."""
    faint, small = Faint(run), run.model.outcome.s[small_or_all(run.model.game)]
    if faint.one is None or not len(small):
        return None
    known = economics.moved(faint.small, small)
    lines = [
        Line("unchanged", [0.0, float(known.before.max())], [0.0, 0.0], GREY, *REFERENCE),
        Line(
            f"{len(small):,} {_who(run).removeprefix('all ')}",
            known.before,
            known.now - known.before,
            BLUE,
            DOTS,
            4 if len(small) > FEW else 8,
        ),
    ]
    title = f"Who gains and loses: {known.gain:,} gain, {known.lose:,} lose"
    return "moved", title, line_chart(lines, "change (money)", "surplus there (money)")


def _answers(run):
    """What one player faces, two players' replies with the rounds' way; worked out once the run has ended."""
    game, outcome = run.model.game, run.model.outcome
    known = run.chosen is not None and run.chosen < game.users and not users_of(run).joins
    chosen = users_of(run).player_of(run.chosen) if known else None
    if ("answers", chosen) not in run.memory:
        run.memory["answers", chosen] = economics.answers(game, outcome.y, chosen)
    known = run.memory["answers", chosen]
    if known is None:
        return []
    faced = known.facing
    found = [along(game, faced, name, {"": getattr(faced, name)}) for name in FACED]
    return found if known.replies is None else [replies_of(run, known.replies), *found]


def along(game, faced, name, curves, amount="purchase", bends=()):
    """(Name, title, drawing) along one player's amount: its present one and its best one on the first of some curves.

    name: in FACED; curves: {what a line is called: values at faced.amounts}; bends: amounts at which the first bends.
    """
    (words, label, brings), who = FACED[name], game.player_name(faced.player)
    looks = ((group_colours([who])[who], "-"), (BLACK, "--"))
    lines = [
        Line(called, faced.amounts, finite(values), *look)
        for (called, values), look in zip(curves.items(), looks, strict=False)
    ]
    marks = [(at, float(np.interp(at, faced.amounts, lines[0].y)), GREY, "a line fills or empties") for at in bends]
    alike = plain(faced.now) == plain(faced.best)
    shown = [(faced.now, BLACK, "now")] * (not alike)
    for at, colour, word in (*shown, (faced.best, VERMILLION, "now and best reply" if alike else "best reply")):
        value = float(np.interp(at, faced.amounts, lines[0].y))
        marks.append((at, value, colour, f"{word}: {plain(at)} {brings} {plain(value)}"))
    chart = line_chart(lines, label, f"{amount} of {who} (energy)", marks=marks)
    return f"faced {name}", words.format(who), chart


def replies_of(run, replies, choose="purchase"):
    """(Name, title, drawing) of two players' best replies, the rounds' way, and the equilibria that were looked for.

    choose: what they choose an amount of.
    """
    amounts, first, second = replies
    colours = group_colours([run.model.game.player_name(j) for j in (0, 1)])
    one, other = colours
    path = [run.column(f"purchase {name}") for name in (one, other)]
    lines = [
        Line(f"best reply of {one}", broken(first), amounts, colours[one]),
        Line(f"best reply of {other}", amounts, broken(second), colours[other], "--"),
        Line("by round", *path, GREY, width=1.0),
    ]
    marks = [(path[0][-1], path[1][-1], BLACK, "now")]
    marks += [(*(float(y) for y in one.y), PURPLE, "an equilibrium") for one in equilibria(run)]
    return (
        "replies",
        "Best replies",
        line_chart(lines, f"{shortened(other, NARROW)} (energy)", f"{choose} of {one} (energy)", marks=marks),
    )


def equilibria(run):
    """The equilibria of the game that were looked for, none before."""
    return run.memory["found"].equilibria if "found" in run.memory else ()


def said(run):
    """What the search for all equilibria came to, in words; "" before."""
    if "found" not in run.memory:
        return ""
    found = run.memory["found"]
    if found.continuum:
        return " A whole line of equilibria shares this total and price."
    count = counted(len(found.equilibria), "equilibrium", "equilibria")
    known = {
        True: "it is the only one",
        False: "these are not all there may be",
        None: "whether there are others is not known",
    }
    others = known[found.unique] if len(found.equilibria) < 2 else "each is marked"
    return f" Searched without rounds: {count}, {others}."
