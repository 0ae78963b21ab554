"""What every tariff offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from market.tariffs.terms import Terms

MONEY = "money/energy"


class TariffRule(ABC):
    """What users pay beside the market price, as Terms; numbers may be one for each period.

    by_period: does it say nothing where there is one period? returned: is it money back, which no other rebate is
    taken from? share: of what the other tariffs bring, handed back to those whom it meets, in equal parts.
    """

    by_period: ClassVar[bool] = False
    returned: ClassVar[bool] = False
    share: float = 0.0

    @abstractmethod
    def terms(self, periods: int) -> Terms:
        """What each user pays over so many periods, a day."""
