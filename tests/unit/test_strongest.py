"""Keeping the findings with most money: a total order, whatever the parts."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.detectors import detector_of
from xborder_aml.detectors._spec import Role
from xborder_aml.executors._search import join_outputs
from xborder_aml.executors._strongest import gathered, strongest
from xborder_aml.kernels.output import (
    Output,
    add_cut,
    add_evidence,
    add_finding,
    make_output,
    trimmed,
)

ENTERS = dataclasses.replace(
    detector_of("pass_through"), roles=(Role("in", enters=True), Role("out"))
)
Finding = tuple[int, list[tuple[int, int]]]  # anchor, (role, amount) of each piece of evidence

findings = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.lists(st.tuples(st.integers(0, 1), st.integers(-1, 4)), min_size=1, max_size=3),
    ),
    max_size=12,
)


def output(drawn: list[Finding], first: int = 0) -> Output:
    out = make_output(20, 60, 20)
    for f, (anchor, evidence) in enumerate(drawn):
        for i, (role, amount) in enumerate(evidence):
            assert add_evidence(out, 100 * (first + f) + i, role, amount)
        assert add_finding(out, anchor, 0, 1)
        assert add_cut(out, anchor, 0, 0, 1)
    return trimmed(out)


def identities(out: Output) -> set[int]:
    starts = np.concatenate([[0], out.end[:-1]]).astype(int)
    return set((out.row[starts[: out.end.size]] // 100).tolist())


def money(finding: Finding) -> int:
    return sum(max(amount, 0) for role, amount in finding[1] if role == 0)


@given(findings, st.integers(1, 12))
def test_the_most_money_is_kept(drawn: list[Finding], most: int) -> None:
    kept, less = strongest(output(drawn), ENTERS, most)
    assert less == max(0, len(drawn) - most)
    assert kept.anchor.size == min(most, len(drawn))
    inside = identities(kept)
    amounts = [money(f) for f in drawn]
    outside = [a for i, a in enumerate(amounts) if i not in inside]
    assert min((amounts[i] for i in inside), default=0) >= max(outside, default=0)
    assert kept.cut_anchor.size == len(drawn)
    for place, i in enumerate(sorted(inside)):  # whole, and in the order given
        low = int(kept.end[place - 1]) if place else 0
        rows = kept.amount[low : int(kept.end[place])].tolist()
        assert rows == [amount for _, amount in drawn[i][1]]


@given(findings, st.integers(1, 6), st.data())
def test_parts_in_any_order_keep_the_same(
    drawn: list[Finding], most: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(drawn)))
    whole, less = strongest(output(drawn), ENTERS, most)
    parts = [output(drawn[:cut]), output(drawn[cut:], first=cut)]
    got, less_too = gathered(parts, ENTERS, most)
    assert identities(got) == identities(whole)
    assert less == less_too
    back, _ = gathered(parts[::-1], ENTERS, most)
    assert identities(back) == identities(whole)


def test_few_findings_come_back_as_they_are() -> None:
    out = output([(0, [(0, 5)])])
    assert strongest(out, ENTERS, 1)[0] is out


@pytest.mark.parametrize("n", [1, 3])
def test_memory_stays_bounded_while_outputs_come(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def counted(outputs: Any) -> Output:
        joined = join_outputs(outputs)
        held.append(joined.anchor.size)
        return joined

    monkeypatch.setattr("xborder_aml.executors._strongest.join_outputs", counted)
    part = output([(0, [(0, 1)]), (1, [(0, 2)])])
    gathered([part] * 20, ENTERS, n)
    assert max(held) <= 2 * n + 2
