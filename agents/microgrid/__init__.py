"""Who acts in the microgrid: the Mesa model and its agents."""
