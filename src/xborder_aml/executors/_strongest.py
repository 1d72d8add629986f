"""Joining the outputs of tasks, and keeping no more findings than anybody can read.

A random ledger with hubs holds more coincidences than rows. The most money first is a total order,
so the best k of parts hold the best k of the whole: outputs are cut as they come, memory stays
bounded, and the answer does not depend on how the work was divided.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xborder_aml.detectors._spec import Detector
from xborder_aml.executors._search import join_outputs
from xborder_aml.kernels.output import Output

__all__ = ["MAX_FINDINGS", "gathered", "strongest"]

MAX_FINDINGS = 200_000
"""Findings of a pattern that are kept, unless another number is asked for."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def gathered(outputs: Iterable[Output], detector: Detector, most: int) -> tuple[Output, int]:
    """Return the outputs of consecutive tasks as one, cut to `most` findings, and how many less."""
    parts: list[Output] = []
    held = left_out = 0
    for output in outputs:
        parts.append(output)
        held += output.anchor.size
        if held > 2 * most:
            kept, less = strongest(join_outputs(parts), detector, most)
            parts, held, left_out = [kept], kept.anchor.size, left_out + less
    kept, less = strongest(join_outputs(parts), detector, most)
    return kept, left_out + less


def strongest(found: Output, detector: Detector, most: int) -> tuple[Output, int]:
    """Return the `most` findings with most money, in the order given, and how many are left out.

    Money is what enters the pattern in the base currency. Equals go by anchor, account and a hash
    of their evidence. Cuts are all kept.
    """
    n = found.anchor.size
    if n <= most:
        return found, 0
    sizes = np.diff(found.end, prepend=0)
    starts = found.end - sizes
    enters = np.array([role.enters for role in detector.roles])[found.role]
    money = np.add.reduceat(np.where(enters, np.maximum(found.amount, 0), 0), starts)
    least = np.partition(money, n - most)[n - most]
    kept = money > least
    level = np.flatnonzero(money == least)
    equals = _only(found, money == least)
    order = np.lexsort((_marks(equals), equals.account, equals.anchor))
    kept[level[order[: most - int(kept.sum())]]] = True
    return _only(found, kept), n - most


def _only(found: Output, kept: NDArray[np.bool_]) -> Output:
    """Return some of the findings with their evidence, and all cuts."""
    sizes = np.diff(found.end, prepend=0)
    rows = np.repeat(kept, sizes)
    return found._replace(
        anchor=found.anchor[kept],
        account=found.account[kept],
        multiplicity=found.multiplicity[kept],
        measure=found.measure[kept],
        end=np.cumsum(sizes[kept]),
        row=found.row[rows],
        role=found.role[rows],
        amount=found.amount[rows],
    )


def _marks(found: Output) -> NDArray[np.uint64]:
    """Return a hash of each finding's evidence, shape (F,)."""
    sizes = np.diff(found.end, prepend=0)
    starts = found.end - sizes
    with np.errstate(over="ignore"):
        place = (np.arange(found.row.size) - np.repeat(starts, sizes) + 1).astype(np.uint64)
        mixed = (found.row.astype(np.uint64) + place * _GOLDEN) * _GOLDEN
        return np.add.reduceat(mixed ^ (mixed >> np.uint64(29)), starts)
