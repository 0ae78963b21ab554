"""The scenarios that are shipped, each file read once for all tests that go through them."""

from functools import cache

from scenarios import Scenario, load, names


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All of them, in the order of their names."""
    return tuple(map(load, names()))


def names_of(market: str) -> list[str]:
    """Names of a market's scenarios."""
    return [scenario.name for scenario in scenarios() if scenario.market == market]
