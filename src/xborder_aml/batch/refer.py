"""From a ledger file and seeds to case files: the tables, the page, the letters, the figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml.batch._tables import flat, inert
from xborder_aml.batch.config import BatchConfig
from xborder_aml.batch.follow import trace_ledger
from xborder_aml.detection import Progress
from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions.tables import jurisdiction_tables
from xborder_aml.referral import Referral, ReferralSettings, refer
from xborder_aml.referral.casefile import render_case_file
from xborder_aml.referral.evidence import evidence_table
from xborder_aml.referral.figures import figures_of
from xborder_aml.referral.letter import letter_of_request
from xborder_aml.referral.retrace import arguments_of, evidence_rows
from xborder_aml.report.page import write_whole

__all__ = ["Referred", "refer_ledger", "write_case"]

_CSV = ("requests", "recovery", "waterfall", "evidence")


@dataclass(frozen=True, eq=False)
class Referred:
    """A referral, the folders of its cases, and what is incomplete, one sentence each."""

    referral: Referral
    folders: tuple[Path, ...]
    incomplete: tuple[str, ...]


def refer_ledger(
    ledger: str | Path,
    out: str | Path,
    config: BatchConfig | None = None,
    *,
    requesting: str,
    seeds: str | None = None,
    payers: Sequence[str] = (),
    rule: str = "fifo",
    same_day: str = "ledger",
    opening_balances: str | None = None,
    on: date | None = None,
    predicate: str | None = None,
    settings: str | Path | None = None,
    facts: str | Path | None = None,
    tables: Sequence[str | Path] = (),
    letters: int = 5,
    progress: Progress | None = None,
) -> Referred:
    """Read a ledger, follow seeds, and write what an asset-recovery request needs into a folder.

    One case is written into `out`, several into ``case-1``, ``case-2``, ... in it, the one with
    most expected value first.

    Parameters
    ----------
    requesting
        Jurisdiction that asks.
    seeds, payers, rule, same_day, opening_balances
        As for `trace_ledger`.
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

    Raises
    ------
    XBorderAMLError
        As `trace_ledger` and `refer`.
    """
    assumed = ReferralSettings() if settings is None else ReferralSettings.from_toml(settings)
    told = {} if facts is None else _facts(facts)
    law = jurisdiction_tables(*tables)
    followed = trace_ledger(
        ledger, None, config, seeds=seeds, payers=payers, rule=rule,
        same_day=same_day, opening_balances=opening_balances, bounds=False, progress=progress,
    )  # fmt: skip
    if progress is not None:
        progress("refer", 0, 1)
    referral = refer(
        followed.traced, requesting=requesting, as_of=on, predicate=predicate, settings=assumed,
        facts=told, tables=law,
    )  # fmt: skip
    folder, names = Path(out), referral.names
    if not names:
        raise ParameterError(
            "no account holds any of the money by this rule, so there is nothing to refer; "
            "trace it to see what became of it"
        )
    folders = [folder] if len(names) == 1 else [
        folder / f"case-{number}" for number in range(1, len(names) + 1)
    ]  # fmt: skip
    for name, place in zip(names, folders, strict=True):
        write_case(referral.of_case(name), place, letters=letters)
    if len(names) > 1:
        write_whole(folder / "requests.csv", inert(flat(referral.requests)).write_csv())
    if progress is not None:
        progress("refer", 1, 1)
    return Referred(referral, tuple(folders), followed.incomplete)


def write_case(referral: Referral, folder: str | Path, *, letters: int = 5) -> None:
    """Write the case file, letters, tables and figures of one case; ``figures.json`` comes last.

    Raises
    ------
    ParameterError
        If the referral is not of one case.
    OSError
        If a file cannot be written.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    figures = figures_of(referral)
    write_whole(target / "case.html", render_case_file(referral, figures))
    for request in referral.requests.head(letters).iter_rows(named=True):
        place = request["jurisdiction"]
        if place is None or place == referral.requesting:
            continue
        for form, ending in (("markdown", "md"), ("html", "html")):
            text = letter_of_request(referral, place, form=form)
            write_whole(target / f"letter-{place}.{ending}", text)
    tables = _tables(referral)
    for name, frame in tables.items():
        part = target / f".{name}.parquet.partial"
        frame.write_parquet(part)
        part.replace(target / f"{name}.parquet")
    for name in _CSV:
        write_whole(target / f"{name}.csv", inert(flat(tables[name])).write_csv())
    told = {
        "requesting": referral.requesting,
        "on": referral.on.isoformat(),
        "predicate": referral.predicate,
        "settings": referral.settings.to_mapping(),
        "facts": dict(sorted(referral.facts.items())),
        "trace": arguments_of(referral.traced),
        "rows": {name: frame.height for name, frame in sorted(tables.items())},
    }
    write_whole(target / "referral.json", _json(told))
    write_whole(target / "figures.json", _lines(figures))


def _tables(referral: Referral) -> dict[str, pl.DataFrame]:
    traced = referral.traced
    claims = referral.cases["claim"].implode()
    return {
        "requests": referral.requests,
        "recovery": referral.recovery,
        "waterfall": referral.waterfall,
        "sensitivity": referral.sensitivity,
        "clocks": referral.clocks,
        "plans": referral.plans,
        "counter_evidence": referral.counter_evidence,
        "completeness": referral.completeness,
        "rules": referral.rules,
        "evidence": evidence_table(referral),
        "holdings": traced.holdings.filter(pl.col("claim").is_in(claims)),
        "conservation": traced.conservation.filter(pl.col("claim").is_in(claims)),
        "steps": traced.steps,
        "minted": traced.minted,
        "transactions": evidence_rows(traced),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str, allow_nan=False) + "\n"


def _lines(figures: list[dict[str, Any]]) -> str:
    """Write figures one a line, so that two files can be compared."""
    lines = (json.dumps(figure, ensure_ascii=False, allow_nan=False) for figure in figures)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _facts(path: str | Path) -> Mapping[str, Any]:
    import tomllib

    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{path} cannot be read as TOML: {error}") from error
