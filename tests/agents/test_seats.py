"""Players of one's own in the aggregator market: who may sit where, what they learn, what they draw."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from agents import Aggregator, AggregatorModel, Crowd, LargeUser, SmallUser
from agents.aggregator.players import BestResponder
from agents.seats import Guest, Player, SeatError
from market.outcome import Status
from scenarios import build

SMALL = ["group.small.users=12"]


class Wanderer(Player):
    """Draws from all generators it has."""

    def decide(self):
        return 1 + self.rng.random() + self.random.random()


class Eager(Aggregator):
    """Buys a little more than is best for it."""

    def decide(self):
        return 1.1 * super().decide()


class Fixed:
    """Anybody who decides."""

    def __init__(self, purchase):
        self.purchase, self.heard = purchase, []

    def decide(self):
        return self.purchase

    def hear(self, outcome):
        self.heard.append(outcome)


class Herd(Player):
    """Decides for a whole group."""

    def decide_many(self):
        return np.full(self.seat.own.players, 0.25) + 0.01 * self.rng.random(self.seat.own.players)


def path(model, rounds=4):
    """Purchases after each of a few rounds."""
    found = []
    for _ in range(rounds):
        model.step()
        found.append(model.y.copy())
    return np.array(found)


def wandered(seed, replication):
    return path(build("two_aggregators", seed=seed, replication=replication, players={"north": Wanderer}))


@pytest.mark.share
@pytest.mark.parametrize("order", ["in-turn", "random", "together"])
@pytest.mark.parametrize("who", [Aggregator, BestResponder, lambda model, seat: BestResponder(model, seat)])
def test_shipped_players_seated_as_ones_own_give_the_same_bits(order, who):
    usual, own = (
        build("two_aggregators", set=[f'order="{order}"'], players=players) for players in (None, {"south": who})
    )
    np.testing.assert_array_equal(path(usual), path(own))


@pytest.mark.parametrize("who", [SmallUser, BestResponder, Crowd])
def test_users_who_buy_alone_have_seats_too(who):
    usual, own = (build("small_alone", players=players) for players in (None, {"small": who}))
    np.testing.assert_allclose(path(own), path(usual), rtol=1e-12)
    assert [own.user(k).quantity for k in range(5)] == own.y[:5].tolist()
    assert own.user(3).group == "small"


def test_a_list_and_a_table_seat_members_one_by_one():
    changes = ["group.north.count=4"]
    some = build("two_aggregators", set=changes, players={"north": {2: Eager}, "south": Fixed(5.0)})
    listed = build(
        "two_aggregators", set=changes, players={"north": [None, None, Eager, Aggregator], "south": [Fixed(5)]}
    )
    np.testing.assert_array_equal(path(some), path(listed))
    kinds = [type(agent) for _, agent in some.seats]
    assert kinds == [Aggregator, Aggregator, Eager, Aggregator, Guest, LargeUser]
    assert some.y[4] == 5.0
    assert [agent.seat.number for _, agent in some.seats] == [0, 1, 2, 3, 0, 0]


@pytest.mark.parametrize(
    ("players", "said"),
    [
        ({"nort": Eager}, r"no group 'nort'; north, south, data centre have seats; nearest known name: north"),
        ({7: Eager}, r"no group '7'"),
        ({"north": [Eager, Eager]}, r"north has 1 seats, got 2"),
        ({"north": []}, r"north has 1 seats, got 0"),
        ({"north": {1: Eager}}, r"north has no number 1; 0 have seats"),
        ({"north": 5}, r"north 0: a int cannot sit there; an object with decide\(\) is needed"),
        ({"north": "Eager"}, r"north 0: a str cannot sit there"),
        ({"north": lambda model, seat: None}, r"north 0: got a NoneType; a Player is needed"),
        ([Eager], r"got a list"),
    ],
)
def test_who_cannot_sit_there_is_refused_in_one_line(players, said):
    with pytest.raises(SeatError, match=said) as raised:
        build("two_aggregators", players=players)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["joining_three", "designs_eight_nodes"])
def test_markets_with_agents_of_their_own_alone_say_so(name):
    with pytest.raises(SeatError, match="players: "):
        build(name, players={"north": Eager})


def test_one_who_cannot_decide_or_decides_what_is_no_purchase_is_named():
    with pytest.raises(SeatError, match=r"^round 1: Fixed \d+ of group 'north' decided nan where purchases from 0"):
        build("two_aggregators", players={"north": Fixed(np.nan)}).step()
    with pytest.raises(NotImplementedError, match=r"Player has no decide\(\)"):
        build("two_aggregators", players={"north": Player}).step()


@pytest.mark.parametrize("order", ["in-turn", "random", "together"])
def test_what_a_player_observes_is_the_market_as_it_stands(order):
    seen = []

    class Watcher(Aggregator):
        def observe(self, view):
            super().observe(view)
            seen.append((view, self.model.y.copy(), self.model.operator.price))

    model = build("two_aggregators", set=[f'order="{order}"'], players={"south": Watcher})
    for number in range(1, 4):
        model.step()
        view, before, price = seen[-1]
        assert (view.round, view.own, view.price) == (number, before[1], price)
        if order == "together":
            assert view.others == pytest.approx(before.sum() - before[1])
        assert view.rule is model.game.price


def test_what_a_player_hears_is_what_came_of_it():
    guest = Fixed(300.0)
    model = build("two_aggregators", players={"north": guest, "south": Eager})
    path(model, 3)
    assert len(guest.heard) == model.round and guest.heard[-1].own == 300.0
    for place, group in ((0, "north"), (1, "south")):
        heard = model.seats[place][1].heard
        held = model.outcome.s[model.game.user_slices[place]]
        block = model.game.blocks[place]
        assert block.alpha == 1 and block.surplus_offset > 0, group
        assert heard.payoff == pytest.approx(np.log(held + block.surplus_offset).sum(), rel=1e-9)
        assert heard.price == model.outcome.price and heard.others == pytest.approx(model.y.sum() - heard.own)
        grid = np.linspace(0, 2 * heard.own, 801)
        best = BestResponder(model, model.seats[place][1].seat)
        best.observe(model.seats[place][1].view)
        reply = BestResponder.decide(best)
        assert grid[np.argmax(heard.payoff_at(grid))] == pytest.approx(reply, abs=2 * grid[1] + 1e-3 * reply)
        assert float(heard.payoff_at(heard.own)) == pytest.approx(heard.payoff, rel=1e-9)


@pytest.mark.parametrize(
    ("alpha", "value"), [("0.0", np.sum), ("0.5", lambda s: 2 * np.sqrt(s).sum()), ('"inf"', np.min)]
)
def test_a_payoff_is_the_objective_of_the_surpluses(alpha, value):
    changes = [f"group.north.fairness.alpha={alpha}", "group.north.fairness.surplus_offset=0.0"]
    model = build("two_aggregators", set=changes, players={"north": Fixed(200.0)})
    model.step()
    served = model.game.blocks[0].utility.reservation > model.game.price.right_value(model.own[0].heard.others)
    held = model.outcome.s[model.game.user_slices[0]][served if "inf" in alpha else slice(None)]
    assert model.own[0].heard.payoff == pytest.approx(value(np.maximum(held, 0.0)), rel=1e-9)


def test_the_same_seed_gives_a_player_the_same_numbers_whatever_else_is_in_the_market():
    alone = wandered(3, 1)
    other = build(
        "two_aggregators",
        seed=3,
        replication=1,
        set=["group.south.users=7", "group.south.count=3", 'order="random"'],
        players={"north": Wanderer, "south": Wanderer},
    )
    found = path(other)
    np.testing.assert_array_equal(alone[:, 0], found[:, 0])
    assert len({*alone[:, 0], *found[:, 1], *found[:, 2], *found[:, 3]}) == 16  # no two players draw the same
    for draws in ((4, 1), (3, 2)):
        assert not np.any(wandered(*draws)[:, 0] == alone[:, 0])


def test_worker_processes_and_pickling_in_mid_run_change_no_bit():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        elsewhere = pool.submit(wandered, 5, 0)
        here = wandered(5, 0)
        model = build("two_aggregators", seed=5, players={"north": Wanderer})
        model.step()
        copy = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(path(copy, 3), here[1:])
        np.testing.assert_array_equal(path(model, 3), here[1:])
        np.testing.assert_array_equal(elsewhere.result(), here)


def test_mesas_own_generators_come_from_seed_and_replication():
    def drawn(name, **draws):
        model = build(name, **draws)
        agent = list(next(iter(getattr(model, "parts", {"": model}).values())).agents)[-1]
        return model.random.random(), model.rng.random(), agent.random.random(), agent.rng.random()

    for name in ("two_aggregators", "eight_nodes_ad_hoc", "p2p_single", "joining_three", "designs_eight_nodes"):
        same, again, seed, replication = (drawn(name, **d) for d in ({}, {}, {"seed": 7}, {"replication": 1}))
        assert same == again
        assert not set(same) & set(seed) and not set(same) & set(replication), name


def test_tables_hold_ones_own_agents():
    model = build("two_aggregators", players={"north": Eager, "south": Fixed(5.0)})
    bought = path(model)
    for kind, place in ((Eager, 0), (Guest, 1)):
        table = model.datacollector.get_agenttype_vars_dataframe(kind)
        np.testing.assert_array_equal(table["purchase"], bought[:, place])
        assert table["payoff"].iloc[-1] == model.own[place].heard.payoff
    assert len(model.datacollector.get_agenttype_vars_dataframe(SmallUser)) == 4 * 200


def test_a_class_that_decides_for_all_sits_in_a_group_that_is_too_large_to_sit_one_by_one(monkeypatch):
    monkeypatch.setattr("agents.aggregator.model.MOST_SEATS", 10)
    options = {"set": SMALL, "agent_threshold": 5}
    model = build("small_alone", players={"small": Herd}, **options)
    model.step()
    assert len(model.seats) == 1 and np.all((model.y >= 0.25) & (model.y < 0.26))
    np.testing.assert_array_equal(model.own[0].heard.payoff, model.outcome.s)
    np.testing.assert_array_equal(model.own[0].heard.own, model.y)
    with pytest.raises(SeatError, match=r"players: small has 12 seats, more than 10; a class with decide_many\(\)"):
        build("small_alone", players={"small": {3: Wanderer}}, **options)
    assert len(build("small_alone", set=SMALL, agent_threshold=12, players={"small": Wanderer}).own) == 12


def test_a_model_made_by_hand_has_seats_too():
    game = build("two_aggregators").game
    model = AggregatorModel(game, players={"data centre": Fixed(10.0)})
    assert model.run() == Status.INACCURATE and model.y[2] == 10.0


def test_neither_generator_of_a_player_is_anybody_elses():
    seats = [("two_aggregators", {}), ("two_aggregators", {"seed": 2}), ("two_aggregators", {"replication": 1})]
    agents = [agent for name, draws in seats for _, agent in build(name, **draws).seats]
    assert len({agent.rng.random() for agent in agents}) == len({agent.random.random() for agent in agents}) == 9
