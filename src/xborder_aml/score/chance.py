"""What chance shows: the detectors run again on ledgers whose times and amounts are dealt anew.

One run serves two questions. How much money an account shows in patterns by chance is what
`EvidenceScorer` weighs it against. How many findings like one finding chance makes is that
finding's `chance_rate`.

References
----------
Storey, Tibshirani, Statistical Significance for Genomewide Studies, PNAS 100(16) (2003) 9440-9445
(the share of discoveries that the null would make as well).
Phipson, Smyth, Permutation P-values Should Never Be Zero, Stat. Appl. Genet. Mol. Biol. 9(1) (2010)
art. 39 (the ledger itself counts as one of its permutations).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detection import Progress, find
from xborder_aml.detectors import detector_of, params_of
from xborder_aml.detectors._spec import Detector
from xborder_aml.errors import ParameterError
from xborder_aml.executors import Executor
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph, require_graph
from xborder_aml.innocence import Innocent, returned_payments, standing_payments
from xborder_aml.kernels.output import Output, make_output
from xborder_aml.schema import NULL_MONEY
from xborder_aml.score.attribution import spoken_for
from xborder_aml.score.null import blocks_of, permuted
from xborder_aml.score.significance import sums

__all__ = ["Chance", "account_money", "against_chance", "as_raw", "chance_rates"]


class Chance(NamedTuple):
    """What `against_chance` returns.

    `findings` are those given, with their `chance_rate`; `null` is the money of each account in
    evidence about it on each permuted ledger (`xborder_aml.schema.NULL_MONEY`).
    """

    findings: Findings
    null: pl.DataFrame


def against_chance(
    graph: TransactionGraph,
    findings: Findings,
    *,
    n_permutations: int = 9,
    seed: int = 0,
    executor: Executor | int | None = None,
    progress: Progress | None = None,
) -> Chance:
    """Run the detectors of some findings on permuted ledgers, and say what chance shows.

    A finding's `chance_rate` compares it with the findings of its pattern (and of as many hops,
    where these vary) that hold at least as much money: their mean number on a ledger, over the B
    permuted ones and the ledger itself, as a share of their number on the ledger. It is never below
    1 / (B + 1), which is what so few permutations can tell, and at most 1: all of it is chance.

    Parameters
    ----------
    findings
        What `detect` found on this graph; their parameters are used on the permuted ledgers.
    n_permutations
        Permuted ledgers B; the cost is B times that of detection.
    seed
        Which permutations. Equal seeds give equal answers.
    executor
        As in `detect`; the result is the same.
    progress
        Called with ("null", permutations done, permutations).

    Raises
    ------
    ParameterError
        If there is no permutation, or the seed is negative.
    DataError
        If the findings are of another graph.
    """
    require_graph(graph, "against_chance")
    if n_permutations < 1:
        raise ParameterError(f"n_permutations={n_permutations} must be at least 1")
    if seed < 0:
        raise ParameterError(f"seed={seed} must not be negative")
    bare = graph.without_text()
    blocks = blocks_of(bare)
    standing, returned = (
        graph.transaction_ids[mask] for mask in (standing_payments(graph), returned_payments(graph))
    )
    specs = {name: params_of(name, values) for name, values in findings.parameters.items()}
    detectors = {name: detector_of(params) for name, params in specs.items()}
    here = {n: _like(as_raw(graph, findings.of(n), d), d) for n, d in detectors.items()}
    there: dict[str, list[NDArray[np.int64]]] = {name: [] for name in here}
    shown: list[pl.DataFrame] = []
    for b in range(n_permutations):
        null = permuted(bare, seed * 10_007 + b, blocks)
        ids = null.transaction_ids
        innocent = Innocent(np.isin(ids, standing), np.isin(ids, returned))
        for name, params in specs.items():
            detector = detectors[name]
            raw = find(null, detector, params, executor=executor)
            there[name].append(_like(raw, detector))
            shown.append(_shown(graph, name, b, account_money(null, raw, detector, innocent)))
        if progress is not None:
            progress("null", b + 1, n_permutations)
    rates = [chance_rates(here[name], there[name]) for name in here]
    table = findings.findings.with_columns(
        chance_rate=pl.Series(np.concatenate([np.empty(0), *rates]), dtype=pl.Float64)
    )
    return Chance(findings.replace(table), pl.concat([NULL_MONEY.empty(), *shown]))


def _shown(
    graph: TransactionGraph, name: str, permutation: int, money: NDArray[np.float64]
) -> pl.DataFrame:
    some = np.flatnonzero(money)
    return NULL_MONEY.conform(
        pl.DataFrame({"account": graph.account_names.gather(some)}).with_columns(
            pattern=pl.lit(name),
            permutation=pl.lit(permutation, pl.Int32),
            money_minor=pl.Series(money[some].astype(np.int64)),
        )
    )


def _like(raw: Output, detector: Detector) -> NDArray[np.int64]:
    """Return what is compared of each finding: hops where they vary, and money; shape (F, 2)."""
    sizes = np.diff(raw.end, prepend=0)
    enters = np.array([role.enters for role in detector.roles])[raw.role]
    money = np.zeros(sizes.size, np.int64)
    of = np.repeat(np.arange(sizes.size), sizes)
    np.add.at(money, of, np.where(enters, np.maximum(raw.amount, 0), 0))
    hops = sizes if detector.hops == "path" else np.zeros_like(sizes)
    return np.stack([hops, money], axis=1)


def chance_rates(here: NDArray[np.int64], there: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Return the chance rate of each finding, as `against_chance` says.

    Parameters
    ----------
    here
        Hops and money of each finding, shape (F, 2).
    there
        The same of the findings on each permuted ledger.
    """
    out = np.ones(len(here))
    null = np.concatenate([np.empty((0, 2), np.int64), *there])
    for hops in np.unique(here[:, 0]):
        of = here[:, 0] == hops
        own = np.sort(here[of, 1])
        others = np.sort(null[null[:, 0] == hops, 1])
        seen = own.size - np.searchsorted(own, here[of, 1], "left")
        dealt = others.size - np.searchsorted(others, here[of, 1], "left")
        out[of] = np.minimum(1.0, (seen + dealt) / (seen * (len(there) + 1)))
    return out


