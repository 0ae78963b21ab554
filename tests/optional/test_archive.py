"""Archives: one file that `verify` takes anywhere, and that others read as an RO-Crate."""

import hashlib
import json
import zipfile

import pytest
from rocrate.rocrate import ROCrate

from engine import (
    ArchiveError,
    InProcess,
    archive,
    chosen,
    compare,
    plug,
    run,
    save_chosen,
    save_comparison,
    save_result,
    sweep,
    verify,
)
from engine.sweeps.points import product
from tests.engine.test_plugins import OWN, SCENARIO
from tests.hardening.test_damaged_folders import CHOOSING
from views.drawing import printing
from views.pictures import add_to


def stored(kind, out):
    if kind == "choice":
        return save_chosen(chosen(CHOOSING, 1, workers=1, progress=False), out)
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


@pytest.mark.parametrize("kind", ["run", "comparison", "choice", "sweep"])
def test_an_archive_is_verified_wherever_it_lies_and_read_as_a_crate(kind, tmp_path, monkeypatch):
    folder = stored(kind, tmp_path / "results")
    before = verify(folder)
    file = archive(folder, tmp_path / "mine.zip")
    folder.rename(tmp_path / "gone")
    monkeypatch.chdir("/")
    again = verify(file)
    assert again.passed and before.passed and again.lines[1 : len(before.lines)] == before.lines[1:]
    crate = ROCrate(file)
    (action,) = (entity for entity in crate.get_entities() if entity.type == "CreateAction")
    named = {entity.id for entity in (*action["object"], *action["result"])}
    with zipfile.ZipFile(file) as held:
        manifest = json.loads(held.read("manifest.json"))
        assert named | {"environment.txt"} == set(manifest["files"])
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


SPOILT = (
    ("summary.json", b"{", b"{ ", "FAIL  files"),
    ("environment.txt", b"numpy==", b"numpy==9", "FAIL  files"),
    ("manifest.json", b'"seed": ', b'"seed":  ', "FAIL  metadata"),
    ("ro-crate-metadata.json", b'"sha256": "', b'"sha256": "0', "FAIL  metadata"),
    ("ro-crate-metadata.json", b"{", b"[", "FAIL  metadata"),
)


def rewritten(file, other, name, old, new):
    """Another archive, with some bytes of a file changed where they stand first."""
    with zipfile.ZipFile(file) as held, zipfile.ZipFile(other, "w") as changed:
        assert old in held.read(name)
        for each in held.namelist():
            content = held.read(each)
            changed.writestr(each, content.replace(old, new, 1) if each == name else content)


def unzipped(file, folder):
    """The folder of an archive's files."""
    with zipfile.ZipFile(file) as held:
        held.extractall(folder)
    return folder


def test_what_was_changed_is_not_archived_and_does_not_verify(tmp_path):
    folder = stored("run", tmp_path)
    file, other = archive(folder), tmp_path / "other.zip"
    for name, old, new, said in SPOILT:
        rewritten(file, other, name, old, new)
        found = verify(other)
        assert not found.passed and any(line.startswith(said) for line in found.lines), name
    rewritten(file, other, "ro-crate-metadata.json", b'"name": "run of two_peaks"', b'"name": "mine", "license": "MIT"')
    assert verify(other).passed
    assert verify(archive(unzipped(file, tmp_path / "unzipped"))).passed
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
