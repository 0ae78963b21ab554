"""Whatever is legal ends settled and proven, or with an honest other status; nothing undefined gets into a summary.

2,000 scenarios of each market by `make nightly`, fewer in the usual suite. A failure names market and number;
`written(LEGAL[market](number))` is the file.
"""

import json
import math
import traceback

import pytest
from scipy.stats import binom

from engine import run
from engine.results import all_measured
from market.outcome import Status
from scenarios import ScenarioError
from tests.hardening.cases import NIGHTLY, TooSlow, at_most, chunks, named
from tests.hardening.legal_markets import LEGAL
from tests.hardening.maker import CHOICES
from tests.hardening.mutations import written

SECONDS = 60
DIRECT, TWICE = 5, 25  # every fifth is solved without rounds, every 25th is run twice
PROVEN = (Status.SETTLED, Status.SOLVED)
SHARE = {"aggregator": 0.38, "microgrid": 0.8, "bilateral": 0.75}  # of many cases that are proven; few rounds are not
NOT_REFUSED = 0.95  # of many cases
SOME = None if NIGHTLY else 3  # chunks
CHANCE = 1e-6  # of a chunk to have fewer than asked though nothing is wrong
LEARNING = ("learned", "round-limit")
ENDS = {
    "aggregator": {*PROVEN, *LEARNING, "cycling", "infeasible", "short", "no-equilibrium", "not-found", "inaccurate"},
    "network": {*PROVEN, *LEARNING, "cycling", "infeasible", "short", "no-equilibrium", "not-found", "inaccurate"},
    "days": {*PROVEN, *LEARNING, "cycling", "infeasible", "short", "not-found", "inaccurate"},
    "microgrid": {*PROVEN, "cycling", "round-limit", "infeasible", "inaccurate"},
    "bilateral": {*PROVEN, "round-limit", "no-equilibrium"},
}


def told(path, number):
    """A run's (status, trouble or None); status "refused" where a drawn population makes no market."""
    return ended(path, number % DIRECT == DIRECT - 1, number % TWICE == 0)[:2]


def ended(path, direct, twice=False):
    """(Status, trouble or None, the result or None) of a file's run, stepped or direct, once or twice."""
    try:
        with at_most(SECONDS):
            result = run(path, direct=direct)
            text = json.dumps(result.summary(users=True), allow_nan=False)
            again = twice and json.dumps(run(path, direct=direct).summary(users=True))
    except ScenarioError as error:
        return "refused", None if str(error).isprintable() else "message of several lines", None
    except TooSlow:
        return "slow", f"took more than {SECONDS} s", None
    except Exception:
        return "raised", traceback.format_exc(limit=-4), None
    return str(result.status), wrong(result, text, again), result


def wrong(result, text, again):
    """What is wrong with a result, None where nothing is."""
    status, gap = result.status, result.gap
    if status not in ENDS[result.scenario.market] or len(result.advice) < 20:
        return f"ends {status}: {result.advice}"
    if again not in (False, text):
        return "not the same bits again"
    promises = getattr(getattr(result.game, "behaviour", None), "optimal", True)  # greedy trade is told, not proven
    if status in PROVEN and promises and (gap is None or result.promised is None or not gap <= result.promised):
        return f"{status} with gap {gap}, promised {result.promised}"
    if gap is not None and not gap >= 0:
        return f"{status} with gap {gap}"
    values = all_measured(result)
    undefined = [name for name, value in values.items() if value is not None and math.isinf(value)]
    return f"infinite: {undefined}" if undefined else None


def check(market, numbers, folder):
    """Nothing is wrong with any of these cases, and most of them are solved or settle.

    The usual suite's are known to; by night as many are asked for as a share of all leaves to no chance.
    """
    path = folder / "legal.toml"
    answers = {}
    for number in numbers:
        path.write_text(written(LEGAL[market](number)), encoding="utf-8")
        answers[number] = told(path, number)
    assert {number: said for number, (_, said) in answers.items() if said} == {}
    ends = [status for status, _ in answers.values()]
    proven, refused = sum(ends.count(str(status)) for status in PROVEN), ends.count("refused")
    assert proven >= fewest(len(ends), SHARE[market]) and len(ends) - refused >= fewest(len(ends), NOT_REFUSED)
    assert NIGHTLY or (proven > len(ends) / 3 and refused <= max(2, len(ends) / 5))


