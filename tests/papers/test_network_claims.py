"""Claims about networks on few random pairs, and the closed form of two nodes against the framework's own clearing."""

import json

import numpy as np
import pytest

from market.aggregator.network.direct import solve
from market.aggregator.network.game import NetworkGame
from market.grid.clearing import clear
from market.grid.nodal import nodal_grid
from market.outcome import Status
from papers import claim_line, reproduce, texts
from papers.network import pairs, reproduction, two_nodes
from tests.market.network.test_network_game import users

PAIRS = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(Claims, folder) with few random pairs at each limit and coarser grids."""
    out = tmp_path_factory.mktemp("network")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "PER_REPLICATION", PAIRS)
        patch.setattr(pairs, "FINE", 801)
        patch.setattr(reproduction, "LIMITS", np.array([0.0, 0.3, 0.8]))
        patch.setattr(two_nodes, "AROUND", (0.0, 0.4, 0.707, 0.7083))
        claims = reproduce(["network"], out, 2, progress=False, workers=1)
    return claims, out


@pytest.mark.long
def test_every_row_comes_out_as_expected(made):
    claims, _ = made
    assert len(claims) == 34
    assert [claim_line(claim) for claim in claims if claim.verdict != claim.expected] == []
    failing = [claim for claim in claims if claim.expected == "fail"]
    assert len(failing) == 2 and all(claim.reason for claim in failing)


@pytest.mark.long
def test_the_folder_holds_data_pictures_and_the_table(made):
    folder = made[1] / "reproduce/network"
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {"two_nodes.csv", "solved.csv", "how_often.csv", "table.txt", "claims.json"}
    assert set(manifest["files"]) == files | {"line_capacity.png", "replies.png", "how_often.png"}
    (text,) = texts(["network"], made[1])
    assert max(map(len, text.splitlines())) < 120 and "0.707692" in text


def game_of(pair, limit):
    """A pair as the framework's game."""
    generators = [(0, 0.0, pair.m[0], np.inf), (1, pair.second, pair.m[1], np.inf)]
    grid = nodal_grid("ab", lines=[(0, 1, 1.0, limit)], generators=generators)
    blocks = tuple(users(name, [a], [b], [1], "large") for name, a, b in zip("ab", pair.a, pair.b, strict=True))
    return NetworkGame(grid, blocks, tuple(np.eye(2)), ("network",) * 2)


@pytest.mark.parametrize("limit", [0.0, 0.3, 2.0, 50.0])
def test_prices_in_closed_form_are_those_of_a_clearing(limit):
    rng = np.random.default_rng(3)
    for _ in range(20):
        pair, y = pairs.random_pair(rng), rng.uniform(0.1, 8, 2)
        cleared = clear(game_of(pair, limit).grid, y)
        assert pairs.prices(pair, limit, *y) == pytest.approx(tuple(cleared.prices), abs=1e-9)


def test_pairs_with_and_without_equilibrium_are_told_apart_as_the_direct_solution_does():
    rng, seen = np.random.default_rng(0), set()
    for _ in range(5):  # the last one has none
        pair = pairs.random_pair(rng)
        least, status = pairs.least_regret(pair, 1.0), solve(game_of(pair, 1.0)).status
        if least > pairs.LEAST_REGRET or status is not Status.SOLVED:
            assert status is Status.NOT_FOUND and least > 1e-4
        seen.add(status)
    assert seen == {Status.SOLVED, Status.NOT_FOUND}


def test_the_bound_is_where_the_payoffs_cross():
    share, fill = two_nodes.curves_by_limit(np.array([two_nodes.BOUND - 1e-6, two_nodes.BOUND + 1e-6]))
    assert fill[0] > share[0] and fill[1] < share[1]
    assert pairs.least_regret(pairs.ALIKE, 0.3) > 5e-3 > 1e-4 > pairs.least_regret(pairs.ALIKE, 1.0)
