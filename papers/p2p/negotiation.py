"""Peer-to-peer negotiation: how long a step takes, how many it takes, and whether contracts end stable and fair.

Sources: Raja, Grammatico, "Bilateral Peer-to-Peer Energy Trading via Coalitional Games"; the benchmark is the
distributed bargaining of Nedić and Bauso (2013); the core of the assignment game is Shapley's and Shubik's (1971), its
tau value Núñez's and Rafels' (2002).
"""

import pandas as pd

from engine.running import run
from papers.figure import Reproduction, to_csv
from papers.p2p import cells
from papers.p2p.claims import CONSENSUS, claims
from papers.p2p.pictures import COLOURS, rounds_by_size, time_by_size
from papers.p2p.text import BENCHMARK_SOLVERS, table_text
from papers.p2p.timing import ALONE, AT_ONCE, NAMES, of, timings
from views.bilateral.contract_graph import contract_graph
from views.bilateral.price_rounds import price_rounds
from views.bilateral.violation_rounds import violation_rounds
from views.drawing import draw_to
from views.style import BLACK, VERMILLION

TEXT = "table.txt"
WHOLE = ("benchmark", *CONSENSUS)  # rules whose agents must agree on proposals
TIMED = ("half-space", "tight", "bilateral", "bilateral, at once", "corner")  # rules whose steps of all are timed
CRIMSON, INDIGO = "#99004D", "#4C0099"  # apart from the colours of all rules
SOLVER_COLOURS = dict(zip((*BENCHMARK_SOLVERS, NAMES["exact"]), (VERMILLION, CRIMSON, BLACK, INDIGO), strict=True))


def write(study, folder):
    """Data, pictures, tables in words, and the claims; times are measured here, when no other process works."""
    found = {
        key: [study.answers[question] for question in group] for key, group in cells.steps(study.replications).items()
    }
    answers = {
        name: [(question, study.answers[question]) for question in group]
        for name, group in cells.tables(study.replications).items()
    }
    times = timings(cells.SIZES)
    solvers = [name for name in BENCHMARK_SOLVERS if (times["solver"] == name).any()]
    to_csv(times, folder / "step_times.csv")
    to_csv(_table(found), folder / "rounds.csv")
    to_csv(_others(answers), folder / "others.csv")
    (folder / TEXT).write_text(table_text(found, times, solvers), encoding="utf-8")
    _pictures(found, answers, times, solvers, folder)
    return claims(found, answers, times, solvers)


def _table(found):
    """A row for each negotiation of `steps`."""
    rows = [
        {"rule": rule, "size": size, "seed": seed} | one._asdict()
        for (rule, size), ended in found.items()
        for seed, one in enumerate(ended)
    ]
    return pd.DataFrame(rows)


def _others(answers):
    """A row for each other question: its set, itself and its answer."""
    rows = [
        {"set": name, "question": str(question), "answer": str(answer)}
        for name, pairs in answers.items()
        if name != "history"
        for question, answer in pairs
    ]
    return pd.DataFrame(rows)


def _pictures(found, answers, times, solvers, folder):
    draw_to(folder / "rounds_by_size.png", rounds_by_size, found)
    draw_to(folder / "time_by_size.png", time_by_size, _panels(times, solvers))
    histories = {
        question.rule: history if question.rule in WHOLE else history.drop(columns="spread")
        for question, history in answers["history"]
    }
    size = cells.SHOWN[0]
    title = f"{size} buyers and {size} sellers; spread: rules that pass on whole proposals"
    draw_to(folder / "violation_by_round.png", violation_rounds, histories, cells.COARSE, title, COLOURS)
    for name in ("p2p_single", "p2p_multi"):
        result = run(name)
        draw_to(folder / f"prices_{name}.png", price_rounds, result)
        draw_to(folder / f"contracts_{name}.png", contract_graph, result.outcomes[0], result.scenario.title)


def _panels(times, solvers):
    """Lines of the two panels of times."""
    alone = {"half-space": (of(times, ALONE, "half-space"), COLOURS["half-space"])} | {
        f"benchmark: {name}": (of(times, ALONE, "benchmark", name), SOLVER_COLOURS[name]) for name in solvers
    }
    at_once = {rule: (of(times, AT_ONCE, rule), COLOURS[rule]) for rule in TIMED}
    exact = NAMES["exact"]
    at_once[f"benchmark: {exact}"] = of(times, AT_ONCE, "benchmark", exact), SOLVER_COLOURS[exact]
    return {f"{ALONE}": alone, f"{AT_ONCE}, by agent": at_once}


P2P_NEGOTIATION = Reproduction(
    "Peer-to-peer negotiation: steps, rounds, stable and fair contracts", write, cells.questions, TEXT
)
