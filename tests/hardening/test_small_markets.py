"""What a direct solution denies, no search by replies finds: 2,000 kinked markets, 500 of two players at smooth prices.

All of them by `make nightly`, a share in the usual suite. A failure names the number;
`market(number, KINKED or SMOOTH, …)` is the game.
"""

import pytest

from market.aggregator.equilibrium import solve
from tests.hardening.cases import chunks, named
from tests.market.small_markets import KINKED, SMOOTH, crossings, denied, market, settled


def trouble(numbers, kinds, players):
    """(number, what is denied) of every market in which an equilibrium that the direct solution denies was found."""
    found = []
    for number in numbers:
        game = market(number, kinds, players)
        profiles = settled(game, 3, number) + (crossings(game) if game.players == 2 else [])
        found.append((number, denied(solve(game), profiles)))
    return [(number, said) for number, said in found if said]


@pytest.mark.parametrize("numbers", chunks(2000, 10), ids=named)
def test_no_kinked_market_denies_an_equilibrium(numbers):
    assert trouble(numbers, KINKED, (1, 4)) == []


@pytest.mark.parametrize("numbers", chunks(500, 5), ids=named)
def test_no_market_of_two_players_denies_an_equilibrium(numbers):
    assert trouble(numbers, SMOOTH, (2, 2)) == []
