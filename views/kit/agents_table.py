"""A table of agents that is sorted and searched on the server, so that very many of them do no harm."""

import numpy as np

from market.numerals import plain

ROWS_A_PAGE = 8  # a page


def found(table, words):
    """Rows that have every word in some column, shape (k,); a bare number finds it in the first column."""
    rows = np.arange(len(table))
    for word in words.lower().split():
        columns = list(table.columns.values())
        first = np.asarray(columns[0])
        hits = first[rows].astype(str) == word
        for column in columns:
            values = np.asarray(column)[rows]
            if values.dtype.kind in "OU":
                hits |= np.char.find(np.char.lower(values.astype(str)), word) >= 0
        rows = rows[hits]
    return rows


def ordered(table, rows, column, down):
    """Rows sorted by a column; what is not defined comes last."""
    if column not in table.columns:
        return rows
    values = np.asarray(table.columns[column])[rows]
    place = np.argsort(values, kind="stable")
    if down:
        place = place[::-1]
    if values.dtype.kind == "f":
        place = np.concatenate([place[~np.isnan(values[place])], place[np.isnan(values[place])]])
    return rows[place]


class AgentsView:
    """How a visitor looks at the agents: words searched for, column sorted by, page turned to."""

    def __init__(self):
        self.words, self.column, self.down, self.page = "", "", False, 0

    def search(self, words):
        """Only rows with these words."""
        self.words, self.page = str(words or ""), 0

    def sort_by(self, column):
        """Sort by a column, or the other way round where it is sorted already."""
        self.column, self.down, self.page = column, self.column == column and not self.down, 0

    def turn(self, page):
        """Show another page."""
        self.page = max(int(page), 0)

    def shown(self, table):
        """The page of a table as the stage takes it."""
        rows = ordered(table, found(table, self.words), self.column, self.down)
        pages = max(1, -(-len(rows) // ROWS_A_PAGE))
        page = min(self.page, pages - 1)
        here = rows[page * ROWS_A_PAGE : (page + 1) * ROWS_A_PAGE].tolist()
        columns = table.columns.values()
        known = {"what": table.what, "sorted": self.column, "down": self.down, "note": table.note}
        known |= {"count": f"{len(rows):,} of {len(table):,}", "where": f"{page + 1:,} / {pages:,}", "page": page}
        known |= {"last": page + 1 >= pages, "chosen": table.chosen, "follows": table.follows, "numbers": here}
        rows = [[told(column[row]) for column in columns] for row in here]
        return {**known, "headings": list(table.columns), "rows": rows}


def told(value):
    """A cell: a number as everywhere, but for the number of an agent, which is a name."""
    value = value.item() if isinstance(value, np.generic) else value
    return str(value) if isinstance(value, int) else plain(value)
