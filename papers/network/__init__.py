"""The aggregator game on a network: what a thin line does, how often, and numbers that others published."""
