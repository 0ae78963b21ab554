"""Contracts of several periods as a list."""

from html import escape

from market.numerals import plain
from views.bilateral import look
from views.kit.charts import HEIGHT

MOST_ROWS = 60


def contract_list(contracts, called):
    """At most MOST_ROWS of some contracts, the latest first; contracts: engine.results.bilateral.contracts_of them.

    called: what each period is called.
    """
    rows = [
        f"<tr><td>{escape(called[row.period])}</td><td>{row.buyer} ← {row.seller}</td><td>{plain(row.quantity, 3)}</td>"
        f"<td>{look.priced(row.price)}</td></tr>"
        for row in contracts[::-1].head(MOST_ROWS).itertuples()
    ]
    if not rows:
        return '<p class="none">No contracts yet.</p>'
    head = "<tr><th>when</th><th>buyer ← seller</th><th>energy</th><th>price</th></tr>"
    more = f'<p class="none">and {len(contracts) - MOST_ROWS} more</p>' if len(contracts) > MOST_ROWS else ""
    return f'<div class="list" style="max-height:{HEIGHT}px"><table>{head}{"".join(rows)}</table>{more}</div>'
