"""Alpha as a strategy: what becomes of fairness where aggregators choose it, and users join as they like or stay.

The paper asks how alpha should be set in practice and leaves that open; the claims here are this project's own.
"""

import pandas as pd

from engine.choosing import PAYOFFS, alpha_game, profiles, rows_played
from papers.claims import FAIL, judge
from papers.figure import Reproduction, to_csv
from scenarios import load
from views.aggregator.alpha_games import alpha_games
from views.aggregator.alpha_words import WANTED, game_text, game_title
from views.drawing import draw_to

FIGURE, TEXT = "alpha", "games.txt"
MARKETS = {
    "users join": "choosing_alpha",
    "users stay": "choosing_alpha_stay",
    "three aggregators, users stay": "choosing_alpha_three",
}
CHANGES = ()  # of every market
SHARE, LEAST_DRAWS = 0.4, 2  # of the replications, each a draw of every profile
PROFILES = {  # what is claimed of each game: all aggregators at this alpha
    ("users join", "surplus"): 0.0,
    ("users join", "users"): 0.5,
    ("users stay", "surplus"): 0.0,
    ("users stay", "users"): 2.0,
    ("three aggregators, users stay", "surplus"): 0.0,
}


def asked(market, replications):
    """Every profile of alphas of a market in every draw."""
    return profiles(load(MARKETS[market], set=CHANGES), max(round(SHARE * replications), LEAST_DRAWS))


def questions(replications):
    """The profiles of all markets."""
    return [one for market in MARKETS for one in asked(market, replications)]


def write(study, folder):
    """Payoffs of every draw, a table of each game, heat maps of two aggregators' games, and the claims."""
    played = {market: [study.answers[one] for one in asked(market, study.replications)] for market in MARKETS}
    rows = [row for market, answers in played.items() for row in _rows(market, study, answers)]
    to_csv(pd.DataFrame(rows), folder / "payoffs.csv")
    games = {
        (market, payoff): alpha_game(load(MARKETS[market], set=CHANGES), answers, payoff)
        for market, answers in played.items()
        for payoff in PAYOFFS
    }
    (folder / TEXT).write_text("\n".join(game_text(key[0], game) for key, game in games.items()), encoding="utf-8")
    two = {game_title(key[0], game): game for key, game in games.items() if len(game.names) == 2}
    draw_to(folder / "alpha.png", alpha_games, two)
    return [*(_claim(*key, games[key], alpha) for key, alpha in PROFILES.items()), _fair_claim(games)]


def _rows(market, study, answers):
    """A row a market played and aggregator."""
    return [{"market": market} | row for row in rows_played(asked(market, study.replications), answers)]


def _claim(market, payoff, game, alpha):
    """All at one alpha is the only pure equilibrium, and certain."""
    found = game.pure_equilibria()
    here = [one for one in found if all(row[game.alphas.index(alpha)] == 1 for row in one.weights)]
    numbers = {"draws": game.draws, "left out": game.left_out, "pure equilibria": len(found)}
    if here:
        numbers["another α gains at most"] = here[0].upper
    return judge(
        FIGURE,
        f"{market}, aggregators {WANTED[payoff]}: all at α = {alpha:g} is the only pure equilibrium, and certain",
        len(found) == 1 and any(one.certain for one in here),
        numbers | {"markets in which some still move": game.unsettled},
    )


def _fair_claim(games):
    """Does competition for users make aggregators fair in proportion, α = 1 or more?"""
    game = games["users join", "users"]
    least = min(float(game.alphas[row.argmax()]) for one in game.pure_equilibria() for row in one.weights)
    return judge(
        FIGURE,
        "users join: aggregators who want many users choose proportional fairness or more (α ≥ 1)",
        least >= 1,
        {"least α of a pure equilibrium": least},
        FAIL,
        "α = 1 has fewer who buy than α = 0.5 has, beside a rival at 0 and beside one at 0.5",
    )


ALPHA = Reproduction("Alpha as a strategy: aggregators choose it, users join or stay", write, questions, TEXT)
