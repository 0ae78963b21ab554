"""What a run of the aggregator market leaves behind: results, measures to compare by, files."""

from dataclasses import dataclass, field, fields
from functools import cached_property, partial

import numpy as np

from agents import JoiningModel
from agents.aggregator.trajectory import MOST_REMEMBERED
from engine.columns import people_arrays, with_people, write_csv
from engine.results import learning, measured, others, states, tariffs
from engine.results.learning import DISTANCE, Learned
from engine.results.result import NUMBER_BYTES, Measure, Result, moments, number
from market import sanity
from market.aggregator import endings, side_by_side
from market.aggregator.best_response import reply_curve
from market.aggregator.collusion import colluding_surplus
from market.aggregator.equilibrium import solve
from market.aggregator.game import Game
from market.aggregator.joining import Joining, Move, best_moves, is_stable, largest_gain
from market.aggregator.planner import best_total_welfare
from market.aggregator.side_payments import sharing, solved_and_paid, would_leave
from market.aggregator.tariffs import planners_surplus
from market.fairness.side_payments import moved
from market.measures import gini, jain, price_of_anarchy, producer_surplus, total_welfare
from market.outcome import Outcome, of_own

MOST_CSV_USERS = 10_000
MOST_PROVEN = 500  # users up to whom every user's every move is tried at the end of joining
MOST_AGENTS = 10_000  # users that are agents of their own
USER, AGENT = 400, 1_000  # bytes that a user needs while the market is solved and proven, and beside them as an agent
KEPT, KEPT_BY_AGENT = 24, 170  # bytes of a user's trajectory in each round, and of an agent's record
BEYOND, REPLIES = 1.1, 101  # times the largest purchase: how far a curve of replies is drawn, in so many points
NO_PAYMENT = 1e-9  # share of the largest surplus up to which a transfer is none
HEADLINE = ("mean small surplus", "mean small consumption", "price", "jain", "gini")
DRAWN = HEADLINE
OF_SURPLUS = {"mean small surplus": np.mean, "least small surplus": np.min, "jain": jain, "gini": gini}


def _of_small(name):
    """What reads a measure of the small users' surplus."""
    return lambda result: of_some(OF_SURPLUS[name], result.small(result.outcome.s))


PLAIN = {
    "mean small surplus": Measure("money", _of_small("mean small surplus")),
    "mean small consumption": Measure("energy", lambda result: mean(result.small(result.outcome.x))),
    "price": Measure("money/energy", lambda result: result.outcome.price),
    "quantity": Measure("energy", lambda result: result.outcome.quantity),
    "welfare": Measure("money", lambda result: result.outcome.welfare),
    "least small surplus": Measure("money", _of_small("least small surplus")),
    "jain": Measure("1", _of_small("jain")),
    "gini": Measure("1", _of_small("gini")),
    "mean large surplus": Measure("money", lambda result: mean(result.outcome.s[~result.is_small])),
    "efficiency": Measure("1", lambda result: result.yardsticks["efficiency"]),
    "price of anarchy": Measure("1", lambda result: result.yardsticks["price_of_anarchy"]),
    **tariffs.MEASURES,
    **learning.MEASURES,
}
MEASURES = PLAIN | {"transfer": Measure("money", lambda result: moved(result.outcome.transfers))} | states.MEASURES
NOTHING_CLEARED = {
    "quantity": dict.fromkeys(("total", "mean", "std")),
    "surplus": dict.fromkeys(("total", "mean", "std", "least")),
    **dict.fromkeys(("jain", "gini", "priced_out", "unserved")),
}


