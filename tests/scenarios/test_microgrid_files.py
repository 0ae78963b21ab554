"""Every way to write a microgrid down gives the network it says, and comes back from its own TOML."""

import math

import numpy as np
import pytest

from market.microgrid.network import SHARED
from market.microgrid.random_lines import MEAN_DISTANCE
from scenarios import build, describe, draw, load

HEAD = 'market = "microgrid"\n'
OWN = """
slack = 2
injection = [1, -1, 0]
public = [[2, 0, 0.01, 0.01], [0, 1, 0.1, 0.1]]
private = [[0, 1, 0.025], [0, 1, 0.05, 4.0], [1, 0, 0.1, 2.0, 1]]
positions = [[0, 0], [3, 4], [6, 8]]
cost = [0.5, 0, 0]
"""
BEHAVIOURS = ("none", "ad-hoc", "self-interested", "cooperative", "integrated")


@pytest.fixture
def write(tmp_path):
    """write(text, **files): the path of a scenario beside files, a name's _ for its dot."""

    def save(text, **files):
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content)
        (tmp_path / "own.toml").write_text(HEAD + text)
        return tmp_path / "own.toml"

    return save


def back(scenario, tmp_path):
    """The scenario, checked to come back from its own TOML without any other file."""
    place = tmp_path / "elsewhere"
    place.mkdir(exist_ok=True)
    (place / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
    again = load(place / "scenario.toml")
    assert again == scenario
    assert again.digest() == scenario.digest()
    assert describe(again)
    return again


def network(scenario, replication=0):
    return draw(scenario, replication).game.network


def inline(text):
    """A network's keys as an inline table."""
    return "network = { " + ", ".join(text.split("\n")[1:-1]) + " }\n"


@pytest.mark.parametrize("form", ["inline", "section", "case"])
def test_a_network_spelt_out_is_the_one_written(write, tmp_path, form):
    texts = {"inline": inline(OWN), "section": f"[network]{OWN}", "case": 'network = { case = "mine.toml" }'}
    scenario = load(write(texts[form], mine_toml=OWN))
    found = network(back(scenario, tmp_path))
    assert found.slack == 2
    np.testing.assert_array_equal(found.injection, [1, -1, 0])
    assert list(zip(*(getattr(found.public, k).tolist() for k in ("tail", "head", "r", "x")), strict=True)) == [
        (2, 0, 0.01, 0.01),
        (0, 1, 0.1, 0.1),
    ]
    columns = (getattr(found.private, k).tolist() for k in ("tail", "head", "r", "length", "owner"))
    assert list(zip(*columns, strict=True)) == [
        (0, 1, 0.025, 1.0, SHARED),
        (0, 1, 0.05, 4.0, SHARED),
        (1, 0, 0.1, 2.0, 1),
    ]
    np.testing.assert_array_equal(found.positions, [[0, 0], [3, 4], [6, 8]])
    np.testing.assert_array_equal(found.cost, [0.5, 0, 0])


def test_what_is_left_out_is_filled_in(write):
    scenario = load(write("network = { injection = [0, 1], public = [[0, 1, 0.1, 0.1]] }"))
    assert scenario.table["network"]["slack"] == 0
    assert scenario.table["tariff"] == {"buy": 2.0, "sell": 1.0, "generation": 1.5}
    assert {k: scenario.table[k] for k in ("behaviour", "losses", "physics", "payments", "residual", "coalition")} == {
        "behaviour": "cooperative",
        "losses": "priced",
        "physics": "x",
        "payments": "lmp",
        "residual": "exact",
        "coalition": {"form": "market"},
    }
    assert (scenario.periods, scenario.rounds, len(network(scenario).private)) == (1, 100, 0)


def test_a_case_keeps_its_name_and_takes_costs(write, tmp_path):
    scenario = load(write('network = { case = "eight_nodes", cost = 0.25 }'))
    assert back(scenario, tmp_path).table["network"] == {"case": "eight_nodes", "cost": 0.25}
    np.testing.assert_array_equal(network(scenario).cost, [0.25] * 8)


def test_costs_can_be_drawn_and_differ_by_replication_only(write, tmp_path):
    scenario = back(load(write('network = { case = "eight_nodes", cost = { uniform = [1, 2] } }')), tmp_path)
    first, again, other = (network(scenario, replication).cost for replication in (0, 0, 1))
    assert np.all((first >= 1) & (first <= 2)) and len(set(first)) == 8
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


def test_a_drawn_cost_is_redrawn_until_legal_and_counted(write):
    scenario = load(write('network = { case = "ieee300", cost = { normal = [0, 1] } }'))
    drawn = draw(scenario)
    assert np.all(drawn.game.network.cost >= 0)
    assert drawn.redraws["network", "cost"] > 50


ROWS = "network = { injection = %s, public = [[0, 1, 0.01, 0.01], [1, 2, 0.1, 0.1]] }\n"
PROFILES = {
    "plain": "0,1,2\n0,1,-1\n0,2,-3\n",
    "with hours": "hour,0,1,2\n0,0,1,-1\n1,0,2,-3\n",
    "with times": "Time,0,1,2\nmorning,0,1,-1\nnoon,0,2,-3\n",
    "as pandas writes": ",0,1,2\n0,0,1,-1\n1,0,2,-3\n",
    "any order": "2,period,0,1\n-1,0,0,1\n-3,1,0,2\n",
    "bom and crlf": "\ufeff0,1,2\r\n0,1,-1\r\n0,2,-3\r\n",
    "spaces": " 0, 1, 2\n0, 1, -1\n0, 2, -3\n\n",
}


@pytest.mark.parametrize("where", ["network", "top"])
@pytest.mark.parametrize("content", PROFILES.values(), ids=PROFILES)
def test_a_profile_of_a_csv_has_a_row_a_period(write, tmp_path, content, where):
    table = '{ csv = "day.csv" }'
    text = ROWS % table if where == "network" else ROWS % "[0, 9, 9]" + f"injection = {table}"
    scenario = load(write(text, day_csv=content))
    np.testing.assert_array_equal(draw(scenario).game.profile, [[0, 1, -1], [0, 2, -3]])
    assert (scenario.periods, back(scenario, tmp_path).periods) == (2, 2)


def test_a_profile_as_rows_a_list_or_one_column(write):
    for text in (ROWS % "[[0, 1, -1], [0, 2, -3]]", ROWS % "[0, 9, 9]" + "injection = [[0, 1, -1], [0, 2, -3]]"):
        np.testing.assert_array_equal(draw(load(write(text))).game.profile, [[0, 1, -1], [0, 2, -3]])
    path = write(ROWS % '{ csv = "nodes.csv", column = "net" }', nodes_csv="node,net\n0,0\n1,1\n2,-1\n")
    np.testing.assert_array_equal(draw(load(path)).game.profile, [[0, 1, -1]])


def test_a_profile_longer_than_the_usual_rounds_is_played_to_its_end(write):
    day = "\n".join(["0,1,2", *["0,1,-1"] * 101])
    assert load(write(ROWS % '{ csv = "day.csv" }', day_csv=day)).rounds == 101
    assert load(write("rounds = 3\n" + ROWS % '{ csv = "day.csv" }', day_csv=day)).rounds == 3


@pytest.mark.parametrize("columns", ["i,j,r", "i,j,r,length", "i,j,r,length,owner", "name,owner,length,r,j,i"])
def test_lines_can_stand_in_csv_files(write, tmp_path, columns):
    row = {"i": 1, "j": 2, "r": 0.025, "length": 4.0, "owner": 2, "name": "cable"}
    private = f"{columns}\n" + ",".join(str(row[name]) for name in columns.split(",")) + "\n"
    text = 'network = { injection = [0, 1, -1], public = { csv = "p.csv" }, private = { csv = "q.csv" } }'
    scenario = load(write(text, p_csv="x,r,j,i\n0.02,0.01,1,0\n0.2,0.1,2,1\n", q_csv=private))
    found = network(back(scenario, tmp_path))
    assert (found.public.head.tolist(), found.public.x.tolist()) == ([1, 2], [0.02, 0.2])
    (line,) = zip(*(getattr(found.private, k).tolist() for k in ("tail", "head", "r", "length", "owner")), strict=True)
    assert line == (1, 2, 0.025, 4.0 if "length" in columns else 1.0, 2 if "owner" in columns else SHARED)


def test_positions_can_stand_in_a_csv_file(write):
    text = 'network = { injection = [0, 1], public = [[0, 1, 0.1, 0.1]], positions = { csv = "p.csv" } }'
    np.testing.assert_array_equal(network(load(write(text, p_csv="y,x\n0,1\n2,3\n"))).positions, [[1, 0], [3, 2]])


def test_a_file_that_is_a_case_reads_its_csv_beside_itself(write, tmp_path):
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "lines.csv").write_text("i,j,r,x\n0,1,0.1,0.1\n")
    (tmp_path / "nets" / "mine.toml").write_text('injection = [0, -1]\npublic = { csv = "lines.csv" }\n')
    scenario = load(write('network = { case = "nets/mine.toml" }'))
    assert network(back(scenario, tmp_path)).public.r.tolist() == [0.1]


