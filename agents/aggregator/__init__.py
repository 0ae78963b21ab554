"""Who acts in the aggregator game: the Mesa model and its agents."""
