"""`detect_update`: search anew only what changed rows can have changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detection._changes import Changes
from xborder_aml.detection._detect import assembled, find_in, finished, specs_of
from xborder_aml.detection._places import Places
from xborder_aml.detectors import params_of
from xborder_aml.detectors._spec import Detector, Params
from xborder_aml.errors import ParameterError
from xborder_aml.executors import (
    Executor,
    Search,
    Session,
    Task,
    join_outputs,
    make_executor,
)
from xborder_aml.executors._search import n_units, search_task
from xborder_aml.executors._strongest import MAX_FINDINGS
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.output import Output, make_output, trimmed
from xborder_aml.schema import EVIDENCE, FINDINGS, TRUNCATIONS

__all__ = ["Update", "detect_update"]

_log = logging.getLogger(__name__)

_NOWHERE = np.empty((0, 2), np.int64), pl.Series("account", [], dtype=pl.String)
_SEARCHED = {"pattern": pl.String, "by": pl.String, "n_searched": pl.Int64, "n_units": pl.Int64}


@dataclass(frozen=True, eq=False)
class Update:
    """What `detect_update` returns.

    Parameters
    ----------
    findings
        The findings of the changed graph.
    searched
        One row a pattern: by which of ``anchor``, ``account`` or ``all`` it was searched anew,
        how many of these, and of how many.
    """

    findings: Findings
    searched: pl.DataFrame


class _Anew(NamedTuple):
    """What of one pattern is searched anew."""

    by: Literal["anchor", "account", "all"]
    raw: Output
    n_searched: int
    n_units: int
    times: NDArray[np.int64]  # (n, 2) ascending, half-open: anchors, if by "anchor"
    accounts: pl.Series  # keys, if by "account"
    left_out: int = 0


def detect_update(
    previous: Findings,
    changes: Changes,
    detectors: Iterable[Params] | Params | None = None,
    *,
    max_findings: int = MAX_FINDINGS,
    executor: Executor | int | None = None,
) -> Update:
    """Bring findings up to date after rows came, came late, were amended or were deleted.

    The findings are those of ``detect(changes.graph, detectors)``, to the byte. A detector that
    looks only so far from its anchors is searched anew around the changed rows, one that reads all
    transactions of an account at the accounts of those rows, and one that reads the whole ledger in
    full. Columns of `previous` that are filled after detection, such as chance_rate, are emptied,
    because they are about the whole ledger.

    Parameters
    ----------
    previous
        What `detect` found on ``changes.before``.
    changes
        The changed rows.
    detectors
        The parameters that `previous` was found with, where they are not those of registered
        detectors; by default as ``previous.parameters`` tells.
    max_findings
        As `previous` was found with. A pattern of which some were left out is searched in full.
    executor
        As in `detect`; the result is the same.

    Raises
    ------
    ParameterError
        If `detectors` are not those that `previous` was found with.
    DataError
        If `previous` names a transaction that ``changes.before`` does not have.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> before = xb.TransactionGraph(xb.example_ledger())
    >>> changes = xb.Changes(before, deletes=[3])
    >>> update = xb.detect_update(xb.detect(before, xb.RoundTrip()), changes)
    >>> update.findings.equals(xb.detect(changes.graph, xb.RoundTrip()))
    True
    """
    before, after = changes.before, changes.graph
    cure = "update what was found on the graph that changed"
    old, new = Places(before, cure), Places(after, cure)
    runner = make_executor(executor)
    parts, told = [], []
    with runner.session(after.edges) as session:
        for detector, params in _specs(previous, changes, detectors):
            mine = previous.of(detector.name)
            if mine.left_out:  # what was left out may now be among those with most money
                anew = _in_full(detector, params, after, runner, session, max_findings)
            else:
                anew = _search(detector, params, changes, runner, session, max_findings)
            kept = _kept(mine, anew, before, old)
            if len(kept) + anew.raw.anchor.size > max_findings and anew.by != "all":
                anew = _in_full(detector, params, after, runner, session, max_findings)
                kept = _kept(mine, anew, before, old)
            fresh = assembled(after, detector, params, anew.raw, anew.left_out)
            parts.append(_put_together(kept, fresh, new))
            told.append((detector.name, anew.by, anew.n_searched, anew.n_units))
            _log.info("%s: searched anew by %s, %d of %d", *told[-1])
    searched = pl.DataFrame(told, schema=_SEARCHED, orient="row")
    return Update(finished(after, parts), searched)


def _specs(
    previous: Findings, changes: Changes, detectors: Iterable[Params] | Params | None
) -> list[tuple[Detector, Params]]:
    if detectors is None:
        detectors = [params_of(name, values) for name, values in previous.parameters.items()]
    specs = specs_of(changes.graph, detectors)
    given = {d.name: p.to_dict() for d, p in specs}
    if given != {k: dict(v) for k, v in previous.parameters.items()}:
        raise ParameterError(
            f"the detectors are {given}, and the previous findings are of "
            f"{dict(previous.parameters)}; give the same, or search in full"
        )
    return specs


def _search(
    detector: Detector,
    params: Params,
    changes: Changes,
    runner: Executor,
    session: Session,
    most: int,
) -> _Anew:
    before, after = changes.before, changes.graph
    nowhere, nobody = _NOWHERE
    local = detector.select is None and before.base_currency == after.base_currency
    if local and detector.reach is not None:
        halo = detector.reach(params.limits())
        times = _around(changes.touched, *halo)
        tasks = [
            Task(params, number=i, n_tasks=len(times), times=(low, high), halo=halo)
            for i, (low, high) in enumerate(times.tolist())
        ]
        found = session.map(Search(detector, params.limits()), tasks)
        raw = join_outputs([trimmed(make_output(0, 0, 0)), *found])
        n = int(np.diff(np.searchsorted(after.edges.at, times)).sum())
        return _Anew("anchor", raw, n, after.n_transactions, times, nobody)
    if local and detector.unit == "account":
        both = [changes.touched[side] for side in ("originator", "beneficiary")]
        accounts = pl.concat(both).unique().rename("account")
        chosen = after.account_names.is_in(accounts.implode()).to_numpy()
        search = Search(detector, params.limits())
        raw = search_task(after.edges, search, Task(params), chosen)
        n = int(chosen.sum())
        return _Anew("account", raw, n, after.n_accounts, nowhere, accounts)
    return _in_full(detector, params, after, runner, session, most)


def _in_full(
    detector: Detector,
    params: Params,
    after: TransactionGraph,
    runner: Executor,
    session: Session,
    most: int,
) -> _Anew:
    raw, left_out = find_in(after, detector, params, runner, session, most)
    n = n_units(detector, after.edges, params.limits())
    return _Anew("all", raw, n, n, *_NOWHERE, left_out)


def _around(touched: pl.DataFrame, back: int, ahead: int) -> NDArray[np.int64]:
    """Return the times of all anchors that can see a touched row, merged, shape (n, 2).

    An anchor at t sees ``[t - back, t + ahead]``; so a row at t is seen from
    ``[t - ahead, t + back]``.
    """
    at = touched["executed_at"].to_physical().unique().sort().to_numpy()
    if not at.size:
        return np.empty((0, 2), np.int64)
    apart = np.flatnonzero(np.diff(at) > back + ahead) + 1
    groups = np.split(at, apart)
    return np.array([(g[0] - ahead, g[-1] + back + 1) for g in groups], np.int64)


def _kept(previous: Findings, anew: _Anew, before: TransactionGraph, places: Places) -> Findings:
    """Return the previous findings of one pattern without what was searched anew."""

    def stays(table: pl.DataFrame) -> pl.DataFrame:
        at = before.edges.at[places.rows(table["anchor"])]  # first of all, to refuse strangers
        if anew.by == "anchor":
            # an odd place lies inside of an interval
            inside = np.searchsorted(anew.times.ravel(), at, side="right") % 2 == 1
            return table.filter(pl.Series(~inside))
        if anew.by == "account":
            return table.filter(~pl.col("account").is_in(anew.accounts.implode()))
        return table.clear()

    found = stays(previous.findings)
    evidence = previous.evidence.join(found.select("finding_id"), on="finding_id", how="semi")
    return Findings(found, evidence, stays(previous.truncations), previous.parameters)


def _put_together(kept: Findings, fresh: Findings, places: Places) -> Findings:
    """Return both in canonical order."""
    always = [c.name for c in FINDINGS if not c.optional]
    found = pl.concat([kept.findings.select(always), fresh.findings.select(always)])
    found = found.with_columns(row=places.rows(found["anchor"])).sort("row", "finding_id")
    order = found.select("finding_id").with_row_index("place")
    evidence = pl.concat([kept.evidence, fresh.evidence]).join(order, on="finding_id")
    cuts = pl.concat([kept.truncations, fresh.truncations])
    cuts = cuts.with_columns(row=places.rows(cuts["anchor"]))
    return Findings(
        FINDINGS.conform(found),
        EVIDENCE.conform(evidence.sort("place", "position")),
        TRUNCATIONS.conform(cuts.sort("row", "account", "cap", "work_left")),
        fresh.parameters,
        fresh.left_out,
    )
