"""`OutcomeRegister`: a file of outcomes that is only added to, and what it adds up to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml._files import locked, write_whole
from xborder_aml.errors import DataError
from xborder_aml.exchange.chain import START, hashes_of, link, read_chain
from xborder_aml.outcomes import statistics
from xborder_aml.outcomes.events import Correction, Outcome, entry_of, outcome_of
from xborder_aml.outcomes.replay import current, replay
from xborder_aml.outcomes.tables import HISTORY

__all__ = ["OutcomeRegister"]


class OutcomeRegister:
    """A register of referrals and what became of them.

    It is a file of JSON lines, each of which holds the hash of the one before it. Rows are only
    added: a mistake is corrected by a new row. Every row is checked against those before it.

    Parameters
    ----------
    path
        The file; one that is not there is an empty register, and made with the first row.
    head
        Hash of a last line that you kept: the register must still hold it. Lines taken off the end
        cannot be told in any other way.

    Raises
    ------
    DataError
        If the file was edited or cut, or a row cannot follow those before it.

    References
    ----------
    FATF Recommendation 33 (statistics on property frozen, seized and confiscated, and on requests
    for co-operation); Directive (EU) 2024/1640, Articles 9 and 27.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import date
    >>> import xborder_aml as xb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     register = xb.OutcomeRegister(f"{folder}/outcomes.jsonl")
    ...     about = {"referral": "R-1", "channel": "EGMONT", "currency": "EUR"}
    ...     _ = register.add(xb.Outcome(event="sent", on=date(2024, 5, 6), requested="LV",
    ...                                 amount_minor=100_000, **about))
    ...     _ = register.add(xb.Outcome(event="frozen", on=date(2024, 5, 9), amount_minor=40_000,
    ...                                 **about))
    ...     register.money().select("frozen_minor", "frozen_share").rows()
    [(40000, 0.4)]
    """

    def __init__(self, path: str | os.PathLike[str], *, head: str | None = None) -> None:
        self.path = Path(path)
        self.rows, self.head, known = _read(self.path)
        if head is not None and head not in known:
            raise DataError(
                f"{self.path.name} does not hold the line {head[:16]}, which it held before: lines "
                "were taken off its end, or it is another register"
            )

    def add(self, outcome: Outcome) -> int:
        """Append what happened, and return the number of its row.

        Raises
        ------
        ParameterError
            If another process is adding a row.
        DataError
            If it cannot follow the rows before it: confiscated before frozen, more than was asked
            for, before it was sent, in another currency.
        """
        return self._append(outcome)

    def correct(self, row: int, becomes: Outcome | None, *, reason: str, on: date) -> int:
        """Append a row that takes the place of an earlier one, and return its number.

        Parameters
        ----------
        row
            Number of the row that was wrong, from 0.
        becomes
            What it should have been; None takes it out.
        reason
            Why.
        on
            Day of the correction.

        Raises
        ------
        ParameterError
            If there is no reason, or another process is adding a row.
        DataError
            If there is no such outcome, or another row cannot follow the corrected one.
        """
        return self._append(Correction(row=row, becomes=becomes, reason=reason, on=on))

    def _append(self, row: Outcome | Correction) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = self.path.with_name(f".{self.path.name}.lock")
        with locked(lock, str(self.path)):
            rows, head, _ = _read(self.path)  # another process may have added some
            replay(current([*rows, row]))
            before = self.path.read_bytes() if self.path.is_file() else b""
            line = link(entry_of(row), len(rows), head)
            write_whole(self.path, lambda aside: aside.write_bytes(before + line))
        self.rows, self.head, _ = _read(self.path)
        return len(rows)

    @property
    def history(self) -> pl.DataFrame:
        """Every row as it was written: table `tables.HISTORY`."""
        holds = {n for n, _ in current(self.rows)}
        replaced = {row.row for row in self.rows if isinstance(row, Correction)}
        out = []
        for n, row in enumerate(self.rows):
            what = row.becomes if isinstance(row, Correction) else row
            told: dict[str, Any] = {} if what is None else entry_of(what)
            told |= {"row": n, "on": row.on, "amount_minor": what and what.amount_minor}
            told["is_current"] = n in holds and n not in replaced
            if isinstance(row, Correction):
                later = (r.row for r in self.rows[n + 1 :] if isinstance(r, Correction))
                told |= {"event": "corrected", "reason": row.reason, "corrects": row.row}
                told["is_current"] = row.row not in later
            out.append({name: told.get(name) for name in HISTORY.names})
        return HISTORY.conform(pl.DataFrame(out, schema=HISTORY.dtypes, orient="row"))

    @property
    def requests(self) -> pl.DataFrame:
        """Each request, and how far it has come: table `tables.REQUESTS`."""
        return statistics.requests_table(replay(current(self.rows)))

    def counts(self, by: str | None = None) -> pl.DataFrame:
        """Count requests by what became of them: table `tables.COUNTS`.

        Parameters
        ----------
        by
            channel, requested (the jurisdiction), or year (of sending); None for the whole.

        Raises
        ------
        ParameterError
            If `by` is another word.
        """
        return statistics.counts(self.requests, by)

    def money(self, by: str | None = None) -> pl.DataFrame:
        """Sum money by what became of it, a row a currency: table `tables.MONEY`.

        Parameters
        ----------
        by
            As for `counts`.

        Raises
        ------
        ParameterError
            If `by` is another word.
        """
        return statistics.money(self.requests, by)

    def refusals(self, by: str | None = None) -> pl.DataFrame:
        """Count the reasons of refusals: table `tables.REFUSALS`.

        Parameters
        ----------
        by
            As for `counts`.

        Raises
        ------
        ParameterError
            If `by` is another word.
        """
        return statistics.refusals(self.requests, by)


def _read(path: Path) -> tuple[Sequence[Outcome | Correction], str, list[str]]:
    """Return the rows of a file, the hash of its last line, and those of all."""
    text = path.read_bytes() if path.is_file() else b""
    rows = []
    for n, entry in enumerate(read_chain(text, path.name)):
        try:
            rows.append(outcome_of(entry))
        except DataError as error:
            raise DataError(f"row {n} of {path.name}: {error}") from error
    try:
        replay(current(rows))
    except DataError as error:
        raise DataError(f"{path.name} holds what cannot be: {error}") from error
    known = [START, *hashes_of(text)]
    return tuple(rows), known[-1], known
