"""Who signed with whom: contracts between buyers and sellers, wide where much energy flows, coloured by price."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection

from market.numerals import plain
from market.on_demand import later
from views.bilateral import look
from views.style import BLACK, edges, finite, legend_below, new_figure, styled

sparse = later("scipy.sparse")  # to import it from SciPy would load that

MOST_A_SIDE = 60  # drawn one by one; contracts of more agents are dots of price against quantity
MOST_SAID = 26  # rows that have room for numbers beside the agents
SWEEPS = 8  # of ordering each side by the middle of its partners, then of changing neighbours
POINTS = 72  # in an inch


@styled
def contract_graph(outcome, title="", numbers=None):
    """The contracts of a ClosedPeriod; numbers: (of buyers, of sellers) where they are not 0, 1, 2 …

    Few agents stand in two columns, joined where they have a contract, high prices on top and agents without contract
    pale at the bottom. Of many agents every contract is a dot of price against quantity over its core interval.
    """
    market = outcome.market
    contracts = outcome.contracts | {name: finite(outcome.contracts[name]) for name in ("price", "quantity")}
    if max(market.buyers, market.sellers) > MOST_A_SIDE:
        return _many(outcome, contracts, title)
    places = positions(contracts, market.buyers, market.sellers)
    rows = max(max(len(side), 1) for side in places)
    rows = max(rows, *(int(np.max(side, initial=0)) + 1 for side in places))
    height = float(np.clip(1.9 + 0.36 * rows, 5.0, 17.0))
    figure, axes = new_figure(width=10.5, height=height)
    gap = (height - 1.9) * POINTS / rows  # between rows, in points
    drawn = _contracts(axes, contracts, places, gap)
    numbers = (range(market.buyers), range(market.sellers)) if numbers is None else numbers
    for side, place in enumerate(places):
        _agents(axes, outcome, side, place, numbers[side], gap, rows)
    if market.buyers and market.sellers and len(outcome.contracts["price"]):
        figure.colorbar(drawn, ax=axes, label=look.PRICE, pad=0.02, aspect=35)
    _column_heads(axes, rows)
    for side, (place, word) in enumerate(zip(places, ("buyers", "sellers"), strict=True)):
        if not len(place):
            axes.text(side, rows / 2 - 0.5, f"no {word}", ha="center", va="center", color="#555555")
    figure.suptitle((title + "\n" if title else "") + look.contracts_said(outcome), x=0.02, ha="left", fontsize=16)
    return figure


def positions(contracts, buyers, sellers):
    """Places from the top of buyers (m,) and of sellers (n,), such that contracts cross little.

    Groups of agents joined by contracts follow one another from the highest price down, in each group both sides are
    ordered by the middle of their partners; whoever has no contract comes last.
    """
    i, j, price = contracts["buyer"], contracts["seller"], contracts["price"]
    size = buyers + sellers
    joined = sparse.coo_array((np.ones(len(i)), (i, j + buyers)), shape=(size, size))
    _, group = sparse.csgraph.connected_components(joined, directed=False)
    busy = np.unique(group[i])
    mean = {one: float(np.mean(price[group[i] == one])) for one in busy}
    places, top = (np.zeros(buyers), np.zeros(sellers)), 0
    for one in sorted(mean, key=lambda one: -mean[one]):
        mine = group[i] == one
        sides = _ordered(i[mine], j[mine], price[mine])
        rows = max(map(len, sides))
        for place, members in zip(places, sides, strict=True):
            place[members] = top + (np.arange(len(members)) + 0.5) * rows / len(members) - 0.5
        top += rows
    for place, ends in zip(places, (i, j), strict=True):
        idle = np.setdiff1d(np.arange(len(place)), ends)
        place[idle] = top + np.arange(len(idle))
    return places


def _ordered(i, j, price):
    """(Buyers, sellers) of a group, each from the top, so that contracts cross little, high prices rather on top.

    Starts from the slowest wave over the group (its Fiedler vector), then each side follows the middle of its partners,
    then neighbours change places.
    """
    ends = i, j
    sides = [np.unique(side) for side in ends]
    wave = _wave(sides, ends)
    if np.sum((price - price.mean()) * wave[0][np.searchsorted(sides[0], i)]) > 0:
        wave = [-values for values in wave]
    sides = [side[np.argsort(values, kind="stable")] for side, values in zip(sides, wave, strict=True)]
    for sweep in range(SWEEPS):
        mine, theirs = (0, 1) if sweep % 2 == 0 else (1, 0)
        rank = _ranks(sides[theirs])
        middle = [np.mean([rank[other] for other in ends[theirs][ends[mine] == agent]]) for agent in sides[mine]]
        moved = list(sides)
        moved[mine] = sides[mine][np.argsort(middle, kind="stable")]
        if crossings(moved, ends) <= crossings(sides, ends):
            sides = moved
    return _swapped(sides, ends)


def _wave(sides, ends):
    """The second eigenvector of the group's Laplacian, a list of values of buyers and of sellers."""
    few = len(sides[0])
    rows, columns = np.searchsorted(sides[0], ends[0]), few + np.searchsorted(sides[1], ends[1])
    joined = np.zeros((few + len(sides[1]),) * 2)
    joined[rows, columns] = joined[columns, rows] = 1.0
    wave = np.linalg.eigh(np.diag(joined.sum(axis=1)) - joined)[1][:, 1]
    return [wave[:few], wave[few:]]


