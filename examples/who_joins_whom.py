"""Does a proportional-fair aggregator survive beside one that maximises welfare, when users may choose? Who stays?"""

import numpy as np
import pandas as pd

from engine import run
from market.measures import jain

RULES = ("joining.inertia=0.5", 'joining.order="together"', 'joining.foresight="terms"')


def survivors(scenario, replication, changes):
    """One row an aggregator: members who buy, their mean reservation price and surplus, Jain; is it stable?"""
    result = run(scenario, replication=replication, set=changes)
    joining, last, surplus = result.joined.joining, result.joined.memberships[-1], result.surpluses[-1]
    for number, offer in enumerate(joining.offers):
        mine = np.flatnonzero((last == number) & (result.quantities[-1][: len(last)] > 0))
        yield {
            "aggregator": offer.name,
            "stable": bool(result.joined.stable),
            "cycling": result.cycle is not None,
            "buying": len(mine),
            "worth": joining.utility.reservation[mine].mean() if len(mine) else np.nan,
            "surplus": surplus[mine].mean() if len(mine) else np.nan,
            "jain": jain(surplus[mine]) if len(mine) else np.nan,
        }


def main(replications=3, users=15, direct=False, scenario="joining_proportional"):
    changes = [*RULES, f"group.0.users={users}", f"group.1.users={users}", f"joining.direct={str(direct).lower()}"]
    rows = [row for k in range(replications) for row in survivors(scenario, k, changes)]
    table = pd.DataFrame(rows).groupby("aggregator", sort=False)
    print(table.mean().round(3).to_string())
    print("fewest buying:", table["buying"].min().to_dict(), " most:", table["buying"].max().to_dict())
    return table


if __name__ == "__main__":
    main()
