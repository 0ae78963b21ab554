# %% [markdown]
# # A street's contracts
#
# Twenty homes want energy, twenty have some to sell. Beside the grid, which sells dear and buys cheap, any two of
# them can sign a contract. Which contracts last? Those of a *stable point*: no buyer and seller could leave and both
# gain.

# %%
from engine import compare, run
from views.pictures import picture

result = run("p2p_single", seed=3)
summary = result.summary()
print(summary["status"], "after", summary["rounds"], "rounds")
print(f"all contracts gain {summary['welfare']:.3f}, the best possible {summary['best_welfare']:.3f}")
print(f"the most any pair could gain by leaving: {summary['violation']:.1e}")

# %% [markdown]
# Who trades with whom, and how the negotiation came to rest:

# %%
picture(result, "contracts")

# %%
picture(result, "violation_by_round")

# %% [markdown]
# ## Who gets what
#
# Many points are stable. At one *corner* buyers get as much as possible, at the other sellers do; the *fair* point
# lies half-way. A negotiation by bids and asks ends somewhere between, one that raises asks from the corner ends
# exactly there.

# %%
picture(result, "payoffs")

# %%
rules = compare(("p2p_single", "p2p_corner"), replications=5, seed=3, workers=1, progress=False)
rules.means().query('measure in ("buyers\' share", "distance to tau", "rounds")').round(4)

# %% [markdown]
# ## Your own street
#
# A file with a row for each prosumer is enough: what it consumes less what its roof gives (`net`), what a kWh is
# worth to it and what it asks for one.

# %%
from pathlib import Path
from tempfile import mkdtemp

folder = Path(mkdtemp())
(folder / "street.csv").write_text(
    "prosumer,net,value,ask\nanna,3,0.25,0.10\nben,2,0.20,0.10\ncleo,-4,0.20,0.09\ndora,-2,0.20,0.12\n"
)
(folder / "street.toml").write_text(
    'market = "bilateral"\nprosumers = "street.csv"\nnegotiation = { rule = "corner" }\n'
    "tariff = { buy = 0.30, sell = 0.08 }\n"
)
mine = run(folder / "street.toml")
print(mine.status, f"gap {mine.gap:.1e}")
picture(mine, "contracts")

# %%
mine.summary()["costs"]
