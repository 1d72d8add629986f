"""Reading XML from strangers: streamed, without entities, without a network, within bounds.

A document type declaration ends the reading before any entity is declared, so nothing can be
expanded or fetched. Bounds on depth, text and the size of one record keep memory in hand whatever
the file; what has been read of a record is let go once its rows are made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree as ET

import polars as pl

from xborder_aml.errors import DataError, DatasetUnavailableError, ParameterError

__all__ = ["Rows", "child", "local", "open_xml", "text_at"]

MAX_BYTES = 2 * 2**30
MAX_DEPTH = 64
MAX_TEXT = 1 << 20  # characters of one element
MAX_RECORD = 200_000  # elements of one record, or outside of all records
_CHUNK = 1 << 16

Rows = Callable[[ET.Element, list[ET.Element]], Iterable[dict[str, str | None]]]
"""From a record and the elements around it, outermost first, to rows of raw columns."""


def open_xml(
    ledger: Any,
    records: frozenset[str],
    rows: Rows,
    *,
    columns: Iterable[str],
    expected: frozenset[str],
    source: str,
) -> pl.LazyFrame:
    """Open an XML file as a table with a 1-based ``source_row``.

    Parameters
    ----------
    ledger
        Path of the file, or its bytes.
    records
        Local names of the elements that `rows` makes rows of.
    rows
        Called once for each record.
    columns
        Columns of the table, in order.
    expected
        Local names of elements of which the file must have one.
    source
        Name of the source, for errors.

    Raises
    ------
    DatasetUnavailableError
        If there is no such file.
    ParameterError
        If `ledger` is neither a path nor bytes.
    DataError
        If the file is no XML, has nothing that is expected, breaks a bound, or declares a document
        type.
    """
    name, chunks = _chunks(ledger, source)
    target = _Target(name, records, rows)
    parser = ET.XMLParser(target=target)
    read = 0
    try:
        for chunk in chunks:
            read += len(chunk)
            if read > MAX_BYTES:
                target.fail(f"is larger than {MAX_BYTES:,} bytes; split it")
            parser.feed(chunk)
        parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise DataError(f"{name} is no well-formed XML: {error}") from error
    if not target.seen & expected:
        target.fail(
            f"has none of the elements {', '.join(sorted(expected))} that source {source!r} reads; "
            f"its outermost ones are {', '.join(target.first) or 'none'}"
        )
    frame = pl.DataFrame(target.rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return frame.lazy().with_row_index("source_row", offset=1)


def _chunks(ledger: Any, source: str) -> tuple[str, Iterator[bytes]]:
    if isinstance(ledger, bytes):
        return "the XML", (ledger[i : i + _CHUNK] for i in range(0, len(ledger), _CHUNK))
    if not isinstance(ledger, str | os.PathLike):
        raise ParameterError(
            f"source {source!r} reads the path of an XML file, or its bytes, and got "
            f"{type(ledger).__name__}"
        )
    path = Path(ledger)
    if not path.is_file():
        raise DatasetUnavailableError(f"there is no file {str(path)!r}; check the path")

    def read() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    return path.name, read()


class _Target:
    """Builds elements, hands whole records over, and lets them go."""

    def __init__(self, name: str, records: frozenset[str], rows: Rows) -> None:
        self.name = name
        self.records = records
        self.to_rows = rows
        self.rows: list[dict[str, str | None]] = []
        self.stack: list[ET.Element] = []
        self.kept = 0  # elements in memory
        self.outside = 0  # of these, before the record at hand
        self.words: list[str] = []
        self.length = 0
        self.inside = 0
        self.seen: set[str] = set()
        self.first: list[str] = []

    def fail(self, what: str) -> NoReturn:
        raise DataError(f"{self.name} {what}")

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        self.fail(
            f"declares a document type ({name[:40]}), which may hold entities and addresses, and "
            "is not read; remove the declaration"
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.fail(f"nests deeper than {MAX_DEPTH} elements")
        if self.kept - self.outside >= MAX_RECORD:
            self.fail(f"has more than {MAX_RECORD:,} elements in one record")
        self.flush()
        element = ET.Element(local(tag), attributes)
        if self.stack:
            self.stack[-1].append(element)
        self.stack.append(element)
        self.kept += 1
        if len(self.first) < 3:
            self.first.append(element.tag[:40])
        if not self.inside:  # few: the elements of records are not among them
            self.seen.add(element.tag)
        if element.tag in self.records:
            if self.inside == 0:
                self.outside = self.kept
            self.inside += 1

    def data(self, text: str) -> None:
        self.length += len(text)
        if self.length > MAX_TEXT:
            self.fail(f"has more than {MAX_TEXT:,} characters in one element")
        self.words.append(text)  # joined once: adding them up one by one takes quadratic time

    def flush(self) -> None:
        if self.words and self.stack and self.stack[-1].text is None:
            self.stack[-1].text = "".join(self.words)
        self.words.clear()
        self.length = 0

    def end(self, _tag: str) -> None:
        self.flush()
        element = self.stack.pop()
        if element.tag not in self.records:
            return
        self.inside -= 1
        if self.inside == 0:
            self.rows.extend(self.to_rows(element, self.stack))
            if self.stack:
                self.stack[-1].remove(element)
            self.kept = self.outside = self.outside - 1

    def close(self) -> None:
        return None


def local(tag: str) -> str:
    """Return a name without its namespace.

    Examples
    --------
    >>> local("{urn:iso:std:iso:20022:tech:xsd:camt.053.001.08}Ntry")
    'Ntry'
    """
    return tag.rpartition("}")[2]


def child(element: ET.Element | None, *path: str) -> ET.Element | None:
    """Return the first element below, step by step; None where a step is missing."""
    for step in path:
        if element is None:
            return None
        element = element.find(step)
    return element


def text_at(element: ET.Element | None, *paths: str) -> str | None:
    """Return the trimmed text at the first path, like ``Id/IBAN``, that has one."""
    for path in paths:
        found = child(element, *path.split("/"))
        if found is not None and found.text and found.text.strip():
            return found.text.strip()
    return None
