"""Results folders: what stands in them, whole or not at all, and verified to the bit."""

import json

import numpy as np
import pandas as pd
import pytest

from engine import FolderError, compare, run, save_comparison, save_result, verify
from engine.store import SCHEMA_VERSION, digest, folder_in_place
from scenarios import load

OWN = """
market = "aggregator"
price = { rule = "affine", p0 = 1, c = 0.05 }
[[group]]
name = "homes"
kind = "aggregator"
utility = { form = "quadratic", a = { csv = "homes.csv", column = "a" }, b = { csv = "homes.csv", column = "b" } }
fairness = { alpha = 1 }
[[group]]
name = "works"
kind = "direct"
users = 3
utility = { form = "quadratic", a = { lognormal = [0, 1] }, b = { normal = [3, 3] } }
"""
FILES = {"agents.csv", "manifest.json", "rounds.csv", "scenario.toml", "summary.json"}


@pytest.fixture
def own(tmp_path):
    home = tmp_path / "mine"
    home.mkdir()
    (home / "homes.csv").write_text("a,b\n" + "\n".join(f"{0.1 + 0.1 * k},{2 + k}" for k in range(5)) + "\n")
    (home / "own.toml").write_text(OWN)
    return home / "own.toml"


@pytest.fixture(scope="module")
def result():
    return run("two_aggregators")


@pytest.fixture
def stored(result, tmp_path):
    return save_result(result, tmp_path / "results")


