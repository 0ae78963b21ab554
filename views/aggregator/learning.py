"""What the browser shows of learners: how near an equilibrium they are, what they regret, what one has in mind."""

import numpy as np

from market.numerals import plain
from views.aggregator.convergence import MOST_LINES
from views.aggregator.gaps import DRAWN, LEAST_GAP
from views.aggregator.regrets import REGRET, promises, regret_lines
from views.kit import live
from views.kit.charts import Band, Bar, Line, bar_chart, beside, line_chart
from views.kit.frames import Panel
from views.style import BLACK, GREY, finite, group_colours, players, shortened

LABEL = 22  # letters of a bar's label


def learns(run):
    """Does anybody in a run learn?"""
    return getattr(run.model, "judge", None) is not None


def last_gap(run):
    """The gap of a run as it is written: of its end, of learners that of the last round in which it was worked out."""
    if "gap" in run.memory or not learns(run):
        return live.last_gap(run)
    known = np.flatnonzero(np.isfinite(run.column("gap")))
    if not len(known):
        return live.NOT_YET
    return f"{live.gap_text(float(run.column('gap')[known[-1]]))} after round {known[-1] + 1:,}"


def said(run):
    """By what learners will be judged, in words; "" where nobody learns, and at the end, which has words of its own."""
    if not (learns(run) and run.model.running):
        return ""
    judging = run.model.judge.judging
    rounds = f"each of the last {judging.window:,} rounds" if judging.window > 1 else "the last round"
    return f" Learned is what has a gap of at most {plain(judging.tolerance_gap)} in {rounds}."


def panels(run, chosen):
    """Gap, regret, and what a learner has in mind: the player at a place among all if it learns, else the first.

    None where nobody learns; chosen: that place, None where nobody is looked at.
    """
    if not learns(run):
        return ()
    return (*judged(run), _beliefs(run, looked_at(run, chosen)))


def judged(run):
    """Gap and regret by round; nothing where nobody learns."""
    if not learns(run):
        return ()
    played = run.model.round > 0
    return (
        Panel("gap", "Gap: what somebody could still gain", _gap(run, played)),
        Panel("regret", "Regret: what one fixed amount would have paid more", _regret(run, played)),
    )


def looked_at(run, chosen):
    """Place of the learner whose mind is shown: the chosen one, or the first."""
    return chosen if chosen in run.model.judge.players else run.model.judge.players[0]


def mind_title(run, place):
    """Whose mind it is, and by what rule it decides."""
    name, group, _ = players(run.model.game)[place]
    return f"What {name} has in mind ({run.scenario.learners[group]['rule']})"


def _gap(run, played):
    judging, rounds = run.model.judge.judging, run.column("round") if played else np.zeros(0)
    lines = []
    for column, (label, colour, _) in DRAWN.items() if played else ():
        gap = finite(run.column(column))
        known = ~np.isnan(gap)
        lines.append(Line(label, rounds[known], np.maximum(gap[known], LEAST_GAP), colour))
    if played:
        lines.append(Line("counts as learned", rounds, np.full(len(rounds), judging.tolerance_gap), BLACK, ":"))
    return line_chart(lines, "gap", log=True)


def _regret(run, played):
    if not played:
        return line_chart((), REGRET, log=True)
    model, rounds = run.model, run.column("round")
    lines = [
        Line(name, rounds, regret, colour, style)
        for name, regret, colour, style in regret_lines(model.game, model.judge, run.column, rounds)
    ]
    lines += [Line(words, rounds, bound, BLACK, ":") for words, bound in promises(model.conducts, model.judge, rounds)]
    return line_chart(lines, REGRET, log=True)


def _beliefs(run, place):
    group, mind, title = players(run.model.game)[place][1], run.model.mind(place), mind_title(run, place)
    colour = group_colours([block.name for block in run.model.game.blocks])[group]
    if mind is None:
        return Panel("beliefs", title, line_chart((), "chance", xlabel="next amount (energy)"))
    own = float(run.model.y[place])
    return Panel(
        "beliefs", title, _kept(run, mind, own, colour) if mind.chances is None else _chances(mind, own, colour)
    )


def _chances(mind, own, colour):
    """Chances of the next amounts, and a dot at the last one."""
    nearest = int(np.argmin(np.abs(mind.amounts - own)))
    dot = own, float(mind.chances[nearest]), colour, "its last amount"
    line, under = Line("chance", mind.amounts, mind.chances, colour), np.zeros(len(mind.amounts))
    area = Band(mind.amounts, under, mind.chances, colour)
    chart = line_chart([line], "chance", xlabel="next amount (energy)", bands=[area], zero=True, marks=[dot])
    return chart + beside(f"The large dot: its last amount, {plain(own)}.")


def _kept(run, mind, own, colour):
    """The last amount beside what is kept in mind; of all players' amounts the largest ones."""
    bars = [Bar("its last amount", ((own, colour),), plain(own), bold=True)]
    for what, numbers in mind.kept.items():
        everybody = [what.replace("others", name) for name, _, _ in players(run.model.game)]
        labels = [what] if len(numbers) == 1 else everybody
        for k in np.sort(np.argsort(-np.abs(numbers), kind="stable")[:MOST_LINES]):
            value = float(numbers[k])
            bars.append(Bar(shortened(labels[k], LABEL), ((value, GREY),), plain(value)))
    return bar_chart(bars, "energy")
