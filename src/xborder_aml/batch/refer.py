"""From a ledger file and seeds to case files: the tables, the page, the letters, the figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml.batch._checks import check, find_inputs
from xborder_aml.batch._folder import fill, is_filled, key_of, own_folder, text_writer
from xborder_aml.batch._manifest import input_facts, versions
from xborder_aml.batch.config import BatchConfig
from xborder_aml.batch.follow import Asked, follow, reading_choices
from xborder_aml.detection import Progress
from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions.tables import jurisdiction_tables
from xborder_aml.referral import ReferralSettings, refer
from xborder_aml.referral.files import case_files
from xborder_aml.report.sheets import flat, inert

__all__ = ["Referred", "Wanted", "refer_ledger"]


@dataclass(frozen=True, eq=False)
class Referred:
    """What a referral of a ledger file came to, as it was written.

    Parameters
    ----------
    requests
        Whom to ask, for how much and whether, of all cases.
    folders
        The folder of each case.
    incomplete
        What is incomplete, one sentence each.
    kept
        Whether the folder held all of it already, from a run before.
    """

    requests: pl.DataFrame
    folders: tuple[Path, ...]
    incomplete: tuple[str, ...]
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a referral is asked for.

    Parameters
    ----------
    requesting
        Jurisdiction that asks.
    on
        Day of the request; by default the day on which the trace ends.
    predicate
        Offence behind it.
    settings
        TOML file of `ReferralSettings`.
    facts
        TOML file of what a person adds to the request.
    tables
        Files of rows that are laid over the packaged tables of law and co-operation.
    letters
        Letters that are drafted for a case: to the jurisdictions where most is expected.
    """

    requesting: str
    on: date | None = None
    predicate: str | None = None
    settings: str | Path | None = None
    facts: str | Path | None = None
    tables: Sequence[str | Path] = ()
    letters: int = 5

    @property
    def files(self) -> list[tuple[str, Path]]:
        """Files that are read, with the part that each plays."""
        named = [("settings", self.settings), ("facts", self.facts)]
        named += [("table of law", path) for path in self.tables]
        return [(role, Path(path)) for role, path in named if path is not None]

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen; files are told by what is in them, and not here."""
        return {
            "requesting": self.requesting,
            "on": None if self.on is None else self.on.isoformat(),
            "predicate": self.predicate,
            "letters": self.letters,
        }


def refer_ledger(
    ledger: str | Path,
    out: str | Path,
    asked: Asked,
    wanted: Wanted,
    config: BatchConfig | None = None,
    *,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Referred:
    """Read a ledger, follow seeds, and write what an asset-recovery request needs into a folder.

    One case is written into `out`, several into ``case-1``, ``case-2``, ... in it, the one with
    most expected value first. Every file is whole or absent. Where the same inputs and choices have
    filled the folder before, and nobody changed a file, nothing is done.

    Parameters
    ----------
    asked
        What is followed, and how.
    wanted
        What is asked for.
    fresh
        Do it again, whatever is there.

    Raises
    ------
    ParameterError
        If `out` holds files that no referral put there, or no account holds any of the money.
    XBorderAMLError
        As `trace_ledger` and `refer`.
    """
    config, folder = config or BatchConfig(), Path(out)
    check(config)
    assumed = ReferralSettings() if wanted.settings is None else (
        ReferralSettings.from_toml(wanted.settings)
    )  # fmt: skip
    told = {} if wanted.facts is None else _facts(wanted.facts)
    law = jurisdiction_tables(*wanted.tables)
    files = [*find_inputs(Path(ledger), config), *asked.files, *wanted.files]
    own_folder(folder, "refer", [path for _, path in files])
    inputs = input_facts(files)
    choices = {**asked.choices, **wanted.choices, "reading": reading_choices(config)}
    key = key_of("refer", inputs, choices)
    if not fresh and is_filled(folder, "refer", key):
        return _kept(folder, progress)
    traced, incomplete = follow(ledger, asked, config, progress=progress)
    if progress is not None:
        progress("refer", 0, 1)
    referral = refer(
        traced, requesting=wanted.requesting, as_of=wanted.on, predicate=wanted.predicate,
        settings=assumed, facts=told, tables=law,
    )  # fmt: skip
    names = referral.names
    if not names:
        raise ParameterError(
            "no account holds any of the money by this rule, so there is nothing to refer; "
            "trace it to see what became of it"
        )
    places = [""] if len(names) == 1 else [f"case-{n}/" for n in range(1, len(names) + 1)]
    about = {"incomplete": incomplete, "inputs": inputs, "versions": versions()}
    writers: dict[str, Callable[[Path], Any]] = {}
    for name, place in zip(names, places, strict=True):
        case = case_files(referral.of_case(name), letters=wanted.letters, about=about)
        writers |= {place + file: frame.write_parquet for file, frame in case.tables.items()}
        writers |= {place + file: text_writer(text) for file, text in case.texts.items()}
    if len(names) > 1:
        writers["requests.csv"] = inert(flat(referral.requests)).write_csv
    fill(folder, "refer", key, writers)
    if progress is not None:
        progress("refer", 1, 1)
    return Referred(referral.requests, tuple(folder / place for place in places), incomplete)


def _kept(folder: Path, progress: Progress | None) -> Referred:
    """Return what a run before left in the folder."""
    if progress is not None:
        progress("refer: kept from the run before", 1, 1)
    one = folder / "referral.json"
    cases = [one] if one.is_file() else sorted(
        folder.glob("case-*/referral.json"), key=lambda path: int(path.parent.name[5:])
    )  # fmt: skip
    told = json.loads(cases[0].read_text("utf-8"))
    requests = pl.concat(pl.read_parquet(path.with_name("requests.parquet")) for path in cases)
    return Referred(
        requests, tuple(path.parent for path in cases), tuple(told["incomplete"]), kept=True
    )


def _facts(path: str | Path) -> Mapping[str, Any]:
    import tomllib

    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{path} cannot be read as TOML: {error}") from error
