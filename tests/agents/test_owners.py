"""Owners of private lines: those that ship give the rule's bits; lines refused are as if they were not there."""

import pickle

import numpy as np
import pytest

from agents import MicrogridModel
from agents.microgrid.owners import Owner
from agents.seats import Player, SeatError
from engine.results.microgrid import MicrogridResult, played
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.behaviours.ad_hoc import most_trade
from market.microgrid.market import Microgrid
from market.microgrid.network import SHARED, network_of
from market.microgrid.tariff import Tariff
from market.outcome import Status
from scenarios import build, draw, load
from scenarios.finding import FOLDER

SHIPPED = sorted(path.stem for path in (FOLDER / "microgrid").glob("*.toml"))
EIGHT = "eight_nodes_cooperative"
ARRAYS = ("g", "f", "p", "prices", "private_prices")
NUMBERS = ("status", "gap", "loss", "grid_supply", "accurate", "unserved")


class Refuser:
    """Lets nothing flow on its lines."""

    def __init__(self):
        self.views, self.heard = [], []

    def observe(self, view):
        self.views.append(view)

    def decide(self):
        return False

    def hear(self, outcome):
        self.heard.append(outcome)


def answering(answer):
    """A player with one answer to everything."""

    class Sure(Player):
        def decide(self):
            return answer

    return Sure


def random_game(seed, behaviour, losses="priced", payments="tariff", periods=1):
    """A ring of public lines with chords, private lines of one, two or a third owner, and several periods."""
    rng = np.random.default_rng([seed, 7])
    n = int(rng.integers(4, 8))
    public = [[i, (i + 1) % n, *rng.uniform(0.005, 0.05, 2)] for i in range(n)]
    pairs = [(i, j) for i in range(1, n) for j in range(i + 1, n)]
    chosen = rng.permutation(len(pairs))[: rng.integers(2, 7)]
    private = [
        [*pairs[k], rng.uniform(0, 0.1), rng.uniform(1, 9), rng.integers(1, n) if rng.random() < 0.3 else SHARED]
        for k in chosen
    ]
    profile = rng.normal(0, 1, (periods, n))
    network = network_of(profile[0], public, private)
    return Microgrid(network, profile, BEHAVIOURS[behaviour](), Tariff(), losses, "x", payments)


def same(one, other):
    """Are two outcomes the same to the last bit?"""
    for name in ARRAYS:
        a, b = (getattr(outcome.dispatch, name) for outcome in (one, other))
        assert (a is None) == (b is None) and (a is None or np.array_equal(a, b)), name
    assert [getattr(one.dispatch, name) for name in NUMBERS] == [getattr(other.dispatch, name) for name in NUMBERS]
    assert one.status == other.status and (one.payments is None) == (other.payments is None)
    if one.payments is not None:
        assert np.array_equal(one.payments.agents, other.payments.agents) and one.payments.grid == other.payments.grid
        assert np.array_equal(one.payments.lines, other.payments.lines)


def rounds_of(model):
    """The outcome after every round."""
    seen = []
    while model.running:
        model.step()
        seen.append(model.outcome)
    return seen


# the shipped owners


@pytest.mark.share
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_owners_who_decide_by_themselves_give_the_same_bits(name):
    scenario = load(name)
    drawn = draw(scenario)
    by_rule, by_owners = (build(scenario, drawn=drawn, **who) for who in ({}, {"players": {"owners": Owner}}))
    for one, other in zip(rounds_of(by_rule), rounds_of(by_owners), strict=True):
        same(one, other)
    assert (by_rule.status, by_rule.round, by_rule.gap) == (by_owners.status, by_owners.round, by_owners.gap)
    assert by_rule.players == [] and {type(player) for player in by_owners.players} <= {Owner}


@pytest.mark.share
@pytest.mark.parametrize("seed", range(20))
def test_so_they_do_in_random_markets(seed):
    for behaviour in BEHAVIOURS:
        game = random_game(seed, behaviour, losses=("priced", "lossy")[seed % 2], periods=1 + seed % 3)
        models = MicrogridModel(game), MicrogridModel(game, players={"owners": Owner})
        for one, other in zip(*map(rounds_of, models), strict=True):
            same(one, other)
        owners = set(game.network.private.owner.tolist()) - {SHARED}
        assert owners <= {player.seat.number for player in models[1].players}


