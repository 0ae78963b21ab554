"""Markets as environments of PettingZoo, an optional package, for libraries of learners (docs/pettingzoo.md)."""

from environments.environment import pettingzoo_env

__all__ = ["pettingzoo_env"]
