"""What every reproduction is: questions to answer first, then files and claims."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reproduction:
    """One figure or table of a source, or a set of pictures about it.

    questions(replications) lists what to compute, each answered once however many figures ask; write(study, folder)
    puts data (CSV) and pictures (PNG) into a folder and returns the claims, a list of Claim; text: the file among them
    that is worth printing, None without one.
    """

    title: str
    write: Callable
    questions: Callable = lambda replications: []
    text: str | None = None


def to_csv(table, path):
    """Write a table as CSV with plain line ends."""
    table.to_csv(path, index=False, lineterminator="\n")
