"""`check_detector`: all that a detector promises, tried on drawn examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings

from xborder_aml.assembly import assemble
from xborder_aml.detection import as_view, find, matches
from xborder_aml.detection._slices import search_alone, tasks_of
from xborder_aml.detectors._spec import Detector, Match, Params
from xborder_aml.executors import ThreadsExecutor, join_outputs
from xborder_aml.executors._search import prepared
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.amounts import LIMIT
from xborder_aml.kernels.output import DONE
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.synth.plant import instance_tables
from xborder_aml.testing._strategies import choices, ledgers

__all__ = ["DEFECTS", "check_detector"]

_YEARS = 20 * 366 * 86_400_000_000
_AGAIN = 1_000_000
_Seen = tuple[tuple[tuple[int, int], ...], int]


def check_detector(
    detector: Detector,
    params: Iterable[Params] | None = None,
    *,
    examples: int = 60,
    derandomize: bool = True,
    shrink: bool = True,
) -> None:
    """Try what a detector promises; raise AssertionError with the smallest example that breaks it.

    Oracle = kernel, whatever the threads, ranges and capacity; planted instances are found and near
    misses are not; slices of time or ranges of accounts find and cut what the whole does; the
    metamorphic relations that the detector names hold; empty, single-row, all-equal and
    largest-amount ledgers work.

    Parameters
    ----------
    params
        Specs to try; by default the detector's own defaults and its variants for ledgers without
        borders and with strict time.
    examples
        Examples drawn for each property.
    shrink
        Whether a failing example is made smaller before it is raised, which takes most of the time
        of a check that fails. Leave it out where only the failure matters.
    """
    specs = list(params) if params is not None else _variants(detector)
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    drawn = settings(
        max_examples=examples,
        derandomize=derandomize,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
    runs = [_Runner(detector, p, drawn) for p in specs]
    for run in runs:
        run.planted_is_found()
        run.near_miss_is_not()
        run.oracle_is_kernel()
        run.sliced_is_whole()
    # relations are about canonical order and identity, which no parameter changes: the last spec
    # is the one that random ledgers meet most often
    runs[-1].relations()
    runs[0].degenerate()


def _variants(detector: Detector) -> list[Params]:
    """Return the defaults, then strict time where there is a choice, then borders left out."""
    out = [detector.params()]
    if "strict_time" in out[0].to_dict():
        out.append(detector.params.from_dict({**detector.no_borders, "strict_time": True}))
    return [*out, detector.params.from_dict(dict(detector.no_borders))]


class _Runner:
    def __init__(self, detector: Detector, params: Params, drawn: settings) -> None:
        self.detector = detector
        self.params = params
        self.scale = int(params.limits()[0])
        self.settings = drawn

    def find(self, graph: TransactionGraph, **how: Any) -> list[Match]:
        return sorted(matches(find(graph, self.detector, self.params, **how)))

    def findings(self, graph: TransactionGraph, **how: Any) -> Findings:
        raw = find(graph, self.detector, self.params, **how)
        return assemble(graph, self.detector, self.params, raw)

    def ids(self, graph: TransactionGraph) -> list[_Seen]:
        """Return what must not change: which transactions, in which roles, how many times."""
        ids = graph.transaction_ids
        return sorted(
            (tuple((int(ids[e[0]]), e[1]) for e in m.evidence), m.multiplicity)
            for m in self.find(graph, executor=1)
        )

    def given(self, check: Callable[..., None], *, share: int = 1, **drawn: Any) -> None:
        fewer = max(2, self.settings.max_examples // share)
        settings(self.settings, max_examples=fewer)(given(**drawn)(check))()

    def oracle_is_kernel(self) -> None:
        """Equal on random multigraphs, for any capacity and any cut into tasks."""

        def check(tables: Any) -> None:
            graph = TransactionGraph(*tables)
            wanted = sorted(self.detector.reference(as_view(graph), self.params))
            got = self.find(graph, executor=1, capacity=1)
            assert got == wanted, f"kernel {got} is not the oracle's {wanted}"
            assert self.find(graph, executor=1) == wanted, (
                "the output's capacity changes the result"
            )
            assert self.find(graph, executor=ThreadsExecutor(3)) == wanted, "threads change it"

        self.given(check, tables=ledgers(self.scale))

    def planted_is_found(self) -> None:
        """Check that a planted instance is found whole, and that the oracle agrees."""

        def check(choose: Any) -> None:
            instance = self.detector.plant(choose, self.params)
            graph = TransactionGraph(*instance_tables(instance))
            wanted = list(range(instance.n_before, len(instance.payments)))
            found = self.find(graph, executor=1, capacity=1)
            rows = [sorted({e[0] for e in m.evidence}) for m in found]
            assert wanted in rows, f"planted {instance} is not among {found}"
            assert found == sorted(self.detector.reference(as_view(graph), self.params))

        self.given(check, choose=choices())

    def near_miss_is_not(self) -> None:
        """Check that breaking one condition is no finding, for kernel and oracle."""
        for name, miss in self.detector.near_misses.items():
            self.given(self._misses(name, miss), share=2, choose=choices())

    def _misses(self, name: str, miss: Callable[..., Any]) -> Callable[..., None]:
        def check(choose: Any) -> None:
            instance = miss(choose, self.params)
            if instance is None:
                return
            graph = TransactionGraph(*instance_tables(instance))
            found = self.find(graph, executor=1)
            assert not found, f"near miss {name!r} {instance} was found: {found}"
            assert not self.detector.reference(as_view(graph), self.params)

        return check

    def sliced_is_whole(self) -> None:
        """Check that a task needs no more than its slice and halo, or its accounts' edges."""

        def check(tables: Any) -> None:
            graph = TransactionGraph(*tables)
            whole = find(graph, self.detector, self.params, executor=1)
            for slices in (2, max(1, len(graph))):
                tasks = tasks_of(graph, self.detector, self.params, slices)
                found = join_outputs([search_alone(graph, self.detector, t) for t in tasks])
                if self.detector.select is not None:
                    limits = prepared(self.detector, graph.edges, self.params.limits())
                    found = self.detector.select(found, limits)
                got, wanted = (sorted(matches(o)) for o in (found, whole))
                assert got == wanted, f"{slices} slices give {got} and the whole {wanted}"
                cut, told = (sorted(zip(*o[8:12], strict=True)) for o in (found, whole))
                assert cut == told, f"{slices} slices cut {cut} and the whole {told}"

        self.given(check, share=2, tables=ledgers(self.scale))
        self.given(self._on_planted(check), share=4, choose=choices())

    def relations(self) -> None:
        """Each metamorphic relation that the detector names."""
        for name in self.detector.relations:
            check = self._relates(name)
            self.given(check, tables=ledgers(self.scale))
            self.given(self._on_planted(check), share=2, choose=choices())

    def _relates(self, name: str) -> Callable[..., None]:
        relation = _RELATIONS[name]

        def check(tables: Any) -> None:
            if not tables[0].height:
                return
            before = self.ids(TransactionGraph(*tables))
            after = self.ids(TransactionGraph(*relation.change(*tables)))
            assert relation.seen(before) == relation.seen(after), f"{name} does not hold"

        return check

    def _on_planted(self, check: Callable[..., None]) -> Callable[..., None]:
        def planted(choose: Any) -> None:
            check(instance_tables(self.detector.plant(choose, self.params)))

        return planted

    def degenerate(self) -> None:
        """Empty, single, all-equal and largest inputs, and the same bytes twice."""
        assert not self.find(TransactionGraph(TRANSACTIONS.empty()))

        def check(choose: Any) -> None:
            transactions, accounts = instance_tables(self.detector.plant(choose, self.params))
            top = (LIMIT - 1) // (int(transactions["base_minor"].sum()) or 1)
            money = ("sent_minor", "received_minor", "base_minor")
            for frame in (
                transactions.head(1),
                transactions.with_columns(pl.col("executed_at").min()),
                transactions.with_columns(beneficiary="originator"),
                transactions.with_columns(pl.lit(0, pl.Int64).alias(c) for c in money),
                transactions.with_columns(pl.col(c) * top for c in money),
            ):
                graph = TransactionGraph(frame, accounts)
                wanted = sorted(self.detector.reference(as_view(graph), self.params))
                assert self.find(graph) == wanted
                shuffled = TransactionGraph(*_shuffle(frame, accounts))
                assert self.findings(graph).equals(self.findings(shuffled, executor=2, capacity=1))

        self.given(check, share=6, choose=choices())


