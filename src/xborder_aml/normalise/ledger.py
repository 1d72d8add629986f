"""From a raw ledger to the canonical tables, with counts that add up.

Stages, in order: read every field (`rows`), set broken rows aside, find accounts (`parties`),
collapse mirror bookings, link cover payments (`covers`), number the transactions, convert to the
base currency (`rates`).
"""

from __future__ import annotations

import logging
from typing import Any, Literal, NamedTuple

import polars as pl

from xborder_aml.errors import DataError, ParameterError
from xborder_aml.jurisdictions import CURRENCIES
from xborder_aml.normalise import rates as rating
from xborder_aml.normalise.covers import link_covers
from xborder_aml.normalise.parties import find_parties, put_parties
from xborder_aml.normalise.raw import SIDES, Conventions, RawLedger
from xborder_aml.normalise.returns import link_returns
from xborder_aml.normalise.rows import collected, row_plan
from xborder_aml.schema import CURRENCY, REJECTS, RESOLUTIONS, TRANSACTIONS

__all__ = ["Ledger", "normalise"]

logger = logging.getLogger(__name__)

_STEPS = {"1d": 86_400 * 10**6, "1h": 3_600 * 10**6, "1m": 60 * 10**6, "1s": 10**6, "1ms": 1_000}


class Ledger(NamedTuple):
    """A ledger that has been read.

    Parameters
    ----------
    transactions
        Canonical table `schema.TRANSACTIONS`, in source order.
    accounts
        Canonical table `schema.ACCOUNTS`: every account of the ledger, and those that came with
        it.
    rejects
        Table `schema.REJECTS`: one row a source row that could not become a transaction.
    summary
        Counts; ``rows_read`` is ``transactions + mirrors_collapsed + covers_linked + rejects``.
    """

    transactions: pl.DataFrame
    accounts: pl.DataFrame
    rejects: pl.DataFrame
    summary: dict[str, Any]


def normalise(
    raw: RawLedger,
    *,
    base_currency: str | None = None,
    rates: pl.DataFrame | None = None,
    on_missing_rate: Literal["raise", "keep"] = "raise",
    strict: bool = False,
) -> Ledger:
    """Turn a raw ledger into the canonical tables.

    The rows are read lazily by polars' streaming engine, so the source may be larger than memory;
    the read fields, which become the transactions table, are held in it.

    Parameters
    ----------
    raw
        What a source handed over.
    base_currency
        ISO 4217 code to convert to; by default the source's own convention, or the one currency
        of a ledger that has one.
    rates
        Table `schema.RATES` in units of the base currency; goes before every other rate.
    on_missing_rate
        ``"raise"``, or ``"keep"`` to leave the base amount null and count it.
    strict
        Raise at the first broken rows instead of setting them aside.

    Raises
    ------
    DataError
        If `strict` and a row is broken, or the input cannot be read as a table.
    RateMissingError
        If an amount cannot be converted and `on_missing_rate` is ``"raise"``.
    ParameterError
        If an option is unknown, or contradicts the ledger.
    """
    if on_missing_rate not in ("raise", "keep"):
        raise ParameterError(f"on_missing_rate is {on_missing_rate!r}; it may be 'raise' or 'keep'")
    if base_currency is not None and base_currency not in CURRENCIES:
        raise ParameterError(
            f"base_currency is {base_currency!r}, which is no ISO 4217 code such as 'EUR'"
        )
    plan, rules = row_plan(raw)
    read = collected(plan, raw.name)
    rejects = _rejects(read, rules, raw)
    rows = read.filter(pl.col("broken").is_null()) if rejects.height else read
    parties = find_parties(rows, raw.conventions, raw.accounts)
    rows = put_parties(rows, parties)
    rows, notes = _signs(rows, raw.conventions)
    rows, kept_ids = _numbered(rows)
    if raw.conventions.returns is not None:
        rows = link_returns(rows, parties.accounts, raw.conventions.returns)
    rows, base, how, large = _based(rows, raw.conventions, base_currency, rates, on_missing_rate)
    rejects = pl.concat([rejects, large]).sort("source_row")
    if strict:
        _refuse(rejects)
    rows, resolution = _timed(rows, raw.conventions)
    transactions = TRANSACTIONS.conform(rows)
    accounts = _labelled(parties.accounts, transactions)
    summary = {
        "rows_read": read.height,
        "transactions": transactions.height,
        **notes,
        "rejects": rejects.height,
        "rejects_by_rule": _counts(rejects["rule"]),
        "ids": "source" if kept_ids else "source_row",
        "resolution": resolution,
        "base_currency": base,
        "base_amounts": how,
        **_told(rows, transactions),
        **parties.counts,
    }
    for name, n in summary["unread"].items():
        if n:
            logger.warning("%s: %d values cannot be read, and are left empty", name, n)
    if summary["jurisdiction_texts_unknown"]:
        lost = ", ".join(map(repr, summary["jurisdiction_texts_unknown"]))
        logger.warning("no jurisdiction is known by %s: left empty", lost)
    logger.info(
        "read %d rows: %d transactions, %d mirror bookings, %d cover payments, %d rejects",
        read.height,
        transactions.height,
        notes["mirrors_collapsed"],
        notes["covers_linked"],
        rejects.height,
    )
    return Ledger(transactions, accounts, rejects, summary)


