"""What a scenario file of the microgrid says (keys), and what is drawn and built from it (draw)."""
