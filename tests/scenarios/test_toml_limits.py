"""TOML read under limits: the same tables as tomllib's, and what is too deep or too much refused at once."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios import ScenarioError, load
from scenarios.reading.toml_limits import TooMuch, loads
from tests.hardening.cases import at_most
from tests.hardening.mutations import SHIPPED, written
from tests.shares import part_of

NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LISTS = st.lists(NUMBERS, max_size=60) | st.lists(st.lists(NUMBERS, max_size=30), max_size=8)
TABLES = st.dictionaries(TEXTS, TEXTS | NUMBERS | LISTS | st.dictionaries(TEXTS, LISTS, max_size=3), max_size=6)
LAYOUTS = {"as it is": (",", ","), "lines": (", ", ",\n\t"), "carriage returns": (", ", ",\r\n"), "last": ("]", ",]")}
SIMPLE = 'market = "aggregator"\nprice = { rule = "linear", c = 1 }\n'


@given(TABLES, st.sampled_from(sorted(LAYOUTS)))
@settings(max_examples=part_of(150), deadline=None)
def test_a_text_means_what_tomllib_reads(table, layout):
    text = written(table)
    if not any(letter in text for letter in "\"'"):
        text = text.replace(*LAYOUTS[layout])
    assert repr(loads(text.encode())) == repr(tomllib.loads(text))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_mean_what_tomllib_reads(path):
    assert repr(loads(path.read_bytes())) == repr(tomllib.loads(path.read_text(encoding="utf-8")))


TRICKY = {
    "in a text": f'a = "[{"1, " * 99}1]"',
    "in a comment": f"# [{'1, ' * 99}1]\na = 1",
    "quotes in a comment": f"# it's\na = [{'1, ' * 99}1]",
    "in lines": 'a = """\n[' + "1, " * 99 + '1]\n"""\nb = [' + "1,\n" * 99 + "2]",
    "quote at the end": f'a = """x""""\nb = [{"1, " * 99}1]',
    "a comma last": f"a = [{'0.5, ' * 99}]",
    "before tables": f"a = [{'1.5,' * 99}1]\n\n[[group]]\nx = 1\n[[group]]\nx = 2",
    "underscores": f"a = [{'1_000, ' * 99}1]",
    "one like ours": f'a = ["{"0" * 64}0"]\nb = [{"1,  " * 99}1]',
    "nested": f"a = [{'[1, 2.5], ' * 99}[3, 4]]",
    "dates": f"a = [{'2024-01-01, ' * 99}2024-01-02]",
    "escapes": 'a = "\\"[#"\nb = \'\\\'\nc = "\\\\"\nd = 1',
    "hash in a text": 'a = "x # y"\nb = { c = 1, "d#" = 2 }',
}


@pytest.mark.parametrize("text", TRICKY.values(), ids=TRICKY)
def test_numbers_are_taken_from_lists_alone(text):
    assert repr(loads(text.encode())) == repr(tomllib.loads(text))


def test_a_fault_below_a_long_list_is_told_with_its_line():
    text = "a = [\n" + "1,\n" * 500 + "]\nb = = 1\n"
    with pytest.raises(tomllib.TOMLDecodeError, match="line 503"):
        loads(text.encode())


def test_a_long_list_is_read_at_the_pace_of_json():
    text = b"a = [" + b"0.123456789, " * 300_000 + b"1]"
    with at_most(3):  # tomllib takes 2 s of a quiet machine a million, and this 0.1
        assert len(loads(text)["a"]) == 300_001


TOO_MUCH = {
    "a deep dotted key": (".".join("a" * 60_000) + " = 1\n", "parts"),
    "a deep quoted key": (" . ".join(['"a"'] * 60_000) + " = 1\n", "parts"),
    "a deep heading": ("[" + ".".join("a" * 60_000) + "]\n", "parts"),
    "deep lists": ("x = " + "[" * 100_000 + "]" * 100_000, "nested too deeply"),
    "lists without end": ("x = " + "[" * 100_000, "nested too deeply"),
    "deep tables": ("x = " + "{a=" * 3_000 + "1" + "}" * 3_000, "nested too deeply"),
    "many keys": ("".join(f"k{i} = 1\n" for i in range(200_000)), "100,000 keys"),
    "many inline keys": ("x = {" + ",".join(f"a{i}=1" for i in range(200_000)) + "}", "100,000 keys"),
    "many headings": ("".join(f"[a{i}]\n" for i in range(200_000)), "100,000 keys"),
    "many groups of one name": ('[[group]]\nname = "g"\n' * 20_000, "20,000 [[group]]"),
    "many groups": ("".join(f'[[group]]\nname = "g{i}"\n' for i in range(10_000)), "10,000 [[group]]"),
    "many texts": ("x = [" + '"",' * 1_000_000 + "]", "texts or comments"),
    "a long number": ("seed = " + "9" * 1_000_000, "digits"),
    "many booleans": ("x = [" + "true," * 4_000_000 + "]", "16 MB"),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_what_is_too_deep_or_too_much_is_refused_at_once(tmp_path, case):
    text, said = TOO_MUCH[case]
    (tmp_path / "odd.toml").write_text(SIMPLE + text)
    with at_most(5), pytest.raises(ScenarioError) as caught:
        load(tmp_path / "odd.toml")
    assert said in str(caught.value)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 1_500


def test_a_deep_key_of_a_change_is_refused():
    with pytest.raises(ScenarioError, match="60000 parts"):
        load("two_peaks", set=[".".join("a" * 60_000) + "=1"])


def test_limits_are_told_in_words():
    with pytest.raises(TooMuch, match="at most 50"):
        loads(b"a = " + b"[" * 51)


HINTS = {
    "alpha = Inf": "infinity is written inf",
    "a = [1, Infinity]": "infinity is written inf",
    "x = True": "true or false",
    "x = None": "left out",
    "x = 0,5": "decimal point",
    "x = .5": "a digit stands before",
    "x = 5.": "a digit stands before",
    "seed: 3": "with =",
    "name = north": "quotes",
    "x = { rule = linear, c = 1 }": "quotes",
}


@pytest.mark.parametrize("line", HINTS)
def test_what_people_write_for_toml_is_told_how_to_write(tmp_path, line):
    (tmp_path / "odd.toml").write_text(SIMPLE + line + "\n")
    with pytest.raises(ScenarioError, match=f"line 3.*{HINTS[line]}"):
        load(tmp_path / "odd.toml")
