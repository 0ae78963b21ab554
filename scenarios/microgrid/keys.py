"""The keys of a microgrid's scenario, and the checks that look at more than one key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from market.grid.power_flow import PHYSICS, build_grid
from market.joining import ORDERS
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.dispatch import LOSSES
from market.microgrid.joining import DIVISIONS, MOST_JOINING, STARTS
from market.microgrid.partitions import BELIEFS
from market.microgrid.payments import PAYMENTS
from market.microgrid.random_lines import DENSITIES
from market.microgrid.stability import FORMS
from market.microgrid.tariff import Tariff
from scenarios.grid.cases import CASES
from scenarios.microgrid import cases
from scenarios.reading.errors import Place, quoted
from scenarios.reading.rows import by_node
from scenarios.reading.rules import Rules, check_rule
from scenarios.reading.schema import Key, read_table
from scenarios.reading.tariffs import read_tariff
from scenarios.scenario import Scenario

MONEY = "money/p.u."
SEEDS = "[0, 9223372036854775807]"
MEAN_RESISTANCE = 0.01
RESISTANCE = f"at the mean distance of two nodes; left out, and resistance_per_km too: {MEAN_RESISTANCE}"
FORMS_SAID = "own lines at the tariff; sharing the public loss; or joining each other one by one"
JOINING = ("joining",)

KEYS = (
    Rules("behaviour", BEHAVIOURS, "cooperative", "how private lines are used"),
    Key("losses", "choice", "", "priced", LOSSES, "bought at the main grid (L1), or supplied at each line's ends (L2)"),
    Key("physics", "choice", "", "x", PHYSICS, "public flows by reactance or by resistance"),
    Key(
        "tariff",
        "table",
        "",
        {},
        "",
        "the main grid's prices, each one number or one a period, 0 <= sell <= generation <= buy",
    ),
    Key("tariff.buy", "series", MONEY, 2.0, "[0, inf)", "what an agent pays"),
    Key("tariff.sell", "series", MONEY, 1.0, "[0, inf)", "what an agent gets"),
    Key("tariff.generation", "series", MONEY, 1.5, "[0, inf)", "what the main grid's supply costs it"),
    Rules("payments", PAYMENTS, "lmp", "who pays whom"),
    *cases.KEYS,
    Key("injection", "profile", "p.u.", None, cases.POWER, "in place of the network's; a row is a period"),
    Key("private", "table", "", None, "", "random private lines among all agents"),
    Key("private.density", "number", "", 0.0, "[0, 1]", "chance of a line", words=tuple(DENSITIES)),
    Key("private.side_km", "number", "km", 1.0, "(0, 1e6]", "side of the square the nodes lie in"),
    Key("private.mean_resistance", "number", "p.u.", None, "[0, 1e6]", RESISTANCE),
    Key("private.resistance_per_km", "number", "p.u./km", None, "[0, 1e6]", "in place of mean_resistance"),
    Key("private.seed", "whole", "", None, SEEDS, "of positions and lines; left out: the scenario's"),
    Key("coalition", "table", "", {}, "", "which coalitions could leave, and what they would have"),
    Key("coalition.form", "choice", "", "market", FORMS, FORMS_SAID),
    Key(
        "coalition.belief",
        "choice",
        "",
        "gamma",
        tuple(BELIEFS),
        "how the others then group",
        ("partition",),
        by="form",
    ),
    Key(
        "coalition.division",
        "choice",
        "",
        "equal",
        tuple(DIVISIONS),
        "shares of what a coalition gains",
        JOINING,
        by="form",
    ),
    Key("coalition.start", "choice", "", "alone", STARTS, "how agents stand before the first move", JOINING, by="form"),
    Key("coalition.order", "choice", "", "in-turn", ORDERS, "who sees whose moves within a round", JOINING, by="form"),
    Key("coalition.inertia", "number", "", 0.0, "[0, 1)", "chance to stay in spite of a gain", JOINING, by="form"),
    Key("coalition.rounds", "whole", "rounds", 100, "[1, 10000]", "of moves at the latest", JOINING, by="form"),
    Key("lines_per_round", "whole", "lines", None, "[1, 1000000]", "ad hoc trades a round; left out: by size"),
)
ROUNDS = 100


class MicrogridScenario(Scenario):
    """A scenario of the microgrid market."""

    cases = CASES

    @property
    def periods(self) -> int:
        """How many periods the injections have."""
        return len(self.injections or ((),))

    @property
    def injections(self) -> tuple | None:
        """One row a period, None where the case has them."""
        return self.table.get("injection", self.table["network"].get("injection"))

    @property
    def times(self) -> Sequence[str]:
        """What a CSV file of injections calls its rows."""
        return getattr(self.injections, "times", ())


def read(raw: dict, keys, place: Place) -> dict:
    """The checked table of a microgrid's file; raises ScenarioError."""
    given = "rounds" in raw
    table = read_table(raw, keys, "", place)
    check_rule(BEHAVIOURS[table["behaviour"]], table, place)
    check_rule(PAYMENTS[table["payments"]], table, place)
    here = place.at("network")
    table["network"] = cases.read_network(table["network"], here)
    network = cases.spelt_out(table["network"], here)
    if "injection" in table:
        table["injection"] = by_node(table["injection"], cases.names_of(network, here), place.at("injection"))
    for path, rows in (("network.injection", network["injection"]), ("injection", table.get("injection", ()))):
        for row in rows:
            if len(row) != len(network["injection"][0]):
                got = f"{len(row)} values; the network has {len(network['injection'][0])} nodes"
                raise place.at(path).error(got, "one value per node is needed")
    periods = len(table.get("injection", network["injection"]))
    table["tariff"] = read_tariff(table["tariff"], Tariff, periods, place.at("tariff"))
    built = cases.network_from(network, here, table.get("injection", network["injection"])[0])
    _check_coalition(table["coalition"], built, place.at("coalition"))
    cases.check_cost(network, here.at("cost"))
    check_private(table.get("private"), network, place.at("private"))
    check_shifts(table, built, place)
    if not given:
        table["rounds"] = max(ROUNDS, periods)
    return table


