"""A scenario as a Mesa model class: what Mesa's own `batch_run` and `SolaraViz` want to be given."""

from __future__ import annotations

import copyreg

import numpy as np

from agents.market_model import MarketModel
from scenarios.loading import build, load
from scenarios.reading import toml_text
from scenarios.reading.errors import ScenarioError, quoted
from scenarios.scenario import Scenario

NESTED = "__"  # stands for the dot of a key where Python wants a name


class OfScenario(type(MarketModel)):
    """The type of such classes: to call one builds the model of its scenario, which is then an instance of it."""

    def __call__(cls, *, rng=None, replication=0, **kwargs):
        """The model; raises ScenarioError, and agents.seats.SeatError."""
        if rng is not None:
            kwargs["seed"] = _seed(rng)
        kwargs.pop("scenario", None)  # Mesa's own, empty one, which its SolaraViz adds from 3.5 on
        changes = [toml_text.assignment(key.replace(NESTED, "."), value) for key, value in kwargs.items()]
        model = build(cls.made_of, set=changes, replication=replication, **cls.options)
        model.__class__ = cls.first.of_kind(type(model))
        return model

    def of_kind(cls, kind):
        """The class of the models of one market; changes may lead to another kind than the scenario's."""
        if kind not in cls.kinds:
            cls.kinds[kind] = type(cls)(cls.__name__, (cls, kind), {"__doc__": cls.__doc__, "kind": kind})
        return cls.kinds[kind]


class _Parameters:
    """Says to Mesa which parameters there are; nobody calls it."""

    def __init__(self, *, rng=None, replication=0, **kwargs):
        pass


def model_class(name_or_path: object, *, set=(), **options) -> type[MarketModel]:
    """A Mesa model class of a scenario (name, path or Scenario) with changes and model options as in `build`.

    Its parameters, all by name: rng, a seed as Mesa hands it over; replication; and any key of the scenario, dotted or
    with "__" for the dot ("price.slope", price__slope). Raises ScenarioError.
    """
    return _class(load(name_or_path, set=set), options)


def _class(scenario: Scenario, options: dict) -> type[MarketModel]:
    name = "".join(part.capitalize() for part in scenario.name.split("_"))
    body = {
        "__doc__": f"{scenario.title}.",
        "__init__": _Parameters.__init__,
        "made_of": scenario,
        "options": options,
        "kinds": {},
    }
    made = OfScenario(name, (MarketModel,), body | {"kind": None})
    made.first = made
    return made


def _again(scenario, options, kind):
    """The class that was pickled."""
    made = _class(scenario, options)
    return made if kind is None else made.of_kind(kind)


def _reduced(cls):
    return _again, (cls.made_of, cls.options, cls.kind)


copyreg.pickle(OfScenario, _reduced)


def _seed(rng) -> int | str:
    """The seed in what Mesa takes for a start of random numbers: a whole number, its digits, or what spawns one."""
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    if isinstance(rng, np.random.SeedSequence | list | tuple):
        sequence = rng if isinstance(rng, np.random.SeedSequence) else np.random.SeedSequence(rng)
        return int(sequence.generate_state(1, np.uint64)[0] >> 1)
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool):
        return int(rng)
    if isinstance(rng, str) and rng.strip().isdecimal():
        return int(rng)
    raise ScenarioError(f"rng: got {quoted(rng)}; a whole number >= 0 is needed")
