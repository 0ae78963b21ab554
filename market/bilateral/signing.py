"""From a market to the contracts that are negotiated: who signs with whom, one contract an agent or several."""

from market.bilateral.bargain import single_contracts
from market.bilateral.market import MarketError
from market.bilateral.matching import auction, given_matching, optimal_matching
from market.bilateral.transport import multi_contracts

MATCHINGS = {"optimal": optimal_matching, "auction": lambda market: auction(market).partner}
CONTRACTS = ("single", "multi")


def matched(market, matching="optimal"):
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


def signed(market, contracts="single", matching="optimal", block=None):
    """The Bargain of a market: one contract an agent by a matching, or several by the transportation programme.

    block: kWh, several contracts in whole blocks only. Raises MarketError.
    """
    if contracts not in CONTRACTS:
        raise MarketError(f"contracts={contracts!r} is not one of {', '.join(CONTRACTS)}")
    if contracts == "single":
        return single_contracts(market, matched(market, matching))
    if not isinstance(matching, str) or matching != "optimal":
        raise MarketError(f"matching={matching!r}: several contracts an agent are always matched optimally")
    return multi_contracts(market, block)
