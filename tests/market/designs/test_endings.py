"""How designs ended together: the largest gap beside what its design promises."""

import pytest

from market.designs.endings import Ended, gap, promised
from market.outcome import Status


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e3])
def test_designs_together_keep_their_promise_where_each_keeps_its_own(unit):
    """Whatever each promises: what is twice a promise is told as 2, what is half of one as 1/2."""
    kept, broken = Ended(Status.SETTLED, 3, unit, 2 * unit), Ended(Status.SETTLED, 3, 2 * unit, unit)
    none = Ended(Status.SETTLED, 3, 9.0)
    assert gap([kept, none]) == pytest.approx(0.5) and gap([kept]) <= promised([kept, none])
    assert gap([kept, broken, none]) == pytest.approx(2.0) and gap([broken]) > promised([broken])
    assert gap([none]) is promised([none]) is None
