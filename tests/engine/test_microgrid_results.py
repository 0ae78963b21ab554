"""Results of microgrids: what the summary holds, that it adds up, is stored, verified, compared; who would leave."""

import json

import numpy as np
import pandas as pd
import pytest

from engine import compare, run, save_comparison, save_result, verify
from engine.store import digest
from market.microgrid.partitions import partition_game
from scenarios import ScenarioError, build, load
from scenarios.reading.csv_file import exact_floats
from tests.scenarios.refusals import check, refusal
from views.microgrid.words import summary_text

BEHAVIOURS = ("none", "ad-hoc", "self-interested", "cooperative", "integrated")
NAMES = tuple(f"eight_nodes_{name.replace('-', '_')}" for name in BEHAVIOURS)
RULES = ("tariff", "lmp", "savings-share")
COMMON = {"scenario", "market", "seed", "replication", "status", "advice", "rounds", "gap"}
PROMISED = {
    *("behaviour", "losses", "grid_supply", "injection", "private_flows", "public_flows", "prices", "payments"),
    *("relax_gap", "edges", "periods", "idle"),
}
FILES = {"agents.csv", "lines.csv", "manifest.json", "rounds.csv", "scenario.toml", "summary.json"}
UNITS = dict.fromkeys(("loss", "public loss", "private loss", "grid supply"), "p.u.") | {
    "loss / no trade": "1",
    "paid to agents": "money",
    "left to the grid": "money",
    "winners": "nodes",
    "losers": "nodes",
    "least gain": "money",
    "private lines": "lines",
}
INJECTION = np.array([0, 3, -1, -1, -1, 1, 0, -2])
IDLE = np.where(INJECTION > 0, 1.0, 2.0) * INJECTION  # at the tariff: sells at 1, buys at 2
DAY = "[[0, 1, -1], [0, 2, -1], [0, 0.5, -2]]"
LINES = "public = [[0, 1, 0.01, 0.02], [1, 2, 0.1, 0.1]], private = [[1, 2, 0.1, 1.0, 2]], cost = [0, 0.5, 0.25]"
PERIODS = (
    'market = "microgrid"\nlosses = "{losses}"\nbehaviour = "{behaviour}"\nnetwork = {{ injection = {day}, {lines} }}\n'
)


@pytest.fixture(scope="module")
def five():
    return compare(NAMES, replications=2, workers=1, progress=False)


def summary(name, *changes, **options):
    """The summary, checked to be plain JSON."""
    found = run(name, set=changes, **options).summary()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def bill(supply, tariff=(1.0, 1.5)):
    return supply * (tariff[1] if supply >= 0 else tariff[0])


# the summary


@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_summary_has_every_key_in_its_shape(behaviour, losses):
    found = summary("eight_nodes_none", f"behaviour={behaviour}", f"losses={losses}")
    assert set(found) == COMMON | PROMISED | {"winners", "losers", "participation", "core"}
    assert (found["market"], found["behaviour"], found["status"]) == ("microgrid", behaviour, "settled")
    assert (found["edges"], found["periods"]) == (3, 1)
    assert set(found["losses"]) == {"total", "public", "private"}
    assert found["losses"]["total"] == pytest.approx(found["losses"]["public"] + found["losses"]["private"], abs=1e-12)
    assert [row[:2] for row in found["private_flows"]] == [[1, 2], [2, 3], [5, 4]]
    assert [row[:2] for row in found["public_flows"]][:2] == [[0, 6], [6, 3]]
    assert len(found["injection"]) == 8 and sum(found["injection"]) == pytest.approx(0, abs=1e-12)
    paid = found["payments"]
    assert set(paid) == {"rule", "agents", "lines", "grid", "shares", "generation_cost"}
    assert (len(paid["agents"]), len(paid["lines"]), paid["agents"][0], paid["shares"]) == (8, 3, 0.0, None)
    known = losses == "priced" or behaviour in ("cooperative", "integrated")
    assert (found["prices"] is not None) == known
    assert found["prices"] is None or len(found["prices"]) == 8
    assert 0 <= found["gap"] <= 1e-6
    assert 0 <= found["relax_gap"] <= 1e-6