def test_who_withholds_nothing_leaves_coalitions_as_they_are():
    models = [build(EIGHT), build(EIGHT, players={"owners": {2: answering(np.inf)}})]
    found = [model.market.stability(rounds_of(model)[-1]) for model in models]
    assert found[0].participation == found[1].participation
    np.testing.assert_array_equal(found[0].core.payoffs, found[1].core.payoffs)


# who refuses


def without(game, rows):
    """The market without some private lines."""
    kept = np.delete(np.arange(len(game.network.private)), rows)
    network = game.network.with_private(game.network.private.take(kept))
    return Microgrid(network, game.profile, game.behaviour, game.tariff, game.losses, game.physics, game.payments), kept


@pytest.mark.share
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("losses", ["priced", "lossy"])
def test_lines_refused_are_as_if_they_were_not_there(behaviour, losses):
    checked = 0
    for seed in range(3):
        for payments in ("tariff", "lmp", "savings-share"):
            game = random_game(seed, behaviour, losses, payments, periods=2)
            lines = game.network.private
            number = int(lines.tail[0]) if lines.owner[0] == SHARED else int(lines.owner[0])
            refuser = Refuser()
            model = MicrogridModel(game, players={"owners": {number: refuser}})
            rows = next(player.seat.own for player in model.players if player.seat.number == number)
            fewer, kept = without(game, rows)
            for period, outcome in enumerate(rounds_of(model)):
                network = fewer.at(period)
                other = fewer.clear(network, fewer.dispatch(network, period), period=period)
                found, right = outcome.dispatch, other.dispatch
                assert (outcome.status, found.gap, found.loss) == (other.status, right.gap, right.loss)
                assert outcome.withheld.tolist() == rows.tolist()
                if right.g is not None:
                    assert np.array_equal(found.g[kept], right.g) and not np.any(found.g[rows])
                    assert np.array_equal(found.p, right.p)
                if other.payments is not None:
                    assert np.array_equal(outcome.payments.agents, other.payments.agents)
                    assert np.array_equal(outcome.payments.lines[kept], other.payments.lines)
                    assert not np.any(outcome.payments.lines[rows])
                    assert refuser.heard[period].payment == other.payments.agents[number]
                    checked += 1
                    if period == 0 and payments == "tariff":
                        left, whole = game.stability(outcome), fewer.stability(other)
                        assert left.participation == whole.participation
                        assert left.core.epsilon == whole.core.epsilon
    assert checked or (losses, behaviour) == ("lossy", "none")


def test_a_refusal_of_the_line_all_live_on_costs_what_the_poster_says_it_does():
    # Without lines 1-2 and 2-3 the eight nodes lose, cooperating with priced losses, what a grid search over the
    # remaining line alone finds at least: a parabola through three of its points.
    model = build(EIGHT, set=["losses=priced"], players={"owners": {2: Refuser()}})
    assert model.run() == Status.SETTLED
    market, network = model.market, model.network
    grid = market.grid

    def loss(flow):
        p = network.injection.copy()
        p[5], p[4] = p[5] - flow, p[4] + flow
        p[0] = -p[1:].sum()
        return grid.r @ grid.flows(p) ** 2 + 0.1 * flow**2

    low, middle, high = loss(-1.0), loss(0.0), loss(1.0)
    bend, slope = (low + high) / 2 - middle, (high - low) / 2
    assert model.dispatch.loss == pytest.approx(middle - slope**2 / (4 * bend), rel=1e-12)
    assert model.dispatch.g[2] == pytest.approx(-slope / (2 * bend), rel=1e-9)


def test_the_end_of_a_shared_line_may_refuse_it_and_a_stranger_may_not():
    assert build(EIGHT, players={"owners": {1: Refuser()}}).run() == "settled"
    model = build(EIGHT, players={"owners": {1: Refuser()}})
    model.run()
    assert model.most.tolist() == [0, np.inf, np.inf]  # line 1-2; 3 and 5 have no part in it
    game = random_game(0, "cooperative")
    lines = game.network.private
    line = int(np.flatnonzero(lines.owner != SHARED)[0])
    ends = {int(lines.tail[line]), int(lines.head[line])} - {int(lines.owner[line])}
    table = {node: Refuser() for node in ends if node in {p.seat.number for p in seats_of(game)}}
    model = MicrogridModel(game, players={"owners": table})
    model.run()
    assert model.most[line] == np.inf
    model = MicrogridModel(game, players={"owners": {int(lines.owner[line]): Refuser()}})
    model.run()
    assert model.most[line] == 0


