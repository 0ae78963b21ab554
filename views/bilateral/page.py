"""What the browser shows of the bilateral market."""

import numpy as np
from matplotlib.colors import to_hex

from engine.results import measured
from engine.results.bilateral import by_claims, by_period, of_agents, welfare
from market.bilateral.endings import TOLERANCE_ROUNDING
from market.bilateral.negotiation import RULES
from market.numerals import plain
from views.bilateral import look
from views.bilateral.contract_graph import MOST_A_SIDE, positions
from views.bilateral.contract_list import contract_list
from views.bilateral.price_rounds import highlighted
from views.bilateral.violation_rounds import LEAST_VIOLATION
from views.kit import periods
from views.kit.charts import DOTS, FADED, HEIGHT, Band, Line, ink, instead, legend, level_of, line_chart, steps, svg
from views.kit.frames import Frame, Panel, Table, tiles_of
from views.kit.live import ANSWERING, gap_text, last_gap
from views.splits import TAB, split_chart
from views.style import BLACK, BLUE, GREEN, GREY, OCHRE, PALETTE, PURPLE

TITLE = "Bilateral contracts"
ABOUT = "Buyers and sellers sign contracts and negotiate their prices peer to peer, until no pair would rather leave."
START = "p2p_single"
MAIN = ("negotiation.rule", "negotiation.relaxation", "negotiation.tolerance", "network.kind", "network.drop")
MAIN += (
    "link_probability",
    "contracts",
    "fair",
    "buyers.count",
    "sellers.count",
    "tariff.buy",
    "tariff.sell",
    "fee",
    "seed",
)
FOLLOWS = False  # can one agent be looked at?
TRACKS = ("violation (share of a contract)", "mean price (money/kWh)", "messages")
SHOWN = ("contracts", "traded", "mean price", "welfare", "buyers' share", "messages")  # of MEASURES
MOST_PAIRS = 4_000_000
ENERGY = {"wanted": (look.BUYER, "-"), "offered": (look.SELLER, "-"), "traded": (BLACK, "--")}
PRICE = {"mean price": (BLACK, "-")}
FAINT = "trade with the grid alone, at what it charges and pays"
GRID = {"the grid charges": (BLACK, "-"), "the grid pays": (BLACK, "-")}
WIDE = 340


def too_large(scenario):
    """Why a scenario is too large for a server that others use too, or ""."""
    buyers, sellers = scenario.sides or (0, 0)
    if buyers * sellers <= MOST_PAIRS:
        return ""
    return f"{buyers:,} buyers and {sellers:,} sellers; the browser takes at most {MOST_PAIRS:,} pairs"


def variants(scenario):
    """The same agents under each other rule of negotiation."""
    mine = scenario.table["negotiation"]["rule"]
    return {f"rule: {name}": [(("negotiation", "rule"), name)] for name in RULES if name != mine}


def frame(run, before):
    """The run after its last round."""
    model = run.model
    limit = min(run.scenario.rounds, model.trading.deadline or run.scenario.rounds) * len(model.trading.periods)
    known = {"round": model.round, "limit": limit, "status": model.status}
    known |= {"advice": model.advice, "gap": last_gap(run)}
    if model.state is None:
        said = "Press Step or ▶ to sign contracts and begin to negotiate."
        return Frame(**known, said=said, tiles=tiles(run, before), panels=panels(run), table=table(run))
    known |= {"faint": FAINT if _has_grid(run) else ""}
    said = _said(model)
    called = _names(run)
    said += periods.now(called, model.period) if len(called) > 1 else ""
    if len(called) > 1 and model.outcomes:
        moments = periods.moments(called, by_period(model.outcomes))
        known |= {"moments": moments, "span": periods.span(called, len(model.outcomes))}
    columns = [_seen(run, run.column("gap")), run.column("price"), run.column("messages")]
    tracks = dict(zip(TRACKS, ((run.column("round"), column) for column in columns), strict=True))
    return Frame(**known, said=said, tiles=tiles(run, before), panels=panels(run), table=table(run), tracks=tracks)


def _names(run):
    """What each period is called."""
    return periods.names(run.scenario, len(run.model.trading.periods))


