"""Payments in rhythm, and busy weeks, against plain Python."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.kernels.csr import csr
from xborder_aml.kernels.innocence import activity, standing

DAY = 86_400_000_000
RHYTHMS = ((6, 8), (13, 15))
LIKE, LEAST = 10, 3

# a day and half days beside the rhythms, amounts beside a tenth
payment = st.tuples(
    st.integers(-4, 90).map(lambda half: half * DAY // 2),
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from([0, 90, 99, 100, 110, 111]),
    st.integers(0, 1),
)
rhythmic = st.tuples(
    st.integers(0, 2), st.integers(0, 2), st.sampled_from([6, 7, 8, 13]), st.integers(2, 6)
).map(lambda r: [(r[2] * i * DAY, r[0], r[1], 100, 0) for i in range(r[3])])
ledgers = st.tuples(st.lists(payment, max_size=12), st.lists(rhythmic, max_size=3)).map(
    lambda parts: sorted([*parts[0], *(p for run in parts[1] for p in run)])
)


def arrays(rows: list[tuple[int, ...]]) -> list[np.ndarray]:
    columns = np.array(rows, np.int64).reshape(len(rows), 5).T
    kinds = (np.int64, np.int32, np.int32, np.int64, np.int16)
    return [c.astype(kind) for c, kind in zip(columns, kinds, strict=True)]


@given(ledgers)
def test_standing_payments_are_runs_in_rhythm(rows: list[tuple[int, ...]]) -> None:
    at, payer, payee, sent, currency = arrays(rows)
    ptr, row = csr(payer, 3)
    rhythms = np.array(RHYTHMS, np.int64)
    slots = standing(ptr, payee[row], at[row], sent[row], currency[row], rhythms, LIKE, LEAST)
    expected = set()
    for pair in {r[1:3] for r in rows}:
        mine = [i for i, r in enumerate(rows) if r[1:3] == pair]
        run = mine[:1]
        for before, after in pairwise(mine):
            one, other = rows[before], rows[after]
            gap = other[0] // DAY - one[0] // DAY
            follows = (
                any(low <= gap <= high for low, high in RHYTHMS)
                and one[4] == other[4]
                and abs(one[3] - other[3]) <= max(one[3], other[3]) // LIKE
            )
            run = [*run, after] if follows else [after]
            if len(run) >= LEAST:
                expected |= set(run)
    assert set(row[slots].tolist()) == expected


@given(ledgers)
def test_activity_is_told_by_week_and_partner(rows: list[tuple[int, ...]]) -> None:
    at, payer, payee, *_ = arrays(rows)
    ptr, row = csr(payer, 3)
    first = min((r[0] for r in rows), default=0) // (7 * DAY)
    last = max((r[0] for r in rows), default=0) // (7 * DAY)
    accounts = np.array([0, 2])
    weeks = np.zeros((2, last - first + 1), bool)
    partners = np.zeros(2, np.int64)
    activity(accounts, ptr, at[row], payee[row], first, weeks, partners)
    for i, account in enumerate(accounts.tolist()):
        paid = [r for r in rows if r[1] == account != r[2]]
        assert partners[i] == len({r[2] for r in paid})
        busy = {r[0] // (7 * DAY) - first for r in paid}
        assert set(np.flatnonzero(weeks[i]).tolist()) == busy
