"""Returned payments are linked to what they return."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from xborder_aml.normalise.returns import link_returns

ACCOUNTS = pl.DataFrame(
    {"account": ["shell", "iban", "name:UMBRA|"], "holder": [None, "UMBRA", "UMBRA"]}
)
PAID = ("shell", "iban", 500, "EUR", 5, "invoice 1")
BACK = ("name:UMBRA|", "shell", 500, "EUR", 6, "Tagastus: wrong account")


def linked(*rows):
    """Return what each row reverses; ids count from 1."""
    frame = pl.DataFrame(
        rows,
        schema=["originator", "beneficiary", "sent_minor", "sent_currency", "day", "purpose"],
        orient="row",
    ).with_columns(
        transaction_id=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        executed_at=pl.col("day").map_elements(
            lambda day: datetime(2024, 1 + (day - 1) // 31, (day - 1) % 31 + 1, tzinfo=UTC),
            return_dtype=pl.Datetime("us", "UTC"),
        ),
    )
    return link_returns(frame, ACCOUNTS, "tagastus")["reverses"].to_list()


def but(row, **changes):
    names = ("originator", "beneficiary", "amount", "currency", "day", "purpose")
    return tuple({**dict(zip(names, row, strict=True)), **changes}.values())


def test_a_return_finds_its_payment_by_the_holder():
    assert linked(PAID, BACK) == [None, 1]
    assert linked(BACK, PAID) == [2, None], "the order of the rows of one statement tells nothing"


def test_the_nearest_earlier_payment_is_the_one_returned():
    assert linked(but(PAID, day=3), PAID, but(PAID, day=7), BACK) == [None, None, None, 2]


def test_a_payment_is_returned_once():
    assert linked(PAID, BACK, but(BACK, day=7)) == [None, 1, None]


def test_what_is_no_return_is_not_linked():
    for other in (
        but(BACK, purpose="repayment of loan"),
        but(BACK, purpose=None),
        but(BACK, amount=499),
        but(BACK, currency="USD"),
        but(BACK, originator="stranger"),
        but(BACK, day=4),
        but(BACK, day=5 + 31),
    ):
        assert linked(PAID, other) == [None, None], other


def test_a_ledger_without_purposes_tells_of_no_returns():
    frame = pl.DataFrame({"transaction_id": [1]})
    assert link_returns(frame, ACCOUNTS, "tagastus")["reverses"].to_list() == [None]
