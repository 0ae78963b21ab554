"""Agents of one's own may answer anything: what is no decision is refused, naming agent and round."""

import numpy as np
import pytest

from agents import Aggregator, Crowd, LargeUser, Member, Owners
from market.microgrid.dispatch import infeasible
from market.outcome import Status
from scenarios import build

NO_PURCHASE = [
    np.nan,
    np.inf,
    -np.inf,
    -5,
    -1e-300,
    None,
    "7",
    b"7",
    True,
    [],
    [1.0, 2.0],
    {},
    1j,
    [[1.0]],
    ...,
    1e300,
    np.ma.masked,
]


@pytest.mark.share
@pytest.mark.parametrize("answer", NO_PURCHASE, ids=repr)
@pytest.mark.parametrize("order", ["in-turn", "random", "together"])
def test_what_is_no_purchase_is_refused(order, answer):
    class Own(Aggregator):
        def decide(self):
            return super().decide() if self.view.round == 1 else answer

    model = build("two_aggregators", set=[f'order="{order}"'], players={"north": Own, "south": Own})
    model.step()
    before = model.y.copy()
    with pytest.raises(ValueError, match=r"^round 2: Own \d+ of group '(north|south)' decided .*needed") as raised:
        model.step()
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 250
    assert model.round == 1 and np.array_equal(model.y, before)


@pytest.mark.parametrize("who", [LargeUser, Crowd])
@pytest.mark.parametrize("bad", [np.nan, -1.0])
def test_users_answers_are_refused_too(who, bad):
    def decide(self):
        found = np.zeros(np.size(self.view.own))
        found[-1] = bad
        return found

    own = type("Own", (who,), {"decide_many" if who is Crowd else "decide": decide})
    model = build("large_direct", players={"small" if who is Crowd else "large": own})
    with pytest.raises(ValueError, match=rf"^round 1: Own \d+ of group .* decided {bad} "):
        model.step()


@pytest.mark.parametrize("answer", [3, 3.0, np.float64(3), np.array(3), np.array([3.0]), [3]], ids=repr)
def test_numbers_in_any_dress_are_purchases(answer):
    own = type("Own", (Aggregator,), {"decide": lambda self: answer})
    model = build("two_aggregators", players={"north": own, "south": own})
    assert model.run() == Status.INACCURATE  # all settle at 3, which is no equilibrium
    assert model.gaining == ["Own"] and "Own does not answer best" in model.advice
    assert set(model.y[[agent.seat.place for _, agent in model.seats if isinstance(agent, Aggregator)]]) == {3.0}


@pytest.mark.parametrize("answer", [None, (np.nan, 0), (1.0, -1), (1.0, 99), (1.0, 0.5), ("7", 0), (1.0,), 7], ids=repr)
def test_what_is_no_move_is_refused(monkeypatch, answer):
    model = build("two_users_chase")
    model.step()
    monkeypatch.setattr(Member, "best_move", lambda self, state: answer)
    with pytest.raises(ValueError, match=r"^round 2: Member 0 decided "):
        model.step()


def owners_answers(right):
    from dataclasses import replace

    spoilt = [replace(right, g=right.g * np.nan), replace(right, f=right.f[:-1]), replace(right, grid_supply=np.inf)]
    return [None, "7", 7, (None, True), (right,), *((one, True) for one in spoilt), (replace(right, p=None), True)]


@pytest.mark.parametrize("number", range(9))
def test_what_is_no_dispatch_is_refused(monkeypatch, number):
    model = build("eight_nodes_cooperative")
    answer = owners_answers(Owners.decide(model.owners)[0])[number]
    monkeypatch.setattr(Owners, "decide", lambda self: answer)
    with pytest.raises(ValueError, match=r"^round 1: Owners \d+ decided .*Dispatch"):
        model.step()


def test_an_infeasible_dispatch_is_an_answer(monkeypatch):
    model = build("eight_nodes_cooperative")
    monkeypatch.setattr(Owners, "decide", lambda self: (infeasible(False, [1]), True))
    assert model.run() == Status.INFEASIBLE
