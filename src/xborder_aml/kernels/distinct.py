"""Each code once in each group, in the order in which they come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = ["first_of_each"]


def first_of_each(
    group: NDArray[np.int32], code: NDArray[np.int32], n_codes: int
) -> NDArray[np.bool_]:
    """Mark the first row of each code in each group, shape (N,).

    Parameters
    ----------
    group, code
        Of each row, shape (N,); the rows of a group lie side by side, and 0 <= code < `n_codes`.
    """
    last = np.full(n_codes, -1, np.int32)  # the last group that each code came in
    first = np.empty(code.size, np.bool_)
    for i in range(code.size):
        first[i] = last[code[i]] != group[i]
        last[code[i]] = group[i]
    return first


first_of_each = jit(first_of_each)
