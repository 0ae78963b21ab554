"""Days on few streets: verdicts as expected, tables and pictures, and the streets' numbers by another road."""

import json

import numpy as np
import pandas as pd
import pytest

from papers import claim_line, reproduce, texts
from papers.days import cells
from papers.days.cells import DESIGNS, HOMES, Batteries, Street


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(Claims, folder) of the reproduction on few streets, fair aggregators after a few rounds."""
    out = tmp_path_factory.mktemp("days")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "LEAST_DRAWS", 1)
        patch.setattr(cells, "FAIR_ROUNDS", 4)
        claims = reproduce(["days"], out, 1, progress=False, workers=1)
    return claims, out


def test_claims_come_out_as_expected(made):
    claims, _ = made
    assert len(claims) == 27
    assert [claim_line(claim) for claim in claims if claim.verdict != claim.expected] == []
    assert all(claim.reason for claim in claims if claim.expected == "fail")
    assert {claim.figure for claim in claims} == {"days"}


def test_the_folder_holds_data_pictures_table_and_manifest(made):
    folder = made[1] / "reproduce/days"
    manifest = json.loads((folder / "manifest.json").read_text())
    data, pictures = {"storage.csv", "streets.csv", "batteries.csv"}, {"storage.png", "orderings.png"}
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


def test_gains_are_those_of_two_streets(made):
    rows = pd.read_csv(made[1] / "reproduce/days/batteries.csv")
    (row,) = rows[(rows["share"] == 0.5) & (rows["homes with"] == "nothing")].to_dict("records")
    now, was = (Batteries(0, share).answer() for share in (0.5, 0.0))
    who = ~(now.solar | now.battery | now.car)
    assert row["homes"] == who.sum()
    assert row["gain"] == pytest.approx((now.has[who].sum() - was.has[who].sum()) / who.sum())
    assert row["peak"] == pytest.approx(now.peak / was.peak)
