"""Parts of users' days; to add one, write a file with a `Part` and add its line here."""

from market.aggregator.days.parts.battery import Battery
from market.aggregator.days.parts.car import Car
from market.aggregator.days.parts.consumption import Consumption
from market.aggregator.days.parts.part import Part
from market.aggregator.days.parts.shift import Shift
from market.aggregator.days.parts.solar import Solar

PARTS = {"consumption": Consumption, "solar": Solar, "battery": Battery, "car": Car, "shift": Shift}

__all__ = ["PARTS", "Battery", "Car", "Consumption", "Part", "Shift", "Solar"]
