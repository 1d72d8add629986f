"""The evidence of a case: transactions that moved claimed money, and by which corridors."""

from __future__ import annotations

from typing import Any

import polars as pl

from xborder_aml.referral.proposal import Referral
from xborder_aml.referral.worth import to_base
from xborder_aml.report.formats import UNKNOWN
from xborder_aml.tracing import Traced

__all__ = [
    "claimed_corridors",
    "corridor_money",
    "corridor_table",
    "evidence_table",
    "native_holdings",
    "shown_evidence",
]

_MOST = 7
_ROWS = 60


def evidence_table(referral: Referral) -> pl.DataFrame:
    """Return one row a transaction and claim that moved claimed money, in the order taken.

    Columns are those of the trace's flows, and: received_minor (all that the transaction brought),
    claimed_base_minor (the claimed part in the base currency), jurisdictions and purpose.
    """
    claims = referral.cases["claim"]
    flows = referral.traced.flows.filter(pl.col("claim").is_in(claims.implode()))
    return _with_base(referral.traced, flows)


def shown_evidence(referral: Referral) -> pl.DataFrame:
    """Return the rows of the evidence that the case file prints: most claimed money, by time."""
    most = evidence_table(referral).sort(
        "claimed_base_minor", "transaction_id", "claim", descending=[True, False, False],
        nulls_last=True,
    )  # fmt: skip
    return most.head(_ROWS).sort("executed_at", "transaction_id", "claim")


def _with_base(traced: Traced, flows: pl.DataFrame) -> pl.DataFrame:
    graph = traced.graph
    rows = graph.rows_of(flows["transaction_id"])
    names = ("received_minor", "base_minor", "originator_jurisdiction", "beneficiary_jurisdiction")
    told = flows.with_columns(**{n: graph.column(n).gather(rows) for n in names}).with_columns(
        pl.col("originator_jurisdiction", "beneficiary_jurisdiction").cast(pl.String)
    )
    base = [
        to_base(part, whole, base)
        for part, whole, base in told.select(
            "arrived_minor", "received_minor", "base_minor"
        ).iter_rows()
    ]
    return told.drop("base_minor").with_columns(claimed_base_minor=pl.Series(base, dtype=pl.Int64))


def corridor_money(traced: Traced, claims: list[str]) -> dict[str, int]:
    """Return claimed base money by corridor, like ``EE>LV``; it counts once each time it crosses.

    Seeds are the first crossing; what stays in one jurisdiction has a corridor like ``EE>EE``.
    """
    flows = _with_base(traced, traced.flows.filter(pl.col("claim").is_in(claims)))
    ends = pl.col("originator_jurisdiction", "beneficiary_jurisdiction").fill_null(UNKNOWN)
    sums = (
        flows.with_columns(ends)
        .group_by("originator_jurisdiction", "beneficiary_jurisdiction")
        .agg(pl.sum("claimed_base_minor"))
    )
    return {f"{a}>{b}": money for a, b, money in sorted(sums.iter_rows())}


def claimed_corridors(referral: Referral) -> pl.DataFrame:
    """Return claimed base money by corridor: origin, destination, base_minor."""
    money = corridor_money(referral.traced, referral.cases["claim"].to_list())
    rows = [(*corridor.split(">"), amount) for corridor, amount in money.items()]
    schema = {"origin": pl.String, "destination": pl.String, "base_minor": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def corridor_table(referral: Referral) -> dict[str, Any]:
    """Return the matrix of corridors: rows, columns, shades, and figures by cell."""
    money = corridor_money(referral.traced, referral.cases["claim"].to_list())
    sent: dict[str, int] = {}
    got: dict[str, int] = {}
    for corridor, amount in money.items():
        origin, destination = corridor.split(">")
        sent[origin] = sent.get(origin, 0) + amount
        got[destination] = got.get(destination, 0) + amount
    rows = sorted(sent, key=lambda code: (-sent[code], code))[:_MOST]
    columns = sorted(got, key=lambda code: (-got[code], code))[:_MOST]
    most = max(money.values(), default=1) or 1
    cells = {
        f"{a}>{b}": {"minor": money[f"{a}>{b}"], "shade": round(money[f"{a}>{b}"] / most, 3)}
        for a in rows for b in columns if money.get(f"{a}>{b}")
    }  # fmt: skip
    return {
        "rows": rows, "columns": columns, "cells": cells,
        "hidden": len(money) - sum(key in cells for key in money),
    }  # fmt: skip


def native_holdings(referral: Referral) -> dict[str, dict[str, int]]:
    """Return claimed money by account and currency, in its own minor units."""
    claims, traced = referral.cases["claim"], referral.traced
    held = traced.holdings.filter(
        pl.col("claim").is_in(claims.implode()), pl.col("amount_minor") > 0
    )
    sums = held.group_by("account", pl.col("currency").cast(pl.String)).agg(pl.sum("amount_minor"))
    out: dict[str, dict[str, int]] = {}
    for account, currency, amount in sums.sort("account", "currency").iter_rows():
        out.setdefault(account, {})[currency] = amount
    return out
