"""What a check of a bundle found, and the checks of what is in it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from xborder_aml.errors import DataError
from xborder_aml.exchange import _contents
from xborder_aml.exchange._again import Again
from xborder_aml.exchange._pages import read_page, stray_amounts, wrong_marks
from xborder_aml.exchange.figures import Evidence, wrong_figures
from xborder_aml.exchange.validate import validate_xml
from xborder_aml.schema import TRANSACTIONS

__all__ = ["Findings", "Verification", "check_contents", "in_words"]

_HTML = (".html", ".htm")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Verification:
    """What a check of a bundle found.

    Parameters
    ----------
    checked
        What was found to hold, one sentence each.
    problems
        What is wrong.
    unchecked
        What could not be checked, and what it would take.
    signers
        Fingerprints of the keys whose signatures hold.
    """

    checked: tuple[str, ...]
    problems: tuple[str, ...]
    unchecked: tuple[str, ...]
    signers: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found wrong; what was not checked may still be."""
        return not self.problems


@dataclass
class Findings:
    """Collects sentences while the checks run."""

    checked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    signers: list[str] = field(default_factory=list)

    def tell(self, problems: Sequence[str], else_say: str) -> None:
        self.problems += problems
        if not problems:
            self.checked.append(else_say)

    def done(self) -> Verification:
        return Verification(
            tuple(self.checked), tuple(self.problems), tuple(self.unchecked), tuple(self.signers)
        )


def check_contents(
    content: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    xsd: Sequence[str | os.PathLike[str]],
    given: Sequence[str | os.PathLike[str]],
    found: Findings,
) -> None:
    """Check tables, sums, XML, figures and pages, and make cases again.

    The files must be as they were sealed. Own tables of law are looked for among the files `given`.
    """
    tables = _tables(content, manifest, found)
    _xml(content, xsd, found)
    _figures(content, manifest, tables, found)
    again = Again([Path(path) for path in given])
    for folder in sorted({_split(name)[0] for name in content}):
        again.compare(folder, _within(folder, content), _within(folder, tables), found)


def _tables(
    content: Mapping[str, bytes], manifest: Mapping[str, Any], found: Findings
) -> dict[str, pl.DataFrame]:
    """Check forms and sums of tables; return them by name."""
    try:
        frames = _contents.frames_in(content)
    except DataError as error:
        found.problems.append(str(error))
        return {}
    facts = [_contents.facts_of(frame, file) for file, frame in frames.items()]
    problems = []
    if facts != manifest["tables"]:
        problems.append("tables have other rows, columns or sums of money than the manifest says")
    tables = {}
    for file, frame in frames.items():
        name = file.rpartition("/")[2].removesuffix(".parquet")
        tables[file.removesuffix(".parquet")] = frame
        table, why = _contents.fitting(frame, name)
        if why is not None:
            problems.append(f"{file} is not of the form that its name says: {why}")
        elif table is None:
            found.unchecked.append(f"the form of {file}: this version declares no such table")
    found.tell(
        problems, f"{in_words(tables, 'table')} with the rows and sums that the manifest says"
    )
    if not problems:
        folders = sorted({_split(name)[0] for name in tables})
        try:
            wrong = [w for f in folders for w in _contents.wrong_sums(_within(f, tables))]
        except pl.exceptions.PolarsError as error:
            cause = str(error).splitlines()[0]
            wrong = [f"a table has not the columns that its name says: {cause}"]
        found.tell(wrong, "sums within and between tables agree")
    return tables


def _xml(
    content: Mapping[str, bytes], xsd: Sequence[str | os.PathLike[str]], found: Findings
) -> None:
    documents = [name for name in sorted(content) if name.lower().endswith(".xml")]
    if not documents:
        return
    if not xsd:
        found.unchecked.append(f"{in_words(documents, 'XML file')}: give the schemas (--xsd)")
        return
    problems = []
    for name in documents:
        faults = [_faults(content[name], schema) for schema in xsd]
        if all(faults):
            problems.append(f"{name} is valid by no schema; by the first, {faults[0][0]}")
    found.tell(problems, f"{in_words(documents, 'valid XML file')}")


def _faults(document: bytes, schema: str | os.PathLike[str]) -> tuple[str, ...]:
    try:
        return validate_xml(document, schema, most=1)
    except DataError as error:
        return (str(error),)


def _figures(
    content: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    tables: Mapping[str, pl.DataFrame],
    found: Findings,
) -> None:
    """Work out the figures of each case, and compare its pages with them."""
    try:
        cases = _contents.figures_in(content)
    except DataError as error:
        found.problems.append(str(error))
        return
    if sum(map(len, cases.values())) != manifest["n_figures"]:
        found.problems.append("there are other figures than the manifest says")
    if not cases:
        found.unchecked.append("figures: the bundle has no figures.json")
    for folder, figures in cases.items():
        own = _within(folder, tables)
        if figures and "transactions" not in own:
            found.problems.append(f"{folder}transactions.parquet is not there to recompute figures")
            continue
        evidence = Evidence(
            own.get("transactions", TRANSACTIONS.empty()),
            own,
            manifest["parameters"],
            accounts=own.get("known_accounts"),
        )
        problems = [folder + problem for problem in wrong_figures(figures, evidence)]
        found.tell(problems, f"{in_words(figures, 'figure')} recomputed from the evidence")
        _pages(folder, _within(folder, content), figures, found)


def _pages(
    folder: str, content: Mapping[str, bytes], figures: Sequence[Any], found: Findings
) -> None:
    """Compare what pages and letters show with the figures."""
    pages = {name: read_page(content[name]) for name in sorted(content) if name.endswith(_HTML)}
    texts = {name: page.rest for name, page in pages.items()}
    for name in sorted(content):
        if name.endswith(".md"):  # where a name may stand with its marks taken away
            texts[name] = content[name].decode("utf-8", "replace").replace("\\", "")
    for name, page in pages.items():
        problems = [f"{folder}{name} {wrong}" for wrong in wrong_marks(page, figures)]
        if page.marks:
            found.tell(
                problems, f"{in_words(page.marks, 'figure')} in {folder}{name} as figures.json says"
            )
    if pages and not any(page.marks for page in pages.values()):
        found.unchecked.append(f"the figures that {', '.join(pages)} show: none is marked")
    for name, text in texts.items():
        if stray := stray_amounts(text, figures):
            found.unchecked.append(
                f"amounts in {folder}{name} that are no figure: {', '.join(stray[:5])}"
                f"{' and more' if len(stray) > 5 else ''}"
            )


def _split(name: str) -> tuple[str, str]:
    """Return the folder that a name lies in, like ``case-1/``, and the rest."""
    folder, slash, rest = name.rpartition("/")
    return folder + slash, rest


def _within(folder: str, things: Mapping[str, _T]) -> dict[str, _T]:
    """Return what lies in a folder itself, by the name that it has there."""
    return {rest: t for n, t in things.items() for own, rest in [_split(n)] if own == folder}


def in_words(things: Sized, word: str) -> str:
    """Return how many there are, in words.

    Examples
    --------
    >>> in_words([4, 7], "file"), in_words([4], "file")
    ('2 files', '1 file')
    """
    return f"{len(things):,} {word}{'' if len(things) == 1 else 's'}"