def _told(rows: pl.DataFrame, transactions: pl.DataFrame) -> dict[str, Any]:
    """Return the counts that tell how much of the ledger could be read."""
    return {
        "repeats_kept": _repeats(transactions),
        "returns_linked": transactions.height - transactions["reverses"].null_count(),
        "amounts_rounded": int(rows["is_rounded"].sum()),
        "base_amounts_missing": transactions["base_minor"].null_count(),
        "currencies": _counts(transactions["sent_currency"]),
        "jurisdictions_missing": {
            side: transactions[f"{side}_jurisdiction"].null_count() for side in SIDES
        },
        "unread": {
            name.removeprefix("unread."): int(rows[name].sum())
            for name in rows.columns
            if name.startswith("unread.")
        },
    }


def _rejects(read: pl.DataFrame, rules: list[tuple[str, str]], raw: RawLedger) -> pl.DataFrame:
    names = {k: name for k, (name, _) in enumerate(rules)}
    headers = {k: raw.columns.get(column, column) for k, (_, column) in enumerate(rules)}
    return REJECTS.conform(
        read.drop_nulls("broken").select(
            "source_row",
            source_column=pl.col("broken").replace_strict(headers, return_dtype=pl.String),
            rule=pl.col("broken").replace_strict(names, return_dtype=pl.String),
            value="broken_value",
        )
    )


def _refuse(rejects: pl.DataFrame) -> None:
    if not rejects.height:
        return
    first = [
        f"row {row}: {rule} ({column} is {value!r})"
        for row, column, rule, value in rejects.head(3).iter_rows()
    ]
    raise DataError(
        f"{rejects.height} rows cannot become transactions: {'; '.join(first)}"
        f"{'; ...' if rejects.height > 3 else ''}. Mend the source, or read it with strict=False, "
        "which sets such rows aside in the rejects table"
    )


def _signs(rows: pl.DataFrame, conventions: Conventions) -> tuple[pl.DataFrame, dict[str, int]]:
    """Make one row of the bookings of one payment, drop signs, put ranges the right way round."""
    before = rows.height
    if conventions.mirrors:
        rows = _collapsed(rows)
    if conventions.negative_amounts == "absolute":
        money = [
            name for name in ("sent_minor", "received_minor", "base_minor") if name in rows.columns
        ]
        rows = rows.with_columns(pl.col(money).abs())
    notes = {
        "mirrors_collapsed": before - rows.height,
        "amounts_zero": int((rows["sent_minor"] == 0).sum()),
    }
    if "executed_until" in rows.columns:
        reversed_ = (pl.col("executed_until") < pl.col("executed_at")).fill_null(value=False)
        notes["ranges_reversed"] = rows.filter(reversed_).height
        first = pl.min_horizontal("executed_at", "executed_until")
        last = pl.max_horizontal("executed_at", "executed_until")
        rows = rows.with_columns(
            executed_at=first,
            executed_until=pl.when(pl.col("executed_until").is_not_null()).then(last),
        )
    rows, covers = link_covers(rows)
    return rows, notes | covers