def check_shifts(table, network, place):
    """Phase shifts go with what knows them: flows by reactance, and the market form of coalitions."""
    if not np.any(network.public.shift):
        return
    looping = np.flatnonzero(build_grid(network).loop)
    if not len(looping):
        return
    got = f"phase shifts drive a flow round in circles, on public line {looping[0]}"
    if table["physics"] == "r":
        raise place.at("physics").error(f"got 'r', but {got}", "a circuit of resistances has no phases: physics = 'x'")
    form = table.get("coalition", {}).get("form", "market")
    if form != "market":
        raise place.at("coalition").at("form").error(f"got {quoted(form)}, but {got}", "'market' is needed")


def _check_coalition(coalition, network, place):
    """Sharing the public loss has a limit of agents, and needs all of them on the public grid."""
    form = coalition["form"]
    if form == "market":
        return
    joining = form == "joining"
    most = MOST_JOINING if joining else BELIEFS[coalition["belief"]][1]
    if len(network.agents) > most:
        said = "" if joining else f" with belief {quoted(coalition['belief'])}"
        got = f"got {quoted(form)}{said} for {len(network.agents)} agents"
        raise place.at("form").error(got, f"at most {most} are possible")
    cut_off = np.flatnonzero(~network.reaches_publicly)
    if len(cut_off):
        got = f"got {quoted(form)}, but node {cut_off[0]} does not reach the main grid by public lines"
        raise place.at("form").error(got, "all nodes must")


def check_private(private, network, place):
    if private is None:
        return
    if network.get("private"):
        raise place.error("the network has private lines of its own", "only one of the two is possible")
    if "mean_resistance" in private and "resistance_per_km" in private:
        raise place.error("got both mean_resistance and resistance_per_km", "only one of the two is possible")
    if "resistance_per_km" not in private:
        private.setdefault("mean_resistance", MEAN_RESISTANCE)


SCENARIO = MicrogridScenario
