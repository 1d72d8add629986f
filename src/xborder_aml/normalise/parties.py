"""Who stands on each side: account keys, holders, and where an account is held.

Everything is decided once on the distinct parties of the ledger and then joined back to the
rows, so that an account has one key and one jurisdiction however many rows name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from xborder_aml.jurisdictions import JURISDICTION_CODES
from xborder_aml.normalise.raw import PARTY, SIDES, Conventions
from xborder_aml.schema import ACCOUNTS, JURISDICTION

__all__ = ["Parties", "find_parties", "put_parties"]

_IBAN = r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$"
_BIC = r"^[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$"

# Jurisdiction as spelled, to the column of its code.
_CODES = {"jurisdiction": "code", "holder_jurisdiction": "holder_code"}

# An account number shorter than this is not matched with the tail of an IBAN: in a ledger of a
# thousand IBANs a random number of six digits would meet one in a thousand times.
_MIN_TAIL = 8


@dataclass(frozen=True, slots=True)
class Parties:
    """The distinct parties of a ledger.

    Parameters
    ----------
    table
        One row a distinct party as the rows spell it, with its ``key`` and ``code`` (declared
        jurisdiction).
    columns
        Columns of `table` that decide the key.
    accounts
        Canonical accounts table.
    counts
        What was found, for the summary.
    """

    table: pl.DataFrame
    columns: tuple[str, ...]
    accounts: pl.DataFrame
    counts: dict[str, int | dict[str, int]]


def find_parties(
    rows: pl.DataFrame, conventions: Conventions, known: pl.DataFrame | None
) -> Parties:
    """Find the distinct parties of sound rows, their account keys and accounts.

    Parameters
    ----------
    rows
        Sound rows of the row plan.
    conventions
        Of the source.
    known
        Canonical accounts table that came with the ledger, if any.
    """
    table = _with_codes(_distinct(rows))
    spelled = table.get_column("account").unique().drop_nulls()
    ibans = _ibans(spelled)
    table = table.join(ibans, on="account", how="left", maintain_order="left")
    numbers = {}
    if conventions.unify_accounts:
        numbers = _iban_of_number(spelled, ibans)
    table = table.with_columns(
        iban=pl.coalesce(
            "iban", pl.col("account").replace_strict(numbers, default=None, return_dtype=pl.String)
        )
    ).with_columns(key=_key(table.columns))
    table = table.with_columns(
        iban_code=pl.col("iban").str.head(2).cast(JURISDICTION, strict=False)
    )
    accounts, held = _accounts(table, conventions, known)
    counts: dict[str, int | dict[str, int]] = {
        "accounts": table["key"].n_unique(),
        "account_forms_unified": len(numbers),
        "accounts_named_by_holder": table.filter(pl.col("account").is_null())["key"].n_unique(),
        "accounts_located_by": held,
        "jurisdiction_texts_unknown": _unknown_texts(table),
    }
    deciding = ["account", "bank"]
    if table["account"].null_count():
        deciding += ["holder", "holder_jurisdiction"]
    columns = tuple(name for name in deciding if name in table.columns)
    return Parties(table, columns, accounts, counts)


def put_parties(rows: pl.DataFrame, parties: Parties) -> pl.DataFrame:
    """Replace the parties of `rows`, as spelled, by account keys and jurisdictions.

    A jurisdiction that the row declares stays; else it is the account's.
    """
    held = parties.accounts.select("account", held="jurisdiction")
    spelled = parties.columns
    keys = (
        parties.table.select(*spelled, "key")
        .unique()
        .join(held, left_on="key", right_on="account", how="left")
    )
    as_spelled = spelled == ("account",) and bool((keys["key"] == keys["account"]).all())
    for side in SIDES:
        declared = side + PARTY["jurisdiction"]
        place = jurisdiction(declared) if declared in rows.columns else pl.lit(None, JURISDICTION)
        rows = rows.with_columns(place.alias(declared))
        if as_spelled and not (rows[declared].null_count() and keys["held"].count()):
            continue
        present = [name for name in spelled if side + PARTY[name] in rows.columns]
        absent = [name for name in spelled if name not in present]
        mine = keys.filter(pl.all_horizontal(pl.col(absent).is_null())) if absent else keys
        here = [side + PARTY[name] for name in present]
        rows = (
            rows.join(
                mine.select(*present, "key", "held"),
                left_on=here,
                right_on=present,
                how="left",
                nulls_equal=True,
                maintain_order="left",
            )
            .with_columns(pl.coalesce(declared, "held").alias(declared))
            .drop(*here, "held")
            .rename({"key": side})
        )
    return rows


def jurisdiction(column: str) -> pl.Expr:
    """Return the alpha-2 code that each text stands for, null if it is none."""
    codes = pl.col(column).str.to_uppercase()
    return codes.replace_strict(JURISDICTION_CODES, default=None, return_dtype=pl.String).cast(
        JURISDICTION
    )


def _distinct(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct parties of both sides as the rows spell them, and how often."""
    columns = tuple(
        name
        for name, suffix in PARTY.items()
        if any(side + suffix in rows.columns for side in SIDES)
    )
    sides = [
        rows.lazy().select(
            pl.col(side + PARTY[name]).alias(name)
            if side + PARTY[name] in rows.columns
            else pl.lit(None, pl.String).alias(name)
            for name in columns
        )
        for side in SIDES
    ]
    table = pl.concat(sides).group_by(columns).agg(n=pl.len()).collect().sort(columns)
    if "account" not in columns:
        table = table.with_columns(account=pl.lit(None, pl.String))
    return table