# -- metamorphic relations ----------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Relation:
    change: Callable[[pl.DataFrame, pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]
    seen: Callable[[list[_Seen]], list[_Seen]] = list


def _shift(t: pl.DataFrame, a: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return t.with_columns(pl.col("executed_at") + pl.duration(days=1234, microseconds=5)), a


def _shift_weeks(t: pl.DataFrame, a: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return t.with_columns(pl.col("executed_at") + pl.duration(weeks=176)), a


def _rename(t: pl.DataFrame, a: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    keys = sorted({*t["originator"], *t["beneficiary"], *a["account"]})
    new = {k: f"z{len(keys) - i:04d}" for i, k in enumerate(keys)}
    return (
        t.with_columns(pl.col("originator", "beneficiary").replace(new)),
        a.with_columns(pl.col("account").replace(new)),
    )


def _shuffle(t: pl.DataFrame, a: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return t.sample(fraction=1, shuffle=True, seed=3), a.reverse()


def _rescale(t: pl.DataFrame, a: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return t.with_columns(pl.col("sent_minor", "received_minor", "base_minor") * 7), a


def _twice(t: pl.DataFrame, a: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    again = t.with_columns(
        pl.col("transaction_id") + _AGAIN,
        pl.col("executed_at") + pl.duration(microseconds=_YEARS),
    )
    return pl.concat([t, again]), a


def _once(found: list[_Seen]) -> list[_Seen]:
    """Return the matches of the first copy, having checked that the second has the same."""
    first = [m for m in found if all(i < _AGAIN for i, _ in m[0])]
    second = [m for m in found if all(i >= _AGAIN for i, _ in m[0])]
    assert len(first) + len(second) == len(found), "a match spans an idle period"
    moved = sorted((tuple((i - _AGAIN, r) for i, r in rows), n) for rows, n in second)
    assert not second or moved == first, "the copies differ"
    return first


_RELATIONS = {
    "shift_time": _Relation(_shift),
    "shift_weeks": _Relation(_shift_weeks),
    "rename_accounts": _Relation(_rename),
    "shuffle_rows": _Relation(_shuffle),
    "rescale_currency": _Relation(_rescale),
    "split_idle": _Relation(_twice, _once),
}


# -- seeded defects: wrong kernels that the checks above must reject -----------------------------


def _wrap(detector: Detector, search: Callable[..., int]) -> Detector:
    return dataclasses.replace(detector, search=search)


def open_window(detector: Detector) -> Detector:
    """Make every window half open: a microsecond too short."""

    def search(edges: Any, limits: Any, first: int, last: int, out: Any) -> int:
        shorter = type(limits)(limits[0] - 1, *limits[1:])
        return detector.search(edges, shorter, first, last, out)

    return _wrap(detector, search)


def drop_last(detector: Detector) -> Detector:
    """Lose the last finding of every task."""

    def search(edges: Any, limits: Any, first: int, last: int, out: Any) -> int:
        status = detector.search(edges, limits, first, last, out)
        if status == DONE and out.counts[0]:
            out.counts[0] -= 1
            out.counts[1] = out.end[out.counts[0] - 1] if out.counts[0] else 0
        return status

    return _wrap(detector, search)


def wrong_money(detector: Detector) -> Detector:
    """Misstate the money of the first piece of evidence by one minor unit."""

    def search(edges: Any, limits: Any, first: int, last: int, out: Any) -> int:
        status = detector.search(edges, limits, first, last, out)
        if status == DONE and out.counts[1]:
            out.amount[0] += 1
        return status

    return _wrap(detector, search)


def forget_ties(detector: Detector) -> Detector:
    """Ask for strictly ascending times whatever was asked for."""

    def search(edges: Any, limits: Any, first: int, last: int, out: Any) -> int:
        if hasattr(limits, "strict"):
            limits = limits._replace(strict=1)
        return detector.search(edges, limits, first, last, out)

    return _wrap(detector, search)


def short_reach(detector: Detector) -> Detector:
    """Tell that nothing outside of an anchor's own moment matters."""
    if detector.reach is None:
        return detector
    return dataclasses.replace(detector, reach=lambda _: (0, 0))


DEFECTS: dict[str, Callable[[Detector], Detector]] = {
    "open_window": open_window,
    "drop_last": drop_last,
    "wrong_money": wrong_money,
    "forget_ties": forget_ties,
    "short_reach": short_reach,
}
"""Wrong kernels by name: `check_detector` must raise AssertionError for each of them."""
