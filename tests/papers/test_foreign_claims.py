"""Numbers of other tools: a line each with its reason, and outcomes of theirs judged as closed forms say."""

import numpy as np
import pytest

from papers import claim_line, reproduce, texts
from papers.foreign import reproduction
from papers.network import published


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(Claims, folder); of the rows that `reproduce network` tests, one of another tool and one of our own."""
    out = tmp_path_factory.mktemp("foreign")
    rows = [published._duopoly(), published._data_centre()[0]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "claims", lambda: rows)
        claims = reproduce(["foreign"], out, 1, progress=False, workers=1)
    return claims, out


def test_every_line_comes_out_as_expected_and_says_why_where_it_is_not_reproduced(made):
    claims, out = made
    assert [claim_line(one) for one in claims if one.verdict != one.expected] == []
    assert {one.figure for one in claims} == {"foreign"} and not any("not published" in one.reason for one in claims)
    (text,) = texts(["foreign"], out)
    flat = " ".join(text.split())
    assert "pass foreign ZERO/EPECsolve's duopoly" in flat and "28.27102804" in flat
    assert "AC cost 63352: DC cost 61,001.2. Because: not reproduced, because" in flat


def test_what_price_takers_sell_is_left_by_the_move_of_the_closed_form(made):
    taken = next(one for one in made[0] if "competitive" in one.text).numbers
    # At 0.3 of sun each sells (29 - 1.2) / 9; the best beside it solves 30 - 4 (sun + other) - 8 t = 1 + t.
    q = (29 - 1.2) / 9
    best = (29 - 1.2 - 4 * q) / 9
    profit = [(30 - 4 * (0.3 + q + t)) * t - t - t**2 / 2 for t in (q, best)]
    assert (taken["from"], taken["to"]) == (pytest.approx(q), pytest.approx(best, rel=1e-6))
    assert taken["gain"] == pytest.approx(profit[1] - profit[0], rel=1e-6)
    assert taken["gap"] == pytest.approx((profit[1] - profit[0]) / profit[0], rel=1e-5)
    assert 2 * np.sum(reproduction.COMPETITION) == pytest.approx(15.60)
