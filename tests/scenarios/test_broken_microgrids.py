"""Every broken microgrid is refused in one line that names file, key, row, value and what is allowed."""

import importlib

import pytest

from scenarios import draw, load
from tests.scenarios.refusals import check, refusal

HEAD = 'market = "microgrid"\n'
INJECTION, PUBLIC, PRIVATE = "[0, 1, -1]", "[[0, 1, 0.01, 0.01], [1, 2, 0.1, 0.1]]", "[[1, 2, 0.1]]"
STAR = [[0, agent, 0.1, 0.1] for agent in range(1, 14)]


def with_network(**changes):
    """The good file with some of the network's keys changed, None to leave one out."""
    keys = {"injection": INJECTION, "public": PUBLIC, "private": PRIVATE} | changes
    return f"{HEAD}network = {{ {', '.join(f'{key} = {value}' for key, value in keys.items() if value)} }}\n"


GOOD = with_network()
BARE = with_network(private=None)
CASE = HEAD + 'network = { case = "eight_nodes" }\n'


def with_case(name, extra=""):
    return f"{HEAD}network = {{ case = {name}{extra} }}\n"


def with_public(first):
    return with_network(public=f"[{first}, [1, 2, 0.1, 0.1]]")


def with_lines(line):
    return with_network(private=f"[[1, 2, 0.1], {line}]")


def with_random(keys):
    return f"{BARE}private = {{ {keys} }}\n"


def star(agents, coalition):
    network = f"injection = {[0.1] * (agents + 1)}, public = {STAR[:agents]}"
    return f"{HEAD}network = {{ {network} }}\ncoalition = {{ {coalition} }}\n"


