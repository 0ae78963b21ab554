"""The economics: games, allocations, equilibria and their certificates, as functions on arrays."""

from market.on_demand import later

HEAVY = (
    "clarabel",
    "cvxpy",
    "networkx",
    "pandas",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.special",
    "tqdm",
)

for name in HEAVY:
    later(name)
