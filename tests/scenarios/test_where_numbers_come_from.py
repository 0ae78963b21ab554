"""What is checked after reading names the file and the row its number came from."""

import pickle

import pytest

from scenarios import ScenarioError, draw, load

NODES = 'market = "microgrid"\nbehaviour = "none"\n[network]\ninjection = [0, 1, -1]\n'
PUBLIC = NODES + 'public = "lines.csv"\n'
PRIVATE = NODES + 'public = [[0, 1, 0.1, 0.1], [1, 2, 0.1, 0.1]]\nprivate = "lines.csv"\n'
PROSUMERS = 'market = "bilateral"\nprosumers = "lines.csv"\n'
USERS = (
    'market = "aggregator"\nprice = { rule = "affine", p0 = 1, c = 0.1 }\n[[group]]\nname = "g"\nkind = "aggregator"\n'
    "fairness = { alpha = 1, surplus_offset = 0 }\n"
    'utility = { form = "quadratic", a = 1, b = { csv = "lines.csv", column = "b" } }\n'
)
ROW = "row 3 of lines.csv (the header is row 1)"
WRONG = {
    "negative resistance": (PUBLIC, "i,j,r,x\n0,1,0.1,0.1\n1,2,-0.1,0.1\n", "public line 1: r(=-0.1)"),
    "no reactance": (PUBLIC, "i,j,r,x\n0,1,0.1,0.1\n1,2,0.1,0\n", "public line 1: x(=0)"),
    "small reactance": (PUBLIC, "i,j,r,x\n0,1,0.1,0.1\n1,2,0.1,1e-12\n", "public line 1: x(=1e-12)"),
    "unknown end": (PUBLIC, "i,j,r,x\n0,1,0.1,0.1\n1,3,0.1,0.1\n", "public line 1: head(=3)"),
    "a turn too far": (PUBLIC, "i,j,r,x,shift\n0,1,0.1,0.1,0\n1,2,0.1,0.1,400\n", "public line 1: shift(=400)"),
    "private line": (PRIVATE, "i,j,r\n1,2,0.1\n2,2,0.1\n", "private line 1: head(=2)"),
    "owner": (PRIVATE, "i,j,r,length,owner\n1,2,1,1,1\n1,2,1,1,7\n", "private line 1: owner(=7)"),
    "prosumer": (PROSUMERS, "prosumer,net,value,ask\n0,1,1,0\n0.5,1,1,0\n", f"prosumer: {ROW} is 0.5"),
    "twice": (PROSUMERS, "prosumer,net,value,ask\n0,1,1,0\n0,1,1,0\n", f"{ROW} is prosumer 0 in period 0, as is row 2"),
    "priced out": (USERS, "b\n2\n0.5\n", f"user 1 of the group (counted from 0) has b = 0.5, {ROW}, not above"),
}


@pytest.mark.parametrize(("text", "table", "said"), WRONG.values(), ids=WRONG)
def test_the_file_and_row_are_named(tmp_path, text, table, said):
    (tmp_path / "own.toml").write_text(text)
    (tmp_path / "lines.csv").write_text(table)
    with pytest.raises(ScenarioError) as caught:
        draw(load(tmp_path / "own.toml"))
    assert said in str(caught.value)
    assert ROW in str(caught.value)


def test_numbers_of_a_file_are_told_by_their_place_where_there_is_no_file(tmp_path):
    (tmp_path / "own.toml").write_text(NODES + "public = [[0, 1, 0.1, 0.1], [1, 2, -0.1, 0.1]]\n")
    with pytest.raises(ScenarioError, match=r"own\.toml: network: public line 1: r\(=-0\.1\) must be finite and >= 0"):
        load(tmp_path / "own.toml")


def test_scenarios_read_from_files_travel_to_workers(tmp_path):
    (tmp_path / "own.toml").write_text(PUBLIC)
    (tmp_path / "lines.csv").write_text("i,j,r,x\n0,1,0.1,0.1\n1,2,0.1,0.1\n")
    scenario = load(tmp_path / "own.toml")
    again = pickle.loads(pickle.dumps(scenario))
    assert again.table == scenario.table
    assert again.table["network"]["public"].label(1) == ROW
