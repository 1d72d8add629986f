"""Recall on IBM AMLworld's labelled attempts, family by family, and why the rest are not found.

``python -m benchmarks.amlworld [PATTERNS]`` reads a Patterns file and prints, for each of the eight
families, how many attempts it holds, how many fulfil our definition, how many of these are found,
and which condition each of the others breaks first.

The conditions are tested here from the transactions of the attempt, in plain Python, without any
code of the detectors: a detector cannot agree with itself by mistake.
"""

from __future__ import annotations

import itertools
import math
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

import xborder_aml as xb
from benchmarks.ledgers import ROOT
from benchmarks.words import table

PATTERNS = Path("amlworld_hi_small_patterns") / "HI-Small_Patterns.first185.txt"

Row = dict[str, Any]
Rows = Sequence[Row]


class Family(NamedTuple):
    """How the attempts of one label are searched for.

    Parameters
    ----------
    params
        Parameters by the name of their set: the detector's own, and those that the generator's
        attempts ask for. AMLworld names no countries, so no borders are asked for.
    broken
        The first condition that the rows of an attempt break under some parameters, or None.
    """

    params: Mapping[str, Any]
    broken: Callable[[Rows, Any], str | None]


# -- conditions ------------------------------------------------------------------------------------


def _window(text: str) -> timedelta:
    """Return a window like "72h" or "4d" as a duration."""
    return timedelta(**{{"h": "hours", "d": "days"}[text[-1]]: int(text[:-1])})


def _others(rows: Rows) -> list[Row]:
    """Return the rows between two accounts: what an account pays itself is in no pattern."""
    return [r for r in rows if r["originator"] != r["beneficiary"]]


def _lasts(rows: Rows) -> timedelta:
    times = [r["executed_at"] for r in rows]
    return max(times) - min(times)


def _share(part: int, whole: int, low: float, high: float) -> bool:
    """Tell whether a part lies between two shares of the whole, exactly."""
    return round(low * 10_000) * whole <= 10_000 * part <= round(high * 10_000) * whole


def broken_fan(rows: Rows, params: Any) -> str | None:
    """Test `fan_in` or `fan_out`: enough counterparties of one account, all within the window."""
    rows = _others(rows)
    count = max(len({r[end] for r in rows}) for end in ("originator", "beneficiary"))
    if count < params.min_counterparties:
        return "too few counterparties"
    if _lasts(rows) > _window(params.window):
        return "lasts longer than the window"
    return None


def broken_gather_scatter(rows: Rows, params: Any) -> str | None:
    """Test `gather_scatter`: many pay one account, which afterwards pays many as much."""
    rows = _others(rows)
    centre = _centre(rows)
    came = [r for r in rows if r["beneficiary"] == centre]
    left = [r for r in rows if r["originator"] == centre]
    if len({r["originator"] for r in came}) < params.min_sources:
        return "too few payers"
    if len({r["beneficiary"] for r in left}) < params.min_destinations:
        return "too few payees"
    if _lasts(rows) > _window(params.window):
        return "lasts longer than the window"
    if min(r["executed_at"] for r in left) < max(r["executed_at"] for r in came):
        return "pays before all has come"
    gathered, passed = _sum(came), _sum(left)
    if not _share(passed, gathered, params.min_retained, params.max_retained):
        return "passes on too little or too much"
    for last in came:  # of the splits that fulfil every condition, the nearest in amount is shown
        gather = [r for r in came if r["executed_at"] <= last["executed_at"]]
        if (
            len({r["originator"] for r in gather}) >= params.min_sources
            and _share(passed, _sum(gather), params.min_retained, params.max_retained)
            and abs(_sum(gather) - passed) < abs(gathered - passed)
        ):
            return "a part of what came is nearer to what left"
    return None


def _sum(rows: Rows) -> int:
    return sum(r["base_minor"] for r in rows)


