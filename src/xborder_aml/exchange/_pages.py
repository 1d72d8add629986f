"""What the pages and letters of a case show, held against its figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any, NamedTuple

from xborder_aml.jurisdictions.codes import CURRENCIES
from xborder_aml.report.formats import figure_text

__all__ = ["Mark", "Page", "read_page", "stray_amounts", "wrong_marks"]

_AMOUNT = re.compile(r"(?<![\w.,])[-\N{MINUS SIGN}]?\d+(?:,\d{3})*(?:\.\d+)? ([A-Z]{3})\b")
_CODES = frozenset(CURRENCIES)


class Mark(NamedTuple):
    """An element that says which figure it shows: ``<data value= data-figure=>``."""

    figure: str
    value: str
    text: str


class Page(NamedTuple):
    """The marks of a page, and the text that is in none."""

    marks: list[Mark]
    rest: str


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.marks: list[Mark] = []
        self.rest: list[str] = []
        self.hidden = 0
        self.open: tuple[str, str] | None = None
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag in ("script", "style"):
            self.hidden += 1
        if tag == "data" and "data-figure" in told:
            self.close_mark()
            self.open = str(told["data-figure"]), str(told.get("value"))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.hidden = max(0, self.hidden - 1)
        if tag == "data":
            self.close_mark()

    def handle_data(self, data: str) -> None:
        if self.open is not None:
            self.words.append(data)
        elif not self.hidden:
            self.rest.append(data)

    def close_mark(self) -> None:
        if self.open is not None:
            self.marks.append(Mark(*self.open, "".join(self.words).strip()))
        self.open, self.words = None, []


def read_page(page: bytes) -> Page:
    """Return the figures that an HTML page marks, and its other text.

    Examples
    --------
    >>> read_page(b'In: <data value="600" data-figure="in">6.00 EUR</data>')
    Page(marks=[Mark(figure='in', value='600', text='6.00 EUR')], rest='In: ')
    """
    reader = _Reader()
    reader.feed(page.decode("utf-8", "replace"))
    reader.close()
    reader.close_mark()
    return Page(reader.marks, "\n".join(reader.rest))


def wrong_marks(page: Page, figures: Sequence[Any]) -> Iterator[str]:
    """Yield where a page shows another value, or writes it otherwise, than the figure it names."""
    known = {str(f["figure"]): f for f in figures if isinstance(f, Mapping) and "figure" in f}
    for mark in page.marks:
        figure = known.get(mark.figure)
        if figure is None:
            yield f"shows {mark.value} for the figure {mark.figure!r}, which is not there"
            continue
        if mark.value != str(figure.get("value")):
            yield (
                f"shows {mark.value} for the figure {mark.figure!r}, which is {figure.get('value')}"
            )
            continue
        text = _written(figure)
        if text is not None and mark.text != text:
            yield f"writes {mark.text!r} for the figure {mark.figure!r}, which is {text}"


def stray_amounts(text: str, figures: Sequence[Any]) -> list[str]:
    """Return the amounts of money in a text that none of the figures is, in order, each once.

    Examples
    --------
    >>> stray_amounts("6.00 EUR of 7.00 EUR", [{"figure": "in", "value": 600, "unit": "EUR"}])
    ['7.00 EUR']
    """
    known = {_written(figure) for figure in figures if isinstance(figure, Mapping)}
    found = (m[0] for m in _AMOUNT.finditer(text) if m[1] in _CODES)
    return [amount for amount in dict.fromkeys(found) if amount not in known]


def _written(figure: Mapping[str, Any]) -> str | None:
    """Return a figure as pages write it; None where its form is unknown."""
    value, unit = figure.get("value"), figure.get("unit")
    if isinstance(value, str):
        return value
    if not isinstance(value, int) or (unit not in _CODES and unit not in ("count", "ppm")):
        return None
    return figure_text(value, str(unit))
