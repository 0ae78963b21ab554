"""Every broken scenario file is refused in one line that names the file, the key and what is allowed."""

import pytest

from scenarios import draw, load
from tests.scenarios.refusals import refusal

HEAD = 'market = "aggregator"\nprice = { rule = "linear", c = 0.001 }\n'
UTILITY = 'utility = { form = "quadratic", a = 0.5, b = 3 }\n'
GROUP = f'[[group]]\nname = "small"\nkind = "direct"\nusers = 3\n{UTILITY}'
AGGREGATOR = GROUP.replace("direct", "aggregator")
LARGE = '[[group]]\nname = "large"\nkind = "large"\nutility = { form = "quadratic", a = 0.5, size = 200 }\n'
GOOD = HEAD + GROUP


def with_price(price):
    return f'market = "aggregator"\nprice = {{ {price} }}\n{GROUP}'


def with_utility(utility, users="users = 3\n"):
    return GOOD.replace(UTILITY, f"utility = {{ {utility} }}\n").replace("users = 3\n", users)


def with_a(number, users="users = 3\n"):
    return with_utility(f'form = "quadratic", b = 3, a = {number}', users)


def with_fairness(fairness):
    return HEAD + AGGREGATOR + f"fairness = {fairness}\n"


def with_fleet(columns, cap=500):
    return with_price(f'rule = "dispatch", cap = {cap}, generators = {columns}')


FLEET = "{ max_p_mw = [10, 20], cost_quadratic = [1, 1], cost_linear = [5, 5] }"

