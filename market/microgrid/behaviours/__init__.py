"""Behaviours of private lines' owners; to add one, write a file with a `Behaviour` subclass and add its line here."""

from market.microgrid.behaviours.ad_hoc import AdHoc
from market.microgrid.behaviours.behaviour import Behaviour
from market.microgrid.behaviours.cooperative import Cooperative
from market.microgrid.behaviours.integrated import Integrated
from market.microgrid.behaviours.none import NoTrade
from market.microgrid.behaviours.self_interested import SelfInterested

BEHAVIOURS = {
    "none": NoTrade,
    "ad-hoc": AdHoc,
    "self-interested": SelfInterested,
    "cooperative": Cooperative,
    "integrated": Integrated,
}

__all__ = ["BEHAVIOURS", "AdHoc", "Behaviour", "Cooperative", "Integrated", "NoTrade", "SelfInterested"]
