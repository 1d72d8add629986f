"""`Referral`: what a trace amounts to, whom to ask for it, and whether; a person signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.jurisdictions.channels import ChannelPlan
from xborder_aml.referral._accounts import Reach, Row
from xborder_aml.referral.retrace import other_rules
from xborder_aml.referral.settings import ReferralSettings
from xborder_aml.tracing import Traced

__all__ = ["Referral"]


@dataclass(frozen=True, eq=False, repr=False)
class Referral:
    """Proposals for asset-recovery requests, as tables (`xborder_aml.referral.tables`).

    Made by `refer` from a trace.

    Parameters
    ----------
    traced
        The trace that it rests on.
    requesting
        Jurisdiction that asks.
    at
        When the request is made: what hours are counted to.
    predicate
        Offence behind it, if told.
    settings
        Assumptions.
    facts
        What a person added to the request.
    cases
        claim, case.
    requests, recovery, waterfall, sensitivity, clocks, plans, counter_evidence, completeness
        Tables of `xborder_aml.referral.tables`.
    channel_plans
        Plan to each foreign jurisdiction.
    reach
        The channel that each jurisdiction is asked by, and its delay.
    rows
        Accounts with the terms that their value is made of.
    """

    traced: Traced
    requesting: str
    at: datetime
    predicate: str | None
    settings: ReferralSettings
    facts: Mapping[str, str]
    cases: pl.DataFrame
    requests: pl.DataFrame
    recovery: pl.DataFrame
    waterfall: pl.DataFrame
    sensitivity: pl.DataFrame
    clocks: pl.DataFrame
    plans: pl.DataFrame
    counter_evidence: pl.DataFrame
    completeness: pl.DataFrame
    channel_plans: Mapping[str, ChannelPlan]
    reach: Mapping[str | None, Reach]
    rows: tuple[Row, ...]

    @property
    def on(self) -> date:
        """Day of the request."""
        return self.at.date()

    @property
    def names(self) -> list[str]:
        """Names of the cases, most expected first."""
        ranked = self.requests.group_by("case").agg(pl.sum("expected_minor")).sort(
            "expected_minor", "case", descending=[True, False]
        )  # fmt: skip
        return ranked["case"].to_list()

    @cached_property
    def rules(self) -> pl.DataFrame:
        """What each rule puts where: rule, account, base_minor; the accounts that hold most."""
        return other_rules(self.traced, self.recovery, self.cases["claim"].to_list())

    def of_case(self, case: str) -> Referral:
        """Return the referral of one case alone.

        Raises
        ------
        ParameterError
            If there is no such case.
        """
        if case not in self.names:
            raise ParameterError(
                f"there is no case {case!r}{did_you_mean(case, self.names)}; there are "
                f"{', '.join(self.names) or 'none'}"
            )
        tables = (
            "cases", "requests", "recovery", "waterfall", "sensitivity", "clocks", "plans",
            "counter_evidence", "completeness",
        )  # fmt: skip
        own = {n: getattr(self, n).filter(pl.col("case") == case) for n in tables}
        return replace(self, **own, rows=tuple(row for row in self.rows if row.case == case))

    def __repr__(self) -> str:
        """Return the decisions."""
        from xborder_aml.report.formats import money

        lines = [f"Referral by {self.requesting} on {self.on}: {self.requests.height} requests"]
        lines += [
            f"  {r['case']}, {r['jurisdiction'] or '??'}: {r['decision']}, expected "
            f"{money(r['expected_minor'], r['base_currency'])} of "
            f"{money(r['traced_minor'], r['base_currency'])} traced"
            for r in self.requests.head(20).iter_rows(named=True)
        ]
        return "\n".join(lines)
