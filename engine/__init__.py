"""Run many: one run, comparisons on the same users, stored results and their verification."""

import scenarios  # noqa: F401 (which looks whether the packages are this project's, before the next import)
from market.on_demand import names_of

__version__ = "0.4.0"  # of the whole project, said here alone

PLACES = {  # each is imported when first asked for
    "ArchiveError": "engine.unpacking",
    "Certified": "engine.certifying",
    "Cluster": "engine.cluster",
    "ClusterError": "engine.cluster",
    "Comparison": "engine.comparing",
    "Executor": "engine.executors",
    "ExecutorError": "engine.executors",
    "FolderError": "engine.verifying",
    "Here": "engine.executors",
    "InProcess": "engine.executors",
    "PluginError": "engine.plugins",
    "Points": "engine.sweeps.points",
    "Result": "engine.results.result",
    "SweepError": "engine.sweeps.sweep_folder",
    "TooLarge": "engine.limits",
    "TooLong": "engine.pace",
    "archive": "engine.archiving",
    "certify": "engine.certifying",
    "choose": "engine.choosing",
    "chosen": "engine.choosing",
    "compare": "engine.comparing",
    "distribution": "engine.results",
    "plug": "engine.plugins",
    "run": "engine.running",
    "save_chosen": "engine.store",
    "save_comparison": "engine.store",
    "save_result": "engine.store",
    "sweep": "engine.sweeps.sweeping",
    "verify": "engine.verifying",
}
__all__ = list(PLACES)
__getattr__, __dir__ = names_of(PLACES)
