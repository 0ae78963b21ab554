"""Any network of pandapower is a case, with the flows of its own DC power flow."""

import itertools

import numpy as np
import pandapower
import pandapower.networks
import pytest

from engine import run
from market.grid.power_flow import build_grid
from market.microgrid.dispatch import put_in
from market.microgrid.network import network_of
from scenarios import ScenarioError, load
from scenarios.grid.pandapower_case import table_of_net
from views.microgrid.words import summary_text

NONE = 'market = "microgrid"\nbehaviour = "none"\nnetwork = { case = "pandapower:%s" }\n'


def idle(tmp_path, name):
    path = tmp_path / f"{name}.toml"
    path.write_text(NONE % name)
    return path


QUIET = pytest.mark.filterwarnings("ignore")  # of pandapower, on its own networks
PLAIN = ("case4gs", "case9", "case14", "case24_ieee_rts", "case39", "case57", "case89pegase", "case118")
NAMES = (*PLAIN, "case300", "GBreducednetwork", "mv_oberrhein", "iceland", "create_cigre_network_mv")


def their_own(name):
    """(Flows by branch, power of all main grids) in p.u. of pandapower's own DC power flow, and its matrices."""
    net = getattr(pandapower.networks, name)()
    pandapower.rundcpp(net, numba=False)
    case = net._ppc["internal"]
    return case["branch"][:, 13].real / case["baseMVA"], net.res_ext_grid.p_mw.sum() / case["baseMVA"], net


@QUIET
@pytest.mark.parametrize("name", NAMES)
def test_flows_and_supply_are_those_of_pandapower(tmp_path, name):
    dispatch = run(idle(tmp_path, name)).outcome.dispatch
    flows, supply, _ = their_own(name)
    assert dispatch.f == pytest.approx(flows, abs=1e-8 * abs(flows).max())
    assert dispatch.grid_supply - dispatch.loss == pytest.approx(supply, abs=1e-8 * abs(flows).max())


@QUIET
@pytest.mark.parametrize(("name", "some"), [("create_cigre_network_mv", "Bus 5"), ("mv_oberrhein", "Bus 100")])
def test_nodes_are_called_as_the_buses_are(tmp_path, name, some):
    net = getattr(pandapower.networks, name)()
    table = table_of_net(net)
    taken = net.res_bus.groupby(net.bus["name"]).p_mw.sum() / net.sn_mva
    put_in = dict(zip(table["names"], table["injection"][0], strict=True))
    assert put_in[some] == pytest.approx(-taken[some]) and put_in[some] != 0
    (tmp_path / "day.csv").write_text(
        ",".join(reversed(table["names"])) + "\n" + ",".join(map(str, range(len(put_in))))
    )
    path = idle(tmp_path, name)
    path.write_text('injection = "day.csv"\n' + path.read_text())
    assert load(path).injections[0] == tuple(range(len(put_in) - 1, -1, -1))


@QUIET
def test_two_main_grids_are_one_node_and_each_feeds_what_pandapower_says(tmp_path):
    result = run(idle(tmp_path, "mv_oberrhein"))
    _, _, net = their_own("mv_oberrhein")
    slack, lines = result.game.network.slack, result.game.network.public
    assert result.summary()["left_out"] == ["2 main grids, at buses 58, 318, count as one, node 38"]
    leaving = result.outcome.dispatch.f * ((lines.tail == slack).astype(int) - (lines.head == slack))
    assert leaving.sum() == pytest.approx(net.res_ext_grid.p_mw.sum() / net.sn_mva)
    fed = sorted(net.res_ext_grid.p_mw)
    for one in (16.8, 20.3):
        assert min(abs(fed - np.array(one))) < 0.05
    biggest = sorted(leaving[leaving != 0])
    assert {round(each, 6) for each in fed} <= {
        round(sum(part), 6) for k in range(1, len(biggest) + 1) for part in itertools.combinations(biggest, k)
    }


def small():
    """Two buses in a ring of three with everything the model knows only in part."""
    net = pandapower.create_empty_network()
    buses = [pandapower.create_bus(net, 110) for _ in range(5)]
    for i, j in ((0, 1), (1, 2), (0, 2)):
        pandapower.create_line(net, buses[i], buses[j], 10, "149-AL1/24-ST1A 110.0")
    pandapower.create_ext_grid(net, buses[0])
    pandapower.create_load(net, buses[1], 5)
    pandapower.create_load(net, buses[3], 7)
    return net, buses


