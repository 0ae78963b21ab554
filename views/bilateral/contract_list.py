"""Contracts of several periods as a list."""

from html import escape

from market.numerals import plain
from views.bilateral import look
from views.kit.charts import instead, list_of

MOST_ROWS = 200


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
        return instead("No contracts yet.")
    head = "<tr><th>when</th><th>buyer ← seller</th><th>energy</th><th>price</th></tr>"
    return list_of("contracts", head, rows, len(contracts) - MOST_ROWS)
