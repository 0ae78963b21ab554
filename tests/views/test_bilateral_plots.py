"""Pictures of the bilateral market draw, and what they draw is what the market found."""

import io
import time

import numpy as np
import pytest

from engine import compare, run
from market.bilateral.core import violation
from market.bilateral.stable import core_prices, fair_prices
from market.numerals import plain
from views.bilateral.contract_graph import contract_graph, crossings, positions
from views.bilateral.payoff_split import gains, payoff_split
from views.bilateral.price_rounds import MOST_LINES, highlighted, price_rounds
from views.bilateral.trading_day import trading_day
from views.bilateral.violation_rounds import relative_history, violation_rounds
from views.pictures import pictures
from views.plots import PLOTS, measure_panels

SMALL = ["buyers.count=4", "sellers.count=4"]
EMPTY = "buyers={ count = 0, demand = 1, value = 0.2 }"


def drawn(figure):
    """The picture of a figure as bytes, all of it laid out."""
    file = io.BytesIO()
    figure.savefig(file, dpi=40)
    return file.getvalue()


def lines_of(axes, label):
    return [one for one in axes.collections if one.get_label() == label]


@pytest.fixture(scope="module")
def single():
    return run("p2p_single")


@pytest.fixture(scope="module")
def multi():
    return run("p2p_multi")


@pytest.fixture(scope="module")
def day():
    return run("p2p_day")


@pytest.fixture(scope="module")
def houses():
    return run("assignment_game")


@pytest.fixture(scope="module")
def thousand():
    return run("p2p_1000", rounds=60)


@pytest.fixture(scope="module")
def comparison():
    return compare(["p2p_single", "p2p_few_buyers", "p2p_corner"], replications=2, progress=False, workers=1)


def contract_lines(outcome):
    """(Ends, widths, colours' values) of the contracts drawn."""
    (lines,) = lines_of(contract_graph(outcome).axes[0], "contracts")
    return np.array([segment[:, 1] for segment in lines.get_segments()]), lines.get_linewidths(), lines.get_array()


def test_single_contracts_are_level_lines_from_the_highest_price_down(single):
    ends, widths, colours = contract_lines(single.outcomes[0])
    contracts = single.outcomes[0].contracts
    assert ends[:, 0] == pytest.approx(ends[:, 1])
    assert np.argsort(ends[:, 0]).tolist() == np.argsort(-contracts["price"], kind="stable").tolist()
    assert np.asarray(colours) == pytest.approx(contracts["price"])
    slopes = np.diff(np.sort(widths)) / np.diff(np.sort(contracts["quantity"]))
    assert np.ptp(slopes) < 1e-6 * slopes[0] and np.argmax(widths) == np.argmax(contracts["quantity"])


def test_agents_are_where_their_contracts_end_and_pale_without(multi):
    outcome = multi.outcomes[0]
    ends, _, _ = contract_lines(outcome)
    axes = contract_graph(outcome, "several").axes[0]
    discs = [one for one in axes.collections if one.get_label() != "contracts"]
    for side, name in enumerate(("buyer", "seller")):
        at = np.asarray(discs[side].get_offsets())[:, 1]
        assert ends[:, side] == pytest.approx(at[outcome.contracts[name]])
        colours = {tuple(c) for c in discs[side].get_facecolors()[np.unique(outcome.contracts[name])]}
        idle = np.setdiff1d(np.arange(20), outcome.contracts[name])
        assert len(colours) == 1 and not {tuple(c) for c in discs[side].get_facecolors()[idle]} & colours
        assert np.all(at[idle] > at[outcome.contracts[name]].max(initial=-1)) and len(np.unique(at)) == 20
    texts = {text.get_text() for text in axes.texts}
    assert {"0", "19", plain(outcome.market.demand[3], 3)} <= texts


def test_contracts_cross_far_less_than_in_the_order_of_numbers(multi):
    contracts = multi.outcomes[0].contracts
    ends = contracts["buyer"], contracts["seller"]
    places = positions(contracts, 20, 20)
    ours = crossings([np.argsort(place, kind="stable") for place in places], ends)
    assert ours < 0.25 * crossings([np.arange(20), np.arange(20)], ends)


def test_crossings_are_counted():
    ends = np.array([0, 1, 2]), np.array([0, 2, 1])
    assert crossings([np.arange(3), np.arange(3)], ends) == 1
    assert crossings([np.arange(3), np.array([0, 2, 1])], ends) == 0


def test_labels_of_contracts_do_not_overlap(single):
    figure = contract_graph(single.outcomes[0], "single")
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])


