"""Pictures of the market on a network draw, and what they draw is what was cleared."""

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba

from engine import compare, run
from engine.results.network import faced, loading, replies, surplus_by_node
from views import drawing
from views.network import look
from views.network.congestion import congestion
from views.network.price_map import WIDE, price_map
from views.network.residual_curve import residual_curve
from views.network.surplus_at_nodes import surplus_at_nodes
from views.pictures import UnknownPicture, picture, pictures

FEW = ("group.0.users=4", "group.1.users=4", "group.2.users=4")
TWO = ("five_bus_before", "data_centre_node_1")


@pytest.fixture(scope="module")
def centre():
    return run("data_centre_five_bus", set=FEW)


@pytest.fixture(scope="module")
def compared():
    return compare(TWO, set=FEW, workers=1, progress=False)


def drawn(figure):
    """The picture of a figure as bytes, all of it laid out."""
    file = io.BytesIO()
    figure.savefig(file, dpi=40)
    return file.getvalue()


def part(axes, kind, label):
    (found,) = [one for one in axes.collections if isinstance(one, kind) and one.get_label() == label]
    return found


def mapped(result):
    cleared = result.outcome.cleared
    figure = price_map(result.game, cleared, loading(cleared), "a title")
    assert drawn(figure)
    return figure.axes[0], cleared


def test_nodes_have_their_prices_colours_and_a_scale_in_money_per_energy(centre):
    axes, cleared = mapped(centre)
    nodes = part(axes, PathCollection, "nodes")
    wanted = look.PRICES(look.price_scale(cleared.prices)(cleared.prices))
    assert np.allclose(nodes.get_facecolors(), wanted)
    dark = np.asarray(nodes.get_facecolors())[:, :3].sum(axis=1)
    assert np.all(np.diff(dark[np.argsort(cleared.prices)]) < 0)  # dearer is darker
    assert axes.figure.axes[1].get_ylabel() == "price (money/energy)"
    texts = {text.get_text() for text in axes.texts}
    assert any(text.startswith("40.") and "homes 4\ndata centre" in text for text in texts)


def test_full_lines_alone_are_marked_and_lines_are_as_wide_as_loaded(centre):
    axes, cleared = mapped(centre)
    lines, limits = part(axes, LineCollection, "lines"), cleared.grid.lines.limit
    marked = np.all(np.isclose(lines.get_colors(), to_rgba(look.FULL)), axis=1)
    full = [name for name, yes in zip(cleared.grid.line_names, marked, strict=True) if yes]
    assert full == list(centre.summary()["full_lines"]) == ["4-5"]
    share = np.abs(cleared.flows) / limits
    limited, (low, high) = np.isfinite(limits), WIDE
    assert np.allclose(np.array(lines.get_linewidths())[limited], low + (high - low) * share[limited])
    assert sum(text.get_gid() == "flow" for text in axes.texts) == len(limits)


def test_arrows_point_as_power_flows(centre):
    axes, cleared = mapped(centre)
    arrows = part(axes, PathCollection, "arrows")
    tips = np.array([path.vertices[0] for path in arrows.get_paths()])
    grid, at = cleared.grid, look.positions_of(cleared.grid)
    order = np.argsort(-np.abs(cleared.flows), kind="stable")[: len(tips)]
    way = (at[grid.lines.head] - at[grid.lines.tail]) * np.sign(cleared.flows)[:, None]
    assert np.all(np.sum(tips * way[order], axis=1) > 0)


@pytest.mark.parametrize("name", ["two_nodes_thin", "cournot_three_hours"])
def test_equal_prices_no_lines_and_full_lines_of_any_limit_are_drawn(name):
    mapped(run(name, certify=False))


def test_a_line_that_may_carry_nothing_is_full():
    found = run("two_nodes_thin", set=["network.line_limits={'A-B'=0.0}"])
    share, full = loading(found.outcome.cleared)
    assert share.tolist() == [1.0] and full.tolist() == [True]
    assert found.outcome.y == pytest.approx([80 / 11] * 2)  # each on its own


