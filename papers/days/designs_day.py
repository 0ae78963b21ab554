"""The designs over a day: which orders of one hour hold, and what being fair over the day is beside every hour."""

from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.running import run
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.parts import Consumption
from market.aggregator.days.rounds import solve
from market.designs.study import DIRECT, PLANNER, TARIFF
from market.measures import jain
from papers.claims import FAIL, judge

SCENARIO, FIGURE = "designs_day", "days"
PLAIN, FAIR, CONTRACTS, TOGETHER = "aggregators 0", "aggregators 1", "bilateral", "microgrid cooperative"
ENDS = DIRECT, PLANNER
AS_ADDED = 1e-9  # relative: sums of the same numbers
WHOLE = ("price", "surplus", "welfare", "consumption", "volume", "loss", "grid surplus", "losers")  # of the day
OF_HOURS = ("welfare", "volume", "loss")
LESS, LEAST_DRAWS = 20, 3  # replications for each draw; the fewest of them


class Compared(NamedTuple):
    """Designs over one draw's day: measures {design: {measure: value}}, by period {design: {measure: (periods,)}},
    kept: largest gap in units of what a design promises; of fair aggregators, {"day" or "hours": surplus of what each
    home buys where they are fair over the day and in every hour by itself, money, shape (homes,)}."""

    measures: dict
    by_period: dict
    kept: float
    fair: dict


@dataclass(frozen=True)
class DesignsDay:
    """The homes of `designs_day` under every design, in one draw; solved directly."""

    replication: int

    def answer(self):
        """The designs Compared."""
        result = run(SCENARIO, direct=True, replication=self.replication)
        values = {name: {key: design.values[key] for key in WHOLE} for name, design in result.designs.items()}
        hours = {
            name: {
                key: np.array([one[key] for one in result.values_by_period(result.designs[name])]) for key in OF_HOURS
            }
            for name in (TARIFF, CONTRACTS)
        }
        (day,) = result.game.games[FAIR][1].days
        by_hour = np.sum([solve(hour, certify=False).outcome.s for hour in _hours(day)], axis=0)
        return Compared(values, hours, result.gap, {"day": solve(day, certify=False).outcome.s, "hours": by_hour})


def _hours(day):
    """Every period of a day of consumption as a day of its own."""
    (homes,) = day.blocks
    eats = homes.parts["consumption"]
    for t, rule in enumerate(day.prices):
        one = Consumption(eats.users, eats.a[:, t : t + 1], eats.b[:, t : t + 1])
        yield Day(Clock(1), (rule,), (replace(homes, parts={"consumption": one}),))


