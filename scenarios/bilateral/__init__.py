"""What a scenario file of bilateral contracts says (keys), and what is drawn and built from it (draw)."""
