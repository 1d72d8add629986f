"""AMLGentex's output: tx_log.parquet (or the .csv of its early versions).

A step is a day after the base date of the configuration, which the log does not repeat: times
start at the option `epoch`. The money has no currency (``XXX``), and float amounts are rounded
to two decimals. An account moves between banks, so its key is its number alone. Wages come from an
account `source` and spending goes to `sink`: the world outside, of kind `other`. Rows of type
INITALBALANCE [sic] tell what an account holds at the start, and are payments from `source`; the
type is kept as the purpose, so that a filter can leave them out.

A pattern instance is ``label_case``, of honest patterns too, and ``label_pattern`` its type;
``is_illicit`` is ``isSAR``. Early versions number the types otherwise, so their type stays a
number (``type_11``).

References
----------
Ostman et al., AMLgentex: Mobilizing Data-Driven Research to Combat Money Laundering,
arXiv:2506.13989, 2025.
"""

from __future__ import annotations

import polars as pl

from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.sources._spec import Request, Source, lay_out, word

__all__ = ["AMLGENTEX"]

_COLUMNS = {
    "executed_at": "step",
    "originator": "nameOrig",
    "beneficiary": "nameDest",
    "amount": "amount",
    "instrument": "type",
    "purpose": "type",
    "is_illicit": "isSAR",
    "label_pattern": "modelType",
}
_EPOCH = "2023-01-01"
_OUTSIDE = ("source", "sink")
_PATTERNS = {
    "0": None,  # wages and spending: no pattern
    "1": "fan_out",
    "2": "fan_in",
    "3": "cycle",
    "4": "bipartite",
    "5": "stack",
    "6": "random",
    "7": "scatter_gather",
    "8": "gather_scatter",
    "10": "normal_single",
    "11": "normal_fan_out",
    "12": "normal_fan_in",
    "13": "normal_forward",
    "14": "normal_mutual",
    "15": "normal_periodical",
}


def _layout(frame: pl.LazyFrame, request: Request) -> RawLedger:
    have = frame.collect_schema().names()
    options = request.options or {}
    case = "patternID" if "patternID" in have else "alertID"
    derived = {"currency": pl.lit("XXX"), "label_pattern": _pattern(have)}
    if case in have:
        # -1 says that the transaction belongs to no pattern.
        derived["label_case"] = pl.when(word(case) != "-1").then(word(case))
    for side, number, bank in (
        ("originator", "nameOrig", "bankOrig"),
        ("beneficiary", "nameDest", "bankDest"),
    ):
        outside = word(bank).is_in(_OUTSIDE)
        derived[side] = pl.when(outside).then(word(bank)).otherwise(word(number))
        derived[f"{side}_kind"] = pl.when(outside).then(pl.lit("other")).otherwise(pl.lit("person"))
    conventions = Conventions(
        resolution="1d",
        base_currency="XXX",
        epoch=str(options.get("epoch", _EPOCH)),
        time_unit="d",
    )
    return lay_out(frame, _COLUMNS, conventions, derived=derived)


def _pattern(have: list[str]) -> pl.Expr:
    unnamed = pl.concat_str(pl.lit("type_"), word("modelType"))
    if "patternID" not in have:
        return unnamed
    return word("modelType").replace_strict(_PATTERNS, default=unnamed, return_dtype=pl.String)


AMLGENTEX = Source(
    name="amlgentex",
    description="AMLGentex: tx_log.parquet, payments of persons by the day, no borders.",
    columns=(
        "step",
        "type",
        "amount",
        "nameOrig",
        "bankOrig",
        "nameDest",
        "bankDest",
        "isSAR",
        "modelType",
    ),
    layout=_layout,
    options={"epoch": f"Base date of the simulation, as YYYY-MM-DD; {_EPOCH} by default."},
)