BROKEN = {
    # the top level
    "no network": (HEAD, ["network: is missing", "nodes and lines"]),
    "network a number": (HEAD + "network = 3", ["network: got 3", "table"]),
    "network a list": (HEAD + "network = [1]", ["network: got [1]", "table"]),
    "network empty": (HEAD + "network = {}", ["network.injection: is missing", "injection and public, or a case"]),
    "unknown key": (GOOD + 'behavior = "none"', ["behavior: unknown key", 'did you mean "behaviour"?']),
    "key of another market": (GOOD + "price = 3", ["price: unknown key", "known: title, market"]),
    "groups": (GOOD + '[[group]]\nname = "a"', ["group: unknown key"]),
    "unknown network key": (with_network(slak="0"), ["network.slak: unknown key", 'did you mean "slack"?']),
    "behaviour unknown": (GOOD + 'behaviour = "adhoc"', ["behaviour: got 'adhoc'", 'did you mean "ad-hoc"?']),
    "behaviour a list": (GOOD + 'behaviour = ["none"]', ["behaviour: got ['none']", "none, ad-hoc, self-interested"]),
    "losses unknown": (GOOD + 'losses = "lossless"', ["losses: got 'lossless'", "priced or lossy", '"lossy"?']),
    "physics unknown": (GOOD + 'physics = "z"', ["physics: got 'z'", "x or r is needed"]),
    "payments unknown": (GOOD + 'payments = "savings"', ["payments: got 'savings'", '"savings-share"?']),
    "residual unknown": (GOOD + 'residual = "evne"', ["residual: got 'evne'", "exact or even", '"even"?']),
    "rounds zero": (GOOD + "rounds = 0", ["rounds: got 0", "1 to"]),
    "lines a round zero": (GOOD + "lines_per_round = 0", ["lines_per_round: got 0", "1 to 1,000,000"]),
    "lines a round a part": (GOOD + "lines_per_round = 0.5", ["lines_per_round: got 0.5", "whole number"]),
    # the case
    "case unknown": (with_case('"iee"'), ["network.case: got 'iee'", "eight_nodes or ieee300, a TOML file"]),
    "case misspelt": (with_case('"ieee30"'), ["network.case: got 'ieee30'", 'did you mean "ieee300"?']),
    "case empty": (with_case('""'), ["network.case: is empty"]),
    "case a number": (with_case("3"), ["network.case: got 3", "a text"]),
    "case a list": (with_case('["ieee300"]'), ["network.case: got ['ieee300']", "a text"]),
    "case and injection": (
        with_case('"ieee300"', f", injection = {INJECTION}"),
        ["network.injection: goes with a network that is spelt out", "leave out case"],
    ),
    "case and public": (with_case('"ieee300"', f", public = {PUBLIC}"), ["network.public: goes with", "spelt out"]),
    "case and slack": (with_case('"ieee300"', ", slack = 0"), ["network.slack: goes with", "leave it out"]),
    "case and private": (with_case('"ieee300"', f", private = {PRIVATE}"), ["network.private: goes with"]),
    "case and costs": (with_case('"eight_nodes"', ", cost = [1, 2]"), ["network.cost: 2 values", "8 nodes"]),
    "case and a profile": (CASE + f"injection = {INJECTION}", ["injection: 3 values", "8 nodes", "one value per node"]),
    "case file missing": (with_case('"my.toml"'), ["network.case: cannot read 'my.toml'", "No such file", "looked in"]),
    "case file a folder": (with_case('"folder.toml"'), ["network.case: cannot read 'folder.toml'", "directory"]),
    "case file of a nul": (with_case('"a\\u0000.toml"'), ["network.case: got 'a\\x00.toml'"]),
    "no injection": (with_network(injection=None), ["network.injection: is missing"]),
    "no public": (with_network(public=None), ["network.public: is missing"]),
    # public lines
    "public a number": (
        with_network(public="3"),
        ["network.public: got 3", "rows [i, j, r, x, shift?] or { csv = FILE }"],
    ),
    "public a text": (with_network(public='"a"'), ["network.public: got 'a'", "{ csv = FILE }"]),
    "public no file": (with_network(public='"a.csv"'), ["network.public: cannot read 'a.csv'"]),
    "public a table": (
        with_network(public="{ file = 1 }"),
        ["network.public: got {'file': 1}", '{ csv = "file.csv" }'],
    ),
    "public one row": (with_network(public="[0, 1, 0.1, 0.1]"), ["network.public.0: got 0", "[i, j, r, x, shift?]"]),
    "row too short": (
        with_public("[0, 1, 0.1]"),
        ["network.public.0: got [0, 1, 0.1]", "[i, j, r, x, shift?] is needed"],
    ),
    "row too long": (with_public("[0, 1, 0.1, 0.1, 1, 1]"), ["network.public.0: got [0, 1, 0.1, 0.1, 1, 1]"]),
    "rows ragged": (with_network(public="[[0, 1, 0.1, 0.1], [1, 2]]"), ["network.public.1: got [1, 2]"]),
    "text in a row": (with_public('[0, 1, "a", 0.1]'), ["network.public.0: value 2 (counted from 0) is 'a'", "number"]),
    "bool in a row": (with_public("[0, 1, true, 0.1]"), ["network.public.0: value 2 (counted from 0) is True"]),
    "list in a row": (with_public("[0, 1, [1], 0.1]"), ["network.public.0: value 2 (counted from 0) is [1]"]),
    "r infinite": (with_public("[0, 1, inf, 0.1]"), ["network.public.0: value 2", "is inf", "<= 1e+06"]),
    "r nan": (with_public("[0, 1, nan, 0.1]"), ["network.public.0: value 2", "is nan", "<= 1e+06"]),
    "r huge": (with_public("[0, 1, 1e300, 0.1]"), ["network.public.0: value 2", "1e+300", "<= 1e+06"]),
    "r large": (with_public("[0, 1, 1.1e6, 0.1]"), ["network.public.0: value 2", "1100000.0", "<= 1e+06"]),
    "r a huge whole": (with_public(f"[0, 1, 1{'0' * 400}, 0.1]"), ["network.public.0: value 2", "1000", "1e+06"]),
    "r endless": (with_public(f"[0, 1, {'9' * 5000}, 0.1]"), ["digits"]),
    "r negative": (with_public("[0, 1, -0.1, 0.1]"), ["network: public line 0: r(=-0.1)", "finite and >= 0"]),
    "x zero": (with_public("[0, 1, 0.1, 0]"), ["network: public line 0: x(=0)", "not 0"]),
    "x too small": (with_public("[0, 1, 0.1, -1e-12]"), ["network: public line 0: x(=-1e-12)", "at least 1e-09"]),
    "self-loop": (with_public("[1, 1, 0.1, 0.1]"), ["network: public line 0: head(=1)", "another node than tail"]),
    "end unknown": (with_public("[0, 3, 0.1, 0.1]"), ["network: public line 0: head(=3)", "a node, 0 to 2"]),
    "end negative": (with_public("[-1, 1, 0.1, 0.1]"), ["network: public line 0: tail(=-1)", "a node, 0 to 2"]),
    "end fractional": (with_public("[0, 1.5, 0.1, 0.1]"), ["network: public line 0: head(=1.5)", "a node"]),
    "end huge": (with_public("[0, 1e25, 0.1, 0.1]"), ["network.public.0: value 1", "1e+25"]),
    # private lines
    "private short": (with_lines("[1, 2]"), ["network.private.1: got [1, 2]", "[i, j, r, length?, owner?]"]),
    "private long": (with_lines("[1, 2, 0.1, 1, -1, 0]"), ["network.private.1: got [1, 2", "length?, owner?"]),
    "private at the slack": (with_lines("[0, 2, 0.1]"), ["private line 1: tail(=0)", "slack has no private lines"]),
    "owner the slack": (with_lines("[1, 2, 0.1, 1, 0]"), ["private line 1: owner(=0)", "an agent, 1 to 2, or -1"]),
    "owner unknown": (with_lines("[1, 2, 0.1, 1, 3]"), ["private line 1: owner(=3)", "an agent, 1 to 2, or -1"]),
    "owner a part": (with_lines("[1, 2, 0.1, 1, 1.5]"), ["private line 1: owner(=1.5)", "an agent"]),
    "length negative": (with_lines("[1, 2, 0.1, -1]"), ["private line 1: length(=-1)", ">= 0"]),
    "length infinite": (with_lines("[1, 2, 0.1, inf]"), ["network.private.1: value 3", "is inf"]),
    "resistance negative": (with_lines("[1, 2, -0.1]"), ["private line 1: r(=-0.1)", ">= 0"]),
    "private self-loop": (with_lines("[1, 1, 0.1]"), ["private line 1: head(=1)", "another node"]),
    # slack, positions, cost
    "slack out of range": (with_network(slack="3"), ["network: slack(=3)", "a node, 0 to 2"]),
    "slack negative": (with_network(slack="-1"), ["network.slack: got -1", "whole number, 0 to"]),
    "two slacks": (with_network(slack="[0, 1]"), ["network.slack: got [0, 1]", "whole number"]),
    "slack twice": (with_network(slack="0, slack = 1"), ["not TOML"]),
    "slack a float": (with_network(slack="0.0"), ["network.slack: got 0.0", "whole number"]),
    "slack a bool": (with_network(slack="true"), ["network.slack: got True", "whole number"]),
    "slack with private lines": (with_network(slack="2"), ["private line 0: head(=2)", "slack has no private lines"]),
    "positions missing": (with_network(positions="[[0, 0]]"), ["network: positions", "(1, 2)", "(3, 2)", "each node"]),
    "positions of three": (with_network(positions="[[0, 0, 0], [1, 1], [2, 2]]"), ["positions.0: got [0, 0, 0]"]),
    "position nan": (with_network(positions="[[0, 0], [nan, 1], [2, 2]]"), ["network.positions.1: value 0", "is nan"]),
    "cost negative": (with_network(cost="-1"), ["network.cost: got -1", ">= 0"]),
    "cost too short": (with_network(cost="[1, 2]"), ["network.cost: 2 values", "3 nodes", "one value per node"]),
    "cost with a sign": (with_network(cost="[1, -2, 3]"), ["network.cost: value 1 (counted from 0) is -2", ">= 0"]),
    "cost a text": (with_network(cost='"a"'), ["network.cost: got 'a'", "number, list, draw or CSV column"]),
    "cost drawn below 0": (with_network(cost="{ uniform = [-1, 1] }"), ["network.cost.uniform: value 0", "is -1"]),
    # injections
    "injection a number": (with_network(injection="3"), ["network.injection: got 3", "rows of periods"]),
    "injection empty": (with_network(injection="[]"), ["network.injection: got []", "list of numbers"]),
    "injection of empty rows": (with_network(injection="[[]]"), ["network.injection.0: got an empty list"]),
    "injection nan": (with_network(injection="[0, nan, 1]"), ["network.injection: value 1", "is nan"]),
    "injection huge": (with_network(injection="[0, 1e300, 1]"), ["network.injection: value 1", "1e+300", "<= 1e+06"]),
    "injection a bool": (with_network(injection="[0, true, 1]"), ["network.injection: value 1", "is True"]),
    "injection drawn": (with_network(injection="{ uniform = [0, 1] }"), ["network.injection: got {'uniform'", "csv"]),
    "one node": (with_network(injection="[0]", public="[]", private="[]"), ["network.injection: got one node"]),
    "too few injections": (with_network(injection="[0, 1]"), ["public line 1: head(=2)", "a node, 0 to 1"]),
    "profile ragged": (
        with_network(injection="[[0, 1, -1], [0, 1]]"),
        ["network.injection.1: got [0, 1]", "3 numbers"],
    ),
    "profile of a number": (with_network(injection="[[0, 1, -1], 3]"), ["network.injection.1: got 3", "3 numbers"]),
    "number then a profile": (with_network(injection="[3, [0, 1, -1]]"), ["injection: value 1", "is [0, 1, -1]"]),
    "list of wrong length": (GOOD + "injection = [1, 2]", ["injection: 2 values", "3 nodes", "one value per node"]),
    "rows of wrong length": (GOOD + "injection = [[0, 1], [1, 0]]", ["injection: 2 values", "3 nodes"]),
    # the tariff
    "tariff a number": (GOOD + "tariff = 3", ["tariff: got 3", "table"]),
    "tariff negative": (GOOD + "tariff = { sell = -1 }", ["tariff.sell: got -1", ">= 0"]),
    "tariff nan": (GOOD + "tariff = { buy = nan }", ["tariff.buy: got nan", ">= 0"]),
    "tariff infinite": (GOOD + "tariff = { buy = inf }", ["tariff.buy: got inf", ">= 0"]),
    "tariff too large": (GOOD + "tariff = { buy = 1e300 }", ["tariff.buy: got 1e+300", "1e30"]),
    "tariff a list": (GOOD + "tariff = { buy = [1, 2] }", ["tariff.buy: 2 values for 1 period", "one a period"]),
    "tariff misspelt": (GOOD + "tariff = { by = 2 }", ["tariff.by: unknown key", 'did you mean "buy"?']),
    "sell above generation": (GOOD + "tariff = { sell = 1.8 }", ["tariff: 0 <= sell(=1.8) <= generation(=1.5)"]),
    "generation above buy": (GOOD + "tariff = { buy = 1.2 }", ["tariff: ", "generation(=1.5) <= buy(=1.2) must hold"]),
    # random private lines
    "random a list": (BARE + f"private = {PRIVATE}", ["private: got [[1, 2, 0.1]]", "table"]),
    "random and spelt out": (
        GOOD + "private = { density = 0.5 }",
        ["private: the network has private lines of its own"],
    ),
    "random and a case's": (CASE + "private = { density = 0.5 }", ["private: the network has private lines", "one of"]),
    "density above 1": (with_random("density = 1.5"), ["private.density: got 1.5", "<= 1"]),
    "density negative": (with_random("density = -0.1"), ["private.density: got -0.1", ">= 0"]),
    "density nan": (with_random("density = nan"), ["private.density: got nan", ">= 0"]),
    "density a list": (with_random("density = [0.1]"), ["private.density: got [0.1]"]),
    "density a bool": (with_random("density = true"), ["private.density: got True"]),
    "density a word": (with_random('density = "dense"'), ["private.density: got 'dense'", '"1/n"', '"1/log(n)"']),
    "density misspelt": (with_random('density = "ln(n)/n"'), ["private.density: got 'ln(n)/n'", '"log(n)/n"?']),
    "side 0": (with_random("side_km = 0"), ["private.side_km: got 0", "> 0"]),
    "both resistances": (
        with_random("mean_resistance = 0.1, resistance_per_km = 0.1"),
        ["private: got both mean_resistance and resistance_per_km", "only one"],
    ),
    "mean negative": (with_random("mean_resistance = -0.1"), ["private.mean_resistance: got -0.1", ">= 0"]),
    "mean huge": (with_random("mean_resistance = 1e300"), ["private.mean_resistance: got 1e+300", "<= 1e+06"]),
    "per km infinite": (with_random("resistance_per_km = inf"), ["private.resistance_per_km: got inf"]),
    "seed of lines": (with_random("seed = -1"), ["private.seed: got -1", "0 to"]),
    "unknown random key": (with_random("densty = 0.1"), ["private.densty: unknown key", 'did you mean "density"?']),
    # coalitions
    "coalition a number": (GOOD + "coalition = 1", ["coalition: got 1", "table"]),
    "form unknown": (GOOD + 'coalition = { form = "markt" }', ["coalition.form: got 'markt'", '"market"?']),
    "belief misspelt": (
        GOOD + 'coalition = { form = "partition", belief = "gama" }',
        ["belief: got 'gama'", '"gamma"?'],
    ),
    "belief without partition": (GOOD + 'coalition = { belief = "gamma" }', ["coalition.belief: does not belong"]),
    "too many agents": (
        star(13, 'form = "partition"'),
        ["coalition.form: got 'partition' with belief 'gamma' for 13 agents", "at most 12"],
    ),
    "too many for optimism": (
        star(10, 'form = "partition", belief = "optimistic"'),
        ["coalition.form: got 'partition' with belief 'optimistic' for 10 agents", "at most 9"],
    ),
    "partition off the grid": (
        with_network(public="[[0, 1, 0.1, 0.1]]") + 'coalition = { form = "partition" }',
        ["coalition.form: got 'partition', but node 2 does not reach the main grid by public lines"],
    ),
}