FLOWS = {  # private flows, loss
    ("lossy", "none"): (0, 0, 0, 0.532754),
    ("lossy", "ad-hoc"): (1.0128, 0, 0.9545, 0.433012),
    ("lossy", "self-interested"): (2.0797, 1.0128, 0.9545, 0.329491),
    ("lossy", "cooperative"): (1.7292, 0.6996, -0.0003, 0.180113),
    ("lossy", "integrated"): (1.5951, 0.6311, -0.0004, 0.164905),
    ("priced", "none"): (0, 0, 0, 0.518394),
    ("priced", "ad-hoc"): (1, 0, 1, 0.439925),
    ("priced", "self-interested"): (2, 1, 1, 0.335981),
    ("priced", "cooperative"): (1.7157, 0.7127, 0.0041, 0.180163),
    ("priced", "integrated"): (1.5748, 0.6370, 0.0051, 0.162727),
}
PUBLIC = {  # lossy: flows 1→4 and 0→4
    "none": (0.8928, 0.1142),
    "ad-hoc": (0.4674, -0.3737),
    "self-interested": (0.2192, -0.1276),
    "cooperative": (0.5022, 0.5017),
    "integrated": (1.0097, -0.0004),
}


@pytest.mark.parametrize(("losses", "behaviour"), FLOWS)
def test_the_eight_nodes_come_out_as_known(losses, behaviour):
    found = summary("eight_nodes_none", f"behaviour={behaviour}", f"losses={losses}")
    *flows, loss = FLOWS[losses, behaviour]
    assert [row[2] for row in found["private_flows"]] == pytest.approx(flows, abs=2e-3)
    assert found["losses"]["total"] == pytest.approx(loss, abs=1e-6)
    assert found["grid_supply"] == pytest.approx(1 + loss, abs=1e-6)  # what the agents lack, and the loss
    if losses == "lossy":
        over = {(i, j): flow for i, j, flow in found["public_flows"]}
        assert (over[1, 4], over[0, 4]) == pytest.approx(PUBLIC[behaviour], abs=2e-3)


@pytest.mark.share
@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_payments_hand_out_minus_the_bill(behaviour, losses):
    for rule in RULES:
        found = summary("eight_nodes_none", f"behaviour={behaviour}", f"losses={losses}", f"payments={rule}")
        paid = found["payments"]
        if rule == "lmp" and found["prices"] is None:
            assert paid["agents"] is paid["lines"] is paid["grid"] is None
            assert "winners" not in found and "participation" not in found
        else:
            assert sum(paid["agents"]) + paid["grid"] == pytest.approx(-bill(found["grid_supply"]), abs=1e-8)


def test_marginal_prices_pay_injections_and_both_kinds_of_loss():
    found = summary("who_joins_whom", "tariff={ buy = 1, sell = 1, generation = 1 }", "coalition={}")
    at, rents, losses = np.array(found["prices"]), np.array(found["payments"]["lines"]), found["losses"]
    assert at @ INJECTION == pytest.approx(-1.360325, abs=1e-6)
    assert rents.sum() == pytest.approx(0.086291, abs=1e-6)
    assert rents.sum() == pytest.approx(losses["private"], abs=1e-9)
    assert found["payments"]["grid"] == pytest.approx(0.093871, abs=1e-6)
    assert found["payments"]["grid"] == pytest.approx(losses["public"], abs=1e-9)
    assert at @ INJECTION + rents.sum() + found["payments"]["grid"] == pytest.approx(-found["grid_supply"], abs=1e-9)
    assert found["grid_supply"] == pytest.approx(1.180163, abs=1e-6)


def test_payments_of_the_poster_s_nodes():
    known = {
        "eight_nodes_self_interested": (3.0570, -1.0381, -1.1527, -1.9168, 1.7346, 0, -4.0, 1.3217),
        "eight_nodes_cooperative": (4.3090, -1.4810, -1.5914, -1.4961, 1.4962, 0, -3.1476, 0.1407),
    }
    for name, amounts in known.items():
        paid = summary(name)["payments"]
        assert [*paid["agents"][1:], paid["grid"]] == pytest.approx(amounts, abs=1e-4)