def _said(model):
    """Who gains by leaving: at the prices signed once a period has ended, by the claims made before."""
    ended = model.between and model.outcomes
    gap = model.gap if ended else model.state.gap
    if not len(model.state.bargain) and not ended:
        return "No contracts are signed."
    if gap is None:
        return "Whether a pair gains by leaving is not known."
    if gap <= TOLERANCE_ROUNDING:
        return "No pair gains by leaving" + (", but for rounding." if gap else ".")
    at = "at the prices signed" if ended else "by the claims made so far"
    return f"Some pair gains {gap_text(gap)} of a contract by leaving, {at}."


def tiles(run, before):
    """Contracts, prices, how far from stable, who gets what: of the periods ended, before that of the claims made."""
    model, values = run.model, [None] * 7
    if model.state is not None or model.outcomes:
        found, gap = _standing(run)
        contracts, traded, price, *gains = (found[name] for name in SHOWN)
        values = [contracts, traded, price, gap, *gains]
    single = model.blocks is not None and not model.outcomes
    names = (
        ("contracts", "single blocks" if single else "signed"),
        ("traded", "kWh"),
        ("mean price", "money/kWh"),
        ("violation", "share of a contract, by claims"),
        ("gained by all", "money beside the grid"),
        ("buyers' share", "of all gains"),
        ("messages", "numbers sent"),
    )
    return tiles_of(names, values, before)


def _standing(run):
    """(Measures, gap negotiated) of the periods that have ended, made once a period; before, by the claims made."""
    model = run.model
    if not model.outcomes:
        return by_claims(model), model.state.gap
    known = run.memory.get("ended")
    if known is None or known[0] != len(model.outcomes):
        gap = max(outcome.state.gap for outcome in model.outcomes)
        known = run.memory["ended"] = len(model.outcomes), measured("bilateral", run.result(), SHOWN), gap
    return known[1] | {"messages": model.messages}, known[2]


def _payoffs(run):
    """Money of buyers and sellers by their claims; as settled once a period has ended."""
    model = run.model
    if model.between and model.outcomes:
        return model.outcomes[-1].payoffs
    return model.state.bargain.payoffs(model.state.u, model.state.v)


def panels(run):
    """Contracts, prices inside their core, violation, messages; of a day, those of the period played last."""
    model = run.model
    when = f", {_names(run)[model.period]}" if len(model.trading.periods) > 1 else ""
    if model.state is None and not model.outcomes:
        return (
            Panel("sides", "Who would buy, who would sell, at what price", _sides(model.trading.periods[0].market)),
        )
    shape = "tall" if len(_ends(run)["price"]) else ""
    return (
        *(_by_period(run) if when and model.outcomes else ()),
        Panel("contracts", f"Who signed with whom{when}", _contracts(run), shape),
        *(_signed(run) if shape else ()),
        Panel("violation", "How far from stable", _violation(run)),
        Panel("messages", "Numbers sent", _messages(run)),
        *_split(run),
    )


def _signed(run):
    """Drawings of the contracts' prices."""
    return (
        Panel("prices", "Prices of contracts and what is stable", _prices(run)),
        Panel("core", "Prices inside their core interval", _core(run)),
    )


def _split(run):
    """Who has what could be gained, once a run has ended."""
    if ANSWERING not in run.memory or not run.model.outcomes:
        return ()
    if "welfare" not in run.memory:
        run.memory["welfare"] = welfare(run.model.outcomes)
    return (Panel("split", "Who has what could be gained", split_chart(run.memory["welfare"]), tab=TAB),)


def _by_period(run):
    """Energy and price by period, and the contracts of all periods that have ended."""
    told, listed = by_period(run.model.outcomes), contract_list(run.result().contracts, _names(run))
    return (
        Panel("energy", "Energy by period", periods.chart(told, ENERGY, "energy (kWh)")),
        Panel("price", "Mean price by period", periods.chart(told, PRICE, "price (money/kWh)", GRID)),
        Panel("all contracts", "Contracts of all periods, latest first", listed),
    )


def _has_grid(run):
    """A bare assignment game has none."""
    return "pair_value" not in run.scenario.table


