"""Quadratic users' fair margins: Halley's method starts so near that two steps are enough."""

import numpy as np
import pytest

from market.utilities import quadratic


@pytest.mark.parametrize("alpha", [0.3, 0.75, 2.0, 5.0, 20.0])
def test_two_steps_from_the_tangents_are_enough(alpha, monkeypatch):
    monkeypatch.setattr(quadratic, "MOST_ANGLE_STEPS", 2)
    log_k = np.linspace(-60, 60, 1001)
    theta = quadratic._theta(log_k, alpha)
    missed = (alpha - 0.5) * np.logaddexp(0, theta) - alpha * theta - log_k
    assert np.max(np.abs(missed) / (1 + np.abs(log_k))) < 1e-11
