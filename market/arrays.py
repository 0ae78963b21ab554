"""Types of arrays for annotations; what their axes are stands in the docstrings."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
Numbers = float | Array
