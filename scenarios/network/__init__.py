"""The aggregator market on a network: its keys, and what is drawn from them."""
