# %% [markdown]
# # Your feeder
#
# A network file of yours and a data centre at one of its nodes: who pays? `network.case` takes a case file of
# MATPOWER (`.m`), a TOML file, or with pandapower installed a network of that package. Here it is PJM's five buses.

# %%
from pathlib import Path

from engine import compare, run
from scenarios import load
from views.pictures import picture

examples = Path.cwd()
while not (examples / "examples").is_dir():
    examples = examples.parent
examples /= "examples"
print((examples / "network_from_matpower.toml").read_text())

# %%
result = run(examples / "network_from_matpower.toml")
summary = result.summary()
print(summary["status"], f"gap {summary['gap']:.1e}", "full lines:", summary["full_lines"])
picture(result, "price_map")

# %% [markdown]
# Behind the full line energy is dearer. How much of that does the data centre make itself? The same market with and
# without it, homes at three nodes:

# %%
comparison = compare(("five_bus_before", "data_centre_five_bus"), seed=1, direct=True, workers=1, progress=False)
comparison.differences().query("measure in ('price', 'mean small surplus', 'total welfare')").round(3)

# %%
picture(comparison, "surplus_by_node")

# %% [markdown]
# ## Another node, another limit
#
# Any key may be changed for a run; a line's limit has its name in the table `line_limits`.

# %%
for node in ("2", "3", "4"):
    moved = load("data_centre_five_bus", set=[f'group.3.node="{node}"'], seed=1)
    found = run(moved, direct=True).summary()
    print(f"at node {node}: mean price {found['price']:.2f}, homes {found['small']['mean_surplus']:.3f}")