def test_nobody_served_has_nodes_and_no_numbers(write):
    text = PERIODS.format(losses="lossy", behaviour="none", day="[0, 1, -1]", lines=LINES)
    found = summary(write(text.replace("[1, 2, 0.1, 0.1]", "[0, 1, 0.1, 0.1]")))
    assert (found["status"], found["nodes"]) == ("infeasible", [2])
    assert set(found["losses"].values()) == {None}
    for key in ("gap", "grid_supply", "injection", "private_flows", "public_flows", "prices"):
        assert found[key] is None
    assert [found["payments"][key] for key in ("agents", "lines", "grid", "shares")] == [None] * 4
    assert found["idle"] == {"loss": None, "agents": None}
    assert not {"winners", "losers", "participation", "core"} & set(found)


def test_what_lines_serve_alone_has_no_yardstick(write):
    text = PERIODS.format(losses="priced", behaviour="cooperative", day="[0, 1, -1]", lines=LINES)
    text = text.replace("[1, 2, 0.1, 0.1]", "[0, 1, 0.1, 0.1]")
    found = summary(write(text))
    assert (found["status"], found["idle"]) == ("settled", {"loss": None, "agents": None})
    assert "winners" not in found
    assert found["losses"]["total"] == pytest.approx(0.1)
    compared = compare([write(text, "own"), write(text, "other")], workers=1, progress=False)
    for measure in ("winners", "losers", "least gain", "loss / no trade"):
        assert np.isnan(compared.values("own", measure)).all()
    assert compared.values("own", "loss") == pytest.approx(0.1)


def test_one_agent_alone_is_a_market_too():
    for behaviour in BEHAVIOURS:
        two = "network={ injection = [0, -1], public = [[0, 1, 0.1, 0.1]] }"
        found = summary("eight_nodes_none", two, f"behaviour={behaviour}", "losses=lossy")
        assert found["grid_supply"] == pytest.approx(1.111456, abs=1e-6)
        assert found["public_flows"] == [[0, 1, pytest.approx(1.055728, abs=1e-6)]]
        assert found["participation"]["holds"] and "core" not in found


# periods


@pytest.mark.share
@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_totals_are_sums_of_single_periods(write, behaviour, losses):
    known = {"losses": losses, "behaviour": behaviour, "lines": LINES}
    change = "payments=tariff" if behaviour == "ad-hoc" else "payments=savings-share"
    whole = summary(write(PERIODS.format(day=DAY, **known)), change)
    single = [summary(write(PERIODS.format(day=day, **known)), change) for day in json.loads(DAY)]
    assert (whole["periods"], whole["rounds"], whole["status"], len(whole["by_period"])) == (3, 3, "settled", 3)
    for key in ("total", "public", "private"):
        assert whole["losses"][key] == pytest.approx(sum(one["losses"][key] for one in single), rel=1e-9)
    for key in ("grid_supply", "injection", "private_flows", "public_flows"):
        np.testing.assert_allclose(whole[key], _summed([one[key] for one in single], key), rtol=1e-9, atol=1e-12)
    for key in ("agents", "lines", "grid", "generation_cost"):
        added = np.sum([one["payments"][key] for one in single], axis=0)
        np.testing.assert_allclose(whole["payments"][key], added, rtol=1e-9, atol=1e-9)
    assert whole["idle"]["loss"] == pytest.approx(sum(one["idle"]["loss"] for one in single), rel=1e-9)
    assert whole["gap"] == pytest.approx(max(one["gap"] for one in single), abs=1e-9)
    assert [row["loss"] for row in whole["by_period"]] == [one["losses"]["total"] for one in single]
    assert single[0]["payments"]["generation_cost"] == [0, 0.5, 0]
    if whole["prices"] is not None:
        np.testing.assert_allclose(whole["prices"], np.mean([one["prices"] for one in single], axis=0), rtol=1e-9)


def _summed(values, key):
    ends = 2 if key.endswith("flows") else 0
    added = np.sum(values, axis=0)
    return np.hstack([np.array(values[0])[:, :2], added[:, 2:]]) if ends else added


