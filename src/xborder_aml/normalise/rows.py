"""The row plan: every field of a raw ledger read, and the first rule that a row breaks.

The plan is lazy and looks at one row at a time, so that polars runs it on a file larger than
memory; what it keeps of a row is what the transactions table needs.
"""

from __future__ import annotations

import polars as pl

from xborder_aml.normalise import fields
from xborder_aml.normalise.raw import PARTY, SIDES, Conventions, RawLedger
from xborder_aml.schema import CURRENCY

__all__ = ["RULES", "row_plan"]

RULES: dict[str, str] = {
    "row_blank": "No field of the row holds anything.",
    "fields_too_many": "The row has more fields than the header.",
    "executed_at_missing": "No booking time.",
    "executed_at_unreadable": "The booking time cannot be read.",
    "originator_missing": "Neither an account nor a holder on the paying side.",
    "beneficiary_missing": "Neither an account nor a holder on the receiving side.",
    "currency_missing": "No currency.",
    "currency_unknown": "The currency is not an ISO 4217 code or known name.",
    "amount_missing": "No amount.",
    "amount_unreadable": "The amount is not a number.",
    "amount_too_large": "The amount does not fit 64 bits of minor units.",
    "amount_negative": "A negative amount in a source whose sign has no meaning.",
    "received_currency_unknown": "The received currency is not an ISO 4217 code or known name.",
    "received_amount_missing": "A received currency other than the sent one, without an amount.",
    "received_amount_unreadable": "The received amount is not a number.",
    "received_amount_too_large": "The received amount does not fit 64 bits of minor units.",
    "received_amount_negative": "A negative received amount whose sign has no meaning.",
    "base_amount_unreadable": "The carried base amount is not a number, or too large.",
    "base_amount_too_large": "The converted amount does not fit 64 bits of minor units.",
}
"""Every rule, in the order in which a row is held against them; a row is rejected by its first."""

_TEXTS = ("purpose", "reference", "label_pattern", "label_case")
_WHOLE = ("reverses", "n_transactions")


def row_plan(raw: RawLedger) -> pl.LazyFrame:
    """Return the lazy table of read fields, one row a source row, in source order.

    Beside the fields it has ``rule``, ``rule_column`` and ``rule_value``, null for a sound row;
    ``is_rounded``, true where digits beyond the minor unit were rounded away; and ``unread.*``,
    true where an optional field held a text that could not be read.

    Raises
    ------
    ParameterError
        If the times need an option that is not given.
    """
    schema = raw.frame.collect_schema()
    given: dict[str, pl.DataType] = {n: t for n, t in schema.items() if n != "source_row"}
    _refuse_ambiguous(raw, given)
    plan = raw.frame.rename({name: _raw(name) for name in given})
    options = _options(given, raw.conventions)
    money = _money(given, raw.conventions)
    rule, column, value = _first_broken(_rules(given, raw.conventions), given)
    return (
        plan.with_columns(**_currencies(given, raw.conventions))
        .with_columns(
            executed_at=fields.time(
                _raw("executed_at"), given["executed_at"], raw.conventions
            ),
            **money,
            **_parties(given),
            **options,
        )
        .select(
            pl.col("source_row").cast(pl.Int64),
            pl.col("executed_at"),
            *_parties(given),
            *options,
            pl.col("sent_minor", "received_minor"),
            pl.col("sent_currency", "received_currency").cast(CURRENCY),
            *(["base_minor"] if "base_minor" in money else []),
            is_rounded=pl.col("sent_rounded") | pl.col("received_rounded"),
            rule=rule,
            rule_column=column,
            rule_value=value,
            **_unread(given),
        )
    )


def _raw(name: str) -> str:
    return f"raw.{name}"


def _text(name: str, given: dict[str, pl.DataType]) -> pl.Expr:
    return fields.text(_raw(name), given[name])


def _refuse_ambiguous(raw: RawLedger, given: dict[str, pl.DataType]) -> None:
    conventions = raw.conventions
    named = conventions.time_format is not None or conventions.time_unit is not None
    if given["executed_at"].is_temporal() or named:
        return
    sample = raw.frame.select("executed_at").head(1_000).collect()["executed_at"]
    fields.refuse_ambiguous_times(sample, raw.columns.get("executed_at", "executed_at"))


def _currencies(given: dict[str, pl.DataType], conventions: Conventions) -> dict[str, pl.Expr]:
    names = dict(conventions.currency_names)
    if "currency" in given:
        sent = fields.currency(_raw("currency"), given["currency"], names)
    else:
        sent = pl.lit("XXX")  # ISO 4217: no currency involved
    if "received_currency" not in given:
        return {"sent_currency": sent, "received_currency": sent}
    received = fields.currency(_raw("received_currency"), given["received_currency"], names)
    empty = _text("received_currency", given).is_null()
    return {
        "sent_currency": sent,
        "received_currency": pl.when(empty).then(sent).otherwise(received),
    }


