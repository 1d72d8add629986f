"""Joins and sums behind the page: what its tables, tiles and evidence show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from xborder_aml import schema
from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.innocence import EXPLANATIONS
from xborder_aml.report.formats import UNKNOWN, money, money_short, plain, shorten, times

__all__ = ["Limits", "Tables", "accounts", "evidence", "facts", "rejected", "truncated"]

_EXAMPLES = 3
_NAMES = 12


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a long ledger the page carries; whatever is left out, the page says.

    Attributes
    ----------
    accounts
        Accounts listed, best rank first.
    findings
        Findings carried for each account: those centred on it first, then by money.
    rows
        Evidence rows carried for each finding.
    total_rows
        Transactions carried in the whole page.
    cases
        Referrals with a flow picture.
    """

    accounts: int = 200
    findings: int = 50
    rows: int = 200
    total_rows: int = 25_000
    cases: int = 10


@dataclass(frozen=True, slots=True)
class Tables:
    """The frames of a run, each conforming to the table of its name in `xborder_aml.schema`."""

    referrals: pl.DataFrame
    scores: pl.DataFrame
    findings: pl.DataFrame
    evidence: pl.DataFrame
    truncations: pl.DataFrame
    transactions: pl.DataFrame
    rejects: pl.DataFrame

    @classmethod
    def conforming(cls, **frames: pl.DataFrame) -> Tables:
        """Check each frame.

        Raises
        ------
        ParameterError
            If a table is missing, or is none of a run's.
        SchemaError
            If a frame lacks a column or holds another type.
        """
        declared = {
            "referrals": schema.REFERRALS,
            "scores": schema.ACCOUNT_SCORES,
            "findings": schema.FINDINGS,
            "evidence": schema.EVIDENCE,
            "truncations": schema.TRUNCATIONS,
            "transactions": schema.TRANSACTIONS,
            "rejects": schema.REJECTS,
        }
        for name in sorted(declared.keys() ^ frames.keys()):
            problem = "needs the table" if name in declared else "knows no table"
            hint = did_you_mean(name, frames if name in declared else declared)
            raise ParameterError(
                f"a report {problem} {name!r}{hint}; it is made of {', '.join(declared)}"
            )
        return cls(**{name: table.conform(frames[name]) for name, table in declared.items()})

    @property
    def holders(self) -> dict[str, str]:
        """Names by account, where known."""
        named = self.scores.select("account", "holder").drop_nulls()
        return dict(named.iter_rows())


def facts(tables: Tables) -> dict[str, Any]:
    """Return the counts and sums of the whole run: what the title and the tiles say."""
    rows = tables.transactions
    currency = str(rows["base_currency"][0]) if rows.height else ""
    origin, to = (pl.col(f"{s}_jurisdiction") for s in ("originator", "beneficiary"))
    found = tables.evidence["transaction_id"].unique()
    base = pl.col("base_minor")
    is_found = pl.col("transaction_id").is_in(found.implode())
    sums = rows.select(
        all=base.sum(),
        crossing=base.filter(origin != to).sum(),
        found=base.filter(is_found).sum(),
        n_found=is_found.sum(),
        n_crossing=(origin != to).sum(),
        n_unrated=base.null_count(),
        n_corridors=pl.struct(origin, to).filter(origin != to).n_unique(),
        first=pl.col("executed_at").min().dt.strftime("%Y-%m-%d"),
        last=pl.max_horizontal("executed_at", "executed_until").max().dt.strftime("%Y-%m-%d"),
    ).row(0, named=True)
    whole = max(sums["all"], 1)
    names = pl.concat([rows["originator"], rows["beneficiary"]])
    with_findings = tables.scores.filter(pl.col("n_findings") > 0)
    return sums | {
        "currency": currency,
        "n": rows.height,
        "n_accounts": names.n_unique(),
        "n_scored": tables.scores.height,
        "n_with_findings": with_findings.height,
        "n_referred": tables.referrals.height,
        "n_findings": tables.findings.height,
        "patterns": tables.findings["pattern"].value_counts().sort(
            ["count", "pattern"], descending=[True, False]
        ).rows(),
        "n_cut": tables.truncations.height,
        "n_rejected": tables.rejects["source_row"].n_unique(),
        "share_found": sums["found"] / whole,
        "share_crossing": sums["crossing"] / whole,
        **{f"{k}_money": money(sums[k], currency) for k in ("all", "crossing", "found")},
        **{f"{k}_short": money_short(sums[k], currency) for k in ("all", "crossing", "found")},
    }  # fmt: skip