def _centre(rows: Rows) -> str:
    """Return the account that takes part in every row."""
    shared = set.intersection(*({r["originator"], r["beneficiary"]} for r in rows))
    counts = Counter(a for r in rows for a in (r["originator"], r["beneficiary"]))
    return max(sorted(shared or counts), key=counts.__getitem__)


def broken_scatter_gather(rows: Rows, params: Any) -> str | None:
    """Test `scatter_gather`: one pays many, each of whom then pays the same other account."""
    rows = _others(rows)
    legs = list(zip(rows[::2], rows[1::2], strict=True))
    source, target = rows[0]["originator"], rows[1]["beneficiary"]
    if source == target:
        return "ends where it starts"
    if len({a["beneficiary"] for a, _ in legs}) < params.min_middles:
        return "too few middles"
    if _lasts(rows) > _window(params.window):
        return "lasts longer than the window"
    if any(b["executed_at"] < a["executed_at"] for a, b in legs):
        return "a middle pays before it is paid"
    if not all(
        _share(b["base_minor"], a["base_minor"], params.min_carried, params.max_carried)
        for a, b in legs
    ):
        return "a middle sends on too little or too much"
    scattered, gathered = (_sum([leg[i] for leg in legs]) for i in (0, 1))
    if not _share(gathered, scattered, params.min_retained, params.max_retained):
        return "too little or too much arrives"
    return None


def broken_round_trip(rows: Rows, params: Any) -> str | None:
    """Test `round_trip`: hop by hop, in time and in amount, back to the first account."""
    if len(rows) > params.max_hops:
        return "too many hops"
    for first, then in itertools.pairwise(rows):
        if first["beneficiary"] != then["originator"]:
            raise ValueError("the file does not list this cycle hop by hop")
        if then["executed_at"] < first["executed_at"]:
            return "out of time order"
    if rows[-1]["beneficiary"] != rows[0]["originator"]:
        raise ValueError("the file holds a cycle that does not close")
    if _lasts(rows) > _window(params.window):
        return "lasts longer than the window"
    share, slack = _compared(rows[0], rows[-1], params, sent="received")
    returned = math.floor(share * 10_000) / 10_000
    if not params.min_returned - slack <= returned <= params.max_returned + slack:
        return "returns too little or too much"
    return _broken_hop(rows, params)


def _broken_hop(rows: Rows, params: Any) -> str | None:
    for first, then in itertools.pairwise(rows):
        share, slack = _compared(first, then, params, sent="sent")
        if not params.min_carried - slack <= share <= params.max_carried + slack:
            return "a hop carries too little or too much"
    return None


def _compared(first: Row, then: Row, params: Any, sent: str) -> tuple[Fraction, float]:
    """Return the share of `first` that `then` carries, and the slack allowed across currencies."""
    money, currency = f"{sent}_minor", f"{sent}_currency"
    other = "received" if sent == "sent" else "sent"
    if first[f"{other}_currency"] == then[currency]:
        return Fraction(then[money], first[f"{other}_minor"]), 0.0
    minutes = (then["executed_at"] - first["executed_at"]).total_seconds() // 60
    slack = math.floor(params.fx_tolerance * 10_000 * math.sqrt(minutes / 1440)) / 10_000
    return Fraction(then["base_minor"], first["base_minor"]), slack


def broken_random_walk(rows: Rows, params: Any) -> str | None:
    """Test `random_walk`: hop by hop, each the next step of the one before and of no other."""
    rows = _others(rows)
    accounts = [rows[0]["originator"], *(r["beneficiary"] for r in rows)]
    if any(a["beneficiary"] != b["originator"] for a, b in itertools.pairwise(rows)):
        return "is no walk"
    if not params.min_hops <= len(rows) <= params.max_hops:
        return "too few or too many hops"
    if len(set(accounts)) < params.min_holders:
        return "too few holders"
    if accounts[-1] == accounts[0]:
        return "ends where it starts"
    for first, then in itertools.pairwise(rows):
        gap = then["executed_at"] - first["executed_at"]
        if gap < timedelta(0):
            return "out of time order"
        if gap > _window(params.max_gap):
            return "a step waits too long"
    if _broken_hop(rows, params):
        return "a hop carries too little or too much"
    passes = Counter(accounts[1:-1])
    if passes and max(passes.values()) > 1:
        return "passes an account again, where another step is next"
    return None