def _money(given: dict[str, pl.DataType], conventions: Conventions) -> dict[str, pl.Expr]:
    def read(name: str, code: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
        return fields.amount(_raw(name), given[name], code, conventions.decimal)

    sent, rounded, number = read("amount", pl.col("sent_currency"))
    out = {"sent_minor": sent, "sent_rounded": rounded.fill_null(value=False)}
    out["sent_number"] = number
    if "received_amount" in given:
        received, again, number = read("received_amount", pl.col("received_currency"))
        # An empty received amount is the sent one, unless it was converted: then it is missing.
        same = _text("received_amount", given).is_null() & (
            pl.col("sent_currency") == pl.col("received_currency")
        )
        out["received_minor"] = pl.when(same).then(sent).otherwise(received)
        out["received_rounded"] = again.fill_null(value=False)
        out["received_number"] = number
    else:
        same = pl.col("sent_currency") == pl.col("received_currency")
        out["received_minor"] = pl.when(same).then(sent)
        out["received_rounded"] = pl.lit(value=False)
    if "base_amount" in given and conventions.carried is not None:
        out["base_minor"] = read("base_amount", pl.lit(conventions.carried))[0]
    return out


def _parties(given: dict[str, pl.DataType]) -> dict[str, pl.Expr]:
    names = [side + suffix for side in SIDES for suffix in PARTY.values()]
    out = {name: _text(name, given) for name in names if name in given}
    for side in SIDES:
        holder = f"{side}_holder"
        if holder in given:
            out[holder] = out[holder].str.replace_all(r"\s+", " ")
    return out


def _options(given: dict[str, pl.DataType], conventions: Conventions) -> dict[str, pl.Expr]:
    out = {name: _text(name, given) for name in _TEXTS if name in given}
    for name in _WHOLE:
        if name in given:
            out[name] = fields.integer(_raw(name), given[name])
    if "transaction_id" in given:
        out["transaction_id"] = fields.integer(_raw("transaction_id"), given["transaction_id"])
        if not given["transaction_id"].is_integer():
            out["transaction_text"] = _text("transaction_id", given)
    if "executed_until" in given:
        out["executed_until"] = fields.time(
            _raw("executed_until"), given["executed_until"], conventions
        )
    if "instrument" in given:
        out["instrument"] = fields.instrument(_raw("instrument"), given["instrument"])
    if "is_illicit" in given:
        out["is_illicit"] = fields.boolean(_raw("is_illicit"), given["is_illicit"])
    return out


def _unread(given: dict[str, pl.DataType]) -> dict[str, pl.Expr]:
    names = (*_WHOLE, "executed_until", "is_illicit")
    return {
        f"unread.{name}": _text(name, given).is_not_null() & pl.col(name).is_null()
        for name in names
        if name in given
    }


def _rules(
    given: dict[str, pl.DataType], conventions: Conventions
) -> list[tuple[str, str, pl.Expr]]:
    """List (rule, raw column, true where broken) in the order of `RULES`."""
    signed = conventions.negative_amounts == "absolute"
    blank = pl.all_horizontal(pl.col(_raw(name)).is_null() for name in given)
    rules = [("row_blank", "executed_at", blank)]
    if "overflow" in given:
        rules.append(("fields_too_many", "overflow", pl.col(_raw("overflow")).is_not_null()))
    rules += [
        ("executed_at_missing", "executed_at", _text("executed_at", given).is_null()),
        ("executed_at_unreadable", "executed_at", pl.col("executed_at").is_null()),
    ]
    for side in SIDES:
        known = [pl.col(n) for n in (side, f"{side}_holder") if n in given]
        rules.append((f"{side}_missing", side, pl.coalesce(known).is_null()))
    if "currency" in given:
        rules += [
            ("currency_missing", "currency", _text("currency", given).is_null()),
            ("currency_unknown", "currency", pl.col("sent_currency").is_null()),
        ]
    rules.append(("amount_missing", "amount", _text("amount", given).is_null()))
    rules += _amount_rules("sent", "amount", signed)
    if "received_currency" in given:
        unknown = pl.col("received_currency").is_null()
        rules.append(("received_currency_unknown", "received_currency", unknown))
        converted = pl.col("received_currency") != pl.col("sent_currency")
        absent = pl.lit(value=True)
        if "received_amount" in given:
            absent = _text("received_amount", given).is_null()
        rules.append(("received_amount_missing", "received_currency", converted & absent))
    if "received_amount" in given:
        rules += [
            (f"received_{rule}", column, broken & _text("received_amount", given).is_not_null())
            for rule, column, broken in _amount_rules("received", "received_amount", signed)
        ]
    if "base_amount" in given and conventions.carried is not None:
        given_base = _text("base_amount", given).is_not_null()
        rules.append(
            ("base_amount_unreadable", "base_amount", given_base & pl.col("base_minor").is_null())
        )
    return rules


def _amount_rules(leg: str, column: str, signed: bool) -> list[tuple[str, str, pl.Expr]]:
    minor, number = pl.col(f"{leg}_minor"), pl.col(f"{leg}_number")
    rules = [
        ("amount_unreadable", column, minor.is_null() & number.not_()),
        ("amount_too_large", column, minor.is_null() & number),
    ]
    if not signed:
        rules.append(("amount_negative", column, minor < 0))
    return rules


def _first_broken(
    rules: list[tuple[str, str, pl.Expr]], given: dict[str, pl.DataType]
) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return rule, raw column and value as it stood of the first rule that each row breaks."""
    rule = pl.coalesce([pl.when(bad).then(pl.lit(name)) for name, _, bad in rules])
    column = pl.coalesce([pl.when(bad).then(pl.lit(raw)) for _, raw, bad in rules])
    values = [
        pl.when(column == raw).then(pl.col(_raw(raw)).cast(pl.String))
        for raw in dict.fromkeys(raw for _, raw, _ in rules)
        if raw in given
    ]
    return rule, column, pl.coalesce(values)
