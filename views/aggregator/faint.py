"""What stands faintly behind the aggregator market's drawings: the same users in the market it is held against."""

from engine.results.aggregator import small_or_all
from engine.results.others import ALONE, BEFORE, COMPETITION
from views.kit.charts import level_of
from views.sentences import known

WORDS = {
    BEFORE: "the same users without the large ones",
    ALONE: "the same users, each buying alone",
    COMPETITION: "the same players, taking prices as given",
}


class Faint:
    """The first market that a run is held against, as far as it is known and has settled.

    called: what it is in words, "" where there is none.
    """

    def __init__(self, run):
        found = [one for one in run.beside or () if known(one.summary)]
        self.one = found[0] if found else None
        self.called = WORDS[self.one.name] if found else ""
        if found and found[0].name == BEFORE and any(one.name == ALONE for one in found):
            self.called += ", each buying alone"

    @property
    def small(self):
        """The small users' surplus there, of all where none is small, money, shape (users,)."""
        result = self.one.result
        return result.outcome.s[small_or_all(result.game)]

    def level(self, rounds, of, colour):
        """[A Line at one height over all rounds], of(summary) high; none where that is not known."""
        return level_of(self.called, rounds, None if self.one is None else of(self.one.summary), colour)

    def levels(self, rounds, of, colours):
        """The same of groups that are there too, of(group's summary) high, in the groups' colours."""
        groups = {} if self.one is None else self.one.summary["groups"]
        return [
            line
            for name in colours
            if name in groups
            for line in self.level(rounds, lambda summary, name=name: of(summary["groups"][name]), colours[name])
        ]

    def users(self, what, colours):
        """{group: (its users' x or s, colour)} of groups that are there too."""
        if self.one is None:
            return {}
        result = self.one.result
        parts = zip(result.game.blocks, result.game.user_slices, strict=True)
        return {
            block.name: (getattr(result.outcome, what)[rows], colours[block.name])
            for block, rows in parts
            if block.name in colours and block.users > 1
        }
