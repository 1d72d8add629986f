"""SAML-D: one CSV file, with both banks' countries and 28 typologies, honest ones among them.

Date and time stand in two columns. The file gives one amount, though the two currencies of a
payment may differ, and says no rate: so the amount stands on both legs as it is, and the base
amount is the nominal amount in ``XXX`` (ISO 4217: no currency), which nobody reads as pounds.
``label_pattern`` is the typology in lower case with underscores, on honest transactions too
(``normal_fan_out``); ``is_illicit`` tells which is which. The file says nothing about instances of
a typology, so there is no ``label_case``.

References
----------
Oztas et al., Enhancing Anti-Money Laundering: Development of a Synthetic Transaction Monitoring
Dataset, IEEE International Conference on e-Business Engineering 2023.
"""

from __future__ import annotations

import polars as pl

from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.sources._spec import Request, Source, lay_out, word

__all__ = ["SAML_D"]

_COLUMNS = {
    "executed_at": "Date",
    "originator": "Sender_account",
    "beneficiary": "Receiver_account",
    "amount": "Amount",
    "currency": "Payment_currency",
    "received_amount": "Amount",
    "received_currency": "Received_currency",
    "base_amount": "Amount",
    "originator_jurisdiction": "Sender_bank_location",
    "beneficiary_jurisdiction": "Receiver_bank_location",
    "instrument": "Payment_type",
    "is_illicit": "Is_laundering",
    "label_pattern": "Laundering_type",
}
_CURRENCIES = {
    "ALBANIAN LEK": "ALL",
    "DIRHAM": "AED",
    "EURO": "EUR",
    "INDIAN RUPEE": "INR",
    "MEXICAN PESO": "MXN",
    "MOROCCAN DIRHAM": "MAD",
    "NAIRA": "NGN",
    "PAKISTANI RUPEE": "PKR",
    "SWISS FRANC": "CHF",
    "TURKISH LIRA": "TRY",
    "UK POUNDS": "GBP",
    "US DOLLAR": "USD",
    "YEN": "JPY",
}
_COUNTRIES = {
    "Albania": "AL",
    "Austria": "AT",
    "France": "FR",
    "Germany": "DE",
    "India": "IN",
    "Italy": "IT",
    "Japan": "JP",
    "Mexico": "MX",
    "Morocco": "MA",
    "Netherlands": "NL",
    "Nigeria": "NG",
    "Pakistan": "PK",
    "Spain": "ES",
    "Switzerland": "CH",
    "Turkey": "TR",
    "UAE": "AE",
    "UK": "GB",
    "USA": "US",
}


def _layout(frame: pl.LazyFrame, _request: Request) -> RawLedger:
    # An unknown country stays as it is, so that the reading tells of it.
    places = {
        raw: word(own).replace(_COUNTRIES)
        for raw, own in _COLUMNS.items()
        if raw.endswith("_jurisdiction")
    }
    derived = {
        "executed_at": pl.concat_str([word("Date"), word("Time")], separator=" "),
        "label_pattern": word("Laundering_type")
        .str.to_lowercase()
        .str.replace_all(r"[^a-z0-9]+", "_"),
        **places,
    }
    conventions = Conventions(
        resolution="1s", base_currency="XXX", carried="XXX", currency_names=_CURRENCIES
    )
    return lay_out(frame, _COLUMNS, conventions, derived=derived)


SAML_D = Source(
    name="saml_d",
    description="SAML-D: one CSV of payments with both currencies, both countries and typologies.",
    columns=(
        "Time",
        "Date",
        "Sender_account",
        "Receiver_account",
        "Amount",
        "Payment_currency",
        "Received_currency",
        "Sender_bank_location",
        "Receiver_bank_location",
        "Payment_type",
        "Is_laundering",
        "Laundering_type",
    ),
    layout=_layout,
    options={},
)
