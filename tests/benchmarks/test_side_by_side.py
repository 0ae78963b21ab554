"""Two commits side by side: in turns, medians, rows that both have; a commit's files are gone in the end."""

import subprocess

import pytest

from benchmarks import side_by_side

CODE = """import json
print(json.dumps({"ratios": [{"measurement": "one", "ratio": RATIO}, {"measurement": "OWN", "ratio": 1.0}]}))
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of two commits, in which the same row is measured as 2 and as 3."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for ratio, name in (("2.0", "old"), ("3.0", "new")):
        (tmp_path / "run.py").write_text(CODE.replace("RATIO", ratio).replace("OWN", name))
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
        subprocess.run(["git", *who, "commit", "-qm", name], cwd=tmp_path, check=True)
    monkeypatch.setattr(side_by_side, "ROOT", tmp_path)
    return tmp_path


def test_two_commits_are_measured_by_their_own_code(repository, capsys):
    side_by_side.main(["HEAD~1", "HEAD", "--turns", "1"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["measurement", "HEAD~1", "HEAD", "new", "/", "old"], ["one", "2.000", "3.000", "1.500"]]
    left = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(left.stdout.splitlines()) == 1


def test_a_commit_that_is_not_there_is_one_line(repository):
    with pytest.raises(SystemExit, match=r"^error: git worktree add .*nowhere"):
        side_by_side.main(["nowhere"])


def test_turns_alternate_and_medians_are_taken():
    turns, given = [], {"old": [1.0, 9.0, 2.0], "new": [4.0, 4.0, 8.0]}

    def measured(folder, quick):
        turns.append(folder)
        return {"row": given[folder][turns.count(folder) - 1]}

    assert side_by_side.beside("old", "new", 3, False, measured) == [("row", 2.0, 4.0, 2.0)]
    assert turns == ["old", "new"] * 3


def test_a_measurement_against_several_things_has_a_row_for_each():
    rows = [{"measurement": name, "ratio": k} for k, name in enumerate("abaa")]
    assert side_by_side.by_name(rows) == {"a": 0, "b": 1, "a #2": 2, "a #3": 3}
