"""From a kernel's arrays to `Findings`: identity, measures and canonical order.

The evidence of a finding lies side by side, so that sums are taken run by run, from integers; text
is made at the very end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detectors._spec import Detector, Params
from xborder_aml.findings import Findings, finding_ids
from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.distinct import first_of_each
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import Output
from xborder_aml.schema import CURRENCY, EVIDENCE, FINDINGS, JURISDICTION, TRUNCATIONS

__all__ = ["assemble"]

_DECIMALS_OF_RETAINED = 6


class _Evidence(NamedTuple):
    """The evidence of all findings, one after another, N rows of F findings."""

    size: NDArray[np.int64]  # (F,) rows of each finding, at least one
    start: NDArray[np.int64]  # (F,) its first row
    row: NDArray[np.int64]  # (N,) edge row
    role: NDArray[np.int8]  # (N,) place in the detector's roles
    amount: NDArray[np.int64]  # (N,) base minor units, -1 unknown

    @property
    def finding(self) -> NDArray[np.int32]:
        """Finding of each row, shape (N,)."""
        return np.repeat(np.arange(self.size.size, dtype=np.int32), self.size)


def assemble(graph: TransactionGraph, detector: Detector, params: Params, raw: Output) -> Findings:
    """Turn the arrays of a detector's kernel into `Findings`, in canonical order.

    Findings are ordered by anchor and `finding_id`, evidence by finding and position.
    """
    definition = params.to_dict(caps=False)
    rows = graph.transaction_ids[raw.row]
    ids = finding_ids(detector.name, detector.version, definition, rows, raw.end)
    names = pl.DataFrame(
        {"row": raw.anchor, "finding_id": pl.Series(ids, dtype=pl.String)}
    ).with_row_index("finding")
    order = names.sort("row", "finding_id")
    taken = order["finding"].to_numpy()
    evidence = _in_order(raw, taken)
    found = pl.DataFrame(
        {
            "finding_id": order["finding_id"],
            "anchor": graph.transaction_ids[raw.anchor[taken]],
            "account": graph.account_names.gather(raw.account[taken]),
            "multiplicity": raw.multiplicity[taken],
            "measure": _measure(detector, raw.measure[taken]),
            "n_transactions": evidence.size.astype(np.int32),
            "is_truncated": _is_cut(raw)[taken],
        }
    ).with_columns(
        pl.lit(detector.name).alias("pattern"),
        pl.lit(detector.version, pl.Int32).alias("version"),
        _hops(detector).alias("hops"),
    )
    return Findings(
        FINDINGS.conform(found.with_columns(_measures(graph, detector, evidence))),
        _evidence_table(graph, detector, evidence, found["finding_id"]),
        _cuts(graph, detector, raw),
        {detector.name: params.to_dict()},
    )


def _in_order(raw: Output, taken: NDArray[np.uint32]) -> _Evidence:
    """Return the evidence of the findings in the order given."""
    size = np.diff(raw.end, prepend=0)
    start = raw.end - size
    size = size[taken]
    first = np.cumsum(size) - size
    place = np.arange(raw.row.size) + np.repeat(start[taken] - first, size)
    return _Evidence(size, first, raw.row[place], raw.role[place], raw.amount[place])


def _hops(detector: Detector) -> pl.Expr:
    path = detector.hops == "path"
    return pl.col("n_transactions") if path else pl.lit(detector.hops, pl.Int32)


def _measure(detector: Detector, measure: NDArray[np.int64]) -> pl.Series:
    """Return the detector's own measure of each finding, in the unit that it names."""
    if detector.measure is None:
        return pl.repeat(None, measure.size, dtype=pl.Float64, eager=True)
    return pl.Series(measure) * detector.measure.unit


# -- cuts ---------------------------------------------------------------------------------------


