"""The keys of a bilateral market's scenario, and the checks that look at more than one key."""

from __future__ import annotations

from collections.abc import Sequence

from market.bilateral.core import FAIR
from market.bilateral.market import RetailTariff
from market.bilateral.negotiation import GRAPHS, RULES
from market.bilateral.signing import CONTRACTS, MATCHINGS
from scenarios.bilateral import prosumers
from scenarios.reading.columns import row_label
from scenarios.reading.errors import Place, quoted
from scenarios.reading.kept import Kept
from scenarios.reading.people import KEEP, lengths
from scenarios.reading.population import agreed
from scenarios.reading.rules import Rules, check_rule
from scenarios.reading.schema import Key, of_people, read_table
from scenarios.reading.tariffs import read_tariff
from scenarios.scenario import Scenario

MONEY = "money/kWh"
ROUNDS = 10_000
MOST = "[0, 100000]"
WORDS = tuple(MATCHINGS)
SIDES = ("buyers", "sellers")
MATRICES = ("pair_value", "preference", "fee", "cap")
MOST_PAIRS = 25_000_000  # 5,000 a side: beyond it matrices do not fit into most machines' memory

KEYS = (
    Key("contracts", "choice", "", "single", CONTRACTS, "at most one contract an agent, or several"),
    Key("fair", "choice", "", "tau", tuple(FAIR), "the stable point reported as fair; rule corner settles there"),
    Key("negotiation", "table", "", {}, "", "how prices are found"),
    Rules("negotiation.rule", RULES, "bilateral", "who tells whom what, and how claims move"),
    Key("negotiation.repair", "switch", "", True, "", "move the final prices into the core, where one exists"),
    Key("network", "table", "", {}, "", "who hears whom"),
    Key("network.kind", "choice", "", "complete", tuple(GRAPHS), "links in each round"),
    Key("network.drop", "number", "", 0.0, "[0, 1)", "chance of losing a message"),
    Key("link_probability", "number", "", 0.3, "(0, 1]", "chance of a link (random), share beside the ring (periodic)"),
    Key("phases", "whole", "graphs", 3, "[1, 1000]", "graphs that take turns (periodic)"),
    Key("tariff", "table", "", {}, "", "everyone's outside option, the grid; sell <= buy"),
    Key("tariff.buy", "series", MONEY, 0.25, "[0, inf)", "what the grid charges"),
    Key("tariff.sell", "series", MONEY, 0.05, "(-inf, inf)", "what the grid pays; below 0: takes for taking it"),
    Key("buyers", "table", "", None, "", "who needs energy"),
    Key("buyers.count", "whole", "buyers", None, MOST, "how many; left out: as many as a list or CSV has"),
    *of_people("buyers"),
    Key("buyers.demand", "numbers", "kWh", None, "[0, inf)", "what each needs"),
    Key("buyers.value", "numbers", MONEY, None, "[0, inf)", "what a kWh is worth to each"),
    Key("sellers", "table", "", None, "", "who has energy"),
    Key("sellers.count", "whole", "sellers", None, MOST, "how many; left out: as many as a list or CSV has"),
    *of_people("sellers"),
    Key("sellers.supply", "numbers", "kWh", None, "[0, inf)", "what each has"),
    Key("sellers.ask", "numbers", MONEY, None, "[0, inf)", "the least each takes for a kWh"),
    Key("preference", "matrix", MONEY, 0.0, "(-inf, inf)", "how much more a buyer likes a seller's kWh"),
    Key("tag", "tables", "", None, "", "preferences by what sellers are: green, local, a friend"),
    Key("tag.name", "text", "", "", "", "for messages and tables"),
    Key("tag.weight", "numbers", MONEY, 0.01, "(-inf, inf)", "what it adds to a kWh's worth, to all or to each buyer"),
    Key("tag.sellers", "list", "", None, "[0, inf)", "numbers of the sellers that bear it"),
    Key("tag.share", "number", "", None, "[0, 1]", "or the chance of each seller to bear it"),
    Key("fee", "matrix", MONEY, 0.0, "[0, inf)", "network charge of a pair, paid by the buyer"),
    Key("matching", "list", "", "optimal", "[-1, inf)", "who signs with whom: the seller of each buyer", words=WORDS),
    Key("pair_value", "matrix", "money", None, "(-inf, inf)", "a bare assignment game in place of buyers and sellers"),
    Key("cap", "matrix", "kWh", None, "[0, inf]", "most energy of a pair (multi)"),
    Key("block", "number", "kWh", None, "(0, inf)", "contracts in whole blocks (multi)"),
    *prosumers.KEYS,
    Key("warm_start", "switch", "", True, "", "claims are remembered from the period before"),
    Key("deadline", "whole", "rounds", None, "[1, 1000000]", "then prices are repaired, or all trade with the grid"),
    Key("leave", "table", "", None, "", "agents that leave in the middle"),
    Key("leave.round", "whole", "rounds", 5, "[1, 1000000]", "after this round of each period"),
    Key("leave.buyers", "list", "", None, "[0, inf)", "numbers of buyers"),
    Key("leave.sellers", "list", "", None, "[0, inf)", "numbers of sellers"),
    Key("leave.count", "whole", "agents", None, MOST, "or so many, drawn"),
)