def _collapsed(rows: pl.DataFrame) -> pl.DataFrame:
    """Make one transaction of the two bookings of a payment between two statements.

    Both bookings agree in time, accounts, currency and absolute amount and differ in sign. Of
    several alike, the k-th negative is paired with the k-th positive. The earlier row stays and
    remembers the other.
    """
    same = ["executed_at", "originator", "beneficiary", "sent_currency", "size"]
    signed = rows.select(
        "source_row",
        *same[:-1],
        size=pl.col("sent_minor").abs(),
        debit=pl.col("sent_minor") < 0,
    ).with_columns(turn=pl.col("source_row").cum_count().over([*same, "debit"]))
    debits = signed.filter("debit").drop("debit")
    others = signed.filter(pl.col("debit").not_(), pl.col("size") > 0).drop("debit")
    pairs = debits.join(others, on=[*same, "turn"], suffix="_other").select(
        source_row=pl.min_horizontal("source_row", "source_row_other"),
        mirror_row=pl.max_horizontal("source_row", "source_row_other"),
    )
    gone = pairs.select(source_row="mirror_row")
    return rows.join(gone, on="source_row", how="anti", maintain_order="left").join(
        pairs, on="source_row", how="left", maintain_order="left"
    )


def _numbered(rows: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """Keep the source's ids where all are whole and distinct, else take the source row.

    Then the source's text stays as reference, so that nobody loses the way back.
    """
    by_row = rows.with_columns(
        source_reference="reference" if "reference" in rows.columns else pl.lit(None, pl.String)
    )
    if "transaction_id" in rows.columns:
        ids = rows["transaction_id"]
        if ids.null_count() == 0 and ids.n_unique() == rows.height:
            return by_row, True
        text = (
            pl.col("transaction_text")
            if "transaction_text" in rows.columns
            else pl.col("transaction_id").cast(pl.String)
        )
        by_row = by_row.with_columns(source_reference=pl.coalesce("source_reference", text))
        if "reverses" in rows.columns:
            raise DataError(
                "reverses names transactions by an id, and transaction_id is not whole and "
                "unique; mend the ids, or leave out the column reverses"
            )
    return by_row.with_columns(transaction_id="source_row"), False


def _based(
    rows: pl.DataFrame,
    conventions: Conventions,
    base_currency: str | None,
    rates: pl.DataFrame | None,
    on_missing_rate: str,
) -> tuple[pl.DataFrame, str, str, pl.DataFrame]:
    """Add base amounts; also return the base currency, whence they come, and rows too large."""
    base = _base_currency(rows, conventions, base_currency, rates)
    none = REJECTS.empty()
    if rates is None and base == conventions.carried and "base_minor" in rows.columns:
        missing = rows.filter(pl.col("base_minor").is_null())
        if on_missing_rate == "raise":
            rating.refuse_missing(missing.with_columns(date=pl.col("executed_at").dt.date()), base)
        rows = rows.with_columns(base_currency=pl.lit(base, CURRENCY))
        return rows, base, "carried by the source", none
    dated = rows.with_columns(date=pl.col("executed_at").dt.date())
    needed = (
        dated.select(pl.col("sent_currency").alias("currency"), "date")
        .filter(pl.col("currency") != base)
        .unique()
        .sort("currency", "date")
    )
    if not needed.height:
        how = "the ledger's own currency"
        found = rating.constant_rates(needed, {}, base)
    elif rates is not None:
        how, found = "rates given", rating.given_rates(needed, rates, base)
    elif conventions.rates is not None:
        how = "constant rates of the source"
        found = rating.constant_rates(needed, conventions.rates, base)
    else:
        how, found = "European Central Bank", rating.ecb_rates(needed, base)
    based = rating.convert(dated.drop("base_minor", strict=False), found, base)
    if on_missing_rate == "raise":
        rating.refuse_missing(based.filter(pl.col("has_rate").not_()), base)
    large = based.filter(pl.col("has_rate") & pl.col("base_minor").is_null())
    rejected = REJECTS.conform(
        large.select(
            "source_row",
            source_column=pl.lit(None, pl.String),
            rule=pl.lit("base_amount_too_large"),
            value=pl.col("sent_minor").cast(pl.String),
        )
    )
    if large.height:
        based = based.join(
            large.select("source_row"), on="source_row", how="anti", maintain_order="left"
        )
    based = based.with_columns(base_currency=pl.lit(base, CURRENCY))
    return based.drop("date", "has_rate"), base, how, rejected


def _base_currency(
    rows: pl.DataFrame,
    conventions: Conventions,
    base_currency: str | None,
    rates: pl.DataFrame | None,
) -> str:
    if base_currency is not None:
        return base_currency
    if rates is not None:
        raise ParameterError(
            "rates= is given without base_currency=, the currency that the rates are in"
        )
    currencies = sorted(rows["sent_currency"].cast(pl.String).unique())
    if len(currencies) == 1 and conventions.base_currency is None:
        return str(currencies[0])
    if conventions.base_currency is not None:
        return conventions.base_currency
    if not currencies:
        return "XXX"
    raise ParameterError(
        f"the ledger holds {len(currencies)} currencies ({', '.join(currencies[:10])}) and no "
        "base currency is named; pass base_currency=, e.g. base_currency='EUR'"
    )


def _timed(rows: pl.DataFrame, conventions: Conventions) -> tuple[pl.DataFrame, str]:
    """Add the resolution: the source's, or the coarsest step that every time falls on."""
    resolution = conventions.resolution
    if resolution is None:
        times = rows["executed_at"].to_physical()
        resolution = next(
            (name for name, step in _STEPS.items() if bool((times % step == 0).all())), "1us"
        )
    elif resolution not in RESOLUTIONS:
        raise ParameterError(
            f"resolution is {resolution!r}; it may be one of {', '.join(RESOLUTIONS)}"
        )
    return rows.with_columns(resolution=pl.lit(resolution)), resolution


def _labelled(accounts: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    """Label an account illicit when an illicit transaction of the ledger names it.

    Generators also mark every account of a chosen owner, and members of alerts that never made a
    transaction; a label that no transaction shows could not be found and is not used.
    """
    labels = transactions.select("originator", "beneficiary", "is_illicit").drop_nulls("is_illicit")
    if not labels.height:
        return accounts
    illicit = labels.filter("is_illicit")
    named = pl.concat([illicit["originator"], illicit["beneficiary"].alias("originator")]).unique()
    return accounts.with_columns(
        is_illicit=pl.coalesce("is_illicit", pl.col("account").is_in(named.implode()))
    )


def _repeats(transactions: pl.DataFrame) -> int:
    """Count transactions that equal an earlier one in all but their row and id."""
    own = ("transaction_id", "source_row", "mirror_row")
    rest = [
        name
        for name in transactions.columns
        if name not in own and transactions[name].null_count() < transactions.height
    ]
    return transactions.height - transactions.select(rest).n_unique() if rest else 0


def _counts(column: pl.Series) -> dict[str, int]:
    counts = column.cast(pl.String).value_counts(name="n")
    return dict(counts.sort("n", column.name, descending=[True, False]).iter_rows())
