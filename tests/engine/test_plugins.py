"""Rules of one's own come from Python that is named, reach every worker, and belong to what a result was made with."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import run
from engine import PluginError, plug, plugins
from engine.cluster import plugged_in

ROOT = Path(__file__).parents[2]
OWN = ROOT / "examples" / "plugins" / "slackening.py"
SCENARIO = OWN.with_suffix(".toml")
WORDS = ("--no-plots", "--json", "--workers", "1")
pytestmark = pytest.mark.usefixtures("unplugged")


@pytest.fixture
def answer(capsys, monkeypatch, tmp_path):
    """A function that plays a command in an empty folder, as if in a new process; returns code and both texts."""
    monkeypatch.chdir(tmp_path)

    def answer(*words):
        plugins._PLUGGED.clear()
        code = run.main([str(word) for word in words])
        return code, *capsys.readouterr()

    return answer


def test_a_file_s_rules_are_known_to_commands_and_their_workers(answer):
    plugin = ("--plugin", OWN)
    assert '"slackening"' in answer("show", SCENARIO, *plugin)[1]
    compared = answer("compare", SCENARIO, "two_peaks", "--replications", 3, *WORDS[:-1], 2, *plugin)
    assert set(json.loads(compared[1])["status"]["slackening"]) == {"settled"}
    folder = json.loads(answer("sweep", SCENARIO, "--vary", "price.c=1,2,4,8,9", *WORDS, *plugin)[1])["folder"]
    manifest = json.loads(Path(folder, "manifest.json").read_text())
    assert manifest["versions"]["plugin slackening.py"] == plugins.plugged()[0].version
    assert answer("verify", folder, *plugin)[0] == 0
    code, out, error = answer("verify", folder)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert "slackening.py" in error and "--plugin FILE" in error


def test_another_file_of_the_name_is_told_and_its_rows_are_not_mixed(answer, tmp_path):
    mine = tmp_path / "slackening.py"
    mine.write_bytes(OWN.read_bytes())
    words = ("sweep", SCENARIO, "--vary", "price.c=1,2", *WORDS, "--plugin", mine)
    folder = json.loads(answer(*words)[1])["folder"]
    mine.write_text(OWN.read_text().replace("np.log1p(np.asarray(total)", "2 * np.log1p(np.asarray(total)"))
    code, out, _ = answer("verify", folder, "--plugin", mine)
    assert code == 1 and "plugin slackening.py: another than it was made with" in out
    code, _, error = answer(*words, "--replications", 2)
    assert code == 2 and "plugin slackening.py" in error


def test_a_worker_elsewhere_gets_the_python_itself(tmp_path):
    plug(OWN)
    rule = sys.modules["plugin_slackening"].Slackening(c=2.0)
    work = pickle.dumps((plugged_in, (plugins.plugged(), pickle.dumps(rule))))
    (tmp_path / "work").write_bytes(work)
    code = "import pickle; f, given = pickle.load(open('work', 'rb')); print(f(*given))"
    env = {"PYTHONPATH": str(ROOT)}
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert said.stdout == "Slackening(c=2.0, knee=10.0)\n", said.stderr


def test_installed_packages_offer_rules(answer, tmp_path, monkeypatch):
    facts = tmp_path / "site" / "own_rules-1.5.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: own-rules\nVersion: 1.5\n")
    (facts / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nslack = own_rules_of_a_package\n")
    (tmp_path / "site" / "own_rules_of_a_package.py").write_text(OWN.read_text())
    monkeypatch.syspath_prepend(tmp_path / "site")
    code, *_ = answer("run", SCENARIO, "--no-plots")
    manifest = json.loads(next(tmp_path.glob("results/slackening/*/manifest.json")).read_text())
    assert (code, manifest["versions"]["plugin slack"]) == (0, "own-rules 1.5")
    monkeypatch.delitem(sys.modules, "own_rules_of_a_package")


BROKEN = {
    "syntax": ("x = (\n", "own.py: line 1: SyntaxError"),
    "at once": ("x = 1\ny = x / 0\n", "own.py: line 2: ZeroDivisionError"),
    "ends": ("raise SystemExit(3)\n", "own.py: line 1: SystemExit: 3"),
    "later": (
        OWN.read_text().replace("self.knee * np.expm1", "1 / 0 * np.expm1"),
        "own.py: line 28: ZeroDivisionError",
    ),
    "abstract": (OWN.read_text().replace("def supply", "def supplies"), "own.py: TypeError: Can't instantiate"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_python_that_does_not_work_is_one_line(kind, answer, tmp_path):
    source, said = BROKEN[kind]
    (tmp_path / "own.py").write_text(source)
    code, _, error = answer("run", SCENARIO, "--no-plots", "--plugin", "own.py")
    assert (code, error.count("\n")) == (2, 1) and said in error
    assert not list(tmp_path.glob("results/*/*"))


def test_files_that_cannot_be_taken(answer, tmp_path):
    assert answer("list", "--plugin", "nowhere.py")[2] == (
        "error: nowhere.py: No such file or directory; a file of Python is needed\n"
    )
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.py").write_text(f"{name} = 1\n")
    plug("one/own.py")
    plug("one/own.py")
    with pytest.raises(PluginError, match=r"other/own\.py: one/own\.py is plugged in under that name"):
        plug("other/own.py")


def test_a_scenario_file_cannot_name_python(answer, tmp_path):
    (tmp_path / "mine.toml").write_text(f'plugin = "{OWN}"\n' + SCENARIO.read_text())
    code, _, error = answer("run", "mine.toml")
    assert code == 2 and "plugin: unknown key" in error