def test_participation_is_that_of_the_worst_period(write):
    text = PERIODS.format(losses="priced", behaviour="none", day=DAY, lines=LINES)
    single = [summary(write(text.replace(DAY, str(day))), "payments=tariff") for day in json.loads(DAY)]
    gains = [one["participation"]["gain"] for one in single]
    found = summary(write(text), "payments=tariff")["participation"]
    assert (found["period"], found["gain"]) == (int(np.argmax(gains)), max(gains))
    assert (found["holds"], found["proven"], found["coalition"]) == (False, True, [1, 2])


def test_a_period_nobody_can_serve_makes_the_whole_undefined(write):
    day = "[[0, 1, -1], [0, 1, -100], [0, 1, -1]]"
    found = summary(write(PERIODS.format(losses="lossy", behaviour="cooperative", day=day, lines=LINES)))
    assert (found["status"], found["nodes"], found["losses"]["total"]) == ("infeasible", [2], None)
    assert [row["status"] for row in found["by_period"]] == ["solved", "infeasible", "solved"]
    assert found["by_period"][1]["nodes"] == [2]


def test_solved_directly_is_the_same_as_stepped():
    for name in ("eight_nodes_ad_hoc", "ieee300_cooperative"):
        stepped, direct = summary(name), summary(name, direct=True)
        assert (direct.pop("status"), direct.pop("rounds")) == ("solved", 0)
        stepped = {key: stepped[key] for key in direct}
        assert direct.pop("advice") != stepped.pop("advice")
        assert direct == stepped


# who would leave


def test_the_private_market_of_the_eight_nodes_has_a_core():
    found = summary("eight_nodes_self_interested")
    assert found["core"]["epsilon"] == pytest.approx(0, abs=1e-6)
    assert (found["core"]["empty"], found["core"]["short"], len(found["core"]["payoffs"])) == (False, None, 7)
    assert sum(found["core"]["payoffs"]) == pytest.approx(-3.31597, abs=1e-5)
    assert found["participation"]["holds"] and found["participation"]["proven"]
    assert sum(found["payments"]["agents"]) == pytest.approx(-3.31597, abs=1e-5)


EPSILONS = {"gamma": 0.01758, "optimistic": 0.01758, "delta": 0.00129, "pessimistic": 0.00129}


@pytest.mark.parametrize("belief", EPSILONS)
def test_coalitions_that_share_the_public_loss_have_no_core(belief):
    found = summary("who_joins_whom", f"coalition.belief={belief}")
    epsilon, short = found["core"]["epsilon"], found["core"]["short"]
    assert epsilon == pytest.approx(1.5 * EPSILONS[belief], abs=1.5e-5)
    assert found["core"]["empty"]
    assert short["gain"] == pytest.approx(epsilon, rel=1e-6)
    assert set(short["coalition"]) < set(range(1, 8))
    assert sum(found["core"]["payoffs"]) == pytest.approx(-1.5 * 1.180163, abs=2e-6)


def test_who_joins_whom():
    found = summary("who_joins_whom")
    assert [merger["groups"] for merger in found["mergers"]][-1] == [[1, 2, 3], [4, 5], [6], [7]]
    assert [merger["gain"] for merger in found["mergers"]] == pytest.approx([0.391667, 0.095640, 0.007251], abs=1e-6)


def test_neighbours_who_do_not_pass_power_on_would_leave():
    found = summary("eight_nodes_ad_hoc")["participation"]
    assert (found["holds"], found["proven"], found["coalition"]) == (False, True, [1, 2, 3])
    paid = summary("eight_nodes_ad_hoc")["payments"]["agents"]
    assert found["gain"] == pytest.approx(0.86622 - sum(paid[1:4]), abs=1e-5)


def test_many_agents_are_content_by_proof_or_searched():
    proven = summary("ieee300_cooperative", "losses=lossy")
    assert 1 <= min(proven["prices"]) <= max(proven["prices"]) <= 2
    assert (proven["participation"]["holds"], proven["participation"]["proven"]) == (True, True)
    assert "core" not in proven
    searched = summary("ieee300_cooperative", "payments=tariff")["participation"]
    assert not searched["holds"] and searched["gain"] > 1


