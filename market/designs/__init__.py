"""One population under several market designs: the map to each of them, the accounts, the planner's optimum."""
