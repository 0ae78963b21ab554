"""One run: a scenario becomes a model, the model is stepped to its end, the end becomes a result."""

import time
from dataclasses import replace
from functools import partial

from agents.seats import names_of, refuse
from engine import limits, pace
from engine.results import results_of
from engine.results.result import Way
from scenarios import build, draw, load


def run(
    scenario,
    *,
    seed=None,
    replication=0,
    set=(),
    rounds=None,
    direct=False,
    certify=True,
    on_round=None,
    patient=False,
    players=None,
):
    """Run a scenario (name, path or Scenario) to its end and return a Result.

    `set` holds "key=value" changes as of the command line; `direct` solves without rounds; without `certify` what is
    only proof is not searched; `on_round(model)` is called after every round, where all learn after each whose gap is
    worked out (between two such they play at once); `players`, {group: who}, sit down in
    place of shipped ones. Raises scenarios.ScenarioError, agents.seats.SeatError where somebody cannot sit there,
    limits.TooLarge where it may not fit in memory, and pace.TooLong where all its periods may take too long, unless
    `patient`.
    """
    if direct:
        refuse(players, "without rounds nobody decides; leave out `direct`, or the players")
    scenario = load(scenario, set=set, seed=seed, rounds=rounds)
    limits.check([scenario], patient=patient)
    market = results_of(scenario.market)
    started = time.perf_counter()
    drawn = draw(scenario, replication)
    pace.check(paced(Way(scenario, replication, direct, certify), drawn.game), patient=patient)
    if direct:
        facts = {"rounds": 0, "collected": {}, "direct": True} | market.solved(drawn.game, certify)
    else:
        seats = {} if players is None else {"players": players}
        facts = _stepped(market, build(scenario, replication=replication, drawn=drawn, **seats), certify, on_round)
    result = _result(scenario, replication, drawn, facts | {"seated": names_of(players)})
    return replace(result, seconds=time.perf_counter() - started)


def are_side_by_side(scenario):
    """Can `solved_together` solve replications of a scenario? Raises ScenarioError where they cannot be drawn."""
    market = results_of(scenario.market)
    return hasattr(market, "are_side_by_side") and market.are_side_by_side(draw(scenario).game)


def solved_together(scenario, replications):
    """Results of replications as `run` has them without rounds, to the last bit; None for one to be run alone."""
    drawn = [draw(scenario, replication) for replication in replications]
    facts = results_of(scenario.market).solved_together([one.game for one in drawn])
    known = {"rounds": 0, "collected": {}, "direct": True, "seated": names_of(None)}
    runs = zip(replications, drawn, facts, strict=True)
    return [None if told is None else _result(scenario, k, one, known | told) for k, one, told in runs]


def paced(way, game=None, runs=1):
    """[How runs through periods are paced, a pace.Paced], empty in markets without many; game: where it is drawn."""
    market = results_of(way.scenario.market)
    if not hasattr(market, "one_period"):
        return []
    game = draw(way.scenario, way.replication).game if game is None else game
    many, called, through = market.periods(game)
    return [pace.Paced(way.scenario.name, many, partial(market.one_period, game, way=way), runs, called, through)]


def standing(scenario, replication, drawn, model, certify=False):
    """The Result of a model as it stands after any round, without a proof unless one is asked for."""
    return _result(scenario, replication, drawn, _facts(results_of(scenario.market), model, certify))


def _result(scenario, replication, drawn, facts):
    known = {"scenario": scenario, "replication": replication, "game": drawn.game, "redraws": drawn.redraws}
    return results_of(scenario.market).RESULT(**(known | facts))


def _stepped(market, model, certify, on_round):
    for part in (model, *getattr(model, "parts", {}).values()):
        part.certify = certify
    while model.running:
        played = model.round
        model.play_on()
        if on_round is not None and model.round > played:
            on_round(model)
    return _facts(market, model, certify)


def _facts(market, model, certify):
    known = {"status": model.status, "rounds": model.round, "collected": model.collected}
    return known | market.stepped(model, certify) | {"gaining": model.gaining}
