"""Any network of pandapower is a case, with the flows of its own DC power flow (shunts are left out)."""

import pandapower
import pandapower.networks
import pytest

from engine import run
from scenarios import ScenarioError, load

NONE = 'market = "microgrid"\nbehaviour = "none"\nnetwork = { case = "pandapower:%s" }\n'


def idle(tmp_path, name):
    path = tmp_path / f"{name}.toml"
    path.write_text(NONE % name)
    return path


@pytest.mark.filterwarnings("ignore:tap_dependency_table")  # of pandapower, on its own networks
@pytest.mark.parametrize("name", ["case4gs", "case9", "case14", "case39", "case118"])
def test_flows_are_those_of_pandapower(tmp_path, name):
    outcome = run(idle(tmp_path, name)).outcome
    net = getattr(pandapower.networks, name)()
    pandapower.rundcpp(net, numba=False)
    theirs = net._ppc["internal"]["branch"][:, 13].real / net._ppc["internal"]["baseMVA"]
    assert outcome.dispatch.f == pytest.approx(theirs, abs=1e-6)


def test_case300_is_the_case_that_ships(tmp_path):
    ours, theirs = run("ieee300_none").outcome, run(idle(tmp_path, "case300")).outcome
    assert theirs.dispatch.loss == pytest.approx(ours.dispatch.loss, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "said"),
    [("case15", "did you mean"), ("create_empty_network_x", "no network"), ("pp", "pandapower"), ("os", "pandapower")],
)
def test_what_is_no_network_is_refused(tmp_path, name, said):
    with pytest.raises(ScenarioError, match=said):
        load(idle(tmp_path, name))
