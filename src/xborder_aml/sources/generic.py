"""Any ledger, by a mapping of its columns.

``columns={"originator": "nameOrig", "amount": "amt", ...}`` maps the names of
`normalise.RAW_COLUMNS` to the ledger's own; a name that the ledger uses itself needs no mapping. A
value that begins with ``=`` is a constant: ``currency="=EUR"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import polars as pl

from xborder_aml.errors import ParameterError, SchemaError, did_you_mean
from xborder_aml.jurisdictions import CURRENCIES
from xborder_aml.normalise import RAW_COLUMNS, Conventions, RawLedger
from xborder_aml.sources._input import OVERFLOW
from xborder_aml.sources._spec import Request, Source, lay_out

__all__ = ["GENERIC"]

_NEEDED = ("executed_at", "originator", "beneficiary", "amount")
_OPTIONS: Mapping[str, str] = {
    "delimiter": "Delimiter of a CSV file; found from its header by default.",
    "time_format": "strptime format of the times, e.g. '%d/%m/%Y %H:%M'.",
    "timezone": "Zone of times that carry none; UTC by default.",
    "epoch": "Date from which times that are numbers count; 1970-01-01 by default.",
    "time_unit": "Unit of times that are numbers: us, ms, s, m, h or d.",
    "decimal": "Decimal mark of amounts, '.' or ','.",
    "currency_names": "Names to ISO 4217 codes: {'US Dollar': 'USD'}, or 'US Dollar=USD,Yen=JPY'.",
    "resolution": "Finest step of the times; found from them by default.",
    "negative_amounts": "'reject', or 'absolute' where the sign has no meaning.",
    "mirrors": "True collapses payments that are booked on both sides with opposite signs.",
    "unify_accounts": "True takes an account number for the one IBAN whose tail it is.",
    "holder_seat": "True places an account in its holder's jurisdiction if nothing else does.",
}


def _layout(frame: pl.LazyFrame, request: Request) -> RawLedger:
    have = [n for n in frame.collect_schema().names() if n not in ("source_row", OVERFLOW)]
    columns, constants = _mapping(request.columns or {}, have)
    missing = [name for name in _NEEDED if name not in columns and name not in constants]
    if missing:
        raise SchemaError(
            f"source 'generic' does not know which column is {missing[0]!r}; map it with "
            f"columns={{{missing[0]!r}: ...}} (the input has {', '.join(map(repr, have))})"
        )
    if "base_amount" in columns and request.base_currency is None:
        raise ParameterError(
            f"column {columns['base_amount']!r} holds base amounts; say their currency with "
            "base_currency="
        )
    conventions = _conventions(
        dict(request.options or {}),
        carried=request.base_currency if "base_amount" in columns else None,
    )
    derived = {raw: pl.lit(value) for raw, value in constants.items()}
    return lay_out(frame, columns, conventions, derived=derived)


def _mapping(asked: Mapping[str, str], have: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Split a user's mapping into columns and constants, and check both ends."""
    columns = {name: name for name in RAW_COLUMNS if name in have}
    constants = {}
    for raw, own in asked.items():
        if raw not in RAW_COLUMNS:
            raise ParameterError(
                f"columns maps {raw!r}{did_you_mean(raw, RAW_COLUMNS)}, which is none of "
                f"{', '.join(RAW_COLUMNS)}"
            )
        columns.pop(raw, None)
        if own.startswith("="):
            constants[raw] = own[1:]
        elif own in have:
            columns[raw] = own
        else:
            raise SchemaError(
                f"columns maps {raw!r} to {own!r}{did_you_mean(own, have)}, and the input has "
                f"{', '.join(map(repr, have))}"
            )
    return columns, constants


def _conventions(options: dict[str, Any], carried: str | None) -> Conventions:
    known = {field.name for field in fields(Conventions)}
    chosen = {name: value for name, value in options.items() if name in known}
    for name, allowed in (("decimal", (".", ",")), ("negative_amounts", ("reject", "absolute"))):
        if name in chosen and chosen[name] not in allowed:
            raise ParameterError(
                f"{name} is {chosen[name]!r}; it may be {' or '.join(map(repr, allowed))}"
            )
    names = _currency_names(chosen.pop("currency_names", {}))
    return Conventions(carried=carried, currency_names=names, **chosen)


def _currency_names(given: Mapping[str, str] | str) -> dict[str, str]:
    """Read a mapping of names to codes, also as the text that a command line can give."""
    if isinstance(given, str):
        pairs = [pair.partition("=") for pair in given.split(",")]
        given = {name: code for name, _, code in pairs}
    names = {name.strip().upper(): code.strip().upper() for name, code in given.items()}
    for name, code in names.items():
        if code not in CURRENCIES:
            raise ParameterError(
                f"currency_names maps {name!r} to {code!r}, which is no ISO 4217 code such as "
                "'EUR'; write it as 'US Dollar=USD,Yen=JPY'"
            )
    return names


GENERIC = Source(
    name="generic",
    description="Any ledger, by a mapping of its columns.",
    columns=(),
    layout=_layout,
    options=_OPTIONS,
)
