"""`Dataset`: a labelled ledger under a name, and where named ones are found."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from xborder_aml.datasets import CARDS
from xborder_aml.errors import DataError, ParameterError, did_you_mean
from xborder_aml.schema import ACCOUNTS, TRANSACTIONS

__all__ = ["DATASETS", "VARIANTS", "Dataset", "load_dataset", "nominal_end_of"]

_TAIL_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled ledger to evaluate on.

    Parameters
    ----------
    name
        How results call it.
    transactions
        As `schema.TRANSACTIONS` declares it; ``is_illicit`` known for every row. Rows that share a
        ``label_case`` are one case, which no split cuts; an illicit row without one is a case of
        its own. A case of innocent rows is a look-alike, and counts as one false alarm at most.
    accounts
        As `schema.ACCOUNTS` declares it, or empty. Where ``is_illicit`` is False, such as for a
        node that stands for cash, the account is never a positive.
    nominal_end
        First day after the time that the ledger means to cover; later rows are its tail. By default
        see `nominal_end_of`.

    Raises
    ------
    SchemaError
        If a table lacks a column.
    DataError
        If a label is missing, or nothing is illicit.
    """

    name: str
    transactions: pl.DataFrame
    accounts: pl.DataFrame = dataclasses.field(default_factory=ACCOUNTS.empty)
    nominal_end: date | None = None

    def __post_init__(self) -> None:
        """Put the rows in canonical order, and check the labels."""
        rows = TRANSACTIONS.conform(self.transactions).sort("executed_at", "transaction_id")
        unknown = rows["is_illicit"].null_count()
        if unknown:
            raise DataError(
                f"dataset {self.name!r}: is_illicit is unknown for {unknown:,} of {rows.height:,} "
                "transactions; an evaluation needs all of them, so leave those rows out or say "
                "what they are"
            )
        if not rows["is_illicit"].any():
            raise DataError(
                f"dataset {self.name!r}: none of {rows.height:,} transactions is illicit, so "
                "there is nothing to find; hand in a ledger whose is_illicit marks some"
            )
        object.__setattr__(self, "transactions", rows)
        object.__setattr__(self, "accounts", ACCOUNTS.conform(self.accounts))
        if self.nominal_end is None:
            object.__setattr__(self, "nominal_end", nominal_end_of(rows))

    @cached_property
    def sha256(self) -> str:
        """Hash of both tables, as text of their declared columns in canonical order."""
        digest = hashlib.sha256()
        for table in (self.transactions, self.accounts.sort("account")):
            out = io.BytesIO()
            flat = table.with_columns(pl.col(pl.Datetime, pl.Date).to_physical())
            flat.write_csv(out)
            digest.update(out.getbuffer())
        return digest.hexdigest()

    @property
    def tail_start(self) -> datetime:
        """Midnight, UTC, at which the tail begins."""
        end = self.nominal_end
        if end is None:  # filled in when the dataset was made
            end = nominal_end_of(self.transactions)
        return datetime(end.year, end.month, end.day, tzinfo=UTC)

    def cases(self) -> pl.Series:
        """Return the case of each row: its name, or null for a row of none."""
        alone = pl.format("transaction {}", "transaction_id")
        named = pl.coalesce("label_case", pl.when("is_illicit").then(alone))
        return self.transactions.select(case=named)["case"]


def nominal_end_of(transactions: pl.DataFrame) -> date:
    """Return the day after the last one with at least a tenth of the median day's transactions.

    Generators stop opening honest payments at their nominal end, and let the laundering that they
    began run out: a few days with little in them but crime.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> nominal_end_of(xb.example_ledger())
    datetime.date(2026, 5, 9)
    """
    days = (
        transactions.group_by(pl.col("executed_at").dt.date().alias("day"))
        .agg(n=pl.len())
        .sort("day")
    )
    busy = days.filter(pl.col("n") >= _TAIL_SHARE * pl.col("n").median())
    last: date = busy["day"][-1]
    return last + timedelta(days=1)