def _swapped(sides, ends):
    """The sides after neighbours changed places wherever fewer contracts cross then."""
    least = crossings(sides, ends)
    for sweep in range(2 * SWEEPS):
        side, before = sides[sweep % 2], least
        for k in range(len(side) - 1):
            side[[k, k + 1]] = side[[k + 1, k]]
            now = crossings(sides, ends)
            if now < least:
                least = now
            else:
                side[[k, k + 1]] = side[[k + 1, k]]
        if not least or (sweep % 2 and least == before):
            break
    return sides


def crossings(sides, ends):
    """How many pairs of contracts cross; sides: agents of each side from the top; ends: of the contracts, (k,) each."""
    x, y = (np.array([rank[agent] for agent in end]) for rank, end in zip(map(_ranks, sides), ends, strict=True))
    return int(np.sum((x[:, None] < x) & (y[:, None] > y)))


def _ranks(agents):
    return {agent: place for place, agent in enumerate(agents.tolist())}


def _contracts(axes, contracts, places, gap):
    """Lines between partners; returns what the colour bar shows."""
    quantity, price = contracts["quantity"], contracts["price"]
    ends = zip(places[0][contracts["buyer"]], places[1][contracts["seller"]], strict=True)
    segments = [((0, here), (1, there)) for here, there in ends]
    most = max(float(np.max(np.nan_to_num(quantity), initial=0.0)), np.finfo(float).tiny)
    widest = min(0.62 * gap, 13.0)
    shades = look.price_scale(price)
    lines = LineCollection(segments, cmap=look.PRICES, norm=shades, capstyle="round", label="contracts", zorder=2)
    lines.set_array(price)
    lines.set_linewidths(0.8 + (widest - 0.8) * quantity / most)
    axes.add_collection(lines)
    apart = len(np.unique(contracts["buyer"])) == len(price) == len(np.unique(contracts["seller"]))
    if apart and gap >= POINTS / 5:
        for (_, here), q, p in zip((segment[0] for segment in segments), quantity, price, strict=True):
            said = f"{plain(q, 3)} kWh at {look.priced(p)}"
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
            axes.text(0.5, here, said, ha="center", va="center", fontsize=min(12, 0.6 * gap), bbox=box, zorder=4)
    return ScalarMappable(norm=shades, cmap=look.PRICES)


