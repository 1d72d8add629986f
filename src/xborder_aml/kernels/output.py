"""One growable output for every detector's kernel.

A kernel cannot grow an array that its caller owns. So it writes into fixed arrays, one unit (an
anchor edge or a centre account) at a time; when a unit's findings do not fit, it takes that unit
back and returns `FULL`. The caller doubles what was too small and calls again from that unit. A
search is thereby independent of the capacity, which starts at 1 in the tests.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = [
    "DONE",
    "FULL",
    "N_COUNTS",
    "Output",
    "add_cut",
    "add_evidence",
    "add_finding",
    "add_measured",
    "begin",
    "full",
    "grown",
    "has_room",
    "make_output",
    "resume_unit",
    "trimmed",
]

DONE = 0
FULL = 1

# places in Output.counts
_FINDINGS, _EVIDENCE, _CUTS, _UNIT, _FINDINGS0, _EVIDENCE0, _CUTS0, _NEED, _ROOM = range(9)
N_COUNTS = 9


class Output(NamedTuple):
    """Arrays that a kernel fills; `counts` says how far."""

    anchor: NDArray[np.int64]  # per finding: edge row of the anchor
    account: NDArray[np.int32]  # per finding: account that it is about
    multiplicity: NDArray[np.int64]  # per finding: instances bundled in it
    measure: NDArray[np.int64]  # per finding: the detector's own measure, in its unit
    end: NDArray[np.int64]  # per finding: where its evidence ends
    row: NDArray[np.int64]  # per evidence: edge row
    role: NDArray[np.int8]  # per evidence: place in the detector's roles
    amount: NDArray[np.int64]  # per evidence: part used, base minor units; -1 unknown
    cut_anchor: NDArray[np.int64]  # per cut: edge row of the anchor
    cut_account: NDArray[np.int32]  # per cut: account that it is about
    cut_cap: NDArray[np.int8]  # per cut: place in the detector's caps
    cut_left: NDArray[np.int64]  # per cut: edges in view that were not followed
    counts: NDArray[np.int64]  # shape (N_COUNTS,)


def begin(out: Output, unit: int) -> None:
    """Start a unit: what it adds from here on can be taken back by `full`."""
    out.counts[_UNIT] = unit
    out.counts[_FINDINGS0] = out.counts[_FINDINGS]
    out.counts[_EVIDENCE0] = out.counts[_EVIDENCE]
    out.counts[_CUTS0] = out.counts[_CUTS]


def full(out: Output) -> int:
    """Take the unit back and return `FULL`."""
    out.counts[_FINDINGS] = out.counts[_FINDINGS0]
    out.counts[_EVIDENCE] = out.counts[_EVIDENCE0]
    out.counts[_CUTS] = out.counts[_CUTS0]
    return FULL


def add_evidence(out: Output, row: int, role: int, amount: int) -> bool:
    """Add a row of evidence to the finding that the next `add_finding` closes."""
    n = out.counts[_EVIDENCE]
    if n == out.row.size:
        out.counts[_NEED] = _EVIDENCE
        return False
    out.row[n] = row
    out.role[n] = role
    out.amount[n] = amount
    out.counts[_EVIDENCE] = n + 1
    return True


def add_measured(out: Output, anchor: int, account: int, multiplicity: int, measure: int) -> bool:
    """Close a finding that has a measure: the evidence added since the last one belongs to it."""
    n = out.counts[_FINDINGS]
    if n == out.anchor.size:
        out.counts[_NEED] = _FINDINGS
        return False
    out.anchor[n] = anchor
    out.account[n] = account
    out.multiplicity[n] = multiplicity
    out.measure[n] = measure
    out.end[n] = out.counts[_EVIDENCE]
    out.counts[_FINDINGS] = n + 1
    return True


def add_finding(out: Output, anchor: int, account: int, multiplicity: int) -> bool:
    """Close a finding: the evidence added since the last one belongs to it."""
    return add_measured(out, anchor, account, multiplicity, 0)


def add_cut(out: Output, anchor: int, account: int, cap: int, left: int) -> bool:
    """Tell that the search of an anchor reached a cap."""
    n = out.counts[_CUTS]
    if n == out.cut_anchor.size:
        out.counts[_NEED] = _CUTS
        return False
    out.cut_anchor[n] = anchor
    out.cut_account[n] = account
    out.cut_cap[n] = cap
    out.cut_left[n] = left
    out.counts[_CUTS] = n + 1
    return True


def has_room(out: Output, n_findings: int, n_evidence: int) -> bool:
    """Tell whether so much more fits; ask before costly work, or the work is done twice.

    When it does not, `grown` makes that much room at once.
    """
    if out.counts[_FINDINGS] + n_findings > out.anchor.size:
        out.counts[_NEED] = _FINDINGS
        out.counts[_ROOM] = n_findings
        return False
    if out.counts[_EVIDENCE] + n_evidence > out.row.size:
        out.counts[_NEED] = _EVIDENCE
        out.counts[_ROOM] = n_evidence
        return False
    return True


def make_output(n_findings: int, n_evidence: int, n_cuts: int) -> Output:
    """Return an empty output of the given capacities."""
    return Output(
        np.empty(n_findings, np.int64),
        np.empty(n_findings, np.int32),
        np.empty(n_findings, np.int64),
        np.empty(n_findings, np.int64),
        np.empty(n_findings, np.int64),
        np.empty(n_evidence, np.int64),
        np.empty(n_evidence, np.int8),
        np.empty(n_evidence, np.int64),
        np.empty(n_cuts, np.int64),
        np.empty(n_cuts, np.int32),
        np.empty(n_cuts, np.int8),
        np.empty(n_cuts, np.int64),
        np.zeros(N_COUNTS, np.int64),
    )


def grown(out: Output) -> Output:
    """Return a copy with twice the room where `out` was full, or more if more was asked for."""
    need = int(out.counts[_NEED])
    least = int(out.counts[need] + out.counts[_ROOM])
    out.counts[_ROOM] = 0
    bounds = {_FINDINGS: (0, 5), _EVIDENCE: (5, 8), _CUTS: (8, 12)}[need]
    arrays: list[NDArray[Any]] = [*out]
    for i in range(*bounds):
        bigger = np.empty(max(1, least, 2 * arrays[i].size), arrays[i].dtype)
        bigger[: arrays[i].size] = arrays[i]
        arrays[i] = bigger
    return Output._make(arrays)


def trimmed(out: Output) -> Output:
    """Return views of the filled parts."""
    f, e, c = (int(out.counts[i]) for i in (_FINDINGS, _EVIDENCE, _CUTS))
    sizes = (f, f, f, f, f, e, e, e, c, c, c, c)
    arrays: list[NDArray[Any]] = [*out[:-1]]
    return Output._make([*(a[:n] for a, n in zip(arrays, sizes, strict=True)), out.counts])


def resume_unit(out: Output) -> int:
    """Return the unit that a `FULL` search must be called again from."""
    return int(out.counts[_UNIT])


begin = jit(begin)
full = jit(full)
add_evidence = jit(add_evidence)
add_measured = jit(add_measured)
add_finding = jit(add_finding)
add_cut = jit(add_cut)
has_room = jit(has_room)
