"""`TransactionFeatures`: its columns are their definition, in a stream, in both points of view."""

from __future__ import annotations

import logging
import math
import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

import xborder_aml as xb
from xborder_aml.features import _oracle
from xborder_aml.kernels.feature_vertices import MOMENTS, SIDES
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.testing import ledgers

DAY = 86_400_000_000
drawn = ledgers(4 * DAY, max_accounts=5, max_transactions=16)
GIVEN_WINDOWS = ("1d", "4d")


def payments_of(table: pl.DataFrame) -> list[_oracle.Payment]:
    """The ledger in canonical order, as the definitions read it."""
    names = sorted({*table["originator"], *table["beneficiary"]})
    rows = table.sort("executed_at", "transaction_id").with_columns(
        at=pl.col("executed_at").to_physical(),
        corridor=pl.col("originator_jurisdiction").cast(pl.String)
        + pl.col("beneficiary_jurisdiction").cast(pl.String),
    )
    corridors = {c: i for i, c in enumerate(rows["corridor"].unique().drop_nulls())}
    return [
        _oracle.Payment(
            r["at"],
            names.index(r["originator"]),
            names.index(r["beneficiary"]),
            r["base_minor"],
            corridors.get(r["corridor"]),
        )
        for r in rows.iter_rows(named=True)
    ]


def close(got: float, want: float | None) -> bool:
    if want is None:
        return math.isnan(got)
    return math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-9)


def in_canonical_order(table: pl.DataFrame, out: pl.DataFrame) -> pl.DataFrame:
    keys = table.select("executed_at", "transaction_id")
    return pl.concat([keys, out], how="horizontal").sort("executed_at", "transaction_id")


@given(drawn, st.sampled_from((1, 256)))
def test_vertex_statistics_are_their_definition(tables: Any, max_sample: int) -> None:
    table = tables[0]
    features = xb.TransactionFeatures(
        windows=GIVEN_WINDOWS, families=["vertex"], max_sample=max_sample, threads=1
    )
    out = in_canonical_order(table, features.fit_transform(table))
    rows = payments_of(table)
    for i, r in enumerate(out.iter_rows(named=True)):
        for window in GIVEN_WINDOWS:
            want = _oracle.vertex_statistics(rows, i, int(window[0]) * DAY, max_sample)
            for side, (fan, degree, amounts, ages) in zip(SIDES, want, strict=True):
                assert r[f"past_{side}_fan_{window}"] == fan
                assert r[f"past_{side}_degree_{window}"] == degree
                assert r[f"past_{side}_ratio_{window}"] == degree / max(fan, 1)
                for measure, values in (("amount", amounts), ("age", ages)):
                    for moment, value in zip(MOMENTS, values, strict=True):
                        name = f"past_{side}_{measure}_{moment}_{window}"
                        assert close(r[name], value), name


@given(drawn, st.booleans())
def test_running_columns_and_chains_are_their_definition(tables: Any, strict: bool) -> None:
    table = tables[0]
    features = xb.TransactionFeatures(
        families=["ports", "pairs", "balance", "corridor", "chain"],
        chain_gap="2d",
        strict_time=strict,
    )
    out = in_canonical_order(table, features.fit_transform(table))
    rows = payments_of(table)
    depths = _oracle.chain_depths(rows, 2 * DAY, 0.8, 1.05, strict=strict)
    assert out["past_chain_depth_in"].to_list() == depths
    for i, r in enumerate(out.iter_rows(named=True)):
        for name, value in _oracle.running(rows, i).items():
            assert close(r[f"past_{name}"], value), name


# -- streams --------------------------------------------------------------------------------------