@pytest.mark.parametrize("unit", [1e-3, 1e6, 1e20])
def test_stability_does_not_hang_on_the_unit_of_money(unit):
    tariff = f"tariff={{ buy = {2 * unit}, sell = {unit}, generation = {1.5 * unit} }}"
    for name in ("who_joins_whom", "eight_nodes_cooperative", "eight_nodes_ad_hoc"):
        usual, scaled = summary(name), summary(name, tariff)
        for key in ("holds", "proven", "coalition"):
            assert scaled["participation"][key] == usual["participation"][key]
        assert scaled["core"]["empty"] == usual["core"]["empty"]
        if usual["core"]["empty"]:
            assert scaled["core"]["epsilon"] == pytest.approx(unit * usual["core"]["epsilon"], rel=1e-6)
            assert scaled["core"]["short"]["gain"] == pytest.approx(unit * usual["core"]["short"]["gain"], rel=1e-6)
        if not usual["participation"]["holds"]:
            assert scaled["participation"]["gain"] == pytest.approx(unit * usual["participation"]["gain"], rel=1e-6)
        if "mergers" in usual:
            gains, known = ([merger["gain"] for merger in one["mergers"]] for one in (scaled, usual))
            assert gains == pytest.approx([unit * gain for gain in known], rel=1e-6)


def test_proofs_that_are_not_asked_for_are_left_out():
    found = run("eight_nodes_cooperative", certify=False).summary()
    assert not {"participation", "core"} & set(found)


# variants


def test_an_even_residual_costs_more_and_says_how_much():
    exact, even = (summary("eight_nodes_self_interested", f"residual={residual}") for residual in ("exact", "even"))
    assert even["status"] == exact["status"] == "settled"
    assert exact["gap"] <= 1e-6 < even["gap"]
    paid = [sum(found["payments"]["agents"]) for found in (exact, even)]
    assert even["gap"] == pytest.approx((paid[0] - paid[1]) / -paid[1], rel=0.1)
    assert paid[1] < paid[0]


@pytest.mark.parametrize("losses", ["priced", "lossy"])
def test_power_that_is_worth_nothing_to_the_grid_still_clears(losses):
    for behaviour in BEHAVIOURS:
        found = summary("eight_nodes_none", "tariff.sell=0", f"behaviour={behaviour}", f"losses={losses}")
        assert found["status"] == "settled"
        paid = found["payments"]
        assert sum(paid["agents"]) + paid["grid"] == pytest.approx(-1.5 * found["grid_supply"], abs=1e-8)


def test_savings_are_shared_evenly_among_nodes_and_grid():
    alone, found = summary("eight_nodes_self_interested"), summary("eight_nodes_cooperative", "payments=savings-share")
    saved = 1.5 * (alone["grid_supply"] - found["grid_supply"])
    assert saved == pytest.approx(0.224066, abs=1e-6)
    assert found["payments"]["shares"] == [1 / 8] * 8
    for node in range(1, 8):
        more = found["payments"]["agents"][node] - alone["payments"]["agents"][node]
        assert more == pytest.approx(saved / 8, abs=1e-8)
    assert found["payments"]["grid"] - alone["payments"]["grid"] == pytest.approx(saved / 8, abs=1e-8)


# folders


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("eight_nodes_ad_hoc", {}),
        ("eight_nodes_integrated", {"direct": True}),
        ("ieee300_self_interested", {"seed": 3, "replication": 2}),
        ("eight_nodes_day", {"rounds": 2}),
        ("eight_nodes_cooperative", {"set": ["network.cost={ uniform = [0, 1] }", "payments=savings-share"]}),
    ],
    ids=str,
)
def test_a_stored_run_gives_the_same_bits_again(name, options, tmp_path):
    folder = save_result(run(name, **options), tmp_path)
    assert {path.name for path in folder.iterdir()} == FILES
    verification = verify(folder)
    assert verification.passed
    assert [line.split(":")[0] for line in verification.lines] == ["pass  files", "pass  same bits", "pass  gap"]


