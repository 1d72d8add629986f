"""Cases: accounts and claims that evidence connects, so that no money is in two of them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from xborder_aml.findings import Findings
from xborder_aml.tracing import Traced

__all__ = ["case_of_claims", "connected"]


def connected(groups: Iterable[Iterable[str]]) -> dict[str, str]:
    """Return, for every name, the first name by order of those that groups connect it to.

    Examples
    --------
    >>> connected([["b", "x"], ["a", "x"], ["c", "z"]])
    {'b': 'a', 'x': 'a', 'a': 'a', 'c': 'c', 'z': 'c'}
    """
    above: dict[str, str] = {}

    def root(name: str) -> str:
        above.setdefault(name, name)
        while above[name] != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    for group in groups:
        first = None
        for name in group:
            here = root(name)
            if first is not None and here != first:
                here, first = max(here, first), min(here, first)
                above[here] = first
            first = root(name)
    return {name: root(name) for name in above}


def case_of_claims(traced: Traced, findings: Findings | None = None) -> pl.DataFrame:
    """Return the case of each claim: claim, case.

    Claims are one case when an account holds money of both, when a transaction brought or took
    money of both, or when one finding's evidence has a transaction of each. Each claim is in one
    case, and so is each account that holds money: sums over cases count nothing twice.
    """
    groups: list[list[str]] = [[claim] for claim in traced.claims["claim"].unique().sort()]
    moved = traced.flows.select("claim", "transaction_id")
    held = traced.holdings.select("claim", "account")
    groups += _together(held, "account")
    groups += _together(moved, "transaction_id")
    if findings is not None and findings.evidence.height:
        found = findings.evidence.select("finding_id", "transaction_id").join(
            moved, on="transaction_id"
        )
        groups += _together(found, "finding_id")
    case = connected(groups)
    claims = sorted(case)
    return pl.DataFrame(
        {"claim": claims, "case": [case[claim] for claim in claims]},
        schema={"claim": pl.String, "case": pl.String},
    )


def _together(pairs: pl.DataFrame, by: str) -> list[list[str]]:
    """Return the lists of claims, two or more, that share a value."""
    return (
        pairs.group_by(by)
        .agg(pl.col("claim").unique().sort())
        .filter(pl.col("claim").list.len() > 1)["claim"]
        .unique()
        .sort()
        .to_list()
    )
