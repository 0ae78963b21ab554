"""Every broken bilateral market is refused in one line that names file, key, row, value and what is allowed."""

import pytest

from scenarios import draw, load
from tests.scenarios.refusals import check, refusal

HEAD = 'market = "bilateral"\n'
BUYERS = "buyers = { count = 2, demand = [3, 2], value = 0.2 }\n"
SELLERS = "sellers = { count = 3, supply = [2, 4, 1], ask = 0.1 }\n"
SIDES = BUYERS + SELLERS
BARE = "pair_value = [[5, 7, 2], [8, 9, 3]]\n"
MULTI = SIDES + 'contracts = "multi"\n'
ROWS = "prosumer = [0, 1], value = [0.2, 0.2], ask = [0.1, 0.1]"
PROSUMERS = f"prosumers = {{ {ROWS}, net = [1, -1] }}\n"
GOOD = (SIDES, BARE, MULTI, PROSUMERS)


def buyers(keys):
    return f"buyers = {{ {keys} }}\n{SELLERS}"


def sellers(keys):
    return f"{BUYERS}sellers = {{ {keys} }}\n"


def rule(name, keys="", start=SIDES):
    return f'{start}negotiation = {{ rule = "{name}"{", " if keys else ""}{keys} }}\n'


def pairs(rows, start=SIDES):
    return f"{start}preference = {rows}\n"


def tag(keys):
    return f"{SIDES}[[tag]]\n{keys}\n"


def leave(keys):
    return f"{SIDES}leave = {{ {keys} }}\n"


def columns(**changes):
    keys = {"prosumer": "[0, 1]", "value": "[0.2, 0.2]", "ask": "[0.1, 0.1]", "net": "[1, -1]"} | changes
    return f"prosumers = {{ {', '.join(f'{key} = {value}' for key, value in keys.items() if value)} }}\n"


