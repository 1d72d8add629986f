"""Tide's output: transactions.csv with nodes.csv and ownership.csv beside it.

Tide draws amounts without regard to their currency, which is but a label: 36.81 may be euros or
yen. So the base amount is the nominal amount in ``XXX`` (ISO 4217: no currency), and nobody reads
it as euros. A holder is the last owner of a chain of ownership: who owns the business that owns
the account. The labels of nodes.csv mark every account of a chosen person, so an account's label
is that of its transactions; the node CASH, a counterparty of everyone, is never illicit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml.jurisdictions import JURISDICTION_CODES
from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.schema import ACCOUNTS, JURISDICTION
from xborder_aml.sources._input import open_input, require
from xborder_aml.sources._spec import Request, Source, distinct, lay_out, word

__all__ = ["TIDE"]

_COLUMNS = {
    "executed_at": "timestamp",
    "originator": "src",
    "beneficiary": "dest",
    "amount": "amount",
    "currency": "currency",
    "base_amount": "amount",
    "instrument": "transaction_type",
    "is_illicit": "is_fraudulent",
    "label_pattern": "pattern_type",
    "label_case": "pattern_id",
}
# As shared copies call them, and as the generator does.
_NODES = ("nodes.csv", "generated_nodes.csv")
_OWNERSHIP = ("ownership.csv", "generated_edges.csv")
_PACKED = ("", ".gz")
_KINDS = {"INDIVIDUAL": "person", "BUSINESS": "company"}


def _layout(frame: pl.LazyFrame, _request: Request) -> RawLedger:
    return lay_out(frame, _COLUMNS, Conventions(base_currency="XXX", carried="XXX"))


def _accounts(source: Any) -> pl.DataFrame:
    nodes = open_input(source)
    require(nodes, ("node_id", "country_code", "node_type"), "tide")
    have = nodes.collect_schema().names()
    country = word("country_code").str.to_uppercase()
    read = distinct(
        nodes.select(
            account=word("node_id"),
            jurisdiction=country.replace_strict(
                JURISDICTION_CODES, default=None, return_dtype=pl.String
            ).cast(JURISDICTION),
            institution=word("institution_id")
            if "institution_id" in have
            else pl.lit(None, pl.String),
            opened_on=word("creation_date").str.head(10).str.to_date("%Y-%m-%d", strict=False)
            if "creation_date" in have
            else pl.lit(None, pl.Date),
            node=word("node_type").str.split(".").list.last(),
            is_cash=country == "CASH",
        ),
        "tide",
    )
    owners = _last_owners(source)
    places = read.select(holder="account", holder_jurisdiction="jurisdiction", owner_node="node")
    table = (
        read.join(owners, on="account", how="left", maintain_order="left")
        # A person who pays in cash without an account stands as a side itself.
        .with_columns(
            holder=pl.when(pl.col("node") != "ACCOUNT")
            .then(pl.coalesce("holder", "account"))
            .otherwise("holder")
        )
        .join(places, on="holder", how="left", maintain_order="left")
        .with_columns(
            kind=pl.when("is_cash")
            .then(pl.lit("cash"))
            .otherwise(
                pl.coalesce("owner_node", "node").replace_strict(
                    _KINDS, default=None, return_dtype=pl.String
                )
            ),
            is_illicit=pl.when("is_cash").then(False),
        )
    )
    return ACCOUNTS.conform(table)


def _last_owners(source: Any) -> pl.DataFrame:
    """Return (account, holder) by following ownership to its end."""
    empty = pl.DataFrame(schema={"account": pl.String, "holder": pl.String})
    if not isinstance(source, str | Path):
        return empty
    path = _first(Path(source), _OWNERSHIP)
    if path is None:
        return empty
    links = open_input(path)
    require(links, ("src", "dest"), "tide")
    if "edge_type" in links.collect_schema().names():  # all edges in one file
        links = links.filter(word("edge_type").str.to_lowercase() == "ownership")
    pairs = links.select(word("dest"), word("src")).collect().drop_nulls()
    owner = dict(pairs.sort("dest", "src", descending=True).iter_rows())

    def last(node: str) -> str:
        seen = {node}
        while node in owner and owner[node] not in seen:
            node = owner[node]
            seen.add(node)
        return node

    owned = sorted(owner)
    return pl.DataFrame(
        {"account": owned, "holder": [last(node) for node in owned]}, schema=empty.schema
    )


def _beside(path: Path) -> Path | None:
    return _first(path, _NODES)


def _first(path: Path, names: tuple[str, ...]) -> Path | None:
    """Return the first file of these names beside a path, packed or not."""
    tried = (path.with_name(name + ending) for name in names for ending in _PACKED)
    return next((p for p in tried if p.is_file()), None)


TIDE = Source(
    name="tide",
    description="Tide: transactions.csv, with nodes.csv and ownership.csv beside it.",
    columns=("src", "dest", "amount", "currency", "timestamp"),
    layout=_layout,
    options={},
    accounts=_accounts,
    find_accounts=_beside,
    companions=tuple(name + ending for name in _OWNERSHIP for ending in _PACKED),
)
