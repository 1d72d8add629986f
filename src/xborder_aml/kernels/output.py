"""One growable output for every detector's kernel.

A kernel cannot grow an array that its caller owns. So it writes into fixed arrays, one unit (an
anchor edge or a centre account) at a time; when a unit's findings do not fit, it takes that unit
back and returns `FULL`. The caller doubles what was too small and calls again from that unit. A
search is thereby independent of the capacity, which starts at 1 in the tests.
"""

from __future__ import annotations

from typing import NamedTuple

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

# places in Output.count
_FINDINGS, _EVIDENCE, _CUTS, _UNIT, _FINDINGS0, _EVIDENCE0, _CUTS0, _NEED = range(8)
N_COUNTS = 8


class Output(NamedTuple):
    """Arrays that a kernel fills; `count` says how far."""

    anchor: NDArray[np.int64]  # per finding: edge row of the anchor
    account: NDArray[np.int32]  # per finding: account that it is about
    multiplicity: NDArray[np.int64]  # per finding: instances bundled in it
    end: NDArray[np.int64]  # per finding: where its evidence ends
    row: NDArray[np.int64]  # per evidence: edge row
    role: NDArray[np.int8]  # per evidence: place in the detector's roles
    amount: NDArray[np.int64]  # per evidence: part used, base minor units; -1 unknown
    cut_anchor: NDArray[np.int64]  # per cut: edge row of the anchor
    cut_account: NDArray[np.int32]  # per cut: account that it is about
    cut_cap: NDArray[np.int8]  # per cut: place in the detector's caps
    cut_left: NDArray[np.int64]  # per cut: edges in view that were not followed
    count: NDArray[np.int64]  # shape (N_COUNTS,)


def begin(out: Output, unit: int) -> None:
    """Start a unit: what it adds from here on can be taken back by `full`."""
    out.count[_UNIT] = unit
    out.count[_FINDINGS0] = out.count[_FINDINGS]
    out.count[_EVIDENCE0] = out.count[_EVIDENCE]
    out.count[_CUTS0] = out.count[_CUTS]


def full(out: Output) -> int:
    """Take the unit back and return `FULL`."""
    out.count[_FINDINGS] = out.count[_FINDINGS0]
    out.count[_EVIDENCE] = out.count[_EVIDENCE0]
    out.count[_CUTS] = out.count[_CUTS0]
    return FULL


def add_evidence(out: Output, row: int, role: int, amount: int) -> bool:
    """Add a row of evidence to the finding that the next `add_finding` closes."""
    n = out.count[_EVIDENCE]
    if n == out.row.size:
        out.count[_NEED] = _EVIDENCE
        return False
    out.row[n] = row
    out.role[n] = role
    out.amount[n] = amount
    out.count[_EVIDENCE] = n + 1
    return True


def add_finding(out: Output, anchor: int, account: int, multiplicity: int) -> bool:
    """Close a finding: the evidence added since the last one belongs to it."""
    n = out.count[_FINDINGS]
    if n == out.anchor.size:
        out.count[_NEED] = _FINDINGS
        return False
    out.anchor[n] = anchor
    out.account[n] = account
    out.multiplicity[n] = multiplicity
    out.end[n] = out.count[_EVIDENCE]
    out.count[_FINDINGS] = n + 1
    return True


def add_cut(out: Output, anchor: int, account: int, cap: int, left: int) -> bool:
    """Tell that the search of an anchor reached a cap."""
    n = out.count[_CUTS]
    if n == out.cut_anchor.size:
        out.count[_NEED] = _CUTS
        return False
    out.cut_anchor[n] = anchor
    out.cut_account[n] = account
    out.cut_cap[n] = cap
    out.cut_left[n] = left
    out.count[_CUTS] = n + 1
    return True


def has_room(out: Output, n_findings: int, n_evidence: int) -> bool:
    """Tell whether so much more fits; ask before costly work, or the work is done twice."""
    if out.count[_FINDINGS] + n_findings > out.anchor.size:
        out.count[_NEED] = _FINDINGS
        return False
    if out.count[_EVIDENCE] + n_evidence > out.row.size:
        out.count[_NEED] = _EVIDENCE
        return False
    return True


def make_output(n_findings: int, n_evidence: int, n_cuts: int) -> Output:
    """Return an empty output of the given capacities."""
    return Output(
        np.empty(n_findings, np.int64),
        np.empty(n_findings, np.int32),
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
    """Return a copy with twice the room where `out` was full."""
    need = int(out.count[_NEED])
    bounds = {_FINDINGS: (0, 4), _EVIDENCE: (4, 7), _CUTS: (7, 11)}[need]
    arrays = list(out)
    for i in range(*bounds):
        bigger = np.empty(2 * max(1, arrays[i].size), arrays[i].dtype)
        bigger[: arrays[i].size] = arrays[i]
        arrays[i] = bigger
    return Output(*arrays)


def trimmed(out: Output) -> Output:
    """Return views of the filled parts."""
    f, e, c = (int(out.count[i]) for i in (_FINDINGS, _EVIDENCE, _CUTS))
    sizes = (f, f, f, f, e, e, e, c, c, c, c)
    return Output(*(a[:n] for a, n in zip(out, sizes, strict=False)), out.count)


def resume_unit(out: Output) -> int:
    """Return the unit that a `FULL` search must be called again from."""
    return int(out.count[_UNIT])


begin = jit(begin)
full = jit(full)
add_evidence = jit(add_evidence)
add_finding = jit(add_finding)
add_cut = jit(add_cut)
has_room = jit(has_room)
