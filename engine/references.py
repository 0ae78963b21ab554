"""What a run is held against: the same users and draws in other markets, played by the same engine."""

from __future__ import annotations

from engine.results import results_of
from engine.running import run
from scenarios.scenario import Scenario


def references(scenario: Scenario, replication: int = 0) -> dict:
    """{what the other market is called: its Result without a proof}, as the scenario's market chooses them.

    One that is solved without rounds has its proof: else it might be no equilibrium at all.
    """
    others = results_of(scenario.market).against(scenario)
    return {
        name: run(other.scenario, replication=replication, direct=other.direct, certify=other.direct)
        for name, other in others.items()
    }
