"""What is known of users beside the market's numbers: one number or word each, held as an array."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

WORDS = np.dtypes.StringDType()
MOST_LISTED = 1_000  # words that a file has one by one; a long text is read much faster


class Kept(Sequence):
    """One number or one word a user, as `array`, shape (users,); equal where the values are."""

    def __init__(self, values: Iterable):
        values = np.asarray(values)
        self.array = values.astype(float if values.dtype.kind in "iuf" else WORDS, copy=False)

    @classmethod
    def of(cls, told: str | Iterable) -> Kept:
        """The values that `told` tells."""
        return cls(told.split("\n") if isinstance(told, str) else told)

    def told(self) -> list | str:
        """A list, or a text with a line for each of many words."""
        values = self.array.tolist()
        return values if self.numeric or len(values) <= MOST_LISTED else "\n".join(values)

    @property
    def numeric(self) -> bool:
        """Are they numbers?"""
        return self.array.dtype.kind == "f"

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, at):
        return self.array[at].tolist() if isinstance(at, slice) else self.array[at : at + 1 or None].tolist()[0]

    def __eq__(self, other) -> bool:
        return isinstance(other, Kept) and np.array_equal(self.array, other.array)

    def __hash__(self) -> int:
        return hash((len(self), self.numeric))


def of_all(crowds: Sequence[tuple[int, Mapping[str, Kept]]]) -> dict[str, np.ndarray]:
    """{name: values of all users, shape (users,)} from each group's number of users and what is kept of them.

    Where some groups have numbers and others words, all are words; a user of whom it is not known has NaN or "".
    """
    names = dict.fromkeys(name for _, kept in crowds for name in kept)
    return {name: _joined([(users, kept.get(name)) for users, kept in crowds]) for name in names}


def _joined(parts):
    if len(parts) == 1:
        return parts[0][1].array
    numeric = all(kept.numeric for _, kept in parts if kept is not None)
    blank = np.nan if numeric else ""
    kind = float if numeric else WORDS
    return np.concatenate([np.full(n, blank, kind) if kept is None else _as(kept, numeric) for n, kept in parts])


def _as(kept, numeric):
    return kept.array if numeric or not kept.numeric else as_words(kept.array)


def as_words(numbers: np.ndarray) -> np.ndarray:
    """Numbers as words, the shortest that tell them: whole ones without a point."""
    return np.array([f"{number:.15g}" for number in numbers.tolist()], dtype=WORDS)
