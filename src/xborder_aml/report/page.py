"""The referral report: one HTML file that opens offline and carries all that it shows."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from xborder_aml._files import write_text
from xborder_aml.report.casebook import (
    Limits,
    Tables,
    accounts,
    evidence,
    facts,
    rejected,
    truncated,
)
from xborder_aml.report.figures import corridor_heatmap, timeline
from xborder_aml.report.flow import flow_figure
from xborder_aml.report.formats import colours, money, plain

__all__ = ["embed", "render_report", "take_apart", "write_report"]

_TITLE_PX = 55

# What a browser could take for the end of the script, a comment, or the end of a line.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def write_report(
    path: str | os.PathLike[str],
    *,
    referrals: pl.DataFrame,
    scores: pl.DataFrame,
    findings: pl.DataFrame,
    evidence: pl.DataFrame,
    truncations: pl.DataFrame,
    transactions: pl.DataFrame,
    rejects: pl.DataFrame,
    manifest: Mapping[str, Any],
    name: str = "ledger",
    limits: Limits | None = None,
) -> Path:
    """Write the report of a run; it is whole or absent.

    The same tables and manifest give the same bytes: the only times on the page are those in the
    data and in the manifest.

    Parameters
    ----------
    path
        The file to write; an existing one is replaced.
    referrals, scores, findings, evidence, truncations, transactions, rejects
        Tables of the run, as `xborder_aml.schema` declares them.
    manifest
        What was read and how: a mapping of plain values, shown as it is.
    name
        Name of the input, for the title.
    limits
        How much of a long ledger the page carries.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    SchemaError
        If a table is not what its name says.
    OSError
        If the file cannot be written.
    """
    page = render_report(
        referrals=referrals,
        scores=scores,
        findings=findings,
        evidence=evidence,
        truncations=truncations,
        transactions=transactions,
        rejects=rejects,
        manifest=manifest,
        name=name,
        limits=limits,
    )
    return write_text(path, page)


def render_report(
    *,
    manifest: Mapping[str, Any],
    name: str = "ledger",
    limits: Limits | None = None,
    **frames: pl.DataFrame,
) -> str:
    """Return the page that `write_report` writes, from the same arguments.

    Raises
    ------
    ParameterError
        If a table is missing, or is none of a run's.
    SchemaError
        If a table is not what its name says.
    """
    tables, limits = Tables.conforming(**frames), limits or Limits()
    listed = accounts(tables, limits)
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            name=plain(name),
            facts=facts(tables),
            limits=limits,
            accounts=listed,
            cases=_cases(tables, listed, limits),
            corridors=take_apart(corridor_heatmap(tables.transactions, tables.evidence)),
            timeline=take_apart(timeline(tables.transactions, tables.evidence)),
            truncated=truncated(tables.truncations),
            rejected=rejected(tables.rejects),
            manifest=manifest,
            evidence=evidence(tables, limits),
            plotly=Markup(get_plotlyjs()),
        )
    )


def _environment() -> Environment:
    """Return the template engine: everything is escaped, and a misspelt name is an error."""
    environment = Environment(
        loader=PackageLoader("xborder_aml.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["embed"] = embed
    return environment


def embed(value: object) -> Markup:
    r"""Write a value as JSON that is safe inside a script element.

    Examples
    --------
    >>> print(embed("</script><!--"))
    "\u003c/script\u003e\u003c!--"
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_UNSAFE))


def take_apart(figure: go.Figure) -> dict[str, Any]:
    """Take a figure apart for the page, whose headings and captions stand in for its title."""
    plot = json.loads(figure.to_json())
    title = plot["layout"].pop("title")
    caption = title.get("subtitle", {}).get("text")
    if caption:  # the room that title and subtitle had
        plot["layout"]["height"] -= _TITLE_PX
        plot["layout"]["margin"]["t"] -= _TITLE_PX
    return {"title": title["text"], "caption": caption, "plot": plot}


def _cases(tables: Tables, listed: list[dict[str, Any]], limits: Limits) -> list[dict[str, Any]]:
    """Return the top referrals, each with its picture."""
    top = tables.referrals.sort("rank").head(limits.cases)
    told = [_told_by(case["finding_ids"], tables) for case in top.iter_rows(named=True)]
    palette = _palette(told)
    place = {score["key"]: i for i, score in enumerate(listed)}
    cases = []
    for case, rows in zip(top.iter_rows(named=True), told, strict=True):
        account = case["account"]
        named = {account} & {*rows["originator"], *rows["beneficiary"]}
        cases.append(
            {
                **case,
                "account": plain(account),
                "holder": plain(case["holder"]) if case["holder"] is not None else None,
                "at_stake": money(case["at_stake_minor"], case["base_currency"]),
                "first": f"{case['first_at']:%Y-%m-%d}",
                "last": f"{case['last_at']:%Y-%m-%d}",
                "place": place.get(account),
                "figure": take_apart(
                    flow_figure(
                        rows,
                        focus=next(iter(named), None),
                        holders=tables.holders,
                        palette=palette,
                    )
                ),
            }
        )
    return cases


def _told_by(finding_ids: list[str], tables: Tables) -> pl.DataFrame:
    """Return the transactions of findings, whole: on a path also those between other accounts."""
    mine = pl.col("finding_id").is_in(finding_ids)
    ids = tables.evidence.filter(mine)["transaction_id"].unique()
    return tables.transactions.filter(pl.col("transaction_id").is_in(ids.implode()))


def _palette(cases: list[pl.DataFrame]) -> dict[str, str]:
    """Return the colours that all pictures share: most money in the cases first."""
    if not cases:
        return {}
    rows = pl.concat(cases).unique("transaction_id")
    ends = ("originator_jurisdiction", "beneficiary_jurisdiction")
    ranked = (
        pl.concat(
            rows.select(pl.col(end).cast(pl.String).alias("code"), "base_minor") for end in ends
        )
        .drop_nulls()
        .group_by("code")
        .agg(pl.col("base_minor").sum())
        .sort(["base_minor", "code"], descending=[True, False])
    )
    return colours(ranked["code"].to_list())
