# %% [markdown]
# # Your own agent
#
# In a market of two aggregators, let one of them be yours. A player *observes* what its market lets it know,
# *decides*, and *hears* what came of it.

# %%
from agents import Aggregator
from agents.seats import Player
from scenarios import build


class Bold(Aggregator):
    """Buys a tenth more than is best for it."""

    def decide(self):
        return 1.1 * super().decide()


model = build("two_aggregators", seed=1, players={"north": Bold})
print(model.run(), f"gap {model.gap:.2e}")

# %% [markdown]
# *Inaccurate*: it stands still, but the bold one could gain by buying less. The gap says how much. An agent that
# knows nothing of the others' utilities can still learn: this one looks at what its payoff would have been a little
# to either side, and moves there.


# %%
class Climber(Player):
    """Moves towards what would have paid more beside the same others."""

    step, now = 20.0, 10.0

    def decide(self):
        return self.now

    def hear(self, outcome):
        low, here, high = outcome.payoff_at([max(self.now - self.step, 0.0), self.now, self.now + self.step])
        if here >= max(low, high):
            self.step /= 2
        elif high > low:
            self.now += self.step
        else:
            self.now = max(self.now - self.step, 0.0)


model = build("two_aggregators", seed=1, players={"north": Climber}, rounds=60)
print(model.run(), f"gap {model.gap:.2e}")

# %% [markdown]
# Its purchases by round, beside the price:

# %%
rounds = model.datacollector.get_model_vars_dataframe()
rounds[["price", "purchase north", "purchase south"]].iloc[[0, 1, 5, 10, 20, -1]].round(3)

# %% [markdown]
# Randomness belongs to the agent: `self.rng` is its own generator, made of the run's seed, its group and its number,
# so the same seed gives the same numbers. To keep such a run: `engine.run("two_aggregators", players={"north":
# Climber})` and `save_result`. More in [Agents of one's own](../agents.md); shipped rules of learning are in [Players
# who learn](../learning.md).
