"""The poster on private infrastructure in microgrids, and A. Perrault's thesis behind it."""