@dataclass(frozen=True, eq=False)
class Joined:
    """How users joined aggregators.

    memberships: number of each mover's offer by round, shape (rounds, movers); rows: number of each user of the final
    game; moves: made in all; left: each user's move that gains most, None where that was not looked for; stable: does
    no user gain by a move? None where it is not known.
    """

    joining: Joining
    memberships: np.ndarray
    rows: np.ndarray
    moves: int
    left: tuple[Move, ...] | None
    stable: bool | None

    @property
    def best(self):
        """The move that gains most of all still possible, None where it was not looked for."""
        return self.left and largest_gain(self.left)

    def summary(self, outcome, users):
        """The joining as plain numbers for JSON."""
        names, last = [offer.name for offer in self.joining.offers], self.memberships[-1]
        x = np.empty_like(outcome.x)
        x[self.rows] = outcome.x
        counts = (np.bincount(last[rows], minlength=len(names)) for rows in (..., x[: len(last)] > 0))
        members, buying = (dict(zip(names, count.tolist(), strict=True)) for count in counts)
        best = None
        if self.best is not None:
            now, to = names[last[self.best.user]], names[self.best.to]
            best = {"user": self.best.user, "from": now, "to": to, "gain": number(self.best.gain)}
        facts = {"moves": self.moves, "members": members, "buying": buying, "stable": self.stable, "largest_gain": best}
        return facts | ({"member_of": [names[k] for k in last]} if users else {})


class OfOutcome:
    """What measures are read off: a game and its outcome."""

    game: Game
    outcome: Outcome | None

    @property
    def cleared(self):
        """Was there an outcome at all?"""
        return self.outcome is not None

    @cached_property
    def is_small(self):
        """Marks of the small users, shape (users,)."""
        return small_rows(self.game)

    def small(self, values):
        """The small users' part of values (users,)."""
        return values[self.is_small]

    @cached_property
    def yardsticks(self):
        """Price of anarchy, total welfare and its efficiency, producer surplus; None where part is unserved."""
        if self.outcome is None or self.outcome.unserved > 0:
            return dict.fromkeys(("price_of_anarchy", "total_welfare", "efficiency", "producer_surplus"))
        total, best = total_welfare(self.game, self.outcome), best_total_welfare(self.game.untaxed)
        return {
            "price_of_anarchy": number(price_of_anarchy(planners_surplus(self.game), self.outcome.welfare)),
            "total_welfare": number(total),
            "efficiency": number(total / best if best > 0 else None),
            "producer_surplus": number(producer_surplus(self.game, self.outcome)),
        }


@dataclass(frozen=True, eq=False)
class Standing(OfOutcome):
    """How a market stands after any round; by_state: in each state of the price, where it has several."""

    game: Game
    outcome: Outcome | None
    by_state: states.ByState | None = None

    @cached_property
    def is_small(self):
        """Marks of the small users, of all where none is small, shape (users,)."""
        return small_or_all(self.game)


