"""Every table's columns, declared once: name, type, unit, meaning.

The readers build these tables, the checks compare against them and the data-model page of the
documentation is generated from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from xborder_aml.errors import SchemaError, did_you_mean
from xborder_aml.jurisdictions.codes import CURRENCIES, INSTRUMENTS, JURISDICTIONS

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_SCORES",
    "CURRENCY",
    "EVIDENCE",
    "FINDINGS",
    "INSTRUMENT",
    "INSTRUMENTS",
    "JURISDICTION",
    "NULL_MONEY",
    "RATES",
    "REFERRALS",
    "REJECTS",
    "RESOLUTION",
    "RESOLUTIONS",
    "ROLES",
    "TABLES",
    "TRANSACTIONS",
    "TRUNCATIONS",
    "Column",
    "Table",
    "column",
]

RESOLUTIONS = ("1us", "1ms", "1s", "1m", "1h", "1d")
ROLES = ("source", "intermediary", "destination", "core")

CURRENCY = pl.Enum(CURRENCIES)
JURISDICTION = pl.Enum(JURISDICTIONS)
INSTRUMENT = pl.Enum(INSTRUMENTS)
RESOLUTION = pl.Enum(RESOLUTIONS)
_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    dtype: Any
    meaning: str
    nullable: bool = False
    optional: bool = False  # may be absent from a table that a user hands in; filled with nulls


@dataclass(frozen=True, slots=True)
class Table:
    """A named, ordered set of columns."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @property
    def names(self) -> list[str]:
        """Column names, in order."""
        return [c.name for c in self.columns]

    @property
    def dtypes(self) -> dict[str, Any]:
        """Column name to polars type, in order: a polars schema."""
        return {c.name: c.dtype for c in self.columns}

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema=self.dtypes)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with exactly this table's columns, in order and type.

        Columns that the table marks optional are filled with nulls when absent; columns that the
        table does not know are left out.

        Raises
        ------
        SchemaError
            If a column is missing, cannot be cast without loss, or holds nulls where none may be.
        """
        have = frame.schema  # once: a polars schema with enumerations is slow to make
        missing = [c.name for c in self if c.name not in have and not c.optional]
        if missing:
            hints = "".join(did_you_mean(name, have) for name in missing[:1])
            raise SchemaError(
                f"{self.name} table lacks {', '.join(map(repr, missing))}{hints}; "
                f"it has {', '.join(have) or 'no columns'}. Read the source with "
                "xborder_aml.read_transactions, or rename its columns."
            )
        if have != pl.Schema(self.dtypes) or list(have) != self.names:
            frame = self._cast(frame, have)
        for name, nulls in frame.null_count().row(0, named=True).items():
            if nulls and not self._nullable(name):
                raise SchemaError(
                    f"{self.name}.{name} holds {nulls} nulls, and may hold none; fill them, or "
                    "leave those rows out"
                )
        return frame

    def _cast(self, frame: pl.DataFrame, have: pl.Schema) -> pl.DataFrame:
        exprs = []
        for c in self:
            if c.name not in have:
                exprs.append(pl.lit(None, c.dtype).alias(c.name))
            elif have[c.name] != c.dtype:
                exprs.append(pl.col(c.name).cast(c.dtype, strict=True))
            else:
                exprs.append(pl.col(c.name))
        try:
            out = frame.select(exprs)
        except pl.exceptions.PolarsError as error:
            cause = str(error).splitlines()[0]  # the rest is about polars' expressions
            raise SchemaError(
                f"{self.name} table: a column cannot be cast to its declared type: {cause}. "
                "Convert it first, or read the source with xborder_aml.read_transactions."
            ) from error
        for c in self:
            # polars cuts fractions and nanoseconds off in silence
            dtype = have.get(c.name)
            if dtype is not None and (dtype.is_float() or dtype.is_temporal()):
                changed = (frame[c.name] != out[c.name].cast(dtype)).arg_true()
                if changed.len():
                    raise SchemaError(
                        f"{self.name}.{c.name} is {dtype} and holds {frame[c.name][changed[0]]}, "
                        f"which {c.dtype} cannot hold; round it to the declared unit first"
                    )
        return out

    def _nullable(self, name: str) -> bool:
        return next(c.nullable for c in self.columns if c.name == name)


def column(
    name: str, dtype: Any, meaning: str, *, nullable: bool = False, optional: bool = False
) -> Column:
    """Declare a column; one that may be absent is null there, and so may hold nulls."""
    return Column(name, dtype, meaning, nullable or optional, optional)


_c = column  # a table reads best when a column is a line


TRANSACTIONS = Table(
    "transactions",
    "One row a transaction: the only table that everything downstream reads.",
    (
        _c("transaction_id", pl.Int64, "Stable and unique; kept from the source or assigned once."),
        _c("source_reference", pl.String, "The source's own reference.", optional=True),
        _c("executed_at", _TIME, "Booking time; midnight when the source has a date only."),
        _c("originator", pl.String, "Account key: bank and account where the source has both."),
        _c("beneficiary", pl.String, "Account key of the receiving side."),
        _c("sent_minor", pl.Int64, "What left the originator, in minor units of its currency."),
        _c("sent_currency", CURRENCY, "ISO 4217 code of the sent leg."),
        _c("received_minor", pl.Int64, "What reached the beneficiary, in minor units."),
        _c("received_currency", CURRENCY, "ISO 4217 code of the received leg."),
        _c(
            "base_minor",
            pl.Int64,
            "The amount in minor units of the base currency at the date's rate, half-even; null "
            "where a rate was missing and was kept so on request.",
            nullable=True,
        ),
        _c("base_currency", CURRENCY, "ISO 4217 code of the base currency; one for the table."),
        _c(
            "originator_jurisdiction",
            JURISDICTION,
            "ISO 3166-1 alpha-2 code of where the account is held; null when unknown.",
            optional=True,
        ),
        _c(
            "beneficiary_jurisdiction",
            JURISDICTION,
            "ISO 3166-1 alpha-2 code of where the account is held; null when unknown.",
            optional=True,
        ),
        _c("instrument", INSTRUMENT, "How it was paid.", optional=True),
        _c("purpose", pl.String, "Free text of the payment.", optional=True),
        _c("reverses", pl.Int64, "transaction_id that this one returns.", optional=True),
        _c("resolution", RESOLUTION, "Finest step of executed_at in the source.", optional=True),
        _c("executed_until", _TIME, "Last day of an aggregated row.", optional=True),
        _c("n_transactions", pl.Int64, "Transactions that an aggregated row sums.", optional=True),
        _c("source_row", pl.Int64, "1-based data row of the source.", optional=True),
        _c(
            "mirror_row",
            pl.Int64,
            "Row of the other booking or cover, if any.",
            optional=True,
        ),
        _c("is_illicit", pl.Boolean, "Label of the source; no detector reads it.", optional=True),
        _c("label_pattern", pl.String, "Label: name of the typology.", optional=True),
        _c("label_case", pl.String, "Label: identifier of the instance.", optional=True),
    ),
)

ACCOUNTS = Table(
    "accounts",
    "One row an account, where a source knows more than the key.",
    (
        _c("account", pl.String, "Account key, as in transactions."),
        _c("holder", pl.String, "Who owns it; groups the accounts of one owner.", optional=True),
        _c("holder_jurisdiction", JURISDICTION, "Where the holder lives.", optional=True),
        _c("institution", pl.String, "Bank, BIC or other institution.", optional=True),
        _c("jurisdiction", JURISDICTION, "Where the account is held.", optional=True),
        _c("opened_on", pl.Date, "Day of opening.", optional=True),
        _c("closed_on", pl.Date, "Day of closing.", optional=True),
        _c("balance_minor", pl.Int64, "Known balance, minor units.", optional=True),
        _c("balance_at", _TIME, "When the balance held.", optional=True),
        _c("kind", pl.String, "person, company, bank, cash or other.", optional=True),
        _c("is_illicit", pl.Boolean, "Label of the source; no detector reads it.", optional=True),
    ),
)

REJECTS = Table(
    "rejects",
    "Rows that could not become a transaction, each with its reason.",
    (
        _c("source_row", pl.Int64, "1-based data row of the source."),
        _c("source_column", pl.String, "Column that broke the rule.", nullable=True),
        _c("rule", pl.String, "Name of the rule that was broken."),
        _c("value", pl.String, "The value as it stood.", nullable=True),
    ),
)

RATES = Table(
    "rates",
    "Exchange rates that a user hands in.",
    (
        _c("currency", CURRENCY, "ISO 4217 code."),
        _c("date", pl.Date, "First day on which the rate holds, until the next row."),
        _c("rate", pl.Float64, "Units of the base currency for one unit of `currency`."),
    ),
)

FINDINGS = Table(
    "findings",
    "One row a match of a detector.",
    (
        _c("finding_id", pl.String, "128-bit hash, 32 hex digits; the same on every machine."),
        _c("pattern", pl.String, "Name of the detector."),
        _c("version", pl.Int32, "Semantic version of the detector's definition."),
        _c("anchor", pl.Int64, "transaction_id of the anchor."),
        _c("account", pl.String, "The account that the finding is about (centre or origin)."),
        _c("started_at", _TIME, "Earliest evidence."),
        _c("ended_at", _TIME, "Latest evidence."),
        _c("hops", pl.Int32, "Transfers in a row that the money makes."),
        _c("n_transactions", pl.Int32, "Evidence rows."),
        _c("n_accounts", pl.Int32, "Distinct accounts in the evidence."),
        _c("amount_in_minor", pl.Int64, "Money that enters the pattern.", nullable=True),
        _c("amount_out_minor", pl.Int64, "Money that leaves the pattern.", nullable=True),
        _c("amount_currency", CURRENCY, "Currency of the amounts.", nullable=True),
        _c("retained", pl.Float64, "amount_out / amount_in, where both exist.", nullable=True),
        _c("borders", pl.Int32, "Evidence rows whose two known jurisdictions differ."),
        _c("multiplicity", pl.Int64, "Instances bundled in this finding; the best is shown."),
        _c(
            "measure",
            pl.Float64,
            "What the detector's page says; null for most.",
            nullable=True,
        ),
        _c(
            "chance_rate",
            pl.Float64,
            "Findings of the pattern with at least so much money on ledgers dealt anew, as a share "
            "of those found; near 1 is chance, and null was not asked for.",
            optional=True,
        ),
        _c(
            "innocent",
            pl.List(pl.String),
            "Innocent explanations that fit, of those that were checked.",
            optional=True,
        ),
        _c("accounts", pl.List(pl.String), "Accounts, in order of first appearance."),
        _c("corridors", pl.List(pl.String), "Corridors crossed, like EE>GB, in order."),
        _c("is_truncated", pl.Boolean, "A cap was reached on this anchor."),
    ),
)

EVIDENCE = Table(
    "evidence",
    "One row a transaction of a finding.",
    (
        _c("finding_id", pl.String, "The finding."),
        _c("position", pl.Int32, "Place in the finding, from 0."),
        _c("transaction_id", pl.Int64, "The transaction."),
        _c("role", pl.String, "Part that it plays: in, out, hop, ..."),
        _c(
            "corridor",
            pl.String,
            "From and to where it was paid, like EE>GB; null where either is unknown.",
            nullable=True,
        ),
        _c(
            "amount_minor",
            pl.Int64,
            "Part of the transaction that the finding uses, base currency; null without a rate.",
            nullable=True,
        ),
    ),
)

TRUNCATIONS = Table(
    "truncations",
    "One row an anchor whose search reached a cap.",
    (
        _c("pattern", pl.String, "Name of the detector."),
        _c("anchor", pl.Int64, "transaction_id of the anchor."),
        _c("account", pl.String, "The account that the anchor is about."),
        _c("cap", pl.String, "Name of the first cap that was reached."),
        _c("work_left", pl.Int64, "Edges in view that were not followed: a lower bound."),
    ),
)

NULL_MONEY = Table(
    "null_money",
    "One row an account and pattern that chance shows on a ledger dealt anew.",
    (
        _c("pattern", pl.String, "Name of the detector."),
        _c("permutation", pl.Int32, "Which ledger, from 0."),
        _c("account", pl.String, "Account key."),
        _c("money_minor", pl.Int64, "Base money of the account in evidence about it there."),
    ),
)

ACCOUNT_SCORES = Table(
    "account_scores",
    "One row an account, ranked by evidence.",
    (
        _c("account", pl.String, "Account key."),
        _c("holder", pl.String, "Holder, where known.", nullable=True),
        _c("jurisdiction", JURISDICTION, "Where the account is held.", nullable=True),
        _c("rank", pl.Int64, "1 is the strongest."),
        _c("score", pl.Float64, "weight times the order of magnitude of evidence_minor."),
        _c("weight", pl.Float64, "Weight of evidence in bans: -log10 of p_value."),
        _c("p_value", pl.Float64, "Harmonic mean of the patterns' p-values: nearly a p-value."),
        _c(
            "evidence_minor",
            pl.Int64,
            "Base money in evidence beyond what chance shows, of the pattern that shows most.",
        ),
        _c(
            "role",
            pl.String,
            "source, intermediary, destination or core; null without findings.",
            nullable=True,
        ),
        _c("reasons", pl.List(pl.String), "One sentence a pattern, strongest first."),
        _c("patterns", pl.List(pl.String), "Patterns behind the reasons, same order."),
        _c("pattern_p_values", pl.List(pl.Float64), "p-value of each pattern, same order."),
        _c("finding_ids", pl.List(pl.String), "Findings that the account is part of."),
        _c("n_findings", pl.Int64, "Number of findings."),
        _c("n_transactions", pl.Int64, "Transactions of the account in the ledger."),
        _c("at_stake_minor", pl.Int64, "Base money through the account in evidence."),
        _c("received_minor", pl.Int64, "Base money received in the ledger."),
        _c("sent_minor", pl.Int64, "Base money sent in the ledger."),
        _c("base_currency", CURRENCY, "Base currency of the amounts."),
    ),
)

REFERRALS = Table(
    "referrals",
    "Accounts proposed for referral; a person decides and signs.",
    (
        _c("rank", pl.Int64, "1 is first."),
        _c("account", pl.String, "Account key."),
        _c("holder", pl.String, "Holder, where known.", nullable=True),
        _c("jurisdiction", JURISDICTION, "Where the account is held.", nullable=True),
        _c("role", pl.String, "source, intermediary, destination or core."),
        _c("score", pl.Float64, "Weight of evidence by money; not a probability of guilt."),
        _c("at_stake_minor", pl.Int64, "Base money through the account in evidence."),
        _c("base_currency", CURRENCY, "Base currency of the amounts."),
        _c("first_at", _TIME, "Earliest evidence."),
        _c("last_at", _TIME, "Latest evidence."),
        _c("jurisdictions", pl.List(pl.String), "Jurisdictions in the evidence, most money first."),
        _c("corridors", pl.List(pl.String), "Corridors of the account, most money first."),
        _c("reason_codes", pl.List(pl.String), "Codes, e.g. PASS_THROUGH, CROSS_BORDER."),
        _c("reasons", pl.List(pl.String), "The same in sentences."),
        _c("finding_ids", pl.List(pl.String), "Findings, strongest first."),
        _c("transaction_ids", pl.List(pl.Int64), "Evidence transactions, in time order."),
    ),
)

TABLES: tuple[Table, ...] = (
    TRANSACTIONS,
    ACCOUNTS,
    REJECTS,
    RATES,
    FINDINGS,
    EVIDENCE,
    TRUNCATIONS,
    NULL_MONEY,
    ACCOUNT_SCORES,
    REFERRALS,
)
