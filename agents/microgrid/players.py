"""The agents of a microgrid. Numbers live in the last outcome's arrays; an agent is a view on its row."""

import mesa
from mesa.discrete_space import CellAgent

from market.microgrid.behaviours.ad_hoc import AdHoc


class MicrogridNode(CellAgent):
    """A node with an own surplus or need, on the public grid and perhaps on private lines."""

    def __init__(self, model, number, cell):
        super().__init__(model)
        self.number, self.cell = number, cell

    def _now(self, values):
        return None if values is None else float(values[self.number])

    @property
    def injection(self):
        """What it has (> 0) or needs (< 0), in p.u."""
        return self._now(self.model.network.injection)

    @property
    def put_in(self):
        """What it puts into the public grid, in p.u.; negative: takes out."""
        return self._now(self.model.dispatch and self.model.dispatch.p)

    @property
    def price(self):
        """Price of power at the node, money per p.u., None where the outcome has none."""
        return self._now(self.model.dispatch and self.model.dispatch.prices)

    @property
    def payment(self):
        """Money it receives; negative: pays."""
        outcome = self.model.outcome
        return self._now(outcome and outcome.payments and outcome.payments.agents)

    @property
    def account(self):
        """Money it has received in all periods that are over; negative: paid. None where one has no payments."""
        paid = [outcome.payments for outcome in self.model.outcomes]
        return None if None in paid else float(sum(each.agents[self.number] for each in paid))

    @property
    def gain(self):
        """Money private trade brings it."""
        return self._now(self.model.outcome and self.model.outcome.gains)


class Line(mesa.Agent):
    """A line between two nodes; a flow is positive from tail to head."""

    kind, flows = "", ""

    def __init__(self, model, number):
        super().__init__(model)
        self.number = number

    @property
    def lines(self):
        """All lines of its kind."""
        return getattr(self.model.network, self.kind)

    @property
    def ends(self):
        """Tail and head."""
        return int(self.lines.tail[self.number]), int(self.lines.head[self.number])

    @property
    def flow(self):
        """Power in the middle of the line, in p.u."""
        flows = self.model.dispatch and getattr(self.model.dispatch, self.flows)
        return None if flows is None else float(flows[self.number])

    @property
    def loss(self):
        """Power lost on it, in p.u."""
        return None if self.flow is None else float(self.lines.r[self.number] * self.flow**2)


class PrivateLine(Line):
    """A private line, which its owners load as they like."""

    kind, flows = "private", "g"


class PublicLine(Line):
    """A line of the public grid, which carries what physics puts on it."""

    kind, flows = "public", "f"


class GridOperator(mesa.Agent):
    """Serves all nodes at the tariff, and clears flows, losses and payments."""

    def __init__(self, model):
        super().__init__(model)
        self.outcome = None

    def clear(self, dispatch, most=None):
        """Turn a decision on the private lines into the period's outcome; most: what owners let flow, p.u., or None."""
        model = self.model
        self.outcome = model.market.clear(model.network, dispatch, self.outcome, model.period, most)
        return self.outcome


class Owners(mesa.Agent):
    """All owners of private lines together, who use the lines on offer as their behaviour says, for a whole period.

    Without players of one's own each offers all its lines, and nobody is asked.
    """

    trading = None  # how far ad hoc trade has come, where it goes on over rounds

    def decide(self):
        """The dispatch they choose; whether that is all for the period."""
        model = self.model
        return model.market.dispatch(model.network, model.period, model.most), True


class Neighbours(Owners):
    """Owners who trade line by line, so many trades a round."""

    def __init__(self, model, trades):
        super().__init__(model)
        self.trades, self.trading = trades, None

    def decide(self):
        """The dispatch after the next trades; whether none is left."""
        market, network = self.model.market, self.model.network
        rule: AdHoc = market.behaviour
        if self.trading is None:
            self.trading = rule.start(network)
        tariff = market.tariff_at(self.model.period)
        step = (network, tariff, market.lossy)
        limits = {} if self.model.most is None else {"most": self.model.most}
        self.trading = rule.advance(self.trading, *step, trades=self.trades, **limits)
        over = len(rule.advance(self.trading, *step, trades=1, **limits).trades) == len(self.trading.trades)
        return rule.so_far(self.trading, network, market.grid, tariff, market.lossy, **limits), over
