"""The README's example runs as it stands, on a ledger that holds what it looks for."""

from __future__ import annotations

import csv
import random
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

HEADER = (
    "executed_at",
    "originator",
    "beneficiary",
    "amount",
    "currency",
    "originator_jurisdiction",
    "beneficiary_jurisdiction",
)
START = datetime(2024, 1, 1, tzinfo=UTC)
COUNTRIES = ("EE", "LV", "GB", "CY", "CH", "AE")
TRIP = ("A00", "A01", "A02", "A03", "A00")
CHAIN = ("A04", "A05", "A06", "A07", "A08")


def write_ledger(path: Path) -> None:
    """Write a made-up ledger: people who pay shops, a round trip and a layering chain."""
    rng = random.Random(7)
    people = [f"A{i:02d}" for i in range(40)]
    shops = [f"S{i}" for i in range(6)]
    country = {a: COUNTRIES[i % len(COUNTRIES)] for i, a in enumerate([*people, *shops])}
    rows = []

    def pay(day: float, payer: str, payee: str, amount: float) -> None:
        at = START + timedelta(days=day)
        sides = payer, payee, f"{amount:.2f}", "EUR", country[payer], country[payee]
        rows.append((at.isoformat(timespec="seconds"), *sides))

    for _ in range(800):
        pay(rng.uniform(0, 180), rng.choice(people), rng.choice(shops), rng.uniform(20, 900))
    for path_of, day in ((TRIP, 30.0), (CHAIN, 60.0)):
        for i, (payer, payee) in enumerate(pairwise(path_of)):
            pay(day + i, payer, payee, 250_000 * 0.99**i)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])


def example(root: Path) -> str:
    blocks = re.findall(
        r"^```python\n(.*?)^```", (root / "README.md").read_text("utf-8"), re.M | re.S
    )
    assert len(blocks) == 1
    return blocks[0]


def test_the_example_is_short(root: Path) -> None:
    assert len([x for x in example(root).splitlines() if x.strip()]) <= 12


def test_the_example_finds_what_was_planted(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ledger(tmp_path / "ledger.csv")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(example(root), "README.md", "exec"), names)

    assert names["rejects"].height == 0
    found = names["findings"].findings
    assert sorted(found["pattern"].unique()) == ["layering_chain", "round_trip"]
    trip = found.filter(found["pattern"] == "round_trip")
    assert [a[:4] for a in trip["accounts"].to_list()] == [list(TRIP[:4])]
    assert set(names["referrals"]["account"]) <= {*TRIP, *CHAIN}
    assert names["first"]["account"] in capsys.readouterr().out