@pytest.fixture(scope="module")
def result():
    return run("eight_nodes_cooperative")


@pytest.fixture
def stored(result, tmp_path):
    return save_result(result, tmp_path / "results")


@pytest.mark.parametrize("name", sorted(FILES - {"manifest.json"}))
def test_a_changed_file_fails(name, stored):
    path = stored / name
    path.write_text(path.read_text().replace("1", "2", 1))
    verification = verify(stored)
    assert not verification.passed
    assert f"FAIL  files: changed since they were written: {name}" in verification.lines


@pytest.mark.parametrize(
    ("name", "old"), [("lines.csv", "public,0,0,6"), ("agents.csv", "0,7,-2.0"), ("rounds.csv", "1,0,")]
)
def test_numbers_made_up_and_signed_again_still_fail(name, old, stored):
    text = (stored / name).read_text()
    assert old in text
    (stored / name).write_text(text.replace(old, old[:-1] + "9"))
    facts = json.loads((stored / "manifest.json").read_text())
    facts["files"][name] = digest(stored / name)
    (stored / "manifest.json").write_text(json.dumps(facts))
    first, second, _ = verify(stored).lines
    assert first.startswith("pass  files") and second.startswith("FAIL  numbers")


def test_files_hold_every_node_and_line_by_period(write, tmp_path):
    result = run(write(PERIODS.format(losses="priced", behaviour="cooperative", day=DAY, lines=LINES)))
    folder, outcomes = save_result(result, tmp_path / "results"), result.outcomes
    nodes, lines = (pd.read_csv(folder / name, **exact_floats()) for name in ("agents.csv", "lines.csv"))
    assert nodes["period"].tolist() == [0] * 3 + [1] * 3 + [2] * 3
    np.testing.assert_array_equal(nodes["injection"], np.ravel(json.loads(DAY)))
    for column, values in {"put_in": "p", "price": "prices"}.items():
        np.testing.assert_array_equal(nodes[column], np.ravel([getattr(o.dispatch, values) for o in outcomes]))
    np.testing.assert_array_equal(nodes["payment"], np.ravel([o.payments.agents for o in outcomes]))
    np.testing.assert_array_equal(nodes["payment_idle"], np.ravel([o.idle for o in outcomes]))
    private = lines[lines["kind"] == "private"]
    np.testing.assert_array_equal(private["flow"], [o.dispatch.g[0] for o in outcomes])
    np.testing.assert_allclose(private["loss"], 0.1 * private["flow"] ** 2, rtol=1e-14)
    np.testing.assert_array_equal(private["rent"], [o.payments.lines[0] for o in outcomes])
    assert lines[lines["kind"] == "public"][["tail", "head"]].to_numpy().tolist() == [[0, 1], [1, 2]] * 3
    assert len(pd.read_csv(folder / "rounds.csv")) == 3


def test_an_infeasible_run_is_stored_and_verifies(write, tmp_path):
    text = PERIODS.format(losses="lossy", behaviour="none", day="[0, 1, -1]", lines=LINES)
    folder = save_result(run(write(text.replace("[1, 2, 0.1, 0.1]", "[0, 1, 0.1, 0.1]"))), tmp_path / "results")
    assert pd.read_csv(folder / "lines.csv")["flow"].isna().all()
    assert verify(folder).passed


def test_a_user_s_scenario_verifies_after_its_files_are_gone(write, tmp_path):
    (tmp_path / "net.toml").write_text('injection = { csv = "e.csv", column = "e" }\npublic = [[0, 1, 0.1, 0.1]]\n')
    (tmp_path / "e.csv").write_text("e\n0\n-1\n")
    path = write('market = "microgrid"\nnetwork = { case = "net.toml" }\n')
    folder = save_result(run(path), tmp_path / "results")
    for name in ("net.toml", "e.csv", "own.toml"):
        (tmp_path / name).unlink()
    assert verify(folder).passed


# comparisons


