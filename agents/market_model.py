"""What the Mesa models of all markets share."""

import mesa


class MarketModel(mesa.Model):
    """A model whose `step` plays one round and does nothing once it has ended; `status` says how it stands."""

    def __init__(self):
        super().__init__(rng=0)  # Mesa's own generator is never drawn from

    def run(self):
        """Step until the run ends; returns the status."""
        while self.running:
            self.step()
        return self.status
