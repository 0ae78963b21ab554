"""Who acts in one population under several designs: the Mesa model and its agents."""
