"""The aggregator market over the periods of a day as Mesa agents: households with devices, and who decides for them."""
