"""What the Mesa models of all markets share."""

from collections.abc import Sequence
from operator import attrgetter

import mesa
import pandas as pd

from agents.notebook import html_table
from agents.streams import Streams

LONGEST_ANSWER = 80  # characters of an answer that is quoted


class MarketModel(mesa.Model):
    """A model whose `step` plays one round and does nothing once it has ended; `status` says how it stands.

    streams: where its random numbers come from, Mesa's own included.
    """

    promised = None  # the largest gap that the status allows, None where it promises none
    certify = True  # is what is only proof searched for when the run ends?
    numbered = 0  # agents made so far
    gaining: Sequence[str] = ()  # what players of one's own are called by whose decisions a run ended inaccurate

    def __init__(self, streams=None):
        self.streams = Streams() if streams is None else streams
        super().__init__(rng=int(self.streams.of("", "mesa").integers(2**31)))

    def __repr__(self):
        return f"<{type(self).__name__}: {self.status}, round {self.round}>"

    def _repr_html_(self):
        """How it stands, in a few rows."""
        rows = [("status", self.status), ("advice", self.advice), ("round", self.round), ("agents", len(self.agents))]
        return html_table(type(self).__name__, rows)

    def register_agent(self, agent):
        """Take in a new agent, numbered by the model: Mesa 3.3 numbers by a table that keeps every model for ever."""
        if getattr(type(agent), "_ids", {}).pop(self, None) is not None:
            self.numbered += 1
            agent.unique_id = self.numbered
        super().register_agent(agent)

    @property
    def advice(self):
        """What the status means and what a user can do."""
        return self.status.advice

    @property
    def collected(self):
        """What the data collector kept, {name: values by round}; the last round's status as it is known by now."""
        columns = {name: list(values) for name, values in self.datacollector.model_vars.items()}
        if columns.get("status"):
            columns["status"][-1] = self.status
        return columns

    @property
    def history(self):
        """The same as a table, one row a round."""
        return pd.DataFrame(self.collected)

    def play_on(self):
        """Play the next round, or several at once where a model can."""
        self.step()

    def run(self):
        """Play until the run ends; returns the status."""
        while self.running:
            self.play_on()
        return self.status


def attributes(*names):
    """Reporters of agents' attributes that can be pickled: Mesa makes functions of plain names that cannot."""
    return {name: attrgetter(name) for name in names}


def shown(answer):
    """An agent's answer as it is quoted in a message, on one line and not too long."""
    text = " ".join(repr(answer).split())
    return text if len(text) <= LONGEST_ANSWER else f"{text[:LONGEST_ANSWER]} …"