def test_a_comparison_over_behaviours_shares_network_and_injections(five):
    assert five.shared == ("public lines", "private lines", "injections")
    assert five.units == UNITS
    assert len(five.runs) == 10 and list(five.runs["status"]) == ["settled"] * 10
    losses = [five.values(name, "loss")[0] for name in NAMES]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_what_a_single_run_gives(five, name):
    found, row = summary(name), five.runs[five.runs["scenario"] == name].iloc[0]
    assert (row["loss"], row["public loss"], row["private loss"]) == tuple(found["losses"].values())
    assert (row["grid supply"], row["private lines"], row["gap"]) == (found["grid_supply"], 3, found["gap"])
    assert row["loss / no trade"] == pytest.approx(found["losses"]["total"] / five.values(NAMES[0], "loss")[0])
    assert row["left to the grid"] == found["payments"]["grid"]
    assert row["paid to agents"] == pytest.approx(sum(found["payments"]["agents"]))
    paid, gains = (arrays[0] for arrays in five.agents[name])
    assert paid.tolist() == found["payments"]["agents"]
    np.testing.assert_allclose(gains, paid - IDLE, atol=1e-12)
    assert row["winners"] == np.sum(paid - IDLE > 1e-9) == len(found["winners"])
    assert row["losers"] == np.sum(paid - IDLE < -1e-9) == len(found["losers"])
    assert found["winners"] == np.flatnonzero(paid - IDLE > 1e-9).tolist()
    assert row["least gain"] == pytest.approx((paid - IDLE)[1:].min(), abs=1e-12)


def test_some_lose_where_the_tariff_pays_for_cooperation():
    found = summary("ieee300_cooperative", "payments=tariff")
    gains = np.array(found["payments"]["agents"]) - np.array(found["idle"]["agents"])
    assert found["losers"] == np.flatnonzero(gains < -1e-6).tolist() != []
    assert found["winners"] == np.flatnonzero(gains > 1e-6).tolist() != []