BROKEN = {
    # the file
    "empty": ("", ["market", "is missing", "aggregator"]),
    "syntax": (HEAD + "seed = = 2", ["not TOML", "line 3", "column"]),
    "key twice": (GOOD.replace("users = 3", "users = 3\nusers = 4"), ["not TOML", "line"]),
    "unclosed": (HEAD + '[[group]\nname = "x"', ["not TOML", "line 3"]),
    "nested": (HEAD + f"seed = {'[' * 5000}{']' * 5000}", ["nested"]),
    "not utf-8": (GOOD.encode() + b'title = "\xff"', ["line 8", "UTF-8"]),
    # the top level
    "no market": (GOOD.replace("market =", "markt ="), ["market: is missing", 'did you mean "market"']),
    "market unknown": (
        GOOD.replace('"aggregator"', '"forward"'),
        ["'forward'", "aggregator, microgrid, bilateral or designs"],
    ),
    "market misspelt": (GOOD.replace('"aggregator"', '"agregator"'), ["did you mean", "aggregator"]),
    "market a list": (GOOD.replace('"aggregator"', "[1]"), ["market: [1] is not there"]),
    "unknown key": (f"tolerence = 1e-6\n{GOOD}", ["tolerence: unknown key", 'did you mean "tolerance"?']),
    "unknown key of a book": (f"{'x' * 100_000} = 1\n{GOOD}", ["xxx…: unknown key", "known: title, market"]),
    "far unknown key": (f"xyzzy = 1\n{GOOD}", ["xyzzy: unknown key", "known: title, market"]),
    "title a number": (f"title = 3\n{GOOD}", ["title: got 3", "text"]),
    "title of two lines": (f'title = "a\\nb"\n{GOOD}', ["title", "one line"]),
    "name empty": (f'name = ""\n{GOOD}', ["name: is empty"]),
    "name a folder": (f'name = "../x"\n{GOOD}', ["name", "folder"]),
    "seed negative": (f"seed = -1\n{GOOD}", ["seed: got -1", "0 to"]),
    "seed a float": (f"seed = 1.0\n{GOOD}", ["seed: got 1.0", "whole number"]),
    "seed a bool": (f"seed = true\n{GOOD}", ["seed: got True", "whole number"]),
    "seed a date": (f"seed = 2020-01-01\n{GOOD}", ["seed: got datetime.date", "whole number"]),
    "seed too large": (f"seed = 1{'0' * 30}\n{GOOD}", ["seed: got 1000", "0 to"]),
    "seed endless": (f"seed = {'9' * 5000}\n{GOOD}", ["digits"]),
    "rounds zero": (f"rounds = 0\n{GOOD}", ["rounds: got 0", "1 to"]),
    "tolerance one": (f"tolerance = 1\n{GOOD}", ["tolerance: got 1", "> 0 and < 1"]),
    "tolerance a text": (f'tolerance = "small"\n{GOOD}', ["tolerance: got 'small'", "a number"]),
    "damping zero": (f"damping = 0.0\n{GOOD}", ["damping: got 0.0", "> 0 and <= 1"]),
    "order unknown": (f'order = "in turn"\n{GOOD}', ["order: got 'in turn'", 'did you mean "in-turn"?']),
    # the price
    "no price": (f'market = "aggregator"\n{GROUP}', ["price: is missing"]),
    "price a number": (GOOD.replace('{ rule = "linear", c = 0.001 }', "0.001"), ["price: got 0.001", "table"]),
    "price without rule": (with_price("c = 1"), ["price.rule: is missing", "linear"]),
    "rule unknown": (with_price('rule = "linaer", c = 1'), ["price.rule: got 'linaer'", '"linear"?']),
    "slope missing": (with_price('rule = "linear"'), ["price.c: is missing", "> 0"]),
    "slope zero": (with_price('rule = "linear", c = 0'), ["price.c: got 0", "> 0"]),
    "slope infinite": (with_price('rule = "linear", c = inf'), ["price.c: got inf", "> 0"]),
    "slope too large": (with_price('rule = "linear", c = 1e300'), ["price.c: got 1e+300", "1e30"]),
    "slope a huge whole": (with_price(f'rule = "linear", c = 1{"0" * 400}'), ["price.c: got 1000", "1e30"]),
    "key of another rule": (with_price('rule = "linear", c = 1, k = 2'), ["price.k: does not belong", "power"]),
    "unknown price key": (with_price('rule = "affine", c = 1, p_0 = 2'), ["price.p_0", 'did you mean "p0"?']),
    "kinks without zero": (
        with_price('rule = "piecewise", quantities = [1, 2], prices = [0, 1], last_slope = 1'),
        ["price.quantities: the first is 1.0", "0 is needed"],
    ),
    "kinks falling": (
        with_price('rule = "piecewise", quantities = [0, 2], prices = [1, 0.5], last_slope = 1'),
        ["price.prices", "value 1 (counted from 0) is 0.5 after 1.0"],
    ),
    "piecewise quantities": (
        with_price('rule = "piecewise", quantities = [0, 2, 1], prices = [1, 2, 3], last_slope = 1'),
        ["price.quantities: value 2 (counted from 0) is 1.0 after 2.0"],
    ),
    "piecewise point twice": (
        with_price('rule = "piecewise", quantities = [0, 2, 2], prices = [1, 2, 2], last_slope = 1'),
        ["price.prices: value 2 (counted from 0) is 2.0 after 2.0", "a jump, needs a higher price"],
    ),
    "piecewise quantity thrice": (
        with_price('rule = "piecewise", quantities = [0, 2, 2, 2], prices = [1, 2, 3, 4], last_slope = 1'),
        ["price.quantities: value 3 (counted from 0) is 2.0 after 2.0", "twice at most"],
    ),
    "kinks uneven": (
        with_price('rule = "piecewise", quantities = [0, 2], prices = [1], last_slope = 1'),
        ["price.prices: 2 quantities and 1 prices"],
    ),
    "cap missing": (with_price(f'rule = "dispatch", generators = {FLEET}'), ["price.cap: is missing"]),
    "cap too low": (with_fleet(FLEET, 44), ["price.cap: got 44", "45"]),
    "fleet uneven": (with_fleet(FLEET.replace("[5, 5]", "[5]")), ["generators", "max_p_mw 2", "cost_linear 1"]),
    "fleet column": (with_fleet(FLEET.replace("max_p_mw", "max_mw")), ["generators.max_mw", '"max_p_mw"?']),
    "fleet capacity": (with_fleet(FLEET.replace("20", "0")), ["max_p_mw: value 1 (counted from 0) is 0", "> 0"]),
    "fleet a number": (with_fleet("3"), ["price.generators: got 3"]),
    "fleet not found": (with_fleet('"fleet.csv"'), ["price.generators", "'fleet.csv'", "No such file"]),
    # the groups
    "no group": (HEAD, ["group: is missing"]),
    "no groups": (HEAD + "group = []", ["group: got none"]),
    "group a table": (HEAD + "[group]\nname = 'x'", ["group: got", "[[group]]"]),
    "group not a table": (HEAD + "group = [1]", ["group.0: got 1", "a table"]),
    "no name": (GOOD.replace('name = "small"\n', ""), ["group.0.name: is missing"]),
    "empty name": (GOOD.replace('"small"', '""'), ["group.0.name: is empty"]),
    "names twice": (GOOD + GROUP, ["group.1.name: 'small'", "differ"]),
    "kind unknown": (GOOD.replace("direct", "agregator"), ["group.small.kind", 'did you mean "aggregator"?']),
    "users missing": (GOOD.replace("users = 3\n", ""), ["group.small.users: is missing"]),
    "users zero": (GOOD.replace("users = 3", "users = 0"), ["group.small.users: got 0"]),
    "users a float": (GOOD.replace("users = 3", "users = 3.0"), ["group.small.users: got 3.0", "whole"]),
    "users a draw": (GOOD.replace("users = 3", "users = { uniform = [1, 2] }"), ["users: got {", "whole"]),
    "users too many": (GOOD.replace("users = 3", "users = 50_000_001"), ["users: got 50000001", "50,000,000"]),
    "users too many in all": (
        HEAD + (GROUP + GROUP.replace("small", "too")).replace("users = 3", "users = 30_000_000"),
        ["group: 60,000,000 users in all", "50,000,000"],
    ),
    "count too many": (HEAD + AGGREGATOR.replace("users", "count = 4\nusers"), ["count: 4 aggregators for 3"]),
    "count of direct": (GOOD.replace("users", "count = 2\nusers"), ["count: does not belong", "aggregator"]),
    "large of two": (HEAD + LARGE.replace("kind", "users = 2\nkind"), ["large.users: 2 users", "says 1"]),
    "large of a list": (
        HEAD + LARGE.replace("a = 0.5", "a = [1, 2]"),
        ["large.utility.a: 2 values", "kind = large says 1"],
    ),
    "unknown group key": (GOOD.replace("users", "user"), ["group.small.user: unknown", 'did you mean "users"?']),
    # utility
    "no utility": (GOOD.replace(UTILITY, ""), ["group.small.utility: is missing"]),
    "form unknown": (with_utility('form = "logarithmic", b = 1, k = 1'), ["utility.form", "quadratic or log"]),
    "neither b nor size": (with_utility('form = "quadratic", a = 1'), ["utility: neither b nor size"]),
    "both b and size": (
        with_utility('form = "quadratic", a = 1, b = 1, size = 1'),
        ["utility: both b and size", "exactly one"],
    ),
    "a missing": (with_utility('form = "quadratic", b = 1'), ["utility.a: is missing"]),
    "log with a": (with_utility('form = "log", b = 1, k = 1, a = 1'), ["utility.a: does not belong", "quadratic"]),
    "k zero": (with_utility('form = "log", b = 1, k = 0'), ["utility.k: got 0", "> 0"]),
    "b negative": (with_utility('form = "quadratic", a = 1, b = -1'), ["utility.b: got -1", ">= 0"]),
    "size a word": (with_utility('form = "quadratic", a = 1, size = "small"'), ["size: got 'small'", "small-users"]),
    "size of small": (
        with_utility('form = "quadratic", a = 1, size = "small-users"'),
        ["small.utility.size", "kind direct", "large"],
    ),
    "size of none": (HEAD + LARGE.replace("200", '"small-users"'), ["large.utility.size", "no small users"]),
    "size of log users": (
        with_utility('form = "log", b = 1, k = 1') + LARGE.replace("200", '"small-users"'),
        ["large.utility.size", "'small'", "quadratic"],
    ),
    # numbers
    "a nan": (with_a("nan"), ["utility.a: got nan", "> 0"]),
    "a a bool": (with_a("true"), ["utility.a: got True", "a number"]),
    "a a text": (with_a('"0.5"'), ["utility.a: got '0.5'", "number, list, draw or CSV column > 0"]),
    "a too small": (with_a("1e-200"), ["utility.a: got 1e-200", "1e-30"]),
    "list empty": (with_a("[]"), ["utility.a: got an empty list"]),
    "list too short": (with_a("[1, 2]"), ["utility.a: 2 values", "users says 3"]),
    "lists uneven": (
        with_utility('form = "quadratic", a = [1, 2], b = [1, 2, 3]', ""),
        ["utility.b: 3 values", "utility.a says 2"],
    ),
    "list with a sign": (with_a("[1, -2, 3]"), ["utility.a: value 1 (counted from 0) is -2", "> 0"]),
    "list with a text": (with_a('[1, 2, "3"]'), ["utility.a: value 2 (counted from 0) is '3'"]),
    "list with a bool": (with_a("[true, 2, 3]"), ["value 0 (counted from 0) is True"]),
    "list with inf": (with_a("[1, 2, inf]"), ["value 2 (counted from 0) is inf"]),
    "list nested": (with_a("[[1, 2, 3]]"), ["value 0 (counted from 0) is [1, 2, 3]"]),
    "draw unknown": (with_a("{ unifrom = [1, 2] }"), ["utility.a", 'did you mean "uniform"?']),
    "draw empty": (with_a("{}"), ["utility.a: got {}"]),
    "two draws": (with_a("{ uniform = [1, 2], normal = [1, 2] }"), ["utility.a: got {"]),
    "draw of one": (with_a("{ uniform = [1] }"), ["utility.a.uniform: got [1]", "two numbers"]),
    "draw of texts": (with_a('{ uniform = ["1", "2"] }'), ["utility.a.uniform: value 0"]),
    "uniform reversed": (with_a("{ uniform = [2, 1] }"), ["utility.a.uniform: got [2, 1]", "above"]),
    "uniform from zero": (with_a("{ uniform = [0, 1] }"), ["utility.a.uniform: value 0", "is 0", "> 0"]),
    "normal spread": (with_a("{ normal = [1, -1] }"), ["utility.a.normal", ">= 0"]),
    "normal never": (with_a("{ normal = [-9, 1] }"), ["utility.a.normal", "probability"]),
    "normal constant": (with_a("{ normal = [0, 0] }"), ["utility.a.normal", "probability 0"]),
    "normal infinite": (with_a("{ normal = [inf, 1] }"), ["utility.a.normal: value 0", "inf"]),
    "lognormal never": (with_a("{ lognormal = [800, 1] }"), ["utility.a.lognormal", "probability 0"]),
    "csv without column": (with_a('{ csv = "users.csv" }'), ["utility.a: got", "column"]),
    "csv not found": (with_a('{ csv = "user.csv", column = "a" }'), ["utility.a: cannot read 'user.csv'"]),
    "csv a device": (with_a('{ csv = "/dev/zero", column = "a" }'), ["utility.a: cannot read '/dev/zero'", "device"]),
    "csv a number": (with_a('{ csv = 3, column = "a" }'), ["utility.a: got 3", "CSV"]),
    # fairness
    "fairness of direct": (
        GOOD + "fairness = { alpha = 1 }\n",
        ["group.small.fairness: does not belong to kind = 'direct'", "aggregator"],
    ),
    "alpha negative": (with_fairness("{ alpha = -1 }"), ["fairness.alpha: got -1", ">= 0 or inf"]),
    "alpha a word": (with_fairness('{ alpha = "fair" }'), ["fairness.alpha: got 'fair'", ">= 0 or inf"]),
    "alpha nan": (with_fairness("{ alpha = nan }"), ["fairness.alpha: got nan"]),
    "alpha a list": (with_fairness("{ alpha = [0, 1] }"), ["fairness.alpha: got [0, 1]"]),
    "offset negative": (with_fairness("{ surplus_offset = -0.1 }"), ["surplus_offset: got -0.1", ">= 0"]),
    "offset infinite": (with_fairness("{ surplus_offset = inf }"), ["surplus_offset: got inf"]),
    "fairness misspelt": (with_fairness("{ alfa = 1 }"), ["fairness.alfa", 'did you mean "alpha"?']),
    "fairness a number": (with_fairness("1"), ["group.small.fairness: got 1", "table"]),
}