def broken_bipartite(rows: Rows, params: Any) -> str | None:
    """Test `bipartite`: senders and receivers, nearly each to each."""
    rows = _others(rows)
    if (reason := _broken_layer(rows, params)) is not None:
        return reason
    if len({r["originator"] for r in rows}) < params.min_senders:
        return "too few senders"
    if len({r["beneficiary"] for r in rows}) < params.min_receivers:
        return "too few receivers"
    return "lasts longer than half a window" if 2 * _lasts(rows) > _window(params.window) else None


def broken_stack(rows: Rows, params: Any) -> str | None:
    """Test `stack`: two such layers that share the middles."""
    rows = _others(rows)
    middles = {r["originator"] for r in rows} & {r["beneficiary"] for r in rows}
    layers = [[r for r in rows if r[end] in middles] for end in ("beneficiary", "originator")]
    if not middles:
        return "nobody is paid and pays"
    if any(r in layers[1] for r in layers[0]):
        return "a circle: its payments stand in both layers"
    for layer in layers:
        if (reason := _broken_layer(layer, params)) is not None:
            return reason
    if len(middles) < params.min_middles:
        return "too few middles"
    if not _share(_sum(layers[1]), _sum(layers[0]), params.min_retained, params.max_retained):
        return "passes on too little or too much"
    return "lasts longer than half a window" if 2 * _lasts(rows) > _window(params.window) else None


def _broken_layer(rows: Rows, params: Any) -> str | None:
    """Test one layer: partners of each account, and the share of pairs that have a payment."""
    pairs = {(r["originator"], r["beneficiary"]) for r in rows}
    payees, payers = (Counter(pair[i] for pair in pairs) for i in (0, 1))
    if len(payees) == len(payers) == len(pairs):
        return "payments side by side that share no account"
    if min(payees.values()) < params.min_payees:
        return "a sender pays too few"
    if min(payers.values()) < params.min_payers:
        return "a receiver is paid by too few"
    whole = len(payees) * len(payers)
    return None if _share(len(pairs), whole, params.min_density, 1) else "too few of all pairs"


FAMILIES: dict[str, Family] = {
    "fan_in": Family(
        {
            "default": xb.FanIn(min_borders=0),
            "fitted": xb.FanIn(min_borders=0, window="5d", min_counterparties=2),
        },
        broken_fan,
    ),
    "fan_out": Family(
        {
            "default": xb.FanOut(min_borders=0),
            "fitted": xb.FanOut(min_borders=0, window="5d", min_counterparties=2),
        },
        broken_fan,
    ),
    "gather_scatter": Family(
        {
            "default": xb.GatherScatter(min_borders=0),
            "fitted": xb.GatherScatter(
                min_borders=0, min_sources=2, min_destinations=2, min_retained=0, max_retained=10
            ),
        },
        broken_gather_scatter,
    ),
    "scatter_gather": Family(
        {
            "default": xb.ScatterGather(min_borders=0),
            "fitted": xb.ScatterGather(
                min_borders=0, window="10d", min_middles=2, min_carried=0.5, max_carried=2.0
            ),
        },
        broken_scatter_gather,
    ),
    "cycle": Family(
        {
            "default": xb.RoundTrip(min_borders=0, k_best=10),
            "fitted": xb.RoundTrip(min_borders=0, k_best=10, max_hops=12),
        },
        broken_round_trip,
    ),
    "random": Family(
        {
            "default": xb.RandomWalk(min_borders=0),
            "fitted": xb.RandomWalk(min_borders=0, min_hops=2),
        },
        broken_random_walk,
    ),
    "bipartite": Family({"default": xb.Bipartite(min_borders=0)}, broken_bipartite),
    "stack": Family({"default": xb.Stack(min_borders=0)}, broken_stack),
}
"""By label."""