def test_a_thousand_a_side_are_dots_drawn_fast(thousand, tmp_path):
    began = time.process_time()
    paths = pictures(thousand, tmp_path)
    assert time.process_time() - began < 6
    assert [path.name for path in paths][:2] == ["contracts.png", "payoffs.png"]
    outcome = thousand.outcomes[0]
    axes = contract_graph(outcome).axes[0]
    (dots,) = lines_of(axes, "agreed price")
    assert np.asarray(dots.get_offsets()) == pytest.approx(
        np.column_stack([outcome.contracts[k] for k in ("quantity", "price")])
    )
    (stable,) = lines_of(axes, "stable prices")
    low, high = np.array([segment[:, 1] for segment in stable.get_segments()]).T
    assert np.all(outcome.settlement.price >= low - 1e-9) and np.all(outcome.settlement.price <= high + 1e-9)


@pytest.mark.share
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("p2p_homogeneous", []),
        ("p2p_few_buyers", ["sellers.count=9"]),
        ("wrong_matching", []),
        ("p2p_single", [EMPTY]),
        ("p2p_half_space", ['contracts="multi"', *SMALL]),
        ("p2p_multi_capped", SMALL),
        ("p2p_leavers", SMALL),
        ("p2p_deadline", ["negotiation.repair=false", *SMALL]),
        ("assignment_game", ["pair_value=[[4]]"]),
    ],
)
def test_odd_markets_are_drawn(name, changes, tmp_path):
    result = run(name, set=changes)
    paths = pictures(result, tmp_path)
    made = {path.name for path in paths}
    assert {"contracts.png", "payoffs.png"} <= made
    assert "prices_by_round.png" in made or drawn(price_rounds(result))


def test_an_empty_side_is_said(tmp_path):
    result = run("p2p_single", set=[EMPTY])
    figure = contract_graph(result.outcomes[0])
    assert "one side is empty" in figure.get_suptitle()
    assert "no buyers" in {text.get_text() for text in figure.axes[0].texts}
    assert [path.name for path in pictures(result, tmp_path)][:2] == ["contracts.png", "payoffs.png"]


def test_core_prices_are_those_of_the_corners(houses):
    bargain, best = houses.outcomes[0].state.bargain, houses.outcomes[0].best
    low, high = core_prices(bargain, best)
    assert dict(zip(bargain.seller.tolist(), zip(low, high, strict=True), strict=True)) == {
        0: pytest.approx((3, 5)),
        1: pytest.approx((5, 6)),
        2: pytest.approx((0, 1)),
    }
    assert fair_prices(bargain, best, "tau") == pytest.approx((low + high) / 2)


def test_contracts_of_a_wrong_matching_have_no_stable_price():
    outcome = run("wrong_matching").outcomes[0]
    assert all(np.all(np.isnan(side)) for side in core_prices(outcome.state.bargain, outcome.best))


def test_prices_by_round_are_the_negotiated_ones_beside_their_intervals(single):
    figure = price_rounds(single)
    assert drawn(figure)
    left, right = figure.axes
    prices = np.array(single.prices)
    chosen = highlighted(prices[-1])
    assert len(chosen) == MOST_LINES == len(left.lines)
    assert {int(np.argmin(prices[-1])), int(np.argmax(prices[-1]))} <= set(chosen.tolist())
    for line, k in zip(left.lines, chosen, strict=True):
        assert line.get_ydata() == pytest.approx(prices[np.asarray(line.get_xdata(), dtype=int) - 1, k])
        assert line.get_xdata()[[0, -1]].tolist() == [1, len(prices)]
    (others,) = lines_of(left, "other contracts")
    assert len(others.get_segments()) == prices.shape[1] - MOST_LINES
    (stable,) = lines_of(right, "stable prices (core)")
    (settled,) = lines_of(right, "as settled")
    at = np.asarray(settled.get_offsets())[:, 1]
    spans = np.array([segment[:, 1] for segment in stable.get_segments()])
    assert len(spans) == 20 and np.all(spans[:, 0] <= at + 1e-9) and np.all(at <= spans[:, 1] + 1e-9)
    assert np.ptp(spans, axis=1).max() > 0.01 and np.all(np.diff(at) <= 0)


def test_violation_and_spread_are_those_of_the_history_in_shares(single):
    history = relative_history(single)
    bargain, state = single.outcomes[0].state.bargain, single.outcomes[0].state
    assert history["gap"].iloc[-1] == pytest.approx(violation(bargain, state.u, state.v) / bargain.mean_contract)
    assert history["spread"].iloc[-1] == pytest.approx(state.spread / bargain.mean_contract)
    figure = violation_rounds({"bilateral": history}, 1e-3)
    above, below = figure.axes
    assert above.lines[0].get_ydata() == pytest.approx(history["gap"])
    assert below.lines[0].get_ydata() == pytest.approx(history["spread"])
    (tolerance,) = [line for line in above.lines if line.get_label() == "tolerance"]
    assert set(tolerance.get_ydata()) == {1e-3} and above.get_yscale() == "log"


