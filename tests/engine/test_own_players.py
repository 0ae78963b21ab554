"""Players of one's own in `engine.run`: they act, the result says so, and what is stored is not run again."""

import json

import pytest

from agents import Aggregator, Player, Seller
from agents.seats import SeatError
from engine import FolderError, run, save_result, verify
from engine.store import result_folder
from scenarios import build
from scenarios.markets import MARKETS
from views.browser.stored import open_folder
from views.markets import words_of


class Bold(Aggregator):
    def decide(self):
        return 1.1 * super().decide()


class Content(Seller):
    def decide(self):
        return 0.5


class Refuser(Player):
    def decide(self):
        return False


OWN = {
    "two_aggregators": {"north": Bold},
    "p2p_single": {"sellers": {0: Content}},
    "eight_nodes_ad_hoc": {"owners": {2: Refuser}},
}
NAMES = {"two_aggregators": "Bold", "p2p_single": "Content", "eight_nodes_ad_hoc": "Refuser"}
REFUSE = {"designs": "designs_eight_nodes", "joining": "joining_proportional"}


def own(name):
    return run(name, players=OWN[name], rounds=40)


@pytest.mark.parametrize("name", OWN)
def test_a_run_with_ones_own_players_is_the_model_s(name):
    result, shipped = own(name), run(name, rounds=40)
    model = build(name, players=OWN[name], rounds=40)
    model.run()
    assert (result.status, result.rounds, result.gap) == (model.status, model.round, model.gap)
    assert result.history.equals(model.history)
    assert not result.history.equals(shipped.history)
    group = next(iter(OWN[name]))
    assert result.seated == result.summary()["seated"] == {group: [NAMES[name]]}
    assert f"{NAMES[name]} in {group}" in words_of(result.scenario.market).summary_text(result.summary())
    assert result.advice == result.summary()["advice"] == model.advice
    assert (result.status == "inaccurate") == (NAMES[name] in result.advice) == (name == "two_aggregators")
    assert shipped.seated == {} and "seated" not in shipped.summary()


def test_every_market_seats_players_or_says_why_not():
    seating = {build(name).__class__ for name in OWN}
    assert len(seating) == 3 and {*MARKETS} >= {"aggregator", "bilateral", "microgrid", "designs"}
    for name in REFUSE.values():
        with pytest.raises(SeatError) as raised:
            run(name, players={"north": Bold})
        assert str(raised.value).startswith("players: ") and "\n" not in str(raised.value)


def test_nobody_decides_in_a_direct_solution():
    with pytest.raises(SeatError, match="without rounds nobody decides"):
        run("two_aggregators", players={"north": Bold}, direct=True)
    assert run("two_aggregators", players={}, direct=True).seated == {}


@pytest.mark.parametrize("players", [["north"], {"nroth": Bold}, {"north": "Bold"}])
def test_who_cannot_sit_is_refused_before_anything_is_played(players):
    with pytest.raises(SeatError) as raised:
        run("two_aggregators", players=players)
    assert "\n" not in str(raised.value)


def test_a_stored_run_with_ones_own_players_is_not_run_again(tmp_path):
    result, shipped = own("two_aggregators"), run("two_aggregators", rounds=40)
    folder = save_result(result, tmp_path)
    assert folder != save_result(shipped, tmp_path)
    assert folder != result_folder(run("two_aggregators", rounds=40, players={"south": Bold}), tmp_path)
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["seated"] == {"north": ["Bold"]}
    found = verify(folder)
    assert found.passed and any("Bold in north" in line and "cannot be run again" in line for line in found.lines)
    assert not any(line.startswith("pass  same") for line in found.lines)
    with pytest.raises(FolderError, match="Bold in north"):
        open_folder(tmp_path, str(folder.relative_to(tmp_path)))
    (folder / "rounds.csv").write_text("round\n1\n", encoding="utf-8")
    assert not verify(folder).passed


@pytest.mark.parametrize("seated", [3, ["north"], {"north": "Bold"}, {"north": [1]}, None])
def test_a_manifest_that_says_nonsense_of_players_is_refused(tmp_path, seated):
    folder = save_result(run("two_aggregators", rounds=3), tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8")) | {"seated": seated}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(FolderError, match=r"manifest\.json: seated: got"):
        verify(folder)