def accounts(tables: Tables, limits: Limits) -> list[dict[str, Any]]:
    """Return the rows of the ranked table, best rank first."""
    shown = _shown(tables, limits)
    corridors = _corridors(tables, shown)
    referred = dict(tables.referrals.select("account", "rank").iter_rows())
    strongest = max(shown["score"].max() or 0.0, 1e-9)
    return [
        {
            **row,
            "key": row["account"],
            "account": plain(row["account"]),
            "holder": plain(row["holder"]) if row["holder"] is not None else None,
            "referral": referred.get(row["account"]),
            "bar": round(100 * max(row["score"], 0.0) / strongest, 1),
            "at_stake": money(row["at_stake_minor"], row["base_currency"]),
            "corridors": corridors.get(row["account"], []),
        }
        for row in shown.iter_rows(named=True)
    ]


def _shown(tables: Tables, limits: Limits) -> pl.DataFrame:
    """Return the scores of the listed accounts; a case with a picture is always among them."""
    pictured = tables.referrals.sort("rank").head(limits.cases)["account"]
    ranked = tables.scores.filter(pl.col("n_findings") > 0).sort("rank", "account")
    keep = (pl.int_range(pl.len()) < limits.accounts) | pl.col("account").is_in(pictured.implode())
    return ranked.filter(keep)


def _corridors(tables: Tables, shown: pl.DataFrame) -> dict[str, list[str]]:
    """Return each account's own corridors in the evidence, most money first."""
    origin, to = (
        pl.col(f"{s}_jurisdiction").cast(pl.String) for s in ("originator", "beneficiary")
    )
    found = tables.evidence["transaction_id"].unique()
    crossing = tables.transactions.filter(
        pl.col("transaction_id").is_in(found.implode()), origin != to
    )
    ranked = (
        pl.concat(
            crossing.select(
                pl.col(side).alias("account"),
                pl.concat_str(origin, to, separator=">").alias("corridor"),
                "base_minor",
            )
            for side in ("originator", "beneficiary")
        )
        .filter(pl.col("account").is_in(shown["account"].implode()))
        .group_by("account", "corridor")
        .agg(pl.col("base_minor").sum())
        .sort(["account", "base_minor", "corridor"], descending=[False, True, False])
        .group_by("account", maintain_order=True)
        .agg("corridor")
    )
    return dict(ranked.iter_rows())


def evidence(tables: Tables, limits: Limits) -> dict[str, Any]:
    """Return what opening a row shows, as columns: accounts, their findings, their transactions."""
    shown = _shown(tables, limits)
    links = (
        shown.select("account", "rank", finding_id="finding_ids")
        .explode("finding_id")
        .join(tables.findings.rename({"account": "centre"}), on="finding_id")
        .sort(
            [
                "rank",
                "account",
                pl.col("centre") == pl.col("account"),
                "amount_in_minor",
                "started_at",
                "finding_id",
            ],
            descending=[False, False, True, True, False, False],
            nulls_last=True,
        )
        .filter(pl.int_range(pl.len()).over("account") < limits.findings)
    )
    carried = links.unique("finding_id", keep="first", maintain_order=True).with_columns(
        place=pl.int_range(pl.len())
    )
    pieces = (
        tables.evidence.join(carried.select("finding_id", "place"), on="finding_id")
        .sort("place", "position")
        .filter(pl.int_range(pl.len()).over("place") < limits.rows)
        .with_columns(is_new=pl.col("transaction_id").is_first_distinct())
    )
    # Whoever comes first in rank has the room; a transaction that is carried is free for others.
    fits = pieces.filter("is_new").head(limits.total_rows)
    rows = fits.select("transaction_id").join(
        tables.transactions, on="transaction_id", how="left", maintain_order="left"
    )
    pieces = pieces.join(
        rows.select("transaction_id").with_row_index("row"), on="transaction_id"
    ).sort("place", "position")
    by_place: dict[int, list[list[Any]]] = {}
    for place, *piece in _pieces(pieces, tables.transactions).iter_rows():
        by_place.setdefault(place, []).append(piece)
    place_of = dict(carried.select("finding_id", "place").iter_rows())
    mine: dict[str, list[int]] = {name: [] for name in shown["account"]}
    for account, finding_id in links.select("account", "finding_id").iter_rows():
        mine[account].append(place_of[finding_id])
    return {
        "accounts": [
            {"findings": mine[r["account"]], "n_findings": r["n_findings"], **_summary(r)}
            for r in shown.iter_rows(named=True)
        ],
        "findings": [
            _finding(f, by_place.get(f["place"], [])) for f in carried.iter_rows(named=True)
        ],
        "transactions": _ledger(rows),
        "holders": _some(tables.holders, rows),
    }


