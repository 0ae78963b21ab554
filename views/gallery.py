"""A gallery of the shipped scenarios: each played once with its own seed, with its picture and how it ended.

`python -m views.gallery FOLDER` writes gallery.md and gallery/NAME.png there.
"""

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from engine import run
from engine.executors import on_this_machine
from engine.many import run_many
from scenarios import listing
from scenarios.markets import MARKETS
from views.markets import page_of
from views.pictures import picture, plots
from views.style import save
from views.tables import ending

DIRECT = ("large_market",)  # rounds take minutes
BEST = ("price_map", "network_map", "day", "contracts", "designs", "members", "replies", "convergence")


class Entry(NamedTuple):
    """A scenario as the gallery shows it; picture: a PNG file's bytes."""

    name: str
    market: str
    title: str
    ended: str
    picture: bytes


def entries(workers: int | None = None) -> list[Entry]:
    """Every shipped scenario, run and drawn by so many processes, by default one a core."""
    names = [row.name for row in listing()]
    return run_many(entry, names, executor=on_this_machine(len(names), workers), label="gallery", progress=False)


def entry(name: str) -> Entry:
    """One scenario, run and drawn: the picture that says most of its market."""
    result = run(name, direct=name in DIRECT, patient=True)
    known = list(plots(result))
    file = io.BytesIO()
    save(picture(result, next((best for best in BEST if best in known), known[0])), file)
    return Entry(name, result.scenario.market, result.scenario.title, ending(result.summary()), file.getvalue())


def page(shown: Iterable[Entry]) -> str:
    """The gallery as Markdown, a heading a market; pictures are gallery/NAME.png."""
    by_market = {market: [words(one) for one in shown if one.market == market] for market in MARKETS}
    parts = [f"## {page_of(market).TITLE}\n\n" + "\n".join(words) for market, words in by_market.items() if words]
    head = "# Gallery\n\nEvery scenario that comes with the project, played once with its own seed.\n"
    return "\n".join([head, *parts])


def words(one: Entry) -> str:
    """A scenario in Markdown: its name, title, command, picture and end."""
    command = f"python run.py run {one.name}" + (" --direct" if one.name in DIRECT else "")
    return f"### {one.name}\n\n{one.title}.\n\n    {command}\n\n![{one.title}](gallery/{one.name}.png)\n\n{one.ended}\n"


def main(folder: Path) -> None:
    """Write the gallery into a folder."""
    shown = entries()
    (folder / "gallery").mkdir(exist_ok=True)
    for one in shown:
        (folder / "gallery" / f"{one.name}.png").write_bytes(one.picture)
    (folder / "gallery.md").write_text(page(shown), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
