"""The demonstration ledger: planted cases are what they are said to be."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from xborder_aml.detection import detect
from xborder_aml.detectors import registry
from xborder_aml.errors import DataError, ParameterError
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import ACCOUNTS, TRANSACTIONS
from xborder_aml.synth import DemoLedger, demo_ledger, evaluate_demo
from xborder_aml.synth.demo import LOOK_ALIKES, plantable
from xborder_aml.synth.planting import _places
from xborder_aml.synth.world import PLACES


def planted(demo: DemoLedger, kind: str = "planted") -> pl.DataFrame:
    return demo.planted.filter(pl.col("kind") == kind)


def test_it_has_the_size_and_the_tables_of_a_demonstration(demo: DemoLedger) -> None:
    assert 20_000 <= demo.transactions.height <= 40_000
    assert 1_500 <= demo.accounts.height <= 3_000
    assert demo.transactions.schema == pl.Schema(TRANSACTIONS.dtypes)
    assert demo.accounts.schema == pl.Schema(ACCOUNTS.dtypes)
    graph = TransactionGraph(demo.transactions, demo.accounts)
    assert graph.resolution == "1m"


def test_most_of_it_stays_at_home(demo: DemoLedger) -> None:
    home = pl.col("originator_jurisdiction") == pl.col("beneficiary_jurisdiction")
    assert 0.5 <= demo.transactions.select(home.mean()).item() <= 0.7


def test_the_same_seed_gives_the_same_ledger_and_another_seed_another() -> None:
    one, again, other = (demo_ledger(s, 120, 2, n_cases=1) for s in (3, 3, 4))
    for a, b in zip(one, again, strict=True):
        assert a.equals(b)
    assert not one.transactions.equals(other.transactions)


@pytest.mark.parametrize("name", plantable())
def test_every_planted_case_is_found_whole_as_an_instance(
    demo: DemoLedger, findings: Findings, name: str
) -> None:
    found = findings.of(name)
    evidence = [set(x) for x in found.evidence.group_by("finding_id").agg("transaction_id")[:, 1]]
    cases = planted(demo).filter(pl.col("pattern") == name)
    assert cases.height == 5
    for case in cases.iter_rows(named=True):
        whole = set(case["transaction_ids"])
        assert any(whole <= held for held in evidence), case["label_case"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_cases_are_found_whatever_the_seed(seed: int) -> None:
    demo = demo_ledger(seed, 400, 3, n_cases=2)
    found = detect(TransactionGraph(demo.transactions, demo.accounts))
    table = evaluate_demo(demo, found)
    assert table["planted"].to_list() == table["found"].to_list()
    assert table["planted"].sum() > 0


def test_labels_and_the_table_of_cases_agree(demo: DemoLedger) -> None:
    cases = demo.planted.explode("transaction_ids").rename({"transaction_ids": "transaction_id"})
    labelled = demo.transactions.filter(pl.col("label_case").is_not_null())
    assert cases["transaction_id"].n_unique() == cases.height == labelled.height
    both = labelled.join(cases, on=["transaction_id", "label_case"])
    assert both.height == labelled.height
    assert (both["is_illicit"] == (both["kind"] == "planted")).all()
    unlabelled = demo.transactions.filter(pl.col("label_case").is_null())
    assert not unlabelled["is_illicit"].any()
    assert unlabelled["label_pattern"].null_count() == unlabelled.height
    bad = both.filter(pl.col("is_illicit"))
    assert (bad["label_pattern"] == bad["pattern"]).all()
    assert set(both.filter(~pl.col("is_illicit"))["label_pattern"]) == {x.flow for x in LOOK_ALIKES}


def test_the_accounts_of_a_case_are_those_of_its_transactions(demo: DemoLedger) -> None:
    ends = {
        row["transaction_id"]: {row["originator"], row["beneficiary"]}
        for row in demo.transactions.iter_rows(named=True)
    }
    for case in demo.planted.iter_rows(named=True):
        assert set().union(*(ends[i] for i in case["transaction_ids"])) == set(case["accounts"])
        assert len(case["accounts"]) == len(set(case["accounts"]))


def test_principals_have_two_transactions_or_more_of_their_case(demo: DemoLedger) -> None:
    rows = demo.transactions.filter(pl.col("label_case").is_not_null())
    ends = pl.concat(
        [rows.select("label_case", account=side) for side in ("originator", "beneficiary")]
    )
    often = ends.group_by("label_case", "account").len().filter(pl.col("len") > 1)
    named = demo.planted.select("label_case", account="principals").explode("account").drop_nulls()
    assert set(named.iter_rows()) == set(often.select("label_case", "account").iter_rows())
    assert planted(demo)["principals"].list.len().min() >= 1


def test_planted_accounts_are_marked_and_are_in_one_case_only(demo: DemoLedger) -> None:
    named = planted(demo)["accounts"].explode()
    assert named.n_unique() == named.len()
    marked = demo.accounts.filter(pl.col("is_illicit"))["account"]
    assert set(marked) == set(named)


def test_planted_accounts_have_ordinary_traffic_too(demo: DemoLedger) -> None:
    rest = demo.transactions.filter(~pl.col("is_illicit"))
    ordinary = set(rest["originator"]) | set(rest["beneficiary"])
    named = planted(demo)["accounts"].explode().to_list()
    assert sum(a in ordinary for a in named) > 0.9 * len(named)


def test_accounts_pay_from_where_they_are_held(demo: DemoLedger) -> None:
    held = dict(demo.accounts.select("account", "jurisdiction").iter_rows())
    for side in ("originator", "beneficiary"):
        where = demo.transactions.select(side, f"{side}_jurisdiction").unique()
        assert {a: held[a] for a in where[side]} == dict(where.iter_rows())


def test_planted_amounts_are_those_of_a_ledger(demo: DemoLedger) -> None:
    worth = demo.transactions.filter(pl.col("is_illicit"))["base_minor"]
    assert worth.min() >= 1_900
    assert worth.max() <= 30_000_000
    assert worth.median() > 50_000


def test_planted_payments_keep_office_hours(demo: DemoLedger) -> None:
    hours = demo.transactions.filter(pl.col("is_illicit"))["executed_at"].dt.hour()
    assert ((hours >= 8) & (hours < 18)).mean() > 0.8


@pytest.mark.parametrize("kind", LOOK_ALIKES, ids=[x.flow for x in LOOK_ALIKES])
def test_look_alikes_have_their_size_and_are_innocent(demo: DemoLedger, kind: object) -> None:
    cases = planted(demo, "look_alike").filter(pl.col("label_case").str.starts_with(kind.flow))
    assert cases.height == 5
    assert cases["transaction_ids"].list.len().min() >= kind.least
    assert cases["pattern"].unique().to_list() == [kind.pattern]
    assert cases["why"].unique().to_list() == [kind.why]


def test_some_look_alikes_of_each_kind_deceive_their_detector(
    demo: DemoLedger, findings: Findings
) -> None:
    table = evaluate_demo(demo, findings)
    seen = table.filter(pl.col("pattern").is_in(list(registry())) & (pl.col("look_alikes") > 0))
    assert seen.height > 0
    # a treasury sweep looks like a chain, and by its definition is none: it stays with one holder
    assert seen.filter(pl.col("flagged") == 0)["pattern"].to_list() == ["layering_chain"]


def test_refunds_say_what_they_return(demo: DemoLedger) -> None:
    cases = planted(demo, "look_alike").filter(pl.col("label_case").str.starts_with("refunds"))
    reverses = dict(demo.transactions.select("transaction_id", "reverses").iter_rows())
    for first, second in cases["transaction_ids"]:
        assert reverses[first] is None
        assert reverses[second] == first


def test_only_the_detectors_asked_for_are_planted() -> None:
    made = demo_ledger(5, 100, 2, n_cases=2, detectors=["round_trip", "round_trip"])
    assert planted(made)["label_case"].to_list() == ["round_trip-1", "round_trip-2"]


def test_nothing_is_planted_on_request() -> None:
    made = demo_ledger(5, 100, 1, n_cases=0)
    assert made.planted.height == 0
    assert not made.transactions["is_illicit"].any()
    assert not made.accounts["is_illicit"].any()


def test_a_case_that_does_not_fit_is_an_error_that_names_it() -> None:
    with pytest.raises(DataError, match=r"round_trip fits into 1 months of .* detectors="):
        demo_ledger(5, 1, 1, n_cases=60, detectors=["round_trip"])


def test_different_jurisdictions_stay_different_and_the_same_the_same() -> None:
    free = np.ones(len(PLACES), np.int64)
    got = _places(("EE", "ZZ", "EE", "GB"), free, np.random.default_rng(1))
    assert got is not None
    assert got[0] == got[2]
    assert np.unique(got).size == 3
    free[3:] = 0
    assert _places(tuple("ABCD"), free, np.random.default_rng(1)) is None


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"n_persons": 0}, "n_persons=0"),
        ({"months": 0}, "months=0"),
        ({"months": 121}, "months=121"),
        ({"n_cases": -1}, "n_cases=-1"),
        ({"seed": -1}, "seed=-1"),
        ({"detectors": ["round_tripp"]}, "did you mean 'round_trip'"),
    ],
)
def test_wrong_parameters_are_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ParameterError, match=named):
        demo_ledger(**wrong)