BROKEN = {
    # who is there
    "nobody": ("", ["got no users", "exactly one of buyers with sellers, prosumers, pair_value"]),
    "buyers alone": (BUYERS, ["sellers: is missing", "go together"]),
    "sellers alone": (SELLERS, ["buyers: is missing", "go together"]),
    "sides and game": (SIDES + BARE, ["got pair_value and buyers", "exactly one of"]),
    "sides and prosumers": (SIDES + PROSUMERS, ["got prosumers and buyers", "exactly one of"]),
    "game and prosumers": (BARE + PROSUMERS, ["got pair_value and prosumers", "exactly one of"]),
    "all three": (SIDES + BARE + PROSUMERS, ["got pair_value and prosumers and buyers"]),
    "buyers a number": (SELLERS + "buyers = 3", ["buyers: got 3", "table"]),
    "buyers a list": (SELLERS + "buyers = [1]", ["buyers: got [1]", "table"]),
    "unknown key": (SIDES + "preferences = 0", ["preferences: unknown key", 'did you mean "preference"?']),
    "key of another market": (SIDES + "price = 3", ["price: unknown key", "known: title, market"]),
    "unknown key of buyers": (buyers("cuont = 2, demand = 1, value = 1"), ["buyers.cuont: unknown", '"count"?']),
    "supply of buyers": (buyers("count = 2, supply = 1, value = 1"), ["buyers.supply: unknown key", "demand"]),
    "unknown key of network": (SIDES + "network = { knd = 1 }", ["network.knd: unknown key", '"kind"?']),
    "unknown key of rule": (rule("corner", "tol = 1"), ["negotiation.tol: unknown key", "tolerance"]),
    "unknown key of leave": (leave("rounds = 3, count = 1"), ["leave.rounds: unknown key", '"round"?']),
    "unknown key of tag": (tag("shaer = 0.5"), ["tag.0.shaer: unknown key", '"share"?']),
    # how many there are
    "count against list": (
        buyers("count = 3, demand = [3, 2], value = 0.2"),
        ["buyers.demand: 2 values", "count says 3"],
    ),
    "lists disagree": (buyers("demand = [3, 2], value = [1, 2, 3]"), ["buyers.value: 3 values", "demand says 2"]),
    "sellers disagree": (sellers("count = 1, supply = 1, ask = [1, 2]"), ["sellers.ask: 2 values", "count says 1"]),
    "no count": (buyers("demand = 1, value = 1"), ["buyers.count: is missing", "a list or CSV column"]),
    "count a part": (buyers("count = 1.5, demand = 1, value = 1"), ["buyers.count: got 1.5", "whole number"]),
    "count negative": (buyers("count = -1, demand = 1, value = 1"), ["buyers.count: got -1", "0 to 100,000"]),
    "count true": (buyers("count = true, demand = 1, value = 1"), ["buyers.count: got True", "whole number"]),
    "count a draw": (buyers("count = { uniform = [1, 5] }"), ["buyers.count: got {'uniform': [1, 5]}"]),
    "too many pairs": (
        "buyers = { count = 100000, demand = 1, value = 1 }\nsellers = { count = 100000, supply = 1, ask = 0 }",
        ["got 100000 by 100000 agents", "at most 25,000,000 pairs"],
    ),
    "no demand": (buyers("count = 2, value = 1"), ["buyers.demand: is missing", "number, list, draw or CSV column"]),
    "no value": (buyers("count = 2, demand = 1"), ["buyers.value: is missing"]),
    "no supply": (sellers("count = 2, ask = 1"), ["sellers.supply: is missing"]),
    "no ask": (sellers("count = 2, supply = 1"), ["sellers.ask: is missing"]),
    # numbers
    "demand negative": (
        buyers("demand = [1, -2], value = 1"),
        ["buyers.demand: value 1 (counted from 0) is -2", ">= 0"],
    ),
    "demand nan": (buyers("count = 2, demand = nan, value = 1"), ["buyers.demand: got nan", ">= 0"]),
    "demand infinite": (buyers("count = 2, demand = inf, value = 1"), ["buyers.demand: got inf", ">= 0"]),
    "demand huge": (
        buyers("count = 2, demand = 1e31, value = 1"),
        ["buyers.demand: got 1e+31", "between 1e-30 and 1e30"],
    ),
    "demand tiny": (buyers("count = 2, demand = 1e-31, value = 1"), ["buyers.demand: got 1e-31", "between 1e-30 and"]),
    "demand endless": (buyers(f"count = 2, demand = 1{'0' * 400}, value = 1"), ["buyers.demand: got 1000", "1e30"]),
    "demand true": (buyers("count = 2, demand = true, value = 1"), ["buyers.demand: got True", "a number, a list"]),
    "demand of trues": (buyers("demand = [1, true], value = 1"), ["buyers.demand: value 1", "is True"]),
    "demand a text": (buyers('count = 2, demand = "1", value = 1'), ["buyers.demand: got '1'"]),
    "demand of lists": (buyers("demand = [[1, 2]], value = 1"), ["buyers.demand: value 0", "is [1, 2]"]),
    "demand drawn below 0": (
        buyers("count = 2, demand = { uniform = [-1, 1] }, value = 1"),
        ["demand.uniform: value 0"],
    ),
    "demand drawn backwards": (buyers("count = 2, demand = { uniform = [2, 1] }, value = 1"), ["not be above"]),
    "unknown draw": (buyers("count = 2, demand = { unifrom = [1, 2] }, value = 1"), ['did you mean "uniform"?']),
    "value negative": (buyers("count = 2, demand = 1, value = -0.1"), ["buyers.value: got -0.1", ">= 0"]),
    "value infinite": (buyers("demand = 1, value = [1, inf]"), ["buyers.value: value 1", "is inf"]),
    "supply negative": (sellers("count = 1, supply = -1, ask = 0"), ["sellers.supply: got -1", ">= 0"]),
    "supply infinite": (sellers("supply = [inf], ask = 0"), ["sellers.supply: value 0", "is inf"]),
    "ask negative": (sellers("supply = 1, ask = [0.1, -0.1]"), ["sellers.ask: value 1", "is -0.1", ">= 0"]),
    "ask nan": (sellers("supply = 1, ask = [nan]"), ["sellers.ask: value 0", "is nan"]),
    "demand empty": (buyers("demand = [], value = 1"), ["buyers.demand: got an empty list"]),
    # tariff
    "feed-in above retail": (SIDES + "tariff = { sell = 0.3 }", ["tariff: sell(=0.3) must be <= buy(=0.25)"]),
    "retail negative": (SIDES + "tariff = { buy = -1 }", ["tariff.buy: got -1", ">= 0"]),
    "tariff nan": (SIDES + "tariff = { sell = nan }", ["tariff.sell: got nan"]),
    "tariff a number": (SIDES + "tariff = 3", ["tariff: got 3", "table"]),
    "tariff true": (SIDES + "tariff = { buy = true }", ["tariff.buy: got True", "a number"]),
    "tariff misspelt": (SIDES + "tariff = { by = 1 }", ["tariff.by: unknown key", '"buy"?']),
    # matrices
    "game ragged": ("pair_value = [[5, 7], [8]]", ["pair_value.1: got [8]", "2 numbers, as in row 0"]),
    "game nan": ("pair_value = [[5, nan]]", ["pair_value.0: value 1", "is nan"]),
    "game infinite": ("pair_value = [[5, inf]]", ["pair_value.0: value 1", "is inf"]),
    "game huge": ("pair_value = [[5, 1e31]]", ["pair_value.0: value 1", "1e+31", "1e30"]),
    "game flat": ("pair_value = [5, 7]", ["pair_value: got [5, 7]", "rows of numbers"]),
    "game a number": ("pair_value = 5", ["pair_value: got 5", "a row for each buyer"]),
    "game a text": ('pair_value = "x"', ["pair_value: got 'x'"]),
    "game drawn": ("pair_value = { uniform = [0, 1] }", ["pair_value: got {'uniform'", "rows of numbers"]),
    "game of trues": ("pair_value = [[true]]", ["pair_value.0: value 0", "is True"]),
    "game with an empty row": ("pair_value = [[1], []]", ["pair_value.1: got []", "1 numbers"]),
    "game with a first empty row": ("pair_value = [[], [1]]", ["pair_value.1: got [1]"]),
    "preference ragged": (pairs("[[1, 2, 3], [1, 2]]"), ["preference.1: got [1, 2]", "3 numbers"]),
    "preference infinite": (pairs("[[1, 2, inf], [1, 2, 3]]"), ["preference.0: value 2", "is inf", "finite number"]),
    "preference turned": (
        pairs("[[1, 2], [1, 2], [1, 2]]"),
        ["preference: got 3 by 2", "2 by 3, a row for each buyer"],
    ),
    "preference too short": (pairs("[[1, 2, 3]]"), ["preference: got 1 by 3", "2 by 3"]),
    "preference empty": (pairs("[]"), ["preference: got 0 by 0", "2 by 3"]),
    "preference of empty rows": (pairs("[[], []]"), ["preference: got 2 by 0", "2 by 3"]),
    "preference flat": (pairs("[1, 2, 3]"), ["preference: got [1, 2, 3]", "rows of numbers"]),
    "preference a text": (pairs('"green"'), ["preference: got 'green'"]),
    "preference true": (pairs("true"), ["preference: got True"]),
    "preference by prosumer": (pairs("[[1]]", PROSUMERS), ["preference: got 1 by 1", "2 by 2"]),
    "fee negative": (SIDES + "fee = [[0, 0, 0], [0, -1, 0]]", ["fee.1: value 1", "is -1", ">= 0"]),
    "fee turned": (SIDES + "fee = [[0, 0], [0, 0], [0, 0]]", ["fee: got 3 by 2", "2 by 3"]),
    "fee drawn below 0": (SIDES + "fee = { uniform = [-1, 1] }", ["fee.uniform: value 0"]),
    "fee nan": (SIDES + "fee = nan", ["fee: got nan", ">= 0"]),
    "cap negative": (MULTI + "cap = -1", ["cap: got -1", ">= 0"]),
    "cap turned": (MULTI + "cap = [[1, 1], [1, 1], [1, 1]]", ["cap: got 3 by 2", "2 by 3"]),
    "cap nan": (MULTI + "cap = [[1, 1, nan], [1, 1, 1]]", ["cap.0: value 2", "is nan"]),
    # what a bare game has not
    "taste in a game": (pairs("0.1", BARE), ["preference: goes with quantities and prices", "beside pair_value"]),
    "fee in a game": (BARE + "fee = 0.1", ["fee: goes with quantities", "beside pair_value"]),
    "tags in a game": (BARE + "[[tag]]\nshare = 0.5", ["tag: goes with quantities", "beside pair_value"]),
    "tariff in a game": (BARE + "tariff = { buy = 1 }", ["tariff: goes with quantities", "beside pair_value"]),
    "game of several contracts": (BARE + 'contracts = "multi"', ["pair_value: got contracts = 'multi'", "quantities"]),
    "game of periods": (BARE + "periods = 2", ["periods: got 2", "bare assignment game"]),
    # single and multi
    "cap of single": (SIDES + "cap = 1", ["cap: goes with contracts = 'multi'", "leave it out"]),
    "block of single": (SIDES + "block = 1", ["block: goes with contracts = 'multi'", "leave it out"]),
    "multi with a matching": (MULTI + "matching = [0, 1]", ["matching: got", '"optimal"']),
    "multi with an auction": (MULTI + 'matching = "auction"', ["matching: got 'auction'", '"optimal"']),
    "cap with half-spaces": (
        rule("half-space", start=MULTI) + "cap = 1",
        ["cap: goes with other rules", "single blocks"],
    ),
    "cap with benchmark": (rule("benchmark", start=MULTI) + "cap = 1", ["cap: goes with other rules than 'benchmark'"]),
    "block zero": (MULTI + "block = 0", ["block: got 0", "> 0"]),
    "block infinite": (MULTI + "block = inf", ["block: got inf", "> 0"]),
    "block a list": (MULTI + "block = [1]", ["block: got [1]"]),
    "block true": (MULTI + "block = true", ["block: got True"]),
    # words
    "contracts unknown": (SIDES + 'contracts = "mutli"', ["contracts: got 'mutli'", '"multi"?']),
    "fair unknown": (SIDES + 'fair = "equal"', ["fair: got 'equal'", "tau, equal-split, buyer or seller"]),
    "rule unknown": (rule("bilaterl"), ["negotiation.rule: got 'bilaterl'", '"bilateral"?']),
    "rule a number": (SIDES + "negotiation = { rule = 1 }", ["negotiation.rule: got 1", "half-space"]),
    "negotiation a word": (SIDES + 'negotiation = "corner"', ["negotiation: got 'corner'", "table"]),
    "schedule unknown": (
        rule("bilateral", 'schedule = "random"'),
        ["schedule: got 'random'", "sequential or disjoint"],
    ),
    "meeting unknown": (rule("bilateral", 'meeting = "wrost"'), ["meeting: got 'wrost'", '"worst"?']),
    "solver unknown": (rule("benchmark", 'solver = "exat"'), ["solver: got 'exat'", '"exact"?']),
    "start unknown": (rule("tight", 'start = "hole"'), ["start: got 'hole'", '"whole"?']),
    "kind unknown": (SIDES + 'network = { kind = "rng" }', ["network.kind: got 'rng'", '"ring"?']),
    "kind a list": (SIDES + 'network = { kind = ["ring"] }', ["network.kind: got ['ring']", "periodic"]),
    # keys of another rule
    "schedule of tight": (rule("tight", 'schedule = "disjoint"'), ["schedule: does not belong to rule = 'tight'"]),
    "meeting of corner": (rule("corner", 'meeting = "worst"'), ["meeting: does not belong", "bilateral or half-space"]),
    "solver of bilateral": (rule("bilateral", 'solver = "exact"'), ["solver: does not belong", "benchmark"]),
    "start of corner": (rule("corner", 'start = "whole"'), ["start: does not belong to rule = 'corner'"]),
    "schedule of half-space": (rule("half-space", 'schedule = "sequential"'), ["schedule: does not belong"]),
    # ranges
    "tolerance zero": (rule("bilateral", "tolerance = 0"), ["negotiation.tolerance: got 0", "> 0 and < 1"]),
    "tolerance one": (rule("bilateral", "tolerance = 1"), ["negotiation.tolerance: got 1", "< 1"]),
    "tolerance nan": (rule("bilateral", "tolerance = nan"), ["negotiation.tolerance: got nan"]),
    "tolerance true": (rule("bilateral", "tolerance = true"), ["negotiation.tolerance: got True", "a number"]),
    "relaxation two": (rule("bilateral", "relaxation = 2"), ["negotiation.relaxation: got 2", "< 2"]),
    "relaxation zero": (rule("tight", "relaxation = 0.0"), ["negotiation.relaxation: got 0.0", "> 0"]),
    "repair a number": (rule("bilateral", "repair = 1"), ["negotiation.repair: got 1", "true or false"]),
    "repair a word": (rule("bilateral", 'repair = "yes"'), ["negotiation.repair: got 'yes'", "true or false"]),
    "drop one": (SIDES + "network = { drop = 1 }", ["network.drop: got 1", ">= 0 and < 1"]),
    "drop negative": (SIDES + "network = { drop = -0.1 }", ["network.drop: got -0.1", ">= 0"]),
    "links never": (SIDES + "link_probability = 0", ["link_probability: got 0", "> 0 and <= 1"]),
    "links too often": (SIDES + "link_probability = 1.1", ["link_probability: got 1.1", "<= 1"]),
    "no phase": (SIDES + "phases = 0", ["phases: got 0", "1 to 1,000"]),
    "half a phase": (SIDES + "phases = 1.5", ["phases: got 1.5", "whole number"]),
    "deadline zero": (SIDES + "deadline = 0", ["deadline: got 0", "1 to 1,000,000"]),
    "deadline a part": (SIDES + "deadline = 2.5", ["deadline: got 2.5", "whole number"]),
    "rounds zero": (SIDES + "rounds = 0", ["rounds: got 0", "1 to"]),
    "periods zero": (SIDES + "periods = 0", ["periods: got 0", "1 to 100,000"]),
    "periods true": (SIDES + "periods = true", ["periods: got True", "whole number"]),
    "warm start a number": (SIDES + "warm_start = 1", ["warm_start: got 1", "true or false"]),
    # a matching written down
    "matching too short": (SIDES + "matching = [0]", ["matching: got 1 numbers for 2 buyers", "-1 for none"]),
    "matching too long": (BARE + "matching = [0, 1, 2]", ["matching: got 3 numbers for 2 buyers"]),
    "matching twice": (SIDES + "matching = [1, 1]", ["matching: value 1", "is 1, as is value 0", "each seller once"]),
    "matching unknown": (SIDES + "matching = [0, 3]", ["matching: value 1", "is 3", "a seller, 0 to 2, or -1"]),
    "matching below": (SIDES + "matching = [0, -2]", ["matching: value 1", "is -2", ">= -1"]),
    "matching a part": (SIDES + "matching = [0, 1.5]", ["matching: value 1", "is 1.5", "a seller"]),
    "matching half nobody": (SIDES + "matching = [0, -0.5]", ["matching: value 1", "is -0.5"]),
    "matching true": (SIDES + "matching = [0, true]", ["matching: value 1", "is True"]),
    "matching misspelt": (SIDES + 'matching = "optimum"', ["matching: got 'optimum'", '"optimal"?']),
    "matching a number": (SIDES + "matching = 0", ["matching: got 0", "list of numbers"]),
    "matching of prosumers": (
        PROSUMERS + "matching = [1, -1]",
        ["matching: got a list", "sides change with prosumers"],
    ),
    # tags
    "tag without sellers": (tag('name = "green"'), ["tag.green: got neither sellers nor share", "one is needed"]),
    "tag with both": (tag("share = 0.5\nsellers = [0]"), ["tag.0: got both sellers and share", "one is needed"]),
    "tag of unknown seller": (tag('name = "sun"\nsellers = [0, 3]'), ["tag.sun.sellers: got 3", "sellers, 0 to 2"]),
    "tag of half a seller": (tag("sellers = [0.5]"), ["tag.0.sellers: got 0.5", "numbers of sellers"]),
    "tag of seller below": (tag("sellers = [-1]"), ["tag.0.sellers: value 0", "is -1", ">= 0"]),
    "tag of no seller": (tag("sellers = []"), ["tag.0.sellers: got an empty list"]),
    "tag weights": (tag("share = 1\nweight = [1, 2, 3]"), ["tag.0.weight: 3 values for 2 buyers", "one per buyer"]),
    "tag weight infinite": (tag("share = 1\nweight = inf"), ["tag.0.weight: got inf", "finite number"]),
    "tag share": (tag("share = 1.1"), ["tag.0.share: got 1.1", "<= 1"]),
    "tag a table": (SIDES + "tag = { share = 1 }", ["tag: got {'share': 1}", "one or more [[tag]]"]),
    "tag none": (SIDES + "tag = []", ["tag: got none", "[[tag]]"]),
    # who leaves
    "leave nobody": (leave(""), ["leave: got nobody", "count, or buyers and sellers"]),
    "leave a round": (leave("round = 3"), ["leave: got nobody"]),
    "leave both": (leave("count = 1, buyers = [0]"), ["leave: got both", "count, or buyers and sellers"]),
    "leave unknown": (leave("buyers = [2]"), ["leave.buyers: got 2", "buyers, 0 to 1"]),
    "leave unknown seller": (leave("sellers = [3]"), ["leave.sellers: got 3", "sellers, 0 to 2"]),
    "leave half": (leave("sellers = [0.5]"), ["leave.sellers: got 0.5"]),
    "leave below": (leave("buyers = [-1]"), ["leave.buyers: value 0", "is -1"]),
    "leave too many": (leave("count = 6"), ["leave.count: got 6", "there are 5 agents"]),
    "leave too many prosumers": (PROSUMERS + "leave = { count = 3 }", ["leave.count: got 3", "there are 2 agents"]),
    "leave too early": (leave("count = 1, round = 0"), ["leave.round: got 0", "1 to"]),
    "leave a list": (SIDES + "leave = [0]", ["leave: got [0]", "table"]),
    # prosumers spelt out
    "prosumers a number": ("prosumers = 3", ["prosumers: got 3", "table"]),
    "prosumers empty": ("prosumers = {}", ["prosumers.prosumer: is missing", "number of the prosumer"]),
    "prosumers without value": (columns(value=""), ["prosumers.value: is missing"]),
    "prosumers without net": (columns(net=""), ["prosumers: got none of net, load, generation"]),
    "net and load": (columns(load="[1, 1]"), ["prosumers: got net, load", "net alone, or load and generation"]),
    "load alone": (columns(net="", load="[1, 1]"), ["prosumers: got load", "load and generation"]),
    "lengths": (columns(ask="[0.1]"), ["prosumers: columns of different lengths", "ask 1"]),
    "prosumer a part": (
        columns(prosumer="[0, 0.5]"),
        ["prosumers.prosumer: value 1 (counted from 0) is 0.5", "a whole number"],
    ),
    "prosumer below 0": (columns(prosumer="[0, -1]"), ["prosumers.prosumer: value 1", "is -1", ">= 0"]),
    "prosumer twice": (
        columns(prosumer="[1, 1]"),
        ["value 1 (counted from 0) is prosumer 1 in period 0, as is value 0", "once in a period"],
    ),
    "prosumer far out": (columns(prosumer="[0, 99999]"), ["got 100000 by 100000 agents", "at most 25,000,000 pairs"]),
    "load negative": (
        columns(net="", load="[1, -1]", generation="[0, 0]"),
        ["prosumers.load: value 1", "is -1", ">= 0"],
    ),
    "net nan": (columns(net="[1, nan]"), ["prosumers.net: value 1", "is nan"]),
    "net true": (columns(net="[1, true]"), ["prosumers.net: value 1", "is True"]),
    "unknown column": (columns(nett="[1, 1]"), ["prosumers.nett: unknown key", "known: prosumer, period, net"]),
    "more periods than there are": (PROSUMERS + "periods = 2", ["periods: got 2", "prosumers have 1 period"]),
}


