"""The aggregator paper: Li, Motoki, Zhang."""
