"""Columns that say when: usual names are known, rows stand in the order of time, each once and without gaps."""

import numpy as np
import pandas as pd
import pytest

from scenarios import ScenarioError, load

HEAD = 'market = "microgrid"\nbehaviour = "none"\n[network]\npublic = [[0, 1, 0.01, 0.1], [1, 2, 0.01, 0.1]]\n'


def loaded(folder, labels, header="time"):
    """The scenario of a day whose rows have these labels."""
    rows = [f"{label},0,0.5,-{k + 1}" for k, label in enumerate(labels)]
    (folder / "day.csv").write_text("\n".join([f"{header},0,1,2", *rows]))
    (folder / "own.toml").write_text(HEAD + 'injection = { csv = "day.csv" }\n')
    return load(folder / "own.toml")


def dates(start, periods, step="h", zone=None):
    return [moment.isoformat() for moment in pd.date_range(start, periods=periods, freq=step, tz=zone)]


RIGHT = {
    "hours": range(24),
    "hours of two days": [*range(24)] * 2,
    "quarters from a clock": ["00:00", "00:15", "00:30", "00:45"],
    "a clock with seconds": ["00:00:00", "00:00:30", "00:01:00"],
    "midnight as 24": ["22:00", "23:00", "24:00"],
    "words": ["night", "morning", "noon"],
    "moments": dates("2024-02-28", 72),
    "moments over summer time": dates("2024-03-30", 72, zone="Europe/Berlin"),
    "moments over winter time": dates("2024-10-26", 72, zone="Europe/Berlin"),
    "months": dates("2024-01-01", 12, "MS"),
    "days": ["2024-01-01", "2024-01-02", "2024-01-03"],
    "years": [2024, 2025, 2026],
    "one": ["00:00"],
}


@pytest.mark.parametrize("case", RIGHT)
def test_rows_in_order_are_read(tmp_path, case):
    labels = list(RIGHT[case])
    found = np.array(loaded(tmp_path, labels).injections)
    np.testing.assert_array_equal(found[:, 2], -np.arange(1.0, len(labels) + 1))


WRONG = {
    "the same again": (["2024-10-27T01:00", "2024-10-27T02:00", "2024-10-27T02:00"], "row 4 .*02:00' again"),
    "a gap": (["2024-10-27T01:00", "2024-10-27T02:00", "2024-10-27T05:00"], "row 4 .*gap"),
    "a row of yesterday": (["2024-10-27T01:00", "2024-10-26T23:00"], "row 3 .*out of order"),
    "a gap of a clock": (["00:00", "00:15", "01:00"], "row 4 .*gap"),
    "hours left out": ([0, 1, 2, 4], "row 5 .*gap"),
    "hours twice": ([0, 1, 1, 2], "row 4 .*again"),
    "two days, one without an hour": ([0, 1, 2, 0, 2], "row 5 .*out of order"),
    "words twice": (["noon", "night", "noon"], "row 4 .*'noon' again"),
    "spaces for T": (["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 00:30"], "row 4 .*out of order"),
    "all the same": ([1, 1, 1], "row 3 .*again"),
}


@pytest.mark.parametrize("case", WRONG)
def test_rows_twice_out_of_order_or_left_out_are_told(tmp_path, case):
    labels, said = WRONG[case]
    with pytest.raises(ScenarioError, match=f"column 'time', {said}"):
        loaded(tmp_path, labels)
    assert len(loaded(tmp_path, labels, "label").injections) == len(labels)


NAMES = ("INTERVAL", "Time", "timestamp", "utc_timestamp", "Date", "datetime", "", "Unnamed: 0", "Hour of day", "step")


@pytest.mark.parametrize("name", NAMES)
def test_usual_names_of_a_column_of_time_are_known(tmp_path, name):
    assert len(loaded(tmp_path, range(3), name).injections) == 3


def test_an_unknown_column_is_named_with_what_is_known(tmp_path):
    with pytest.raises(ScenarioError, match=r"day.csv has a column 'INTERVALL'; .*interval.*did you mean"):
        loaded(tmp_path, range(3), "INTERVALL")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["2024-01-01,0", "2024-01-01,1", "2024-01-02,0"], ""),
        (["2024-01-01,0", "2024-01-01,1", "2024-01-01,1"], "'date' and 'hour'|date and hour"),
    ],
)
def test_a_date_and_an_hour_together_say_when(tmp_path, rows, said):
    if said:
        with pytest.raises(ScenarioError, match=f"column .*({said}).*again"):
            loaded(tmp_path, rows, "date,hour")
    else:
        assert len(loaded(tmp_path, rows, "date,hour").injections) == 3


def test_an_index_beside_the_moments_hides_nothing(tmp_path):
    rows = [f"{k},{moment}" for k, moment in enumerate([*dates("2024-01-01", 3), "2024-01-01T01:00:00"])]
    with pytest.raises(ScenarioError, match=r"column 'time', row 5 .*out of order"):
        loaded(tmp_path, rows, ",time")


def test_any_row_left_out_or_moved_is_found(tmp_path):
    """Random days of random steps, with one row dropped, doubled or moved."""
    rng = np.random.default_rng(7)
    for _ in range(40):
        labels = dates("2024-01-01", int(rng.integers(6, 30)), f"{rng.choice([5, 15, 30, 60])}min")
        assert len(loaded(tmp_path, labels).injections) == len(labels)
        k = int(rng.integers(1, len(labels) - 1))
        kind = rng.choice(["drop", "double", "move"])
        broken = labels[:k] + labels[k + 1 :]
        if kind == "double":
            broken = [*labels[:k], labels[k], *labels[k:]]
        elif kind == "move":
            broken.insert(int(rng.choice([j for j in range(len(labels)) if j != k])), labels[k])
        with pytest.raises(ScenarioError, match="column 'time', row"):
            loaded(tmp_path, broken)
