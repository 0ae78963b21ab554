"""The browser: watch and steer all three markets. Nothing but `run.py serve` imports this package."""