def test_the_residual_curve_shows_where_the_run_ended_and_the_best_reply(centre):
    curve = centre.residual
    assert centre.game.player_name(curve.player) == "data centre"
    figure = residual_curve(curve, "data centre")
    assert drawn(figure)
    for axes, values in zip(figure.axes, (curve.price, curve.payoff), strict=True):
        (star,) = [line for line in axes.lines if line.get_label() == "best reply"]
        assert star.get_xdata() == [curve.best]
        assert star.get_ydata()[0] == pytest.approx(np.interp(curve.best, curve.amounts, values))
    assert figure.axes[1].get_ylabel() == "payoff"
    sold = residual_curve(run("cournot_duopoly", certify=False).residual, "one", sells=True)
    assert sold.axes[1].get_ylabel() == "profit (money)" and "sale of one" in sold.axes[1].get_xlabel()


def test_what_a_player_believes_is_drawn_where_it_differs():
    found = run("two_nodes_thin", set=["group.0.anticipates=nothing", "group.1.anticipates=nothing"], rounds=3)
    labels = residual_curve(found.residual, "A").axes[0].get_legend_handles_labels()[1]
    assert "price it believes in" in labels


def test_prices_and_loading_by_round(centre):
    grid, history = centre.game.grid, centre.history
    figure = congestion(history, grid.names, grid.line_names, grid.lines.limit)
    assert drawn(figure)
    lines = {line.get_label(): line.get_ydata() for axes in figure.axes for line in axes.lines}
    assert np.array_equal(lines["node 4"], history["price at 4"])
    assert np.allclose(lines["line 4-5"], np.abs(history["flow 4-5"]) / 240)


def test_surplus_by_node_is_that_of_the_users_there(compared):
    found = surplus_by_node(compared)
    for name in TWO:
        result = run(name, set=FEW)
        users = {block.name: result.group(block.name)[1] for block in result.game.blocks if block.kind != "large"}
        assert found[name] == pytest.approx({group.split()[1]: s.mean() for group, s in users.items()})
    figure = surplus_at_nodes(found)
    assert drawn(figure)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == pytest.approx([found[TWO[1]][node] - found[TWO[0]][node] for node in "234"])
    alone = surplus_at_nodes({"one": {"2": 1.0, "3": -1.0}})
    assert [bar.get_height() for bar in alone.axes[0].patches] == [1.0, -1.0]


def test_a_run_has_its_pictures(tmp_path, centre, monkeypatch):
    names = {path.name for path in pictures(centre, tmp_path)}
    assert {"price_map.png", "residual_curve.png", "replies.png", "congestion.png", "purchases.png"} <= names
    direct = run("two_nodes_wide", direct=True)
    monkeypatch.setattr(drawing, "save", lambda figure, path, dpi: path)  # which there are is asked
    names = {path.name for path in pictures(direct, tmp_path)}
    assert {"price_map.png", "replies.png"} <= names and "congestion.png" not in names


def test_a_comparison_has_its_pictures(tmp_path, compared):
    names = {path.name for path in pictures(compared, tmp_path)}
    assert {"rent.png", "surplus_by_node.png", "surplus.png"} <= names


def test_where_others_price_a_user_out_no_answer_of_its_player_is_drawn(write, tmp_path):
    """Without a surplus offset there is no best purchase for two users of whom one would pay 0.5 at a price of 4."""
    large = 'kind = "large"\nnode = "A"\nutility = { form = "quadratic", a = 0.05, b = 8 }'
    both = 'kind = "aggregator"\nnode = "B"\nusers = 2\nutility = { form = "quadratic", a = 1e-3, b = [8, 0.5] }'
    fair = "fairness = { alpha = 1, surplus_offset = 0 }"
    groups = f'[[group]]\nname = "A"\n{large}\n[[group]]\nname = "B"\n{both}\n{fair}\n'
    network = 'network = { case = "two_nodes", line_limits = { "A-B" = 2 } }\n'
    result = run(write(f'market = "aggregator"\n{network}{groups}'), direct=True)
    beside = np.array([30.0, 1.0])
    assert faced(result.game, beside, 1) is None and faced(result.game, beside, 0).player == 0
    assert replies(result.game, beside) is None
    result = replace(result, outcome=replace(result.outcome, y=beside))
    assert result.residual.player == 0 and result.replies is None
    assert [file.stem for file in pictures(result, tmp_path)] == ["purchases", "price_map", "residual_curve"]
    with pytest.raises(UnknownPicture, match="nothing to show"):
        picture(result, "replies")
