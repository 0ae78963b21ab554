"""Archives: one file that `verify` takes anywhere, and that others read as an RO-Crate."""

import hashlib
import json
import zipfile

import pytest
from rocrate.rocrate import ROCrate

from engine import ArchiveError, InProcess, archive, compare, plug, run, save_comparison, save_result, sweep, verify
from engine.sweeps.points import product
from tests.engine.test_plugins import OWN, SCENARIO
from views.drawing import printing
from views.pictures import add_to


def stored(kind, out):
    if kind == "run":
        return save_result(run("two_peaks"), out)
    if kind == "comparison":
        comparison = compare(["two_peaks", "two_equilibria"], replications=2, workers=1)
        folder = save_comparison(comparison, out)
        with printing(format="svg"):
            assert not add_to(folder, comparison)
        assert {".svg", ".tex"} <= {path.suffix for path in folder.iterdir()}
        return folder
    return sweep("two_peaks", product(["price.c=1,2"]), out=out, direct=True, executor=InProcess(), progress=False)


@pytest.mark.parametrize("kind", ["run", "comparison", "sweep"])
def test_an_archive_is_verified_wherever_it_lies_and_read_as_a_crate(kind, tmp_path, monkeypatch):
    folder = stored(kind, tmp_path / "results")
    before = verify(folder)
    file = archive(folder, tmp_path / "mine.zip")
    folder.rename(tmp_path / "gone")
    monkeypatch.chdir("/")
    assert verify(file) == before and before.passed
    crate = ROCrate(file)
    (action,) = (entity for entity in crate.get_entities() if entity.type == "CreateAction")
    named = {entity.id for entity in (*action["object"], *action["result"])}
    with zipfile.ZipFile(file) as held:
        manifest = json.loads(held.read("manifest.json"))
        assert named == set(manifest["files"])
        assert action["instrument"]["softwareVersion"] == manifest["versions"]["project"]
        assert b"numpy==" in held.read("environment.txt")
        for name in (*named, "manifest.json", "environment.txt"):
            assert crate.get(name)["sha256"] == hashlib.sha256(held.read(name)).hexdigest()


@pytest.mark.usefixtures("unplugged")
def test_plugins_go_along_and_are_asked_for_and_never_run(tmp_path, monkeypatch):
    plug(OWN)
    file = archive(save_result(run(SCENARIO), tmp_path))
    assert verify(file).passed
    with zipfile.ZipFile(file) as held:
        assert held.read("plugins/slackening.py") == OWN.read_bytes()
    monkeypatch.setattr("engine.plugins._PLUGGED", {})
    with pytest.raises(ValueError, match=r"made with plugins that are not here: slackening\.py"):
        verify(file)


def test_what_was_changed_is_not_archived_and_does_not_verify(tmp_path):
    folder = stored("run", tmp_path)
    file, other = archive(folder), tmp_path / "other.zip"
    with zipfile.ZipFile(file) as held, zipfile.ZipFile(other, "w") as changed:
        for name in held.namelist():
            changed.writestr(name, b"{}" if name == "summary.json" else held.read(name))
    assert not verify(other).passed
    with zipfile.ZipFile(file, "a") as held, pytest.warns(UserWarning, match="Duplicate name"):
        held.writestr("summary.json", held.read("summary.json"))
    with pytest.raises(ArchiveError, match="a file stands twice"):
        verify(file)
    (folder / "summary.json").write_text("{}")
    with pytest.raises(ArchiveError, match=r"changed since they were written: summary\.json"):
        archive(folder)


def test_files_above_an_archive_are_not_written(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as held:
        held.writestr("../evil.txt", b"1")
        held.writestr("/tmp/evil.txt", b"1")
    with pytest.raises(ValueError, match=r"evil\.zip: manifest\.json: missing"):
        verify(tmp_path / "evil.zip")
