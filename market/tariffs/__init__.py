"""Tariffs: what users pay beside the market price; to add one, write a file with a `TariffRule` and its line here."""

from market.tariffs.capacity import Capacity
from market.tariffs.carbon import Carbon
from market.tariffs.levied import Collected, Levied, Levy
from market.tariffs.rebate import Rebate
from market.tariffs.tariff import TariffRule
from market.tariffs.tax import Tax
from market.tariffs.terms import Terms
from market.tariffs.time_of_use import TimeOfUse
from market.tariffs.two_part import TwoPart

TARIFFS = {
    "two-part": TwoPart,
    "capacity": Capacity,
    "time-of-use": TimeOfUse,
    "tax": Tax,
    "carbon": Carbon,
    "rebate": Rebate,
}

__all__ = [
    "TARIFFS",
    "Capacity",
    "Carbon",
    "Collected",
    "Levied",
    "Levy",
    "Rebate",
    "TariffRule",
    "Tax",
    "Terms",
    "TimeOfUse",
    "TwoPart",
]
