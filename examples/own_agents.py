"""Players of one's own in three markets: a bold aggregator, a stubborn seller, a line owner who refuses to trade."""

from agents import Aggregator, Player, Seller
from scenarios import build


class Bold(Aggregator):
    def decide(self):
        return 1.1 * super().decide()  # a tenth more than is best for it


class Stubborn(Seller):
    def decide(self):
        return max(super().decide() or 0.0, 0.3)  # never content with less


class Refuser(Player):
    def decide(self):
        return False  # nothing flows on its lines


def main(own=({"north": Bold}, {"sellers": {0: Stubborn}}, {"owners": {2: Refuser}})):
    for name, who in zip(("two_aggregators", "p2p_single", "eight_nodes_ad_hoc"), own, strict=True):
        print(f"{name} with {who}: {(model := build(name, rounds=60, players=who)).run()}, gap {model.gap:.2g}")