OF_USERS = {
    "quantity": Measure("energy", lambda result: result.by_number(result.outcome.x)),
    "surplus": Measure("money", lambda result: result.by_number(result.outcome.s)),
    "bill": Measure("money", lambda result: result.by_number(result.bills)),
}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class AggregatorResult(OfOutcome, Result):
    """A run of the aggregator market.

    quantities, surpluses: trajectories (rounds, users), float32 for large populations; equilibria, unique, continuum:
    of a direct solution only. joined: how users joined aggregators, None where they stayed; the game is then that of
    the last membership, trajectories are in the order of the users' numbers. transfers: what users got from others of
    their aggregator, as quantities, None without payments; without: the market without each group that has floors.
    """

    OF_USERS = OF_USERS

    outcome: Outcome | None
    quantities: np.ndarray
    surpluses: np.ndarray
    cycle: int | None = None
    blame: dict | None = None
    equilibria: tuple = ()
    unique: bool | None = None
    continuum: bool = False
    joined: Joined | None = None
    transfers: np.ndarray | None = None
    without: dict = field(default_factory=dict)
    learned: Learned | None = None

    @property
    def advice(self):
        """What the status means, for purchases, for moves, or for learners."""
        return endings.advice(self.status, self.joined is not None, self.learned is not None) + of_own(self.gaining)

    @property
    def promised(self):
        """Equilibria were certified up to this; of what was learned, the tolerance."""
        return endings.promised(self.status) if self.learned is None else self.learned.judge.promised

    @cached_property
    def replies(self):
        """Of two players who learn: curves of replies as (name, amounts of the other, own replies), over all bought."""
        amounts = np.linspace(0.0, BEYOND * float(np.max(self.learned.judge.amounts)), REPLIES)
        return [(self.game.player_name(j), amounts, reply_curve(self.game, j, amounts)) for j in (0, 1)]

    @cached_property
    def by_state(self):
        """The outcome in each state of the price; None where it was known."""
        known = self.scenario.states
        return None if known is None else states.ByState(known, self.game, self.outcome, self.scenario.informed)

    @property
    def by_agent(self):
        """Quantities and surpluses of the small users."""
        return self.small(self.outcome.x), self.small(self.outcome.s)

    def group(self, name):
        """Quantities and surpluses of a group's users in the final outcome, shapes (users,)."""
        for block, rows in zip(self.game.blocks, self.game.user_slices, strict=True):
            if block.name == name:
                return self.outcome.x[rows], self.outcome.s[rows]
        raise KeyError(f"{name!r} is not a group of {self.scenario.name}")

    def by_number(self, values):
        """Values of the final game's users, shape (users,), in the order of their numbers."""
        if self.joined is None:
            return values
        found = np.empty_like(values)
        found[self.joined.rows] = values
        return found

    @property
    def prices_paid(self):
        """What each user of the final game pays per unit, shape (users,)."""
        return np.repeat([self.price_of(block) for block in self.game.blocks], [b.users for b in self.game.blocks])

    @property
    def odd(self):
        """What of purchases, prices and what first units are worth suggests a mistake in units."""
        worth = [block.utility.reservation for block in self.game.blocks if block.users]
        return sanity.of_purchases(self.outcome.x, self.prices_paid, np.concatenate([*worth, []]))

    @property
    def bills(self):
        """What each user of the final game pays, less what it gets from others, money, shape (users,)."""
        paid = self.at_market_price
        paid = paid if self.outcome.collected is None else paid + self.outcome.collected.paid
        return paid if self.outcome.transfers is None else paid - self.outcome.transfers

    @property
    def at_market_price(self):
        """What each user of the final game pays for what it buys, tariffs apart, money, shape (users,)."""
        return self.prices_paid * self.outcome.x

    @property
    def by_tariff(self):
        """{tariff: what each user of the final game pays, money, (users,)}; below 0 where it gets money back."""
        return {} if self.outcome.collected is None else self.outcome.collected.payments

    @property
    def who(self):
        """Group and player of each user at the end."""
        group, player = joined_places(self, 1) if self.joined else places(self, 1)
        return {"group": group, "player": player}

    @property
    def tables(self):
        """Those of every run, the players' purchases, and the states of the price."""
        found = super().tables | ({"players": partial(players_of, self)} if self.cleared else {})
        return found | ({"states": self.by_state.table} if self.cleared and self.by_state else {})

    def _users(self):
        return super()._users() | tariffs.columns(self)

    def facts(self, users=False):
        """Totals, yardsticks, purchases and groups."""
        outcome = self.outcome
        facts = {
            "price": None if outcome is None else number(outcome.price),
            "quantity": None if outcome is None else number(outcome.quantity),
            "welfare": None if outcome is None else number(outcome.welfare),
            "unserved": None if outcome is None else number(outcome.unserved),
            "proven": None if self.gap is None else outcome.proven,
            "small": small_facts(self.game, outcome),
            **self.yardsticks,
            "players": [None] * self.game.players if outcome is None else [number(y) for y in outcome.y],
            "groups": self._left_out()
            | {
                block.name: self._group_summary(block, rows, users)
                for block, rows in zip(self.game.blocks, self.game.user_slices, strict=True)
            },
        }
        return facts | tariffs.facts(self) | self._ending(users)

    def _ending(self, users):
        extra = {} if self.joined is None else {"joining": self.joined.summary(self.outcome, users)}
        extra |= {"states": self.by_state.facts()} if self.cleared and self.by_state else {}
        extra |= {} if self.learned is None else {"learning": self.learned.facts()}
        if self.cycle is not None:
            extra["period"] = self.cycle
        if self.blame is not None:
            extra["priced_out"] = self.blame
        if self.direct:
            extra["unique"] = self.unique
            extra["continuum"] = self.continuum
            extra["equilibria"] = [
                {
                    "quantity": number(o.quantity),
                    "price": number(o.price),
                    "welfare": number(o.welfare),
                    "gap": number(o.gap),
                }
                for o in self.equilibria
            ]
        return extra

    def _left_out(self):
        """The groups of offers that nobody took, and the place of all others."""
        nobody = {"users": 0, "players": 0}
        offers = () if self.joined is None else self.joined.joining.offers
        return {
            offer.name: {"kind": offer.kind, **nobody, "alpha": _alpha(offer)} | NOTHING_CLEARED for offer in offers
        }

    def _group_summary(self, block, rows, users):
        group = {"kind": block.kind, "users": block.users, "players": block.players, "alpha": _alpha(block)}
        group |= learning.conduct_of(self.scenario, block.name)
        if self.outcome is None:
            return group | NOTHING_CLEARED
        x, s = self.outcome.x[rows], self.outcome.s[rows]
        group |= {
            "quantity": moments(x),
            "surplus": moments(s) | {"least": number(s.min())},
            "jain": number(jain(s)),
            "gini": number(gini(s)),
            "priced_out": int(np.sum(block.utility.reservation <= self.price_of(block))),
            "unserved": int(np.sum(x <= 0)),
        }
        if block.floor is not None:
            group["payments"] = payments(self.game, self.outcome, self.game.blocks.index(block), self.without)
            users_too = {"t": self.outcome.transfers[rows].tolist()}
        else:
            users_too = {}
        return group | ({"x": x.tolist(), "s": s.tolist()} | users_too if users else {})

    def price_of(self, block):
        """What a group pays per unit."""
        return self.outcome.price

    def write_agents(self, folder):
        """Every user's quantity and surplus by round: a CSV, or arrays for very many users."""
        if self.outcome is None:
            return
        tariffs.write(self, folder)
        quantities, surpluses = trajectories(self)
        more = {} if self.outcome.transfers is None else {"transfers": self._transfers(quantities.dtype)}
        if self.game.users <= MOST_CSV_USERS:
            columns = {name.removesuffix("s"): np.ravel(values) for name, values in more.items()}
            columns = users_of(self, quantities, surpluses) | columns
            write_csv(with_people(columns, self.scenario.people, columns["user"]), folder / "agents.csv")
        else:
            arrays = {"quantities": quantities, "surpluses": surpluses, **more}
            np.savez_compressed(
                folder / "agents.npz", **arrays, y=self.outcome.y, **people_arrays(self.scenario.people)
            )

    def _transfers(self, dtype):
        """What users got from others of their aggregator, as `trajectories` has their quantities."""
        if self.transfers is not None and len(self.transfers):
            return self.transfers
        return self.outcome.transfers[None].astype(dtype)