@QUIET
def test_a_plain_grid_leaves_nothing_out_but_buses_that_nobody_reaches():
    net, _ = small()
    assert table_of_net(net)["left_out"] == ("2 buses that no main grid reaches, with all that is there",)


@QUIET
def test_what_the_model_does_not_know_is_told():
    net, (_, b, c, *_) = small()
    pandapower.create_storage(net, b, 1, 10)
    pandapower.create_dcline(net, b, c, 3, 0, 0, 1, 1)
    pandapower.create_svc(net, c, 1, -10, 1, 90)
    told = table_of_net(net)["left_out"]
    assert sorted(line.split(":")[0] for line in told[1:]) == ["1 dcline", "1 storage", "1 svc"]


@QUIET
@pytest.mark.parametrize("seed", range(20))
def test_random_grids_flow_as_pandapower_says(seed):
    rng = np.random.default_rng(seed)
    net = pandapower.create_empty_network()
    n = int(rng.integers(4, 9))
    buses = [pandapower.create_bus(net, 110) for _ in range(n)]
    ends = [(int(rng.integers(k)), k) for k in range(1, n)] + [tuple(rng.permutation(n)[:2].tolist()) for _ in range(4)]
    for i, j in ends:
        if rng.random() < 0.6:
            pandapower.create_line(net, buses[i], buses[j], rng.uniform(1, 30), "149-AL1/24-ST1A 110.0")
            continue
        shift, tap = rng.uniform(-10, 10), int(rng.integers(-3, 4))
        pandapower.create_transformer_from_parameters(
            net, buses[i], buses[j], 100, 110, 110, 0.3, 10, 20, 0.05, shift_degree=shift,
            tap_side="hv", tap_neutral=0, tap_pos=tap, tap_step_percent=1.5, tap_changer_type="Ratio",
        )  # fmt: skip
    for grid in rng.permutation(n)[: rng.integers(1, 4)]:
        pandapower.create_ext_grid(net, buses[grid], va_degree=rng.uniform(-3, 3))
    for bus in buses:
        pandapower.create_load(net, bus, rng.uniform(0, 9))
        pandapower.create_shunt(net, bus, 0.0, p_mw=rng.uniform(0, 1))
        pandapower.create_sgen(net, bus, rng.uniform(0, 5))
    table = table_of_net(net)
    network = network_of(table["injection"][0], table["public"], (), table["slack"])
    f = build_grid(network).flows(put_in(network, np.zeros(0), lossy=False))
    case = net._ppc["internal"]
    branch, slacks = case["branch"].real, np.flatnonzero(case["bus"][:, 1].real == 3)
    inner = ~(np.isin(branch[:, 0], slacks) & np.isin(branch[:, 1], slacks))
    np.testing.assert_allclose(f, branch[inner, 13] / case["baseMVA"], atol=1e-9)
    supply = -(network.injection.sum() + network.own) * case["baseMVA"]
    assert supply == pytest.approx(net.res_ext_grid.p_mw.sum(), abs=1e-7)


@QUIET
def test_case300_is_the_case_that_ships_but_for_its_shunts(tmp_path):
    ours, theirs = run("ieee300_none").game.network, run(idle(tmp_path, "case300")).game.network
    shunts = pandapower.networks.case300().shunt.p_mw.sum() / 100
    assert theirs.public.x == pytest.approx(ours.public.x, rel=1e-9)
    assert ours.injection.sum() - theirs.injection.sum() == pytest.approx(shunts, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "said"),
    [("case15", "did you mean"), ("create_empty_network_x", "no network"), ("pp", "pandapower"), ("os", "pandapower")],
)
def test_what_is_no_network_is_refused(tmp_path, name, said):
    with pytest.raises(ScenarioError, match=said):
        load(idle(tmp_path, name))


@QUIET
def test_what_is_left_out_is_told_on_the_command_line(tmp_path):
    text = summary_text(run(idle(tmp_path, "mv_oberrhein")).summary())
    assert "Left out of the network: 2 main grids, at buses 58, 318, count as one, node 38." in text.splitlines()
