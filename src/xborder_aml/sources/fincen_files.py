"""The FinCEN Files (ICIJ): sums of payments between banks, from suspicious activity reports.

A row sums the payments of a date range, so it keeps both ends and the count. An account is a
bank's office in a country (``bank_id|alpha-2``): the same bank id stands in several countries, and
its offices share a holder. Rows that equal another in all but their id are kept, because ICIJ's
published totals count them; the summary tells how many they are. A range whose end lies before its
begin is put the right way round and counted. A row without dates is a reject.
"""

from __future__ import annotations

import polars as pl

from xborder_aml.jurisdictions import JURISDICTION_CODES
from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.sources._spec import Request, Source, lay_out, word

__all__ = ["FINCEN_FILES"]

_COLUMNS = {
    "transaction_id": "id",
    "reference": "icij_sar_id",
    "executed_at": "begin_date",
    "executed_until": "end_date",
    "originator": "originator_bank_id",
    "beneficiary": "beneficiary_bank_id",
    "originator_jurisdiction": "originator_iso",
    "beneficiary_jurisdiction": "beneficiary_iso",
    "amount": "amount_transactions",
    "n_transactions": "number_transactions",
}


def _layout(frame: pl.LazyFrame, _request: Request) -> RawLedger:
    def office(side: str) -> pl.Expr:
        country = (
            word(f"{side}_iso")
            .str.to_uppercase()
            .replace_strict(JURISDICTION_CODES, default="", return_dtype=pl.String)
            .fill_null("")
        )
        return pl.concat_str([word(f"{side}_bank_id"), country], separator="|")

    derived = {
        "currency": pl.lit("USD"),
        "instrument": pl.lit("wire"),
    }
    for side in ("originator", "beneficiary"):
        derived[side] = office(side)
        derived[f"{side}_holder"] = pl.col(f"{side}_bank_id")
        derived[f"{side}_kind"] = pl.lit("bank")
    conventions = Conventions(resolution="1d", base_currency="USD")
    return lay_out(frame, _COLUMNS, conventions, derived=derived)


FINCEN_FILES = Source(
    name="fincen_files",
    description="ICIJ's FinCEN Files: payments between banks, summed over date ranges.",
    columns=(
        "id",
        "begin_date",
        "end_date",
        "originator_bank_id",
        "originator_iso",
        "beneficiary_bank_id",
        "beneficiary_iso",
        "number_transactions",
        "amount_transactions",
    ),
    layout=_layout,
    options={},
)