@pytest.mark.parametrize(("content", "fragments"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_in_one_line(tmp_path, content, fragments):
    path = tmp_path / "broken.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    text = refusal(lambda: load(path))
    assert text.startswith(f"{path}: ")
    assert [part for part in fragments if part not in text] == [], text


def test_the_file_all_others_are_broken_copies_of_is_good(tmp_path):
    path = tmp_path / "good.toml"
    for content in (GOOD, HEAD + AGGREGATOR, HEAD + GROUP + LARGE, with_fleet(FLEET), with_a("[1, 2, 3]")):
        path.write_text(content)
        assert draw(load(path)).game is not None


CSV = {
    "missing column": ("b,A\n1,2\n", ["utility.a", "users.csv has 0 columns 'a'", "b or A", '"A"?']),
    "column twice": ("a,a\n1,2\n", ["2 columns 'a'"]),
    "empty": ("", ["users.csv is empty"]),
    "blank header": ("\na,b\n1,2\n2,2\n3,4\n", ["row 1 of users.csv is blank", "header"]),
    "only line breaks": ("\n\n", ["row 1 of users.csv is blank"]),
    "header only": ("a,b\n\n", ["no rows"]),
    "blank cell": ("a,b\n1,2\n ,2\n3,4\n", ["row 3 of users.csv (the header is row 1)", "blank"]),
    "text cell": ("a,b\n1,2\n2,2\nthree,4\n", ["row 4 of users.csv", "'three'"]),
    "decimal comma": ('a,b\n"0,5",2\n', ["row 2 of users.csv", "'0,5'"]),
    "nan cell": ("a,b\n1,2\nnan,2\n3,4\n", ["row 3 of users.csv", "is nan", "> 0"]),
    "wrong sign": ("a,b\n1,2\n2,2\n-3,4\n", ["row 4 of users.csv", "is -3.0", "> 0"]),
    "ragged": ("a,b\n1,2\n1\n3,4\n", ["row 3 of users.csv", "has 1 cells", "header has 2"]),
    "empty row": ("a,b\n1,2\n\n3,4\n", ["row 3 of users.csv", "has 0 cells"]),
    "semicolons": ("a;b\n1;2\n", ["semicolons", "commas"]),
    "not utf-8": (b"a,b\n1,\xff\n", ["not a CSV file"]),
    "number of users": ("a,b\n1,2\n3,4\n", ["utility.a: 2 values", "users says 3"]),
}


@pytest.mark.parametrize(("content", "fragments"), CSV.values(), ids=CSV)
def test_a_broken_csv_is_refused_naming_the_row(tmp_path, content, fragments):
    path = tmp_path / "broken.toml"
    path.write_text(with_a('{ csv = "users.csv", column = "a" }'))
    (tmp_path / "users.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    text = refusal(lambda: load(path))
    assert text.startswith(f"{path}: group.small.utility.a: ")
    assert [part for part in fragments if part not in text] == [], text


def test_a_csv_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "broken.toml").write_text(with_a('{ csv = ".", column = "a" }'))
    assert "directory" in refusal(lambda: load(tmp_path / "broken.toml"))


def test_bad_rows_of_the_fleet_are_named(tmp_path):
    (tmp_path / "broken.toml").write_text(with_fleet('"fleet.csv"'))
    fleet = tmp_path / "fleet.csv"
    fleet.write_text("bus,max_p_mw,cost_quadratic,cost_linear\n1,10,0.1,20\n2,10,-1,20\n")
    text = refusal(lambda: load(tmp_path / "broken.toml"))
    assert "price.generators.cost_quadratic: row 3 of fleet.csv (the header is row 1) is -1" in text
    fleet.write_text("bus,max_mw,cost_quadratic,cost_linear\n1,10,0.1,20\n")
    assert 'did you mean "max_mw"?' in refusal(lambda: load(tmp_path / "broken.toml"))


@pytest.mark.parametrize(
    ("source", "fragments"),
    [
        ("two_agregators", ["two_agregators: no such scenario", 'did you mean "two_aggregators"?']),
        ("two_aggregator.toml", ["no such scenario", 'did you mean "two_aggregators"?']),
        ("/nowhere/zzz.toml", ["/nowhere/zzz.toml: no such scenario or file", "run.py list"]),
        ("", ["no such scenario"]),
        ("a\0b", ["no such scenario"]),
        ("/", ["/: cannot read it", "directory"]),
        ("x" * 5000, ["no such scenario"]),
    ],
)
def test_a_source_that_is_none_is_refused(source, fragments):
    text = refusal(lambda: load(source))
    assert [part for part in fragments if part not in text] == [], text


@pytest.mark.parametrize(
    ("assignment", "fragments"),
    [
        ("price.c", ["--set: got 'price.c'", "KEY=VALUE"]),
        ("=3", ["--set", "KEY=VALUE"]),
        ("price.d=3", ["price.d: unknown key", "p0"]),
        ("price.c=-1", ["price.c: got -1"]),
        ("price.c=", ["price.c: got ''"]),
        ("price.c=cheap", ["price.c: got 'cheap'"]),
        ("price.c.d=1", ["price.c.d: 'd' has nothing to be set in", "0.001"]),
        ("price.c.d.e=1", ["price.c.d.e: 'd' is not in a table"]),
        ("group.3.users=1", ["group.3.users: no group '3'", "0 to 2", "north, south or data centre"]),
        ("group.nroth.users=1", ["no group 'nroth'", 'did you mean "north"?']),
        ("group.north=1", ["group.north: 'north' has nothing"]),
        ("group=1", ["group: got 1"]),
        ("group.0.fairness.alpha=-inf", ["group.north.fairness.alpha: got -inf"]),
        ("group.data centre.users=2", ["group.data centre.users: 2 users"]),
        ("seed=1.5", ["seed: got 1.5"]),
        ("seed=1\nrounds=2", ["seed: got '1"]),
    ],
)
def test_a_wrong_change_is_refused(assignment, fragments):
    text = refusal(lambda: load("two_aggregators", set=[assignment]))
    assert text.startswith("two_aggregators.toml: ")
    assert [part for part in fragments if part not in text] == [], text


@pytest.mark.parametrize(("key", "value"), [("seed", -1), ("seed", "3"), ("seed", True), ("rounds", 0)])
def test_a_wrong_argument_is_refused(key, value):
    assert f"{key}: got" in refusal(lambda: load("two_aggregators", **{key: value}))


@pytest.mark.parametrize("replication", [-1, 1.5, True, 2**32])
def test_a_wrong_replication_is_refused(replication):
    assert "replication: got" in refusal(lambda: draw(load("small_alone"), replication))


def test_a_user_priced_out_for_good_is_named_with_the_remedy(tmp_path):
    path = tmp_path / "users.toml"
    price = 'market = "aggregator"\nprice = { rule = "affine", p0 = 2, c = 1 }\n'
    group = AGGREGATOR.replace("b = 3", "b = [3, 4, 5, 1.5]").replace("users = 3", "users = 4\ncount = 2")
    path.write_text(price + group + "fairness = { alpha = 1, surplus_offset = 0 }\n")
    text = refusal(lambda: draw(load(path)))
    assert text.startswith("users.toml: group.small.fairness.surplus_offset: ")
    for part in ("player 1", "user 3", "b = 1.5", "price 2 at zero purchase", "surplus_offset > 0 or alpha < 1"):
        assert part in text
    for legal in ("fairness.alpha=0.99", "fairness.alpha=inf", "fairness.surplus_offset=0.01"):
        assert draw(load(path, set=[f"group.small.{legal}"]))
