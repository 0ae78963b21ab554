"""What the browser shows of the aggregator market over days."""

import numpy as np

from engine.results import measured
from engine.results.aggregator import mean_by_round
from engine.results.days import Standing
from views.aggregator import page as aggregator_page
from views.kit.charts import Line, line_chart
from views.kit.frames import Frame, Panel, Table, tiles_of
from views.kit.live import gap_text
from views.style import BLACK, LINES, group_colours

TITLE = "Aggregators over a day"
ABOUT = "Households with solar roofs, batteries and cars, and aggregators who decide their days."
START = "street_day"
MAIN = ("group.*.fairness.alpha", "group.*.users", "group.*.count", "group.*.battery.share", "group.*.solar.share")
MAIN += ("group.*.car.share", "group.*.shift.share", "price.p0", "price.c", "periods.days", "order", "damping", "seed")
FOLLOWS = False  # can one agent be looked at?
TRACKS = ("mean price (money/energy)", "peak (energy)", "mean surplus of small users (money)")
MOST_CELLS = 100_000  # homes times periods
SHOWN = ("price", "mean small surplus", "mean bill", "peak", "spread", "self consumption")  # of MEASURES
TILES = (
    ("mean price", "money/energy"),
    ("small user, mean", "money"),
    ("bill, mean", "money"),
    ("peak", "energy"),
    ("price spread", "money/energy"),
    ("own solar used", "share"),
)
NONE = "Press Step or ▶ to begin."


def too_large(scenario):
    """Why a scenario is too large for a server that others use too, or ""."""
    cells = sum(group.users for group in scenario.groups) * scenario.periods["count"] * scenario.periods["days"]
    return f"{cells:,} homes times periods; the browser takes at most {MOST_CELLS:,}" if cells > MOST_CELLS else ""


def variants(scenario):
    """All aggregators under each fairness objective that changes any."""
    alphas = [group.alpha for group in scenario.groups]
    return {
        name: changes
        for name, changes in aggregator_page.variants(scenario).items()
        if any(alphas[path[1]] != value for path, value in changes)
    }


def frame(run, before):
    """The run after its last round."""
    model = run.model
    known = {"round": model.round, "limit": run.scenario.rounds * len(model.game.days), "status": model.status}
    known |= {"advice": model.advice, "gap": gap_text(run.memory.get("gap"))}
    standing = Standing(model.game, model.outcome)
    values = measured("days", standing, SHOWN).values()
    known |= {"tiles": tiles_of(TILES, values, before), "panels": panels(standing), "table": table(standing)}
    if model.outcome is None:
        return Frame(**known, said=NONE)
    counts = {block.name: block.users for block in model.game.blocks}
    mean = mean_by_round({name: run.column(f"surplus {name}") for name in counts}, counts)
    columns = (run.column("price"), run.column("peak"), mean)
    tracks = dict(zip(TRACKS, ((run.column("round"), column) for column in columns), strict=True))
    return Frame(**known, said=f"Day {model.number + 1}, largest move {model.move:.3g}.", tracks=tracks)


def panels(standing):
    """Prices and net purchases by period."""
    colours = group_colours([block.name for block in standing.game.blocks])
    price, load = [], []
    if standing.cleared:
        prices = standing.outcome.joined("price")
        period = np.arange(len(prices))
        price = [Line("price", period, prices, BLACK, LINES[0])]
        load = [
            Line(name, period, bought, colours[name], LINES[k % len(LINES)])
            for k, (name, bought) in enumerate(standing.by_group("z").items())
        ]
    return (
        Panel("price", "Price by period", line_chart(price, "money/energy")),
        Panel("load", "Net purchases by period", line_chart(load, "energy")),
    )


def table(standing):
    """Every home: what it buys, its bill and its surplus."""
    if not standing.cleared:
        return Table({})
    blocks, outcome = standing.game.blocks, standing.outcome
    names = np.repeat([block.name for block in blocks], [block.users for block in blocks])
    return Table({"group": list(names), "bought": outcome.bought, "bill": outcome.bills, "surplus": outcome.s})
