"""Who acts in bilateral contracts: the Mesa model and its agents."""