def seats_of(game):
    return MicrogridModel(game, players={"owners": Owner}).players


def test_a_node_that_only_a_refused_line_reaches_is_named(tmp_path):
    text = """
    market = "microgrid"
    [network]
    injection = [0, 1, -1]
    public = [[0, 1, 0.1, 0.1]]
    private = [[1, 2, 0.1]]
    """
    (tmp_path / "own.toml").write_text(text)
    model = build(tmp_path / "own.toml", players={"owners": {1: Refuser()}})
    assert (model.run(), model.dispatch.unserved) == (Status.INFEASIBLE, (2,))
    assert model.players[0].mind.heard[0][1:] == (None, None, None, None)


# amounts, where trade goes line by line


@pytest.mark.parametrize("losses", ["priced", "lossy"])
def test_an_amount_caps_a_trade_and_the_gap_knows_it(losses):
    model = build("eight_nodes_ad_hoc", set=[f"losses={losses}"], players={"owners": {1: answering(0.25)}})
    first, last = (outcome.dispatch for outcome in rounds_of(model))
    assert first.g.tolist() == [0.25, 0, 0]
    assert last.g[0] == 0.25 and last.g[2] > 0.9
    assert model.gap < 1e-12  # neighbours have done all that owners let them do
    less = build("eight_nodes_ad_hoc", set=[f"losses={losses}"], players={"owners": {1: answering(0.0)}})
    assert not np.any([outcome.dispatch.g[0] for outcome in rounds_of(less)])


def test_more_than_the_rule_wants_changes_nothing():
    free, rule = (build("eight_nodes_ad_hoc", players=who) for who in ({"owners": answering(1e9)}, None))
    for one, other in zip(rounds_of(free), rounds_of(rule), strict=True):
        same(one, other)
    cap = most_trade(free.network.private.r, free.market.tariff)
    assert np.all(np.abs(free.dispatch.g) <= cap)


def test_owners_see_trade_go_on_and_may_change_their_mind():
    watcher = Refuser()
    watcher.decide = lambda: len(watcher.views) == 1  # the first round only
    model = build("eight_nodes_ad_hoc", players={"owners": {5: watcher}})
    model.run()
    first, second = watcher.views
    assert (first.round, second.round, first.line_by_line) == (1, 2, True)
    assert first.lines.tolist() == [2] and first.share.tolist() == [0.5]
    assert (first.left_tail[0], first.left_head[0]) == (1, -1)
    assert first.open.all() and second.open.all()
    assert model.dispatch.g[2] == 0 and model.dispatch.g[0] > 1


# what is no answer


NO_OFFER = [None, "7", np.nan, -1, -np.inf, [1.0], [True, False, True], [[True, True]], 1j, ..., {}, [[1], [2, 3]]]


@pytest.mark.parametrize("answer", NO_OFFER, ids=repr)
@pytest.mark.parametrize("name", ["eight_nodes_ad_hoc", EIGHT])
def test_what_is_no_offer_is_refused_naming_owner_and_round(name, answer):
    class Odd:
        def decide(self):
            return answer

    model = build(name, players={"owners": {2: Odd()}})
    with pytest.raises(SeatError, match=r"^round 1: Odd of owners 2 decided .*needed$") as raised:
        model.step()
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 250
    assert model.outcome is None


@pytest.mark.parametrize("behaviour", ["none", "self-interested", "cooperative", "integrated"])
def test_an_amount_is_refused_where_lines_are_used_whole(behaviour):
    model = build(EIGHT, set=[f"behaviour={behaviour}", "payments=tariff"], players={"owners": {2: answering(0.5)}})
    with pytest.raises(SeatError, match="True or False for each of its 2 lines"):
        model.step()


@pytest.mark.parametrize("answer", [True, [True, True], (np.inf, np.inf), np.array([np.inf, True])], ids=repr)
def test_offers_in_any_dress(answer):
    model = build(EIGHT, players={"owners": {2: answering(answer)}})
    assert answer is not True or model.run() == "settled"


