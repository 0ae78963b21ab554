"""What the browser shows of the aggregator market over days."""

import numpy as np

from engine.results import measured
from engine.results.aggregator import mean_by_round
from engine.results.days import Standing, welfare
from market.numerals import plain
from views.aggregator import learning, opening
from views.aggregator import page as aggregator_page
from views.aggregator.tariffs import CONTROLS, with_revenue
from views.days import hours, live_charts, look
from views.days.faint import Faint
from views.kit.frames import Frame, Panel, Table, tiles_of
from views.kit.live import ANSWERING
from views.splits import TAB, split_chart

TITLE = "Aggregators over a day"
ABOUT = "Households with solar roofs, batteries and cars, and aggregators who decide their days."
START = "street_day"
MAIN = ("group.*.fairness.alpha", "group.*.users", "group.*.count", "group.*.battery.share", "group.*.solar.share")
MAIN += (*CONTROLS, "group.*.conduct.rule")
MAIN += ("group.*.car.share", "group.*.shift.share", "price.p0", "price.c", "periods.days", "order", "damping", "seed")
FOLLOWS = True  # can one agent be looked at?
TRACKS = ("mean price (money/energy)", "peak (energy)", "mean surplus of small users (money)")
MOST_CELLS = 100_000  # homes times periods
SHOWN = ("price", "quantity", "mean small surplus", "mean bill", "peak", "spread", "self consumption")  # of MEASURES
TILES = (
    ("mean price", "money/energy"),
    ("total purchases", "energy"),
    ("small user, mean", "money"),
    ("bill, mean", "money"),
    ("peak", "energy"),
    ("price spread", "money/energy"),
    ("own solar used", "share"),
)
NONE = "Press Step or ▶ to begin."
CHOOSE = "Choose a user to follow its day; a search for battery or car finds who has one."
variants = aggregator_page.variants


def too_large(scenario):
    """Why a scenario is too large for a server that others use too, or ""."""
    cells = sum(group.users for group in scenario.groups) * scenario.periods["count"] * scenario.periods["days"]
    return f"{cells:,} homes times periods; the browser takes at most {MOST_CELLS:,}" if cells > MOST_CELLS else ""


def frame(run, before):
    """The run after its last round."""
    model = run.model
    known = {"round": model.round, "limit": run.scenario.rounds * len(model.game.days), "status": model.status}
    known |= {"advice": model.advice, "gap": learning.last_gap(run)}
    standing = Standing(model.game, model.outcome)
    user = standing.home_shown if run.chosen is None or run.chosen >= model.game.users else run.chosen
    shown, names = with_revenue(run.scenario, SHOWN, TILES)
    values = measured("days", standing, shown).values()
    faint = Faint(run, standing)
    known |= {"tiles": tiles_of(names, values, before), "table": table(standing)}
    known |= {"panels": panels(run, standing, user, faint), "faint": faint.called}
    if model.outcome is None:
        return Frame(**known, said=NONE)
    known |= {"span": span(model), "moments": hours.moments(standing, user)}
    counts = {block.name: block.users for block in model.game.blocks}
    mean = mean_by_round({name: run.column(f"surplus {name}") for name in counts}, counts)
    columns = (run.column("price"), run.column("peak"), mean)
    tracks = dict(zip(TRACKS, ((run.column("round"), column) for column in columns), strict=True))
    return Frame(
        **known, said=f"Day {model.number + 1}, largest move {plain(model.move, 3)}.{learning.said(run)}", tracks=tracks
    )


def span(model):
    """What time the tiles tell of."""
    begun, many = len(model.outcome.days), len(model.game.days)
    if many == 1:
        return "The whole day"
    return f"Day 1 of {many}" if begun == 1 else f"Days 1 to {begun} of {many} together"


def panels(run, standing, user, faint):
    """Price, sources, levels, purchases by period; a user's day, what it holds and pays; price by height, by round."""
    if not standing.cleared:
        return (opening.users(standing.game.blocks), *live_charts.before(standing))
    who = look.named(standing, user)
    drawn = {
        "price": ("Price by period", live_charts.price, ()),
        "sources": ("Load and its sources", live_charts.sources, ()),
        **({"levels": ("Held in batteries and cars", live_charts.levels, ())} if standing.stores else {}),
        "load": ("Net purchases by group", live_charts.bought, ()),
        "home": (who, live_charts.home, (user,)),
        **({"home level": (f"User {user} holds", live_charts.home_level, (user,))} if standing.stores else {}),
        "home pays": (f"User {user} pays", live_charts.home_pays, (user,)),
        "duration": ("Price duration", live_charts.duration, ()),
        "rounds": ("Mean price by round", live_charts.rounds, (run,)),
    }
    made = [Panel(name, title, draw(standing, faint, *of)) for name, (title, draw, of) in drawn.items()]
    if learning.learns(run):
        place = learning.looked_at(run, int(run.model.day.party.player_of[user]) if run.chosen is not None else None)
        mind = live_charts.mind(standing, run.model.mind(place))
        made.append(Panel("beliefs", learning.mind_title(run, place), mind))
    return (*made, *learning.judged(run), *_split(run, standing))


def _split(run, standing):
    """Who has the welfare there could be, once a run has ended."""
    if ANSWERING not in run.memory:
        return ()
    if "welfare" not in run.memory:
        run.memory["welfare"] = welfare(standing.outcome, run.scenario.states)
    return (Panel("split", "Who has the welfare there could be", split_chart(run.memory["welfare"]), tab=TAB),)


def table(standing):
    """Every home: what it has and buys, its bill and its surplus."""
    blocks, outcome, users = standing.game.blocks, standing.outcome, np.arange(standing.game.users)
    has = np.full(len(users), "", dtype=object)
    for name, marks in standing.devices.items():
        has[marks] += f"{name} "
    columns = {
        "user": users,
        "group": np.repeat([block.name for block in blocks], [block.users for block in blocks]),
        "has": np.array([", ".join(words.split()) or "–" for words in has]),
    }
    if standing.cleared:
        columns |= {"bought": outcome.bought, "bill": outcome.paid, "surplus": outcome.s}
    return Table(columns, CHOOSE)