def everything(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def change(folder, **facts):
    (folder / "manifest.json").write_text(json.dumps(manifest(folder) | facts))


def sign_again(folder):
    """Give the manifest the digests of the files as they are now."""
    change(folder, files={path.name: digest(path) for path in folder.iterdir() if path.name != "manifest.json"})


# what is written


def test_a_run_s_folder_is_named_by_scenario_and_digest_and_holds_the_promised_files(stored, tmp_path):
    assert stored == tmp_path / "results" / "two_aggregators" / load("two_aggregators").digest()
    assert {path.name for path in stored.iterdir()} == FILES
    assert everything(tmp_path / "results")[:2] == ["two_aggregators", f"two_aggregators/{stored.name}"]


def test_the_manifest_says_what_ran(stored):
    facts = manifest(stored)
    assert facts["schema_version"] == SCHEMA_VERSION == 1
    assert (facts["kind"], facts["scenario"], facts["seed"], facts["status"]) == (
        "run",
        "two_aggregators",
        1,
        "settled",
    )
    assert facts["gap"] <= 1e-6
    assert facts["wall_seconds"] >= 0
    assert {"python", "numpy", "scipy", "mesa", "pandas", "machine"} <= facts["versions"].keys()
    assert facts["files"] == {name: digest(stored / name) for name in FILES - {"manifest.json"}}


def test_the_files_hold_the_run(stored, result):
    assert json.loads((stored / "summary.json").read_text()) == result.summary()
    rounds = pd.read_csv(stored / "rounds.csv")
    assert len(rounds) == result.rounds
    np.testing.assert_array_equal(rounds["price"], result.history["price"])
    users = pd.read_csv(stored / "agents.csv")
    assert list(users) == ["round", "group", "player", "user", "quantity", "surplus"]
    assert len(users) == result.rounds * 201
    last = users[users["round"] == result.rounds]
    np.testing.assert_array_equal(last["quantity"], result.outcome.x)
    np.testing.assert_array_equal(last["surplus"], result.outcome.s)
    assert list(last["player"]) == [0] * 100 + [1] * 100 + [2]
    assert list(last["group"]) == ["north"] * 100 + ["south"] * 100 + ["data centre"]


def test_a_direct_solution_has_its_own_folder_and_one_row_a_user(tmp_path):
    folder = save_result(run("two_equilibria", direct=True), tmp_path)
    assert folder.name.endswith("-direct")
    assert list(pd.read_csv(folder / "agents.csv")["round"]) == [0] * 4
    assert verify(folder).passed


def test_seed_replication_and_every_key_have_their_own_folder(tmp_path):
    folders = {
        save_result(run("small_alone", **options), tmp_path)
        for options in (
            {},
            {"seed": 2},
            {"replication": 1},
            {"rounds": 50},
            {"set": ["tolerance=1e-7"]},
            {"direct": True},
        )
    }
    assert len(folders) == 6


def test_redraws_are_counted_in_the_manifest(own, tmp_path):
    redraws = manifest(save_result(run(own), tmp_path / "results"))["redraws"]
    assert redraws.keys() == {"works.a", "works.b"}
    assert all(count >= 0 for count in redraws.values())


def test_many_users_are_stored_as_float32_arrays(tmp_path):
    changes = ["group.small.users=12000", "price.c=2e-5", "order=together", "damping=0.01"]
    result = run("small_alone", set=changes, rounds=3)
    folder = save_result(result, tmp_path)
    assert not (folder / "agents.csv").exists()
    with np.load(folder / "agents.npz") as arrays:
        assert arrays["quantities"].dtype == np.float32
        assert arrays["quantities"].shape == arrays["surpluses"].shape == (result.rounds, 12_000)
        np.testing.assert_array_equal(arrays["y"], result.outcome.y)
    assert verify(folder).passed


def test_many_players_share_a_column_of_purchases(tmp_path):
    folder = save_result(run("small_alone"), tmp_path)
    result = run("small_alone")
    last = pd.read_csv(folder / "rounds.csv")["purchases"].iloc[-1]
    assert [float(word) for word in last.split()] == result.outcome.y.tolist()


# whole or not at all


def test_pictures_are_part_of_the_folder_and_of_the_manifest(tmp_path):
    folder = save_result(
        run("small_alone"), tmp_path, [lambda result, place: (place / "a.png").write_text(result.status)]
    )
    assert (folder / "a.png").read_text() == "settled"
    assert "a.png" in manifest(folder)["files"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_a_failing_picture_costs_no_result(failure, tmp_path):
    def fail(result, folder):
        (folder / "half.png").write_bytes(b"half")
        raise failure

    folders = []
    for save, made in ((save_result, run("small_alone")), (save_comparison, compare(["small_alone"]))):
        with pytest.raises(failure):
            save(made, tmp_path / "results", [fail])
        folders.append(save(made, tmp_path / "again"))
    for folder in folders:
        kept = tmp_path / "results" / folder.relative_to(tmp_path / "again")
        assert contents(kept) == contents(folder)
    assert verify(tmp_path / "results" / folders[0].relative_to(tmp_path / "again")).passed
    assert not list((tmp_path / "results").rglob(".*"))


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_keeps_the_older_result(failure, tmp_path, monkeypatch):
    folder = save_result(run("small_alone"), tmp_path)
    before = contents(folder)

    def fail(result):
        raise failure

    monkeypatch.setattr("engine.store.run_manifest", fail)
    with pytest.raises(failure):
        save_result(run("small_alone"), tmp_path)
    assert contents(folder) == before
    assert verify(folder).passed
    assert not list(tmp_path.rglob(".*"))


def test_running_again_replaces_the_folder_whole(tmp_path):
    folder = save_result(run("small_alone"), tmp_path)
    before = contents(folder)
    (folder / "stale.txt").write_text("left over")
    assert save_result(run("small_alone"), tmp_path) == folder
    assert contents(folder) == before
    assert everything(tmp_path / "small_alone") == sorted([folder.name, *(f"{folder.name}/{name}" for name in FILES)])


def test_nothing_is_seen_in_place_before_all_is_written(tmp_path):
    target = tmp_path / "place" / "result"
    with folder_in_place(target) as aside:
        (aside / "a").write_text("a")
        assert not target.exists()
    assert everything(target) == ["a"]
    assert everything(target.parent) == ["result", "result/a"]


def test_a_folder_can_be_read_by_others(stored):
    assert stored.stat().st_mode & 0o777 == 0o755


# comparisons


def test_a_comparison_s_folder(tmp_path):
    comparison = compare(["small_alone", "two_peaks"], replications=2)
    folder = save_comparison(comparison, tmp_path)
    assert folder.parent == tmp_path / "compare"
    assert {path.name for path in folder.iterdir()} == {
        "differences.csv",
        "manifest.json",
        "means.csv",
        "runs.csv",
        "small_alone.toml",
        "summary.json",
        "two_peaks.toml",
    }
    assert len(pd.read_csv(folder / "runs.csv")) == 4
    assert json.loads((folder / "summary.json").read_text()) == comparison.summary()
    assert load(folder / "two_peaks.toml").digest() == load("two_peaks").digest()


def test_stepped_and_direct_comparisons_do_not_overwrite_each_other(tmp_path):
    folders = {save_comparison(compare(["no_equilibrium"], direct=direct), tmp_path) for direct in (False, True)}
    assert len(folders) == 2


DESIGNS = {
    "market": "designs",
    "tariff": {"buy": 0.3, "sell": 0.08},
    "price": {"p0": 0.16, "c": 0.001},
    "base_power": 100,
}
DESIGNS |= {
    "network": {"case": "eight_nodes"},
    "class": [{"name": "homes", "count": 7, "a": 0.1, "b": 0.6, "generation": 2}],
}


HOMES = {"name": "homes", "kind": "direct", "utility": {"form": "quadratic", "a": [1, 2], "b": [3, 4]}}
STREETS = [
    {"market": "aggregator", "name": name, "price": {"rule": "linear", "c": c}, "group": [HOMES]}
    for name, c in (("cheap", 1), ("and dear", 2))
]


@pytest.mark.parametrize("scenarios", [STREETS, [DESIGNS]], ids=["scenarios", "designs"])
def test_a_comparison_gives_the_same_bits_again_wherever_it_lies(scenarios, tmp_path):
    told = compare(scenarios, replications=2, workers=1)
    folder = save_comparison(told, tmp_path / "results").rename(tmp_path / "moved")
    verification = verify(folder)
    assert verification.passed
    assert verification.lines[1].startswith("pass  same bits: summary.json, ")
    assert "runs.csv, means.csv, differences.csv" in verification.lines[1]
    runs = pd.read_csv(folder / "runs.csv")
    runs.loc[1, "welfare"] += 1
    runs.to_csv(folder / "runs.csv", index=False, lineterminator="\n")
    assert [line[:12] for line in verify(folder).lines] == ["FAIL  files:", "FAIL  number"]


def test_a_comparison_without_its_scenarios_fails(tmp_path):
    folder = save_comparison(compare(["small_alone"], workers=1), tmp_path)
    (folder / "small_alone.toml").unlink()
    assert "FAIL  runs: cannot be made again (ScenarioError" in verify(folder).lines[1]
    change(folder, inputs=[])
    with pytest.raises(FolderError, match=r"inputs: got \[\]"):
        verify(folder)


# verification


@pytest.mark.share
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("two_aggregators", {}),
        ("small_alone", {}),
        ("steep_price", {"rounds": 3}),
        ("no_equilibrium", {}),
        ("no_equilibrium", {"direct": True}),
        ("two_equilibria", {"direct": True}),
        ("large_two_maxmin", {"replication": 3, "seed": 7}),
        ("village_from_csv", {"set": ["order=together", "damping=0.5"]}),
    ],
    ids=str,
)
def test_a_stored_run_gives_the_same_bits_again(name, options, tmp_path):
    verification = verify(save_result(run(name, **options), tmp_path))
    assert verification.passed
    assert [line.split(":")[0] for line in verification.lines] == ["pass  files", "pass  same bits", "pass  gap"]


