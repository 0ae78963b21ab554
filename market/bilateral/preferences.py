"""Tastes for sellers: economic, social and environmental preferences from tags with weights."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from market.arrays import Array
from market.bilateral.market import MarketError, check_pairs, floats


def tag_preference(
    weights: Mapping[str, ArrayLike], marks: Mapping[str, ArrayLike], buyers: int, sellers: int
) -> Array:
    """Preference of each buyer for each seller, money per kWh, shape (buyers, sellers): Σ over tags weight × mark.

    weights: by tag, what the tag adds to a kWh's worth, money per kWh, one number or one for each buyer; marks: by tag,
    which sellers bear it, shape (sellers,), or which pairs, shape (buyers, sellers). Raises MarketError.

    >>> tag_preference({"green": [0.02, 0.0], "local": 0.01}, {"green": [1, 0], "local": [[0, 1], [0, 0]]}, 2, 2)
    array([[0.02, 0.01],
           [0.  , 0.  ]])
    """
    shape, total = (buyers, sellers), np.zeros((buyers, sellers))
    for tag, weight in weights.items():
        if tag not in marks:
            raise MarketError(f"tag {tag!r} has a weight but no seller bears it; known: {', '.join(marks) or 'none'}")
        each = floats(f"weight of {tag!r}", weight)
        borne = floats(f"marks of {tag!r}", marks[tag])
        if each.shape not in ((), (buyers,)):
            raise MarketError(f"weight of {tag!r} has shape {each.shape}; one number or {buyers} are needed")
        if borne.shape not in ((sellers,), shape):
            raise MarketError(f"marks of {tag!r} have shape {borne.shape}; ({sellers},) or {shape} is needed")
        total += each.reshape(-1, 1) * borne
    check_pairs("preference", total, np.isfinite(total), "finite")
    return total
