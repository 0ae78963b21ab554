"""What the wheel promises: its extras are those that are tried, and other packages of the same names are told."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from engine import __version__
from scenarios import house

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def wanted(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-r "))}


def test_dependencies_and_extras_are_those_of_the_requirement_files():
    assert PROJECT["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
    extras = PROJECT["project"]["optional-dependencies"]
    assert {line for extra in extras.values() for line in extra} <= wanted("requirements-dev.txt") | wanted(
        "requirements-optional.txt"
    )
    page = (ROOT / "docs" / "installed.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| .*\[(\w+)\].* \|", page, re.MULTILINE)) == set(extras)


def test_what_is_cited_is_this_version():
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (said["version"], said["license"]) == (__version__, PROJECT["project"]["license"])
    assert {"cff-version", "message", "title", "authors"} <= said.keys()


def test_the_lock_file_holds_what_is_needed_in_versions_that_are_allowed():
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = {}
    for line in lines:
        if found := re.match(r"([\w.-]+)==([\w.]+)", line):
            locked.setdefault(found[1], []).append(found[2])
    for line in wanted("requirements.txt"):
        requirement = Requirement(line)
        assert locked[requirement.name], line
        assert all(version in requirement.specifier for version in locked[requirement.name]), line
    assert sum("--hash=sha256:" in line for line in lines) >= len(locked)


def test_all_packages_and_kinds_of_files_go_into_the_wheel():
    table = PROJECT["tool"]["setuptools"]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    tops = {pattern.removesuffix("*") for pattern in table["packages"]["find"]["include"]}
    assert tops == {Path(name).parts[0] for name in tracked if name.endswith("/__init__.py")}
    suffixes = {Path(name).suffix for name in tracked if Path(name).parts[0] in tops}
    assert suffixes - {".py"} == {pattern.removeprefix("*") for pattern in table["package-data"]["*"]}
    assert set(house.PACKAGES) <= tops


@pytest.mark.parametrize("name", ["agents", "market", "scenarios"])
@pytest.mark.parametrize("words", ["import run", "from engine import run"])
def test_another_package_of_the_same_name_is_told_in_words(name, words, tmp_path):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    given = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": path}, "capture_output": True, "text": True}
    answer = subprocess.run([sys.executable, "-c", words], **given)
    last = answer.stderr.splitlines()[-1]
    assert str(tmp_path / name) in last
    if words == "import run":
        assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
