"""The keys of a comparison of designs, and the checks that look at more than one key."""

from __future__ import annotations

import numpy as np

from market.designs.study import DIRECT, PLANNER, TARIFF
from market.grid.power_flow import PHYSICS
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.network import others
from market.microgrid.payments import PAYMENTS
from market.numerals import clocks
from scenarios.bilateral import keys as bilateral
from scenarios.grid.cases import CASES
from scenarios.microgrid import cases
from scenarios.microgrid import keys as microgrid
from scenarios.reading.columns import row_label
from scenarios.reading.errors import Place, quoted
from scenarios.reading.kept import Kept
from scenarios.reading.people import KEEP, lengths
from scenarios.reading.population import agreed
from scenarios.reading.rows import by_node
from scenarios.reading.rules import ALL, Rules
from scenarios.reading.schema import REQUIRED, Key, of_people, read_table
from scenarios.reading.tariffs import by_period
from scenarios.scenario import Scenario

ROUNDS = 10_000
MOST_AGENTS = 5_000
MONEY = "money/energy"
FROM_AGENTS = ("injection", "cost", "names")  # of a network: here the agents say it, or nobody
CONTRACTS = ("contracts", "block", "fair", "negotiation")  # keys of the bilateral market
MOST_PERIODS = 1_000
DAY = 24.0  # hours
NO_DEVICES = "batteries, cars or load that shifts: contracts, private lines and the planner carry nothing over"
OF_DAYS = ("battery", "car", "shift")  # what a home has in the aggregator market over days
OFFSET = "added to each surplus in the aggregators' objective"

KEYS = (
    Key("tariff", "table", "", REQUIRED, "", "everyone's outside option, the main grid; sell <= buy"),
    Key("tariff.buy", "series", MONEY, REQUIRED, "[0, inf)", "what the main grid charges"),
    Key("tariff.sell", "series", MONEY, REQUIRED, "[0, inf)", "what the main grid pays"),
    Key("price", "table", "", REQUIRED, "", "marginal cost of net imports N: the larger of tariff.sell and p0 + c N"),
    Key("price.p0", "series", MONEY, REQUIRED, "[0, inf)", "at no imports"),
    Key("price.c", "series", "money/energy²", REQUIRED, "(0, inf)", "slope"),
    Key("periods", "table", "", None, "", f"a day; left out: one period. No design has {NO_DEVICES}", example={}),
    Key("periods.count", "whole", "periods", 24, f"[1, {MOST_PERIODS}]", "how many a day of 24 hours has"),
    Key("alphas", "list", "", (0.0, 1.0, float("inf")), "[0, inf]", "fairness of the aggregators, a design each"),
    Key("aggregators", "whole", "aggregators", 2, f"[1, {MOST_AGENTS}]", "agents are split in order into so many"),
    Key("surplus_offset", "number", "money", 0.01, "(0, inf)", OFFSET),
    Key("tolerance", "number", "share of total", 1e-8, "(0, 1)", "settled when no purchase moves by more"),
    *(key for key in bilateral.KEYS if key.path.partition(".")[0] in CONTRACTS),
    Rules("behaviours", BEHAVIOURS, ALL, "of private lines, a design each", "choices", bare=True),
    Rules("payments", PAYMENTS, "tariff", "who pays whom in the microgrid", bare=True),
    Key("physics", "choice", "", "x", PHYSICS, "public flows by reactance or by resistance"),
    Key("base_power", "number", "energy/p.u.", REQUIRED, "[1e-6, 1e6]", "energy of a p.u. of the network"),
    *(key for key in cases.KEYS if key.name not in FROM_AGENTS),
    *(key for key in microgrid.KEYS if key.path.startswith("private")),
    Key("class", "tables", "", REQUIRED, "", "the agents"),
    Key("class.name", "text", "", REQUIRED, "", "name of the class; its draws depend on it"),
    Key("class.count", "whole", "agents", None, f"[1, {MOST_AGENTS}]", "left out: as many as a list or CSV has"),
    *of_people("class"),
    Key("class.a", "numbers", "money/energy²", REQUIRED, "(0, inf)", "utility U = b x − a x² of consumption x"),
    Key("class.b", "numbers", MONEY, REQUIRED, "[0, inf)", "what the first unit is worth"),
    Key("class.generation", "numbers", "energy", 0.0, "[0, inf)", "own generation"),
    Key("class.profile", "profile", "", None, "[0, inf)", "scales what agents want at every price, by period of a day"),
    Key("class.sun", "profile", "", None, "[0, inf)", "scales own generation, by period of a day"),
    Key("class.node", "list", "node", None, "[0, inf)", "of each agent; left out: agents go round the nodes in order"),
)
NUMBERS = tuple(key for key in KEYS if key.type == "numbers")
PROFILES = ("profile", "sun")
LISTS = ("a", "b", "generation", "node")