def account_money(
    graph: TransactionGraph, raw: Output, detector: Detector, innocent: Innocent
) -> NDArray[np.float64]:
    """Return each account's money in evidence about it, a transaction counted once.

    Innocent payments do not count, and on a path that holds a returned payment nothing does: the
    money did not go that way. Where a transaction stands in several findings about an account, the
    largest part that one of them uses counts.
    """
    e = graph.edges
    sizes = np.diff(raw.end, prepend=0)
    idle = (innocent.standing | innocent.returned)[raw.row]
    if detector.about == "centre":
        accounts = np.repeat(raw.account, sizes)
        rows, amounts = raw.row, np.where(idle, 0, raw.amount)
    else:
        of = np.repeat(np.arange(sizes.size), sizes)
        broken = np.bincount(of, innocent.returned[raw.row], sizes.size) > 0
        broken &= detector.hops == "path"
        amounts = np.where(idle | broken[of], 0, raw.amount)
        sides = spoken_for(raw.role, detector)
        accounts = np.concatenate(
            [
                end[raw.row[side]]
                for end, side in zip((e.originator, e.beneficiary), sides, strict=True)
            ]
        )
        rows, amounts = (np.concatenate([a[side] for side in sides]) for a in (raw.row, amounts))
    order = np.lexsort((-amounts, rows, accounts))
    accounts, rows, amounts = accounts[order], rows[order], amounts[order]
    first = np.ones(rows.size, bool)
    first[1:] = (rows[1:] != rows[:-1]) | (accounts[1:] != accounts[:-1])
    known = np.maximum(amounts[first], 0).astype(np.float64)
    return sums(accounts[first], known, graph.n_accounts)


def as_raw(graph: TransactionGraph, findings: Findings, detector: Detector) -> Output:
    """Return the findings of one detector as the arrays that `account_money` reads.

    Raises
    ------
    DataError
        If the findings are of another graph.
    """
    codes = pl.DataFrame({"account": graph.account_names}).with_row_index("code")
    account = findings.findings.select("account").join(
        codes, on="account", how="left", maintain_order="left"
    )["code"]
    places = {role.name: i for i, role in enumerate(detector.roles)}
    out = make_output(len(findings), findings.evidence.height, 0)
    out.row[:] = graph.rows_of(findings.evidence["transaction_id"])
    out.role[:] = findings.evidence["role"].replace_strict(places, return_dtype=pl.Int8)
    out.account[:] = account.to_numpy()
    out.end[:] = np.cumsum(findings.findings["n_transactions"].to_numpy())
    out.amount[:] = findings.evidence["amount_minor"].fill_null(-1).to_numpy()
    return out