def fewest(cases, share):
    """So many of some cases at least are of a share of all, but for a chance below CHANCE."""
    return binom.ppf(CHANCE, cases, share)


@pytest.mark.parametrize("numbers", chunks(2_000, 60)[:SOME], ids=named)
def test_legal_aggregator_markets(numbers, tmp_path):
    check("aggregator", numbers, tmp_path)


@pytest.mark.parametrize("numbers", chunks(2_000, 100)[:SOME], ids=named)
def test_legal_microgrids(numbers, tmp_path):
    check("microgrid", numbers, tmp_path)


@pytest.mark.parametrize("numbers", chunks(2_000, 100)[:SOME], ids=named)
def test_legal_bilateral_markets(numbers, tmp_path):
    check("bilateral", numbers, tmp_path)


def test_a_share_is_asked_of_a_chunk_as_far_as_chance_leaves_it():
    """Of 40 at a half, 6 or fewer with a chance of 4,598,479 in 2^40."""
    assert fewest(40, 0.5) == 6
    assert sum(math.comb(40, k) for k in range(6)) < CHANCE * 2**40 < sum(math.comb(40, k) for k in range(7))
    assert [fewest(40, share) > 0 for share in SHARE.values()] == [True] * len(SHARE)


def test_every_word_of_the_schema_is_tried():
    """Of each market's choices, every one comes up among the first two hundred cases."""
    for market, keys in CHOICES.items():
        texts = "".join(written(LEGAL[market](number)) for number in range(200))
        asked = [key for key in keys.values() if key.type == "choice" and key.name != "market"]
        missing = [(key.path, word) for key in asked for word in key.range if f'"{key.name}" = "{word}"' not in texts]
        assert missing == []


FREE = """market = "aggregator"
rounds = 25
price = {{ rule = "piecewise", quantities = [0.0, 3.0, 4.0], prices = [0.0, 0.0, 1.5], last_slope = 0.01 }}
{}
[[group]]
name = "homes"
kind = "aggregator"
users = 5
count = 2
utility = {{ form = "log", b = [0.7, 0.8, 1.5, 0.4, 0.4], k = [0.5, 0.7, 0.9, 0.7, 0.6] }}
fairness = {{ alpha = {}, surplus_offset = 0.01 }}
"""


@pytest.mark.share
@pytest.mark.parametrize("alpha", ["0", "0.5", "1", "7.5", "inf"])
def test_what_costs_nothing_is_not_bought_without_end(alpha, tmp_path):
    """Logarithmic users want no end of free energy: all that is free is bought, and hardly more, since that costs."""
    path = tmp_path / "free.toml"
    path.write_text(FREE.format("", alpha))
    result = run(path, direct=True)
    assert str(result.status) == "solved" and result.gap < 1e-9
    assert 3 - 1e-9 <= result.summary()["quantity"] < 3.5


def test_who_joins_whom_where_energy_costs_nothing(tmp_path):
    path = tmp_path / "free.toml"
    text = FREE.format('joining = { foresight = "terms" }', 2).replace("users = 5", "users = 2")
    path.write_text(text.replace("[0.7, 0.8, 1.5, 0.4, 0.4]", "[0.7, 1.5]").replace("[0.5, 0.7, 0.9, 0.7, 0.6]", "0.5"))
    assert told(path, 1)[1] is None


def test_a_microgrid_without_flows_that_proves_nothing_ends_inaccurate(tmp_path):
    path = tmp_path / "legal.toml"
    path.write_text(written(LEGAL["microgrid"](153, 7)), encoding="utf-8")
    result = run(path)
    assert str(result.status) == "inaccurate" and result.summary()["losses"]["total"] is None
