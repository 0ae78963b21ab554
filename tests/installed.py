"""`make test-installed`: the wheel in bare environments, one for each Python found; the README's examples elsewhere.

The first Python installs as a user does, with pip; the second what requirements.lock says; the rest the newest, by uv.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERSIONS = ("3.11", "3.12", "3.13")
TOPS = ("agents", "benchmarks", "engine", "environments", "market", "papers", "scenarios", "views", "run.py")
TRIED = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def pythons():
    """{version: path} of the Pythons found: on the path, and where pyenv and builds of one's own put them."""
    places = [Path(found) for version in VERSIONS if (found := shutil.which(f"python{version}"))]
    roots = (Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions", Path("/opt"), Path("/usr/local"))
    places += [
        place for root in roots for place in sorted(root.glob("*/bin/python3")) + sorted(root.glob("bin/python3.*"))
    ]
    found = {}
    for place in [Path(sys.executable), *places]:
        said = subprocess.run([place, "-c", TRIED], capture_output=True, text=True).stdout.strip()
        if said in VERSIONS:
            found.setdefault(said, place)
    return dict(sorted(found.items()))


def called(*words, **given):
    """Run a program; its output where it fails."""
    answer = subprocess.run(list(map(str, words)), capture_output=True, text=True, **given)
    if answer.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{answer.stdout[-3000:]}{answer.stderr[-3000:]}")
    return answer.stdout


def wheel_in(folder):
    """The wheel of this state, which holds what Git knows of the packages and nothing else."""
    called(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    tracked = {name for name in called("git", "ls-files", cwd=ROOT).split() if Path(name).parts[0] in TOPS}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    if held != tracked | {"engine/commit.txt"}:
        sys.exit(f"{wheel.name}: not as tracked: {sorted(held ^ tracked)}")
    return wheel


def tried(number, version, python, wheel, uv):
    """Install the wheel for one Python, and run the README's examples with it in a folder of their own."""
    place = wheel.parent / version
    there = place / "bin" / "python"
    called(python, "-m", "venv", place)
    add = (uv, "pip", "install", "--quiet", "--python", there)
    if number == 0:
        called(there, "-m", "pip", "install", "--quiet", wheel)
    elif number == 1:
        called(*add, "--require-hashes", "--requirement", ROOT / "requirements.lock")
        called(*add, "--no-deps", wheel)
    else:
        called(*add, wheel)
    with tempfile.TemporaryDirectory() as elsewhere:
        said = called(there, ROOT / "tests" / "readme_elsewhere.py", ROOT / "README.md", place / "bin", cwd=elsewhere)
    return f"Python {version}: {said.splitlines()[-1]}"


def main():
    """Try all; ends with the output of what failed."""
    found = pythons()
    with tempfile.TemporaryDirectory() as folder:
        tools = Path(folder) / "tools"
        called(sys.executable, "-m", "venv", tools)
        called(tools / "bin" / "python", "-m", "pip", "install", "--quiet", "uv")
        wheel = wheel_in(Path(folder))
        with ThreadPoolExecutor(2) as pool:
            jobs = [
                pool.submit(tried, number, version, python, wheel, tools / "bin" / "uv")
                for number, (version, python) in enumerate(found.items())
            ]
            for job in jobs:
                print(job.result(), flush=True)
    for version in VERSIONS:
        if version not in found:
            print(f"Python {version}: not here, not tried")


if __name__ == "__main__":
    main()
