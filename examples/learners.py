"""How near to an equilibrium do two large users come by each way to decide, and what must they know for it?"""

from engine import run
from market.conduct import CONDUCTS


def main(rounds=100):
    for rule, conduct in CONDUCTS.items():
        conducts = [f'group.{k}.conduct={{ rule = "{rule}" }}' for k in (0, 1)]
        result = run("learning_duopoly", set=conducts, rounds=rounds)
        learned = result.learned
        said = (
            "" if learned is None else f"   gap of average {learned.judge.gap_of_average:.1e}   knows {conduct.knows}"
        )
        print(f"{rule:18s} {result.status:12s} gap {result.gap:.1e}{said}")


if __name__ == "__main__":
    main()