def test_a_run_infeasible_from_the_first_round_verifies(tmp_path):
    path = tmp_path / "out.toml"
    path.write_text(
        'market = "aggregator"\nprice = { rule = "linear", c = 1 }\n'
        '[[group]]\nname = "big"\nkind = "direct"\nusers = 1\nutility = { form = "quadratic", a = 0.5, b = 20 }\n'
        '[[group]]\nname = "pair"\nkind = "aggregator"\nfairness = { alpha = 1, surplus_offset = 0 }\n'
        'utility = { form = "quadratic", a = [1, 1], b = [3, 9] }\n'
    )
    folder = save_result(run(path), tmp_path / "results")
    assert not (folder / "agents.csv").exists()
    assert verify(folder).passed


def test_a_user_s_scenario_verifies_after_its_csv_is_gone(own, tmp_path):
    folder = save_result(run(own), tmp_path / "results")
    (own.parent / "homes.csv").unlink()
    own.unlink()
    assert "csv" not in (folder / "scenario.toml").read_text()
    assert verify(folder).passed


@pytest.mark.parametrize("name", sorted(FILES - {"manifest.json"}))
def test_a_changed_file_fails(name, stored):
    path = stored / name
    path.write_text(path.read_text().replace("1", "2", 1) if name != "scenario.toml" else path.read_text() + "\n")
    verification = verify(stored)
    assert not verification.passed
    assert f"FAIL  files: changed since they were written: {name}" in verification.lines


@pytest.mark.parametrize("name", sorted(FILES - {"manifest.json", "scenario.toml"}))
def test_a_missing_file_fails(name, stored):
    (stored / name).unlink()
    verification = verify(stored)
    assert not verification.passed
    assert verification.lines[1].startswith("FAIL  numbers: cannot be compared")


