"""What to study: a TOML file for each scenario, the schema that checks them, the drawing of populations."""

from scenarios.drawn import Drawn
from scenarios.loading import build, draw, load, names, rewritten
from scenarios.model_class import model_class
from scenarios.reading.errors import ScenarioError
from scenarios.scenario import Scenario
from scenarios.show import describe, listing, schema_table

__all__ = [
    "Drawn",
    "Scenario",
    "ScenarioError",
    "build",
    "describe",
    "draw",
    "listing",
    "load",
    "model_class",
    "names",
    "rewritten",
    "schema_table",
]
