"""What the Mesa models of all markets share."""

import mesa


class MarketModel(mesa.Model):
    """A model whose `step` plays one round and does nothing once it has ended; `status` says how it stands."""

    certify = True  # is what is only proof searched for when the run ends?

    def __init__(self):
        super().__init__(rng=0)  # Mesa's own generator is never drawn from

    @property
    def history(self):
        """What the data collector kept as a table, one row a round; the last round's status as it is known by now."""
        table = self.datacollector.get_model_vars_dataframe()
        if len(table) and "status" in table:
            table.loc[table.index[-1], "status"] = self.status
        return table

    def run(self):
        """Step until the run ends; returns the status."""
        while self.running:
            self.step()
        return self.status
