"""The method the paper describes, as a baseline: best-response dynamics with a two-step search by a convex solver.

Li, Motoki, Zhang, section III: for a fixed purchase the split is a convex programme; the purchase is found by a
one-dimensional search that takes the payoff for quasiconcave.
"""

import cvxpy as cp
import numpy as np

SOLVES = 30  # of the convex programme in one best response
GOLDEN = (np.sqrt(5) - 1) / 2


class Split:
    """max Σ log(U_i(x_i) − p x_i + offset), or Σ U_i(x_i) − p x_i, subject to Σ x = y: compiled once, for Clarabel."""

    def __init__(self, utility, alpha, offset):
        if alpha not in (0.0, 1.0):
            raise ValueError(f"alpha={alpha} is not 0 or 1")
        a, b = utility.a, utility.b
        self.x = cp.Variable(len(a), nonneg=True)
        self.price, self.y = cp.Parameter(nonneg=True), cp.Parameter(nonneg=True)
        surplus = cp.multiply(b, self.x) - cp.multiply(a, cp.square(self.x)) - self.price * self.x
        payoff = cp.sum(surplus) if alpha == 0 else cp.sum(cp.log(surplus + offset))
        self.problem = cp.Problem(cp.Maximize(payoff), [cp.sum(self.x) == self.y])

    def payoff(self, price, y):
        """Value of the best split of y at a price; minus infinity where the solver finds none."""
        self.price.value, self.y.value = price, y
        self.problem.solve(solver=cp.CLARABEL)
        return self.problem.value if self.problem.status.startswith("optimal") else -np.inf


def best_response(split, rule, outside, most):
    """Golden-section search over the purchase, SOLVES programmes."""
    low, high = 0.0, most

    def payoff(y):
        return split.payoff(float(rule.value(outside + y)), y)

    points = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
    values = [payoff(y) for y in points]
    for _ in range(SOLVES - 2):
        if values[0] >= values[1]:
            high, points[1], values[1] = points[1], points[0], values[0]
            points[0] = high - GOLDEN * (high - low)
            values[0] = payoff(points[0])
        else:
            low, points[0], values[0] = points[0], points[1], values[1]
            points[1] = low + GOLDEN * (high - low)
            values[1] = payoff(points[1])
    return (low + high) / 2


def equilibrium(game, tolerance, rounds=20):
    """Purchases after best-response dynamics in turn, shape (players,), and the number of best responses taken."""
    players = [game.player(j) for j in range(game.players)]
    splits = [Split(p.utility, p.objective.alpha, p.objective.offset) for p in players]
    most = [float(np.sum(p.utility.demand(0.0))) for p in players]
    y, taken = np.zeros(game.players), 0
    for _ in range(rounds):
        before = y.copy()
        for j, split in enumerate(splits):
            y[j] = best_response(split, game.price, float(y.sum() - y[j]), most[j])
            taken += 1
        if np.max(np.abs(y - before)) <= tolerance * y.sum():
            break
    return y, taken
