"""A day is shown by its periods: what is told of each adds up to what is told of the whole."""

import numpy as np
import pytest

from market.numerals import plain
from scenarios import load
from tests.browser.test_truth import ended
from views.kit.live import Run
from views.markets import page_of

DAYS = {"eight_nodes_day": ("lost", "loss"), "p2p_day": ("gained", "welfare")}


@pytest.mark.parametrize("name", DAYS)
def test_every_period_that_ended_can_be_looked_at_and_has_the_summarys_numbers(name):
    run, frame = ended(name)
    label, key = DAYS[name]
    told = {one.label: list(one.values) for one in frame.moments.readings["Everybody"]}
    summary, table = run.result().summary(), run.result().tables["periods"]()
    assert told[label] == pytest.approx(table[key].tolist()) and len(frame.moments.labels) == summary["periods"]
    tiles = frame.values
    whole = {"eight_nodes_day": "loss", "p2p_day": "gained by all"}[name]
    assert sum(told[label]) == pytest.approx(tiles[whole])
    marked = [panel.name for panel in frame.panels if 'class="moment"' in panel.html]
    assert marked == (["energy", "rounds"] if name == "eight_nodes_day" else ["energy", "price"])
    if name == "p2p_day":
        (contracts,) = [panel.html for panel in frame.panels if panel.name == "all contracts"]
        assert (
            contracts.count("<tr>") == 1 + min(60, len(summary["contracts"]))
            and sum(told["contracts"]) == tiles["contracts"]
        )
        assert len({row["period"] for row in summary["contracts"]}) > 1
    else:
        assert all(a + b == pytest.approx(c) for a, b, c in zip(*(told[one] for one in PARTS), strict=True))


PARTS = ("on public lines", "on private lines", "lost")


def test_a_map_says_its_scales_and_of_very_many_lines_draws_the_loaded_ones_alone():
    run = Run(load("ieee300_ad_hoc"))
    run.start()
    run.model.step()
    (drawn,) = [panel.html for panel in page_of("microgrid").frame(run, {}).panels if panel.name == "map"]
    dispatch = run.model.dispatch
    widest = max(np.max(np.abs(flow)) for flow in (dispatch.f, dispatch.g))
    assert f"widest: {plain(widest, 3)} p.u." in drawn and drawn.count("lost on a line: ") == 3
    assert 'class="idle"' not in drawn
    run.end()
