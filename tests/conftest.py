"""What every test process needs before NumPy is imported."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # BLAS threads of several test processes would fight for the cores
