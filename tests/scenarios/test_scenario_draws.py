"""Draws depend on seed, replication, group name and key alone, and are legal."""

import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios import build, draw, load
from scenarios.aggregator.keys import split
from scenarios.reading.population import stream
from scenarios.reading.toml_text import dump
from tests.shares import part_of

USERS = """
market = "aggregator"
price = { rule = "linear", c = 0.001 }
[[group]]
name = "small"
kind = "direct"
users = 50
utility = { form = "quadratic", a = { uniform = [0.1, 0.9] }, b = { normal = [0.5, 1] } }
"""
OTHERS = """
[[group]]
name = "others"
kind = "aggregator"
users = 7
utility = { form = "log", b = { lognormal = [0, 1] }, k = { uniform = [1, 2] } }
"""


def written(tmp_path, text):
    path = tmp_path / "users.toml"
    path.write_text(text, encoding="utf-8")
    return path


def small_of(game):
    return next(block.utility for block in game.blocks if block.name == "small")


PINNED_A = [0.5751932554110842, 0.7491717249357052, 0.6448216804795175]
PINNED_B = [6.397256726066715, 8.72471922307425, 8.178867682724922]


def test_draws_stay_what_they_are_across_versions():
    """Pinned: a stored result promises the same users to whoever runs it again with a later version."""
    utility = draw(load("small_alone", seed=1), 2).game.blocks[0].utility
    np.testing.assert_array_equal(utility.a[:3], PINNED_A)
    np.testing.assert_array_equal(utility.b[:3], PINNED_B)


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    first, again = (draw(load("steep_price", seed=3), 1).game for _ in range(2))
    for one, other in zip(first.blocks, again.blocks, strict=True):
        assert one.utility.b.tobytes() == other.utility.b.tobytes()
    for other in (draw(load("steep_price", seed=4), 1), draw(load("steep_price", seed=3), 2)):
        assert not np.any(other.game.blocks[0].utility.b == first.blocks[0].utility.b)


def test_a_groups_draws_do_not_depend_on_other_groups_or_their_order(tmp_path):
    alone = small_of(draw(load(written(tmp_path, USERS)), 4).game)
    after = small_of(draw(load(written(tmp_path, USERS + OTHERS)), 4).game)
    head, small = USERS.split("[[group]]")
    before = small_of(draw(load(written(tmp_path, head + OTHERS + "[[group]]" + small)), 4).game)
    for other in (after, before):
        np.testing.assert_array_equal(other.a, alone.a)
        np.testing.assert_array_equal(other.b, alone.b)


def test_a_keys_draws_do_not_depend_on_other_keys_or_on_the_number_of_users(tmp_path):
    path = written(tmp_path, USERS)
    drawn = small_of(draw(load(path)).game)
    other_a = small_of(draw(load(path, set=["group.small.utility.a=0.5"])).game)
    np.testing.assert_array_equal(other_a.b, drawn.b)
    more = small_of(draw(load(path, set=["group.small.users=80"])).game)
    np.testing.assert_array_equal(more.a[:50], drawn.a)


def test_keys_groups_and_replications_have_streams_of_their_own():
    numbers = {
        stream(seed, replication, group, key).random()
        for seed in (0, 1, 2**40)
        for replication in (0, 1)
        for group in ("small", "large", "ü")
        for key in ("a", "b")
    }
    assert len(numbers) == 36


def test_normal_draws_are_redrawn_until_legal_and_counted(tmp_path):
    drawn = draw(load(written(tmp_path, USERS + OTHERS)))
    assert set(drawn.redraws) == {("small", "b"), ("others", "b")}
    assert drawn.redraws["small", "b"] > 0
    assert np.all(small_of(drawn.game).b >= 0)


def test_a_hardly_legal_normal_ends(tmp_path):
    path = written(tmp_path, USERS.replace("[0.5, 1]", "[-2.3, 1]").replace("users = 50", "users = 20000"))
    drawn = draw(load(path))
    assert np.all(small_of(drawn.game).b >= 0)
    assert drawn.redraws["small", "b"] > 1_000_000


def test_size_means_b_over_a(tmp_path):
    text = USERS.replace("b = { normal = [0.5, 1] }", "size = { uniform = [1, 2] }")
    utility = small_of(draw(load(written(tmp_path, text))).game)
    assert np.all((utility.b / utility.a > 0.999) & (utility.b / utility.a < 2.001))


def test_lists_csv_and_numbers_become_arrays(tmp_path):
    (tmp_path / "users.csv").write_bytes(b"\xef\xbb\xbfname, a ,b\r\nx,0.5,1\r\ny,0.25,1e1\r\n\r\n")
    text = USERS.replace("users = 50\n", "").replace("{ uniform = [0.1, 0.9] }", '{ csv = "users.csv", column = "a" }')
    path = written(tmp_path, text.replace("{ normal = [0.5, 1] }", "[1, 2.5]"))
    scenario = load(path)
    assert scenario.groups[0].users == 2
    utility = small_of(draw(scenario).game)
    assert (utility.a.tolist(), utility.b.tolist()) == ([0.5, 0.25], [1.0, 2.5])
    (tmp_path / "users.csv").unlink()
    stored = tmp_path / "stored" / "scenario.toml"
    stored.parent.mkdir()
    stored.write_text(scenario.to_toml())
    assert load(stored) == scenario


