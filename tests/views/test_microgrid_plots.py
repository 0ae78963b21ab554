"""Pictures of the microgrid market draw, and what they draw is what the market found."""

import io
import time

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection

from engine import compare, run
from engine.results.microgrid import called
from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.network import network_of
from market.microgrid.random_lines import random_private
from market.microgrid.tariff import Tariff
from scenarios.microgrid.cases import network_of_case
from views.microgrid.look import BEHAVIOURS as COLOURS
from views.microgrid.losses_by_behaviour import losses_by_behaviour
from views.microgrid.network_map import IDLE_FLOW, LABELLED, MOST_ARROWS, MOST_SHOWN, network_map, positions_of, signed
from views.microgrid.node_payments import node_payments
from views.microgrid.periods import periods
from views.pictures import pictures, plots

NAMES = ("none", "ad_hoc", "self_interested", "cooperative", "integrated")
PERIODS = "injection=[[0, 3, -1, -1, -1, 1, 0, -2], [0, 0, -1, -1, -1, 1, 0, -3], [0, 5, -1, -1, 0, 1, 0, 0]]"


def dispatched(network, behaviour="none", losses="priced"):
    return BEHAVIOURS[behaviour]().dispatch(network, build_grid(network), Tariff(), losses)


def drawn(figure):
    """The picture of a figure as bytes, all of it laid out."""
    file = io.BytesIO()
    figure.savefig(file, dpi=40)
    return file.getvalue()


def collections(axes, label):
    return [one for one in axes.collections if one.get_label() == label]


def arrows(axes, kind):
    """(Places, shape (arrows, 2), unit vectors they point along, sizes) of a kind's arrows."""
    (found,) = collections(axes, f"{kind} arrows")
    tips = np.array([path.vertices[0] for path in found.get_paths()]).reshape(-1, 2)
    return np.asarray(found.get_offsets()), tips / np.hypot(*tips.T)[:, None], found.get_sizes()


@pytest.fixture(scope="module", params=NAMES)
def eight(request):
    return run(f"eight_nodes_{request.param}", certify=False)


@pytest.fixture(scope="module")
def ieee300():
    network = network_of_case("ieee300")

    def wired(density):
        rng = np.random.default_rng(0)
        positions, lines = random_private(network.nodes, network.slack, density, rng, mean_resistance=0.01)
        return network.with_private(lines, positions)

    return wired


@pytest.fixture(scope="module")
def comparison():
    return compare([f"eight_nodes_{name}" for name in NAMES], progress=False, workers=1)


@pytest.fixture(scope="module")
def days():
    return run("eight_nodes_cooperative", certify=False, set=[PERIODS])


def test_every_line_that_carries_something_has_an_arrow_along_its_flow(eight):
    network, dispatch = eight.game.network, eight.outcome.dispatch
    figure = network_map(network, dispatch, "eight nodes")
    assert drawn(figure)
    axes = figure.axes[0]
    most = max(np.max(np.abs(dispatch.f)), np.max(np.abs(dispatch.g)))
    for kind, lines, flows in (("public", network.public, dispatch.f), ("private", network.private, dispatch.g)):
        busy = np.flatnonzero(np.abs(flows) > IDLE_FLOW * most)
        way = network.positions[lines.head[busy]] - network.positions[lines.tail[busy]]
        way *= np.sign(flows[busy])[:, None] / np.hypot(*way.T)[:, None]
        at, along, _ = arrows(axes, kind)
        assert len(at) == len(busy)
        middles = (network.positions[lines.tail[busy]] + network.positions[lines.head[busy]]) / 2
        for middle, expected in zip(middles, way, strict=True):
            nearest = np.argmin(np.hypot(*(at - middle).T))
            assert along[nearest] @ expected > 0.99


def test_widths_and_arrows_grow_with_the_flow_and_colours_with_the_loss(eight):
    network, dispatch = eight.game.network, eight.outcome.dispatch
    axes = network_map(network, dispatch).axes[0]
    (lines,) = collections(axes, "public")
    flows = np.abs(dispatch.f)[np.abs(dispatch.f) > IDLE_FLOW * np.max(np.abs(np.append(dispatch.f, dispatch.g)))]
    widths = lines.get_linewidths()
    slope = (widths[-1] - widths[0]) / (np.max(flows) - np.min(flows))
    assert len(widths) == len(flows) and slope > 0
    assert widths == pytest.approx(widths[0] + slope * (np.sort(flows) - np.min(flows)))
    assert np.all(np.diff(arrows(axes, "public")[2]) >= 0)
    lost = (network.public.r * dispatch.f**2)[np.argsort(np.abs(dispatch.f))][-len(flows) :]
    bright = np.asarray(lines.get_colors())[:, :3].sum(axis=1)
    assert np.all(np.diff(bright[np.argsort(lost)]) <= 1e-9)


