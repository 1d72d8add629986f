"""`PublicDataset`: what comes of loading one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from xborder_aml.datasets.spec import Card
from xborder_aml.errors import DataError

__all__ = ["LABELS", "PATTERNS", "PublicDataset", "label_attempts", "labels_of", "patterns_of"]

LABELS: dict[str, Any] = {
    "transaction_id": pl.Int64,
    "is_laundering": pl.Boolean,
    "pattern": pl.String,
    "case_id": pl.String,
}
"""Columns of the labels, named as those of `xb.synth.generate`."""

PATTERNS: dict[str, Any] = {
    "case_id": pl.String,
    "pattern": pl.String,
    "is_laundering": pl.Boolean,
    "started_at": pl.Datetime("us", "UTC"),
    "ended_at": pl.Datetime("us", "UTC"),
    "transaction_ids": pl.List(pl.Int64),
    "accounts": pl.List(pl.String),
}
"""Columns of the patterns: one row a labelled instance."""

# What tells a row of the Patterns file among the transactions.
_SAME = (
    "executed_at",
    "originator",
    "beneficiary",
    "sent_minor",
    "sent_currency",
    "received_minor",
    "received_currency",
)


@dataclass(frozen=True, eq=False)
class PublicDataset:
    """A public data set that has been read and counted.

    Parameters
    ----------
    name
        Name in the registry.
    card
        What is known of it.
    tables
        Its tables by name. A ledger has ``transactions``, ``accounts``, ``labels``, ``patterns``
        and ``rejects``; another set has tables of its own, and ``rejects``.
    summary
        Counts.
    """

    name: str
    card: Card
    tables: Mapping[str, pl.DataFrame]
    summary: Mapping[str, Any]

    @property
    def transactions(self) -> pl.DataFrame:
        """The ledger, table `schema.TRANSACTIONS`."""
        return self._of_ledger("transactions")

    @property
    def accounts(self) -> pl.DataFrame:
        """What is known of accounts, table `schema.ACCOUNTS`."""
        return self._of_ledger("accounts")

    @property
    def labels(self) -> pl.DataFrame:
        """One row a labelled transaction, `LABELS`; empty for a set without labels."""
        return self._of_ledger("labels")

    @property
    def patterns(self) -> pl.DataFrame:
        """One row a labelled instance, `PATTERNS`; empty for a set that names none."""
        return self._of_ledger("patterns")

    @property
    def rejects(self) -> pl.DataFrame:
        """Rows that could not be read, each with its reason, table `schema.REJECTS`."""
        return self.tables["rejects"]

    def _of_ledger(self, table: str) -> pl.DataFrame:
        if table in self.tables:
            return self.tables[table]
        raise DataError(
            f"dataset {self.name!r} has no {table}, for it is no ledger. Not for: "
            f"{self.card.not_for} Its tables are {', '.join(self.tables)}: read them as "
            f".tables[{next(iter(self.tables))!r}]"
        )


def labels_of(transactions: pl.DataFrame) -> pl.DataFrame:
    """Return the labels of the transactions that have one."""
    # Where every row has a label nothing is copied.
    has_gaps = transactions["is_illicit"].null_count() > 0
    known = transactions.drop_nulls("is_illicit") if has_gaps else transactions
    return known.select(
        "transaction_id",
        is_laundering="is_illicit",
        pattern="label_pattern",
        case_id="label_case",
    )


def patterns_of(transactions: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each instance that the labels name, in order of its first transaction."""
    rows = transactions.filter(pl.col("label_case").is_not_null())
    found = (
        rows.sort("executed_at", "transaction_id")
        .group_by("label_case", maintain_order=True)
        .agg(
            pattern=pl.col("label_pattern").first(),
            is_laundering=pl.col("is_illicit").any(),
            started_at=pl.col("executed_at").min(),
            ended_at=pl.col("executed_at").max(),
            transaction_ids="transaction_id",
            accounts=pl.concat_list("originator", "beneficiary")
            .explode()
            .unique(maintain_order=True),
        )
        .rename({"label_case": "case_id"})
    )
    return found.cast(pl.Schema(PATTERNS)) if found.height else pl.DataFrame(schema=PATTERNS)


def label_attempts(transactions: pl.DataFrame, attempts: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Give transactions the pattern and case of the attempts that are among them.

    Rows are matched on times, accounts and both legs; of rows that are equal in all of these the
    first goes to the first.

    Parameters
    ----------
    transactions
        Table `schema.TRANSACTIONS`.
    attempts
        The same, of a Patterns file.

    Returns
    -------
    tuple of DataFrame and int
        The transactions with ``label_pattern`` and ``label_case``, and how many rows of the
        attempts are not among them.
    """
    keys = list(_SAME)
    nth = pl.int_range(pl.len()).over(keys).alias("nth")
    marked = transactions.filter("is_illicit").select("transaction_id", *keys)
    wanted = attempts.select(*keys, "label_pattern", "label_case")
    matched = wanted.with_columns(nth).join(
        marked.join(
            wanted.select(keys).unique(), on=keys, how="semi", maintain_order="left"
        ).with_columns(nth),
        on=[*keys, "nth"],
        how="inner",
    )
    named = (
        transactions.drop("label_pattern", "label_case")
        .join(
            matched.select("transaction_id", "label_pattern", "label_case"),
            on="transaction_id",
            how="left",
            maintain_order="left",
        )
        .select(transactions.columns)
    )
    return named, wanted.height - matched.height