def test_numbers_made_up_and_signed_again_still_fail(stored):
    summary = json.loads((stored / "summary.json").read_text())
    summary["welfare"] *= 1 + 1e-6
    (stored / "summary.json").write_text(json.dumps(summary))
    sign_again(stored)
    assert verify(stored).lines[1].startswith("FAIL  numbers: differ by 0.000001 of")


def test_another_scenario_signed_again_fails(stored):
    (stored / "scenario.toml").write_text(load("two_aggregators", seed=2).to_toml())
    sign_again(stored)
    assert not verify(stored).passed


def shake(folder, size):
    """Multiply every number of rounds.csv, texts of numbers included, by 1 + size, and say other versions wrote it."""
    table = pd.read_csv(folder / "rounds.csv")
    table["price"] *= 1 + size
    if "purchases" in table:
        table["purchases"] = [" ".join(repr(float(v) * (1 + size)) for v in row.split()) for row in table["purchases"]]
    table.to_csv(folder / "rounds.csv", index=False)
    sign_again(folder)


@pytest.mark.parametrize("name", ["two_aggregators", "small_alone"])
def test_other_versions_may_differ_in_the_last_digits_only(name, tmp_path):
    folder = save_result(run(name), tmp_path)
    shake(folder, 1e-11)
    assert not verify(folder).passed  # written by this machine and these versions, it must be the same bits
    change(folder, versions=manifest(folder)["versions"] | {"numpy": "1.0"})
    verification = verify(folder)
    assert verification.passed
    assert verification.lines[1].startswith("pass  same numbers to 10 trillionths (not the same bits")
    shake(folder, 1e-8)
    assert not verify(folder).passed


def test_a_gap_above_the_tolerance_fails(stored, monkeypatch):
    monkeypatch.setattr("engine.results.aggregator.AggregatorResult.promised", -1.0)
    assert verify(stored).lines[2].startswith("FAIL  gap")


BROKEN = {
    "another version": (lambda f: change(f, schema_version=2), "schema_version: got 2; 1 is needed"),
    "no version": (lambda f: change(f, schema_version=None), "schema_version: got None"),
    "another kind": (lambda f: change(f, kind="reproduction"), "a sweep or a choice of alphas can be verified"),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "manifest.json: missing"),
    "broken JSON": (lambda f: (f / "manifest.json").write_text("{"), "cannot be read"),
    "not UTF-8": (lambda f: (f / "manifest.json").write_bytes(b"\xff\xfe\xfa"), "cannot be read"),
    "a list": (lambda f: (f / "manifest.json").write_text("[1]"), "cannot be read .*no JSON object"),
    "a folder": (lambda f: ((f / "manifest.json").unlink(), (f / "manifest.json").mkdir()), "cannot be read"),
    "replication a text": (lambda f: change(f, replication="0"), "replication: got '0'"),
    "direct missing": (
        lambda f: (f / "manifest.json").write_text(json.dumps({k: v for k, v in manifest(f).items() if k != "direct"})),
        "direct: missing",
    ),
    "files a list": (lambda f: change(f, files=["a"]), "files: got"),
    "versions a text": (lambda f: change(f, versions="all"), "versions: got 'all'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_is_refused_in_words(case, stored):
    spoil, said = BROKEN[case]
    spoil(stored)
    with pytest.raises(FolderError, match=said) as caught:
        verify(stored)
    assert "\n" not in str(caught.value)
    assert str(stored) in str(caught.value)


@pytest.mark.parametrize("content", ["market =", "", 'market = "aggregator"'])
def test_a_stored_scenario_that_cannot_be_read_is_bad_input(content, stored):
    (stored / "scenario.toml").write_text(content)
    with pytest.raises(ValueError, match=r"scenario\.toml"):
        verify(stored)


def test_verifying_leaves_the_folder_as_it_was(stored):
    before = contents(stored), (stored / "manifest.json").read_bytes()
    verify(stored)
    assert (contents(stored), (stored / "manifest.json").read_bytes()) == before


@pytest.mark.parametrize("name", ["two_aggregators", "p2p_single", "eight_nodes_ad_hoc", "designs_eight_nodes"])
def test_every_table_of_a_direct_run_has_a_header(tmp_path, name):
    result = run(name, direct=True, certify=False)
    folder = save_result(result, tmp_path)
    tables = {path.name: pd.read_csv(path) for path in folder.glob("*.csv")}
    assert len(tables["rounds.csv"]) == 0 and "round" in tables["rounds.csv"]
