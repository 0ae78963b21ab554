"""What the server was started with; `serve` sets it before the first visitor comes."""

from dataclasses import dataclass
from pathlib import Path

from scenarios import Scenario


@dataclass
class Options:
    """start: the scenario shown first, or None; results: the only folder that stored runs are opened from."""

    start: Scenario | None = None
    results: Path = Path("results")


OPTIONS = Options()