class BilateralScenario(Scenario):
    """A scenario of the bilateral market."""

    @property
    def times(self) -> Sequence[str]:
        """When its prosumers' periods are, where they have times."""
        return self.table.get("prosumers", {}).get("times", ())

    @property
    def sides(self) -> tuple[int, int] | None:
        """How many buyers and sellers there are, None where it changes with the period."""
        table = self.table
        if "prosumers" in table:
            return None
        if "pair_value" in table:
            rows = table["pair_value"]
            return len(rows), len(rows[0]) if rows else 0
        return table["buyers"]["count"], table["sellers"]["count"]

    @property
    def crowds(self) -> list[tuple[int, dict[str, Kept]]]:
        """What is kept of buyers and of sellers; of prosumers all together."""
        if "prosumers" in self.table:
            return [prosumers.crowd(self.table["prosumers"])]
        return [(self.table[side]["count"], self.table[side].get(KEEP, {})) for side in SIDES if side in self.table]


def read(raw: dict, keys, place: Place) -> dict:
    """The checked table of a bilateral market's file; raises ScenarioError."""
    empty = {name: len(raw[name]) for name in MATRICES if _has_empty_rows(raw.get(name))}
    table = read_table(raw | {name: [] for name in empty}, keys, "", place)
    table |= {name: ((),) * rows for name, rows in empty.items()}
    _check_who(table, place)
    if "pair_value" in table:
        _check_matrix_of_numbers(table["pair_value"], place.at("pair_value"))
    elif "prosumers" in table:
        table["prosumers"] = prosumers.read_prosumers(table["prosumers"], place.at("prosumers"))
        prosumers.check_periods(table, place)
    else:
        for side, energy, price in (("buyers", "demand", "value"), ("sellers", "supply", "ask")):
            _fill_count(table[side], (energy, price), place.at(side))
    check_rule(RULES[table["negotiation"]["rule"]], table["negotiation"], place.at("negotiation"))
    table["tariff"] = _read_tariff(table, place.at("tariff"))
    shape = _shape(table)
    if shape[0] * shape[1] > MOST_PAIRS:
        raise place.error(f"got {shape[0]} by {shape[1]} agents", f"at most {MOST_PAIRS:,} pairs are possible")
    for name in MATRICES[1:]:
        _check_shape(table.get(name), shape, place.at(name))
    _check_contracts(table, place)
    _check_numbers(table, shape, place)
    return table


def blockwise(table) -> bool:
    """Are several contracts cut into blocks, for a rule that works with one contract an agent?"""
    return table["contracts"] == "multi" and RULES[table["negotiation"]["rule"]].single


def _read_tariff(table, place):
    """The tariff by period, as many as there are quantities for; with prosumers also by row."""
    if "prosumers" not in table:
        return read_tariff(table["tariff"], RetailTariff, table.get("periods", 1), place)
    rows = table["prosumers"]["period"]
    periods = sorted(set(rows))
    return read_tariff(table["tariff"], RetailTariff, len(periods), place, (rows, periods))


def _has_empty_rows(value):
    """Is it a matrix of buyers without sellers?"""
    return isinstance(value, list) and len(value) > 0 and all(row == [] for row in value)


def _check_who(table, place):
    """Exactly one of pair_value, prosumers, and buyers with sellers."""
    ways = [name for name in ("pair_value", "prosumers", "buyers") if name in table]
    if "buyers" in ways and "sellers" not in table:
        raise place.at("sellers").error("is missing", "buyers and sellers go together; a side may have count = 0")
    if "sellers" in table and "buyers" not in ways:
        raise place.at("buyers").error("is missing", "buyers and sellers go together; a side may have count = 0")
    if len(ways) != 1:
        got = f"got {' and '.join(ways)}" if ways else "got no users"
        raise place.error(got, "exactly one of buyers with sellers, prosumers, pair_value is needed")
    if ways == ["pair_value"]:
        _check_bare(table, place)


def _check_bare(table, place):
    """A bare assignment game has neither energy nor grid: nothing that would not count may stand beside it."""
    for name, without in (("preference", 0.0), ("fee", 0.0), ("tag", None), ("tariff", vars(RetailTariff()))):
        if table.get(name) != without:
            raise place.at(name).error("goes with quantities and prices", "leave it out beside pair_value")
    if table.get("periods", 1) > 1:
        raise place.at("periods").error(f"got {table['periods']}", "a bare assignment game has one")


def _check_matrix_of_numbers(value, place):
    if not isinstance(value, tuple):
        raise place.error(f"got {quoted(value)}", "rows of numbers are needed, a row for each buyer")


