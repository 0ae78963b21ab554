# %% [markdown]
# # Your own users and the poorest tenth
#
# A table of households: who they are, what they earn, what their meters said. What does an aggregator bring the
# poorest tenth of them? Here is a made-up table; put your own in its place.

# %%
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd

rng = np.random.default_rng(7)
income = rng.lognormal(np.log(2500), 0.5, 200).round()
kwh = (120 + 0.05 * income + rng.normal(0, 20, 200)).clip(60).round()
homes = pd.DataFrame({"name": [f"home {k}" for k in range(200)], "income": income, "kwh": kwh})
homes.head(3)

# %% [markdown]
# ## From kWh to a utility
#
# A utility U = b x - a x² makes a home want (b - p) / (2 a) at the price p. What a meter said at a known price, and how
# much less the home would buy if energy became dearer (the elasticity of its demand), give a and b.

# %%
from market.utilities.calibration import from_elasticity

homes["a"], homes["b"] = from_elasticity(kwh, 0.25, -0.3)
path = Path(mkdtemp()) / "homes.csv"
homes.to_csv(path, index=False)
((homes["b"] - 0.25) / (2 * homes["a"]) - homes["kwh"]).abs().max()  # at 0.25 each wants what its meter said

# %% [markdown]
# ## A market of them
#
# A scenario may be a file, its text, or a dict; `keep` says which columns stay with the users.

# %%
from engine import compare, distribution, run
from views.pictures import picture


def market(name, kind):
    """The same homes, each for itself or all with one aggregator, beside a mill."""
    return {
        "name": name,
        "market": "aggregator",
        "price": {"rule": "affine", "p0": 0.10, "c": 3e-6},
        "units": {"money": "€", "energy": "kWh"},
        "group": [
            {
                "name": "homes",
                "kind": kind,
                "keep": ["name", "income"],
                "utility": {
                    "form": "quadratic",
                    "a": {"csv": str(path), "column": "a"},
                    "b": {"csv": str(path), "column": "b"},
                },
            },
            {"name": "mill", "kind": "large", "utility": {"form": "quadratic", "a": 1e-5, "b": 0.6}},
        ],
    }


alone, together = market("alone", "direct"), market("together", "aggregator")
result = run(together)
print(result.status, f"gap {result.gap:.1e}")
result.to_dataframe("users").head(3).round(3)

# %% [markdown]
# ## By income
#
# Ten classes of equal size, the poorest first: means, shares of the whole, and the mean of the worst tenth of each
# class.

# %%
distribution(result, "decile:income").query("of == 'surplus'").round(3)

# %%
comparison = compare([alone, together], by=["decile:income"], workers=1, progress=False)
picture(comparison, "by_decile_income")

# %% [markdown]
# Filters, words as classes and sweeps: [Your own people](../people.md).
