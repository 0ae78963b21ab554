"""The privacy ledger: who tells whom which numbers, while matching and while negotiating."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Knowledge:
    """A line of a privacy ledger: who tells whom which numbers, and when."""

    sender: str
    receiver: str
    numbers: str
    when: str


MATCHING_LEDGER = {  # by how contracts come about
    "optimal": (
        Knowledge("buyer", "the platform", "its demand and what each seller's energy is worth to it", "before"),
        Knowledge("seller", "the platform", "its supply and the least it takes", "before"),
        Knowledge("the platform", "each agent", "its partners and quantities", "before"),
    ),
    "auction": (
        Knowledge("seller", "every buyer", "its present price", "in each round of bids"),
        Knowledge("buyer", "the seller it bids for", "its bid, a price", "in each round of bids"),
    ),
    "given": (),
}
