"""A fifth market in one file: a shop that lowers its price until its stock is wanted. All that a market owes."""

from __future__ import annotations

from dataclasses import dataclass

import mesa
import numpy as np
import pandas as pd

from agents.market_model import MarketModel
from engine.results.result import Measure, Result, number
from market.outcome import Status
from scenarios.drawn import Drawn
from scenarios.reading.population import draw_numbers, stream
from scenarios.reading.schema import REQUIRED, Key, read_table
from scenarios.scenario import Scenario
from views.kit.charts import Line, line_chart
from views.kit.frames import Frame, Panel, Table, tiles_of
from views.style import BLACK, new_figure

# scenarios/toy/keys.py
ROUNDS, SCENARIO = 50, Scenario
KEYS = (
    Key("stock", "number", "kWh", 2.0, "(0, inf)", "what there is to sell"),
    Key("step", "number", "money/kWh", 0.5, "(0, inf)", "how far the price falls in a round"),
    Key("homes", "whole", "homes", 4, "[1, 1000]", "who may buy a kWh each"),
    Key("worth", "numbers", "money/kWh", REQUIRED, "[0, inf)", "what a kWh is worth to each"),
)


def read(raw, keys, place):
    return read_table(raw, keys, "", place)


# scenarios/toy/draw.py
@dataclass(frozen=True, eq=False)
class Shop:
    worth: np.ndarray
    stock: float
    step: float

    def wanted(self, price):
        return float(np.sum(self.worth >= price))


def draw(scenario, replication, place):
    table, rng = scenario.table, stream(scenario.seed, replication, "", "worth")
    worth, _ = draw_numbers(table["worth"], table["homes"], "[0, inf)", rng)
    return Drawn(Shop(worth, table["stock"], table["step"]), {})


def model(scenario, replication, place, drawn=None, **options):
    return ShopModel((drawn or draw(scenario, replication, place)).game, scenario.rounds)


# agents/toy/model.py
class ShopModel(MarketModel):
    def __init__(self, shop, rounds):
        super().__init__()
        self.shop, self.rounds, self.round, self.status = shop, rounds, 0, Status.RUNNING
        self.price = self.outcome = None
        self.datacollector = mesa.DataCollector({name: name for name in ("round", "status", "price")})

    gap = property(lambda self: None if self.price is None else max(self.shop.stock - self.shop.wanted(self.price), 0))

    def step(self):
        top = float(self.shop.worth.max())
        self.price = self.outcome = top if self.price is None else max(self.price - self.shop.step, 0.0)
        self.round += 1
        sold_out = self.shop.wanted(self.price) >= self.shop.stock
        late = Status.ROUND_LIMIT if self.round >= self.rounds else Status.RUNNING
        self.status = Status.SETTLED if sold_out else late
        self.running = self.status == Status.RUNNING
        self.datacollector.collect(self)


# engine/results/toy.py
@dataclass(frozen=True, eq=False, kw_only=True)
class RESULT(Result):
    price: float | None

    cleared = property(lambda self: self.price is not None)
    by_agent = property(lambda self: (np.maximum(self.game.worth - self.price, 0.0),))
    promised = property(lambda self: 0.0 if self.status == Status.SETTLED else None)

    def facts(self, users=False):
        return {"price": number(self.price), "wanted": MEASURES["wanted"].of(self)}

    def write_agents(self, folder):
        pd.DataFrame({"worth": self.game.worth}).to_csv(folder / "agents.csv", index=False)


MEASURES = {
    "price": Measure("money/kWh", lambda result: result.price),
    "wanted": Measure("kWh", lambda result: result.game.wanted(result.price)),
}
HEADLINE = DRAWN = ("price",)


def stepped(model, certify):
    return {"price": model.price, "gap": model.gap}


def solved(game, certify):
    price = float(np.sort(game.worth)[-int(min(np.ceil(game.stock), len(game.worth)))])
    return {"status": Status.SOLVED, "price": price, "gap": 0.0}


def memory(scenario):
    return {"homes": 1000 * scenario.table["homes"]}


def kept(scenario):
    return 8 * scenario.table["homes"]


def shared(games):
    return ()


def agents_table(agents):
    return None


def against(scenario):
    return {}


# views/toy/words.py, pictures.py, page.py
TITLE, ABOUT, START, MAIN, FOLLOWS = "Shop", "A shop lowers its price until its stock is wanted.", "", ("stock",), False
TRACKS = ("price (money/kWh)",)


def round_line(model):
    return f"round {model.round}: {model.price:g}"


def summary_text(summary):
    return f"{summary['status']}: price {summary['price']:g}"


def sentence(summary, others):
    return f"The stock goes at {summary['price']:g}."


def comparison_notes(comparison):
    return ""


def run_pictures(result):
    return {} if result.direct else {"price": lambda: prices(result)}


def prices(result):
    figure, axes = new_figure()
    axes.plot(result.history["price"])
    return figure


def comparison_pictures(comparison):
    return {}


def too_large(scenario):
    return ""


def variants(scenario):
    return {"half the stock": [(("stock",), scenario.table["stock"] / 2)]}


def frame(run, before):
    model = run.model
    track = np.arange(model.round), run.column("price")
    chart = Panel("price", "Price", line_chart([Line("price", *track, BLACK)] if model.round else [], TRACKS[0]))
    tiles = tiles_of((("price", "money/kWh"),), (model.price,), before)
    shown = {
        "tiles": tiles,
        "panels": (chart,),
        "table": Table({"worth": model.shop.worth}),
        "tracks": {TRACKS[0]: track},
    }
    return Frame(model.round, run.scenario.rounds, model.status, "", "", **shown)
