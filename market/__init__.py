"""The economics: games, allocations, equilibria and their certificates, as functions on arrays."""
