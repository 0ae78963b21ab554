"""What a scenario file of the aggregator game says (keys), and what is drawn and built from it (draw)."""
