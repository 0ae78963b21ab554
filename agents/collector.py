"""Mesa's data collector, which takes many rounds at once as well."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import mesa
import numpy as np
import pandas as pd

Records = dict[int, dict[type, list[tuple]]]  # {step: {class of agents: rows as Mesa keeps them}}


class Collector(mesa.DataCollector):
    """Keeps rounds played at once as if each had been collected; agents' rows are made when first asked for.

    later: classes of agents who are not asked when a round is collected; their rows come by `fold`.
    """

    def __init__(self, later: Collection[type] = (), **reporters: Any) -> None:
        super().__init__(**reporters)
        self.later = later
        self._folded: list[Callable[[], Records]] = []

    def _record_agenttype(self, model: mesa.Model, agent_type: type) -> Iterable[tuple]:
        return () if agent_type in self.later else super()._record_agenttype(model, agent_type)

    def fold(self, records: Callable[[], Records]) -> None:
        """Take in rows of agents that are made when first asked for."""
        self._folded.append(records)

    def collect_rounds(self, rounds: object, records: Callable[[], Records]) -> None:
        """Take in many rounds: `rounds` is what reporters read in the model's place, its answers by round."""
        for name, reporter in self.model_reporters.items():
            values = getattr(rounds, reporter) if isinstance(reporter, str) else reporter(rounds)
            self.model_vars[name] += list(values) if np.ndim(values) > 1 else plain(values)
        self.fold(records)

    def get_agenttype_vars_dataframe(self, agent_type: type) -> pd.DataFrame:
        """The table of a class of agents, a row a step and agent."""
        for records in self._folded:
            for step, rows in records().items():
                self._agenttype_records[step] = self._agenttype_records.get(step, {}) | rows
        self._folded, self._agenttype_records = [], dict(sorted(self._agenttype_records.items()))
        return super().get_agenttype_vars_dataframe(agent_type)


def plain(values: Any) -> Any:
    """NumPy's numbers as Python's, anything else as it is."""
    return values.tolist() if isinstance(values, np.generic | np.ndarray) else values
