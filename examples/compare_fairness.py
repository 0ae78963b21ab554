"""How much does fairness cost? 200 small users beside a large one, in two aggregators, from welfare to max-min."""

from engine import compare

SCENARIOS = ("large_two_welfare", "large_two_proportional", "large_two_maxmin")


def main(replications=5, workers=1):
    comparison = compare(SCENARIOS, replications=replications, seed=1, direct=True, workers=workers)
    for name in SCENARIOS:
        surplus = comparison.values(name, "mean small surplus").mean()
        fairness = comparison.values(name, "jain").mean()
        print(f"{name:24s} mean small surplus {surplus:8.3f}   Jain {fairness:.3f}")
    print(comparison.differences().query("measure == 'price'").to_string(index=False))
    return comparison


if __name__ == "__main__":
    main()