def test_a_long_csv_loads_and_is_stored(tmp_path):
    rows = np.column_stack([np.linspace(0.1, 0.9, 100_000), np.linspace(0, 10, 100_000)])
    np.savetxt(tmp_path / "users.csv", rows, delimiter=",", header="a,b", comments="")
    text = USERS.replace("users = 50\n", "").replace("{ uniform = [0.1, 0.9] }", '{ csv = "users.csv", column = "a" }')
    scenario = load(written(tmp_path, text))
    assert scenario.groups[0].users == 100_000
    assert load(written(tmp_path, scenario.to_toml())) == scenario


@given(users=st.integers(1, 500), data=st.data())
def test_aggregators_are_as_equal_as_can_be_and_larger_first(users, data):
    sizes = split(users, data.draw(st.integers(1, users)))
    assert sizes.sum() == users
    assert sizes.max() - sizes.min() <= 1
    assert np.all(np.diff(sizes) <= 0)


def test_scenarios_and_games_travel_to_worker_processes():
    scenario = load("data_centre_after")
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert pickle.loads(pickle.dumps(draw(scenario))).game.price.value(0.0) == 20.0


def test_changes_are_toml_values_addressed_by_index_or_name():
    changes = ["group.0.fairness.alpha=inf", "group.south.users=50", 'group."data centre".utility.size=0', "price.c=2"]
    scenario = load("two_aggregators", set=[*changes, "order=random"], seed=np.int64(9), rounds=7)
    assert scenario.groups[0].alpha == np.inf
    assert scenario.groups[1].users == 50
    assert scenario.groups[2].utility["size"] == 0
    assert (scenario.price["c"], scenario.order, scenario.seed, scenario.rounds) == (2.0, "random", 9, 7)
    assert load("two_aggregators", set="price.c=2").price["c"] == 2.0
    assert load("large_two_welfare", set=["group.small.fairness={ alpha = 'inf' }"]).groups[0].alpha == np.inf


def test_a_scenario_can_be_changed_again():
    scenario = load("two_aggregators")
    assert load(scenario) == scenario
    assert load(scenario, set=["price.c=2"]) == load("two_aggregators", set=["price.c=2"])
    assert load("two_aggregators") == scenario


def test_the_digest_tells_what_decides_the_result_apart(tmp_path):
    scenario = load("large_direct")
    renamed = load(written(tmp_path, load("large_direct", set=["title=x", "source=y", "name=z"]).to_toml()))
    assert renamed.digest() == scenario.digest()
    others = {
        load("large_direct", set=[change]).digest()
        for change in ("price.c=0.002", "group.small.users=100", "group.small.name=few", "tolerance=1e-9")
    }
    others |= {scenario.with_seed(2).digest(), scenario.digest(1), scenario.digest()}
    assert len(others) == 7


def test_build_hands_the_scenario_to_the_model():
    model = build("two_aggregators", seed=3, rounds=5, set=["group.north.users=4"], agent_threshold=10)
    assert [block.users for block in model.game.blocks] == [4, 100, 1]


numbers = st.floats(1e-3, 1e6)
shares = st.one_of(st.just(0.0), st.floats(0.01, 1))
draws = st.one_of(
    numbers,
    st.lists(numbers, min_size=3, max_size=3),
    st.builds(lambda low, width: {"uniform": [low, low + width]}, numbers, numbers),
    st.builds(lambda mean, share: {"normal": [mean, share * mean]}, numbers, shares),
    st.builds(lambda mu, sigma: {"lognormal": [mu, sigma]}, st.integers(-3, 3), shares),
)
prices = st.one_of(
    st.builds(lambda c: {"rule": "linear", "c": c}, numbers),
    st.builds(lambda p0, c: {"rule": "affine", "p0": p0, "c": c}, numbers, numbers),
    st.builds(lambda c, k: {"rule": "power", "c": c, "k": k}, numbers, st.floats(0.1, 4)),
)
utilities = st.one_of(
    st.builds(lambda a, b: {"form": "quadratic", "a": a, "b": b}, draws, draws),
    st.builds(lambda a, size: {"form": "quadratic", "a": a, "size": size}, draws, draws),
    st.builds(lambda b, k: {"form": "log", "b": b, "k": k}, draws, draws),
)
texts = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=20)
alphas = st.one_of(st.just(0.0), st.floats(0.1, 60), st.just(np.inf))
groups = st.fixed_dictionaries(
    {
        "name": texts,
        "kind": st.just("aggregator"),
        "users": st.just(3),
        "count": st.integers(1, 3),
        "utility": utilities,
        "fairness": st.fixed_dictionaries({"alpha": alphas}),
    }
)


@settings(max_examples=part_of(60), deadline=None)
@given(title=texts, price=prices, group=st.lists(groups, min_size=1, max_size=3, unique_by=lambda g: g["name"]))
def test_every_legal_scenario_comes_back_from_its_toml(tmp_path_factory, title, price, group):
    folder = tmp_path_factory.mktemp("legal")
    first = _write(folder / "legal.toml", {"title": title, "market": "aggregator", "price": price, "group": group})
    scenario = load(first)
    again = load(_write_text(folder / "again.toml", scenario.to_toml()))
    assert again == scenario
    one, other = draw(scenario).game, draw(again).game
    for left, right in zip(one.blocks, other.blocks, strict=True):
        assert left.utility.b.tobytes() == right.utility.b.tobytes()
        assert np.all(np.isfinite(left.utility.b)) and np.all(left.utility.b >= 0)


def _write(path, table):
    return _write_text(path, dump(table))


def _write_text(path, text):
    path.write_text(text, encoding="utf-8")
    return path