def _alpha(group):
    return number(group.alpha if group.kind == "aggregator" else None)


def payments(game, outcome, place, without):
    """Who pays whom among the members of a block, what floors ask for, and who would leave; plain numbers."""
    block, rows, apart = game.blocks[place], game.user_slices[place], without.get(place)
    t, s = outcome.transfers[rows], outcome.s[rows]
    nothing = NO_PAYMENT * np.max(np.abs(s - t))
    return {
        "floor": block.floor,
        "moved": number(moved(t)),
        "paying": int(np.sum(t < -nothing)),
        "receiving": int(np.sum(t > nothing)),
        "most_paid": number(max(-t.min(), 0.0)),
        "most_received": number(max(t.max(), 0.0)),
        "floors": None if apart is None else number(apart.surplus.sum()),
        "short": int(np.sum(sharing(block, s - t, apart).short)),
        "gap_without": None if apart is None else number(apart.outcome.gap),
        "would_leave": would_leave(game, outcome, place),
    }


def trajectories(result):
    """Quantities and surpluses (rounds, users); of a direct solution, its one outcome."""
    if len(result.quantities):
        return result.quantities, result.surpluses
    dtype = np.float64 if result.game.users <= MOST_CSV_USERS else np.float32
    return result.outcome.x[None].astype(dtype), result.outcome.s[None].astype(dtype)


