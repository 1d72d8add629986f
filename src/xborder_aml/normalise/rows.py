"""The row plan: every field of a raw ledger read, and the first rule that a row breaks.

The plan is lazy and looks at one row at a time, so that polars runs it on a file larger than
memory; what it keeps of a row is what the transactions table needs.
"""

from __future__ import annotations

import polars as pl

from xborder_aml.errors import DataError
from xborder_aml.normalise import fields
from xborder_aml.normalise.raw import PARTY, SIDES, Conventions, RawLedger
from xborder_aml.schema import CURRENCY

__all__ = ["RULES", "collected", "row_plan"]

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

_NO_CURRENCY = "XXX"  # ISO 4217: the code for transactions where no currency is involved
_TEXTS = (
    "purpose", "reference", "uetr", "payment_reference", "end_to_end_reference", "label_pattern",
    "label_case",
)  # fmt: skip
_WHOLE = ("reverses", "n_transactions")


def row_plan(raw: RawLedger) -> tuple[pl.LazyFrame, list[tuple[str, str]]]:
    """Return the lazy table of read fields, and the rules that its rows were held against.

    Beside the fields, the table has ``broken``, the position in the rules of the first one that
    the row breaks (null for a sound row), and ``broken_value``, the text that broke it;
    ``is_rounded``, true where digits beyond the minor unit were rounded away; and ``unread.*``,
    true where an optional field held a text that could not be read.

    Returns
    -------
    tuple of LazyFrame and list
        One row a source row, in source order; (name, raw column) of each rule, in order.

    Raises
    ------
    ParameterError
        If the times need an option that is not given.
    """
    schema = raw.frame.collect_schema()
    found: dict[str, pl.DataType] = {n: t for n, t in schema.items() if n != "source_row"}
    _refuse_ambiguous(raw, found)
    # Cleaned in a step of its own: polars evaluates a shared part of when/then each time it is met.
    cleaned, given = _cleaned(found, raw.conventions)
    currencies = _currencies(given, raw.conventions)
    money, parties = _money(given, raw.conventions), _parties(given)
    options = _options(given, raw.conventions)
    rules = _rules(given, raw.conventions)
    broken = pl.coalesce(
        pl.when(bad).then(pl.lit(k, pl.UInt8)) for k, (_, _, bad) in enumerate(rules)
    )
    plan = (
        raw.frame.rename({name: _raw(name) for name in found})
        .with_columns(**cleaned)
        .with_columns(**currencies)
        .with_columns(**_steps(given, raw.conventions))
        .with_columns(
            executed_at=fields.time("clean.executed_at", given["executed_at"], raw.conventions),
            **money,
            **parties,
            **options,
        )
        .with_columns(broken=broken)
        .select(
            pl.col("source_row").cast(pl.Int64),
            pl.col("executed_at"),
            *parties,
            *options,
            pl.col("sent_minor", "received_minor"),
            pl.col("sent_currency", "received_currency").cast(CURRENCY),
            *(["base_minor"] if "base_minor" in money else []),
            pl.col("broken"),
            broken_value=_broken_value(rules, given),
            is_rounded=pl.any_horizontal(name for name in money if name.endswith("_rounded")),
            **_unread(given),
        )
    )
    return plan, [(name, column) for name, column, _ in rules]


def collected(plan: pl.LazyFrame, name: str) -> pl.DataFrame:
    """Run a plan over the input of that name.

    Raises
    ------
    DataError
        If the input cannot be read as a table.
    """
    try:
        return plan.collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:  # OSError: a packed file that is cut
        cause = str(error).splitlines()[0]
        raise DataError(
            f"{name} cannot be read as a table: {cause}; check that the file is whole, its "
            "delimiter and quotes, and the options time_format and timezone"
        ) from error


def _raw(name: str) -> str:
    return f"raw.{name}"


def _clean(name: str) -> pl.Expr:
    return pl.col(f"clean.{name}")


def _text(name: str, given: dict[str, pl.DataType]) -> pl.Expr:
    return fields.text(f"clean.{name}", given[name])


def _refuse_ambiguous(raw: RawLedger, found: dict[str, pl.DataType]) -> None:
    conventions = raw.conventions
    told = conventions.time_format is not None or conventions.time_unit is not None
    if found["executed_at"].is_temporal() or told:
        return
    sample = collected(raw.frame.select("executed_at").head(1_000), raw.name)["executed_at"]
    fields.refuse_ambiguous_times(sample, raw.columns.get("executed_at", "executed_at"))


def _cleaned(
    found: dict[str, pl.DataType], conventions: Conventions
) -> tuple[dict[str, pl.Expr], dict[str, pl.DataType]]:
    """Return the cleaned columns, named clean.*, and their types by raw name."""
    cleaned, given = {}, {}
    for name, dtype in found.items():
        if name.endswith("amount"):
            expr, given[name] = fields.clean_amount(_raw(name), dtype, conventions.decimal)
        else:
            expr, given[name] = fields.clean(_raw(name), dtype)
        cleaned[f"clean.{name}"] = expr
    return cleaned, given