@pytest.mark.parametrize(("content", "fragments"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_in_one_line(tmp_path, content, fragments):
    path = tmp_path / "broken.toml"
    path.write_text(HEAD + content)
    text = refusal(lambda: load(path))
    assert text.startswith(f"{path}: ")
    check(text, fragments)


@pytest.mark.parametrize("content", GOOD)
def test_the_files_all_others_are_broken_copies_of_are_good(tmp_path, content):
    path = tmp_path / "good.toml"
    path.write_text(HEAD + content)
    assert draw(load(path)).game is not None


DRAWN = {
    "crumbs": (MULTI + "block = 1e-9", ["block: got 1e-09", "at least 4e-06, a millionth of the largest quantity"]),
    "too many blocks": (
        rule("half-space", start=MULTI) + "block = 0.001",
        ["negotiation.rule: got 'half-space' for 12000 blocks of 0.001 kWh", "at most 4000"],
    ),
    "too many blocks for the benchmark": (
        rule("benchmark", start=MULTI) + "block = 1e-4",
        ["negotiation.rule: got 'benchmark' for 120000 blocks"],
    ),
    "too many whole proposals": (
        "buyers = { count = 4000, demand = 1, value = 1 }\nsellers = { count = 1, supply = 1, ask = 0 }\n"
        'negotiation = { rule = "tight" }',
        ["negotiation.rule: got 'tight' for 4001 agents", "at most 4000; take another rule"],
    ),
}


@pytest.mark.parametrize(("content", "fragments"), DRAWN.values(), ids=DRAWN)
def test_what_no_rule_can_work_with_is_refused_before_anything_runs(tmp_path, content, fragments):
    path = tmp_path / "broken.toml"
    path.write_text(HEAD + content)
    text = refusal(lambda: draw(load(path)))
    assert text.startswith("broken.toml: ")
    check(text, fragments)


CSV = {
    "no prosumer": ("net,value,ask\n1,0.2,0.1\n", ["day.csv has 0 columns 'prosumer'", "net, value or ask"]),
    "no value": ("prosumer,net,ask\n0,1,0.1\n", ["day.csv has 0 columns 'value'"]),
    "misspelt": ("prosumr,net,value,ask\n0,1,0.2,0.1\n", ["0 columns 'prosumer'", 'did you mean "prosumr"?']),
    "no energy": ("prosumer,value,ask\n0,0.2,0.1\n", ["prosumers: got none of net, load, generation"]),
    "net and load": ("prosumer,net,load,value,ask\n0,1,1,0.2,0.1\n", ["prosumers: got net, load", "net alone"]),
    "load alone": ("prosumer,load,value,ask\n0,1,0.2,0.1\n", ["prosumers: got load"]),
    "twice": (
        "period,prosumer,net,value,ask\n0,0,1,0.2,0.1\n1,0,1,0.2,0.1\n1,0,2,0.2,0.1\n",
        ["row 4 of day.csv (the header is row 1) is prosumer 0 in period 1, as is row 3 of day.csv"],
    ),
    "prosumer a part": ("prosumer,net,value,ask\n0,1,0.2,0.1\n1.5,1,0.2,0.1\n", ["prosumers.prosumer: row 3", "1.5"]),
    "period a part": ("period,prosumer,net,value,ask\n0.5,0,1,0.2,0.1\n", ["prosumers.period: row 2", "is 0.5"]),
    "period below 0": ("period,prosumer,net,value,ask\n-1,0,1,0.2,0.1\n", ["prosumers.period: row 2 of day.csv", "-1"]),
    "blank": ("prosumer,net,value,ask\n0,,0.2,0.1\n", ["column net, row 2 of day.csv (the header is row 1) is blank"]),
    "text": ("prosumer,net,value,ask\n0,1,0.2,0.1\n1,much,0.2,0.1\n", ["column net, row 3 of day.csv", "'much'"]),
    "same name": ("prosumer,net,value,ask\nA,1,0.2,0.1\nA,1,0.2,0.1\n", ["prosumer 0 in period 0", "once in"]),
    "gap": (
        "prosumer,period,net,value,ask\nA,01:00,1,0.2,0.1\nA,02:00,1,0.2,0.1\nA,05:00,1,0.2,0.1\n",
        ["prosumers.period", "'05:00' after '02:00' (a gap)"],
    ),
    "negative value": (
        "prosumer,net,value,ask\n0,1,-0.2,0.1\n",
        ["prosumers.value: row 2 of day.csv", "is -0.2", ">= 0"],
    ),
    "infinite ask": ("prosumer,net,value,ask\n0,1,0.2,inf\n", ["prosumers.ask: row 2 of day.csv", "is inf"]),
    "huge net": ("prosumer,net,value,ask\n0,1e31,0.2,0.1\n", ["prosumers.net: row 2 of day.csv", "1e+31"]),
    "negative load": (
        "prosumer,load,generation,value,ask\n0,-1,0,0.2,0.1\n",
        ["prosumers.load: row 2 of day.csv", "is -1", ">= 0"],
    ),
    "column twice": ("prosumer,net,net,value,ask\n0,1,1,0.2,0.1\n", ["2 columns 'net'"]),
    "ragged": ("prosumer,net,value,ask\n0,1,0.2\n", ["row 2 of day.csv", "has 3 cells", "header has 4"]),
    "semicolons": ("prosumer;net;value;ask\n0;1;0,2;0,1\n", ["semicolons", "commas"]),
    "header only": ("prosumer,net,value,ask\n", ["no rows"]),
    "empty": ("", ["day.csv is empty"]),
    "not utf-8": (b"prosumer,net,value,ask\n\xff,1,1,1\n", ["not a CSV file"]),
}


@pytest.mark.parametrize(("content", "fragments"), CSV.values(), ids=CSV)
def test_a_broken_csv_of_prosumers_is_refused_naming_column_and_row(tmp_path, content, fragments):
    (tmp_path / "own.toml").write_text(HEAD + 'prosumers = "day.csv"\n')
    (tmp_path / "day.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    check(refusal(lambda: load(tmp_path / "own.toml")), ["own.toml: prosumers", *fragments])


def test_a_csv_that_is_not_there_is_looked_for_beside_the_file(tmp_path):
    (tmp_path / "own.toml").write_text(HEAD + 'prosumers = "dya.csv"\n')
    check(refusal(lambda: load(tmp_path / "own.toml")), ["prosumers: cannot read 'dya.csv'", f"looked in {tmp_path}"])


MATRICES = {
    "ragged": ("0,1,2\n1,2\n2,3,4\n", ["row 2 of fee.csv", "has 2 cells"]),
    "text": ("0,1,2\n1,2,x\n2,3,4\n", ["column 2, row 2 of fee.csv", "'x'"]),
    "negative": ("0,1,2\n1,2,3\n2,-3,4\n", ["fee.1: row 3 of fee.csv", "is -3"]),
    "too few rows": ("0,1,2\n1,2,3\n", ["fee: got 1 by 3", "2 by 3"]),
}


@pytest.mark.parametrize(("content", "fragments"), MATRICES.values(), ids=MATRICES)
def test_a_broken_csv_of_a_matrix_is_refused(tmp_path, content, fragments):
    (tmp_path / "own.toml").write_text(HEAD + SIDES + 'fee = { csv = "fee.csv" }\n')
    (tmp_path / "fee.csv").write_text(content)
    check(refusal(lambda: load(tmp_path / "own.toml")), ["own.toml: fee", *fragments])


CHANGES = {
    "negotiation.rule=bilaterl": ["negotiation.rule: got 'bilaterl'", '"bilateral"?'],
    "negotiation.schedule=random": ["negotiation.schedule: got 'random'"],
    "negotiation.solver=exact": ["negotiation.solver: does not belong to rule = 'bilateral'"],
    "negotiation.tolerance=x": ["negotiation.tolerance: got 'x'", "a number"],
    "negotiation=corner": ["negotiation: got 'corner'", "table"],
    "tariff.sell=0.5": ["tariff: sell(=0.5) must be <= buy(=0.25)"],
    "buyers.count=x": ["buyers.count: got 'x'", "whole number"],
    "buyers.demand=[1, 2]": ["buyers.demand: 2 values", "count says 20"],
    "buyers.value=-1": ["buyers.value: got -1"],
    "sellers=3": ["sellers: got 3", "table"],
    "pair_value=[[1]]": ["got pair_value and buyers", "exactly one of"],
    "preference=[[1]]": ["preference: got 1 by 1", "20 by 20"],
    "fee=-1": ["fee: got -1"],
    "cap=2": ["cap: goes with contracts = 'multi'"],
    "matching=[0, 1]": ["matching: got 2 numbers for 20 buyers"],
    "matching=optimum": ["matching: got 'optimum'", '"optimal"?'],
    "leave.buyers=[20]": ["leave.buyers: got 20", "0 to 19"],
    "leave.count=41": ["leave.count: got 41", "there are 40 agents"],
    "tag.0.share=1": ["tag: got {'0': {'share': 1}}", "[[tag]]"],
    "deadline=0": ["deadline: got 0"],
    "prosumers=x.csv": ["prosumers: cannot read 'x.csv'"],
    "network.kind=periodical": ["network.kind: got 'periodical'", '"periodic"?'],
    "network=ring": ["network: got 'ring'", "table"],
    "fair=thau": ["fair: got 'thau'", '"tau"?'],
    "market=aggregator": ["contracts: unknown key"],
    "seed=x": ["seed: got 'x'"],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_bad_change_is_refused_in_one_line(change):
    text = refusal(lambda: load("p2p_single", set=[change]))
    assert text.startswith("p2p_single.toml: ")
    check(text, CHANGES[change])
