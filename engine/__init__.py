"""Run many: one run, comparisons on the same users, stored results and their verification."""

from engine.certifying import Certified, certify
from engine.cluster import Cluster, ClusterError
from engine.comparing import Comparison, compare
from engine.executors import Executor, ExecutorError, Here, InProcess
from engine.limits import TooLarge
from engine.pace import TooLong
from engine.results.result import Result
from engine.running import run
from engine.store import save_comparison, save_result
from engine.sweeps.points import Points
from engine.sweeps.sweep_folder import SweepError
from engine.sweeps.sweeping import sweep
from engine.verifying import FolderError, verify

__all__ = [
    "Certified",
    "Cluster",
    "ClusterError",
    "Comparison",
    "Executor",
    "ExecutorError",
    "FolderError",
    "Here",
    "InProcess",
    "Points",
    "Result",
    "SweepError",
    "TooLarge",
    "TooLong",
    "certify",
    "compare",
    "run",
    "save_comparison",
    "save_result",
    "sweep",
    "verify",
]
