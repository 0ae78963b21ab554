"""The aggregator game on a network: players buy and sell at nodes whose prices lines keep apart."""
