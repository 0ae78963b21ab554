"""Columns of users' CSV files kept as what is known of them, and rows that are meant; the same in every market."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios import load
from scenarios.reading.csv_file import CsvFile
from scenarios.reading.errors import Place
from scenarios.reading.row_filter import chosen
from tests.scenarios.refusals import check, refusal

CSV = """name,income,a,b,role
Ann,1200,0.4,5,x
Bob,3400,0.5,6,y
"Cy, D.",800,0.3,4,x
Dee,,0.6,x,x
"""
TOML = """
market = "aggregator"
price = {{ rule = "linear", c = 0.1 }}
[[group]]
name = "g"
kind = "{kind}"
{said}
utility.form = "quadratic"
utility.a = {{ csv = "users.csv", column = "a" }}
utility.b = {{ csv = "{other}", column = "b" }}
"""
FIRST = "where = \"income != '' and income >= 800\"\n"


@pytest.fixture
def file(tmp_path):
    """file(what a group says) is a scenario whose users are in users.csv."""
    (tmp_path / "users.csv").write_text(CSV)
    (tmp_path / "others.csv").write_text(CSV)

    def write(said, kind="aggregator", other="users.csv"):
        path = tmp_path / "mine.toml"
        path.write_text(TOML.format(said=said, kind=kind, other=other))
        return path

    return write


def test_rows_are_filtered_and_columns_kept(file):
    scenario = load(file(FIRST + 'keep = ["name", "income"]'))
    group = scenario.table["group"][0]
    assert group["users"] == 3 and group["utility"]["b"] == (5.0, 6.0, 4.0)
    assert scenario.people["name"].tolist() == ["Ann", "Bob", "Cy, D."]
    assert scenario.people["income"].tolist() == [1200.0, 3400.0, 800.0]


def test_a_scenario_with_people_is_itself_again_from_its_own_text(file, tmp_path):
    scenario = load(file(FIRST + 'keep = ["name", "income"]'))
    for text in (scenario.to_toml(), scenario.given_toml()):
        (tmp_path / "again.toml").write_text(text)
        again = load(tmp_path / "again.toml")
        assert again.table == scenario.table and again.digest() == scenario.digest()
    other = load(file(FIRST + 'keep = ["name"]'))
    assert other.digest() != scenario.digest()


def test_many_words_are_read_again_from_one_text(file, tmp_path):
    words = [f'w"{k}\\ü' for k in range(1500)]
    listed = ", ".join("'" + word + "'" for word in words)
    path = tmp_path / "many.toml"
    path.write_text(
        'market = "aggregator"\nprice = { rule = "linear", c = 0.1 }\n[[group]]\nname = "g"\nkind = "direct"\n'
        f"keep = {{ name = [{listed}] }}\n"
        'utility = { form = "quadratic", a = 1, b = 2 }'
    )
    scenario = load(path)
    (tmp_path / "again.toml").write_text(scenario.to_toml())
    assert load(tmp_path / "again.toml").people["name"].tolist() == words == scenario.people["name"].tolist()


def test_a_group_that_becomes_large_has_the_mean_of_the_rows_meant(file):
    scenario = load(file(FIRST + 'keep = ["name"]'), set=["group.0.kind=large"])
    assert scenario.people == {} and scenario.table["group"][0]["utility"]["b"] == 5.0


def test_users_without_a_value_have_none(file):
    scenario = load(file('where = "role == \'y\'"\nkeep = ["income"]'))
    two = scenario.to_toml() + scenario.to_toml().partition("\n[[group]]")[2].join(["\n[[group]]", ""])
    path = file("")
    path.write_text(two.replace('name = "g"', 'name = "h"', 1).replace("keep = { income = [3400.0] }\n", "", 1))
    assert np.isnan(load(path).people["income"][0]) and load(path).people["income"][1] == 3400


REFUSED = {
    "no filter": ('where = ""', ["group.g.where: got ''", "COLUMN == 'text'"]),
    "a program": ("where = \"__import__('os').system('x')\"", ["group.g.where: got", "COLUMN == 'text'"]),
    "unfinished": ("where = \"role == 'x' and\"", ["group.g.where: got", "and"]),
    "no joint": ("where = \"role == 'x' role == 'y'\"", ["after a comparison"]),
    "one sign": ("where = \"role = 'x'\"", ["signs are =="]),
    "texts in order": ("where = \"role < 'x'\"", ["compared by == and != only"]),
    "no such column": ("where = \"rol == 'x'\"", ["users.csv has 0 columns 'rol'", 'did you mean "role"']),
    "a word for a number": ('where = "role > 5"', ["where: column role, row 2 of users.csv", "is 'x'; a number"]),
    "a blank for a number": (
        'where = "income > 5"',
        ["where: column income, row 5 of users.csv", "is blank; a number"],
    ),
    "nobody": ("where = \"role == 'z'\"", ["no row of users.csv is such that role == 'z'"]),
    "not a text": ("where = 5", ["group.g.where: got 5; a text"]),
    "a fault in a row meant": ("where = \"role == 'x' and a > 0.35\"", ["utility.b: column b, row 5 of", "is 'x'"]),
    "kept: no such column": (FIRST + 'keep = ["nam"]', ["group.g.keep: users.csv has 0", 'did you mean "name"']),
    "kept: a blank": ('keep = ["income"]\nwhere = "b != \'5\'"', ["utility.b: column b, row 5 of users.csv"]),
    "kept: twice": (FIRST + 'keep = ["name", "name"]', ["group.g.keep: got 'name'", "each once"]),
    "kept: none": (FIRST + "keep = []", ["group.g.keep: got an empty list", "name, income"]),
    "kept: one name": (FIRST + 'keep = "name"', ["group.g.keep: got 'name'", "names of columns"]),
    "kept: too few": (FIRST + "keep = { x = [1, 2] }", ["group.g.keep.x: 2 values, but utility.a says 3"]),
    "kept: mixed": (FIRST + 'keep = { x = [1, "b", 3] }', ["group.g.keep.x: value 1 (counted from 0) is 'b'"]),
    "kept: two lines": (FIRST + 'keep = { x = ["a", "b\\tc", "d"] }', ["keep.x: value 1 (counted from 0)", "one line"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(file, case):
    said, fragments = REFUSED[case]
    check(refusal(lambda: load(file(said))), fragments)


def test_filters_and_kept_names_need_one_file(file):
    check(refusal(lambda: load(file(FIRST, other="others.csv"))), ["where", "'users.csv' or 'others.csv'", "one file"])
    text = file(FIRST).read_text()
    file("").write_text(
        text.replace('{ csv = "users.csv", column = "a" }', "1").replace('{ csv = "users.csv", c', "{ c")
    )
    path = file("")
    path.write_text(
        TOML.format(said=FIRST, kind="direct", other="users.csv").partition("utility.a")[0] + "utility.a = 1"
    )
    check(refusal(lambda: load(path)), ["where: none of its numbers is from a CSV file"])


COLUMNS = {
    "k": st.integers(-3, 3),
    "x": st.sampled_from([-1.5, 0.0, 0.25, 1e3]),
    "t": st.sampled_from(["a", "b c", "ä"]),
}
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
NUMERIC = st.builds("{} {} {}".format, st.sampled_from(["k", "x"]), SIGNS, COLUMNS["k"] | COLUMNS["x"])
TEXTUAL = st.builds("t {} '{}'".format, st.sampled_from(["==", "!="]), COLUMNS["t"])
FILTERS = st.lists(st.tuples(NUMERIC | TEXTUAL, st.sampled_from(["and", "or"])), min_size=1, max_size=5)


@given(FILTERS, st.lists(st.tuples(*COLUMNS.values()), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_filter_means_what_pandas_means_by_it(tmp_path_factory, parts, rows):
    folder = tmp_path_factory.mktemp("filter")
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.to_csv(folder / "t.csv", index=False)
    text = " ".join(f"{one} {joint}" for one, joint in parts).rsplit(" ", 1)[0]
    place = Place("f.toml", folder, "where")
    wanted = table.query(text, engine="python").index.tolist()
    if wanted:
        assert chosen(text, CsvFile("t.csv", place), place).tolist() == wanted
    else:
        check(refusal(lambda: chosen(text, CsvFile("t.csv", place), place)), ["no row of t.csv"])


def test_rows_with_quoted_line_ends_are_filtered_whole(tmp_path):
    (tmp_path / "t.csv").write_text('n,k\n"a\n1",1\n"b ""x""",2\n"c\n\n3",3\n')
    place = Place("f.toml", tmp_path, "where")
    file = CsvFile("t.csv", place)
    left = file.only(chosen("k == 1 or k > 2", file, place))
    assert left.texts("n") == ["a\n1", "c\n\n3"] and left.row(1).startswith("row 4 ")


def test_what_is_known_of_users_costs_no_more_than_its_columns(tmp_path):
    users = 4_000
    rows = "".join(f"home {k},{k},{k % 7},0.5,{1 + k % 5}\n" for k in range(users))
    (tmp_path / "users.csv").write_text("name,income,role,a,b\n" + rows)
    held = {}
    for said in ("", 'keep = ["name", "income", "role"]'):
        path = tmp_path / "mine.toml"
        path.write_text(TOML.format(said=said, kind="aggregator", other="users.csv"))
        tracemalloc.start()
        scenario = load(path)
        held[said], _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    columns = sum(values.nbytes for values in scenario.people.values())
    assert columns <= users * (8 + 8 + 16)
    assert max(held.values()) - held[""] < 1.1 * columns
