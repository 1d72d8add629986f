"""What is known of a public data set: who made it, where it is, under which terms, how large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Card", "DatasetFile"]


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """One file of a data set.

    Parameters
    ----------
    role
        What it holds: ``transactions``, ``accounts``, ``patterns``, or the name of a table.
    names
        File names to look for, in order; each also packed, as ``.gz``.
    is_required
        Whether the set cannot be read without it.
    rows
        Rows that its publisher or its readers count; None where nobody told, or everyone makes
        a file of their own.
    sha256
        Hash of the file in its published spelling, where one was seen.
    """

    role: str
    names: tuple[str, ...]
    is_required: bool = True
    rows: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A data set that the library reads by name.

    Parameters
    ----------
    name
        Name, as in ``xb.datasets.load(name)``.
    title
        Name in full.
    kind
        ``ledger``: payments from account to account. ``alerts`` and ``graph`` are none, and have
        tables of their own.
    source
        Reader in `SOURCES` of a ledger; None for another kind.
    description
        What the set is.
    labels
        What its labels say.
    use
        What it can be used for.
    not_for
        What it cannot.
    citation
        What to cite.
    licence
        Terms of use, in short. What binds is what stands at `home`.
    home
        Where a person gets it.
    how
        How, in one sentence.
    files
        Its files.
    folders
        Folders below the data folder in which it is looked for; ``.`` is the data folder itself.
    is_labelled
        Whether it has labels.
    n_illicit
        Transactions (or alerts, or nodes) that are marked, where that is known.
    counted
        Where the counts come from.
    download
        Address from which `fetch` may take it without an account; None where there is none.
    compared
        What of it was compared with a second source, and with which; dates are of the look.
    unverified
        What was told by others and could not be checked at its publisher.
    """

    name: str
    title: str
    kind: Literal["ledger", "alerts", "graph"]
    source: str | None
    description: str
    labels: str
    use: str
    not_for: str
    citation: str
    licence: str
    home: str
    how: str
    files: tuple[DatasetFile, ...]
    folders: tuple[str, ...]
    is_labelled: bool = True
    n_illicit: int | None = None
    counted: str = ""
    download: str | None = None
    compared: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()

    @property
    def rows(self) -> int | None:
        """Rows of the main file, which stands first; None where everyone makes their own."""
        return self.files[0].rows
