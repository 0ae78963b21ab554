"""Folders replaced whole: whenever the process ends, the old or the new result stands in place at the next start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.in_place import aside, folder_in_place, recover, recover_below

ROOT = Path(__file__).parents[2]
REPLACES = """
import os, shutil, sys
sys.path.insert(0, {root!r})
from engine import in_place
calls, last = 0, {last}
def ending(function):
    def called(*given, **options):
        global calls
        calls += 1
        if calls == last and {before}: os._exit(9)
        found = function(*given, **options)
        if calls == last: os._exit(9)
        return found
    return called
for module, name in ((os, "rename"), (os, "chmod"), (shutil, "rmtree"), (in_place.tempfile, "mkdtemp")):
    setattr(module, name, ending(getattr(module, name)))
with in_place.folder_in_place({target!r}) as folder:
    (folder / "what.json").write_text('"new"')
"""
STEPS = 6


def content(folder):
    return json.loads((folder / "what.json").read_text())


def store(target, what):
    with folder_in_place(target) as folder:
        (folder / "what.json").write_text(json.dumps(what))


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("last", range(1, STEPS + 1))
@pytest.mark.skipif(not hasattr(os, "fork"), reason="locks as on Linux")
def test_a_process_that_ends_at_any_step_leaves_the_old_or_the_new_result(last, before, tmp_path):
    target = tmp_path / "scenario" / "digest"
    store(target, "old")
    code = REPLACES.format(root=str(ROOT), last=last, before=before, target=str(target))
    ended = subprocess.run([sys.executable, "-c", code], timeout=120).returncode
    assert ended in ((9,) if last <= 4 else (0, 9))
    recover_below(tmp_path)
    assert content(target) in ("old", "new")
    assert content(target) == "old" or last > 2
    assert [path.name for path in target.parent.iterdir()] == ["digest"]
    store(target, "newer")
    assert content(target) == "newer"
    assert [path.name for path in target.parent.iterdir()] == ["digest"]


def test_between_the_two_renames_the_old_result_comes_back(tmp_path):
    target = tmp_path / "digest"
    store(target, "old")
    os.rename(target, tmp_path / ".digest.old.123")
    recover(target)
    assert content(target) == "old"


def test_a_folder_that_is_being_written_is_no_leftover(tmp_path):
    target = tmp_path / "scenario" / "digest"
    target.parent.mkdir()
    with aside(target) as folder:
        recover_below(tmp_path)
        recover(target)
        store(target, "of another process")
        assert folder.is_dir()
    assert not folder.exists()
    assert content(target) == "of another process"


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_a_failing_second_rename_puts_the_old_result_back(failure, tmp_path, monkeypatch):
    target, rename = tmp_path / "digest", os.rename
    store(target, "old")

    def failing(one, other):
        if Path(other) == target and ".new." in Path(one).name:
            raise failure
        rename(one, other)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(failure):
        store(target, "new")
    assert content(target) == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["digest"]


def test_what_looks_alike_is_let_be(tmp_path):
    for name in (".hidden", ".digest.part", "digest.old.1", ".git.d"):
        (tmp_path / "scenario" / name).mkdir(parents=True)
    recover_below(tmp_path)
    assert len(list((tmp_path / "scenario").iterdir())) == 4