def test_what_is_exact_is_marked_at_the_lower_end_and_periods_are_apart(day):
    history = relative_history(day)
    axes = violation_rounds({"a day": history}, 1e-3).axes[0]
    values = axes.lines[0].get_ydata()
    assert np.isnan(values).sum() == 23 and np.nanmin(values) == pytest.approx(1e-5)
    assert len(axes.lines[1].get_xdata()) == np.sum(history["gap"] < 1e-5) > 0


def test_several_histories_have_a_line_each_and_no_panel_for_what_none_has(single):
    history = relative_history(single).drop(columns="spread")
    figure = violation_rounds({"one": history, "other": history.iloc[:5]}, 1e-3)
    assert len(figure.axes) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "other", "tolerance"]


def test_payoffs_lie_inside_what_is_stable(single):
    outcome = single.outcomes[0]
    figure = payoff_split(single)
    assert drawn(figure)
    for side, axes in enumerate(figure.axes):
        dots = next(one for one in axes.collections if len(one.get_offsets()) == 20)
        order = [int(tick.get_text()) for tick in axes.get_xticklabels()]
        settled = np.asarray(dots.get_offsets())[:, 1]
        assert settled == pytest.approx(outcome.payoffs[side][order])
        (bars,) = lines_of(axes, "stable gains (core)")
        low, high = np.array([segment[:, 1] for segment in bars.get_segments()]).T
        assert np.all(low <= settled + 1e-9) and np.all(settled <= high + 1e-9)
        fair = next(line for line in axes.lines if line.get_label() == "tau value").get_ydata()
        assert fair == pytest.approx((low + high) / 2) and np.all(np.diff(fair) <= 0)


def test_payoffs_of_a_day_add_up_over_its_periods(day):
    points = gains(day)
    assert sum(side.sum() for side in points["settled"]) == pytest.approx(day.summary()["welfare"])
    assert len(points["fair"][0]) == 24
    assert drawn(payoff_split(day))


def test_a_day_shows_energy_prices_and_rounds_by_period(day):
    energy, prices, rounds = trading_day(day).axes
    traded = [bar.get_height() for bar in energy.containers[0]]
    assert traded == pytest.approx([outcome.contracts["quantity"].sum() for outcome in day.outcomes])
    wanted = next(line for line in energy.lines if line.get_label() == "energy wanted").get_ydata()
    assert wanted == pytest.approx([outcome.market.demand.sum() for outcome in day.outcomes])
    settled = prices.lines[0].get_ydata()
    assert np.isfinite(settled).sum() == sum(bool(len(outcome.contracts["price"])) for outcome in day.outcomes)
    (stable,) = lines_of(prices, "stable mean prices (core)")
    spans = [segment for segment in stable.get_segments() if len(segment)]
    assert len(spans) == np.isfinite(settled).sum()
    for (x, low), (_, high) in spans:
        assert low - 1e-9 <= settled[int(x)] <= high + 1e-9
    assert sum(bar.get_height() for bar in rounds.containers[0]) == day.rounds
    assert sum(int(text.get_text()) for text in energy.texts) == len(day.contracts)


def test_measures_are_dots_at_their_means(comparison):
    figure = measure_panels(comparison, {"rounds": "rounds", "messages": "numbers sent"}, log=True)
    assert drawn(figure)
    for axes, measure in zip(figure.axes, ("rounds", "messages"), strict=True):
        at = [container.lines[0].get_xdata()[0] for container in axes.containers]
        assert at == pytest.approx([comparison.values(name, measure).mean() for name in comparison.names])
        assert axes.get_xscale() == "log"
    shares = measure_panels(comparison, {"distance to tau": "distance to tau"})
    assert "0" in {text.get_text() for text in shares.axes[0].texts}
    away = PLOTS["differences"](comparison, {"rounds": "rounds"}).axes[0]
    (nothing,) = [line for line in away.lines if list(line.get_xdata()) == [0, 0]]
    for text in away.texts:  # a number stands upon the line at 0, not behind it
        assert text.get_bbox_patch().get_facecolor() == (1, 1, 1, 1) and text.get_zorder() > nothing.get_zorder()


def test_a_run_has_the_pictures_it_has_data_for(tmp_path, single, day, comparison):
    names = ["contracts.png", "payoffs.png", "prices_by_round.png", "violation_by_round.png"]
    assert [path.name for path in pictures(single, tmp_path)] == names
    several = ["contracts.png", "payoffs.png", "violation_by_round.png", "periods.png"]
    assert [path.name for path in pictures(day, tmp_path)] == several
    direct = run("p2p_single", direct=True)
    assert [path.name for path in pictures(direct, tmp_path)] == names[:2]
    paths = pictures(comparison, tmp_path)
    assert [path.name for path in paths] == ["differences.png", "welfare.png", "saved.png", "shares.png", "effort.png"]
    assert all(path.stat().st_size > 2000 for path in paths)