# -- variants: the same ledger without something that should not matter ----------------------------


def _without_format(data: Dataset) -> Dataset:
    rows = data.transactions.with_columns(
        pl.lit(None, data.transactions.schema["instrument"]).alias("instrument")
    )
    return dataclasses.replace(data, transactions=rows)


def _to_the_minute(data: Dataset) -> Dataset:
    rows = data.transactions.with_columns(pl.col("executed_at").dt.truncate("1m"))
    return dataclasses.replace(data, transactions=rows)


def _as_it_is(data: Dataset) -> Dataset:
    return data


VARIANTS: Mapping[str, Callable[[Dataset], Dataset]] = MappingProxyType(
    {
        "full": _as_it_is,
        "no-format": _without_format,
        "no-tail": _as_it_is,  # the same rows are read, and the tail's are not counted
        "minute-clock": _to_the_minute,
    }
)
"""What is taken from a ledger, to see how much of a result hangs on it: nothing; how each payment
was made; the days after the nominal end; times finer than a minute."""


# -- named sets ------------------------------------------------------------------------------------


def _public(name: str, data_dir: str | os.PathLike[str] | None, _seed: int) -> Dataset:
    from xborder_aml.datasets import load

    data = load(name, data_dir)
    return Dataset(name, data.transactions, data.accounts)


def _demo(name: str, _data_dir: object, seed: int) -> Dataset:
    from xborder_aml.synth import demo_ledger

    made = demo_ledger(seed=seed)
    labelled = made.transactions.with_columns(pl.col("is_illicit").fill_null(False))
    return Dataset(name, labelled, made.accounts)


def _generated(name: str, _data_dir: object, seed: int) -> Dataset:
    from xborder_aml.synth import generate

    made = generate(name.removeprefix(_GENERATED), seed)
    return Dataset(name, made.transactions, made.accounts)


_GENERATED = "synth-"

DATASETS: Mapping[str, Callable[[str, Any, int], Dataset]] = MappingProxyType(
    {
        **{c.name: _public for c in CARDS.values() if c.kind == "ledger" and c.is_labelled},
        "demo": _demo,
        "synth-tiny": _generated,
    }
)
"""Datasets that are known by name: the labelled ledgers of `xb.datasets`, the demonstration, and
``synth-`` before any preset of the generator."""


def load_dataset(
    name: str, *, data_dir: str | os.PathLike[str] | None = None, seed: int = 0
) -> Dataset:
    """Return a dataset by name or by path.

    Parameters
    ----------
    name
        One of `DATASETS`; ``synth-`` and a preset of the generator; or the path of a Parquet file
        with the transactions table, labelled, such as ``xborder-aml read`` writes. A file
        ``known_accounts.parquet`` beside it is read too.
    data_dir
        Folder with a folder for each named set; by default the one that the environment variable
        ``XBORDER_AML_DATA`` names, and else ``../shared/data``.
    seed
        Of the sets that are generated.

    Raises
    ------
    ParameterError
        If there is no set of that name and no such file.
    DatasetUnavailableError
        If the named set is not in the folder; the error says how to get it.

    Examples
    --------
    >>> load_dataset("demo").name
    'demo'
    """
    if name in DATASETS:
        return DATASETS[name](name, data_dir, seed)
    if name.startswith(_GENERATED):
        return _generated(name, data_dir, seed)
    path = Path(name)
    if path.suffix != ".parquet" or not path.is_file():
        raise ParameterError(
            f"there is no dataset {name!r}{did_you_mean(name, DATASETS)}; the datasets are "
            f"{', '.join(DATASETS)}, or a Parquet file with the transactions table"
        )
    beside = path.with_name("known_accounts.parquet")
    accounts = pl.read_parquet(beside) if beside.is_file() else ACCOUNTS.empty()
    return Dataset(path.stem, pl.read_parquet(path), accounts)
