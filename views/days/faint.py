"""What stands faintly behind the days' drawings: the same homes without the large users, else with all of it idle."""

from dataclasses import replace

from engine.results.days import Standing
from views.aggregator import faint
from views.days import look


class Faint:
    """What the days begun so far are held against.

    lived: an engine.results.days.Standing, None where there is nothing; called: what it is in words, or "".
    """

    def __init__(self, run, standing):
        self.standing, self.lived, self.called = standing, None, ""
        if standing.cleared:
            now = len(standing.outcome.days), faint.Faint(run).called
            if run.memory.get("held against", (None,))[0] != now:  # kept through a day's rounds: it took solving
                run.memory["held against"] = now, *_found(run, standing)
            _, self.lived, self.called = run.memory["held against"]

    def of(self, read, *args):
        """{what: (by period, colour)} that read(lived, …) tells of it, {} where there is nothing."""
        return {} if self.lived is None else read(self.lived, *args)

    def of_user(self, read, user):
        """The same of read(lived, user) of a user by its number here; there it may have another, or none."""
        place = None if self.lived is None else self._place(user)
        return {} if place is None else read(self.lived, place)

    def _place(self, user):
        there = {block.name: rows for block, rows in _groups(self.lived)}
        block, rows = next(one for one in _groups(self.standing) if user < one[1].stop)
        return there[block.name].start + user - rows.start if block.name in there else None


def _groups(lived):
    return zip(lived.game.blocks, lived.game.user_slices, strict=True)


def _found(run, standing):
    """(Days as many as begun, what they are called) of the market without large users, else of idle devices."""
    before, begun = faint.Faint(run), len(standing.outcome.days)
    if before.one:
        game, whole = before.one.result.game, before.one.result.outcome
        lived = Standing(game, replace(whole, days=whole.days[:begun], outcomes=whole.outcomes[:begun]))
        return lived, before.called
    if standing.idle is not None:
        return Standing(standing.game, standing.idle), f"the same days, {look.STILL}"
    return None, ""
