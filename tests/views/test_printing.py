"""Pictures for print: formats, resolution, units of the user, styles of the user, notebooks."""

import matplotlib
import pytest
from matplotlib.image import imread
from matplotlib.text import Text

from engine import compare, run
from run import main
from scenarios import load
from views.drawing import in_units, printing
from views.pictures import UnknownPicture, picture, pictures, plots
from views.plots import PLOTS
from views.style import new_figure
from views.tables import comparison_latex

UNITS = ['units.money="€"', 'units.energy="kWh"']
STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture(scope="module")
def village():
    return run("village_from_csv", set=UNITS)


@pytest.fixture(scope="module")
def chase():
    return run("two_users_chase", rounds=3)


@pytest.mark.parametrize("form", STARTS)
def test_each_format_is_what_its_name_says_and_the_same_bytes_again(chase, tmp_path, form):
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
        with printing(format=form):
            pictures(chase, folder)
    names = {file.name for file in folders[0].iterdir()}
    assert {f"{name}.{form}" for name in plots(chase)} == names
    for name in names:
        one, other = ((folder / name).read_bytes() for folder in folders)
        assert one == other
        assert one.startswith(STARTS[form])


def test_twice_the_dots_are_twice_as_many_pixels(chase, tmp_path):
    sizes = []
    for dpi in (50, 100):
        with printing(dpi=dpi):
            sizes.append({file.name: imread(file).shape for file in pictures(chase, tmp_path)})
    for name, (height, width, _) in sizes[0].items():
        assert sizes[1][name][:2] == pytest.approx((2 * height, 2 * width), abs=2)


def test_labels_and_tables_speak_of_the_user_s_units_and_nothing_else_changes(village):
    said = {text.get_text() for name in plots(village) for text in picture(village, name).findobj(Text)}
    assert "surplus (€)" in said
    assert not any("(money" in one or "energy)" in one for one in said)
    plain = load("village_from_csv")
    assert load("village_from_csv", set=UNITS).digest() == plain.digest()
    assert run(plain).summary() == village.summary()
    compared = compare(["village_from_csv"], set=UNITS, workers=1, progress=False)
    assert compared.units["price"] == "€/kWh"
    assert " & (€) & (kWh) & (€/kWh) &  &  \\\\\n" in comparison_latex(compared)


def test_latex_has_every_number_of_the_comparison_s_table():
    names, how = ["two_users_chase", "two_aggregators"], {"direct": True, "workers": 1, "progress": False}
    compared = compare(names, set=["price.c=1e-9"], replications=2, **how)
    found = comparison_latex(compared)
    assert r"difference to two\_users\_chase" in found
    rows = [line for line in found.splitlines() if line.startswith(("two", "diff", "scenario", " &"))]
    assert {line.count("&") for line in rows} == {len(compared.headline)}
    price = compared.means().query("measure == 'price' and scenario == 'two_users_chase'")["mean"].item()
    assert f"${1e9 * price:.1f}$ billionths" in found
    assert found.count("$") % 2 == 0


def test_units_are_said_where_units_stand_and_as_they_are():
    figure = PLOTS["scatter"]({"users": ([1.0, 2.0], [3.0, 4.0])})
    figure.axes[0].set_title("money and energy (money/energy, money)", loc="left")
    in_units(figure, load("village_from_csv", set=[r'units.money="\\1$"', 'units.energy="money"']).in_units)
    assert figure.axes[0].get_title(loc="left") == r"money and energy (\1$/money, \1$)"


def test_units_of_numbers_are_said_and_words_stay_words():
    figure, axes = new_figure()
    axes.set_title("12 energy firms, 5 money-lenders\nmean 3 millionths money, 4 energy, rent 14,913 money")
    in_units(figure, load("two_aggregators", set=['units.money="£"', 'units.energy="MWh"']).in_units)
    assert axes.get_title() == "12 energy firms, 5 money-lenders\nmean 3 millionths £, 4 MWh, rent 14,913 £"


def test_what_the_user_set_stays_and_the_rest_is_ours(village):
    draw = plots(village)["convergence"]
    with matplotlib.rc_context({"font.size": 9.0, "axes.labelsize": 7.0, "axes.grid": False}):
        theirs = draw().axes[0]
    ours = draw().axes[0]
    assert theirs.xaxis.label.get_size() == 7.0
    assert ours.xaxis.label.get_size() == 16
    assert not theirs.spines["top"].get_visible()


def test_a_notebook_shows_a_picture_by_itself(village):
    assert picture(village, "convergence")._repr_png_().startswith(STARTS["png"])
    with pytest.raises(UnknownPicture, match="picture: got 'wrong'; one of convergence"):
        picture(village, "wrong")


@pytest.mark.parametrize("given", [("--dpi", "5"), ("--dpi", "99999"), ("--format", "gif")])
def test_what_cannot_be_printed_is_refused_in_a_line(given, tmp_path, capsys):
    assert main(["run", "two_users_chase", "--out", str(tmp_path / "out"), *given]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_command_line_prints_as_told(tmp_path):
    assert main(["run", "two_users_chase", "--out", str(tmp_path), "--format", "pdf", "--dpi", "60"]) == 0
    suffixes = {file.suffix for file in tmp_path.rglob("*") if file.is_file()}
    assert ".pdf" in suffixes
    assert ".png" not in suffixes
