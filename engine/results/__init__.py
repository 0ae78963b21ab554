"""What the engine knows of each market: its results, its measures, what scenarios of a comparison share."""

from engine.results import aggregator, bilateral, designs, microgrid

# Each has RESULT, MEASURES {name: unit}, HEADLINE (measures of a table on the terminal), and the functions
# stepped(model, certify) and solved(game, certify): facts of a RESULT; measured(part): (measures, arrays by agent) of a
# result, or of one of its parts where it has several;
# memory(scenario): {key: bytes that a run may need}, kept(scenario): bytes a comparison keeps of it;
# shared(games): names of what all games have in common; agents_table(agents): a comparison's agents as a table or None.
MARKETS = {"aggregator": aggregator, "microgrid": microgrid, "bilateral": bilateral, "designs": designs}


def units(scenario):
    """{measure: unit} of a scenario's runs as a sweep has them, `design: measure` where it compares designs."""
    return _each(scenario.designs, MARKETS[scenario.market].MEASURES)


def headline(scenario):
    """The measures of a sweep that are drawn where none are asked for."""
    measures = designs.DRAWN if scenario.designs else MARKETS[scenario.market].HEADLINE
    return tuple(_each(scenario.designs, dict.fromkeys(measures)))


def measured(result):
    """{measure: value} of one run, in the order of `units`."""
    market = MARKETS[result.scenario.market]
    found = {name: market.measured(part)[0] for name, part in result.parts.items()}
    if not result.scenario.designs:
        return found[result.scenario.name]
    return {f"{name}: {measure}": value for name, values in found.items() for measure, value in values.items()}


def _each(names, measures):
    """Measures of each design by name, or as they are where there are no designs."""
    if not names:
        return measures
    return {f"{name}: {measure}": unit for name in names for measure, unit in measures.items()}