def designs_days(replications):
    """The draws of the designs' day."""
    return [DesignsDay(k) for k in range(max(replications // LESS, LEAST_DRAWS))]


def told(compared):
    """Means over draws of the measures of every design, a row a design."""
    rows = [{"design": name} | values for one in compared for name, values in one.measures.items()]
    return pd.DataFrame(rows).groupby("design", sort=False).mean().reset_index()


def designs_claims(compared):
    """What holds of the designs over the day in every draw."""
    found = pd.DataFrame(
        [{"draw": k, "design": name} | row for k, one in enumerate(compared) for name, row in one.measures.items()]
    )
    of = {key: found.pivot(index="design", columns="draw", values=key) for key in WHOLE}
    return [
        *_sound(compared, of),
        *_orders(of),
        *_beside_the_tariff(of),
        *_planned(of),
        *_by_hour(compared),
        *_fair(compared),
    ]


_judge = partial(judge, FIGURE)


def _sound(compared, of):
    """Gaps, balances and the planner's bound."""
    kept, welfare = max(one.kept for one in compared), of["welfare"]
    apart = float(np.max(np.abs(of["surplus"] + of["grid surplus"] - welfare) / welfare.abs()))
    most = float(np.max(welfare.drop(PLANNER) / welfare.loc[PLANNER]))
    return [
        _judge(
            "designs over a day: each is what it promises, money is handed on, and none has more than the planner",
            kept <= 1 and apart <= AS_ADDED and most <= 1 + AS_ADDED,
            {"largest gap, in units of what is promised": kept, "money lost, relative": apart}
            | {"largest share of the planner's welfare": most},
        )
    ]


def _orders(of):
    """Direct participation beside aggregators and all others."""
    surplus, welfare = of["surplus"], of["welfare"]
    gained, lost = surplus.loc[PLAIN] - surplus.loc[DIRECT], welfare.loc[DIRECT] - welfare.loc[PLAIN]
    return [
        _judge(
            "designs over a day: direct participation has the most welfare of all but the planner, in every draw",
            np.all(welfare.loc[DIRECT] >= welfare.drop(PLANNER).max()),
            {name: welfare.loc[name].mean() for name in (DIRECT, PLAIN, FAIR, TARIFF, PLANNER)},
        ),
        _judge(
            "designs over a day: aggregators at α = 0 give homes more than direct participation and take welfare",
            np.all(gained > 0) and np.all(lost > 0),
            {"surplus more, mean": gained.mean(), "welfare less, mean": lost.mean()},
        ),
    ]


def _beside_the_tariff(of):
    """What leaves homes more than the tariff alone, and what loses less on the lines."""
    surplus, loss, consumption = of["surplus"], of["loss"], of["consumption"]
    less = np.any(surplus < surplus.loc[TARIFF], axis=1)
    kept = np.all(np.isclose(consumption, consumption.loc[TARIFF]), axis=1)
    return [
        _judge(
            "designs over a day: every design leaves homes more than the tariff alone, in every draw",
            not less.any(),
            {name: surplus.loc[name].mean() for name in (TARIFF, TOGETHER)} | {"designs with less": int(less.sum())},
            FAIL,
            "lines run together and paid by the tariff: who passes on others' power pays the tariff for it",
        ),
        _judge(
            "designs over a day: lines run together lose least of all that leave consumption at the tariff's",
            np.all(loss.loc[TOGETHER] <= loss[kept].min() * (1 + AS_ADDED)),
            {name: loss.loc[name].mean() for name in (TARIFF, TOGETHER)} | {"designs": int(kept.sum())},
        ),
    ]


def _planned(of):
    """The planner's prices beside those of direct participation."""
    losers, price = of["losers"].loc[PLANNER], of["price"]
    return [
        _judge(
            "designs over a day: the planner leaves no home worse off than direct participation",
            losers.sum() == 0,
            {"homes worse off, mean": losers.mean()} | {f"price, {name}": price.loc[name].mean() for name in ENDS},
            FAIL,
            "homes without a roof pay a little more, what lines lose being in its prices",
        )
    ]


def _by_hour(compared):
    """Contracts beside the tariff alone, every hour by itself."""
    pairs = [(one.by_period[CONTRACTS][key], one.by_period[TARIFF][key]) for one in compared for key in OF_HOURS]
    away = max(float(np.max(np.abs(now - was)) / np.max(np.abs(was))) for now, was in pairs)
    richer = [one.measures[CONTRACTS]["surplus"] - one.measures[TARIFF]["surplus"] for one in compared]
    return [
        _judge(
            "designs over a day: contracts move money and no energy in any hour, and leave homes more than the tariff",
            away <= AS_ADDED and min(richer) > 0,
            {"welfare, volume, loss furthest away, relative": away, "surplus more, mean": float(np.mean(richer))},
        )
    ]


def _fair(compared):
    """Aggregators fair in the day's surplus beside the same in every hour by itself."""
    day, hours = (np.array([one.fair[how] for one in compared]) for how in ("day", "hours"))
    index = [np.array([jain(row) for row in rows]) for rows in (day, hours)]
    return [
        _judge(
            "designs over a day: fair in the day's surplus (α = 1) is fairer than fair in every hour by itself",
            np.all(index[0] > index[1]) and np.all(day.min(axis=1) > hours.min(axis=1)),
            {"Jain, the day": index[0].mean(), "every hour": index[1].mean()}
            | {"poorest, the day": day.min(axis=1).mean(), "poorest, every hour": hours.min(axis=1).mean()}
            | {"all homes, the day": day.sum(axis=1).mean(), "all, every hour": hours.sum(axis=1).mean()},
        )
    ]
