"""Alpha as a strategy on small markets: files, and what is claimed of each game worked out again from its table."""

import json

import pandas as pd
import pytest

from papers import reproduce, texts
from papers.joining import alpha
from scenarios import load

FEW = ("group.0.users=11", "group.1.users=11", "price.c=0.01", "choosing.alphas=[0, 1]")
DRAWS, THREE = 2, "choosing_alpha_three"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(Claims, folder) of the reproduction on few users and two alphas, all at 0 claimed of each game."""
    out = tmp_path_factory.mktemp("alpha")
    three = out / "three.toml"
    three.write_text(load(THREE).to_toml().replace("users = 40", "users = 8"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alpha, "CHANGES", FEW)
        patch.setitem(alpha.MARKETS, "three aggregators, users stay", str(three))
        patch.setattr(alpha, "PROFILES", dict.fromkeys(alpha.PROFILES, 0.0))
        claims = reproduce(["alpha"], out, DRAWS, progress=False, workers=1)
    return claims, out


def test_the_folder_holds_payoffs_picture_and_games(made):
    claims, out = made
    manifest = json.loads((out / "reproduce/alpha/manifest.json").read_text())
    assert set(manifest["files"]) == {"payoffs.csv", "alpha.png", "games.txt", "claims.json"}
    assert len(claims) == len(alpha.PROFILES) + 1
    (text,) = texts(["alpha"], out)
    assert text.count("draws, 0 left out") == len(alpha.MARKETS) * len(alpha.PAYOFFS)
    assert max(map(len, text.splitlines())) < 140


def mean_of_mine(rows, payoff, mine, other):
    """What one of two aggregators alike has on the mean, the first and the second counted alike."""
    first = rows[(rows["alphas"] == f"{mine} {other}") & (rows["aggregator"] == 0)][payoff]
    second = rows[(rows["alphas"] == f"{other} {mine}") & (rows["aggregator"] == 1)][payoff]
    assert len(first) == len(second) == DRAWS
    return pd.concat([first, second]).mean()


@pytest.mark.parametrize("market", ["users join", "users stay"])
@pytest.mark.parametrize("payoff", alpha.PAYOFFS)
def test_equilibria_are_those_of_the_table(made, market, payoff):
    claims, out = made
    rows = pd.read_csv(out / "reproduce/alpha/payoffs.csv")
    rows = rows[rows["market"] == market]
    mean = {(a, b): mean_of_mine(rows, payoff, a, b) for a in (0, 1) for b in (0, 1)}
    least = 1e-9 * max(mean.values())
    stable = [(a, b) for a, b in mean if mean[1 - a, b] - mean[a, b] <= least and mean[1 - b, a] - mean[b, a] <= least]
    claim = next(one for one in claims if one.text.startswith(f"{market}, aggregators {alpha.WANTED[payoff]}"))
    assert claim.numbers["pure equilibria"] == len(stable)
    assert claim.verdict == "fail" or stable == [(0, 0)]
    assert ("another α gains at most" in claim.numbers) == ((0, 0) in stable)
