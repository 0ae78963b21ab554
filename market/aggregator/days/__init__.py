"""Days: the aggregator game over T periods at once, with devices that move energy from one to another
(docs/days/model.md)."""