@pytest.mark.parametrize(
    "public", ["[[0, 1, 0, 0.1], [1, 2, 0, 0.1]]", "[[0, 1, 0.1, 0.1], [1, 2, 0.1, 0.1], [0, 2, 0.1, -0.5]]"]
)
def test_lines_without_resistance_and_one_negative_reactance_are_legal(write, public):
    for behaviour in BEHAVIOURS:
        text = f'behaviour = "{behaviour}"\nnetwork = {{ injection = [0, 1, -1], public = {public} }}'
        model = build(write(text))
        assert model.run() == "settled"
        assert model.dispatch.loss >= 0


# random private lines

IEEE = 'network = { case = "ieee300" }\nprivate = { %s }\n'
LOSSES = dict(zip(BEHAVIOURS, (3.8597, 4.4626, 7.2620, 2.1739, 1.9867), strict=True))


def random_lines(write, keys, replication=0, **options):
    return network(load(write(IEEE % keys), **options), replication)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_ieee_300_with_one_line_a_node_has_the_known_losses(write, behaviour):
    text = f'seed = 0\nbehaviour = "{behaviour}"\n' + IEEE % 'density = "1/n", mean_resistance = 0.01'
    game = draw(load(write(text))).game
    assert len(game.network.private) == 144
    assert game.dispatch(game.network).loss == pytest.approx(LOSSES[behaviour], rel=1e-4)


