"""Results folders: written aside, moved into place whole, with a digest of every file."""

import hashlib
import json
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from engine.columns import write_csv
from engine.commit import commit
from engine.in_place import aside, file_in_place, folder_in_place
from engine.provenance import machine, versions
from engine.results import results_of
from engine.results.result import number
from scenarios.reading.files import opened

SCHEMA_VERSION = 1
USERS = "users"  # the folder of a result's folder with each run's users


def result_folder(result, root="results"):
    """Where a result belongs: root/<scenario>/<digest of scenario and seed>, with one of the players of one's own."""
    kind = "-direct" if result.direct else ""
    if result.seated:
        kind += f"-{hashlib.sha256(json.dumps(result.seated, sort_keys=True).encode()).hexdigest()[:12]}"
    return Path(root) / result.scenario.name / (result.scenario.digest(result.replication) + kind)


def save_result(result, root="results", pictures=()):
    """Write a run's folder and return its path; once it is there, `pictures`, functions of (result, folder), add to it.

    What a picture raises is raised; the result is stored by then.
    """
    target = result_folder(result, root)
    with folder_in_place(target) as folder:
        write_facts(result, folder)
        write_manifest(folder, run_manifest(result))
    for picture in pictures:
        add_pictures(target, partial(picture, result))
    return target


def save_comparison(comparison, root="results", pictures=()):
    """Write a comparison's folder root/compare/<digest>/ and return its path; `pictures` as in save_result."""
    digests = [scenario.digest() for scenario in comparison.scenarios]
    facts = [digests, comparison.names, comparison.replications, *_asked(comparison)]
    name = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
    target = Path(root) / "compare" / (name + ("-direct" if comparison.direct else ""))
    with folder_in_place(target) as folder:
        write_comparison(comparison, folder)
        write_manifest(
            folder,
            {
                "kind": "comparison",
                "scenarios": comparison.names,
                "replications": comparison.replications,
                "direct": comparison.direct,
                "inputs": {scenario.name: scenario.inputs for scenario in comparison.scenarios},
            }
            | dict(_asked(comparison)),
        )
    for picture in pictures:
        add_pictures(target, partial(picture, comparison))
    return target


def save_chosen(chosen, root="results"):
    """Write the folder root/<scenario>/<digest>-choosing-N of a Chosen of N draws; returns its path."""
    scenario, draws = chosen.scenario, chosen.asked[-1].replication + 1
    target = Path(root) / scenario.name / f"{scenario.digest()}-choosing-{draws}"
    with folder_in_place(target) as folder:
        write_chosen(chosen, folder)
        facts = {"scenario": scenario.name, "seed": scenario.seed, "replications": draws}
        asked = {"payoff": chosen.game.payoff, "inputs": scenario.inputs}
        write_manifest(folder, {"kind": "choosing"} | facts | asked)
    return target


def write_chosen(chosen, folder):
    """The files that say what aggregators who choose their alphas played, and what the game is."""
    rows = chosen.rows
    (folder / "scenario.toml").write_text(chosen.scenario.to_toml(), encoding="utf-8")
    write_csv({name: [row[name] for row in rows] for name in rows[0]}, folder / "payoffs.csv")
    write_json(folder / "summary.json", chosen.game.summary())


def write_comparison(comparison, folder):
    """The files that say what was compared, and how."""
    for scenario in comparison.scenarios:
        (folder / f"{scenario.name}.toml").write_text(scenario.to_toml(), encoding="utf-8")
    comparison.runs.to_csv(folder / "runs.csv", index=False, lineterminator="\n")
    comparison.means().to_csv(folder / "means.csv", index=False, lineterminator="\n")
    comparison.differences().to_csv(folder / "differences.csv", index=False, lineterminator="\n")
    table = results_of(comparison.market).agents_table(comparison.agents)
    if table is not None:
        table.to_csv(folder / "agents.csv", index=False, lineterminator="\n")
    if comparison.users is not None:
        comparison.users.to_csv(folder / "users.csv", index=False, lineterminator="\n")
    write_json(folder / "summary.json", comparison.summary())


def _asked(comparison):
    """(What, how) was asked for of a comparison's users, none where nothing was."""
    by = {"by": [by.text for by in comparison.by], "level": comparison.by[0].level} if comparison.by else {}
    return (by | ({"keep_users": True} if comparison.users is not None else {})).items()


def add_pictures(folder, draw):
    """Let draw(place) write files into an empty folder, and move them into a stored folder and into its manifest."""
    with aside(folder) as place:
        draw(place)
        drawn = sorted(place.iterdir())
        for file in drawn:
            os.replace(file, folder / file.name)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"] |= {file.name: digest(folder / file.name) for file in drawn}
    manifest["files"] = dict(sorted(manifest["files"].items()))
    write_json(folder / "manifest.json", manifest)


def write_facts(result, folder):
    """The files that say what happened: scenario, summary, rounds and users."""
    (folder / "scenario.toml").write_text(result.scenario.to_toml(), encoding="utf-8")
    write_json(folder / "summary.json", result.summary())
    write_csv(rounds_of(result), folder / "rounds.csv")
    result.write_agents(folder)


def rounds_of(result):
    """Columns of one row a round, none after a direct run; purchases of many players as space-separated numbers."""
    columns = dict(result.collected) or {"round": []}
    if "purchases" in columns:
        columns["purchases"] = [" ".join(map(repr, np.asarray(y).tolist())) for y in columns["purchases"]]
    return columns


def run_manifest(result):
    """What identifies a run: scenario, seed, versions, time, status and gap; players of one's own, where some sat."""
    return {
        "kind": "run",
        "scenario": result.scenario.name,
        "market": result.scenario.table["market"],
        "seed": result.scenario.seed,
        "replication": result.replication,
        "direct": result.direct,
        "status": str(result.status),
        "gap": number(result.gap),
        "wall_seconds": round(result.seconds, 3),
        "inputs": result.scenario.inputs,
        "redraws": {f"{group}.{key}": count for (group, key), count in result.redraws.items()},
    } | ({"seated": result.seated} if result.seated else {})


def write_manifest(folder, facts, names=None):
    """Write manifest.json: schema version, facts, what ran by commit and versions, digests of files.

    names: of the files that are meant, by default all; those of a run's users are always.
    """
    files = sorted(
        path for path in folder.iterdir() if path.name != "manifest.json" and (names is None or path.name in names)
    )
    files += sorted((folder / USERS).glob("*.csv"))
    manifest = {
        "schema_version": SCHEMA_VERSION,
        **facts,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "versions": versions(),
        "machine": machine(),
        "files": {path.relative_to(folder).as_posix(): digest(path) for path in files},
    }
    write_json(folder / "manifest.json", manifest)


def digest(path):
    """SHA-256 of a regular file; raises OSError."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path, value):
    """Write JSON without NaN or infinity, whole or not at all."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with file_in_place(Path(path)) as aside:
        aside.write_text(text, encoding="utf-8")