def _with_codes(table: pl.DataFrame) -> pl.DataFrame:
    """Add `code` and `holder_code`, the jurisdictions that the texts stand for."""
    return table.with_columns(
        (jurisdiction(column) if column in table.columns else pl.lit(None, JURISDICTION)).alias(
            code
        )
        for column, code in _CODES.items()
    )


def _unknown_texts(table: pl.DataFrame) -> dict[str, int]:
    """Count the sides of rows by jurisdiction texts that stand for none, at most twenty texts."""
    counts: dict[str, int] = {}
    for column, code in _CODES.items():
        if column in table.columns:
            lost = table.filter(pl.col(code).is_null()).drop_nulls(column)
            for text, n in lost.select(column, "n").iter_rows():
                counts[text] = counts.get(text, 0) + n
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20])


def _ibans(spelled: pl.Series) -> pl.DataFrame:
    """Return (account, iban) of every spelled account that is an IBAN with a valid checksum."""
    compact = spelled.str.replace_all(r"\s", "").str.to_uppercase()
    looks = compact.str.contains(_IBAN)
    pairs = pl.DataFrame({"account": spelled.filter(looks), "iban": compact.filter(looks)})
    valid = [IBAN(text, allow_invalid=True).is_valid for text in pairs["iban"]]
    return pairs.filter(pl.Series(valid, dtype=pl.Boolean))


def _iban_of_number(spelled: pl.Series, ibans: pl.DataFrame) -> dict[str, str]:
    """Map account numbers to the one IBAN of the ledger whose tail they are."""
    digits = spelled.str.replace_all(r"[\s.\-]", "")
    is_number = digits.str.contains(rf"^\d{{{_MIN_TAIL},}}$")
    numbers = dict(zip(spelled.filter(is_number), digits.filter(is_number), strict=True))
    lengths = {len(number) for number in numbers.values()}
    tails: dict[str, set[str]] = {}
    for iban in ibans["iban"].unique():
        for length in lengths:
            tails.setdefault(iban[4:][-length:], set()).add(iban)
    return {
        text: next(iter(tails[number]))
        for text, number in numbers.items()
        if len(tails.get(number, ())) == 1
    }


