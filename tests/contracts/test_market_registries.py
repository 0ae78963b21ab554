"""No rule is forgotten: every subclass in a package of rules is registered, and every file holds a registered one."""

import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest

from market import fairness, prices, tariffs, utilities
from market.aggregator.days import parts
from market.parameters import parameters_of

REGISTRIES = {utilities: utilities.UTILITIES, prices: prices.PRICES, fairness: fairness.OBJECTIVES, parts: parts.PARTS}
REGISTRIES |= {tariffs: tariffs.TARIFFS}
PROMISES = {
    utilities: "marginal",
    prices: "supply",
    fairness: "gain",
    parts: "lay",
    tariffs: "returned",
}  # what every rule of the package has


@pytest.mark.parametrize("package", REGISTRIES, ids=lambda package: package.__name__)
def test_every_rule_of_a_package_is_registered(package):
    offers = PROMISES[package]
    found = set()
    for file in Path(package.__file__).parent.glob("[!_]*.py"):
        module = importlib.import_module(f"{package.__name__}.{file.stem}")
        classes = [c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__]
        found |= {c for c in classes if hasattr(c, offers) and not inspect.isabstract(c)}
    assert found == set(REGISTRIES[package].values())


@pytest.mark.parametrize("package", REGISTRIES, ids=lambda package: package.__name__)
def test_registered_rules_say_what_they_are(package):
    for name, rule in REGISTRIES[package].items():
        assert name == name.lower()
        assert inspect.getdoc(rule)


@pytest.mark.parametrize("package", REGISTRIES, ids=lambda package: package.__name__)
def test_what_a_file_may_leave_out_is_nothing_or_a_value_that_a_file_could_hold(package):
    for rule in REGISTRIES[package].values():
        for key, said in parameters_of(rule).items():
            numbers = [one for one in np.ravel(said.default) if isinstance(one, float)]
            assert not np.any(np.isnan(numbers)), f"{rule.__name__}.{key}"
