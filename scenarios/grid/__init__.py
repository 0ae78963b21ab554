"""Networks that scenario files of several markets name: cases that ship, files, other packages' networks."""