# -- recall ----------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """What became of one attempt.

    Parameters
    ----------
    broken
        The first condition that it breaks, or None.
    alone
        Whether a single finding holds all of it when nothing else is in the ledger.
    among_all
        Whether one does when all attempts are: an account that is busy with others may have a
        stronger window near, which is then the one shown.
    in_part
        Whether a finding in the ledger of all attempts holds two of its transactions or more.
    """

    family: str
    params: str
    case: str
    broken: str | None
    alone: bool
    among_all: bool
    in_part: bool


def outcomes(transactions: pl.DataFrame, label: str) -> list[Outcome]:
    """Return what became of each attempt of a family, for each set of parameters."""
    graph = xb.TransactionGraph(transactions)
    cases = transactions.filter(pl.col("label_pattern") == label).sort("source_row")
    out = []
    for name, params in FAMILIES[label].params.items():
        shown = _evidence(graph, params)
        for (case,), attempt in cases.group_by("label_case", maintain_order=True):
            rows = attempt.to_dicts()
            own = {r["transaction_id"] for r in _others(rows)}
            out.append(
                Outcome(
                    label,
                    name,
                    str(case),
                    FAMILIES[label].broken(rows, params),
                    any(own <= held for held in _evidence(xb.TransactionGraph(attempt), params)),
                    any(own <= held for held in shown),
                    any(len(own & held) >= 2 for held in shown),
                )
            )
    return out


def _evidence(graph: xb.TransactionGraph, params: Any) -> list[frozenset[int]]:
    """Return the transactions of each finding."""
    evidence = xb.detect(graph, params, executor=1).evidence
    ids = evidence.group_by("finding_id").agg("transaction_id")["transaction_id"]
    return [frozenset(held) for held in ids.to_list()]


def recall(found: Sequence[Outcome]) -> str:
    """Return the table: one row a family and set of parameters."""
    rows = []
    for label, name in dict.fromkeys((o.family, o.params) for o in found):
        own = [o for o in found if (o.family, o.params) == (label, name)]
        fulfil = [o for o in own if o.broken is None]
        why = Counter(o.broken for o in own if o.broken)
        counts = [
            len(own),
            len(fulfil),
            sum(o.alone for o in fulfil),
            sum(o.among_all for o in fulfil),
            sum(o.in_part for o in own if not o.among_all),
        ]
        rest = "; ".join(f"{n} {reason}" for reason, n in why.most_common())
        rows.append([f"`{label}`", name, *map(str, counts), rest])
    head = (
        "Label, Parameters, Attempts, Fulfil, Found, Found among all, In part, "
        "The first condition that the others break"
    )
    return table(head.split(", "), rows, "llrrrrrl")


def read(path: Path) -> pl.DataFrame:
    """Return every labelled transaction of a Patterns file."""
    transactions, rejects = xb.read_transactions(path, source="amlworld")
    if rejects.height:
        raise ValueError(f"{rejects.height} rows of the Patterns file cannot be read")
    return transactions


def main(words: Sequence[str]) -> int:
    """Print the recall of each family."""
    named = os.environ.get("XBORDER_AML_DATA")
    data = Path(named) if named else ROOT.parent / "shared" / "data"
    path = Path(words[0]) if words else data / PATTERNS
    if not path.is_file():
        print("no Patterns file: name one, or set XBORDER_AML_DATA", file=sys.stderr)
        return 2
    transactions = read(path)
    print(recall([o for label in FAMILIES for o in outcomes(transactions, label)]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
