"""What to study: a TOML file for each scenario, the schema that checks them, the drawing of populations."""

from scenarios import house

house.check()  # before the first import that may be another project's

from market.on_demand import names_of  # noqa: E402

PLACES = {  # each is imported when first asked for
    "Drawn": "scenarios.drawn",
    "Scenario": "scenarios.scenario",
    "ScenarioError": "scenarios.reading.errors",
    "build": "scenarios.loading",
    "describe": "scenarios.show",
    "draw": "scenarios.loading",
    "listing": "scenarios.finding",
    "load": "scenarios.loading",
    "model_class": "scenarios.mesa_class",
    "names": "scenarios.finding",
    "rewritten": "scenarios.loading",
    "schema_table": "scenarios.show",
}
__all__ = list(PLACES)
__getattr__, __dir__ = names_of(PLACES)
