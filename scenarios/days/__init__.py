"""The aggregator market over the periods of a day: its keys, and what is drawn from them."""
