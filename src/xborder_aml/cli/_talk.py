"""What the command line says: progress on standard error, tables on standard output."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from xborder_aml.cli._group import level

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Talk", "aligned"]


class Talk:
    """Progress on standard error: bars on a terminal, else one line for each part that ends.

    It is the `progress` that the library calls, and a context that also shows the library's log.
    """

    def __init__(self) -> None:
        self.level = level()
        self._last = time.perf_counter()
        self._since: dict[str, float] = {}
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._log = _Echo(self)

    def __enter__(self) -> Talk:
        logger = logging.getLogger("xborder_aml")
        logger.addHandler(self._log)
        self._before = logger.level
        logger.setLevel({-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}[self.level])
        if self.level >= 0 and sys.stderr.isatty():
            self._bars = _bars()
            self._bars.start()
        self._last = time.perf_counter()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
        logger = logging.getLogger("xborder_aml")
        logger.removeHandler(self._log)
        logger.setLevel(self._before)

    def __call__(self, what: str, done: int, of: int) -> None:
        """Tell that `done` of `of` parts are done.

        A part that is first heard of when some of it is done began when the last one ended.
        """
        now = time.perf_counter()
        self._since.setdefault(what, self._last if done else now)
        if self._bars is not None:
            if what not in self._tasks:
                self._tasks[what] = self._bars.add_task(what, total=of)
            self._bars.update(self._tasks[what], completed=done)
        if done < of:
            return
        if self._bars is not None:
            self._bars.remove_task(self._tasks.pop(what))
        self.say(f"{what}  {now - self._since.pop(what):.1f} s")
        self._last = now

    def say(self, text: str) -> None:
        """Write a line to standard error, unless told to be quiet."""
        if self.level >= 0:
            self.insist(text)

    def insist(self, text: str) -> None:
        """Write a line to standard error."""
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(text, err=True)


class _Echo(logging.Handler):
    """Shows log records between the bars."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self._talk = talk
        if talk.level < 1:  # searches that were cut are told at the end, once
            self.addFilter(lambda record: record.name != "xborder_aml.detection")

    def emit(self, record: logging.LogRecord) -> None:
        self._talk.insist(f"{record.levelname.lower()}: {record.getMessage()}")


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def aligned(headers: Sequence[str], rows: Sequence[Sequence[Any]], *, widest: int = 60) -> str:
    """Return rows as text in aligned columns; numbers to the right, None as a dash.

    Characters that a terminal would obey are replaced, because account names come from outside.

    Examples
    --------
    >>> print(aligned(["account", "n"], [["A", 5], ["BB", None]]))
    account  n
    A        5
    BB       -
    >>> print(aligned(["share", "met"], [[0.00417, True], [5088.0, False]]))
       share  met
      0.0042  yes
    5,088.00   no
    """
    table = [[_cell(value, widest) for value in row] for row in [headers, *rows]]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    right = [
        bool(rows) and all(isinstance(row[i], int | float | None) for row in rows)
        for i in range(len(headers))
    ]
    lines = []
    for row in table:
        cells = zip(row, widths, right, strict=True)
        lines.append("  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip())
    return "\n".join(lines)


def _cell(value: Any, widest: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):  # a small share is no nothing
        return f"{value:.2g}" if 0 < abs(value) < 0.1 else f"{value:,.2f}"
    text = f"{value:,}" if isinstance(value, int) else str(value)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= widest else text[: widest - 1] + "…"
