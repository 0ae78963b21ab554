"""Alpha as a strategy, in words: payoffs of two aggregators, and every equilibrium of the game."""

from market.numerals import percent, plain
from views.tables import table

WANTED = {"surplus": "want their users' total surplus", "users": "want many who buy"}


def game_title(market, game):
    """The market and what its aggregators are in business for."""
    return f"{market}, aggregators {WANTED[game.payoff]}"


def game_text(market, game):
    """Payoffs of the first of two alike, of both where they are not, and every equilibrium of the game."""
    head = f"{market}; aggregators {WANTED[game.payoff]}. {game.draws} draws, {game.left_out} left out\n"
    lines = [_profile(game, one) for one in (*game.pure_equilibria(), *(game.mixed_equilibria() or ()))]
    if len(game.names) > 2:
        lines.append("mixed equilibria are looked for with two aggregators only")
    elif game.mixed_equilibria() is None:
        lines.append("mixed equilibria are not looked for: nashpy is not installed")
    matrices = "".join(f"{_matrix(game, player)}\n" for player in shown(game))
    return head + matrices + "".join(f"  {line}\n" for line in lines)


def shown(game):
    """Numbers of the aggregators whose payoffs are a table: of two alike the first, of two others both."""
    if len(game.names) > 2:
        return ()
    return (0,) if game.alike else (0, 1)


def payoffs_of(game, player):
    """Means and half-widths of one of two, (alphas, alphas) each: rows its own alpha, columns the other's."""
    return (of if player == 0 else of.T for of in (game.means[player], game.half_widths()[player]))


def _matrix(game, player):
    """Payoffs of one of two: rows its own alpha, columns the other's."""
    means, half = payoffs_of(game, player)
    alphas = [f"{alpha:g}" for alpha in game.alphas]
    rows = [
        (own, *(f"{plain(mean, 5)} ± {plain(width, 2)}" for mean, width in zip(*row, strict=True)))
        for own, *row in zip(alphas, means.tolist(), half.tolist(), strict=True)
    ]
    own = "own α" if game.alike else f"{game.names[player]}'s α"
    return table((own, *(f"other's {alpha}" for alpha in alphas)), rows)


def _profile(game, found):
    """An equilibrium in words."""
    said = "; ".join(
        f"{name} "
        + " or ".join(_played(alpha, weight) for alpha, weight in zip(game.alphas, row, strict=True) if weight)
        for name, row in zip(game.names, found.weights.tolist(), strict=True)
    )
    sure = "certain" if found.certain else "not certain at these draws"
    kind = "pure" if found.is_pure else "mixed"
    return f"{kind} equilibrium: {said}: {sure}, another α gains at most {plain(found.upper, 3)} (95 %)"


def _played(alpha, weight):
    return f"α = {alpha:g}" if weight == 1 else f"α = {alpha:g} ({percent(weight)})"
