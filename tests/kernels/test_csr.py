"""Rows by account, and the first slot that is late enough, against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.kernels.csr import csr, first_slots
from xborder_aml.kernels.edges import first_after


@given(st.integers(1, 6).flatmap(lambda v: st.tuples(st.just(v), st.lists(st.integers(0, v - 1)))))
def test_csr_groups_rows_in_order(drawn: tuple[int, list[int]]) -> None:
    n_keys, keys = drawn
    ptr, rows = csr(np.array(keys, np.int32), n_keys)
    groups = [rows[ptr[k] : ptr[k + 1]].tolist() for k in range(n_keys)]
    assert groups == [[i for i, key in enumerate(keys) if key == k] for k in range(n_keys)]
    assert (ptr.dtype, rows.dtype) == (np.int64, np.int32)


def test_csr_of_nothing() -> None:
    ptr, rows = csr(np.empty(0, np.int32), 0)
    assert ptr.tolist() == [0]
    assert rows.size == 0


rows = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3)), max_size=20)


@given(rows)
def test_first_slot_is_the_first_not_before(drawn: list[tuple[int, int, int]]) -> None:
    drawn = sorted(drawn)
    at = np.array([r[0] for r in drawn], np.int64)
    src = np.array([r[1] for r in drawn], np.int32)
    dst = np.array([r[2] for r in drawn], np.int32)
    ptr, row = csr(src, 4)
    got = first_slots(at, dst, ptr, at[row])
    for i, slot in enumerate(got.tolist()):
        low, high = ptr[dst[i]], ptr[dst[i] + 1]
        late = [s for s in range(low, high) if at[row[s]] >= at[i]]
        assert slot == (late[0] if late else high)


@given(st.lists(st.integers(0, 9)), st.integers(-1, 10), st.data())
def test_first_after_is_a_binary_search(times: list[int], t: int, data: st.DataObject) -> None:
    times.sort()
    low = data.draw(st.integers(0, len(times)))
    high = data.draw(st.integers(low, len(times)))
    late = [i for i in range(low, high) if times[i] > t]
    assert first_after(np.array(times, np.int64), low, high, t) == (late[0] if late else high)
