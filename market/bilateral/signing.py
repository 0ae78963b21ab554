"""From a market to the contracts that are negotiated: who signs with whom, one contract an agent or several."""

from collections.abc import Sequence

from market.arrays import Integers
from market.bilateral.bargain import Bargain, single_contracts
from market.bilateral.market import Market, MarketError
from market.bilateral.matching import auction, given_matching, optimal_matching
from market.bilateral.transport import multi_contracts

MATCHINGS = {"optimal": optimal_matching, "auction": lambda market: auction(market).partner}
CONTRACTS = ("single", "multi")


def matched(market: Market, matching: str | Sequence[int] = "optimal") -> Integers:
    """Seller of each buyer, −1 for none, shape (m,); matching: one of MATCHINGS or a list. Raises MarketError.

    >>> from market.bilateral.market import assignment_game
    >>> matched(assignment_game([[6, 5], [5, 3]]), "auction").tolist()
    [1, 0]
    """
    if not isinstance(matching, str):
        return given_matching(market, matching)
    if matching not in MATCHINGS:
        raise MarketError(f"matching={matching!r} is not one of {', '.join(MATCHINGS)}, or a list")
    return MATCHINGS[matching](market)


def signed(
    market: Market, contracts: str = "single", matching: str | Sequence[int] = "optimal", block: float | None = None
) -> Bargain:
    """The Bargain of a market: one contract an agent by a matching, or several by the transportation programme.

    (docs/bilateral/model.md, Who signs with whom)
    block: kWh, several contracts in whole blocks only. Raises MarketError.
    """
    if contracts not in CONTRACTS:
        raise MarketError(f"contracts={contracts!r} is not one of {', '.join(CONTRACTS)}")
    if contracts == "single":
        return single_contracts(market, matched(market, matching))
    if not isinstance(matching, str) or matching != "optimal":
        raise MarketError(f"matching={matching!r}: several contracts an agent are always matched optimally")
    return multi_contracts(market, block)
