"""A market as a parallel environment of PettingZoo: everybody acts at once, a step is a round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from environments.contracts import Contracts
from environments.days import DayRounds
from environments.purchases import Purchases
from scenarios import load
from scenarios.reading.errors import Place, one_of, quoted

try:
    from gymnasium.spaces import Box
    from pettingzoo import ParallelEnv
except ImportError:  # optional: it is said when an environment is asked for
    Box, ParallelEnv = None, object

TABLES = {"aggregator": Purchases, "network": Purchases, "days": DayRounds, "bilateral": Contracts}  # by market


def pettingzoo_env(name, horizon=50, seed=None, *, set=(), certify_every=0):
    """The ParallelEnv of a scenario (name, path or Scenario), horizon rounds long; `set` and seed as in `run`.

    certify_every: rounds between two whose `info` tells the gap, the last round's too; 0: none does. Raises ImportError
    without PettingZoo, and scenarios.ScenarioError for a market that is none of TABLES or cannot be played.
    """
    if Box is None:
        raise ImportError("pettingzoo: it is not installed; pip install pettingzoo gymnasium is needed")
    scenario = load(name, seed=seed, set=set)
    table = TABLES.get(scenario.market)
    if table is None:
        place = Place(scenario.name, Path()).at("market")
        raise place.error(f"got {quoted(scenario.market)}", f"{one_of(TABLES)} is needed")
    return MarketEnv(table(scenario, horizon), horizon, certify_every)


class MarketEnv(ParallelEnv):
    """Players of a market who act on numbers from 0 to 1 each round (docs/pettingzoo.md).

    table: what is played, one of TABLES; after an episode the same market begins anew.
    """

    def __init__(self, table, horizon, certify_every=0):
        self.table, self.horizon, self.certify_every = table, horizon, certify_every
        self.metadata = {"name": table.scenario.name, "render_modes": ["rgb_array"], "is_parallelizable": True}
        self.render_mode = "rgb_array"
        self.possible_agents, self.agents = list(table.names), []
        low, high = (np.asarray(bounds, dtype=np.float32) for bounds in table.bounds)
        self.observation_spaces = {name: Box(low, high, dtype=np.float32) for name in table.names}
        self.action_spaces = {name: Box(0.0, 1.0, (table.actions,), dtype=np.float32) for name in table.names}

    def observation_space(self, agent):
        """What an agent observes: numbers in the order of the table's `observed`."""
        return self.observation_spaces[agent]

    def action_space(self, agent):
        """What an agent can do: shares of the most it may ask for."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None):
        """Begin anew; seed: of what chance decides within a market, None: the scenario's.

        options: {"replication": k}: other users of the scenario's; whatever else is in it does not matter.
        """
        self.table.begin(seed, (options or {}).get("replication"))
        self.agents = list(self.possible_agents)
        return self._observations(), self._infos()

    def step(self, actions):
        """Play one round; raises ValueError for an action that is no number from 0 to 1, or not one a period."""
        if not self.agents:
            return {}, {}, {}, {}, {}
        shares = np.array([_shares(name, actions, self.table.actions) for name in self.agents])
        self.table.play(shares if self.table.actions > 1 else shares[:, 0])
        over = self.table.over
        late = self.table.round >= self.horizon and not over
        rewards = dict(zip(self.agents, map(float, self.table.rewards), strict=True))
        ends = [dict.fromkeys(self.agents, bool(end)) for end in (over, late)]
        told = self._observations(), rewards, *ends, self._infos()
        if over or late:
            self.agents = []
        return told

    def gap(self):
        """How far the present round is from an equilibrium or stable prices, as in `run`; None before the first."""
        return self.table.gap

    def render(self):
        """The picture of the run so far as an array (height, width, 3); None before the first round."""
        figure = self.table.picture()
        if figure is None:
            return None
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()

    def close(self):
        """Nothing is held."""

    def _observations(self):
        rows = np.asarray(self.table.observations, dtype=np.float32)
        spaces = (self.observation_spaces[name] for name in self.agents)
        return {
            name: np.clip(row, space.low, space.high)
            for name, row, space in zip(self.agents, rows, spaces, strict=True)
        }

    def _infos(self):
        infos = dict(zip(self.agents, self.table.infos, strict=True))
        if self._is_due():
            for info in infos.values():
                info["gap"] = self.gap()
        return infos

    def _is_due(self):
        played, every = self.table.round, self.certify_every
        return bool(every and played and (played % every == 0 or played >= self.horizon or self.table.over))


def _shares(name, actions, count):
    """The action of an agent as so many numbers from 0 to 1."""
    given = np.asarray(actions[name], dtype=float).ravel()
    if given.size != count or not np.all((given >= 0) & (given <= 1)):
        needed = "one number from 0 to 1 is" if count == 1 else f"{count} numbers from 0 to 1, one a period, are"
        raise ValueError(f"{name}: got the action {actions[name]!r}; {needed} needed")
    return given