def _grid(run, x):
    """Lines of what the grid charges and pays, behind prices along some x."""
    tariff = run.model.market.tariff
    levels = zip(GRID.items(), (tariff.buy, tariff.sell), strict=True) if _has_grid(run) else ()
    return [line for (name, (colour, _)), price in levels for line in level_of(name, x, price, colour)]


def _sides(market):
    """What energy is worth to buyers, the highest first, and the least sellers take, the lowest first, by energy."""
    lines = []
    for name, price, energy, sign, colour in (
        ("worth to buyers", market.willingness, market.demand, -1, look.BUYER),
        ("least to sellers", market.ask, market.supply, 1, look.SELLER),
    ):
        order = np.argsort(sign * price, kind="stable")
        if len(order):  # a side may be empty in a period
            lines.append(Line(name, *steps(np.cumsum([0.0, *energy[order]]), price[order]), colour))
    level = market.tariff.buy, "the grid's price"
    return line_chart(lines, "price (money/kWh)", "energy (kWh)", level=level)


def _ends(run):
    """Columns buyer, seller, quantity, price of the contracts as they stand."""
    model = run.model
    if model.between and model.outcomes:
        return model.outcomes[-1].contracts
    bargain, blocks = model.state.bargain, model.blocks
    ends = bargain.buyer, bargain.seller
    if blocks is not None:
        ends = blocks.buyer[bargain.buyer], blocks.seller[bargain.seller]
    return {"buyer": ends[0], "seller": ends[1], "quantity": bargain.amount, "price": model.state.prices}


def _none_signed(run):
    """What stands in place of drawings of contracts where there are none."""
    called = _names(run)
    when = f" in {called[run.model.period]}" if len(called) > 1 else ""
    return instead(f"No contracts are signed{when}.")


def _contracts(run):
    model = run.model
    if model.state is None:
        return svg("", WIDE, 2.3 * HEIGHT, "contracts", "contracts") + legend(SIDES)
    market, contracts = model.market, _ends(run)
    if not len(contracts["price"]):
        return _none_signed(run)
    if max(market.buyers, market.sellers) > MOST_A_SIDE:
        return _dots(contracts)
    at = run.memory.get("positions")
    if at is None or at[0] is not model.state.bargain:
        at = run.memory["positions"] = (model.state.bargain, positions(contracts, market.buyers, market.sellers))
    left, right = at[1]
    rows = max([1, *(int(np.ceil(side.max())) + 1 for side in (left, right) if len(side))])
    high = 2.3 * HEIGHT
    step = (high - 34) / rows
    y = [24 + (side + 0.5) * step for side in (left, right)]
    r = min(0.42 * step, 9.0)
    scale, most = look.price_scale(contracts["price"]), max(float(np.max(contracts["quantity"], initial=0)), 1e-12)
    parts = [f'<text class="head" x="{x}" y="14" text-anchor="{side}">{word}</text>' for x, side, word in HEADS]
    for i, j, q, p in zip(
        *(contracts[name].tolist() for name in ("buyer", "seller", "quantity", "price")), strict=True
    ):
        width, colour = 1 + 0.5 * min(step, 14) * q / most, to_hex(look.PRICES(scale(p)))
        path = f'x1="58" y1="{y[0][i]:.1f}" x2="282" y2="{y[1][j]:.1f}" stroke="{colour}" stroke-width="{width:.1f}"'
        parts.append(f"<line {path}><title>buyer {i}, seller {j}: {plain(q, 3)} kWh at {look.priced(p)}</title></line>")
    for x, places, colour, kind, ends in (
        (58, y[0], look.BUYER, "buyer", contracts["buyer"]),
        (282, y[1], look.SELLER, "seller", contracts["seller"]),
    ):
        busy = set(ends.tolist())
        for agent, at_y in enumerate(places.tolist()):
            fill = ink(colour if agent in busy else look.IDLE)
            circle = f'<circle cx="{x}" cy="{at_y:.1f}" r="{r:.1f}" fill="{fill}">'
            parts.append(f"{circle}<title>{kind} {agent}</title></circle>")
            if r >= 5:
                side = "end" if x < 170 else "start"
                parts.append(
                    f'<text x="{x + (-14 if x < 170 else 14)}" y="{at_y + 3.5:.1f}" text-anchor="{side}">{agent}</text>'
                )
    return svg("".join(parts), WIDE, high, "contracts", "contracts") + legend(_keys(market, contracts, scale))


