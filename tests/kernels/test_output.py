"""The growable output: whatever the capacity, what was added is what comes out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.executors import join_outputs, run_range
from xborder_aml.kernels.output import (
    DONE,
    Output,
    add_cut,
    add_evidence,
    add_finding,
    add_measured,
    begin,
    full,
    grown,
    make_output,
    resume_unit,
    trimmed,
)

Unit = tuple[list[int], int]  # evidence rows of each finding, cuts

units = st.lists(st.tuples(st.lists(st.integers(0, 4), max_size=3), st.integers(0, 2)), max_size=6)


def search(edges: list[Unit], limits: Any, first: int, last: int, out: Output) -> int:
    """Write what the drawn units hold, as a kernel would."""
    for unit in range(first, last):
        begin(out, unit)
        findings, cuts = edges[unit]
        for f, n_rows in enumerate(findings):
            for i in range(n_rows):
                if not add_evidence(out, 100 * unit + i, i % 3, 10 * f + i):
                    return full(out)
            if not add_measured(out, unit, f, n_rows + 1, unit - n_rows):
                return full(out)
        for c in range(cuts):
            if not add_cut(out, unit, c, c, unit + c):
                return full(out)
    return DONE


def wanted(drawn: list[Unit]) -> dict[str, list[int]]:
    found = [(u, f, n) for u, (rows, _) in enumerate(drawn) for f, n in enumerate(rows)]
    rows = [(100 * u + i, i % 3, 10 * f + i) for u, f, n in found for i in range(n)]
    cuts = [(u, c) for u, (_, n) in enumerate(drawn) for c in range(n)]
    return {
        "anchor": [u for u, _, _ in found],
        "account": [f for _, f, _ in found],
        "multiplicity": [n + 1 for _, _, n in found],
        "measure": [u - n for u, _, n in found],
        "end": np.cumsum([n for _, _, n in found], dtype=int).tolist(),
        "row": [r[0] for r in rows],
        "role": [r[1] for r in rows],
        "amount": [r[2] for r in rows],
        "cut_anchor": [u for u, _ in cuts],
        "cut_account": [c for _, c in cuts],
        "cut_cap": [c for _, c in cuts],
        "cut_left": [u + c for u, c in cuts],
    }


def as_lists(out: Output) -> dict[str, list[int]]:
    return {k: v.tolist() for k, v in out._asdict().items() if k != "counts"}


@given(units, st.integers(0, 3))
def test_any_capacity_gives_the_same(drawn: list[Unit], capacity: int) -> None:
    got = run_range(search, drawn, None, 0, len(drawn), capacity)  # type: ignore[arg-type]
    assert as_lists(got) == wanted(drawn)


@given(units, st.lists(st.integers(0, 6), max_size=3))
def test_any_cut_into_tasks_gives_the_same(drawn: list[Unit], marks: list[int]) -> None:
    bounds = sorted({0, len(drawn), *(m for m in marks if m <= len(drawn))})
    parts = [
        run_range(search, drawn, None, a, b, 1)  # type: ignore[arg-type]
        for a, b in pairwise(bounds)
    ] or [trimmed(make_output(1, 1, 1))]
    assert as_lists(join_outputs(parts)) == wanted(drawn)


def test_growing_keeps_types_and_grows_only_what_was_full() -> None:
    out = make_output(2, 1, 3)
    begin(out, 7)
    assert add_evidence(out, 4, 1, 99)
    assert not add_evidence(out, 5, 1, 99)
    full(out)
    more = grown(out)
    assert resume_unit(more) == 7
    assert [a.size for a in more[:5]] == [2] * 5
    assert [a.size for a in more[5:8]] == [2] * 3
    assert [a.size for a in more[8:12]] == [3] * 4
    assert [a.dtype for a in more] == [a.dtype for a in out]


def test_a_unit_that_does_not_fit_is_taken_back_whole() -> None:
    out = make_output(1, 8, 8)
    begin(out, 0)
    add_evidence(out, 0, 0, 1)
    add_finding(out, 0, 0, 1)
    begin(out, 1)
    add_cut(out, 1, 1, 0, 5)
    add_evidence(out, 1, 0, 1)
    assert not add_finding(out, 1, 1, 1)
    full(out)
    kept = trimmed(out)
    assert (kept.anchor.tolist(), kept.row.tolist(), kept.cut_anchor.tolist()) == ([0], [0], [])
    assert resume_unit(out) == 1
