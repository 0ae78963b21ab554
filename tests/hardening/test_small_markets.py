"""What a direct solution denies, no search by replies finds: 2,000 kinked markets, 500 of two players at smooth prices.

Of 250 markets of two players all pairs of purchases are looked at, in boxes (tests/market/reply_boxes.py).

All of them by `make nightly`, a share in the usual suite. A failure names the number;
`market(number, KINKED or SMOOTH, …)` is the game.
"""

from dataclasses import replace

import pytest

from market.aggregator.equilibrium import solve
from tests.hardening.cases import chunks, named
from tests.market.reply_boxes import far, held, left
from tests.market.small_markets import (
    KINKED,
    SMOOTH,
    beside,
    cornered,
    crossings,
    denied,
    market,
    settled,
    settled_from,
    sure,
)

STARTS = 4


def trouble(numbers, kinds, players):
    """(number, what is denied) of every market in which an equilibrium that the direct solution denies was found."""
    found = []
    for number in numbers:
        game = market(number, kinds, players)
        profiles = settled(game, 3, number) + (crossings(game) if game.players == 2 else [])
        found.append((number, denied(solve(game), profiles)))
    return [(number, said) for number, said in found if said]


@pytest.mark.parametrize("numbers", chunks(2000, 3), ids=named)
def test_no_kinked_market_denies_an_equilibrium(numbers):
    assert trouble(numbers, KINKED, (1, 4)) == []


@pytest.mark.parametrize("numbers", chunks(500, 2), ids=named)
def test_no_market_of_two_players_denies_an_equilibrium(numbers):
    assert trouble(numbers, SMOOTH, (2, 2)) == []


@pytest.mark.parametrize("numbers", chunks(100, 2), ids=named)
def test_no_corner_of_a_max_min_player_is_denied(numbers):
    """What is beside a corner is no equilibrium, but where the price has a kink too (tests/market/test_corners.py)."""
    for number in numbers:
        game, y = cornered(number)
        profiles = [at for at in beside(y) if sure(game, at)] + crossings(game)
        assert denied(solve(game), profiles) is None, number


@pytest.mark.parametrize("numbers", chunks(250, 2), ids=named)
def test_no_pair_of_purchases_is_overlooked(numbers):
    """No box of purchases away from the equilibria found holds another; where the bounds leave one, replies start."""
    for number in numbers:
        game = market(number, KINKED if number % 2 else SMOOTH, (2, 2))
        solution, boxes = solve(game), left(game)
        if boxes is None:  # too many to say anything
            continue
        known = [outcome.y for outcome in solution.equilibria]
        assert all(held(*boxes, y) for y in known), number
        if solution.unique or solution.status == "no-equilibrium":
            doubtful = far(*boxes, known)
            found = [settled_from(game, y) for y in doubtful[:: max(1, len(doubtful) // STARTS)]]
            assert denied(solution, [y for y in found if y is not None]) is None, number


def test_a_pair_that_a_solution_overlooks_is_found_in_the_boxes():
    """A market with a line of equilibria, of which one is given out as the only one."""
    game = market(7, KINKED, (2, 2))
    solution = solve(game)
    assert solution.continuum
    only = replace(solution, unique=True, equilibria=(solution.outcome,))
    doubtful = far(*left(game), [only.outcome.y])
    found = [settled_from(game, y) for y in doubtful[:: len(doubtful) // STARTS]]
    assert "is one too" in denied(only, [y for y in found if y is not None])