def users_of(result, quantities, surpluses):
    """Columns of one row per round and user: round, group, player, user, quantity, surplus."""
    group, player = joined_places(result, len(quantities)) if result.joined else places(result, len(quantities))
    users, rounds = np.arange(result.game.users), len(quantities)
    start = 0 if result.direct else result.rounds - rounds + 1
    return {
        "round": np.repeat(np.arange(start, start + rounds), len(users)),
        "group": group,
        "player": player,
        "user": np.tile(users, rounds),
        "quantity": np.ravel(quantities),
        "surplus": np.ravel(surpluses),
    }


def players_of(result):
    """Columns of one row a player: player, group, purchase."""
    blocks = result.game.blocks
    names = [result.game.player_name(j) for j in range(result.game.players)]
    group = np.repeat([block.name for block in blocks], [block.players for block in blocks])
    return {"player": names, "group": group, "purchase": result.outcome.y}


def places(result, rounds):
    """Group and player of every user, the same in each round, shapes (rounds · users,)."""
    blocks = result.game.blocks
    first = np.concatenate([[0], np.cumsum([block.players for block in blocks])])
    group = np.repeat([block.name for block in blocks], [block.users for block in blocks])
    player = np.concatenate(
        [start + np.repeat(np.arange(b.players), b.sizes) for start, b in zip(first[:-1], blocks, strict=True)]
    )
    return np.tile(group, rounds), np.tile(player, rounds)


def joined_places(result, rounds):
    """Offer and its number of every user in each round, stayers' groups counted on, shapes (rounds · users,)."""
    joining, memberships = result.joined.joining, result.joined.memberships[-rounds:]
    names = np.array([offer.name for offer in joining.offers] + [block.name for block in joining.stayers])
    stayers = np.repeat(np.arange(len(joining.offers), len(names)), [block.users for block in joining.stayers])
    number = np.hstack([memberships, np.tile(stayers, (rounds, 1))]).ravel().astype(int)
    return names[number], number


RESULT = AggregatorResult


def stepped(model, certify):
    """Facts of a model stepped to its end; without `certify` the gap is not searched."""
    judge = getattr(model, "judge", None)
    return of_rounds(model, certify) | (learned_by(model, certify) if judge and judge.played else {})


def ended(model, certify):
    """How a model's rounds ended, over a day or not, and what users had in them."""
    gap = model.gap if certify else None  # searched for where it is asked for, and then the status knows of it
    return {
        "status": model.status,
        "outcome": model.outcome,
        "gap": gap,
        "quantities": model.trajectory.quantities,
        "surpluses": model.trajectory.surpluses,
        "cycle": model.cycle,
    }


def of_rounds(model, certify):
    """Facts of a model's rounds, whoever decides in them."""
    facts = ended(model, certify) | {"transfers": model.trajectory.transfers}
    if isinstance(model, JoiningModel):
        return facts | joined(model, certify)
    return facts | {"blame": model.blame, "without": model.operator.without}


def learned_by(model, certify):
    """What learners reached; without `certify` no equilibria are looked for."""
    judge, equilibria = model.judge, solve(model.game).equilibria if certify else ()
    others = max(float(judge.average.sum() - judge.average[judge.players].sum()), 0.0)
    blocks = [group.block for group in judge.groups]
    collusion = colluding_surplus(model.game.price, blocks, others)
    return learned(model, equilibria, tariffs.less_charges(collusion, model.game.levied, blocks))


def learned(model, equilibria, collusion):
    """Facts of learners, and distances by round; collusion: their surplus under one planner, or None."""
    found = Learned(
        names=[model.game.player_name(j) for j in model.judge.players],
        judge=model.judge,
        equilibria=equilibria,
        surplus=np.array(model.gained),
        at_equilibrium=[model.gained_in(one) for one in equilibria],
        collusion=collusion,
    )
    return {"learned": found, "collected": model.collected | {DISTANCE: found.distances}}


def joined(model, certify):
    """What joining adds: the final game, and whether anybody still gains by a move."""
    state, proven = model.state, certify and model.joining.movers <= MOST_PROVEN
    left = best_moves(state) if proven else None
    stable = is_stable(state, largest_gain(left), model.moving.least_gain) if proven else None
    known = Joined(model.joining, np.array(model.memberships), state.rows, model.moves, left, stable)
    return {"game": model.game, "joined": known, "without": state.without}


