"""Who joins whom on few draws: verdicts as expected, and tiny markets and microgrids searched by another road."""

import json
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.joining import Moving
from market.microgrid.joining import DIVISIONS, payoffs
from market.microgrid.partitions import LEAST_GAIN, partitions
from market.outcome import CERTIFIED_GAP
from market.utilities import Quadratic
from papers import claim_line, reproduce, texts
from papers.joining import cells

LEAST = Moving().least_gain
FEWER = ("group.welfare.users=40", "group.proportional.users=40")  # rounds try every move


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(Claims, folder) of the reproduction on one draw of each large market."""
    out = tmp_path_factory.mktemp("joins")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "LEAST_DRAWS", 1)
        for market in ("proportional", "payments, floors", "proportional, or alone"):
            scenario, changes = cells.MARKETS[market]
            patch.setitem(cells.MARKETS, market, (scenario, (*changes, *FEWER)))
        claims = reproduce(["who-joins-whom"], out, 3, progress=False, workers=1)
    return claims, out


@pytest.mark.long
def test_claims_come_out_as_expected(made):
    claims, _ = made
    assert len(claims) == 13
    assert [claim_line(claim) for claim in claims if claim.verdict != claim.expected] == []
    assert all(claim.reason for claim in claims if claim.expected == "fail")
    assert {claim.figure for claim in claims} == {"who-joins-whom"}


@pytest.mark.long
def test_the_folder_holds_data_picture_table_and_manifest(made):
    folder = made[1] / "reproduce/who-joins-whom"
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {"large.csv", "tiny.csv", "microgrids.csv", "table.txt", "who_joins_whom.png", "claims.json"}
    assert set(manifest["files"]) == files and manifest["as_expected"]
    (text,) = texts(["who-joins-whom"], made[1])
    assert max(map(len, text.splitlines())) < 120
    assert sum(line.startswith("proportional, or alone") for line in text.splitlines()) == 3


@pytest.mark.long
def test_shares_add_up_and_a_stable_end_leaves_no_gain(made):
    rows = pd.read_csv(made[1] / "reproduce/who-joins-whom/large.csv")
    for (market, _), some in rows.groupby(["market", "replication"]):
        assert some["share"].sum() == pytest.approx(1)
        assert some["buying"].sum() <= 200
        if market.startswith("payments"):
            continue  # who buys nothing has money there
        served = some[some["buying"] > 0]
        total = served["surplus"] * served["buying"] / served["share"]
        np.testing.assert_allclose(total, total.iloc[0], rtol=1e-9)
    assert (rows["stable"] == (rows["largest_gain"] <= LEAST)).all()


def linear_surplus(groups, joining):
    """Surpluses where all aggregators maximise welfare, p = c Y: every set of buyers tried in the linear conditions.

    A user in a group that buys y: b − 2 a x − c Y − c y = 0 where x > 0, else b ≤ c Y + c y.
    """
    a, b, c, users = joining.utility.a, joining.utility.b, joining.price.c, joining.movers
    same = np.zeros((users, users))
    for group in groups:
        same[np.ix_(group, group)] = 1.0
    matrix = np.diag(2 * a) + c * (1 + same)
    for size in range(users + 1):
        for some in combinations(range(users), size):
            x, buys = np.zeros(users), list(some)
            x[buys] = np.linalg.solve(matrix[np.ix_(buys, buys)], b[buys])
            slack = matrix @ x - b
            if np.all(x >= 0) and np.all(np.delete(slack, buys) >= 0):
                return b * x - a * x**2 - c * x.sum() * x
    raise AssertionError("no set of buyers meets the conditions")


def solved_surplus(groups, joining):
    """Surpluses in the game put together user by user; None without an equilibrium."""
    blocks, order = [], []
    for offer, group in zip(joining.offers, groups, strict=True):
        if group:
            utility = Quadratic(joining.utility.a[group], joining.utility.b[group])
            sizes = np.array([len(group)])
            blocks.append(Block(offer.name, "aggregator", utility, offer.alpha, offer.surplus_offset, sizes))
            order += group
    outcome = solve(Game(joining.price, tuple(blocks))).outcome
    found = np.empty(joining.movers)
    found[order] = outcome.s
    return found if outcome.gap <= CERTIFIED_GAP else None


def searched(joining, surplus_of):
    """(Memberships, unsettled, stable ones as a set), one user and one move after the other."""
    found = {}
    for membership in product((0, 1), repeat=joining.movers):
        groups = [[i for i, k in enumerate(membership) if k == number] for number in (0, 1)]
        found[membership] = surplus_of(groups, joining)
    unsettled = sum(values is None for values in found.values())
    stable = set(found)
    for membership, i in product(found, range(joining.movers)) if not unsettled else ():
        after = (*membership[:i], 1 - membership[i], *membership[i + 1 :])
        if found[after][i] - found[membership][i] > LEAST:
            stable.discard(membership)
    return len(found), unsettled, stable


@pytest.mark.share
@pytest.mark.parametrize("number", [*range(8), 22, 29])
def test_tiny_markets_by_games_put_together_user_by_user(number):
    tiny = cells.Tiny(number)
    memberships, unsettled, stable = searched(tiny.joining(), solved_surplus)
    answer = tiny.answer()
    assert answer[:2] == (memberships, unsettled)
    assert unsettled or answer.stable == len(stable)
    assert (unsettled > 0) == (number > 20)


def test_tiny_markets_of_two_welfare_maximisers_by_linear_equations():
    some = [tiny for tiny in cells.tiny(10) if all(offer.alpha == 0 for offer in tiny.joining().offers)]
    counts = [len(searched(tiny.joining(), linear_surplus)[2]) for tiny in some]
    assert [tiny.answer().stable for tiny in some] == counts
    assert 0 in counts and max(counts) > 0


@pytest.mark.share
@pytest.mark.parametrize("division", DIVISIONS)
@pytest.mark.parametrize("number", [0, 6, 18, 35])
def test_microgrids_by_comparing_all_pairs_of_partitions(number, division):
    """A move is a pair of partitions alike but for one agent, who is alone after it or has a line to its new group."""
    grid = cells.Grid(number, division)
    game, agents = grid.game(), cells.AGENTS
    linked = {frozenset(pair) for pair in zip(game.tail.tolist(), game.head.tolist(), strict=True)}
    group = {
        tuple(labels): [frozenset(np.flatnonzero(labels == labels[i]).tolist()) for i in range(agents)]
        for labels in partitions(agents)
    }
    has = {labels: payoffs(game, np.array(labels), division) for labels in group}

    def moves(now, after, i):
        rest = [j for j in range(agents) if j != i]
        mates = group[after][i] - {i}
        alike = all(group[now][j] - {i} == group[after][j] - {i} for j in rest)
        return alike and (not mates or any(frozenset((i, j)) in linked for j in mates))

    stable = [
        now
        for now in group
        if not any(
            has[after][i] > has[now][i] + LEAST_GAIN and moves(now, after, i)
            for after, i in product(group, range(agents))
        )
    ]
    answer = grid.answer()
    assert (answer.partitions, answer.stable) == (52, len(stable))
    assert answer.together == ((0,) * agents in stable)
    assert stable or not answer.settled


def test_draws_are_the_same_each_time_and_differ_by_number():
    one, same, other = (cells.Tiny(number).joining().utility.b for number in (3, 3, 4))
    assert one.tolist() == same.tolist() != other.tolist()
    assert cells.Grid(3, "equal").game().r.tolist() == cells.Grid(3, "proportional").game().r.tolist()
    assert len(cells.questions(5)) == len(set(cells.questions(5)))