def _key(columns: Iterable[str]) -> pl.Expr:
    """Return the account key of each party.

    A valid IBAN names an account by itself; else bank and account; else, without any account,
    the holder and its seat, so that unknown accounts of different parties stay apart.
    """
    account = pl.col("account")
    keys = [pl.col("iban")]
    if "bank" in columns:
        keys.append(pl.concat_str([pl.col("bank"), account], separator="|"))
    keys.append(account)
    if "holder" in columns:
        seat = pl.col("holder_code").cast(pl.String).fill_null("")
        name = pl.col("holder").str.to_uppercase()
        keys.append(pl.concat_str([pl.lit("name:"), name, pl.lit("|"), seat]))
    return pl.coalesce(keys)


def _accounts(
    table: pl.DataFrame, conventions: Conventions, known: pl.DataFrame | None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the accounts table and how many accounts each kind of evidence located."""
    accounts = table.select(account="key").unique(maintain_order=True)
    facts = {
        "holder": "holder",
        "holder_code": "holder_jurisdiction",
        "bank": "institution",
        "kind": "kind",
        "code": "declared",
        "iban_code": "iban",
    }
    for column, name in facts.items():
        if column in table.columns:
            usual = _usual(table, column).rename({"key": "account", column: name})
            accounts = accounts.join(usual, on="account", how="left", maintain_order="left")
    accounts = accounts.join(_bics(accounts), on="account", how="left", maintain_order="left")
    if known is not None:
        accounts = _merge(accounts, known)
    places: list[str] = [
        name for name in ("declared", "listed", "iban", "bic") if name in accounts.columns
    ]
    if conventions.holder_seat and "holder_jurisdiction" in accounts.columns:
        places.append("holder_jurisdiction")
    placed = accounts.with_columns(jurisdiction=pl.coalesce(places)).sort("account")
    held: dict[str, int] = {}
    earlier = pl.lit(value=True)
    for place in places:
        held[place.removesuffix("_jurisdiction")] = placed.filter(
            earlier & pl.col(place).is_not_null()
        ).height
        earlier = earlier & pl.col(place).is_null()
    held["nothing"] = placed["jurisdiction"].null_count()
    return ACCOUNTS.conform(placed), held


def _usual(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return each key's most frequent value of a column; of equals, the first in text order."""
    return (
        table.drop_nulls(column)
        .group_by("key", column)
        .agg(pl.col("n").sum())
        .sort(pl.col("key"), -pl.col("n").cast(pl.Int64), pl.col(column).cast(pl.String))
        .unique("key", keep="first", maintain_order=True)
        .select("key", column)
    )


def _bics(accounts: pl.DataFrame) -> pl.DataFrame:
    """Return (account, bic): the country of each account whose institution is a BIC."""
    if "institution" not in accounts.columns:
        return pl.DataFrame(schema={"account": pl.String, "bic": JURISDICTION})
    banks = accounts["institution"].unique().drop_nulls()
    banks = banks.filter(banks.str.contains(_BIC))
    countries = {bank: _bic_country(bank) for bank in banks}
    code = pl.col("institution").replace_strict(countries, default=None, return_dtype=pl.String)
    return accounts.select("account", bic=code.cast(JURISDICTION, strict=False))


def _bic_country(text: str) -> str | None:
    """Return the country of a BIC that is more than a word of eight or eleven letters.

    A BIC has no checksum, and DEUTSCHE would be one in the Seychelles: it is believed when the
    registry knows it, when it holds a digit, or when it names a head office (XXX).
    """
    try:
        bic = BIC(text)
    except SchwiftyException:
        return None
    believed = bic.exists or re.search(r"\d", text) or text.endswith("XXX")
    return bic.country_code if believed else None


def _merge(accounts: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Add what an accounts table knows; its word goes before what the ledger lets guess."""
    listed = known.unique("account", keep="first", maintain_order=True).rename(
        {"jurisdiction": "listed"}
    )
    merged = accounts.join(listed, on="account", how="full", coalesce=True, suffix=".listed")
    both = [name for name in accounts.columns if f"{name}.listed" in merged.columns]
    return merged.with_columns(
        pl.coalesce(f"{name}.listed", name).alias(name) for name in both
    ).drop([f"{name}.listed" for name in both])
