"""A made-up ledger with its findings, scores and referrals: schema-true, small, and hostile."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from xborder_aml import schema

COUNTRIES = ("EE", "LV", "GB", "CY", "HK", "AE", "DE", "TR", "VG")
HOSTILE = (
    "<script>alert(1)</script>",
    '"&\' onmouseover="alert(2)',
    "</script><!-- <img src=x onerror=alert(3)>",
    "شركة النور للتجارة",
    "\u202egnp.exe Ltd",
    "Ärzte & Søn, 株式会社 <b>bold</b> %{x} {{ 7 * 7 }}",
)
START = datetime(2014, 1, 6, 9, tzinfo=UTC)


class Book:
    """Collects rows, so that a plant reads as the story that it tells."""

    def __init__(self) -> None:
        self.dice = random.Random(7)
        self.home = {f"{c}{i:02d}{'7' * 6}{i:06d}": c for c in COUNTRIES for i in range(8)}
        self.rows: list[dict[str, Any]] = []
        self.findings: list[dict[str, Any]] = []
        self.evidence: list[dict[str, Any]] = []

    def pay(self, origin: str, to: str, minor: int, at: datetime) -> int:
        """Book a payment; a conversion costs half a percent."""
        sent = "USD" if self.home[origin] in ("HK", "AE", "VG") else "EUR"
        received = "USD" if self.home[to] in ("HK", "AE", "VG") else "EUR"
        self.rows.append(
            {
                "transaction_id": 1000 + len(self.rows),
                "executed_at": at,
                "originator": origin,
                "beneficiary": to,
                "sent_minor": minor,
                "sent_currency": sent,
                "received_minor": minor if sent == received else minor * 995 // 1000,
                "received_currency": received,
                "base_minor": None if len(self.rows) % 97 == 5 else minor,
                "base_currency": "EUR",
                "originator_jurisdiction": self.home[origin],
                "beneficiary_jurisdiction": self.home[to],
                "instrument": "wire",
                "purpose": "invoice <i>14/03</i>" if len(self.rows) % 3 else None,
            }
        )
        return 1000 + len(self.rows) - 1

    def find(self, pattern: str, account: str, ids: list[int], roles: list[str]) -> None:
        """Note a finding over booked payments."""
        rows = [self.rows[i - 1000] for i in ids]
        names = list(dict.fromkeys(n for r in rows for n in (r["originator"], r["beneficiary"])))
        key = hashlib.md5(f"{pattern}{ids}".encode()).hexdigest()
        corridors = [f"{self.home[r['originator']]}>{self.home[r['beneficiary']]}" for r in rows]
        crossed = [c for c in dict.fromkeys(corridors) if c[:2] != c[3:]]
        amounts = list(zip(roles, (r["sent_minor"] for r in rows), strict=True))
        came = sum(m for role, m in amounts if role == "in") or amounts[0][1]
        left = sum(m for role, m in amounts if role == "out") or amounts[-1][1]
        self.findings.append(
            {
                "finding_id": key,
                "pattern": pattern,
                "version": 1,
                "anchor": ids[0],
                "account": account,
                "started_at": min(r["executed_at"] for r in rows),
                "ended_at": max(r["executed_at"] for r in rows),
                "hops": 2 if "in" in roles else len(ids),
                "n_transactions": len(ids),
                "n_accounts": len(names),
                "amount_in_minor": came,
                "amount_out_minor": None if pattern == "fan_in" else left,
                "amount_currency": "EUR",
                "retained": None if pattern == "fan_in" else left / came,
                "borders": sum(c[:2] != c[3:] for c in corridors),
                "multiplicity": 1,
                "measure": None,
                "chance_rate": 0.25 if pattern == "pass_through" else None,
                "innocent": ["refund"] if pattern == "round_trip" else [],
                "accounts": names,
                "corridors": crossed,
                "is_truncated": pattern == "fan_in",
            }
        )
        for position, (i, role) in enumerate(zip(ids, roles, strict=True)):
            self.evidence.append(
                {"finding_id": key, "position": position, "transaction_id": i, "role": role,
                 "corridor": corridors[position],
                 "amount_minor": self.rows[i - 1000]["base_minor"]}
            )  # fmt: skip

    def background(self, n: int) -> None:
        """Book ordinary payments, mostly at home."""
        accounts = list(self.home)
        for _ in range(n):
            origin = self.dice.choice(accounts)
            near = [a for a in accounts if self.home[a] == self.home[origin] and a != origin]
            to = self.dice.choice(near if self.dice.random() < 0.75 else accounts)
            at = START + timedelta(minutes=self.dice.randrange(300 * 1440))
            self.pay(origin, to, self.dice.randrange(5_000, 6_000_000), at)

    def pass_through(self, shell: str, day: int) -> None:
        """Let money come in from three payers and leave within a day, less one percent."""
        outside = [a for a, c in self.home.items() if c != self.home[shell]]
        at = START + timedelta(days=day)
        for wave in range(3):
            payers, to = self.dice.sample(outside, 3), self.dice.choice(outside)
            came = [self.dice.randrange(4_000_000, 30_000_000) for _ in payers]
            begin = at + timedelta(days=(0, 2, 19)[wave])
            ids = [
                self.pay(p, shell, m, begin + timedelta(hours=h))
                for h, (p, m) in enumerate(zip(payers, came, strict=True))
            ]
            left = sum(came) * 99 // 100
            ids += [
                self.pay(shell, to, left * part // 100, begin + timedelta(hours=8 + part % 7))
                for part in (60, 40)
            ]
            self.find("pass_through", shell, ids, ["in"] * 3 + ["out"] * 2)

    def chain(self, first: str, day: int, *, closes: bool) -> None:
        """Send money over five accounts, and home again if it `closes`."""
        path = [first, *self.dice.sample([a for a in self.home if a != first], 4)]
        path += [first] if closes else []
        minor = self.dice.randrange(8_000_000, 40_000_000)
        ids = [
            self.pay(a, b, minor * (100 - k) // 100, START + timedelta(days=day + k, hours=k))
            for k, (a, b) in enumerate(pairwise(path))
        ]
        self.find("round_trip" if closes else "layering_chain", first, ids, ["hop"] * len(ids))


def _scores(book: Book, transactions: pl.DataFrame) -> pl.DataFrame:
    names = {a: HOSTILE[i] for i, a in enumerate(list(book.home)[: len(HOSTILE)])}
    rows = []
    for account, country in book.home.items():
        mine = [f for f in book.findings if account in f["accounts"]]
        flow = {
            side: transactions.filter(pl.col(side) == account)["base_minor"].sum()
            for side in ("originator", "beneficiary")
        }
        patterns = list(dict.fromkeys(f["pattern"] for f in mine))
        rows.append(
            {
                "account": account,
                "holder": names.get(account),
                "jurisdiction": country,
                "score": sum(2.2 if f["account"] == account else 0.4 for f in mine),
                "role": "intermediary" if mine else None,
                "reasons": [f"Money passes on in {p} within a day, 99% of it." for p in patterns],
                "patterns": patterns,
                "pattern_p_values": [0.001 for _ in patterns],
                "finding_ids": [f["finding_id"] for f in mine],
                "n_findings": len(mine),
                "n_transactions": transactions.filter(
                    (pl.col("originator") == account) | (pl.col("beneficiary") == account)
                ).height,
                "at_stake_minor": sum(f["amount_in_minor"] for f in mine),
                "received_minor": flow["beneficiary"],
                "sent_minor": flow["originator"],
                "base_currency": "EUR",
            }
        )
    frame = pl.DataFrame(rows, infer_schema_length=None).sort(
        "score", "account", descending=[True, False]
    )
    ranked = frame.with_columns(
        rank=pl.int_range(1, pl.len() + 1),
        p_value=10.0 ** -pl.col("score"),
        weight=pl.col("score"),
        evidence_minor="at_stake_minor",
    )
    return schema.ACCOUNT_SCORES.conform(ranked)


def _referrals(scores: pl.DataFrame, book: Book) -> pl.DataFrame:
    by_id = {f["finding_id"]: f for f in book.findings}
    rows = []
    for place, score in enumerate(scores.head(10).iter_rows(named=True), start=1):
        mine = [by_id[i] for i in score["finding_ids"]]
        ids = sorted(
            {e["transaction_id"] for e in book.evidence if e["finding_id"] in score["finding_ids"]}
        )
        rows.append(
            {k: score[k] for k in ("account", "holder", "jurisdiction", "role", "score",
                                   "at_stake_minor", "base_currency", "reasons", "finding_ids")}
            | {
                "rank": place,
                "first_at": min(f["started_at"] for f in mine),
                "last_at": max(f["ended_at"] for f in mine),
                "jurisdictions": list(
                    dict.fromkeys(book.home[a] for f in mine for a in f["accounts"])
                ),
                "corridors": list(dict.fromkeys(c for f in mine for c in f["corridors"])),
                "reason_codes": [p.upper() for p in score["patterns"]],
                "transaction_ids": ids,
            }
        )  # fmt: skip
    return schema.REFERRALS.conform(pl.DataFrame(rows, infer_schema_length=None))


def make_tables() -> dict[str, Any]:
    """Return the keyword arguments of `write_report` for the made-up ledger."""
    book = Book()
    book.background(420)
    accounts = list(book.home)
    for i, shell in enumerate((accounts[0], accounts[1], accounts[2], accounts[17], accounts[33])):
        book.pass_through(shell, 20 + 45 * i)
    for i, first in enumerate((accounts[3], accounts[4], accounts[5], accounts[40], accounts[50])):
        book.chain(first, 15 + 50 * i, closes=i % 2 == 0)
    hub = accounts[60]
    ids = [
        book.pay(a, hub, 950_000, START + timedelta(days=200, hours=i))
        for i, a in enumerate(accounts[:24])
    ]
    book.find("fan_in", hub, ids, ["in"] * len(ids))
    transactions = schema.TRANSACTIONS.conform(
        pl.DataFrame(book.rows, infer_schema_length=None)
    ).with_columns(resolution=pl.lit("1s", schema.RESOLUTION))
    scores = _scores(book, transactions)
    return {
        "referrals": _referrals(scores, book),
        "scores": scores,
        "findings": schema.FINDINGS.conform(pl.DataFrame(book.findings, infer_schema_length=None)),
        "evidence": schema.EVIDENCE.conform(pl.DataFrame(book.evidence)),
        "truncations": schema.TRUNCATIONS.conform(
            pl.DataFrame(
                {
                    "pattern": ["fan_in", "fan_in", "layering_chain"],
                    "anchor": [ids[0], ids[1], 1003],
                    "account": [hub, hub, HOSTILE[0]],
                    "cap": ["max_fan", "max_fan", "max_work"],
                    "work_left": [1200, 34, 5_000_000],
                }
            )
        ),
        "transactions": transactions,
        "rejects": schema.REJECTS.conform(
            pl.DataFrame(
                {
                    "source_row": [12, 90, 91, 455],
                    "source_column": ["amount", "date", "date", None],
                    "rule": ["amount_is_number", "date_is_known", "date_is_known", "row_is_unique"],
                    "value": ["12,3O<script>", "31.02.2014", None, "x" * 400],
                }
            )
        ),
        "manifest": {
            "version": "0.1.0",
            "inputs": [{"name": "ledger <made up>.csv", "sha256": "0" * 64, "bytes": 123456}],
            "parameters": {"round_trip": {"window": "90d", "max_hops": 6}, "base_currency": "EUR"},
            "versions": {"python": "3.11", "polars": "2.1"},
            "notes": ["</script>", None, True, 0.5],
        },
    }


@pytest.fixture(scope="session")
def made_up() -> dict[str, Any]:
    """The made-up ledger, made once: frames do not change."""
    return make_tables()


@pytest.fixture
def tables(made_up: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments of `write_report` for the made-up ledger."""
    return dict(made_up)
