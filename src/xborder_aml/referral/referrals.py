"""`refer`: ranked accounts with money at stake, where it went, when, and the rows that show it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import overload

import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.jurisdictions.tables import JurisdictionTables
from xborder_aml.referral._propose import propose
from xborder_aml.referral.proposal import Referral
from xborder_aml.referral.settings import ReferralSettings
from xborder_aml.schema import ACCOUNT_SCORES, JURISDICTION, REFERRALS
from xborder_aml.score.attribution import account_rows, attributions, roles_of
from xborder_aml.tracing import Traced

__all__ = ["REASON_CODES", "refer"]

REASON_CODES = {
    "CROSS_BORDER": "Evidence money crosses a border.",
    "MANY_CORRIDORS": "Evidence money goes over at least three corridors.",
    "REQUESTING_STATE": "Evidence touches the requesting jurisdiction.",
    "CORE_ROLE": "At least three senders and three beneficiaries in evidence, money passed on.",
    "SEVERAL_PATTERNS": "Findings of at least two patterns reach p <= 0.05.",
    "TRUNCATED_EVIDENCE": "A search behind a finding reached a cap: there may be more.",
    "NO_BASE_AMOUNT": "Some evidence has no base amount, so money at stake is a lower bound.",
}
"""Codes beside those of the patterns (ROUND_TRIP, PASS_THROUGH, ...), and what each says."""

_SIGNIFICANT = 0.05
_MANY = 3


@overload
def refer(
    scores: pl.DataFrame,
    findings: Findings,
    graph: TransactionGraph,
    *,
    requesting: str | None = ...,
    as_of: date | str | None = ...,
    max_p_value: float = ...,
    top: int | None = ...,
) -> pl.DataFrame: ...


@overload
def refer(
    scores: Traced,
    findings: Findings | None = ...,
    *,
    requesting: str,
    as_of: date | str | None = ...,
    predicate: str | None = ...,
    settings: ReferralSettings | None = ...,
    facts: Mapping[str, str] | None = ...,
    tables: JurisdictionTables | None = ...,
) -> Referral: ...


def refer(
    scores: pl.DataFrame | Traced,
    findings: Findings | None = None,
    graph: TransactionGraph | None = None,
    *,
    requesting: str | None = None,
    as_of: date | str | None = None,
    max_p_value: float = 0.05,
    top: int | None = None,
    predicate: str | None = None,
    settings: ReferralSettings | None = None,
    facts: Mapping[str, str] | None = None,
    tables: JurisdictionTables | None = None,
) -> pl.DataFrame | Referral:
    """Propose what to refer: accounts of a search, or the money of a trace.

    From scores, findings and a graph: every account whose evidence chance seldom shows, in the
    order of the scores. Money at stake is recomputed here from the evidence transactions that stand
    beside it: each counts once, and the larger of what came in and what went out is taken.

    From a trace: one proposal a case and jurisdiction, with the waterfall from the seed value to
    the expected recoverable value, the decision and what would alter it, channels, clocks, what
    speaks against it, and what the request lacks.

    Parameters
    ----------
    scores
        What `EvidenceScorer.score` returned, or what `trace` did.
    findings
        What the scores were made from. With a trace, optional: its evidence connects claims.
    graph
        What the scores were made from; not with a trace.
    requesting
        ISO 3166-1 alpha-2 code of the authority that will ask. With scores it adds REQUESTING_STATE
        where evidence touches it; a trace needs it.
    as_of
        With scores, last day to look at: findings that end later, and so could not have been known,
        are left out. Scores and reasons stay those of `scores`: to score as of that day too, score
        ``graph.window(...)``. By default the whole ledger. With a trace, the day of the request; by
        default the day on which the trace ends.
    max_p_value, top
        Largest combined p-value of an account that is proposed, and most proposals; with scores
        only.
    predicate
        Offence behind the request, as for `channels`; with a trace only, as all that follow.
    settings
        Assumptions and limits.
    facts
        What a person adds to the request: a mapping of names of
        `xborder_aml.referral.completeness.FACTS` to text.
    tables
        Tables of law and co-operation, by default the packaged ones.

    Returns
    -------
    DataFrame or Referral
        schema.REFERRALS, ranked from 1; or, of a trace, a `Referral`.

    Raises
    ------
    ParameterError
        If `requesting` is no ISO code, `as_of` no date, `max_p_value` no probability, or `top`
        below 1; or if an argument is missing or belongs to the other form.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> referral = xb.refer(xb.trace(graph, {"victim": [4]}), requesting="EE")
    >>> referral.requests.select("jurisdiction", "decision").rows()[0]
    ('CY', 'MONITOR')
    """
    if isinstance(scores, Traced):
        if graph is not None or top is not None or max_p_value != 0.05:
            raise ParameterError(
                "graph, max_p_value and top belong to scores; a trace has its own graph"
            )
        if requesting is None:
            raise ParameterError("requesting is missing: say which jurisdiction asks, like 'EE'")
        return propose(
            scores, requesting=requesting, on=_day(as_of), findings=findings,
            predicate=predicate, settings=settings, facts=facts, tables=tables,
        )  # fmt: skip
    if findings is None or graph is None:
        raise ParameterError("scores need the findings and the graph that they were made from")
    if any(given is not None for given in (predicate, settings, facts, tables)):
        raise ParameterError(
            "predicate, settings, facts and tables belong to a trace; give what trace returned "
            "instead of scores"
        )
    return _ranked(scores, findings, graph, requesting, as_of, max_p_value, top)


def _ranked(
    scores: pl.DataFrame,
    findings: Findings,
    graph: TransactionGraph,
    requesting: str | None,
    as_of: date | str | None,
    max_p_value: float,
    top: int | None,
) -> pl.DataFrame:
    """Return schema REFERRALS of scored accounts."""
    if requesting is not None and requesting not in JURISDICTION.categories:
        raise ParameterError(
            f"requesting={requesting!r} is not an ISO 3166-1 alpha-2 code"
            f"{did_you_mean(requesting, JURISDICTION.categories)}"
        )
    if not 0 <= max_p_value <= 1:
        raise ParameterError(f"max_p_value={max_p_value} must lie between 0 and 1")
    if top is not None and top < 1:
        raise ParameterError(f"top={top} must be at least 1")
    scores = ACCOUNT_SCORES.conform(scores)
    known = _known_by(findings, as_of)
    about = attributions(known, findings, graph)
    facts = _facts(account_rows(about, findings, graph), about)
    named = (
        scores.select("account", finding_id="finding_ids")
        .explode("finding_id")
        .join(about, on=["account", "finding_id"], how="semi", maintain_order="left")
        .group_by("account", maintain_order=True)
        .agg(finding_ids="finding_id")
    )
    ranked = (
        scores.filter((pl.col("score") > 0) & (pl.col("p_value") <= max_p_value))
        .drop("role", "at_stake_minor", "finding_ids")
        .join(facts, on="account", how="inner", maintain_order="left")
        .join(named, on="account", how="inner", maintain_order="left")
        .sort("rank", maintain_order=True)
    )
    if top is not None:
        ranked = ranked.head(top)
    return REFERRALS.conform(
        ranked.with_columns(
            _codes(requesting),
            rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        )
    )


def _known_by(findings: Findings, as_of: date | str | None) -> pl.DataFrame:
    day = _day(as_of)
    if day is None:
        return findings.findings
    end = datetime.combine(day, time.max, UTC)
    return findings.findings.filter(pl.col("ended_at") <= end)


def _day(as_of: date | str | None) -> date | None:
    try:
        return date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    except ValueError as error:
        raise ParameterError(f"as_of={as_of!r} is not a date like 2015-01-31") from error


def _facts(rows: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """Return one row an account: role, money, dates, places and transactions of its evidence."""
    a = pl.col("originator_jurisdiction").cast(pl.String)
    b = pl.col("beneficiary_jurisdiction").cast(pl.String)
    facts = rows.group_by("account", maintain_order=True).agg(
        first_at=pl.col("executed_at").min(),
        last_at=pl.col("executed_at").max(),
        transaction_ids=pl.col("transaction_id"),
        has_no_base=pl.col("base_minor").is_null().any(),
    )
    corridors = _most_money(
        rows.filter((a != b).fill_null(False)).with_columns(name=pl.concat_str(a, pl.lit(">"), b)),
        "corridors",
    )
    places = _most_money(
        pl.concat([rows.with_columns(name=a), rows.with_columns(name=b)])
        .drop_nulls("name")
        .unique(["account", "transaction_id", "name"], maintain_order=True),
        "jurisdictions",
    )
    found = about.group_by("account").agg(is_truncated=pl.col("is_truncated").any())
    return (
        facts.join(roles_of(rows), on="account", how="left")
        .join(corridors, on="account", how="left")
        .join(places, on="account", how="left")
        .join(found, on="account", how="left")
        .with_columns(
            pl.col("corridors", "jurisdictions").fill_null(pl.lit([], pl.List(pl.String)))
        )
    )


def _most_money(rows: pl.DataFrame, into: str) -> pl.DataFrame:
    """Return, by account, the distinct names with most base money first, ties by name."""
    return (
        rows.group_by("account", "name")
        .agg(money=pl.col("base_minor").sum())
        .sort("account", "money", "name", descending=[False, True, False])
        .group_by("account", maintain_order=True)
        .agg(pl.col("name").alias(into))
    )


def _codes(requesting: str | None) -> pl.Expr:
    """Return the reason codes: those of the patterns, most telling first, then the general ones."""
    several = pl.col("pattern_p_values").list.eval(pl.element() <= _SIGNIFICANT).list.sum() > 1
    flags = {
        "CROSS_BORDER": pl.col("corridors").list.len() > 0,
        "MANY_CORRIDORS": pl.col("corridors").list.len() >= _MANY,
        "REQUESTING_STATE": pl.lit(False)
        if requesting is None
        else pl.col("jurisdictions").list.contains(requesting),
        "CORE_ROLE": pl.col("role") == "core",
        "SEVERAL_PATTERNS": several,
        "TRUNCATED_EVIDENCE": pl.col("is_truncated"),
        "NO_BASE_AMOUNT": pl.col("has_no_base"),
    }
    general = pl.concat_list(
        pl.when(flag).then(pl.lit(code)) for code, flag in flags.items()
    ).list.drop_nulls()
    own = pl.col("patterns").list.eval(pl.element().str.to_uppercase())
    return pl.concat_list(own, general).alias("reason_codes")
