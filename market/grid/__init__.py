"""Power on lines that everybody shares: incidence, DC flow, circuits of resistances; of no market in particular."""
