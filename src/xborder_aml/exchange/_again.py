"""Making the cases of a bundle again from their transactions, and comparing every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from xborder_aml.errors import XBorderAMLError

if TYPE_CHECKING:
    from xborder_aml.exchange._checks import Findings
    from xborder_aml.jurisdictions.tables import JurisdictionTables
    from xborder_aml.referral import Referral
    from xborder_aml.referral.files import CaseFiles

__all__ = ["Again"]

_OF_A_CASE = ("requests", "recovery", "waterfall")
_LAW = "table of law"
_ROWS = ("transactions.parquet", "known_accounts.parquet")
_UNFIT = (
    XBorderAMLError, AttributeError, ArithmeticError, LookupError, RecursionError, TypeError,
    ValueError, pl.exceptions.PolarsError,
)  # fmt: skip
"""What comes of a referral.json that somebody wrote otherwise than we do."""


class Again:
    """Makes cases again; those that share a trace share the work.

    Parameters
    ----------
    given
        Files that are at hand beside the bundle: own tables of law are found among them.
    """

    def __init__(self, given: Sequence[Path]) -> None:
        self._given = given
        self._made: dict[str, Referral] = {}

    def compare(
        self,
        folder: str,
        content: Mapping[str, bytes],
        tables: Mapping[str, pl.DataFrame],
        found: Findings,
    ) -> None:
        """Compare the files of a case with what its transactions give.

        Parameters
        ----------
        folder
            Where the case lies, for what is told.
        content, tables
            Its files, and its Parquet files as tables without the ending, by their names there.
        """
        if not any(name in tables for name in _OF_A_CASE):
            return
        what = f"that the tables and pages of {folder or 'the case'} follow from the transactions"
        try:
            told = json.loads(content.get("referral.json", b"null"))
        except (ValueError, RecursionError):
            told = None
        if not _is_told(told) or "transactions" not in tables:
            found.unchecked.append(f"{what}: its referral.json does not tell how it was made")
            return
        law, lacking = self._law(told)
        if law is None:
            found.unchecked.append(f"{what}: give the tables of law {lacking} (--input)")
            return
        try:
            made = self._files(told, content, tables, law)
            wrong = [folder + each for each in _differences(content, tables, made)]
        except _UNFIT as error:
            found.problems.append(f"{folder}referral.json does not fit the transactions: {error}")
            return
        others = _other_versions(told)
        if wrong and others:
            found.unchecked.append(f"{what}: it was made by {others}, and {wrong[0]}")
            return
        n = len(made.tables) + len([name for name in made.texts if not _is_draft(name)])
        found.tell(wrong, f"{n} files of {folder or 'the case'} made again, and the same")
        found.unchecked += [
            f"{folder}{name}: a person changed the draft"
            for name, text in made.texts.items()
            if _is_draft(name) and content.get(name, text.encode()) != text.encode()
        ]

    def _law(self, told: Mapping[str, Any]) -> tuple[JurisdictionTables | None, str]:
        """Return the tables of law that the case was made with, or the names of those lacking."""
        from xborder_aml.jurisdictions.tables import jurisdiction_tables

        own = [each for each in told["inputs"] if each.get("role") == _LAW]
        if not own:
            return jurisdiction_tables(), ""
        hashes = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in self._given}
        lacking = [str(each.get("name")) for each in own if each.get("sha256") not in hashes]
        if lacking:
            return None, ", ".join(lacking)
        return jurisdiction_tables(*(hashes[each["sha256"]] for each in own)), ""

    def _files(
        self,
        told: Mapping[str, Any],
        content: Mapping[str, bytes],
        tables: Mapping[str, pl.DataFrame],
        law: JurisdictionTables,
    ) -> CaseFiles:
        from xborder_aml.referral.files import ABOUT, case_files, referral_again

        asked = {k: v for k, v in told.items() if k not in ("case", "rows")}
        hashes = [hashlib.sha256(content.get(name, b"")).hexdigest() for name in _ROWS]
        key = json.dumps([asked, hashes])
        if key not in self._made:
            accounts = tables.get("known_accounts")
            self._made[key] = referral_again(told, tables["transactions"], accounts, law)
        referral = self._made[key].of_case(told["case"])
        about = {name: told[name] for name in ABOUT if name in told}
        return case_files(referral, letters=told["letters"], about=about)


def _is_told(told: Any) -> bool:
    from xborder_aml.referral.files import ABOUT, TOLD

    return (
        isinstance(told, dict)
        and all(name in told for name in (*TOLD, *ABOUT))
        and isinstance(told["inputs"], list)
        and all(isinstance(each, dict) for each in told["inputs"])
        and isinstance(told["versions"], dict)
    )


def _differences(
    content: Mapping[str, bytes], tables: Mapping[str, pl.DataFrame], made: CaseFiles
) -> list[str]:
    """Return which files are not what the transactions give, and where; drafts may be changed."""
    out = []
    for name, frame in made.tables.items():
        here = tables.get(name.removesuffix(".parquet"))
        if here is None:
            out.append(f"{name} is missing")
        elif not here.equals(frame):
            out.append(f"{name} is not what the transactions give: {_first(here, frame)}")
    for name, text in made.texts.items():
        if _is_draft(name):
            continue
        if name not in content:
            out.append(f"{name} is missing")
        elif content[name] != text.encode():
            out.append(
                f"{name} is not what the transactions give: {_first_line(content[name], text)}"
            )
    return out


def _first(here: pl.DataFrame, made: pl.DataFrame) -> str:
    """Say where two tables differ first."""
    if here.schema != made.schema:
        return "it has other columns"
    if here.height != made.height:
        return f"it has {here.height:,} rows and not {made.height:,}"
    for name in made.columns:
        row = (~here[name].eq_missing(made[name])).arg_max() or 0
        if not here[name].equals(made[name]):
            return f"{name} of row {row + 1} is {here[name][row]!r} and not {made[name][row]!r}"
    return "it is spelled otherwise"


def _first_line(here: bytes, made: str) -> str:
    """Say in which line two texts differ first."""
    lines, wanted = here.split(b"\n"), made.encode().split(b"\n")
    same = (a == b for a, b in zip(lines, wanted, strict=False))
    return f"from line {next((n for n, holds in enumerate(same, 1) if not holds), len(wanted))} on"


def _is_draft(name: str) -> bool:
    return name.startswith("letter-")


def _other_versions(told: Mapping[str, Any]) -> str:
    """Return the versions that the case was made by, where they are not those that are here."""
    import platform

    here = {"python": platform.python_version()}
    out = []
    for name, was in told["versions"].items():
        try:
            is_here = here.get(name) or version(name)
        except PackageNotFoundError:
            is_here = "none"
        if is_here != was:
            out.append(f"{name} {was} (here {is_here})")
    return ", ".join(out)
