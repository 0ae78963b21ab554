"""A table of agents that is sorted and searched on the server, so that very many of them do no harm."""
# ruff: noqa: N802  components are named like classes

import numpy as np
import reacton.ipyvuetify as rv
import solara

from views.tables import cell

ROWS = 8  # a page


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


@solara.component_vue("agents.vue")
def Rows(headings, rows, numbers, sorted, down, chosen, follows, event_sort_by, event_follow):
    """The table as one widget: an element of the page for each cell would make every redraw slow."""


@solara.component
def AgentsTable(table, chosen=None, choose=None):
    """Search field, headings that sort, pages; choose(row) is called for the agent clicked."""
    words, set_words = solara.use_state("")
    sort, set_sort = solara.use_state(("", False))
    page, set_page = solara.use_state(0)
    rows = ordered(table, found(table, words), *sort)
    pages = max(1, -(-len(rows) // ROWS))
    at = min(page, pages - 1)
    shown = rows[at * ROWS : (at + 1) * ROWS]

    def sorted_by(name):
        set_sort((name, not sort[1]) if sort[0] == name else (name, False))
        set_page(0)

    with solara.Div(classes=["agents"]):
        with solara.Row(classes=["agents-head"], style={"align-items": "center"}):
            solara.HTML("h2", f"Agents <small>{len(rows):,} of {len(table):,}</small>")
            rv.TextField(
                v_model=words,
                on_v_model=set_words,
                placeholder="search a number or a word",
                dense=True,
                outlined=True,
                hide_details=True,
                clearable=False,
                attributes={"aria-label": "search agents"},
                class_="search",
            )
            solara.Button(
                "‹",
                on_click=lambda: set_page(max(at - 1, 0)),
                text=True,
                disabled=at == 0,
                attributes={"aria-label": "previous page"},
            )
            solara.HTML("span", f"{at + 1:,} / {pages:,}")
            solara.Button(
                "›",
                on_click=lambda: set_page(at + 1),
                text=True,
                disabled=at + 1 >= pages,
                attributes={"aria-label": "next page"},
            )
            if chosen is not None:
                solara.Button(f"stop following {chosen}", on_click=lambda: choose(None), text=True, small=True)
        Rows(
            headings=list(table.columns),
            rows=[[cell(plain_value(column[row])) for column in table.columns.values()] for row in shown.tolist()],
            numbers=shown.tolist(),
            sorted=sort[0],
            down=sort[1],
            chosen=chosen,
            follows=choose is not None,
            event_sort_by=sorted_by,
            event_follow=choose or (lambda row: None),
        )
        if table.note:
            solara.HTML("p", table.note, classes=["none"])


def plain_value(value):
    """A NumPy value as Python's."""
    return value.item() if isinstance(value, np.generic) else value
