"""The slow answers and the random markets, as fixtures: test modules do not import one another."""

import importlib.util
from pathlib import Path

import pytest


def load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def brute():
    return load("brute_force")


@pytest.fixture(scope="session")
def markets():
    return load("random_markets")


@pytest.fixture(scope="session")
def small_markets():
    return load("small_markets")


@pytest.fixture(scope="session")
def reply_boxes():
    return load("reply_boxes")
