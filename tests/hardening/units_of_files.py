"""The table of a scenario in other units of energy and money, by the units that the schema states."""

import math

from scenarios.loading import keys_of

UNITS = {  # unit: (power of energy, power of money)
    "energy": (1, 0),
    "energy/hour": (1, 0),
    "MW": (1, 0),
    "money": (0, 1),
    "money/user": (0, 1),
    "money/mass": (0, 1),
    "mass/energy": (-1, 0),
    "money/energy": (-1, 1),
    "money/MWh": (-1, 1),
    "money/energy²": (-2, 1),
    "money/MW²h": (-2, 1),
}
NO_UNIT = (0, 0)
PAIR = "money/energy, energy"
POWER = "money/energy^(1+k)"
NETWORK = {"value_of_lost_load": 1000.0, "least_rise": 0.01, "base_power": 1.0}  # what is left out is in units too
OFFSET = {"surplus_offset": 0.01}


def in_units(table, market, energy, money):
    """The table where a unit of energy is written as `energy` units and one of money as `money`."""
    keys = {}
    for key in keys_of(market):
        keys.setdefault(key.path, []).append(key)
    table = dict(table)
    if market == "network":
        table["network"] = NETWORK | table["network"]
    table["group"] = [
        group | ({"fairness": OFFSET | group.get("fairness", {})} if group["kind"] == "aggregator" else {})
        for group in table["group"]
    ]

    def scaled(value, path, table):
        unit = _unit(keys[path], table) if path in keys else NO_UNIT
        if unit != NO_UNIT:
            return _times(value, unit, energy, money)
        if isinstance(value, dict):
            return {name: scaled(part, f"{path}.{name}" if path else name, value) for name, part in value.items()}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [scaled(part, path, part) for part in value]
        return value

    return scaled(table, "", table)


def _unit(keys, table):
    """The unit of a key that several rules may have: that of the rule its table names."""
    rule = table.get("rule", table.get("form"))
    key = next((key for key in keys if rule in (key.when or ())), keys[0])
    if key.unit == POWER:
        return (-1 - table["k"], 1)
    return PAIR if key.unit == PAIR else UNITS.get(key.unit, NO_UNIT)


def _times(value, unit, energy, money):
    if unit == PAIR:
        return [value[0] * money / energy, value[1] * energy]
    factor = energy ** unit[0] * money ** unit[1]
    if isinstance(value, dict) and "lognormal" in value:
        middle, width = value["lognormal"]
        return {"lognormal": [middle + math.log(factor), width]}
    return _multiplied(value, factor)


def _multiplied(value, factor):
    if isinstance(value, dict):
        return {name: _multiplied(part, factor) for name, part in value.items()}
    if isinstance(value, list):
        return [_multiplied(part, factor) for part in value]
    return value if isinstance(value, (str, bool)) else value * factor
