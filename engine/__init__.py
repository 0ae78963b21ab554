"""Run many: one run, comparisons on the same users, stored results and their verification."""

from engine.comparing import Comparison, compare
from engine.results import Result
from engine.running import run
from engine.store import save_result
from engine.verifying import verify

__all__ = ["Comparison", "Result", "compare", "run", "save_result", "verify"]
