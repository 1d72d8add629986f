"""Figures recompute from the evidence, and what does not is told."""

from __future__ import annotations

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.exchange.figures import RECOMPUTATIONS, Evidence, recompute, wrong_figures

LEDGER = xb.example_ledger()
IDS = LEDGER["transaction_id"].to_list()
SEED = [["victim", 4, None]]


def figure(how, *, name="f", value=0, ids=(), **arguments):
    return {
        "figure": name, "value": value, "unit": "EUR", "transaction_ids": list(ids), "how": how,
        "arguments": arguments,
    }  # fmt: skip


def evidence(**given) -> Evidence:
    table = pl.DataFrame({"case": ["a", "a", "b"], "n": [1, 2, 4], "c": ["EUR", "EUR", "USD"]})
    return Evidence(LEDGER, {"steps": table}, {"limits": {"cost": 7, "day": "2024-01-01"}}, **given)


def one(how, **given):
    return recompute([figure(how, **given)], evidence())["f"]


def by_hand(column: str, *, keep=lambda row: True) -> int:
    return sum(row[column] for row in LEDGER.iter_rows(named=True) if keep(row))


def corridor(row) -> str:
    return f"{row['originator_jurisdiction']}>{row['beneficiary_jurisdiction']}"


FIRST = LEDGER.row(0, named=True)


@pytest.mark.parametrize(
    ("how", "arguments", "expected"),
    [
        ("count", {}, (len(IDS), "count")),
        ("sum_base", {}, (by_hand("base_minor"), "EUR")),
        (
            "sum_base",
            {"beneficiary": "harbour"},
            (by_hand("base_minor", keep=lambda r: r["beneficiary"] == "harbour"), "EUR"),
        ),
        (
            "sum_base",
            {"originator": "harbour"},
            (by_hand("base_minor", keep=lambda r: r["originator"] == "harbour"), "EUR"),
        ),
        (
            "sum_base",
            {"corridor": corridor(FIRST)},
            (by_hand("base_minor", keep=lambda r: corridor(r) == corridor(FIRST)), "EUR"),
        ),
        (
            "distinct_accounts",
            {},
            (
                len({r[s] for r in LEDGER.to_dicts() for s in ("originator", "beneficiary")}),
                "count",
            ),
        ),
        (
            "cross_border",
            {},
            (len([r for r in LEDGER.to_dicts() if len(set(corridor(r).split(">"))) == 2]), "count"),
        ),
    ],
)
def test_sums_over_transactions(how, arguments, expected):
    assert one(how, ids=IDS, **arguments) == expected


def test_times():
    at = LEDGER.sort("executed_at")["executed_at"]
    assert one("first_at", ids=IDS) == (at[0].isoformat().replace("+00:00", "Z"), "time")
    assert one("last_at", ids=IDS) == (at[-1].isoformat().replace("+00:00", "Z"), "time")
    assert one("seconds_between", ids=IDS) == (int((at[-1] - at[0]).total_seconds()), "seconds")


def test_a_waterfall_is_recomputed_step_by_step():
    seeded = figure("sum_received", name="seeded", ids=[4], currency="EUR")
    held = figure(
        "traced", name="held", quantity="held", seeds=SEED, rule="fifo", currency="EUR",
        account="harbour",
    )  # fmt: skip
    away = figure("total", name="away", plus=["seeded"], minus=["held"])
    half = figure("scaled", name="half", of="held", ppm=500_001)
    low = figure("least", name="low", of=["half", "away"])
    high = figure("most", name="high", of=["half", "away"])
    cost = figure("parameter", name="cost", path="limits.cost", unit="EUR")
    part = figure("share", name="part", part="half", whole="held")
    kept = figure("scaled", name="kept", of="seeded", ppm="part")
    found = recompute([seeded, held, away, half, low, high, cost, part, kept], evidence())
    assert found == {
        "seeded": (6_000_000, "EUR"), "held": (5_520_000, "EUR"), "away": (480_000, "EUR"),
        "half": (2_760_005, "EUR"), "low": (480_000, "EUR"), "high": (2_760_005, "EUR"),
        "cost": (7, "EUR"), "part": (500_000, "ppm"), "kept": (3_000_000, "EUR"),
    }  # fmt: skip


