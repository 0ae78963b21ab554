"""Who the users of the aggregator market buy with: those who stay in their groups, and those who choose."""

import numpy as np

from agents import JoiningModel
from market.conduct import USUAL as BEST_RESPONSE
from market.numerals import plain
from views.aggregator.convergence import MOST_LINES
from views.kit.charts import STYLES, Band, Line
from views.style import players


def users_of(run):
    """The users of a run: a Staying or a Choosing, made once for its model."""
    if "users" not in run.memory:
        run.memory["users"] = (Choosing if isinstance(run.model, JoiningModel) else Staying)(run)
    return run.memory["users"]


class Staying:
    """Users who stay in their groups: a user's own number is its row in the game.

    names: of the groups; small: marks of the small users, shape (users,); fixed: columns of the table of users that
    stay as they are; joins: may users move?
    """

    joins = False

    def __init__(self, run):
        self.run, self.model = run, run.model
        blocks = self.model.game.blocks
        self.names = [block.name for block in blocks]
        self.small = _small(blocks)
        first = np.concatenate([[0], np.cumsum([block.players for block in blocks])])[:-1]
        player = [start + np.repeat(np.arange(b.players), b.sizes) for start, b in zip(first, blocks, strict=True)]
        self.fixed = {
            "user": np.arange(len(self.small)),
            "group": np.repeat(self.names, [block.users for block in blocks]),
            "player": np.concatenate(player),
            "reservation price": _reservation(blocks),
        }
        if self.model.judge is not None:
            rules = {name: conduct["rule"] for name, conduct in run.scenario.learners.items()}
            decides = [rules.get(block.name, BEST_RESPONSE) for block in blocks]
            self.fixed["conduct"] = np.repeat(decides, [block.users for block in blocks])

    @property
    def said(self):
        """What the last round did, in words."""
        said = f"Largest move {plain(self.model.move, 3)} of {plain(self.model.outcome.quantity)} energy."
        return said + (f" The same purchases come back every {self.model.cycle} rounds." if self.model.cycle else "")

    def by_user(self, values):
        """Values by row of the game as values by user, shape (users,)."""
        return values

    def player_of(self, user):
        """Number among all players of whoever buys for a user."""
        return int(self.fixed["player"][user])

    def columns(self):
        """Columns of the table of users, without those of the outcome."""
        return self.fixed

    def counts(self):
        """{group of small users: how many they are, by round or at all}; all groups where none is small."""
        blocks = self.model.game.blocks
        return {b.name: b.users for b in blocks if b.kind != "large"} or {b.name: b.users for b in blocks}

    def purchases(self, rounds, colours):
        """(Lines, bands) of what players buy, round by round."""
        game, lines, bands = self.model.game, [], []
        if game.players <= MOST_LINES:
            for name, group, number in players(game):
                y = self.run.column(f"purchase {name}")
                lines.append(Line(name, rounds, y, colours[group], STYLES[number % len(STYLES)]))
            return lines, bands
        bought = self._bought()
        for block, where in zip(game.blocks, game.player_slices, strict=True):
            mine = bought[:, where]
            name = block.name if block.players == 1 else f"{block.name}: median, middle 90 % of {block.players:,}"
            if block.players > 1:
                bands.append(Band(rounds, *np.percentile(mine, (5, 95), axis=1), colours[block.name]))
            lines.append(Line(name, rounds, np.median(mine, axis=1), colours[block.name]))
        return lines, bands

    def _bought(self):
        """Purchases by round, shape (rounds, players)."""
        collected = self.model.datacollector.model_vars
        if "purchases" in collected:
            return np.array(collected["purchases"])
        return np.array([collected[f"purchase {name}"] for name, _, _ in players(self.model.game)]).T


class Choosing(Staying):
    """Users who leave and join aggregators: the game is another one with each round, a user keeps its own number.

    names: of the offers, then of the groups of users who stay.
    """

    joins = True

    def __init__(self, run):
        self.run, self.model = run, run.model
        joining = self.model.joining
        self.offers = [offer.name for offer in joining.offers]
        self.names = [*self.offers, *(block.name for block in joining.stayers)]
        self.small = np.concatenate([np.full(joining.movers, True), _small(joining.stayers)])
        self.fixed = {
            "user": np.arange(joining.users),
            "began with": self._names_by_user(self.model.start),
            "reservation price": np.concatenate([joining.utility.reservation, _reservation(joining.stayers)]),
        }

    @property
    def said(self):
        """Who moved in the last round, in words."""
        known = self.model.memberships
        if len(known) < 2:
            return "The market opens as it is grouped; from the next round on users move."
        to = np.bincount(known[-1][known[-1] != known[-2]], minlength=len(self.offers))
        where = ", ".join(f"{count} to {name}" for name, count in zip(self.offers, to.tolist(), strict=True) if count)
        said = f"{_users(to.sum())} moved: {where}; " if where else "Nobody moved; "
        said += f"{self.model.moves:,} moves so far."
        return said + (f" The same groups come back every {self.model.cycle} rounds." if self.model.cycle else "")

    def by_user(self, values):
        """Values by row of the game as values by user, shape (users,)."""
        return self.model.state.by_user(values)

    def columns(self):
        """Columns of the table of users, without those of the outcome."""
        state = self.model.state
        now = self._names_by_user(self.model.start if state is None else state.membership)
        user, began, worth = self.fixed.items()
        return dict([user, ("member of", now), began, worth])

    def counts(self):
        """{group of small users: how many they are, by round or at all}."""
        stayers = self.model.joining.stayers
        moving = {name: self.run.column(f"members {name}") for name in self.offers}
        return moving | {block.name: block.users for block in stayers if block.kind != "large"}

    def members(self, rounds, colours):
        """Lines of how many are with each offer, round by round."""
        return [Line(name, rounds, self.run.column(f"members {name}"), colours[name]) for name in self.offers]

    def purchases(self, rounds, colours):
        """(Lines, bands) of what aggregators and groups of one buy, and the mean of users who each buy alone."""
        known, lines = self.model.datacollector.model_vars, []
        for name in self.names:
            alone = f"purchase {name}" not in known
            y = self.run.column(f"consumption {name}" if alone else f"purchase {name}")
            lines.append(Line(f"{name}, mean of a user" if alone else name, rounds, y, colours[name]))
        return lines, []

    def _names_by_user(self, membership):
        stayers = [np.repeat(block.name, block.users) for block in self.model.joining.stayers]
        return np.concatenate([np.array(self.offers)[membership], *stayers])


def _small(blocks):
    """Marks the small users, shape (users,)."""
    return np.concatenate([np.full(0, True), *(np.full(block.users, block.kind != "large") for block in blocks)])


def _reservation(blocks):
    """What the first unit is worth to each user, money per energy, shape (users,)."""
    found = [np.broadcast_to(block.utility.reservation, block.users) for block in blocks]
    return np.concatenate([np.empty(0), *found])


def _users(count):
    return "1 user" if count == 1 else f"{count:,} users"
