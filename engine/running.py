"""One run: a scenario becomes a model, the model is stepped to its end, the end becomes a result."""

import time
from dataclasses import replace

import mesa
import numpy as np
import pandas as pd

from engine.results import Result
from market.aggregator.equilibrium import solve
from scenarios import build, draw, load


def run(scenario, *, seed=None, replication=0, set=(), rounds=None, direct=False, certify=True, on_round=None):
    """Run a scenario (name, path or Scenario) to its end and return a Result.

    `set` holds "key=value" changes as of the command line; `direct` solves for the equilibrium without rounds;
    without `certify` the gap is not searched; `on_round(model)` is called after every round.
    Raises scenarios.ScenarioError for bad input.
    """
    scenario = load(scenario, set=set, seed=seed, rounds=rounds)
    started = time.perf_counter()
    drawn = draw(scenario, replication)
    facts = _solved(drawn, certify) if direct else _stepped(scenario, replication, drawn, certify, on_round)
    result = Result(scenario=scenario, replication=replication, game=drawn.game, redraws=drawn.redraws, **facts)
    return replace(result, seconds=time.perf_counter() - started)


def _stepped(scenario, replication, drawn, certify, on_round):
    model = build(scenario, replication=replication, drawn=drawn)
    while model.running:
        played = model.round
        model.step()
        if on_round is not None and model.round > played:
            on_round(model)
    gap = model.gap if certify else None
    forget(model)
    return {
        "status": model.status,
        "rounds": model.round,
        "outcome": model.outcome,
        "gap": gap,
        "history": model.datacollector.get_model_vars_dataframe(),
        "quantities": model.trajectory.quantities,
        "surpluses": model.trajectory.surpluses,
        "period": model.period,
        "blame": model.blame,
    }


def _solved(drawn, certify):
    solution = solve(drawn.game, certify)
    return {
        "status": solution.status,
        "rounds": 0,
        "outcome": solution.outcome,
        "gap": solution.outcome.gap if solution.outcome.gap is not None and np.isfinite(solution.outcome.gap) else None,
        "history": pd.DataFrame(),
        "quantities": np.empty((0, drawn.game.users)),
        "surpluses": np.empty((0, drawn.game.users)),
        "direct": True,
        "equilibria": solution.equilibria,
        "unique": solution.unique,
        "continuum": solution.continuum,
    }


def forget(model):
    """Let go of a finished model: Mesa 3.3 keeps every model in a table of its own for ever."""
    getattr(mesa.Agent, "_ids", {}).pop(model, None)
