"""Replications solved side by side have the bits of each alone."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from engine import InProcess, run, sweep
from engine.results import all_measured
from engine.running import are_side_by_side, solved_together
from engine.sweeps import sweeping
from engine.sweeps.points import product
from market.aggregator import side_by_side
from market.brackets import brent, brents_points
from market.errors import Refused
from market.prices.affine import Affine
from market.searches import together
from scenarios import draw, load

DRAWN = 'utility = { form = "quadratic", a = { uniform = [0.1, 0.9] }, b = { uniform = [0, 10] } }'
USERS = f'{{ name = "users", kind = "direct", users = 9, {DRAWN} }}'
LARGE = f'{{ name = "large", kind = "large", users = 1, {DRAWN} }}'
PRICES = {
    "linear": 'price = { rule = "linear", c = 0.02 }',
    "affine": 'price = { rule = "affine", p0 = 3.0, c = 0.3 }',
    "steep": 'price = { rule = "linear", c = 1e6 }',
    "nobody is served": 'price = { rule = "affine", p0 = 11.0, c = 1.0 }',
    "in other units": 'price = { rule = "linear", c = 2e-14 }',
}


def scenario(price, groups=USERS, seed=1):
    return load(f'market = "aggregator"\nseed = {seed}\n{price}\ngroup = [{groups}]')


def bits(value):
    """A value in which numbers that differ in any bit differ."""
    if isinstance(value, dict):
        return {key: bits(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [bits(one) for one in value]
    return np.asarray(value).tobytes() if isinstance(value, np.ndarray | float) else value


def told(result):
    outcome, equilibria = result.outcome, result.equilibria
    facts = [vars(one) for one in (outcome, *equilibria)]
    return bits([facts, result.summary(users=True), all_measured(result), result.warnings, result.unique])


@pytest.mark.share
@pytest.mark.parametrize("price", PRICES.values(), ids=PRICES)
@pytest.mark.parametrize("groups", [USERS, f"{USERS}, {LARGE}", f"{LARGE}, {USERS}"], ids=["users", "last", "first"])
def test_replications_have_the_bits_of_each_alone(price, groups):
    market = scenario(price, groups)
    assert are_side_by_side(market)
    results = solved_together(market, range(15))
    assert sum(result is not None for result in results) >= 14
    for replication, result in enumerate(results):
        alone = run(market, replication=replication, direct=True)
        assert result is None or told(result) == told(alone)


def test_more_users_than_one_piece_holds(monkeypatch):
    monkeypatch.setattr(side_by_side, "USERS_AT_ONCE", 25)
    market = scenario(PRICES["linear"])
    results = solved_together(market, [5, 3, 8])
    assert [told(one) for one in results] == [told(run(market, replication=k, direct=True)) for k in (5, 3, 8)]


@pytest.mark.parametrize(
    "market",
    [
        "two_aggregators",
        "two_equilibria",
        scenario('price = { rule = "power", c = 0.02, k = 2.0 }'),
        "eight_nodes_ad_hoc",
    ],
    ids=["aggregators", "kinks", "curved", "another market"],
)
def test_other_markets_are_solved_one_by_one(market):
    assert not are_side_by_side(load(market))


def rows_of(folder):
    with open(folder / "runs.csv", newline="") as file:
        return list(csv.DictReader(file))


class OneByOne(InProcess):
    """Hands over single jobs."""

    task_seconds = 0.0


def test_a_sweep_has_the_rows_of_runs_one_by_one(tmp_path, monkeypatch):
    market, points = scenario(PRICES["linear"]), product(["price.c=0.01,0.02", "group.0.kind=direct,aggregator"])
    asked = []
    monkeypatch.setattr(sweeping, "solved_together", lambda *given: asked.append(given) or solved_together(*given))
    options = {"replications": 6, "direct": True, "progress": False, "by": (), "keep_users": True}
    one_by_one = sweep(market, points, out=tmp_path / "one", executor=OneByOne(), **options)
    assert not asked
    place = InProcess()
    place.task_seconds = 1e9  # all that is left after the first
    at_once = sweep(market, points, out=tmp_path / "all", executor=place, **options)
    assert len(asked) == 2 and all(len(replications) >= 4 for _, replications in asked)
    assert rows_of(at_once) == rows_of(one_by_one)
    for users in sorted((one_by_one / "users").iterdir()):
        assert (at_once / "users" / users.name).read_bytes() == users.read_bytes()


def test_what_is_not_proven_at_once_is_run_alone(tmp_path, monkeypatch):
    market, points = scenario(PRICES["linear"]), product(["price.c=0.01"])
    options = {"replications": 5, "direct": True, "progress": False}
    place = InProcess()
    place.task_seconds = 1e9
    expected = rows_of(sweep(market, points, out=tmp_path / "one", executor=place, **options))
    monkeypatch.setattr(side_by_side, "CERTIFIED_GAP", -1.0)
    assert solved_together(market, [0, 1]) == [None, None]
    assert rows_of(sweep(market, points, out=tmp_path / "two", executor=place, **options)) == expected


@pytest.mark.parametrize(
    ("error", "told"),
    [(TypeError("a wrong call"), "TypeError: a wrong call"), (Refused("some draw"), ""), (MemoryError(), "")],
    ids=["fault", "refusal", "memory"],
)
def test_a_fault_of_solving_together_is_told_and_what_a_run_alone_may_not_meet_is_run_alone(
    error, told, tmp_path, monkeypatch
):
    def faulty(*given):
        raise error

    monkeypatch.setattr(sweeping, "solved_together", faulty)
    place = InProcess()
    place.task_seconds = 1e9
    options = {"replications": 5, "direct": True, "progress": False, "executor": place}
    rows = rows_of(sweep(scenario(PRICES["linear"]), product(["price.c=0.01"]), out=tmp_path, **options))
    assert (rows[0]["status"], rows[0]["error"]) == ("solved", "")
    assert {row["error"] for row in rows[2:]} == {told}  # the second tells how many are worth a task
    assert {row["status"] for row in rows[2:]} == {"error" if told else "solved"}


class Flat(Affine):
    """A price that nobody moves, to which Newton's method has no answer."""

    def supply(self, price):
        return np.where(price >= self.p0, np.inf, 0.0)


def test_a_flat_price_is_left_to_the_search_that_knows_it():
    games = [replace(draw(scenario(PRICES["linear"]), k).game, price=Flat(p0=2.0, c=0.0)) for k in range(2)]
    assert side_by_side.are_side_by_side(games[0])
    assert side_by_side.solve_all(games) == [None, None]


def test_searches_of_different_lengths_end_each_where_it_would_alone():
    shifts = np.linspace(0.1, 5.0, 7)

    def shifted(points, which):
        return [x**3 - shifts[k] for x, k in zip(points.tolist(), which, strict=True)]

    found = together([brents_points(0.0, 2.0 + shift) for shift in shifts], shifted)
    assert found == [brent(lambda x, s=shift: x**3 - s, 0.0, 2.0 + shift) for shift in shifts]
