"""The files of a case: its page, letters, tables and figures; and the same made once more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from xborder_aml.graph import TransactionGraph
from xborder_aml.jurisdictions.tables import JurisdictionTables
from xborder_aml.referral.casefile import render_case_file
from xborder_aml.referral.evidence import evidence_table
from xborder_aml.referral.figures import figures_of
from xborder_aml.referral.letter import letter_of_request
from xborder_aml.referral.proposal import Referral
from xborder_aml.referral.referrals import refer
from xborder_aml.referral.retrace import arguments_of, evidence_rows, retrace
from xborder_aml.referral.settings import ReferralSettings
from xborder_aml.report.sheets import flat, inert

__all__ = ["ABOUT", "TOLD", "CaseFiles", "case_files", "referral_again"]

_CSV = ("requests", "recovery", "waterfall", "evidence")

TOLD = (
    "case", "requesting", "on", "predicate", "settings", "facts", "same_day", "letters", "trace",
)  # fmt: skip
"""What ``referral.json`` tells, from which the case can be made again."""

ABOUT = ("incomplete", "inputs", "versions")
"""What it tells of how the case came about."""


@dataclass(frozen=True)
class CaseFiles:
    """The files of a case by their names.

    Parameters
    ----------
    tables
        Parquet files.
    texts
        The page, letters, CSV and JSON; ``figures.json`` is the last.
    """

    tables: Mapping[str, pl.DataFrame]
    texts: Mapping[str, str]


def case_files(
    referral: Referral, *, letters: int = 5, about: Mapping[str, Any] | None = None
) -> CaseFiles:
    """Return each file of one case.

    Parameters
    ----------
    letters
        Letters that are drafted.
    about
        What ``referral.json`` tells beside what was asked for and assumed.

    Raises
    ------
    ParameterError
        If the referral is not of one case.
    """
    figures = figures_of(referral)
    texts = {"case.html": render_case_file(referral, figures)}
    for request in referral.requests.head(letters).iter_rows(named=True):
        place = request["jurisdiction"]
        if place is None or place == referral.requesting:
            continue
        for form, ending in (("markdown", "md"), ("html", "html")):
            texts[f"letter-{place}.{ending}"] = letter_of_request(referral, place, form=form)
    tables = _tables(referral)
    texts |= {f"{name}.csv": inert(flat(tables[name])).write_csv() for name in _CSV}
    told = {
        "case": referral.cases["case"][0],
        "requesting": referral.requesting,
        "on": referral.on.isoformat(),
        "predicate": referral.predicate,
        "settings": referral.settings.to_mapping(),
        "facts": dict(sorted(referral.facts.items())),
        "same_day": referral.traced.same_day,
        "letters": letters,
        "trace": arguments_of(referral.traced),
        "rows": {name: frame.height for name, frame in sorted(tables.items())},
        **(about or {}),
    }
    texts |= {"referral.json": _json(told), "figures.json": _lines(figures)}
    return CaseFiles({f"{name}.parquet": frame for name, frame in tables.items()}, texts)


def referral_again(
    told: Mapping[str, Any],
    transactions: pl.DataFrame,
    accounts: pl.DataFrame | None,
    law: JurisdictionTables,
) -> Referral:
    """Make a referral again from the transactions of one of its cases.

    Parameters
    ----------
    told
        What ``referral.json`` tells: the keys of `TOLD`.
    transactions, accounts
        Tables of the case, ``transactions`` and ``known_accounts``.
    law
        Tables of law and co-operation.

    Raises
    ------
    XBorderAMLError
        As `trace` and `refer`, where they do not fit.
    """
    graph = TransactionGraph(transactions, accounts)
    traced = retrace(graph, {**told["trace"], "same_day": told["same_day"]})
    settings = dict(told["settings"])
    if "limitation" in settings:
        settings["limitation"] = date.fromisoformat(settings["limitation"])
    return refer(
        traced, requesting=told["requesting"], as_of=told["on"], predicate=told["predicate"],
        settings=ReferralSettings.from_mapping(settings), facts=told["facts"], tables=law,
    )  # fmt: skip


def _tables(referral: Referral) -> dict[str, pl.DataFrame]:
    traced = referral.traced
    claims = referral.cases["claim"].implode()
    rows = evidence_rows(traced)
    touched = pl.concat([rows["originator"], rows["beneficiary"]]).unique()
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
        "known_accounts": traced.graph.accounts.filter(pl.col("account").is_in(touched.implode())),
        "transactions": rows,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str, allow_nan=False) + "\n"


def _lines(figures: list[dict[str, Any]]) -> str:
    """Write figures one a line, so that two files can be compared."""
    lines = (json.dumps(figure, ensure_ascii=False, allow_nan=False) for figure in figures)
    return "[\n" + ",\n".join(lines) + "\n]\n"