@pytest.mark.parametrize(("content", "fragments"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_in_one_line(tmp_path, content, fragments):
    path = tmp_path / "broken.toml"
    path.write_text(content)
    (tmp_path / "folder.toml").mkdir()
    text = refusal(lambda: load(path))
    assert text.startswith(f"{path}: ")
    check(text, fragments)


def test_the_files_all_others_are_broken_copies_of_are_good(tmp_path):
    path = tmp_path / "good.toml"
    partition = star(9, 'form = "partition", belief = "optimistic"')
    for content in (GOOD, BARE, CASE, with_random("density = 0.5"), with_lines("[1, 2, 0.1, 1, 2]"), partition):
        path.write_text(content)
        assert draw(load(path)).game is not None


def test_reactances_that_cancel_are_refused_before_anything_runs(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text(with_network(public="[[0, 1, 0.1, 0.1], [0, 1, 0.1, -0.1], [1, 2, 0.1, 0.1]]"))
    text = refusal(lambda: draw(load(path)))
    check(text, ["broken.toml: network: public lines: reactances of opposite sign cancel", "physics = 'r'"])
    assert draw(load(path, set=["physics=r"])).game is not None


CSV = {
    "missing column": ("0,2\n0,1\n", ["day.csv has a column '2' but none '1'", "named 0, 1, 2"]),
    "names": ("a,b,c\n0,1,-1\n", ["day.csv has a column 'a'", "named 0, 1, 2", "time is called period, hour"]),
    "column twice": ("0,1,1,2\n0,1,1,-1\n", ["2 columns '1'"]),
    "no node": ("hour\n0\n", ["a column for each node", "is needed"]),
    "semicolons": ("0;1;2\n0;1;-1\n", ["semicolons", "commas"]),
    "tabs": ("0\t1\t2\n0\t1\t-1\n", ["day.csv is separated by tabs", "commas"]),
    "empty": ("", ["day.csv is empty"]),
    "header only": ("0,1,2\n", ["no rows"]),
    "blank cell": ("hour,0,1,2\n0,0,,-1\n", ["column 1, row 2 of day.csv (the header is row 1) is blank"]),
    "text cell": ("0,1,2\n0,1,-1\n0,x,-1\n", ["column 1, row 3 of day.csv", "'x'"]),
    "infinite cell": ("0,1,2\n0,1,-1\n0,inf,-1\n", ["injection.1: row 3 of day.csv", "is inf"]),
    "huge cell": ("0,1,2\n0,1e300,-1\n", ["injection.1: row 2 of day.csv", "1e+300", "1e+06"]),
    "ragged": ("0,1,2\n0,1\n", ["row 2 of day.csv", "has 2 cells", "header has 3"]),
    "not utf-8": (b"0,1,2\n0,1,\xff\n", ["not a CSV file"]),
}


@pytest.mark.parametrize("where", ["network.injection", "injection"])
@pytest.mark.parametrize(("content", "fragments"), CSV.values(), ids=CSV)
def test_a_broken_profile_is_refused_naming_column_and_row(tmp_path, where, content, fragments):
    table = '{ csv = "day.csv" }'
    (tmp_path / "own.toml").write_text(with_network(injection=table) if "." in where else GOOD + f"injection = {table}")
    (tmp_path / "day.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    check(refusal(lambda: load(tmp_path / "own.toml")), [f"own.toml: {where}", *fragments])


def test_a_profile_with_a_column_too_many_is_refused(tmp_path):
    (tmp_path / "own.toml").write_text(GOOD + 'injection = { csv = "day.csv" }')
    (tmp_path / "day.csv").write_text("0,1,2,3\n0,1,-1,0\n")
    check(refusal(lambda: load(tmp_path / "own.toml")), ["injection: 4 values", "3 nodes"])


PATHS = {
    "not found": ('{ csv = "dya.csv" }', ["cannot read 'dya.csv'", "No such file"]),
    "a number": ("{ csv = 3 }", ["got 3", "path of a CSV file"]),
    "a key too many": ('{ csv = "day.csv", rows = 3 }', ["got {'csv': 'day.csv', 'rows': 3}"]),
    "column unknown": ('{ csv = "day.csv", column = "e" }', ["day.csv has 0 columns 'e'", "0, 1 or 2"]),
    "column a number": ('{ csv = "day.csv", column = 0 }', ["day.csv has 0 columns 0"]),
}


@pytest.mark.parametrize(("table", "fragments"), PATHS.values(), ids=PATHS)
def test_a_profile_that_is_no_csv_is_refused(tmp_path, table, fragments):
    (tmp_path / "own.toml").write_text(with_network(injection=table))
    (tmp_path / "day.csv").write_text("0,1,2\n0,1,-1\n")
    check(refusal(lambda: load(tmp_path / "own.toml")), ["network.injection: ", *fragments])


LINES = {
    "public without x": ("public", "i,j,r\n0,1,0.1\n", ["network.public: lines.csv has 0 columns 'x'", "i, j or r"]),
    "public in capitals": ("public", "i,j,R,x\n0,1,0.1,0.1\n", ["0 columns 'r'", 'did you mean "R"?']),
    "public twice": ("public", "i,j,r,x,x\n0,1,0.1,0.1,0.1\n", ["2 columns 'x'"]),
    "public text": ("public", "i,j,r,x\n0,one,0.1,0.1\n", ["column j, row 2 of lines.csv", "'one'"]),
    "public r negative": ("public", "i,j,r,x\n0,1,0.1,0.1\n1,2,-0.1,0.1\n", ["public line 1: r(=-0.1)"]),
    "public x infinite": ("public", "i,j,r,x\n0,1,0.1,inf\n", ["network.public.x: row 2 of lines.csv", "is inf"]),
    "owner without length": ("private", "i,j,r,owner\n1,2,0.1,1\n", ["network.private: ", "0 columns 'length'"]),
    "owner blank": ("private", "i,j,r,length,owner\n1,2,0.1,1,\n", ["column owner, row 2", "blank"]),
    "private at the slack": ("private", "i,j,r\n0,2,0.1\n", ["private line 0: tail(=0)"]),
}


@pytest.mark.parametrize(("key", "content", "fragments"), LINES.values(), ids=LINES)
def test_a_broken_csv_of_lines_is_refused(tmp_path, key, content, fragments):
    (tmp_path / "own.toml").write_text(with_network(**{key: '{ csv = "lines.csv" }'}))
    (tmp_path / "lines.csv").write_text(content)
    check(refusal(lambda: load(tmp_path / "own.toml")), fragments)


OWN = f"injection = {INJECTION}\npublic = {PUBLIC}\nprivate = {PRIVATE}\n"
CASES = {
    "syntax": ("slack = = 2", ["mine.toml: not TOML", "line 1"]),
    "not utf-8": (b"\xff", ["mine.toml: byte 0 (line 1) is not UTF-8"]),
    "empty": ("", ["mine.toml: injection: is missing"]),
    "names a case": ('case = "ieee300"\n', ["mine.toml: case: got 'ieee300'", "cannot name another"]),
    "names itself": ('case = "mine.toml"\n', ["mine.toml: case: got 'mine.toml'", "cannot name another"]),
    "unknown key": (OWN + "slak = 1\n", ["mine.toml: slak: unknown key", '"slack"?']),
    "ragged": (OWN.replace("0.01, 0.01", "0.01"), ["mine.toml: public.0: got [0, 1, 0.01]"]),
    "r negative": (OWN.replace("0.01, 0.01", "-0.01, 0.01"), ["mine.toml: public line 0: r(=-0.01)"]),
    "slack": (OWN + "slack = 7\n", ["mine.toml: slack(=7)", "a node, 0 to 2"]),
    "cost": (OWN + "cost = [1, 2]\n", ["mine.toml: cost: 2 values", "3 nodes"]),
    "one node": ("injection = [0]\npublic = []\n", ["mine.toml: injection: got one node"]),
    "csv missing": (OWN.replace(PRIVATE, '{ csv = "a.csv" }'), ["mine.toml: private: cannot read 'a.csv'", "nets"]),
}


@pytest.mark.parametrize(("content", "fragments"), CASES.values(), ids=CASES)
def test_a_broken_case_file_is_refused_by_its_own_name(tmp_path, content, fragments):
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "mine.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "own.toml").write_text(with_case('"nets/mine.toml"'))
    check(refusal(lambda: load(tmp_path / "own.toml")), fragments)


def test_pandapower_is_asked_for_where_it_is_not_installed(tmp_path, monkeypatch):
    def absent(name, *rest):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    (tmp_path / "own.toml").write_text(with_case('"pandapower:case9"'))
    check(
        refusal(lambda: load(tmp_path / "own.toml")),
        ["own.toml: network.case: needs pandapower for 'case9'", "pip install pandapower"],
    )


CHANGES = {
    "behaviour=integratd": ["behaviour: got 'integratd'", '"integrated"?'],
    "tariff.buy=x": ["tariff.buy: got 'x'", "a number >= 0"],
    "tariff.buy=1": ["tariff: ", "buy(=1)"],
    "tariff=3": ["tariff: got 3"],
    "tariff.buy.x=3": ["tariff.buy: got {'x': 3}"],
    "private.density=lg(n)/n": ["private.density: got 'lg(n)/n'", '"log(n)/n"?'],
    "private.density=1/n": ["private: the network has private lines of its own"],
    "network=eight_nodes": ["network: got 'eight_nodes'", "table"],
    "network.case=ieee30": ["network.case: got 'ieee30'", '"ieee300"?'],
    "network.slack=1": ["network.slack: goes with a network that is spelt out"],
    "injection=[1, 2]": ["injection: 2 values", "8 nodes"],
    "injection=day": ["injection: got 'day'", "{ csv = FILE }"],
    "injection=day.csv": ["injection: cannot read 'day.csv'"],
    "injection.csv=nights.csv": ["injection: cannot read 'nights.csv'"],
    "coalition.form=partitions": ["coalition.form: got 'partitions'", '"partition"?'],
    "market=aggregator": ["behaviour: unknown key"],
    "lines_per_round=0": ["lines_per_round: got 0"],
    "losses=1": ["losses: got 1", "priced or lossy"],
    "network.case.name=1": ["network.case.name: 'name' has nothing to be set in", "'eight_nodes'"],
    "seed=x": ["seed: got 'x'"],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_bad_change_is_refused_in_one_line(change):
    text = refusal(lambda: load("eight_nodes_cooperative", set=[change]))
    assert text.startswith("eight_nodes_cooperative.toml: ")
    check(text, CHANGES[change])