class DesignsScenario(Scenario):
    """One population under several designs."""

    cases = CASES

    @property
    def crowds(self) -> list[tuple[int, dict[str, Kept]]]:
        """What is kept of each class's agents."""
        return [(row["count"], row.get(KEEP, {})) for row in self.table["class"]]

    @property
    def periods(self) -> int:
        """How many periods are compared together."""
        return self.table["periods"]["count"] if "periods" in self.table else 1

    @property
    def hours(self) -> float:
        """Length of a day's periods, of which the first begins at midnight."""
        return DAY / self.periods

    @property
    def times(self) -> tuple[str, ...]:
        """Clock hours of a day's periods."""
        return tuple(clocks(t * self.hours, self.hours) for t in range(self.periods)) if self.periods > 1 else ()

    @property
    def designs(self) -> tuple[str, ...]:
        """Names of the designs, in the order of tables and pictures."""
        fair = (f"aggregators {alpha:g}" for alpha in self.table["alphas"])
        lines = (f"microgrid {behaviour}" for behaviour in self.table["behaviours"])
        return (DIRECT, TARIFF, *fair, "bilateral", *lines, PLANNER)


def read(raw: dict, keys, place: Place) -> dict:
    """The checked table of a comparison's file; raises ScenarioError."""
    _refuse_devices(raw, place.at("class"))
    table = read_table(raw, keys, "", place)
    periods = table["periods"]["count"] if "periods" in table else 1
    for name in ("tariff", "price"):
        for key, values in table[name].items():
            _check_length(values, periods, place.at(name).at(key))
    _check_tariff(table["tariff"], periods, place.at("tariff"))
    if "block" in table and table["contracts"] == "single":
        raise place.at("block").error("goes with contracts = 'multi'", 'leave it out, or set contracts = "multi"')
    for name in ("alphas", "behaviours"):
        _check_once(table[name], place.at(name))
    here = place.at("network")
    table["network"] = _read_network(table["network"], here)
    whole = spelt_out(table["network"], here)
    network = cases.network_from(whole, here)
    microgrid.check_shifts(table, network, place)
    microgrid.check_private(table.get("private"), whole, place.at("private"))
    _check_classes(table["class"], network, place.at("class"))
    _check_profiles(table, periods, place.at("class"))
    agents = sum(row["count"] for row in table["class"])
    if agents > MOST_AGENTS:
        raise place.at("class").error(f"{agents:,} agents in all", f"at most {MOST_AGENTS:,} are possible")
    if table["aggregators"] > agents:
        raise place.at("aggregators").error(f"got {table['aggregators']} for {agents} agents", "at most one an agent")
    return table


def _refuse_devices(raw, place):
    """Raise ScenarioError for what a home may have in another market, and why it has no place here."""
    rows = raw.get("class")
    for k, row in enumerate(rows if isinstance(rows, list) else ()):
        found = next((name for name in (*OF_DAYS, "solar") if isinstance(row, dict) and name in row), None)
        if found is None:
            continue
        here = place.at(row.get("name", k)).at(found)
        if found == "solar":
            raise here.error("unknown key", "generation is a roof's peak, and sun its profile by period")
        needed = 'leave it out; the aggregator market with periods (market = "aggregator") has them'
        raise here.error(f"no design of a comparison has {NO_DEVICES}", needed)