def busy(n: int = 900, accounts: int = 40, seed: int = 0) -> pl.DataFrame:
    """A table with ties, self-loops, parallel transfers, a hub, and rows in no order."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, accounts, (2, n))
    ends[rng.integers(0, 2, n), np.arange(n)] *= rng.random(n) > 0.2
    at = np.cumsum(rng.integers(0, 3, n)) * (DAY // 60)
    base = pl.Series(rng.integers(0, 10**6, n))
    places = np.array(["EE", "GB", "CY", None], object)
    return TRANSACTIONS.conform(
        pl.DataFrame(
            {
                "transaction_id": rng.permutation(n),
                "executed_at": pl.Series(at).cast(pl.Datetime("us", "UTC")),
                "originator": [f"a{i}" for i in ends[0]],
                "beneficiary": [f"a{i}" for i in ends[1]],
                "sent_minor": base,
                "sent_currency": "EUR",
                "received_minor": base,
                "received_currency": "EUR",
                "base_minor": pl.select(pl.when(base % 7 > 0).then(base)).to_series(),
                "base_currency": "EUR",
                "originator_jurisdiction": pl.Series(places[ends[0] % 4], dtype=pl.String),
                "beneficiary_jurisdiction": pl.Series(places[ends[1] % 4], dtype=pl.String),
            }
        ).sort("executed_at", "transaction_id")
    )


OPTIONS: dict[str, Any] = {
    "windows": dict.fromkeys(("fan", "degree", "temporal_cycle", "vertex"), ("6h", "2d")),
    "size_bins": (2, 3, 5),
    "hop_bins": (2, 4),
    "max_hops": 6,
    "max_work": 60,
    "max_sample": 20,
}


def same_bytes(a: pl.DataFrame, b: pl.DataFrame) -> bool:
    return a.schema == b.schema and all(
        a[c].to_numpy().tobytes() == b[c].to_numpy().tobytes() for c in a.columns
    )


@pytest.mark.parametrize("size", [1, 7, 2048])
def test_a_stream_gives_the_bytes_of_the_whole(size: int) -> None:
    table = busy()
    whole = xb.TransactionFeatures(**OPTIONS).fit_transform(table)
    assert (whole["past_truncated"] > 0).any(), "the caps should bite"
    stream = xb.TransactionFeatures(**OPTIONS, threads=1)
    parts = []
    for batch in table.iter_slices(size):
        parts.append(stream.partial_fit(batch).transform(batch))
    assert same_bytes(pl.concat(parts), whole)


def test_a_later_batch_is_read_ahead_and_not_kept() -> None:
    table = busy(400)
    whole = xb.TransactionFeatures(**OPTIONS).fit_transform(table)
    features = xb.TransactionFeatures(**OPTIONS).fit(table[:300])
    for _ in range(2):
        assert same_bytes(features.transform(table[300:]), whole[300:])
    assert same_bytes(features.transform(table[:300]), whole[:300])
    again = pickle.loads(pickle.dumps(features))
    assert same_bytes(again.partial_fit(table[300:]).transform(table[300:]), whole[300:])


def test_a_late_row_is_named() -> None:
    table = busy(50).with_columns(transaction_id=pl.int_range(pl.len()))
    features = xb.TransactionFeatures(families=["fan"]).fit(table[10:])
    with pytest.raises(xb.DataError, match=r"transaction 3 of .* comes late: transaction 49 of"):
        features.partial_fit(table[3:5])
    with pytest.raises(xb.DataError, match="comes late"):
        features.transform(table[3:5])
    with pytest.raises(xb.DataError, match="comes late"):
        features.partial_fit(table[48:])


def test_rows_come_back_in_the_order_of_the_input() -> None:
    table = busy(200)
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=1)
    features = xb.TransactionFeatures(families=["fan", "pairs", "vertex"])
    want = features.fit_transform(table).with_columns(id=table["transaction_id"])
    got = features.fit_transform(shuffled).with_columns(id=shuffled["transaction_id"])
    assert got.sort("id").equals(want.sort("id"), null_equal=True)
    mixed = features.fit(table).transform(shuffled).with_columns(id=shuffled["transaction_id"])
    assert mixed.equals(got)


def test_a_graph_is_its_transactions() -> None:
    table = busy(150)
    features = xb.TransactionFeatures(**OPTIONS)
    assert features.fit_transform(xb.TransactionGraph(table)).equals(features.fit_transform(table))


def test_the_names_of_accounts_do_not_matter() -> None:
    table = busy(150)
    other = table.with_columns(pl.col("originator", "beneficiary").str.reverse())
    features = xb.TransactionFeatures(**OPTIONS)
    assert same_bytes(features.fit_transform(table), features.fit_transform(other))


# -- points of view -------------------------------------------------------------------------------


def test_what_comes_after_changes_nothing_causal() -> None:
    table = busy(300)
    features = xb.TransactionFeatures(**OPTIONS)
    assert same_bytes(features.fit_transform(table[:200]), features.fit_transform(table)[:200])


def test_the_two_points_of_view_share_no_column() -> None:
    past = set(xb.TransactionFeatures().get_feature_names_out())
    both = set(xb.TransactionFeatures("retrospective").get_feature_names_out())
    assert not past & both


def test_before_is_the_past_and_after_is_the_past_of_the_ledger_turned_round() -> None:
    table = busy(300)
    forward = xb.TransactionFeatures(**OPTIONS)
    both = xb.TransactionFeatures("retrospective", **OPTIONS).fit_transform(table)
    past = forward.fit_transform(table)
    before = both.select(pl.selectors.starts_with("before_").name.replace("before_", "past_"))
    assert same_bytes(before, past)
    turned = table.select(
        pl.exclude("originator", "beneficiary", "executed_at", "transaction_id"),
        transaction_id=pl.lit(10**6) - pl.col("transaction_id"),
        originator="beneficiary",
        beneficiary="originator",
        executed_at=(-pl.col("executed_at").to_physical()).cast(pl.Datetime("us", "UTC")),
    )
    later = forward.set_params(families=["fan", "degree", "temporal_cycle", "pairs", "balance"])
    later = later.fit_transform(turned)
    for after, name, sign in (
        ("fan_in_2d", "fan_out_2d", 1),
        ("degree_out_6h", "degree_in_6h", 1),
        ("temporal_cycle_2d_3_to_4", "temporal_cycle_2d_3_to_4", 1),
        ("pair_total", "pair_total", 1),
        ("originator_balance", "beneficiary_balance", -1),
    ):
        assert (both[f"after_{after}"] == sign * later[f"past_{name}"]).all(), after
    assert both["after_temporal_cycle_2d_3_to_4"].sum() > 0


def test_chains_run_on_after_a_transaction() -> None:
    table = xb.example_ledger()
    both = xb.TransactionFeatures("retrospective", families=["chain"]).fit_transform(table)
    assert both["before_chain_depth_in"].max() == 3
    assert both["after_chain_depth_out"].max() == 3
    assert (both["before_chain_depth_in"] + both["after_chain_depth_out"]).max() == 4


def test_memberships_count_the_findings_of_a_pattern() -> None:
    table = xb.example_ledger()
    findings = xb.detect(xb.TransactionGraph(table), ["round_trip", "fan_in"])
    features = xb.TransactionFeatures(
        "retrospective", families=["fan"], patterns=["round_trip", "fan_in"]
    ).fit(table)
    out = features.transform(table, findings)
    evidence = findings.of("round_trip").evidence
    assert out["member_round_trip"].to_list() == [
        int(i in evidence["transaction_id"]) for i in table["transaction_id"]
    ]
    assert set(out["member_round_trip_hops"]) == {0, findings.findings["hops"].max()}
    assert out["member_fan_in"].sum() == 0
    with pytest.raises(xb.ParameterError, match="findings not given"):
        features.transform(table)
    with pytest.raises(xb.DataError, match="ledger does not have"):
        features.transform(
            table.filter(pl.col("transaction_id") != evidence["transaction_id"][0]), findings
        )


# -- as an estimator ------------------------------------------------------------------------------

CHECKS = (
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)
"""The checks of scikit-learn that apply. All others hand in a matrix of numbers drawn at random,
which is no transactions table, and would test the error that says so."""


@pytest.mark.parametrize("name", CHECKS)
def test_checks_of_scikit_learn(name: str) -> None:
    getattr(estimator_checks, name)("TransactionFeatures", xb.TransactionFeatures())


def test_a_transformer_that_read_nothing_says_so() -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        xb.TransactionFeatures().transform(xb.example_ledger())


@pytest.mark.parametrize("point", ["causal", "retrospective"])
def test_columns_are_those_that_are_named(point: Any) -> None:
    for families in (None, ["vertex", "fan"], ["chain"], ["hop_cycle"]):
        features = xb.TransactionFeatures(point, families=families, windows=["6h", "24h"])
        table = features.fit_transform(xb.example_ledger())
        assert table.columns == list(features.get_feature_names_out())
        assert features.fit_transform(xb.example_ledger().clear()).schema == table.schema


def test_fitting_tells_what_is_read_and_transforming_changes_nothing() -> None:
    table = busy(60)
    features = xb.TransactionFeatures(families=["fan"]).fit(table)
    assert features.n_features_in_ == len(features.feature_names_in_) == 7
    before = dict(vars(features))
    features.transform(table)
    features.transform(busy(90)[80:].with_columns(pl.col("executed_at").dt.offset_by("1y")))
    assert vars(features) == before


def test_output_is_polars_or_pandas_and_clones_keep_the_choice() -> None:
    pd = pytest.importorskip("pandas")
    table = busy(60)
    features = xb.TransactionFeatures(families=["fan", "pairs"])
    want = features.fit_transform(table)
    for choice, kind in (
        ("polars", pl.DataFrame),
        ("default", pl.DataFrame),
        ("pandas", pd.DataFrame),
    ):
        chosen = clone(features.set_output(transform=choice))
        out = chosen.fit_transform(table)
        assert isinstance(out, kind)
        assert list(out.columns) == want.columns
        assert np.array_equal(out.to_numpy(), want.to_numpy(), equal_nan=True)
    with pytest.raises(xb.ParameterError, match="did you mean 'pandas'"):
        features.set_output(transform="panda")


def test_a_pipeline_takes_it() -> None:
    pipe = make_pipeline(
        xb.TransactionFeatures(families=["fan"]), FunctionTransformer(lambda x: x.to_numpy())
    )
    assert pipe.fit_transform(busy(60)).shape == (60, 3)


def test_counts_are_small_whole_numbers() -> None:
    schema = xb.TransactionFeatures().fit_transform(xb.example_ledger()).schema
    for name, dtype in schema.items():
        if "cycle" in name or "scatter" in name or name == "past_truncated":
            assert dtype == pl.UInt16, name
        if "ordinal" in name or "depth" in name or name.startswith(("past_fan", "past_degree")):
            assert dtype == pl.Int32, name
        if name.endswith(("balance", "total")):
            assert dtype == pl.Int64, name


def test_a_cap_that_bites_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "xborder_aml.features"):
        xb.TransactionFeatures(**OPTIONS).fit_transform(busy(300))
    assert "a search that a cap ended" in caplog.text


@settings(max_examples=10)
@given(drawn)
def test_degenerate_ledgers_have_answers(tables: Any) -> None:
    for part in (tables[0].clear(), tables[0][:1], tables[0]):
        for point in ("causal", "retrospective"):
            out = xb.TransactionFeatures(point, windows=["0s", "100d"]).fit_transform(part)
            assert out.height == part.height


def test_amounts_near_the_limit_stay_exact() -> None:
    table = xb.example_ledger()[:2].with_columns(
        base_minor=pl.Series([2**58, 2**57]), originator=pl.lit("a"), beneficiary=pl.lit("b")
    )
    out = xb.TransactionFeatures(families=["balance", "pairs"]).fit_transform(table)
    assert out["past_pair_total"].to_list() == [0, 2**58]
    assert out["past_originator_balance"].to_list() == [0, -(2**58)]


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"point_of_view": "casual"}, "did you mean 'causal'"),
        ({"families": ["fans"]}, "did you mean 'fan'"),
        ({"families": "fan"}, "sequence of names"),
        ({"windows": "soon"}, "not a duration"),
        ({"windows": ()}, "at least one window"),
        ({"windows": ("24h", "1d")}, "none twice"),
        ({"windows": {"fann": ("1d",)}}, "did you mean 'fan'"),
        ({"size_bins": (1, 2)}, "must ascend"),
        ({"hop_bins": (2, 11)}, "stay empty"),
        ({"max_work": 0}, "max_work=0"),
        ({"max_sample": 1.5}, "whole number"),
        ({"threads": 0}, "threads=0"),
        ({"chain_share": (0.8, -1)}, "chain_share"),
        ({"patterns": ("round_trip",)}, "needs point_of_view='retrospective'"),
    ],
)
def test_wrong_parameters_are_told_when_fitting(parameters: dict[str, Any], match: str) -> None:
    with pytest.raises(xb.ParameterError, match=match):
        xb.TransactionFeatures(**parameters).fit(xb.example_ledger())


def test_a_whole_number_of_numpy_is_one() -> None:
    plain = {"families": ["hop_cycle"], "hop_bins": (2, 3), "max_hops": 4, "max_work": 50}
    numpy = plain | {"max_hops": np.int64(4), "max_work": np.int32(50), "threads": np.int64(1)}
    one, other = (xb.TransactionFeatures(**p).fit_transform(busy()) for p in (plain, numpy))
    assert same_bytes(one, other)


def test_wrong_input_is_told() -> None:
    with pytest.raises(xb.SchemaError, match="not of a ndarray"):
        xb.TransactionFeatures().fit(np.zeros((3, 2)))
    with pytest.raises(xb.SchemaError, match="lacks 'beneficiary'"):
        xb.TransactionFeatures().fit(xb.example_ledger().drop("beneficiary"))
    twice = xb.example_ledger().with_columns(transaction_id=pl.lit(1, pl.Int64))
    with pytest.raises(xb.DataError, match="stands in more than one row"):
        xb.TransactionFeatures().fit(twice)
    with pytest.raises(xb.ParameterError, match="needs what comes after"):
        xb.TransactionFeatures("retrospective").partial_fit(xb.example_ledger())