def _pieces(pieces: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    """Return place, row, role, and the part of the transaction used where that is not all of it."""
    whole = transactions.select("transaction_id", "base_minor", "base_currency")
    joined = pieces.join(whole, on="transaction_id", how="left", maintain_order="left")
    used = [
        money(part, currency) if part is not None and part != base else None
        for part, base, currency in joined.select(
            "amount_minor", "base_minor", "base_currency"
        ).iter_rows()
    ]
    return joined.select("place", "row", "role", used=pl.Series(used, dtype=pl.String))


def _summary(score: dict[str, Any]) -> dict[str, Any]:
    """Return an account's own numbers, written."""
    currency = score["base_currency"]
    return {
        "account": plain(score["account"]),
        "reasons": [plain(reason) for reason in score["reasons"]],
        "numbers": [
            ["transactions in the ledger", f"{score['n_transactions']:,}"],
            ["received", money(score["received_minor"], currency)],
            ["sent", money(score["sent_minor"], currency)],
            ["weight of evidence", f"{score['weight']:.2f} (p = {score['p_value']:.2g})"],
            ["in evidence beyond chance", money(score["evidence_minor"], currency)],
        ],
    }


def _finding(finding: dict[str, Any], rows: list[list[Any]]) -> dict[str, Any]:
    """Return one finding, written, with its evidence as places in the ledger, roles and parts."""
    currency = finding["amount_currency"]
    amounts = {
        name: money(finding[f"amount_{name}_minor"], currency)
        for name in ("in", "out")
        if finding[f"amount_{name}_minor"] is not None
    }
    retained, chance = finding["retained"], finding["chance_rate"]
    return {
        "id": finding["finding_id"],
        "pattern": finding["pattern"].replace("_", " "),
        "version": finding["version"],
        "started": f"{finding['started_at']:%Y-%m-%d}",
        "ended": f"{finding['ended_at']:%Y-%m-%d}",
        "hops": finding["hops"],
        "borders": finding["borders"],
        "retained": None if retained is None else f"{retained:.1%}",
        "multiplicity": finding["multiplicity"],
        "n": finding["n_transactions"],
        "n_accounts": finding["n_accounts"],
        "accounts": [plain(name) for name in finding["accounts"][:_NAMES]],
        "is_truncated": finding["is_truncated"],
        "chance": None if chance is None else f"{chance:.0%}",
        "innocent": [EXPLANATIONS[name] for name in finding["innocent"] or ()],
        "rows": rows,
    } | amounts


def _ledger(rows: pl.DataFrame) -> dict[str, list[Any]]:
    """Return transactions as columns of written values."""

    def amounts(side: str, currency: str) -> list[str]:
        return [money(*pair) for pair in rows.select(f"{side}_minor", currency).iter_rows()]

    def names(column: str) -> list[str]:
        return [plain(name) for name in rows[column]]

    def codes(column: str) -> list[str]:
        return rows[column].cast(pl.String).fill_null(UNKNOWN).to_list()

    return {
        "id": rows["transaction_id"].to_list(),
        "reference": [None if v is None else plain(v) for v in rows["source_reference"]],
        "at": times(rows),
        "from": names("originator"),
        "from_jurisdiction": codes("originator_jurisdiction"),
        "to": names("beneficiary"),
        "to_jurisdiction": codes("beneficiary_jurisdiction"),
        "sent": amounts("sent", "sent_currency"),
        "received": amounts("received", "received_currency"),
        "base": amounts("base", "base_currency"),
        "purpose": [None if v is None else plain(v) for v in rows["purpose"]],
    }


def _some(holders: dict[str, str], rows: pl.DataFrame) -> dict[str, str]:
    """Return the holders that the carried transactions need, in the order of their accounts."""
    needed = sorted(set(rows["originator"]) | set(rows["beneficiary"]))
    return {plain(name): plain(holders[name]) for name in needed if name in holders}


def truncated(truncations: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what was cut, by pattern and cap."""
    accounts = pl.col("account")
    grouped = (
        truncations.group_by("pattern", "cap")
        .agg(n=pl.len(), work_left=pl.col("work_left").sum(), accounts=accounts.unique().sort())
        .sort("pattern", "cap")
    )
    return [
        {**row, "examples": _examples(row["accounts"]), "n_accounts": len(row["accounts"])}
        for row in grouped.iter_rows(named=True)
    ]


def rejected(rejects: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what was rejected, by rule and column, most rows first."""
    grouped = (
        rejects.sort("source_row")
        .group_by("rule", "source_column")
        .agg(
            n=pl.len(),
            rows=pl.col("source_row").head(_EXAMPLES),
            values=pl.col("value").head(_EXAMPLES),
        )
        .sort(["n", "rule", "source_column"], descending=[True, False, False])
    )
    return [
        {
            **row,
            "examples": [
                (place, None if value is None else shorten(plain(value), 60))
                for place, value in zip(row["rows"], row["values"], strict=True)
            ],
        }
        for row in grouped.iter_rows(named=True)
    ]


def _examples(values: Iterable[str]) -> list[str]:
    return [shorten(plain(value), 40) for value in list(values)[:_EXAMPLES]]