def _check_length(values, periods, place):
    """Raise ScenarioError unless values are one number, or one for each period."""
    if isinstance(values, tuple) and len(values) != periods:
        needed = f"one, or {periods}, one for each period," if periods > 1 else "one, or a table periods,"
        raise place.error(f"got {len(values)} numbers", f"{needed} is needed")


def _check_tariff(tariff, periods, place):
    for t in range(periods):
        now = by_period(tariff, t)
        if now["sell"] > now["buy"]:
            when = f"in period {t}, " if periods > 1 else ""
            raise place.error(f"{when}sell {now['sell']:g} is above buy {now['buy']:g}", "sell <= buy")


def _check_profiles(table, periods, place):
    """Order profiles' columns; raise ScenarioError for one that has not one row of all periods, or one an agent."""
    for row in table["class"]:
        for name in (name for name in PROFILES if name in row):
            here = place.at(row["name"]).at(name)
            rows = row[name] = by_node(row[name], (), here)
            if "periods" not in table:
                raise here.error("got one without periods", "a table periods is needed, or none of it")
            if len(rows) not in (1, row["count"]):
                raise here.error(f"got {len(rows)} rows for {row['count']} agents", "one, or one for each, is needed")
            if len(rows[0]) != periods:
                raise here.error(f"got {len(rows[0])} numbers", f"{periods}, one for each period, are needed")


def _check_once(values, place):
    twice = next((value for k, value in enumerate(values) if value in values[:k]), None)
    if twice is not None:
        raise place.error(f"{quoted(twice)} is there twice", "each once is needed")


def _read_network(table, place):
    """A network's table made whole, without the injections that a case brings along."""
    if "case" not in table:
        if "public" not in table:
            raise place.at("public").error("is missing", "a network needs public lines, or a case")
        table = {"injection": None} | table
    found = cases.read_network(table, place)
    return {key: value for key, value in found.items() if key not in FROM_AGENTS}


def spelt_out(table, place: Place) -> dict:
    """A network's table with its lines, and an injection of 0 at every node."""
    found = cases.spelt_out(table, place)
    if "injection" in found:
        nodes = len(found["injection"][0])
    elif "positions" in found:
        nodes = len(found["positions"])
    else:
        ends = [end for kind in ("public", "private") for row in found.get(kind, ()) for end in row[:2]]
        nodes = int(max([found["slack"], 1, *ends])) + 1
    return found | {"injection": ((0.0,) * nodes,)}


def _check_classes(rows, network, place):
    """Names that differ, numbers of agents that agree, and nodes that are there and reach the main grid."""
    names = [row["name"] for row in rows]
    for k, row in enumerate(rows):
        here = place.at(row["name"] if names.count(row["name"]) == 1 else k)
        if row["name"] in names[:k]:
            raise here.at("name").error(f"{quoted(row['name'])} is the name of another class too", "names must differ")
        said = {"count": row["count"]} if "count" in row else {}
        said |= {name: len(row[name]) for name in LISTS if isinstance(row.get(name), tuple)} | lengths(row)
        if not said:
            raise here.at("count").error("is missing", "the number of agents, or a list or CSV column, is needed")
        row["count"] = agreed(said, here, "agents")
        for at, node in enumerate(row.get("node", ())):
            if node != int(node) or node >= network.nodes or node == network.slack:
                got = f"got {node:g}{row_label(row['node'], at)}" + (", the main grid" if node == network.slack else "")
                raise here.at("node").error(
                    got, f"numbers of nodes, {others(network.nodes, network.slack)}, are needed"
                )
        rows[k] = {key.name: row[key.name] for key in KEYS if key.table == "class" and key.name in row}
    cut_off = np.flatnonzero(~network.reaches_publicly)
    if len(cut_off):
        got = f"node {cut_off[0]} does not reach the main grid by public lines"
        raise place.error(got, "all nodes must: what the tariff offers needs them")


SCENARIO = DesignsScenario
