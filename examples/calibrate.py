"""Your own CSV with what each home used: columns a and b of its utility, worked out and added.

`python examples/calibrate.py homes.csv 0.25 > users.csv`, where homes.csv has a column kwh, used at 0.25 money a kWh,
and a column elasticity (below 0) or most, the price at which a home would stop buying.
"""

import sys
from pathlib import Path

import pandas as pd

from market.utilities.calibration import from_elasticity, from_willingness

VILLAGE = Path(__file__).parents[1] / "scenarios" / "data" / "village_people.csv"


def main(path=VILLAGE, price=0.25):
    """Print a table of homes with the columns a and b."""
    homes = pd.read_csv(path)
    rule, known = (from_elasticity, "elasticity") if "elasticity" in homes else (from_willingness, "most")
    a, b = rule(homes["kwh"], price, homes[known])
    print(homes.assign(a=a, b=b).to_csv(index=False, float_format="%.6g"), end="")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