def test_private_trades_are_labelled_with_their_amount_and_nodes_with_what_they_have():
    result = run("eight_nodes_cooperative", certify=False)
    texts = network_map(result.game.network, result.outcome.dispatch).axes[0].texts
    assert sorted(text.get_text() for text in texts if text.get_gid() == "trade") == ["0.7", "1.73"]
    said = [text.get_text() for text in texts]
    assert {"+3", "−1", "+1", "0", "−2", "main grid: +1.18", *map(str, range(8))} <= set(said)
    assert said.count("−1") == 3


def test_labels_of_the_eight_nodes_do_not_overlap(eight):
    figure = network_map(eight.game.network, eight.outcome.dispatch, eight.scenario.title)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    pairs = [(a, b) for k, a in enumerate(boxes) for b in boxes[:k]]
    assert not any(a.overlaps(b) for a, b in pairs)
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_a_node_that_cannot_be_served_is_ringed_and_named():
    network = network_of([0, 1, -1], [(0, 1, 0.1, 0.1)], [(1, 2, 0.1)])
    figure = network_map(network, dispatched(network), "cut off")
    assert drawn(figure)
    axes = figure.axes[0]
    (ring,) = collections(axes, "not served")
    assert np.asarray(ring.get_offsets()) == pytest.approx(positions_of(network)[[2]])
    assert "node 2 cannot be served" in figure.get_suptitle()
    assert len(arrows(axes, "public")[0]) == len(arrows(axes, "private")[0]) == 0
    assert len(collections(axes, "idle public")[0].get_segments()) == 1


@pytest.mark.share
@pytest.mark.parametrize(
    "network",
    [
        network_of([0, -1], [(0, 1, 0.1, 0.1)]),
        network_of([0, 0], [(0, 1, 0.1, 0.1)], positions=[[1, 1], [1, 1]]),
        network_of([0, 1, -1], [(0, 1, 0.1, 0.1), (0, 1, 0.2, 0.1), (1, 2, 0, 0.1)], [(1, 2, 0.0), (2, 1, 0.1)]),
        network_of([0.0], []),
    ],
    ids=["two nodes", "nothing flows on one spot", "parallel lines", "alone"],
)
def test_small_and_odd_networks(network):
    for behaviour in BEHAVIOURS:
        assert drawn(network_map(network, dispatched(network, behaviour)))


