"""Pass-through beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.detection import detect
from xborder_aml.detectors.pass_through import DETECTOR, PassThrough
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.testing import check_detector

ANY = PassThrough(window="4h", min_share=0.0, min_credits=1, min_borders=0)


def matched(graph: TransactionGraph, spec: PassThrough) -> list[list[tuple[int, str, int]]]:
    """Return (transaction_id, role, amount) of each finding about account 0."""
    findings = detect(graph, spec)
    about = findings.findings.filter(account="a000")["finding_id"].to_list()
    rows = findings.evidence.select("finding_id", "transaction_id", "role", "amount_minor").rows()
    return [[tuple(r[1:]) for r in rows if r[0] == one] for one in about]


def test_low_thresholds_that_random_ledgers_meet() -> None:
    check_detector(DETECTOR, [ANY], examples=12)


def test_oldest_lot_goes_first_and_the_evidence_is_what_was_matched(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 100), (1, 2, 0, 60), (2, 0, 3, 120))
    wanted = [(0, "in", 100), (1, "in", 20), (2, "out", 120)]
    exact = PassThrough(window="4h", min_share=0.75)
    assert matched(graph, exact) == [wanted]
    assert matched(graph, PassThrough(window="4h", min_share=0.7501)) == []
    row = detect(graph, exact).findings.row(0, named=True)
    assert row["amount_in_minor"] == row["amount_out_minor"] == 120
    assert row["retained"] == 1.0
    assert row["hops"] == 2
    assert row["anchor"] == 0


def test_lot_that_is_too_old_is_passed_over(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 100), (3, 2, 0, 60), (5, 0, 3, 100))
    assert matched(graph, ANY) == [[(1, "in", 60), (2, "out", 60)]]
    assert detect(graph, ANY).findings["anchor"].to_list() == [1]


def test_rest_longer_than_the_window_ends_a_stretch(ledger: Any) -> None:
    trip = [(0, 1, 0, 100), (1, 0, 2, 100)]
    assert len(matched(ledger(*trip, (5, 1, 0, 50), (6, 0, 2, 50)), ANY)) == 1
    assert len(matched(ledger(*trip, (6, 1, 0, 50), (7, 0, 2, 50)), ANY)) == 2


def test_what_stays_in_one_stretch_does_not_spoil_another(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 900), (9, 1, 0, 40), (9, 2, 0, 60), (10, 0, 3, 100))
    spec = PassThrough(window="4h", min_share=1.0)
    assert matched(graph, spec) == [[(1, "in", 40), (2, "in", 60), (3, "out", 100)]]


def test_credit_and_debit_at_one_time_match_unless_time_is_strict(ledger: Any) -> None:
    graph = ledger((0, 0, 2, 100), (0, 1, 0, 100))  # the debit comes first in order of ids
    assert matched(graph, ANY) == [[(1, "in", 100), (0, "out", 100)]]
    strict = PassThrough(window="4h", min_share=0.0, min_credits=1, min_borders=0, strict_time=True)
    assert matched(graph, strict) == []


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(1, 9)), min_size=1, max_size=9)
)
def test_first_in_first_out_matches_as_much_as_any_rule(
    events: list[tuple[int, bool, int]],
) -> None:
    """The largest flow from credits to the debits that each of them may pay for is no larger."""
    from xborder_aml.detectors._spec import Instance, Payment
    from xborder_aml.synth.plant import instance_tables

    hour = 3_600_000_000
    flow = nx.DiGraph()
    flow.add_nodes_from(("s", "t"))
    for i, (at, comes, money) in enumerate(events):
        flow.add_edge(*(("s", i) if comes else (i, "t")), capacity=money)
        for j, (then, comes_too, _) in enumerate(events):
            if comes and not comes_too and at <= then <= at + 4:
                flow.add_edge(i, j)
    payments = tuple(
        Payment(at * hour, 1, 0, money) if comes else Payment(at * hour, 0, 2, money)
        for at, comes, money in events
    )
    graph = TransactionGraph(*instance_tables(Instance(payments, ("EE", "GB", "CY"))))
    got = sum(money for one in matched(graph, ANY) for _, role, money in one if role == "in")
    assert got == nx.maximum_flow_value(flow, "s", "t")


def test_hub_is_told_unless_it_may_be_shown(hub: Any) -> None:
    told = detect(hub, PassThrough())
    assert len(told) == 0
    assert told.truncations.select("account", "cap").rows() == [("hub", "max_payments")]
    findings = detect(hub, PassThrough(max_payments=200_000))
    row = findings.findings.row(0, named=True)
    assert len(findings) == 1
    assert row["account"] == "hub"
    assert row["amount_in_minor"] == row["amount_out_minor"]
    assert row["n_transactions"] > 199_000
    assert told.truncations["work_left"].to_list() == [row["n_transactions"] - 10_000]
    assert findings.truncations.is_empty()


def test_cap_is_the_last_size_that_is_shown_and_no_part_of_the_identity(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 100), (1, 2, 0, 100), (2, 0, 3, 200))
    shown, cut = (detect(graph, PassThrough(max_payments=most)) for most in (3, 2))
    assert shown.findings["finding_id"].equals(detect(graph, PassThrough()).findings["finding_id"])
    assert shown.findings["n_transactions"].to_list() == [3]
    assert len(cut) == 0
    assert cut.truncations.select("anchor", "cap", "work_left").rows() == [(0, "max_payments", 1)]
    with pytest.raises(ParameterError, match="max_payments must be at least 1"):
        PassThrough(max_payments=0)


def test_share_above_one_is_refused() -> None:
    with pytest.raises(ParameterError, match="min_share must not exceed 1"):
        PassThrough(min_share=1.1)
