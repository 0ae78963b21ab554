"""What the engine knows of each market: its results, its measures, what scenarios of a comparison share."""

from engine import aggregator, bilateral, microgrid

# Each has RESULT, MEASURES {name: unit}, HEADLINE (measures of a table on the terminal), and the functions
# stepped(model, certify) and solved(game, certify): facts of a RESULT; measured(result): (measures, arrays by agent);
# shared(games): names of what all games have in common; agents_table(agents): a comparison's agents as a table or None.
MARKETS = {"aggregator": aggregator, "microgrid": microgrid, "bilateral": bilateral}