def test_parallel_lines_do_not_cover_each_other():
    network = network_of([0, -1], [(0, 1, 0.1, 0.1), (1, 0, 0.2, 0.1)])
    (lines,) = collections(network_map(network, dispatched(network)).axes[0], "public")
    middles = [segment[len(segment) // 2] for segment in lines.get_segments()]
    assert np.hypot(*(middles[0] - middles[1])) > 0.05


@pytest.mark.parametrize(("density", "behaviour"), [("1/n", "self-interested"), ("1/log(n)", "cooperative")])
def test_ieee_300_is_drawn_fast_and_thinned_out(ieee300, density, behaviour):
    network = ieee300(density)
    dispatch = dispatched(network, behaviour)
    began = time.process_time()
    figure = network_map(network, dispatch, "IEEE 300")
    assert drawn(figure)
    assert time.process_time() - began < 3
    public, private = figure.axes[:2]
    assert not [*public.texts, *private.texts]
    assert len(arrows(public, "public")[0]) == len(arrows(private, "private")[0]) == MOST_ARROWS
    (lines,) = collections(private, "private")
    widths = lines.get_linewidths()
    assert len(widths) <= MOST_SHOWN and np.all(np.diff(widths) >= 0)
    strongest = np.argmax(np.abs(dispatch.g))
    ends = {tuple(lines.get_segments()[-1][k]) for k in (0, -1)}
    at = positions_of(network)
    assert ends == {tuple(at[end[strongest]]) for end in (network.private.tail, network.private.head)}
    assert not [one for one in private.collections if isinstance(one, LineCollection) and "public" in one.get_label()]
    sizes = next(one for one in public.collections if one.get_label() == "agents").get_sizes()
    assert np.all(np.diff(sizes) <= 0)


def test_a_network_without_positions_always_looks_the_same():
    network = network_of_case("ieee300")
    assert positions_of(network) is positions_of(network_of_case("ieee300"))
    figure = network_map(network, dispatched(network))
    assert network.nodes > LABELLED and drawn(figure)
    assert not collections(figure.axes[0], "private") or not len(collections(figure.axes[0], "private")[0].get_paths())


def test_losses_are_stacked_to_their_total(comparison):
    axes = losses_by_behaviour(comparison).axes[0]
    public, private = ([bar.get_width() for bar in container] for container in axes.containers[:2])
    totals = np.array([comparison.values(name, "loss")[0] for name in comparison.names])
    assert np.add(public, private) == pytest.approx(totals)
    assert axes.get_yticklabels()[0].get_text() == "no private trade"
    assert [bar.get_x() for bar in axes.containers[1]] == pytest.approx(public)
    assert "(p.u.)" in axes.get_xlabel()


def test_payments_of_few_nodes_are_bars_beside_what_idle_lines_leave(comparison):
    axes = node_payments(comparison, called(comparison.scenarios)).axes[0]
    nodes = [int(tick.get_text()) for tick in axes.get_xticklabels()]
    assert nodes == [1, 2, 3, 4, 5, 7]
    for name, bars in zip(comparison.names, axes.containers, strict=True):
        paid, gains = comparison.agents[name]
        assert [bar.get_height() for bar in bars] == pytest.approx(paid[0, nodes])
        assert (paid - gains)[0, nodes] == pytest.approx([3, -2, -2, -2, 1, -4])
    marks = [one for one in axes.collections if isinstance(one, LineCollection)]
    heights = [segment[0][1] for segment in marks[-1].get_segments()]
    assert heights == pytest.approx([3, -2, -2, -2, 1, -4])
    colours = [bars[0].get_facecolor() for bars in axes.containers]
    assert len({tuple(colour) for colour in colours}) == len(COLOURS)


def test_gains_of_many_nodes_are_curves_in_ascending_order():
    many = compare(["ieee300_none", "ieee300_cooperative"], replications=2, progress=False, workers=1)
    figure = node_payments(many, called(many.scenarios))
    assert drawn(figure) and drawn(losses_by_behaviour(many))
    curve = next(line for line in figure.axes[0].lines if line.get_label() == "cooperative").get_ydata()
    _, gains = many.agents["ieee300_cooperative"]
    assert len(curve) == 300 and np.all(np.diff(curve) >= 0)
    assert np.sum(curve) == pytest.approx(gains.mean(axis=0).sum())


def test_periods_show_losses_and_supply_beside_idle_lines(days):
    left, right = periods(days).axes
    public, private = ([bar.get_height() for bar in container] for container in left.containers)
    assert np.add(public, private) == pytest.approx([o.dispatch.loss for o in days.outcomes])
    supply, idle = (line.get_ydata() for line in right.lines)
    assert supply == pytest.approx([o.dispatch.grid_supply for o in days.outcomes])
    none = run("eight_nodes_none", certify=False, set=[PERIODS])
    assert idle == pytest.approx([o.dispatch.grid_supply for o in none.outcomes])
    assert left.lines[0].get_ydata() == pytest.approx([o.dispatch.loss for o in none.outcomes])


def test_a_period_without_supply_is_shaded():
    network = "network={ injection=[[0, 1, -1], [0, 1, -9]], public=[[0, 1, 0.1, 0.1], [0, 2, 0.1, 0.1]] }"
    result = run("eight_nodes_none", certify=False, set=[network])
    assert result.cut_off is not None
    figure = periods(result)
    assert drawn(figure)
    labels = figure.legends[0].get_texts()
    assert "somebody cannot be served" in [text.get_text() for text in labels]


def test_a_run_has_the_pictures_it_has_data_for(tmp_path, days, comparison):
    one = run("eight_nodes_ad_hoc", certify=False)
    assert [path.name for path in pictures(one, tmp_path)] == ["network_map.png"]
    assert [path.name for path in pictures(days, tmp_path)] == ["network_map.png", "periods.png"]
    assert [path.name for path in pictures(comparison, tmp_path)] == ["differences.png", "losses.png", "payments.png"]
    assert all((tmp_path / name).stat().st_size > 5000 for name in ("network_map.png", "periods.png", "losses.png"))


def test_arrows_are_drawn_where_they_belong():
    result = run("eight_nodes_none", certify=False)
    axes = network_map(result.game.network, result.outcome.dispatch).axes[0]
    (found,) = (
        one for one in axes.collections if isinstance(one, PathCollection) and one.get_label() == "public arrows"
    )
    at = found.get_offset_transform().transform(found.get_offsets())
    assert at == pytest.approx(axes.transData.transform(found.get_offsets()))


@pytest.mark.parametrize(
    ("value", "text"), [(-0.004, "0"), (0.004, "0"), (2.5, "+2.5"), (-10.0, "−10"), (100.0, "+100")]
)
def test_signed_numbers(value, text):
    assert signed(value) == text


def test_words_of_a_node_do_not_cut_its_coalition_s_ring():
    figure = plots(run("eight_nodes_joining"))["network_map"]()
    figure.draw_without_rendering()
    axes = figure.axes[0]
    rings = [one for one in axes.collections if one.get_label() == "coalition"]
    said = [text.get_bbox_patch().get_window_extent() for text in axes.texts if text.get_bbox_patch()]
    ringed = 0
    for ring in rings:
        for at, size in zip(axes.transData.transform(ring.get_offsets()), np.resize(ring.get_sizes(), 9), strict=False):
            far = (np.sqrt(size) / 2 + ring.get_linewidths()[0] / 2) * figure.dpi / 72
            nearest = min(np.hypot(*(np.clip(at, box.p0, box.p1) - at)) for box in said)
            assert nearest > far, (at, nearest, far)
            ringed += 1
    assert ringed == 5
