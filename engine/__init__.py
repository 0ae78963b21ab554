"""Run many: one run, comparisons on the same users, stored results and their verification."""

from engine.comparing import Comparison, compare
from engine.results import Result
from engine.running import run
from engine.store import save_comparison, save_result
from engine.verifying import FolderError, verify

__all__ = ["Comparison", "FolderError", "Result", "compare", "run", "save_comparison", "save_result", "verify"]
