"""PaySim: mobile money of one country, in hours of one month, with fraud that empties wallets.

A step is an hour, counted from 1, and belongs to no calendar: times start at the option `epoch`.
The money has no currency (``XXX``). ``nameOrig`` is who started the transaction, not always who
paid: a CASH_IN puts money into the wallet of ``nameOrig``, whose balance rises by the amount, so
its sides are turned round. Keys that begin with M are merchants. ``isFraud`` is the label; it marks
stolen wallets, not laundering. ``isFlaggedFraud`` is a rule of the simulated business, and the
balances contradict the amounts of stopped transactions; neither is read.

References
----------
Lopez-Rojas, Elmir and Axelsson, PaySim: A financial mobile money simulator for fraud detection,
European Modeling and Simulation Symposium 2016.
"""

from __future__ import annotations

import polars as pl

from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.sources._spec import Request, Source, lay_out, word

__all__ = ["PAYSIM"]

_COLUMNS = {
    "executed_at": "step",
    "originator": "nameOrig",
    "beneficiary": "nameDest",
    "amount": "amount",
    "instrument": "type",
    "purpose": "type",
    "is_illicit": "isFraud",
}
_EPOCH = "2000-01-01"


def _layout(frame: pl.LazyFrame, request: Request) -> RawLedger:
    options = request.options or {}
    is_cash_in = word("type") == "CASH_IN"
    payer = pl.when(is_cash_in).then(word("nameDest")).otherwise(word("nameOrig"))
    payee = pl.when(is_cash_in).then(word("nameOrig")).otherwise(word("nameDest"))
    derived = {
        "originator": payer,
        "beneficiary": payee,
        "originator_kind": _kind(payer),
        "beneficiary_kind": _kind(payee),
        "currency": pl.lit("XXX"),
        # DEBIT pays into the customer's bank account; a PAYMENT is one wallet to another.
        "instrument": pl.when(word("type") == "DEBIT").then(pl.lit("wire")).otherwise(word("type")),
    }
    conventions = Conventions(
        resolution="1h",
        base_currency="XXX",
        epoch=str(options.get("epoch", _EPOCH)),
        time_unit="h",
    )
    return lay_out(frame, _COLUMNS, conventions, derived=derived)


def _kind(account: pl.Expr) -> pl.Expr:
    return (
        pl.when(account.str.starts_with("M"))
        .then(pl.lit("company"))
        .when(account.str.starts_with("C"))
        .then(pl.lit("person"))
    )


PAYSIM = Source(
    name="paysim",
    description="PaySim: mobile money by the hour, with fraud labels; no borders, no laundering.",
    columns=("step", "type", "amount", "nameOrig", "nameDest", "isFraud"),
    layout=_layout,
    options={"epoch": f"Day on which step 0 begins, as YYYY-MM-DD; {_EPOCH} by default."},
)
