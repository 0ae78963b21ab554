"""Least losses by cvxpy with one variable a line, as the tests write the programmes down."""

import cvxpy as cp
import numpy as np


def least_loss(network, public_flows):
    """Least loss of lossless flows by cvxpy, the public ones tied to potentials where weights are given."""
    f, g = cp.Variable(len(network.public)), cp.Variable(max(len(network.private), 1))
    sent = network.public_incidence @ f
    if len(network.private):
        sent = sent + network.private_incidence @ g
    rules = [(sent - network.injection)[network.agents] == 0]
    if public_flows is not None:
        theta = cp.Variable(network.nodes)
        rules.append(cp.multiply(1 / public_flows, f) == cp.Constant(network.public_incidence.T) @ theta)
    r = network.private.r if len(network.private) else np.zeros(1)
    loss = cp.sum(cp.multiply(network.public.r, cp.square(f))) + cp.sum(cp.multiply(r, cp.square(g)))
    return cp.Problem(cp.Minimize(loss), rules).solve(solver=cp.CLARABEL)


def least_lossy_supply(network, grid):
    """Least grid supply with lossy flows by cvxpy and SCS; grid: its physics, None where public flows are free."""
    lines = [(network.public, network.public_incidence), (network.private, network.private_incidence)]
    supply, slack = cp.Variable(), np.eye(network.nodes)[network.slack]
    left, rules, flows = network.injection + supply * slack, [], []
    for kind, ends in lines:
        if not len(kind):
            continue
        flow, square = cp.Variable(len(kind)), cp.Variable(len(kind))
        left = left - cp.Constant(ends) @ flow - cp.Constant(abs(ends) * (kind.r / 2)) @ square
        rules.append(cp.square(flow) <= square)
        flows.append(flow)
    if grid is not None:
        theta = cp.Variable(network.nodes)
        rules.append(flows[0] == cp.multiply(grid.weight, cp.Constant(grid.incidence.T) @ theta))
    problem = cp.Problem(cp.Minimize(supply), [left == 0, *rules])
    return problem.solve(solver=cp.SCS, eps_abs=1e-8, eps_rel=1e-8, max_iters=200_000)
