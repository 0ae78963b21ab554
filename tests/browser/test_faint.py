"""What stands dotted behind the drawings is the other market's own numbers, played for itself."""

import re

import numpy as np
import pytest

from engine import run as play
from scenarios import load
from tests.browser.test_periods import DESIGNS
from tests.browser.test_truth import ended
from views.browser.beside import played
from views.kit.live import Run
from views.markets import page_of

PATH = re.compile(r'<path (class="faint" )?d="([^"Z]*)" fill="none"')
DAY = {
    "market": "aggregator",
    "seed": 3,
    "periods": {"count": 4, "days": 2},
    "price": {"rule": "affine", "p0": [0.1, 0.3, 0.2, 0.15], "c": 0.004},
    "group": [
        {"name": "works", "kind": "large", "utility": {"a": 0.01, "b": 1.5}},
        {
            "name": "homes",
            "kind": "aggregator",
            "users": 6,
            "count": 2,
            "utility": {"a": {"uniform": [0.25, 0.6]}, "b": {"uniform": [0.8, 1.2]}},
            "battery": {"share": 0.5, "capacity": 3, "power": 1},
        },
    ],
}


def drawn(frame, name):
    """(Solid, dotted) lines of a drawing, [heights in pixels] each."""
    (html,) = [panel.html for panel in frame.panels if panel.name == name]
    lines = {"": [], "faint": []}
    for faint, path in PATH.findall(html):
        lines["faint" if faint else ""].append([float(point.split()[1]) for point in re.split("[ML]", path)[1:]])
    return lines[""], lines["faint"]


def dotted(frame, name, known, at=0):
    """Values of the only dotted line of a drawing whose solid line number `at` has known values, and its precision."""
    solid, (behind,) = drawn(frame, name)
    slope, start = np.polyfit(solid[at], known, 1)
    reach = np.ptp([*solid[at], *behind]) / np.ptp(solid[at])  # heights are rounded to a tenth of a pixel
    return slope * np.array(behind) + start, 0.1 * abs(slope) * (1 + reach)


def stepped(scenario, rounds, held=True):
    """A run so many rounds on, and its page's frame."""
    run = Run(scenario)
    run.start()
    for _ in range(rounds):
        run.model.step()
    run.beside = played(scenario, 0) if held else None
    return run, page_of(scenario.market).frame(run, {})


@pytest.mark.parametrize("days", [1, 2])
def test_days_stand_before_the_same_homes_without_the_large_user(days):
    scenario = load(DAY, set=[f"periods.days={days}"])
    run, frame = stepped(scenario, 2)
    begun = len(run.model.outcome.days)
    assert begun == 1 and frame.faint == "the same users without the large ones"
    there = play(DAY | {"group": DAY["group"][1:]}, set=[f"periods.days={days}"]).outcome.outcomes[0]
    now = run.model.outcome.outcomes[0]
    values, error = dotted(frame, "price", np.repeat(now.price, 2))
    assert values == pytest.approx(np.repeat(there.price, 2), abs=error) and np.ptp(values) > 9 * error
    run.chosen = 4  # of the homes the fourth: the large user is number 0
    frame = page_of("days").frame(run, {})
    values, error = dotted(frame, "home pays", np.repeat(now.price * now.z[4], 2))
    assert values == pytest.approx(np.repeat(there.price * there.z[3], 2), abs=error)
    run.chosen = 0
    assert drawn(page_of("days").frame(run, {}), "home pays")[1] == []


def test_days_of_homes_alone_stand_before_their_devices_idle():
    homes = DAY | {"group": DAY["group"][1:]}
    run, frame = stepped(load(homes), 1)
    assert "batteries idle" in frame.faint
    idle = play(homes, set=["group.0.battery.share=0"]).outcome.outcomes[0]
    values, error = dotted(frame, "price", np.repeat(run.model.outcome.outcomes[0].price, 2))
    assert values == pytest.approx(np.repeat(idle.price, 2), abs=error)
    assert np.max(np.abs(idle.price - run.model.outcome.outcomes[0].price)) > 3 * error
    bare = play(homes, set=["group.0.battery.share=0"]).scenario
    assert stepped(bare, 1)[1].faint == ""


def test_contracts_stand_before_the_grids_prices_where_there_is_a_grid():
    run, frame = ended("p2p_day", "periods=10")
    bought, sold = ([getattr(one.market.tariff, side) for one in run.model.outcomes] for side in ("buy", "sell"))
    (solid,), behind = drawn(frame, "price")
    told = dict(zip(("charges", "pays"), behind, strict=True))
    prices = [one.label for one in frame.moments.readings["Everybody"]].index("mean price")
    mean = np.repeat(np.array(frame.moments.readings["Everybody"][prices].values, dtype=float), 2)
    slope, start = np.polyfit(solid, mean[np.isfinite(mean)], 1)
    for side, prices in (("charges", bought), ("pays", sold)):
        assert slope * np.array(told[side]) + start == pytest.approx(np.repeat(prices, 2), abs=0.2 * abs(slope))
    assert "grid alone" in frame.faint
    _, bare = ended("assignment_game")
    assert bare.faint == "" and not any('class="faint"' in panel.html for panel in bare.panels)


def test_designs_stand_before_the_tariff_alone():
    run, frame = ended(DESIGNS)
    assert "tariff" in frame.faint
    for name, measure in (("losses", "loss"), ("price", "price"), ("surplus", "surplus")):
        (html,) = [panel.html for panel in frame.panels if panel.name == name]
        (x,) = {point.split()[0] for point in re.split("[ML]", PATH.search(html)[2])[1:]}
        (row,) = [row for row in html.split('text-anchor="end"') if row.startswith(">tariff alone<")]
        ends = [float(a) + float(b) for a, b in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', row)]
        assert max(ends) == pytest.approx(float(x), abs=0.15), (name, measure)
        assert run.result().designs["tariff"].values[measure] > 0


def test_a_microgrid_stands_before_its_private_lines_idle():
    run, frame = ended("eight_nodes_ad_hoc")
    none = play("eight_nodes_none").summary()["losses"]["total"]
    values, error = dotted(frame, "rounds", run.column("loss"), at=2)
    assert values == pytest.approx(none, abs=error) and "idle" in frame.faint
    hours = ["injection=[[0, 1, -1, 0.5, -0.5, 2, -1, -1], [0, 2, -3, 1, -0.5, 1, -2, -1]]", 'losses="priced"']
    day, frame = ended("eight_nodes_day", *hours)
    idle = [row["loss"] for row in play("eight_nodes_day", set=[*hours, 'behaviour="none"']).summary()["by_period"]]
    values, error = dotted(frame, "rounds", np.repeat([one.dispatch.loss for one in day.model.outcomes], 2), at=2)
    assert values == pytest.approx(np.repeat(idle, 2), abs=error)