def test_a_trace_of_a_claim_is_that_of_the_library():
    traced = xb.trace(xb.TransactionGraph(LEDGER), {"victim": [4]}, rule="pro_rata")
    asked = {"seeds": SEED, "rule": "pro_rata", "currency": "EUR"}
    whole = traced.conservation.filter(pl.col("claim") == "victim").row(0, named=True)
    for quantity in ("seeded", "sunk", "fees", "superseded"):
        assert one("traced", quantity=quantity, **asked)[0] == whole[f"{quantity}_minor"]
    assert one("traced", quantity="held_base", **asked)[0] == traced.holdings["base_minor"].sum()


def test_tables_are_summed_by_rows():
    assert one("table_sum", table="steps", column="n", unit_column="c", where={"case": "a"}) == (
        3,
        "EUR",
    )
    assert one("table_count", table="steps", where={"c": "USD"}) == (1, "count")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (figure("sum_bas"), "did you mean 'sum_base'"),
        (figure("sum_base", ids=[10**12]), "is not in the evidence"),
        (figure("count", ids=[4, 4]), "names a transaction twice"),
        (figure("first_at"), "no transaction, so that there is no time"),
        (figure("sum_base", beneficary="x"), "unexpected keyword argument"),
        (figure("sum_received", ids=[4], currency="USD"), "never mixed"),
        (figure("total", plus=["later"]), "does not come before it"),
        (figure("total", plus=[]), "figures of one unit"),
        (figure("total", plus=[7]), "does not come before it"),
        (figure("parameter", path="limits.price", unit="EUR"), "hold no 'limits.price'"),
        (figure("parameter", path="limits.day", unit="EUR"), "no whole number"),
        (figure("table_sum", table="step", column="n"), "did you mean 'steps'"),
        (figure("table_sum", table="steps", column="m"), "no column 'm'"),
        (figure("table_sum", table="steps", column="c"), "only whole numbers"),
        (figure("table_sum", table="steps", column="n", unit_column="c"), "2 currencies"),
        (
            figure("traced", quantity="helt", seeds=SEED, rule="fifo", currency="EUR"),
            "no quantity 'helt'",
        ),
        (
            figure(
                "traced", quantity="held", seeds=[["v", 999, None]], rule="fifo", currency="EUR"
            ),
            "999",
        ),
        ({"figure": "f"}, "exactly the keys"),
        ({**figure("count"), "transaction_ids": ["4"]}, "list of whole numbers"),
        ({**figure("count"), "arguments": []}, "arguments are a mapping"),
        (7, "exactly the keys"),
    ],
)
def test_what_cannot_be_recomputed_says_why(entry, message):
    (problem,) = wrong_figures([entry], evidence())
    assert message in problem
    with pytest.raises(xb.DataError, match="figure"):
        recompute([entry], evidence())


def test_a_wrong_value_or_unit_is_told():
    right = {**figure("count", value=1, ids=[4]), "unit": "count"}
    assert wrong_figures([right], evidence()) == []
    assert wrong_figures([{**right, "value": "1"}], evidence()) == []  # large numbers are text
    (problem,) = wrong_figures([{**right, "value": 2}], evidence())
    assert problem == "figure 'f' says 2 count, and the evidence gives 1 count"
    assert "EUR" in wrong_figures([{**right, "unit": "EUR"}], evidence())[0]
    assert "two figures" in wrong_figures([right, right], evidence())[0]


def test_figures_are_a_list():
    with pytest.raises(xb.DataError, match="figures are a list, and got dict"):
        wrong_figures({}, evidence())


def test_every_way_says_what_it_does():
    assert all((function.__doc__ or "").strip() for function in RECOMPUTATIONS.values())
