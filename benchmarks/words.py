"""What the pages share: one record out of many, numbers as text, and tables."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

Record = dict[str, Any]


def one(found: Iterable[Record], **values: Any) -> Record:
    """Return the one record with these values."""
    (record,) = [r for r in found if all(r[k] == v for k, v in values.items())]
    return record


def seconds(record: Record) -> str:
    """Return the median: to a hundredth of a second below ten, to two digits below a tenth."""
    s = median(record["seconds"])
    return f"{s:.1f}" if s >= 10 else f"{s:.2f}" if s >= 0.1 else f"{s:.2g}"


def count(n: int) -> str:
    """Return a number with its thousands apart."""
    return f"{n:,}"


def table(head: list[str], rows: list[list[str]], align: str) -> str:
    """Return a Markdown table; `align` holds a letter a column, r for right."""
    rule = ["---:" if a == "r" else "---" for a in align[: len(head)]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows])
