"""Who learns an equilibrium, and how far the others end from one."""
