"""What was found of what was planted, counted by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from xborder_aml.errors import SchemaError
from xborder_aml.findings import Findings
from xborder_aml.schema import ACCOUNTS, EVIDENCE, FINDINGS, TRANSACTIONS
from xborder_aml.synth import DemoLedger, evaluate_demo
from xborder_aml.synth.assess import ASSESSMENT
from xborder_aml.synth.demo import PLANTED


def demo_of(*cases: tuple[str, str, str, list[int], list[str]]) -> DemoLedger:
    # principals are written in lower case
    rows = [(*c, [a for a in c[4] if a.islower()], "why") for c in cases]
    table = pl.DataFrame(rows, schema=PLANTED, orient="row")
    return DemoLedger(TRANSACTIONS.empty(), ACCOUNTS.empty(), table)


def findings_of(*found: tuple[str, list[int]]) -> Findings:
    evidence = [
        {"finding_id": f"f{i}", "position": k, "transaction_id": t, "role": "in"}
        for i, (_, rows) in enumerate(found)
        for k, t in enumerate(rows)
    ]
    heads = pl.DataFrame(
        {"finding_id": [f"f{i}" for i in range(len(found))], "pattern": [p for p, _ in found]},
        schema={"finding_id": pl.String, "pattern": pl.String},
    )
    rest = {n: t for n, t in FINDINGS.dtypes.items() if n not in heads.columns}
    frame = heads.with_columns(pl.lit(None, t).alias(n) for n, t in rest.items())
    table = pl.DataFrame(evidence, schema={**EVIDENCE.dtypes})
    return Findings(frame.select(FINDINGS.names), table, parameters={p: {} for p, _ in found})


def row(table: pl.DataFrame, pattern: str) -> dict[str, Any]:
    return table.row(by_predicate=pl.col("pattern") == pattern, named=True)


FIVE = ("ring-1", "ring", "planted", [1, 2, 3, 4, 5], ["a", "b", "A"])


@pytest.mark.parametrize(
    ("evidence", "found", "exact"),
    [
        ([5, 4, 3, 2, 1], 1, 1),
        ([1, 2, 3, 4, 5, 6], 1, 0),
        ([1, 2, 3, 4], 1, 0),
        ([1, 2, 3, 9], 0, 0),
        ([1, 1, 2, 2, 3], 0, 0),  # evidence that names a transaction twice counts it once
        ([1, 1, 2, 3, 4, 5], 1, 1),
    ],
)
def test_a_case_is_found_when_four_fifths_are_in_one_finding(
    evidence: list[int], found: int, exact: int
) -> None:
    got = row(evaluate_demo(demo_of(FIVE), findings_of(("ring", evidence))), "ring")
    assert (got["planted"], got["found"], got["exact"]) == (1, found, exact)


def test_two_findings_do_not_add_up_to_one() -> None:
    table = evaluate_demo(demo_of(FIVE), findings_of(("ring", [1, 2, 3]), ("ring", [4, 5])))
    assert row(table, "ring")["found"] == 0


def test_another_pattern_does_not_find_the_case_but_does_touch_it() -> None:
    table = evaluate_demo(demo_of(FIVE), findings_of(("fan", [1, 2, 3, 4, 5]), ("fan", [7])))
    assert row(table, "ring")["found"] == 0
    assert (row(table, "fan")["findings"], row(table, "fan")["elsewhere"]) == (2, 1)


@pytest.mark.parametrize(("evidence", "flagged"), [([1, 2], 1), ([1, 8, 9], 0)])
def test_a_look_alike_is_flagged_by_half_of_it(evidence: list[int], flagged: int) -> None:
    case = ("rent-1", "fan", "look_alike", [1, 2, 3, 4], ["a"])
    got = row(evaluate_demo(demo_of(case), findings_of(("fan", evidence))), "fan")
    assert (got["look_alikes"], got["flagged"], got["planted"]) == (1, flagged, 0)
    assert got["elsewhere"] == 0
    assert got["principals"] == 0
    assert got["precision"] is None


def test_the_last_row_sums_all_patterns() -> None:
    demo = demo_of(FIVE, ("fan-1", "fan", "planted", [6, 7], ["c"]))
    table = evaluate_demo(demo, findings_of(("fan", [6, 7]), ("ring", [8])))
    assert table.columns == list(ASSESSMENT)
    assert table["pattern"].to_list() == ["ring", "fan", "all"]
    last = row(table, "all")
    assert (last["planted"], last["found"], last["findings"], last["elsewhere"]) == (2, 1, 2, 1)
    assert last["principals"] == 3


def test_ranks_leave_out_accounts_that_other_patterns_explain() -> None:
    demo = demo_of(FIVE, ("fan-1", "fan", "planted", [6, 7], ["c"]))
    order = {"c": 1, "a": 2, "A": 3, "b": 4, "x": 5, "y": 6}
    scores = pl.DataFrame({"account": [*reversed(order)], "rank": [*reversed(order.values())]})
    table = evaluate_demo(demo, findings_of(), scores)
    ring = row(table, "ring")  # without c and A
    assert (ring["precision"], ring["average_precision"]) == (1.0, 1.0)
    fan = row(table, "fan")
    assert (fan["precision"], fan["average_precision"]) == (1.0, 1.0)


def test_average_precision_is_that_of_the_textbook() -> None:
    scores = pl.DataFrame({"account": ["x", "a", "y", "b"], "rank": [1, 2, 3, 4]})
    got = row(evaluate_demo(demo_of(FIVE), findings_of(), scores), "ring")
    assert got["precision"] == 1 / 2
    assert got["average_precision"] == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_an_account_without_a_rank_is_never_reached() -> None:
    scores = pl.DataFrame({"account": ["a"], "rank": [1]})
    got = row(evaluate_demo(demo_of(FIVE), findings_of(), scores), "ring")
    assert (got["precision"], got["average_precision"]) == (0.5, 0.5)


def test_without_scores_there_are_no_rank_statistics() -> None:
    got = row(evaluate_demo(demo_of(FIVE), findings_of()), "ring")
    assert (got["principals"], got["precision"], got["average_precision"]) == (2, None, None)


def test_scores_without_ranks_are_an_error_that_names_what_is_there() -> None:
    with pytest.raises(SchemaError, match="'rank'; there are account"):
        evaluate_demo(demo_of(FIVE), findings_of(), pl.DataFrame({"account": ["a"]}))
