"""A scenario file of one population under several designs: its keys, and what is drawn and built from it."""
