"""Days on few streets: verdicts as expected, tables and pictures, and the streets' numbers by another road."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from market.aggregator.days.rounds import solve
from papers import claim_line, reproduce, texts
from papers.days import cells, designs_day
from papers.days.cells import DESIGNS, HOMES, Batteries, Street
from papers.days.flexible_days import settled
from scenarios import draw, load


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(Claims, folder) of the reproduction on few streets and one day of designs, fair rounds ended early."""
    out = tmp_path_factory.mktemp("days")
    with pytest.MonkeyPatch.context() as patch:
        for module in (cells, designs_day):
            patch.setattr(module, "LEAST_DRAWS", 1)
        patch.setattr(cells, "FAIR_ROUNDS", 6)
        patch.setattr(cells, "FAIR_TOLERANCE", 0.02)
        claims = reproduce(["days"], out, 1, progress=False, workers=1)
    return claims, out


@pytest.mark.long
def test_claims_come_out_as_expected(made):
    claims, _ = made
    assert len(claims) == 35
    assert [claim_line(claim) for claim in claims if claim.verdict != claim.expected] == []
    assert all(claim.reason for claim in claims if claim.expected == "fail")
    assert {claim.figure for claim in claims} == {"days"}


@pytest.mark.long
def test_the_folder_holds_data_pictures_table_and_manifest(made):
    folder = made[1] / "reproduce/days"
    manifest = json.loads((folder / "manifest.json").read_text())
    data, pictures = {"storage.csv", "streets.csv", "batteries.csv", "designs.csv"}, {"storage.png", "orderings.png"}
    assert set(manifest["files"]) == data | pictures | {"table.txt", "claims.json"}
    assert manifest["as_expected"]
    (text,) = texts(["days"], made[1])
    assert max(map(len, text.splitlines())) < 120


def test_every_design_has_the_same_homes():
    blocks = [Street(3, design).day().blocks for design in DESIGNS]
    first = blocks[0][0].parts
    assert [len(some) for some in blocks] == [1, 2, 2, 2, 2]
    for (homes, *_), alpha in zip(blocks, (0.0, 0.0, 0.0, 1.0, np.inf), strict=True):
        assert homes.users == HOMES
        assert homes.alpha == alpha
        for name, part in homes.parts.items():
            for key, value in vars(first[name]).items():
                np.testing.assert_array_equal(getattr(part, key), value)


def test_without_flexibility_nothing_is_stored_or_shifted():
    parts = Street(0, "direct", flexible=False).day().blocks[0].parts
    assert not any(part.flexible for part in parts.values())


def test_owners_of_few_batteries_are_among_those_of_many():
    few, many = (Batteries(0, share).answer() for share in (0.2, 0.5))
    assert (int(few.battery.sum()), int(many.battery.sum())) == (40, 100)
    assert not np.any(few.battery & ~many.battery)
    np.testing.assert_array_equal(few.solar, many.solar)


@pytest.mark.long
def test_gains_are_those_of_two_streets(made):
    rows = pd.read_csv(made[1] / "reproduce/days/batteries.csv")
    (row,) = rows[(rows["share"] == 0.5) & (rows["homes with"] == "nothing")].to_dict("records")
    now, was = (Batteries(0, share).answer() for share in (0.5, 0.0))
    who = ~(now.solar | now.battery | now.car)
    assert row["homes"] == who.sum()
    assert row["gain"] == pytest.approx((now.has[who].sum() - was.has[who].sum()) / who.sum())
    assert row["peak"] == pytest.approx(now.peak / was.peak)


def test_streets_that_do_not_settle_are_left_out_and_counted():
    rows = pd.DataFrame({"number": [0, 0, 1, 1, 2, 2], "settled": [True, True, True, False, True, True]})
    judged, left = settled(rows)
    assert (judged["number"].tolist(), left) == ([0, 0, 2, 2], 1)


def test_a_settled_end_comes_before_one_that_is_stopped_on_the_way(monkeypatch):
    ends = {"cycling": ("on the way", 0.01), "settled": ("settled", 0.2), "sharp": ("settled", 1e-9), "not tried": None}

    def end(day, start):
        status, gap = ends[start]
        return SimpleNamespace(gap=gap), status

    monkeypatch.setattr(cells, "_end", end)
    for begun, gap in ((["cycling", "settled"], 0.2), (["settled", "sharp", "not tried"], 1e-9)):
        monkeypatch.setattr(cells, "starts", lambda day, begun=begun: begun)
        assert cells._nearest_end(None)[0].gap == gap


def test_hours_by_themselves_are_the_day_where_nobody_is_fair_over_it():
    (day,) = draw(load(designs_day.SCENARIO), 0).game.games[designs_day.PLAIN][1].days
    apart = [solve(hour, certify=False).outcome for hour in designs_day._hours(day)]
    whole = solve(day, certify=False).outcome
    np.testing.assert_allclose(np.sum([hour.s for hour in apart], axis=0), whole.s, rtol=1e-7)
    np.testing.assert_allclose([hour.price[0] for hour in apart], whole.price, rtol=1e-7)