def _keys(market, contracts, scale):
    """Who signed, who did not, and the colours of the lowest and the highest price, as far as there are."""
    keys = [one for one, ends in zip(SIDES, ("buyer", "seller"), strict=True) if len(contracts[ends])]
    signed = sum(len(np.unique(contracts[ends])) for ends in ("buyer", "seller"))
    keys += [("no contract", look.IDLE, DOTS)] * (signed < market.buyers + market.sellers)
    prices = np.unique(contracts["price"])[[0, -1]] if len(contracts["price"]) else ()
    return keys + [(f"at {look.priced(price)}", to_hex(look.PRICES(scale(price))), "-") for price in prices]


SIDES = (("buyers", look.BUYER, DOTS), ("sellers", look.SELLER, DOTS))
HEADS = ((58, "middle", "buyers"), (282, "middle", "sellers"))


def _dots(contracts):
    """Very many contracts: price against quantity."""
    q, p = contracts["quantity"], contracts["price"]
    high = 2.3 * HEIGHT
    x = 50 + (q - q.min()) / (np.ptp(q) or 1) * (WIDE - 66)
    y = high - 40 - (p - p.min()) / (np.ptp(p) or 1) * (high - 60)
    dot = f'r="2" fill="{ink(BLUE)}" opacity=".8"'
    dots = [f'<circle cx="{a:.1f}" cy="{b:.1f}" {dot}/>' for a, b in zip(x, y, strict=True)]
    words = [(50, high - 24, plain(q.min(), 2)), (WIDE - 30, high - 24, plain(q.max(), 2))]
    words += [(8, high - 40, look.priced(p.min())), (8, 24, look.priced(p.max()))]
    text = "".join(f'<text x="{a}" y="{b:.0f}">{word}</text>' for a, b, word in words)
    text += (
        f'<text class="axis" x="{WIDE / 2}" y="{high - 6:.0f}" text-anchor="middle">energy of the contract (kWh)</text>'
    )
    return svg("".join(dots) + text, WIDE, high, "contracts", "contracts") + legend(
        [(f"{len(q):,} contracts: price by energy", BLUE, DOTS)]
    )


def _history(run):
    """(Rounds, contracts that stand out, their prices by round) of the present contracts; no rounds before any."""
    model = run.model
    prices = [each for each in model.prices if len(each) == len(model.state.bargain)]
    chosen = highlighted(prices[-1])[::3] if prices else np.zeros(0, dtype=int)
    rounds = np.arange(model.round - len(prices) + 1, model.round + 1)
    return rounds, chosen, np.array([each[chosen] for each in prices])


def _prices(run):
    """Prices of some contracts by round, each between the ends of its core interval."""
    if run.model.state is None:
        return line_chart([], "price (money/kWh)")
    if not len(run.model.state.bargain):
        return _none_signed(run)
    rounds, chosen, prices = _history(run)
    if not len(rounds):
        return _none_signed(run)
    low, high = run.model.core_prices
    lines, bands, edge = [], [], np.array([rounds[0], max(rounds[-1], rounds[0] + 1)])
    ends = run.model.state.bargain
    for k, path, colour in zip(chosen.tolist(), prices.T, PALETTE, strict=False):
        name = f"buyer {ends.buyer[k]}, seller {ends.seller[k]}"
        lines.append(Line(name, rounds, path, colour))
        if np.isfinite(low[k]):
            bands.append(Band(edge, np.full(2, low[k]), np.full(2, high[k]), colour, 0.1))
            lines += [Line("", edge, np.full(2, end), colour, "-", 0.7) for end in (low[k], high[k])]
    return line_chart(lines, "price (money/kWh)", bands=bands, faint=_grid(run, edge))