WORDS = {"0": 0.0, "1/n^2": 300**-2, "1/n": 1 / 300, "log(n)/n": math.log(300) / 300, "1/log(n)": 1 / math.log(300)}


@pytest.mark.parametrize("word", WORDS)
def test_a_density_s_word_is_its_number(write, tmp_path, word):
    words, numbers = (random_lines(write, f"density = {value}") for value in (f'"{word}"', WORDS[word]))
    pairs = 299 * 298 / 2
    assert len(words.private) == pytest.approx(pairs * WORDS[word], abs=5 * math.sqrt(pairs * WORDS[word]))
    for name in ("tail", "head", "r"):
        np.testing.assert_array_equal(getattr(words.private, name), getattr(numbers.private, name))
    back(load(write(IEEE % f'density = "{word}"')), tmp_path)


def test_networks_of_one_seed_are_nested_across_densities(write):
    before = {}
    for density in ('"1/n^2"', '"1/n"', '"log(n)/n"', '"1/log(n)"', "1"):
        lines = random_lines(write, f"density = {density}").private
        ends = zip(lines.tail.tolist(), lines.head.tolist(), strict=True)
        now = dict(zip(ends, lines.r.tolist(), strict=True))
        assert before.items() <= now.items()
        before = now
    assert len(before) == 299 * 298 / 2


def test_the_side_changes_lengths_but_no_resistance_at_fixed_mean(write):
    near, far = (random_lines(write, f'density = "1/n", side_km = {side}, mean_resistance = 0.01') for side in (1, 100))
    np.testing.assert_array_equal(near.private.r, far.private.r)
    np.testing.assert_allclose(far.private.length, 100 * near.private.length, rtol=1e-14)
    np.testing.assert_allclose(far.positions, 100 * near.positions, rtol=1e-14)


def test_resistance_per_km_grows_with_the_side(write):
    near, far = (
        random_lines(write, f'density = "1/n", side_km = {side}, resistance_per_km = 4e-5').private for side in (1, 100)
    )
    np.testing.assert_allclose(near.r, 4e-5 * near.length, rtol=1e-14)
    np.testing.assert_allclose(far.r, 100 * near.r, rtol=1e-14)


def test_lines_are_as_long_as_their_ends_are_apart_and_touch_agents_only(write):
    found = random_lines(write, 'density = "log(n)/n", side_km = 3')
    tail, head = found.private.tail, found.private.head
    np.testing.assert_allclose(
        found.private.length, np.linalg.norm(found.positions[tail] - found.positions[head], axis=1), rtol=1e-13
    )
    np.testing.assert_allclose(found.private.r, 0.01 / MEAN_DISTANCE * found.private.length / 3, rtol=1e-13)
    assert found.slack not in {*tail.tolist(), *head.tolist()}
    assert np.all((found.positions >= 0) & (found.positions <= 3))


def test_lines_follow_the_scenario_s_seed_or_their_own(write):
    def tails(keys, **options):
        return random_lines(write, f'density = "1/n"{keys}', **options).private.tail.tolist()

    assert tails("", seed=1) == tails("", seed=1) != tails("", seed=2)
    assert tails(", seed = 7", seed=1) == tails(", seed = 7", seed=2) == tails("", seed=7)
    assert tails("", seed=1, replication=1) != tails("", seed=1)
    assert tails(", seed = 7", replication=1) == tails(", seed = 7", replication=1) != tails(", seed = 7")


# the shipped days


def day(name):
    game = draw(load(f"{name}_day")).game
    h = np.arange(24)
    demand, sun = 0.75 + 0.25 * np.cos(2 * np.pi * (h - 19) / 24), 2 * np.maximum(0, np.sin(np.pi * (h - 6) / 12))
    return game.profile, draw(load(f"{name}_cooperative")).game.network, demand[:, None], sun[:, None]


def test_the_day_of_eight_nodes_is_its_formula():
    profile, network, demand, sun = day("eight_nodes")
    e = network.injection
    expected = np.where(e < 0, e * demand, e + 0 * demand)
    expected[:, 1] = (e[1] * sun)[:, 0]
    np.testing.assert_allclose(profile, expected, atol=5.1e-7)


def test_the_day_of_ieee_300_is_its_formula():
    profile, network, demand, sun = day("ieee300")
    e = network.injection
    expected = np.where((e > 0) & (e < 2), e * sun, e * demand)
    agents = network.agents
    np.testing.assert_allclose(profile[:, agents], expected[:, agents], atol=5.1e-7)
