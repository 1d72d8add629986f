"""Lines that hold one another: each names the hash of the line before it.

A line that is changed, removed from the middle, put in or moved breaks the chain. Lines taken off
the end do not: who must notice that keeps the hash of the last line, the head, elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from xborder_aml.errors import DataError
from xborder_aml.exchange.canonical import canonical_json, read_canonical

__all__ = ["START", "chain", "hashes_of", "head_of", "link", "read_chain"]

START = "0" * 64
"""What the first line names in the place of a line before it."""


def link(entry: Mapping[str, Any], n: int, previous: str) -> bytes:
    """Return line `n` of a chain, counted from 0, which follows the line of hash `previous`."""
    return canonical_json({**entry, "n": n, "previous": previous}) + b"\n"


def chain(entries: Iterable[Mapping[str, Any]]) -> bytes:
    """Return entries as a chain of lines.

    Examples
    --------
    >>> lines = chain([{"event": "sent"}, {"event": "frozen"}])
    >>> [entry["event"] for entry in read_chain(lines, "the log")]
    ['sent', 'frozen']
    """
    lines: list[bytes] = []
    for entry in entries:
        lines.append(link(entry, len(lines), _hash(lines[-1]) if lines else START))
    return b"".join(lines)


def head_of(lines: bytes) -> str:
    """Return the hash of the last line of a chain; of an empty one, `START`."""
    return _hash(lines.removesuffix(b"\n").rpartition(b"\n")[2]) if lines else START


def hashes_of(lines: bytes) -> list[str]:
    """Return the hash of each line; the last is the head."""
    return [_hash(line) for line in lines.split(b"\n")[:-1]]


def read_chain(lines: bytes, what: str) -> list[dict[str, Any]]:
    """Return the entries of a chain, without their places; `what` names it in errors.

    Raises
    ------
    DataError
        If a line is not canonical JSON, or does not follow the one before it.
    """
    entries = []
    previous = START
    if lines and not lines.endswith(b"\n"):
        raise DataError(f"{what} ends in the middle of a line; what wrote it was cut off")
    for n, line in enumerate(lines.split(b"\n")[:-1]):
        entry = read_canonical(line, f"line {n + 1} of {what}")
        if not isinstance(entry, dict) or entry.pop("n", None) != n:
            raise DataError(f"line {n + 1} of {what} is not line {n} of its chain, from 0")
        if entry.pop("previous", None) != previous:
            raise DataError(
                f"line {n + 1} of {what} does not follow the line before it: one of the two was "
                "changed, or lines between them were taken out or put in"
            )
        entries.append(entry)
        previous = _hash(line + b"\n")
    return entries


def _hash(line: bytes) -> str:
    return hashlib.sha256(line.removesuffix(b"\n")).hexdigest()