def test_a_comparison_s_folder_has_the_nodes(five, tmp_path):
    folder = save_comparison(five, tmp_path)
    table = pd.read_csv(folder / "agents.csv")
    assert list(table.columns) == ["scenario", "node", "payment", "gain"]
    assert table["scenario"].tolist() == [name for name in NAMES for _ in range(8)]
    mine = table[table["scenario"] == "eight_nodes_cooperative"]
    np.testing.assert_allclose(mine["payment"], five.agents["eight_nodes_cooperative"][0].mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(mine["gain"], mine["payment"] - IDLE, atol=1e-12)
    assert json.loads((folder / "summary.json").read_text()) == five.summary()


def test_other_lines_or_injections_are_not_called_shared(write):
    text = PERIODS.format(losses="priced", behaviour="none", day="[0, 1, -1]", lines=LINES)
    more, thicker = text.replace("[0, 1, -1]", "[0, 1, -2]"), text.replace("[1, 2, 0.1, 1.0, 2]", "[1, 2, 0.2, 1.0, 2]")
    own = write(text)
    for name, other, shared in (
        ("more", more, ("public lines", "private lines")),
        ("thicker", thicker, ("public lines", "injections")),
    ):
        assert compare([own, write(other, name)], workers=1, progress=False).shared == shared


def test_replications_draw_other_lines_and_scenarios_the_same():
    found = compare(["ieee300_none", "ieee300_ad_hoc"], replications=2, direct=True, workers=1, progress=False)
    assert found.shared == ("public lines", "private lines", "injections")
    counts = found.values("ieee300_ad_hoc", "private lines")
    assert counts[0] != counts[1]
    assert counts.tolist() == found.values("ieee300_none", "private lines").tolist()


def test_scenarios_in_which_nobody_is_served_have_no_numbers(write):
    text = PERIODS.format(losses="lossy", behaviour="none", day="[0, 1, -1]", lines=LINES)
    cut = write(text.replace("[1, 2, 0.1, 0.1]", "[0, 1, 0.1, 0.1]"), "cut")
    found = compare([write(text), cut], workers=1, progress=False)
    assert list(found.runs["status"]) == ["settled", "infeasible"]
    assert np.isnan(found.values("cut", "loss")).all()
    json.dumps(found.summary(), allow_nan=False)


def test_two_markets_cannot_be_compared():
    with pytest.raises(ScenarioError, match="'eight_nodes_none' is of market 'microgrid', 'two_peaks' of 'aggregator'"):
        compare(["eight_nodes_none", "two_peaks"])


def test_one_and_two_workers_give_the_same_bits():
    names = ("eight_nodes_ad_hoc", "eight_nodes_cooperative")
    one, two = (compare(names, replications=3, direct=True, workers=k, progress=False) for k in (1, 2))
    pd.testing.assert_frame_equal(one.runs, two.runs, check_exact=True)
    for name in names:
        for mine, yours in zip(one.agents[name], two.agents[name], strict=True):
            np.testing.assert_array_equal(mine, yours)


def test_scenarios_of_a_seed_are_the_same_whatever_file_they_stand_in():
    first, other = load("ieee300_ad_hoc", seed=4), load("ieee300_integrated", seed=4)
    assert run(first, direct=True, certify=False).game.network.private.r.tolist() == (
        run(other, direct=True, certify=False).game.network.private.r.tolist()
    )


def test_joining_is_told_in_the_summary_and_in_words():
    settled, circles = run("eight_nodes_joining"), run("four_nodes_circles")
    told = json.loads(json.dumps(settled.summary(), allow_nan=False))["joining"]
    assert told["groups"] == [[1, 2, 3], [4, 5], [6], [7]] and told["stable"] and told["status"] == "settled"
    assert sum(told["payoffs"].values()) == pytest.approx(
        settled.game.tariff.generation * (-1 - settled_loss(settled)), abs=1e-9
    )
    assert "agents end up as {1, 2, 3} {4, 5} {6} {7}" in summary_text(settled.summary())
    told = circles.summary()["joining"]
    assert not told["stable"] and told["period"] >= 1 and told["largest_gain"]["gain"] > 0.03
    assert "come round in circles" in summary_text(circles.summary())


def test_a_run_whose_joining_goes_in_circles_says_so_itself():
    stepped, direct = (run("four_nodes_circles", direct=how) for how in (False, True))
    for result in (stepped, direct):
        assert result.status == result.summary()["joining"]["status"] == "cycling"
        assert "the same groups" in result.advice and result.promised is not None
    model = build("four_nodes_circles")
    assert model.run() == model.status == stepped.status
    assert run("eight_nodes_joining").status == "settled" and run("eight_nodes_joining", direct=True).status == "solved"
    assert run("four_nodes_circles", certify=False).status == "settled"
    short = ["coalition.inertia=0.5", 'coalition.order="random"', "coalition.rounds=9"]
    assert run("four_nodes_circles", set=short).status == "round-limit"


def settled_loss(result):
    """Public and private loss of the partition the agents ended in, each from its own definition."""
    network, labels = result.outcome.network, result.stabilities[0].joined.labels
    game = partition_game(network, result.game.grid, 1.0)
    g = game.flows(labels)
    p = game.injection - np.bincount(game.tail, g, 7) + np.bincount(game.head, g, 7)
    return p @ game.loss @ p + np.sum(game.r * g**2)


def test_moves_of_agents_are_the_same_bits_again():
    changes = ["coalition.inertia=0.5", 'coalition.order="random"', "coalition.rounds=9"]
    one, same = (run("four_nodes_circles", set=changes).summary()["joining"] for _ in range(2))
    assert one == same and one["status"] == "round-limit" and one["rounds"] == 9
    assert "do not settle" in summary_text(run("four_nodes_circles", set=changes).summary())


BAD_JOINING = {
    "inertia": ("coalition.inertia=1", ["coalition.inertia", "< 1"]),
    "division": ('coalition.division="fair"', ["coalition.division", "equal or proportional"]),
    "belief": ('coalition.belief="gamma"', ["coalition.belief", "does not belong to form"]),
    "case": ('network={ case = "ieee300" }', ["coalition.form", "'joining' for 299 agents", "at most 30"]),
}


@pytest.mark.parametrize("name", BAD_JOINING)
def test_bad_joining_is_refused(name):
    change, fragments = BAD_JOINING[name]
    text = refusal(lambda: load("eight_nodes_joining", set=[change])).replace('"', "'")
    check(text, fragments)
