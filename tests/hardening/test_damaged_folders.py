"""However a stored folder is damaged, it is told in a line: by verify, by a sweep that goes on, by plot, by a replay.

1,500 damages of each by `make nightly`, a share in the usual suite. A failure names its number.
"""

import traceback

import pytest

import run
from engine import InProcess, chosen, compare, save_chosen, save_comparison, save_result, sweep
from engine import run as run_once
from engine.sweeps.points import product
from engine.verifying import FolderError
from scenarios import ScenarioError
from tests.hardening.cases import NIGHTLY, TooSlow, at_most, chunks, named
from tests.hardening.damages import Damage, copy_of

SECONDS = 20
LONGEST = 1_500
VARY = "price.c=0.9,1"
KINDS = (
    "storage_duopoly",
    "large_two_taxed",
    "learning_duopoly",
    "states_duopoly",
    "two_nodes_thin",
    "village_people",
    "four_nodes_circles",
    "p2p_few_sellers",
    "p2p_day",
    "designs_eight_nodes",
)

CHOOSING = {
    "market": "aggregator",
    "price": {"rule": "linear", "c": 1.0},
    "choosing": {"alphas": [0.0]},
    "group": [
        {"name": name, "kind": "aggregator", "users": 2, "utility": {"form": "quadratic", "a": 0.5, "b": 4.0}}
        for name in ("north", "south")
    ],
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return save_result(run_once("two_peaks"), tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    out = tmp_path_factory.mktemp("sweep")
    return sweep("small_alone", product([VARY]), direct=True, out=out, executor=InProcess(), progress=False)


def said(capsys, *words):
    """(Exit code, what is wrong with the answer or "") of a command."""
    capsys.readouterr()
    try:
        with at_most(SECONDS):
            code = run.main([str(word) for word in words])
    except TooSlow:
        return None, "too slow"
    except BaseException:
        return None, traceback.format_exc(limit=-4)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    if code not in (0, 1, 2) or (code == 2 and (len(lines) != 1 or not lines[0].startswith("error: ") or out)):
        return code, f"exit {code}: {err[:300]!r}"
    odd = next((line for line in (*lines, *out.splitlines()) if not line.isprintable() or len(line) > LONGEST), None)
    return code, "" if odd is None else f"line of {len(odd)} letters: {odd[:200]!r}"


@pytest.mark.parametrize("numbers", chunks(1_500, 15), ids=named)
def test_a_damaged_run_is_told_by_verify(numbers, stored, tmp_path, capsys):
    assert untold(stored, numbers, tmp_path, capsys) == {}


@pytest.mark.parametrize("number", range(len(KINDS) if NIGHTLY else 1))
def test_a_damaged_run_of_any_kind_is_told_by_verify(number, tmp_path, capsys):
    """Files that only some markets, tariffs, learners or users have."""
    folder = save_result(run_once(KINDS[number], direct=number % 2 == 1), tmp_path / "run")
    first = 10_000 * (number + 1)
    assert untold(folder, range(first, first + (50 if NIGHTLY else 10)), tmp_path, capsys) == {}


@pytest.mark.parametrize("kind", ["comparison", "choice"])
def test_a_damaged_comparison_or_choice_is_told_by_verify(kind, tmp_path, capsys):
    if kind == "comparison":
        found = compare(["large_direct"], replications=2, direct=True, workers=1, progress=False)
        folder = save_comparison(found, tmp_path / "made")
    else:
        folder = save_chosen(chosen(CHOOSING, 1, workers=1, progress=False), tmp_path / "made")
    assert said(capsys, "verify", folder) == (0, "")
    assert untold(folder, range(200_000, 200_000 + (300 if NIGHTLY else 12)), tmp_path, capsys) == {}


def untold(stored, numbers, place, capsys):
    """{damage: what is wrong} where verify says nothing of a damage of this folder, or more than a line."""
    odd = {}
    for damage in map(Damage, numbers):
        folder = copy_of(stored, place / "copy")
        name, what, signed = damage.make(folder)
        code, trouble = said(capsys, "verify", folder)
        unnoticed = code == 0 and not signed and name != "manifest.json" and not same(stored, folder)
        if trouble or unnoticed:
            odd[repr(damage)] = (name, what, trouble or "passed")
    return odd


@pytest.mark.parametrize("numbers", chunks(1_500, 15), ids=named)
def test_a_damaged_sweep_is_told_by_verify_plot_and_when_it_goes_on(numbers, swept, tmp_path, capsys):
    odd = {}
    for damage in map(Damage, numbers):
        out = copy_of(swept.parents[2], tmp_path / "copy")
        folder = out / swept.relative_to(swept.parents[2])
        *done, signed = damage.make(folder)
        answers = {
            "verify": said(capsys, "verify", folder),
            "plot": said(capsys, "plot", folder, "--measure", "welfare"),
            "goes on": said(capsys, "sweep", "small_alone", "--vary", VARY, "--direct", "--workers", "1", "--out", out),
        }
        trouble = {name: said for name, (_, said) in answers.items() if said}
        if not signed and answers["goes on"][0] == 0 and said(capsys, "verify", folder)[0] != 0:
            trouble["went on"] = "over damaged files"
        if trouble:
            odd[repr(damage)] = (done, trouble)
    assert odd == {}


@pytest.mark.parametrize("numbers", chunks(1_500, 10), ids=named)
def test_a_damaged_run_is_played_again_or_refused(numbers, stored, tmp_path):
    pages = pytest.importorskip("views.browser.stored")
    odd = {}
    for damage in map(Damage, numbers):
        root = tmp_path / "results"
        done = damage.make(copy_of(stored, root / "two_peaks" / "copy"))
        try:
            with at_most(SECONDS):
                pages.stored_names(root)
                played = pages.open_folder(root, "two_peaks/copy")
                played.start()
                played.model.step()
                assert "\n" not in pages.verdict(played)
                played.end()
        except (FolderError, ScenarioError) as error:
            if "\n" in str(error) or not str(error).isprintable() or len(str(error)) > LONGEST:
                odd[repr(damage)] = (done, str(error)[:300])
        except BaseException:
            odd[repr(damage)] = (done, traceback.format_exc(limit=-4))
    assert odd == {}


def same(one, other):
    """Do the files of both that count hold the same bytes?"""
    return all(_content(other / path.name) == path.read_bytes() for path in one.iterdir())


def _content(path):
    return path.read_bytes() if path.is_file() else None
