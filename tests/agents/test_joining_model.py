"""Users who leave and join aggregators, as Mesa agents: rounds, identities, the same draws, the endings."""

import numpy as np
import pytest

from agents import JoiningModel
from market.aggregator.joining import settled
from market.outcome import Status
from scenarios import build

FEW = ["group.0.users=12", "group.1.users=12"]
HALF = ["joining.inertia=0.5", 'joining.order="together"', 'joining.foresight="terms"']


def played(*changes, name="joining_proportional", **options):
    model = build(name, set=[*FEW, *changes] if name.startswith("joining") else changes, **options)
    model.run()
    return model


@pytest.fixture(scope="module")
def ended():
    return played()


def test_the_first_round_opens_the_market_as_it_is_grouped():
    model = build("joining_proportional", set=FEW)
    assert isinstance(model, JoiningModel) and model.outcome is None and model.gap is None
    assert model.members[0].offer.name == "welfare" and (model.members[0].quantity, model.members[0].surplus) == (0, 0)
    assert [block.name for block in model.game.blocks] == ["welfare", "proportional", "data centre"]
    model.step()
    assert (model.round, model.moves, model.status) == (1, 0, Status.RUNNING)
    np.testing.assert_array_equal(model.memberships[0], np.repeat([0, 1], 12))
    np.testing.assert_array_equal(model.outcome.s, settled(model.joining, model.start).outcome.s)


def test_it_settles_and_steps_no_further(ended):
    assert ended.status == Status.SETTLED and ended.gap <= 1e-6 and ended.moves > 0
    rounds, collected = ended.round, len(ended.datacollector.get_model_vars_dataframe())
    ended.step()
    assert (ended.round, len(ended.memberships), collected) == (rounds, rounds, rounds)
    assert all(member.best_move(ended.state)[0] <= 1e-6 for member in ended.members)


def test_users_keep_their_numbers(ended):
    """Surplus by number is each user's own utility of its quantity, less its cost at the round's price."""
    joining, prices = ended.joining, ended.datacollector.get_model_vars_dataframe()["price"]
    for x, s, price in zip(ended.trajectory.quantities, ended.trajectory.surpluses, prices, strict=True):
        np.testing.assert_allclose(s[: joining.movers], joining.utility.surplus(price, x[: joining.movers]), atol=1e-12)
    member = ended.members[3]
    assert member.surplus == ended.trajectory.surpluses[-1][3] and member.quantity == ended.trajectory.quantities[-1][3]
    assert member.utility.b[0] == joining.utility.b[3]
    assert member.offer is joining.offers[ended.memberships[-1][3]]


def test_columns_are_sums_over_members(ended):
    last = ended.datacollector.get_model_vars_dataframe().iloc[-1]
    x = ended.trajectory.quantities[-1]
    for number, offer in enumerate(ended.joining.offers):
        mine = ended.memberships[-1] == number
        assert last[f"members {offer.name}"] == mine.sum()
        assert last[f"purchase {offer.name}"] == pytest.approx(x[: len(mine)][mine].sum())
        assert last[f"consumption {offer.name}"] == pytest.approx(x[: len(mine)][mine].mean())


@pytest.mark.parametrize("changes", [(), HALF, ('joining.order="random"',)])
def test_the_same_seed_the_same_bits(changes):
    one, same = played(*changes, rounds=4), played(*changes, rounds=4)
    np.testing.assert_array_equal(one.memberships, same.memberships)
    assert one.trajectory.surpluses.tobytes() == same.trajectory.surpluses.tobytes()


def test_other_seeds_and_replications_draw_other_moves():
    one, other = (played(*HALF, rounds=2, replication=k).memberships[-1] for k in (0, 1))
    assert not np.array_equal(one, other)


def test_an_aggregator_may_empty_and_fill_again():
    """Asked all at once, both users of the chase go to the other aggregator, or to one of them."""
    model = played('joining.order="together"', "joining.inertia=0.5", name="two_users_chase", rounds=20)
    table = model.datacollector.get_model_vars_dataframe()
    assert model.status == Status.ROUND_LIMIT
    empty = table["members first"] == 0
    assert empty.any() and not empty.all()
    assert (table.loc[empty, "purchase first"] == 0).all() and table.loc[empty, "surplus first"].isna().all()
    assert {len(np.unique(membership)) for membership in model.memberships} == {1, 2}


def test_a_cycle_is_told_with_its_period():
    model = played(name="two_users_chase")
    assert (model.status, model.cycle, model.running) == (Status.CYCLING, 2, False)


def test_purchases_beyond_the_capacity_are_short():
    fleet = "{ max_p_mw = [1], cost_quadratic = [0.1], cost_linear = [0.1] }"
    model = played(
        f'price={{ rule = "dispatch", cap = 2, generators = {fleet} }}', "group.0.users=3", "group.1.users=3"
    )
    assert model.status == Status.SHORT and model.outcome.unserved > 0


def test_bad_options_are_told():
    joining = build("two_users_chase").joining
    with pytest.raises(ValueError, match="foresight='none' is not one of equilibrium, terms"):
        JoiningModel(joining, np.array([0, 1]), foresight="none")