def _currencies(given: dict[str, pl.DataType], conventions: Conventions) -> dict[str, pl.Expr]:
    names = dict(conventions.currency_names)
    if "currency" in given:
        sent = fields.currency("clean.currency", given["currency"], names)
    else:
        sent = pl.lit(_NO_CURRENCY)
    if "received_currency" not in given:
        return {"sent_currency": sent, "received_currency": sent}
    received = fields.currency("clean.received_currency", given["received_currency"], names)
    empty = _clean("received_currency").is_null()
    return {
        "sent_currency": sent,
        "received_currency": pl.when(empty).then(sent).otherwise(received),
    }


def _steps(given: dict[str, pl.DataType], conventions: Conventions) -> dict[str, pl.Expr]:
    steps = {
        f"{leg}_step": fields.minor_step(pl.col(f"{leg}_currency"))
        for leg, column in (("sent", "currency"), ("received", "received_currency"))
        if column in given
    }
    if "base_amount" in given and conventions.carried is not None:
        steps["base_step"] = fields.minor_step(pl.lit(conventions.carried))
    return steps


def _money(given: dict[str, pl.DataType], conventions: Conventions) -> dict[str, pl.Expr]:
    sent_step = "sent_step" if "currency" in given else None
    out = dict(
        zip(
            ("sent_minor", "sent_rounded", "sent_number"),
            fields.amount("clean.amount", sent_step),
            strict=True,
        )
    )
    same = pl.col("sent_currency") == pl.col("received_currency")
    if "received_amount" in given:
        step = "received_step" if "received_currency" in given else sent_step
        received, rounded, number = fields.amount("clean.received_amount", step)
        # An empty received amount is the sent one, unless it was converted: then it is missing.
        same = same & _clean("received_amount").is_null()
        out["received_minor"] = pl.when(same).then(out["sent_minor"]).otherwise(received)
        out |= {"received_rounded": rounded, "received_number": number}
    else:
        out["received_minor"] = pl.when(same).then(out["sent_minor"])
    if "base_amount" in given and conventions.carried is not None:
        out["base_minor"] = fields.amount("clean.base_amount", "base_step")[0]
    return out


def _parties(given: dict[str, pl.DataType]) -> dict[str, pl.Expr]:
    names = [side + suffix for side in SIDES for suffix in PARTY.values()]
    return {
        name: _text(name, given).str.replace_all(r"\s+", " ")
        if name.endswith("_holder")
        else _text(name, given)
        for name in names
        if name in given
    }


def _options(given: dict[str, pl.DataType], conventions: Conventions) -> dict[str, pl.Expr]:
    out = {name: _text(name, given) for name in _TEXTS if name in given}
    readers = {
        **dict.fromkeys(_WHOLE, fields.integer),
        "transaction_id": fields.integer,
        "instrument": fields.instrument,
        "is_illicit": fields.boolean,
        "is_cover": fields.boolean,
    }
    for name, read in readers.items():
        if name in given:
            out[name] = read(f"clean.{name}", given[name])
    if "transaction_id" in given and not given["transaction_id"].is_integer():
        out["transaction_text"] = _text("transaction_id", given)
    if "executed_until" in given:
        out["executed_until"] = fields.time(
            "clean.executed_until", given["executed_until"], conventions
        )
    return out


def _unread(given: dict[str, pl.DataType]) -> dict[str, pl.Expr]:
    names = (*_WHOLE, "executed_until", "is_illicit", "is_cover")
    return {
        f"unread.{name}": _clean(name).is_not_null() & pl.col(name).is_null()
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
        ("executed_at_missing", "executed_at", _clean("executed_at").is_null()),
        ("executed_at_unreadable", "executed_at", pl.col("executed_at").is_null()),
    ]
    for side in SIDES:
        known = [pl.col(n) for n in (side, f"{side}_holder") if n in given]
        rules.append((f"{side}_missing", side, pl.coalesce(known).is_null()))
    if "currency" in given:
        rules += [
            ("currency_missing", "currency", _clean("currency").is_null()),
            ("currency_unknown", "currency", pl.col("sent_currency").is_null()),
        ]
    rules.append(("amount_missing", "amount", _clean("amount").is_null()))
    rules += _amount_rules("sent", "amount", signed)
    received_empty = pl.lit(value=True)
    if "received_amount" in given:
        received_empty = _clean("received_amount").is_null()
    if "received_currency" in given:
        unknown = pl.col("received_currency").is_null()
        converted = pl.col("received_currency") != pl.col("sent_currency")
        rules += [
            ("received_currency_unknown", "received_currency", unknown),
            ("received_amount_missing", "received_currency", converted & received_empty),
        ]
    if "received_amount" in given:
        rules += [
            (f"received_{rule}", column, broken & received_empty.not_())
            for rule, column, broken in _amount_rules("received", "received_amount", signed)
        ]
    if "base_amount" in given and conventions.carried is not None:
        unread = _clean("base_amount").is_not_null() & pl.col("base_minor").is_null()
        rules.append(("base_amount_unreadable", "base_amount", unread))
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


def _broken_value(rules: list[tuple[str, str, pl.Expr]], given: dict[str, pl.DataType]) -> pl.Expr:
    """Return the text, as it stood, of the column that broke a rule."""
    positions: dict[str, list[int]] = {}
    for k, (_, column, _) in enumerate(rules):
        if column in given:
            positions.setdefault(column, []).append(k)
    return pl.coalesce(
        pl.when(pl.col("broken").is_in(ks)).then(pl.col(_raw(column)).cast(pl.String))
        for column, ks in positions.items()
    )