def _agents(axes, outcome, side, place, numbers, gap, rows):
    """Discs with the agents' numbers, pale without contract; beside them what they want or have, and sell it for."""
    contracts, market = outcome.contracts, outcome.market
    ends = contracts["seller" if side else "buyer"]
    energy = market.supply if side else market.demand
    colours = np.where(np.isin(np.arange(len(place)), ends), look.SELLER if side else look.BUYER, look.IDLE)
    across = min(0.86 * gap, 22.0)
    axes.scatter(np.full(len(place), side), place, s=across**2, color=colours, zorder=3)
    for agent, (at, number) in enumerate(zip(place, numbers, strict=True)):
        if across >= 10:
            ink = BLACK if colours[agent] == look.IDLE else "white"
            centre = {"ha": "center", "va": "center_baseline", "fontsize": min(12, 0.55 * across), "zorder": 5}
            axes.text(side, at, str(number), color=ink, **centre)
        if rows <= MOST_SAID:
            said = plain(energy[agent], 3)
            paid = contracts["price"][ends == agent]
            if side and len(paid) > 1 and np.ptp(paid) < 1e-9:
                said += f" at {look.priced(paid[0])}"
            x = side + (0.05 if side else -0.05)
            axes.text(x, at, said, ha="left" if side else "right", va="center", fontsize=11, color="#555555")


def _column_heads(axes, rows):
    for x, word, energy in ((0, "buyers", "kWh wanted"), (1, "sellers", "kWh offered")):
        text = word + (f" ({energy})" if rows <= MOST_SAID else "")
        axes.annotate(text, (x, 1), (0, 4), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center")
    axes.set_xlim(-0.24, 1.34 if rows <= MOST_SAID else 1.2)
    axes.set_ylim(rows - 0.3, -0.7)
    axes.set_axis_off()


def _many(outcome, contracts, title):
    """Price against quantity, a dot a contract over its core interval, and how often each price is agreed."""
    figure, (left, right) = new_figure(
        1, 2, width=12.5, height=7.0, sharey=True, gridspec_kw={"width_ratios": [3.4, 1]}
    )
    quantity, price = contracts["quantity"], contracts["price"]
    bargain = outcome.settlement.bargain
    if outcome.blocks is None and len(price):
        low, high = outcome.core_prices(bargain)
        stable = [((x, a), (x, b)) for x, a, b in zip(bargain.amount, low, high, strict=True) if np.isfinite(a)]
        left.add_collection(LineCollection(stable, colors=look.CORE, linewidths=1.6, label="stable prices", zorder=1))
    gain = finite(contracts["buyer_gain"]) + finite(contracts["seller_gain"])
    known = price[np.isfinite(price)]
    dots = left.scatter(quantity, price, s=22, c=gain, cmap="viridis_r", linewidths=0, zorder=3, label="agreed price")
    if len(price):
        figure.colorbar(dots, ax=right, label="gain of both partners (money)", pad=0.06)
    if len(known):
        right.hist(known, bins=edges(known, 40), orientation="horizontal", color=look.OTHERS)
    left.set_xlabel("energy of the contract (kWh)")
    left.set_ylabel(look.PRICE)
    right.set_xlabel("contracts")
    left.margins(x=0.02, y=0.08)
    idle = [f"{count - len(np.unique(contracts[side])):,} {side}s" for side, count in _counts(outcome).items()]
    grid = f"grid charges {plain(outcome.market.tariff.buy)}, pays {plain(outcome.market.tariff.sell)}"
    said = f"{look.contracts_said(outcome)}\nwithout contract: {' and '.join(idle)}; {grid}"
    figure.suptitle((title + "\n" if title else "") + said, x=0.01, ha="left", fontsize=16)
    legend_below(figure, *left.get_legend_handles_labels(), 2)
    return figure


def _counts(outcome):
    return {"buyer": outcome.market.buyers, "seller": outcome.market.sellers}
