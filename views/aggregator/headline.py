"""The headline comparison: its scenarios, and what it says in words."""

COMPARED = (
    "small_alone",
    "large_direct",
    "large_two_welfare",
    "large_two_proportional",
    "large_two_maxmin",
    "large_two_payments",
    "large_equal_direct",
    "large_equal_welfare",
)


def headline_words(comparison):
    """What the headline comparison says, in words."""
    alone, direct, welfare, fair, least, paid = (
        comparison.values(name, "mean small surplus").mean() for name in COMPARED[:6]
    )
    back = (welfare - direct) / (alone - direct)
    return (
        f"A large user (size 200) costs a small user {1 - direct / alone:.1%} of its surplus.\n"
        f"Two welfare-maximising aggregators give back {back:.0%} of that loss.\n"
        f"Under proportional fairness a small user keeps {fair / welfare:.0%} of what welfare maximisation gives,\n"
        f"less than without aggregators; under max-min {least / welfare:.2%}.\n"
        f"Where aggregators share money fairly in place of energy it keeps {paid / welfare:.0%}.\n"
        "The last two rows read the large user's size as the sum of all small users' sizes."
    )
