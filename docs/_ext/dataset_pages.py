"""The reference of the public data sets, and their cards in datasets/, from the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mdtext import cell, table

from xborder_aml.datasets import CARDS

__all__ = ["cards", "one_card", "pages"]


def pages() -> dict[str, str]:
    """Return path below reference/ to text."""
    rows = [
        [f"[`{c.name}`](#dataset-{c.name})", cell(c.title), c.kind, count(c.rows), cell(c.licence)]
        for c in CARDS.values()
    ]
    head = ["Name", "Data set", "Kind", "Rows", "Licence"]
    parts = [table(head, rows), ""]
    parts += [f"(dataset-{c.name})=\n\n## {c.name}\n\n{body(c)}" for c in CARDS.values()]
    return {"generated/datasets.md": "\n".join(parts)}


def cards() -> dict[str, str]:
    """Return path below datasets/ to text: one card a set."""
    return {f"{c.name}.md": one_card(c) for c in CARDS.values()}


def one_card(c: Any) -> str:
    """Return the card of one set as a page of its own."""
    return f"# {c.title}\n\n`xb.datasets.load({c.name!r})`\n\n{body(c)}"


def count(rows: int | None) -> str:
    """Return a number of rows for people.

    >>> count(16940), count(None)
    ('16,940', 'your own')
    """
    return "your own" if rows is None else f"{rows:,}"


def body(c: Any) -> str:
    """Return what is known of a set."""
    facts = [
        ("Labels", c.labels),
        ("For", c.use),
        ("Not for", c.not_for),
        ("Cite", c.citation),
        ("Licence", c.licence),
        ("Get it", f"{c.how}: <{c.home}>"),
        ("Folder", " or ".join("the data folder" if f == "." else f"`{f}/`" for f in c.folders)),
        ("Counted", c.counted),
    ]
    lines = [f"{c.description}\n"]
    lines += [f"- **{what}:** {fact}" for what, fact in facts if fact]
    lines += [f"- **Compared:** {fact}" for fact in c.compared]
    lines += [f"- **Unverified:** {fact}" for fact in c.unverified]
    rows = [
        [
            " or ".join(f"`{n}`" for n in f.names),
            f.role,
            "yes" if f.is_required else "no",
            "" if f.rows is None else f"{f.rows:,}",
            "" if f.sha256 is None else f"`{f.sha256}`",
        ]
        for f in c.files
    ]
    head = ["File", "Holds", "Required", "Rows", "SHA-256"]
    return "\n".join([*lines, "", table(head, rows), ""])


if __name__ == "__main__":
    folder = Path(__file__).resolve().parents[2] / "datasets"
    for name, text in cards().items():
        (folder / name).write_text(text, "utf-8")
