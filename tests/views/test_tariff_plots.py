"""The picture of who pays what holds what the run says, and the page has its tile."""

import numpy as np
import pytest

from engine import run
from scenarios import load
from views.aggregator.who_pays import who_pays
from views.kit.live import Run
from views.markets import page_of
from views.pictures import plots

MARKET = {
    "market": "aggregator",
    "price": {"rule": "linear", "c": 0.1},
    "tariffs": [{"rule": "tax", "per_unit": 0.5}, {"rule": "rebate", "amount": 0.7, "groups": ["homes"]}],
    "group": [
        {"name": "homes", "kind": "direct", "users": 2, "utility": {"form": "quadratic", "a": 1, "b": [5, 7]}},
        {"name": "plant", "kind": "large", "utility": {"form": "quadratic", "a": 1, "b": 9}},
    ],
}


@pytest.fixture(scope="module")
def result():
    return run(load(MARKET))


def test_bars_add_up_to_what_a_user_pays(result):
    axes = who_pays(result).axes[0]
    users = result.to_dataframe("users").groupby("group")["bill"].mean()
    ends = dict(zip([label.get_text() for label in axes.get_yticklabels()], axes.lines[0].get_xdata(), strict=True))
    assert ends == pytest.approx(users.to_dict())
    back = [bar for bar in axes.patches if bar.get_width() < 0]
    np.testing.assert_allclose([bar.get_width() for bar in back], -0.7)


def test_only_runs_with_tariffs_have_the_picture_and_the_tile(result):
    assert "tariffs" in plots(result)
    plain = {key: value for key, value in MARKET.items() if key != "tariffs"}
    assert "tariffs" not in plots(run(load(plain)))
    for table, shown in ((MARKET, True), (plain, False)):
        live = Run(load(table))
        live.start()
        live.model.step()
        tiles = {tile.label: tile.value for tile in page_of("aggregator").tiles(live, {})}
        assert ("tariffs bring" in tiles) == shown
    assert tiles["price"] > 0