def _core(run):
    """Every contract's price now as a dot over the interval of its stable prices, by price."""
    if run.model.state is None:
        return line_chart([], "price (money/kWh)", xlabel="contracts by price")
    if not len(run.model.state.bargain):
        return _none_signed(run)
    prices = _now(run)
    low, high = run.model.core_prices
    order = np.argsort(prices, kind="stable")
    if len(order) > MOST_A_SIDE:
        order = order[np.linspace(0, len(order) - 1, MOST_A_SIDE).round().astype(int)]
    x = np.arange(1, len(order) + 1)
    bands = [
        Band([at - 0.3, at + 0.3], [low[k]] * 2, [high[k]] * 2, GREY, FADED)
        for at, k in zip(x.tolist(), order.tolist(), strict=True)
        if np.isfinite(low[k])
    ]
    inside = (prices >= low - 1e-9) & (prices <= high + 1e-9)
    marks = [
        (at, prices[k], GREEN if inside[k] else OCHRE, f"contract {k}: {look.priced(prices[k])}")
        for at, k in zip(x.tolist(), order.tolist(), strict=True)
    ]
    frame = Line("", [0.5, len(order) + 0.5], [prices[order].min(), prices[order].max()], "none", "-", 0)
    known = {"bands": bands, "marks": marks, "faint": _grid(run, frame.x)}
    chart = line_chart([frame], "price (money/kWh)", "contracts by price", **known)
    chart = chart.split('<div class="legend">')[0]
    keys = [("stable", GREEN, DOTS)] * bool(np.any(inside[order]))
    keys += [("not stable", OCHRE, DOTS)] * bool(np.any(~inside[order]))
    return chart + legend(keys + [("stable prices (core)", GREY)] * bool(bands))


def _now(run):
    """Prices of the negotiated contracts now, as settled once the period has ended, (k,)."""
    model = run.model
    if model.between and model.outcomes:
        settled = model.outcomes[-1].settlement
        if len(settled.bargain) == len(model.state.bargain):
            return settled.price
    return model.state.prices


def _seen(run, violations):
    """Violations along a logarithm: those far below the tolerance are all the same."""
    return np.maximum(violations, LEAST_VIOLATION * run.scenario.table["negotiation"]["tolerance"])


def _violation(run):
    if not run.model.round and run.model.state is None:
        return line_chart([], "share of a contract", log=True)
    tolerance = run.scenario.table["negotiation"]["tolerance"]
    rounds = run.column("round")
    mean = run.model.state.bargain.mean_contract or 1.0
    lines = [
        Line("violation", rounds, _seen(run, run.column("gap")), BLACK),
        Line("spread of claims", rounds, _seen(run, run.column("spread") / mean), PURPLE, "--"),
    ]
    return line_chart(lines, "share of a contract", log=True, level=(tolerance, "tolerance"))


def _messages(run):
    if run.model.state is None:
        return line_chart([], "numbers sent")
    return line_chart(
        [Line("all so far", run.column("round"), run.column("messages"), BLUE)], "numbers sent", zero=True
    )


def table(run):
    """Every buyer and seller: energy, claim, price and partners."""
    model = run.model
    if model.state is None or model.market is None:
        return _before(run)
    contracts, market = _ends(run), model.market
    sides = (
        ("buyer", market.buyers, market.demand, model.shown.buyer, _payoffs(run)[0]),
        ("seller", market.sellers, market.supply, model.shown.seller, _payoffs(run)[1]),
    )
    columns = {
        name: [] for name in ("agent", "side", "energy (kWh)", "contracts", "price (money/kWh)", "gains (money)")
    }
    for side, many, energy, numbers, gains in sides:
        count, _, price = of_agents(contracts[side], contracts["quantity"], contracts["price"], many)
        gains = gains if len(gains) == many else np.full(many, np.nan)
        parts = (numbers, np.repeat(side, many), energy, count, price, gains)
        for column, values in zip(columns.values(), parts, strict=True):
            column.append(np.asarray(values))
    return Table({name: np.concatenate(parts) for name, parts in columns.items()})


def _before(run):
    """Every buyer and seller of the first period: energy, and at what price it would trade at all."""
    first, called = run.model.trading.periods[0], _names(run)
    market = first.market
    columns = {
        "agent": np.concatenate([first.buyer, first.seller]),
        "side": np.repeat(["buyer", "seller"], [market.buyers, market.sellers]),
        "energy (kWh)": np.concatenate([market.demand, market.supply]),
        "pays at most, takes at least (money/kWh)": np.concatenate([market.willingness, market.ask]),
    }
    return Table(columns, f"Numbers of {called[0]} alone." if len(called) > 1 else "")
