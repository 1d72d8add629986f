"""OCCRP's Azerbaijani Laundromat and data in its form: bank statements with both parties.

Who paid whom stands in the columns, so the sign of ``amount_orig`` only tells on whose statement
the row was: it is dropped, after it has paired the two bookings of payments between the shells.
``*_bank_country`` is no country but the first two characters of the account, and is not read:
a valid IBAN gives the country, else the party's own jurisdiction stands in for its bank's.
A payment that the bank returned has a purpose that begins with *tagastus* (return), and is linked
to what it returns. ``amount_usd`` and ``amount_eur`` are the source's own conversions, used for a
base currency of USD (the default) or EUR.
"""

from __future__ import annotations

import polars as pl

from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.sources._spec import Request, Source, lay_out, word

__all__ = ["OCCRP"]

_COLUMNS = {
    "executed_at": "date",
    "originator": "payer_account",
    "beneficiary": "beneficiary_account",
    "originator_holder": "payer_name_norm",
    "beneficiary_holder": "beneficiary_name_norm",
    "originator_holder_jurisdiction": "payer_jurisdiction",
    "beneficiary_holder_jurisdiction": "beneficiary_jurisdiction",
    "amount": "amount_orig",
    "currency": "amount_orig_currency",
    "purpose": "purpose",
}
_CARRIED = {"USD": "amount_usd", "EUR": "amount_eur"}
_KINDS = {"company": "company", "person": "person"}


def _layout(frame: pl.LazyFrame, request: Request) -> RawLedger:
    have = frame.collect_schema().names()
    base = request.base_currency or "USD"
    carried = base if _CARRIED.get(base) in have else None
    # The shared file numbers its rows in `row`; the original has an `id`.
    number = "row" if "row" in have else "id"
    columns = {**_COLUMNS, "transaction_id": number}
    if carried is not None:
        columns["base_amount"] = _CARRIED[carried]
    kinds = {
        f"{side}_kind": word(column)
        .str.to_lowercase()
        .replace_strict(_KINDS, default=None, return_dtype=pl.String)
        for side, column in (("originator", "payer_type"), ("beneficiary", "beneficiary_type"))
        if column in have
    }
    # The original writes UNKNOWN where the shared file has an empty field.
    seats = {
        raw: pl.when(word(own).str.to_uppercase() != "UNKNOWN").then(word(own))
        for raw, own in _COLUMNS.items()
        if raw.endswith("_holder_jurisdiction")
    }
    conventions = Conventions(
        negative_amounts="absolute",
        mirrors=True,
        returns="tagastus",
        unify_accounts=True,
        holder_seat=True,
        resolution="1d",
        base_currency="USD",
        carried=carried,
    )
    return lay_out(frame, columns, conventions, derived={**kinds, **seats})


OCCRP = Source(
    name="occrp",
    description="OCCRP laundromat statements: payer, beneficiary, signed amount, USD and EUR.",
    columns=(
        "date",
        "payer_account",
        "payer_name_norm",
        "payer_jurisdiction",
        "beneficiary_account",
        "beneficiary_name_norm",
        "beneficiary_jurisdiction",
        "amount_orig",
        "amount_orig_currency",
    ),
    layout=_layout,
    options={},
)