@pytest.mark.parametrize(
    ("players", "said"),
    [
        ({"owner": Owner}, "no group 'owner'; owners have seats; nearest known name: owners"),
        ({"owners": {7: Owner}}, "owners has no number 7; 1, 2, 3, 4, 5 have seats"),
        ({"owners": [Owner]}, "owners has 5 seats, got 1"),
        ({"owners": {2: object()}}, "a object cannot sit there"),
        ([Owner], "got a list"),
    ],
)
def test_who_cannot_sit_there_is_told_why(players, said):
    with pytest.raises(SeatError, match=said):
        build(EIGHT, players=players)


# days, chance, tables


class Moody(Player):
    """Offers its lines by the toss of a coin."""

    def __init__(self, model, seat):
        super().__init__(model, seat)
        self.said = []

    def decide(self):
        self.said.append(bool(self.rng.random() < 0.5))
        return self.said[-1]


def test_an_owner_decides_once_a_period():
    model = build("eight_nodes_day", players={"owners": {2: Moody}})
    outcomes = rounds_of(model)
    moody = next(player for player in model.players if isinstance(player, Moody))
    assert len(moody.said) == len(outcomes) == 24 and 0 < sum(moody.said) < 24
    whole = build("eight_nodes_day")
    for said, one, other in zip(moody.said, outcomes, rounds_of(whole), strict=True):
        if said:
            same(one, other)
        else:
            assert not np.any(one.dispatch.g[:2]) and one.dispatch.loss >= other.dispatch.loss
    assert model.gap == max(outcome.dispatch.gap for outcome in outcomes)
    assert model.nodes[2].account == pytest.approx(sum(outcome.payments.agents[2] for outcome in outcomes))


def test_its_draws_are_its_own():
    def said(number=2, others=(), **options):
        table = {number: Moody} | dict.fromkeys(others, Moody)
        model = build("eight_nodes_day", players={"owners": table}, set=["losses=priced"], **options)
        model.run()
        return next(p for p in model.players if p.seat.number == number).said

    assert said() == said() == said(others=(1, 5))
    assert said() != said(seed=99) and said() != said(replication=1) and said() != said(number=1)


def test_tables_hold_them():
    model = build("eight_nodes_ad_hoc", players={"owners": {1: Refuser(), 5: Moody}})
    model.run()
    pickle.dumps(model.datacollector.agenttype_reporters)
    tables = {kind: model.datacollector.get_agenttype_vars_dataframe(kind) for kind in {*map(type, model.players)}}
    assert {kind.__name__ for kind in tables} == {"Guest", "Moody", "Owner"}
    rows = {int(row["node"]): row for table in tables.values() for _, row in table.loc[model.round].iterrows()}
    assert sorted(rows) == [1, 2, 3, 4, 5]
    assert rows[1]["lines_offered"] == 0 and rows[3]["lines_offered"] == 1 and rows[2]["lines_offered"] == 2
    assert [rows[node]["payment"] for node in rows] == [model.outcome.payments.agents[node] for node in rows]


def test_payments_add_up_for_owners_and_nodes():
    model = build(EIGHT, players={"owners": {1: Refuser()}})
    outcome = rounds_of(model)[-1]
    rents = [model.heard[node].rent for node in model.heard]
    assert sum(rents) == pytest.approx(outcome.payments.lines.sum(), abs=1e-12)
    assert outcome.payments.total == pytest.approx(-model.market.tariff.bill(outcome.dispatch.grid_supply), abs=1e-9)
    assert {node: model.heard[node].payment for node in model.heard} == {
        node: model.nodes[node].payment for node in model.heard
    }


def test_the_summary_names_withheld_lines():
    scenario = load(EIGHT)
    drawn = draw(scenario)
    model = build(scenario, drawn=drawn, players={"owners": {1: Refuser()}})
    model.run()
    known = {"scenario": scenario, "replication": 0, "game": drawn.game, "redraws": {}, "status": model.status}
    known |= {"rounds": 1, "collected": model.collected, "gap": model.gap}
    assert MicrogridResult(outcomes=played(model), **known).facts()["withheld"] == [[1, 2]]
    plain = build(scenario, drawn=drawn)
    plain.run()
    assert "withheld" not in MicrogridResult(outcomes=played(plain), **known).facts()
