# %% [markdown]
# # Your first market
#
# Two hundred homes buy energy. The more all buy together, the dearer it gets. Then a data centre moves in. What does
# it cost a home, and what do aggregators change?
#
# A market is a *scenario*: a TOML file, or one of those that come with the project. `load` reads it, `build` makes a
# [Mesa](https://mesa.readthedocs.io) model of it that is stepped round by round.

# %%
from scenarios import build

model = build("large_direct", seed=1)
model.step()
model.datacollector.get_model_vars_dataframe()

# %% [markdown]
# In a round every player answers the purchases of all others. `run` goes on until nobody moves any more. The *status*
# says how it ended, the *gap* how much anybody could still gain by another purchase, as a share of its payoff: at
# most 1e-6 is called an equilibrium.

# %%
model.run()
print(model.status, model.gap)
model.datacollector.get_model_vars_dataframe().tail(3).round(4)

# %% [markdown]
# ## With and without the data centre
#
# `compare` plays several scenarios with the *same* homes: draws belong to the seed, the replication and the group's
# name. So the differences are paired, and a few replications are enough.

# %%
from engine import compare

NAMES = ("small_alone", "large_direct", "large_two_welfare", "large_two_proportional")
comparison = compare(NAMES, replications=5, seed=1, direct=True, workers=1, progress=False)
means = comparison.means().query("measure == 'mean small surplus'")
means.round(4)

# %%
from views.pictures import picture

picture(comparison, "surplus")

# %% [markdown]
# The data centre takes some of everybody's surplus; two aggregators that maximise the sum of their homes' surpluses
# give most of it back, and two that care for the poorer homes (*proportional*) do not. Differences to the first
# scenario, with the half-widths of their 95 % intervals:

# %%
comparison.differences().query("measure in ('mean small surplus', 'price')").round(4)

# %% [markdown]
# ## Change a number
#
# Every key of a scenario can be changed by its dotted name. What happens if the price rises twice as steeply?

# %%
steeper = compare(NAMES[:2], replications=5, seed=1, set=["price.c=0.002"], direct=True, workers=1, progress=False)
for found in (comparison, steeper):
    alone, beside = (found.values(name, "mean small surplus").mean() for name in NAMES[:2])
    print(f"a home loses {1 - beside / alone:.2%}")

# %% [markdown]
# The same in a terminal: `python run.py compare small_alone large_direct --replications 5 --set price.c=0.002`, and
# to see every key with unit and meaning: `python run.py show large_direct`.
