"""A bilateral market through its periods: energy traded, prices beside the grid's, rounds of negotiation."""

import numpy as np

from market.outcome import Status
from views.bilateral import look
from views.style import BLACK, GREY, VERMILLION, legend_below, new_figure, styled

OPEN = (Status.ROUND_LIMIT, Status.NO_EQUILIBRIUM)


@styled
def trading_day(result):
    """Energy wanted, offered and traded, mean price with what is stable, and rounds, by period of a BilateralResult."""
    outcomes = result.outcomes
    at = np.arange(len(outcomes))
    figure, panels = new_figure(3, 1, width=11.0, height=11.0, sharex=True)
    _energy(panels[0], at, outcomes)
    _prices(panels[1], at, outcomes)
    _rounds(panels[2], at, outcomes)
    panels[2].set_xlabel("period")
    panels[2].set_xticks(at[:: max(1, len(at) // 12)])
    panels[2].set_xlim(-0.6, len(at) - 0.4)
    pairs = {label: one for axes in panels for one, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    legend_below(figure, list(pairs.values()), list(pairs), 4)
    many = sum(len(outcome.contracts["price"]) for outcome in outcomes)
    figure.suptitle(
        f"{result.scenario.title}\n{many:,} contracts, each period's number above its bar",
        x=0.01,
        ha="left",
        fontsize=16,
    )
    return figure


def _energy(axes, at, outcomes):
    traded = np.array([outcome.traded for outcome in outcomes])
    for label, style, name, colour in (("wanted", "-", "demand", look.BUYER), ("offered", "--", "supply", look.SELLER)):
        total = [getattr(outcome.period.market, name).sum() for outcome in outcomes]
        axes.step(at, total, style, where="mid", color=colour, label=f"energy {label}")
    axes.bar(at, traded, width=0.75, color=GREY, label="energy traded in contracts")
    counts = [len(outcome.contracts["price"]) for outcome in outcomes]
    if len(at) <= 48:
        for x, height, count in zip(at, traded, counts, strict=True):
            if count:
                axes.annotate(str(count), (x, height), (0, 2), textcoords="offset points", ha="center", fontsize=11)
    axes.set_ylabel("energy (kWh)")
    axes.grid(axis="x", visible=False)


def _prices(axes, at, outcomes):
    settled, low, high = np.array([outcome.mean_prices for outcome in outcomes]).T
    axes.vlines(at, low, high, color=look.CORE, linewidth=9, label="stable mean prices (core)")
    axes.plot(at, settled, "o", color=BLACK, label="mean price of the contracts")
    for name, style in (("buy", "--"), ("sell", ":")):
        value = [getattr(outcome.market.tariff, name) for outcome in outcomes]
        axes.step(
            at, value, style, where="mid", color=VERMILLION, label=f"grid {'charges' if name == 'buy' else 'pays'}"
        )
    axes.set_ylabel(look.PRICE)
    axes.margins(y=0.12)


def _rounds(axes, at, outcomes):
    rounds = np.array([outcome.state.round for outcome in outcomes])
    ends = np.array([outcome.state.status in OPEN for outcome in outcomes], dtype=bool)
    axes.bar(at[~ends], rounds[~ends], width=0.75, color=look.BUYER, label="rounds until settled")
    if ends.any():
        axes.bar(at[ends], rounds[ends], width=0.75, color=VERMILLION, label="rounds, not settled")
    axes.set_ylabel("rounds of negotiation")
    axes.grid(axis="x", visible=False)
