"""Linear price c Y, the paper's."""

from dataclasses import dataclass, field

from market.prices.affine import Affine


@dataclass(frozen=True)
class Linear(Affine):
    """Price c Y (Li, Motoki, Zhang, section IV-A, with c = 0.001), c > 0 in money per unit².

    >>> Linear(c=0.001).value(1000.0)
    1.0
    """

    p0: float = field(default=0.0, init=False)
