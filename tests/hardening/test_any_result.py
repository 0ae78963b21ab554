"""Every market draws its whole results, whatever they are: constant, of one user or period, huge, tiny, infeasible.

Pictures of random legal markets and of chosen ones that lack something to show; no picture fails or warns.
"""

import warnings

import pytest

from engine import run
from scenarios import ScenarioError
from tests.hardening.cases import NIGHTLY, chunks, named
from tests.hardening.legal_markets import LEGAL
from tests.hardening.mutations import written
from views.pictures import pictures

LONG = "a very long name of something " * 6
USER = """market = "aggregator"
rounds = 3
title = "{title}"
price = {{ rule = "linear", c = {c} }}
[[group]]
name = "{name}"
kind = "{kind}"
users = {n}
"""
QUADRATIC = """utility = {{ form = "quadratic", a = {a}, b = {b} }}
"""
GRID = """market = "microgrid"
title = "{title}"
behaviour = "{behaviour}"
losses = "{losses}"
[network]
injection = {rows}
public = [[0, 1, {r}, {r}], [1, 2, {r}, {r}]]
private = [[1, 2, {r}]]
"""
DEAL = """market = "bilateral"
title = "{title}"
rounds = {rounds}
negotiation = {{ rule = "{rule}" }}
periods = {periods}
buyers = {{ count = {m}, demand = {q}, value = {value} }}
sellers = {{ count = {n}, supply = {q}, ask = {ask} }}
tariff = {{ buy = {buy}, sell = 0 }}
"""
DESIGNS = """market = "designs"
title = "{title}"
tariff = {{ buy = 0.3, sell = 0.08 }}
price = {{ p0 = 0.16, c = {c} }}
base_power = 100
network = {{ case = "eight_nodes" }}
[[class]]
name = "{name}"
count = {n}
a = {a}
b = {b}
generation = {g}
"""


def user(kind="aggregator", n=3, a=0.5, b=1.0, c=0.1, title="t", name="homes"):
    fair = "fairness = { alpha = 1, surplus_offset = 0 }\n" if kind == "aggregator" else ""
    return (USER + QUADRATIC).format(kind=kind, n=n, a=a, b=b, c=c, title=title, name=name) + fair


def grid(rows, behaviour="cooperative", losses="priced", r=0.01, title="t"):
    return GRID.format(rows=rows, behaviour=behaviour, losses=losses, r=r, title=title)


def deal(m=2, n=2, q=1.0, value=0.2, ask=0.1, buy=0.3, rule="bilateral", rounds=50, periods=1, title="t"):
    given = {"m": m, "n": n, "q": q, "value": value, "ask": ask, "buy": buy, "rule": rule}
    return DEAL.format(**given, rounds=rounds, periods=periods, title=title)


def designs(n=3, a=0.1, b=0.6, g=4.0, c=0.001, title="t", name="homes"):
    return DESIGNS.format(n=n, a=a, b=b, g=g, c=c, title=title, name=name)


CHOSEN = {
    "one user": user(n=1),
    "nobody wants anything": user("direct", b=0.0),
    "all the same": user("direct", 6),
    "huge users": user("direct", 6, 1e-9, "[1e12, 2e12, 3e12, 1e12, 2e12, 3e12]"),
    "tiny users": user("direct", 6, 1.0, "[1e-12, 2e-12, 3e-12, 1e-12, 2e-12, 3e-12]"),
    "priced out": user(b="[0.001, 900, 900]"),
    "long names of users": user(title=LONG, name=LONG),
    "no power": grid("[0, 0, 0]"),
    "equal periods": grid("[[0, 1, -1], [0, 1, -1], [0, 1, -1]]"),
    "periods without power": grid("[[0, 0, 0], [0, 0, 0]]"),
    "huge power": grid("[[0, 5e5, -1e6], [0, 1e6, 5e5]]", r=1e-8),
    "tiny power": grid("[[0, 1e-9, -2e-9], [0, 2e-9, 1e-9]]"),
    "no resistance": grid("[0, 1, -1]", r="1e-9"),
    "not to be served": grid("[[0, 90, -95], [0, 1, -1]]", losses="lossy", r=1.0),
    "never to be served": grid("[0, 90, -95]", losses="lossy", r=1.0),
    "long title of a grid": grid("[0, 1, -1]", title=LONG),
    "no sellers": deal(n=0),
    "nobody gains": deal(value=0.1, ask=0.2),
    "one price": deal(m=4, n=4, value=0.2, ask=0.2),
    "one pair": deal(1, 1),
    "no energy": deal(q=0.0),
    "huge contracts": deal(q=1e12),
    "tiny contracts": deal(q=1e-9),
    "days of contracts": deal(periods=3, title=LONG),
    "days without contracts": deal(n=0, periods=2),
    "cut off": deal(m=4, n=3, rounds=1),
    "corner": deal(rule="corner"),
    "two consumers": designs(n=2, g=0.0),
    "consumers all the same": designs(),
    "nobody consumes": designs(b=0.0, g=0.0),
    "tiny consumers": designs(a=1.0, b=1e-6, g=0.0),
    "long names of classes": designs(title=LONG, name=LONG),
}


def draw_and_check(path, direct, folder):
    """Nothing warns while a run's pictures are drawn; returns those drawn."""
    try:
        result = run(path, direct=direct)
    except ScenarioError:
        return ["refused"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = pictures(result, folder)
    assert all(file.stat().st_size > 1000 for file in made)
    return made


@pytest.mark.share
@pytest.mark.parametrize("name", list(CHOSEN) if NIGHTLY else list(CHOSEN)[::5])
@pytest.mark.parametrize("direct", [False, True] if NIGHTLY else [False])
def test_results_that_lack_something_are_drawn(name, direct, tmp_path):
    path = tmp_path / "market.toml"
    path.write_text(CHOSEN[name])
    made = draw_and_check(path, direct, tmp_path)
    assert made and made != ["refused"]


def test_learners_who_regret_nothing_are_drawn(tmp_path):
    """One who learns where the price is flat, so that what it wants at once is best in every round."""
    flat = 'price = { rule = "piecewise", quantities = [0.0, 1e3], prices = [0.1, 0.1], last_slope = 0.1 }'
    text = user("direct", n=1).replace('price = { rule = "linear", c = 0.1 }', flat)
    path = tmp_path / "legal.toml"
    path.write_text(text + 'conduct = { rule = "fictitious-play" }\n')
    assert not max(run(path).column("regret homes")) > 0
    assert "regrets" in [file.stem for file in draw_and_check(path, False, tmp_path)]


@pytest.mark.parametrize("market", LEGAL)
@pytest.mark.parametrize("numbers", chunks(200, 5)[: None if NIGHTLY else 1], ids=named)
def test_whatever_a_legal_market_ends_with_is_drawn(market, numbers, tmp_path):
    path = tmp_path / "legal.toml"
    for number in numbers:
        path.write_text(written(LEGAL[market](number, 3)), encoding="utf-8")
        draw_and_check(path, number % 2 == 1, tmp_path)
