"""Sums over users where all of them belong to one player."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from market.fairness.objective import Scalar


class OnePlayer:
    """Offers what a block of players does, for arrays whose users (last axis) all belong to one player."""

    @staticmethod
    def by_player(ufunc: np.ufunc, values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Reduce an array (…, users) to (…, 1)."""
        return ufunc.reduce(values, axis=-1, keepdims=True)

    @staticmethod
    def to_users(values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """An array (…, 1) broadcasts as it is."""
        return values
