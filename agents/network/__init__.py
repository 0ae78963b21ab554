"""The aggregator market on a network as Mesa agents: players who decide, nodes, lines and generators to be seen."""
