"""What the browser shows of each market, a module for each; to add one, write its module and add its line here."""

from views.browser import aggregator, bilateral, designs, microgrid

# Each has TITLE, ABOUT (one sentence), START (the scenario shown first), MAIN (paths of the parameters shown on top,
# "*" for any number), TRACKS (measures a comparison draws by round), too_large(scenario): a text or "", and
# variants(scenario): {label: changes [(path, value)…]} that a comparison offers, and
# frame(run, before): the Frame of a live.Run, with the tiles' values {label: value} of the run before a change.
PAGES = {"aggregator": aggregator, "microgrid": microgrid, "bilateral": bilateral, "designs": designs}