def _unit(anchor: NDArray[np.int64], account: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return one number for an (anchor, account) pair; rows stay below 2**31."""
    return (anchor << 32) | account.astype(np.int64)


def _is_cut(raw: Output) -> NDArray[np.bool_]:
    """Tell of which findings the anchor reached a cap."""
    cuts = np.sort(_unit(raw.cut_anchor, raw.cut_account))
    wanted = _unit(raw.anchor, raw.account)
    if not cuts.size:
        return np.zeros(wanted.size, bool)
    place = np.minimum(np.searchsorted(cuts, wanted), cuts.size - 1)
    return np.asarray(cuts[place] == wanted)


def _cuts(graph: TransactionGraph, detector: Detector, raw: Output) -> pl.DataFrame:
    """Return one row an anchor that reached a cap, in the order of anchors, accounts and caps."""
    caps = pl.Series(detector.caps, dtype=pl.String)
    rank = caps.rank("ordinal").to_numpy().astype(np.int8)  # codes of accounts ascend like names
    cuts = pl.DataFrame(
        {
            "row": raw.cut_anchor,
            "code": raw.cut_account,
            "rank": rank[raw.cut_cap],
            "which": raw.cut_cap,
            "work_left": raw.cut_left,
        }
    ).sort("row", "code", "rank", "work_left")
    return TRUNCATIONS.conform(
        cuts.select(
            pl.lit(detector.name).alias("pattern"),
            pl.Series("anchor", graph.transaction_ids[cuts["row"].to_numpy()]),
            graph.account_names.gather(cuts["code"]).alias("account"),
            caps.gather(cuts["which"]).alias("cap"),
            "work_left",
        )
    )


# -- evidence -----------------------------------------------------------------------------------


def _evidence_table(
    graph: TransactionGraph, detector: Detector, of: _Evidence, finding_id: pl.Series
) -> pl.DataFrame:
    """Return the evidence as a table."""
    e = graph.edges
    corridor, names = _corridors(e, of.row)
    roles = pl.Series([r.name for r in detector.roles], dtype=pl.String)
    frame = pl.DataFrame(
        {
            "finding_id": finding_id.gather(of.finding),
            "position": (np.arange(of.row.size) - np.repeat(of.start, of.size)).astype(np.int32),
            "transaction_id": graph.transaction_ids[of.row],
            "role": roles.gather(of.role),
            "corridor": names.gather(corridor),
            "amount_minor": of.amount,
        }
    )
    known = pl.col("amount_minor") >= 0
    return EVIDENCE.conform(frame.with_columns(pl.when(known).then("amount_minor")))


def _corridors(e: Edges, row: NDArray[np.int64]) -> tuple[NDArray[np.int32], pl.Series]:
    """Return a code of each row's corridor, and the corridors' names by code: null, if unknown."""
    places = JURISDICTION.categories
    n = places.len()
    a, b = e.origin[row].astype(np.int32), e.destination[row]
    pair = np.where((a >= 0) & (b >= 0), a * n + b, n * n)
    used = np.zeros(n * n + 1, bool)
    used[pair] = True
    held = np.flatnonzero(used)
    code = np.zeros(used.size, np.int32)
    code[held] = np.arange(held.size)
    origins, destinations = (places.gather(k) for k in np.divmod(held[held < n * n], n))
    names = origins + ">" + destinations
    if used[-1]:
        names = names.extend_constant(None, 1)
    return code[pair], names


# -- measures -----------------------------------------------------------------------------------


def _measures(graph: TransactionGraph, detector: Detector, of: _Evidence) -> list[pl.Series]:
    """Return each finding's columns that are computed from its evidence.

    Amounts are in the base currency. Where a base amount is missing, they are in the evidence's own
    currency if it has only one, else null.
    """
    e = graph.edges
    at = e.at[of.row]
    corridor, names = _corridors(e, of.row)
    border = e.border[of.row]
    crossed = np.flatnonzero(border)
    finding = of.finding
    ends = np.stack([e.originator[of.row], e.beneficiary[of.row]], axis=1).ravel()
    accounts = _distinct(np.repeat(finding, 2), ends, of, graph.account_names)
    times = pl.DataFrame(
        {
            "started_at": np.minimum.reduceat(at, of.start),
            "ended_at": np.maximum.reduceat(at, of.start),
        }
    ).cast(FINDINGS.dtypes["started_at"])
    return [
        *times,
        pl.Series("borders", np.add.reduceat(border, of.start, dtype=np.int32)),
        *_money(graph, detector, of),
        accounts.alias("accounts"),
        accounts.list.len().cast(pl.Int32).alias("n_accounts"),
        _distinct(finding[crossed], corridor[crossed], of, names).alias("corridors"),
    ]


def _distinct(
    finding: NDArray[np.int32], code: NDArray[np.int32], of: _Evidence, names: pl.Series
) -> pl.Series:
    """Return for each finding the names of its codes, each once, in order of first appearance."""
    first = first_of_each(finding, code, names.len())
    lists = (
        pl.DataFrame({"finding": finding[first], "name": names.gather(code[first])})
        .with_columns(pl.col("finding").set_sorted())
        .group_by("finding", maintain_order=True)
        .agg("name")
    )
    if lists.height == of.size.size:
        return lists["name"]
    every = pl.DataFrame({"finding": np.arange(of.size.size, dtype=np.int32)})
    joined = every.join(lists, on="finding", how="left", maintain_order="left")
    return joined["name"].fill_null(pl.Series([[]], dtype=pl.List(pl.String)))


def _money(graph: TransactionGraph, detector: Detector, of: _Evidence) -> list[pl.Series]:
    """Return what enters and what leaves each finding, in which currency, and the share of it."""
    e = graph.edges
    sent, received = e.sent_currency[of.row], e.received_currency[of.row]
    own = np.repeat(sent[of.start], of.size)
    columns = {
        "has_base": np.logical_and.reduceat(of.amount >= 0, of.start),
        "one_currency": np.logical_and.reduceat((sent == own) & (received == own), of.start),
        "own": graph.column("sent_currency").gather(of.row[of.start]),
    }
    for side, moves, leg in (
        ("in", [r.enters for r in detector.roles], e.sent),
        ("out", [r.leaves for r in detector.roles], e.received),
    ):
        counts = np.array(moves)[of.role]
        columns[f"has_{side}"] = np.logical_or.reduceat(counts, of.start)
        columns[f"base_{side}"] = np.add.reduceat(np.where(counts, of.amount, 0), of.start)
        columns[f"own_{side}"] = np.add.reduceat(np.where(counts, leg[of.row], 0), of.start)
    amounts = pl.DataFrame(columns).select(
        pl.when("has_base")
        .then(pl.lit(graph.base_currency, CURRENCY))
        .when("one_currency")
        .then("own")
        .alias("amount_currency"),
        *(
            pl.when(f"has_{side}")
            .then(pl.when("has_base").then(f"base_{side}").when("one_currency").then(f"own_{side}"))
            .alias(f"amount_{side}_minor")
            for side in ("in", "out")
        ),
    )
    share = pl.col("amount_out_minor") / pl.col("amount_in_minor")
    retained = pl.when(pl.col("amount_in_minor") > 0).then(share.round(_DECIMALS_OF_RETAINED))
    return [*amounts.with_columns(retained.alias("retained"))]
