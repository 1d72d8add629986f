"""What the pages share: one record out of many, numbers as text, and tables."""

from __future__ import annotations

import math
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


def slope(by_size: dict[int, float]) -> str:
    """Return the exponent of growth: the slope of log seconds against log transactions."""
    if len(by_size) < 2:
        return ""
    xs = [math.log(n) for n in by_size]
    ys = [math.log(max(s, 1e-6)) for s in by_size.values()]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    up = sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True))
    return f"{up / sum((x - mx) ** 2 for x in xs):.2f}"


def table(head: list[str], rows: list[list[str]], align: str) -> str:
    """Return a Markdown table; `align` holds a letter a column, r for right."""
    rule = ["---:" if a == "r" else "---" for a in align[: len(head)]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows])