def _fill_count(side, names, place):
    """Number of agents of a side, from `count` and from lists, which must agree; an empty side needs no numbers."""
    said = {"count": side["count"]} if "count" in side else {}
    said |= {name: len(side[name]) for name in names if isinstance(side.get(name), tuple)} | lengths(side)
    if not said:
        raise place.at("count").error("is missing", "the number of agents, or a list or CSV column, is needed")
    side["count"] = agreed(said, place, "agents")
    for name in names:
        if name not in side and side["count"] > 0:
            raise place.at(name).error("is missing", "a number, list, draw or CSV column is needed")
        side.setdefault(name, 0.0)


def _shape(table):
    """(Buyers, sellers) that matrices must have; by prosumer where they are by prosumer."""
    if "prosumers" in table:
        agents = int(max(table["prosumers"]["prosumer"])) + 1
        return agents, agents
    if "pair_value" in table:
        return len(table["pair_value"]), len(table["pair_value"][0]) if table["pair_value"] else 0
    return table["buyers"]["count"], table["sellers"]["count"]


def _check_shape(value, shape, place):
    if not isinstance(value, tuple) or (not value and 0 in shape):
        return
    got = len(value), len(value[0]) if value else 0
    if got != shape:
        needed = f"{shape[0]} by {shape[1]}, a row for each buyer, is needed"
        raise place.error(f"got {got[0]} by {got[1]} numbers", needed)


def _check_contracts(table, place):
    """What goes with one contract an agent only, and what with several only."""
    if table["contracts"] == "single":
        for name in ("cap", "block"):
            if name in table:
                raise place.at(name).error("goes with contracts = 'multi'", 'leave it out, or set contracts = "multi"')
        return
    if "pair_value" in table:
        raise place.at("pair_value").error(
            "got contracts = 'multi'", "several contracts need quantities: buyers and sellers"
        )
    if table["matching"] != "optimal":
        raise place.at("matching").error(
            f"got {quoted(table['matching'])}", "with contracts = 'multi' it is \"optimal\""
        )
    if "cap" in table and blockwise(table):
        got = f"goes with other rules than {quoted(table['negotiation']['rule'])}, which prices single blocks"
        raise place.at("cap").error(got, "leave it out, or take another rule")


def _check_numbers(table, shape, place):
    """Numbers of agents: in tags, in a given matching, of those who leave."""
    m, n = shape
    for k, tag in enumerate(table.get("tag", ())):
        here = place.at("tag").at(tag["name"] or k)
        if ("sellers" in tag) == ("share" in tag):
            raise here.error(
                "got both sellers and share" if "share" in tag else "got neither sellers nor share", "one is needed"
            )
        _check_members(tag.get("sellers", ()), n, "seller", here.at("sellers"))
        weight = tag["weight"]
        if isinstance(weight, tuple) and len(weight) != m:
            raise here.at("weight").error(
                f"{len(weight)} values for {m} buyers", "one value, or one per buyer, is needed"
            )
    if isinstance(table["matching"], tuple):
        if "prosumers" in table:
            raise place.at("matching").error("got a list", 'sides change with prosumers: "optimal" or "auction"')
        _check_matching(table["matching"], m, n, place.at("matching"))
    leave = table.get("leave", {})
    agents = m if "prosumers" in table else m + n
    if leave.get("count", 0) > agents:
        raise place.at("leave").at("count").error(f"got {leave['count']}", f"there are {agents} agents")
    if leave and ("count" in leave) == bool({"buyers", "sellers"} & set(leave)):
        raise place.at("leave").error(
            "got " + ("both" if "count" in leave else "nobody"), "count, or buyers and sellers, are needed"
        )
    for side, most in (("buyers", m), ("sellers", n)):
        _check_members(leave.get(side, ()), most, side[:-1], place.at("leave").at(side))


def _check_members(numbers, most, kind, place):
    for i, number in enumerate(numbers):
        if number != int(number) or number >= most:
            raise place.error(
                f"got {number:g}{row_label(numbers, i)}",
                f"numbers of {kind}s, 0 to {most - 1}, are needed" if most else f"there is no {kind}",
            )


def _check_matching(sellers, m, n, place):
    if len(sellers) != m:
        raise place.error(
            f"got {len(sellers)} numbers for {m} buyers", "the seller of each buyer is needed, -1 for none"
        )
    for i, j in enumerate(sellers):
        if j != int(j) or j >= n:
            raise place.error(
                f"value {i} (counted from 0) is {j:g}",
                f"a seller, 0 to {n - 1}, or -1 is needed" if n else "-1 is needed: there is no seller",
            )
        if j >= 0 and j in sellers[:i]:
            raise place.error(
                f"value {i} (counted from 0) is {j:g}, as is value {sellers.index(j)}", "each seller once"
            )


SCENARIO = BilateralScenario