def solved(game, certify):
    """Facts of a direct solution."""
    solution, without = solved_and_paid(game, certify)
    return of_solution(game, solution) | {"without": without}


are_side_by_side = side_by_side.are_side_by_side


def solved_together(games):
    """The facts that `solved` tells of each of some games, with proofs; None for one that has to be solved alone."""
    solutions = zip(games, side_by_side.solve_all(games), strict=True)
    return [None if one is None else of_solution(game, one) | {"without": {}} for game, one in solutions]


def of_solution(game, solution):
    """Facts of what a game was solved to."""
    return {
        "status": endings.ending(solution.status, solution.outcome),
        "outcome": solution.outcome,
        "gap": solution.outcome.gap,
        "quantities": np.empty((0, game.users)),
        "surpluses": np.empty((0, game.users)),
        "equilibria": solution.equilibria,
        "unique": solution.unique,
        "continuum": solution.continuum,
    }


def small_rows(game):
    """Marks the small users, shape (users,)."""
    return np.concatenate([np.full(0, True), *(np.full(block.users, block.kind != "large") for block in game.blocks)])


def small_or_all(game):
    """Marks the small users, all where none is small, shape (users,)."""
    small = small_rows(game)
    return small if small.any() else ~small


def small_facts(game, outcome):
    """How many small users there are, their mean surplus and how even it is; of all users where none is small."""
    standing = Standing(game, outcome)
    found = measured("aggregator", standing, ("mean small surplus", "jain", "gini"))
    words = ("mean_surplus", "jain", "gini")
    return {"users": int(standing.is_small.sum())} | dict(zip(words, map(number, found.values()), strict=True))


def by_round(names, surpluses, small):
    """Measures of the small users' surplus by round, shape (rounds, names).

    names: in OF_SURPLUS; surpluses: shape (rounds, users), money; small: marks of the users meant, shape (users,).
    """
    values = [[float(of_some(OF_SURPLUS[name], s)) for name in names] for s in surpluses[:, small]]
    return np.array(values, dtype=float).reshape(-1, len(names))


def mean_by_round(means, counts):
    """Mean surplus of all users of some groups by round, shape (rounds,), money.

    means: {group: mean surplus by round}, not a number where it has no users; counts: {group: its users, by round or
    at all}.
    """
    total = sum(count * np.nan_to_num(means[name]) for name, count in counts.items())
    return total / sum(counts.values())


def of_some(measure, values):
    """measure(values), NaN where there are none."""
    return measure(values) if len(values) else np.nan


def mean(values):
    """The mean, NaN where there are no values."""
    return of_some(np.mean, values)


against = others.with_everybody_alone


def agents_table(agents):
    """None: users are compared by their measures."""
    return None


def memory(scenario):
    """Bytes that a run may need, by the key they grow with; all its rounds played, all its users' numbers kept."""
    users = sum(group.users for group in scenario.groups)
    agents = users <= MOST_AGENTS
    rounds = scenario.rounds if users * scenario.rounds <= MOST_REMEMBERED else 1
    each = KEPT_BY_AGENT * scenario.rounds + KEPT * rounds if agents else KEPT * rounds
    return {"group.users": users * (AGENT * agents + USER), "rounds": users * each}


def kept(scenario):
    """Bytes that a comparison keeps of each run."""
    return 2 * NUMBER_BYTES * sum(group.users for group in scenario.groups)


def shared(games):
    """Names of the groups whose users have the same utilities in all games."""
    return same_groups([game.untaxed.blocks for game in games])


def same_groups(groups):
    """Names of the groups whose users have the same utilities in all games; groups: each game's blocks of users."""
    blocks = [{block.name: block for block in some} for some in groups]
    return tuple(
        name
        for name in blocks[0]
        if all(name in other and same_users(blocks[0][name], other[name]) for other in blocks)
    )


def same_users(one, other):
    """Have two blocks users with the same utilities in the same order?"""
    if type(one.utility) is not type(other.utility):
        return False
    pairs = ((getattr(one.utility, f.name), getattr(other.utility, f.name)) for f in fields(one.utility))
    return all(np.array_equal(mine, theirs) for mine, theirs in pairs)
