"""The generator: money is conserved, floors hold, and threads change nothing."""

from __future__ import annotations

import polars as pl
import pytest
from scipy.stats import ks_2samp

import xborder_aml as xb
from xborder_aml.detectors import detector_of, registry
from xborder_aml.errors import DataError, ParameterError
from xborder_aml.schema import ACCOUNTS, TRANSACTIONS
from xborder_aml.synth import LabelNoise, SynthLedger, generate, illicit_value, preset
from xborder_aml.synth.blocks import Settlement
from xborder_aml.synth.ledger import iter_ledger
from xborder_aml.synth.plan import plan_ledger


@pytest.fixture(scope="module")
def made() -> SynthLedger:
    return generate("tiny", seed=3)


def test_the_package_is_found_on_the_face() -> None:
    assert xb.synth.generate is generate


def test_the_tables_are_canonical(made: SynthLedger) -> None:
    assert made.transactions.schema == pl.Schema(TRANSACTIONS.dtypes)
    assert made.accounts.schema == pl.Schema(ACCOUNTS.dtypes)
    t = made.transactions
    assert t["transaction_id"].to_list() == list(range(1, t.height + 1))
    assert t["executed_at"].is_sorted()
    known = set(made.accounts["account"])
    assert set(t["originator"]) | set(t["beneficiary"]) <= known
    assert made.accounts["account"].n_unique() == made.accounts.height


def test_every_balance_follows_from_the_transactions(made: SynthLedger) -> None:
    """The book is recomputed from the table alone, row by row."""
    t = made.transactions
    leaves = t.select("transaction_id", account="originator", change=-pl.col("sent_minor"), first=0)
    comes = t.select("transaction_id", account="beneficiary", change="received_minor", first=1)
    running = (
        pl.concat([leaves, comes])
        .sort("transaction_id", "first")
        .with_columns(balance=pl.col("change").cum_sum().over("account"))
    )
    seen = running.group_by("account").agg(
        total=pl.col("change").sum(), lowest=pl.col("balance").min()
    )
    book = made.book.drop_nulls("floor_minor").join(seen, on="account", how="left")
    total = pl.col("total").fill_null(0)
    assert book.filter(pl.col("opening_minor") + total != pl.col("closing_minor")).is_empty()
    low = pl.col("opening_minor") + pl.min_horizontal(pl.col("lowest").fill_null(0), 0)
    # what an account pays itself leaves and comes back in one: only there may the two differ
    assert book.filter(low < pl.col("floor_minor")).is_empty()
    assert (book["lowest_minor"] >= book["floor_minor"]).all()


def test_money_is_conserved_in_every_currency(made: SynthLedger) -> None:
    change = made.book.group_by("currency").agg(
        (pl.col("closing_minor") - pl.col("opening_minor")).sum().alias("change")
    )
    assert change["change"].to_list() == [0] * change.height
    assert made.summary["money_lost"] == {}
    assert made.summary["floors_broken"] == 0


def test_both_legs_are_equal_where_nothing_is_exchanged_or_charged(made: SynthLedger) -> None:
    t = made.transactions.with_columns(
        same=pl.col("sent_currency").cast(pl.String) == pl.col("received_currency").cast(pl.String)
    )
    assert (t.filter("same")["sent_minor"] >= t.filter("same")["received_minor"]).all()
    assert (
        t.filter(sent_currency="EUR")["base_minor"] == t.filter(sent_currency="EUR")["sent_minor"]
    ).all()
    assert t.filter(~pl.col("same")).height > 100


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_change_nothing(made: SynthLedger, workers: int) -> None:
    again = generate("tiny", seed=3, workers=workers)
    for name in ("transactions", "accounts", "labels", "patterns", "truth", "book"):
        assert getattr(again, name).equals(getattr(made, name)), name


def test_another_seed_is_another_ledger(made: SynthLedger) -> None:
    assert not generate("tiny", seed=4).transactions.equals(made.transactions)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_more_than_half_stays_at_home(seed: int) -> None:
    t = generate("tiny", seed=seed, plants=0, look_alikes=0, schemes=0).transactions
    home = (t["originator_jurisdiction"] == t["beneficiary_jurisdiction"]).mean()
    assert 0.50 <= home <= 0.70


def test_every_detector_finds_what_was_planted_for_it(made: SynthLedger) -> None:
    graph = xb.TransactionGraph(made.transactions, made.accounts)
    planted = made.patterns.filter(pl.col("kind") == "laundering", pl.col("scheme").is_null())
    assert set(planted["pattern"]) == set(registry())
    missed = []
    for name, ids in planted.select("pattern", "transaction_ids").iter_rows():
        found = xb.detect(graph, [detector_of(name).params()])
        if len(set(ids) & set(found.evidence["transaction_id"])) < 0.8 * len(ids):
            missed.append(name)
    assert missed == []


def test_there_is_a_look_alike_of_every_pattern(made: SynthLedger) -> None:
    innocent = made.patterns.filter(kind="look_alike")
    assert set(innocent["pattern"]) == set(registry())
    ids = set(innocent["transaction_ids"].explode())
    labels = made.labels.filter(pl.col("transaction_id").is_in(ids))
    assert not labels["is_laundering"].any()
    assert innocent["why"].n_unique() > 15


@pytest.mark.parametrize("seed", [0, 3, 7])
def test_accounts_of_cases_are_as_old_as_others(seed: int) -> None:
    plan = plan_ledger(preset("tiny"), seed)
    theirs = [account.opened for account in plan.docket.opened]
    assert ks_2samp(theirs, plan.society.opened).pvalue > 0.01


def test_accounts_of_cases_are_where_others_are(made: SynthLedger) -> None:
    accounts = made.accounts.with_columns(
        in_case=pl.col("account").is_in(made.patterns["accounts"].explode().implode())
    )
    others = accounts.filter(~pl.col("in_case"))
    # what is judged of a new corridor is that nobody else is there
    known = pl.col("jurisdiction").is_in(others["jurisdiction"].implode())
    assert accounts.filter(~known).height <= 2 * 6
    at_others = pl.col("institution").is_in(others["institution"].implode())
    assert accounts.filter(known & ~at_others).height < 0.02 * accounts.height
    assert accounts["opened_on"].null_count() == 0


def test_labels_are_the_cases(made: SynthLedger) -> None:
    criminal = made.patterns.filter(kind="laundering")
    ids = sorted(criminal["transaction_ids"].explode())
    assert made.labels.filter("is_laundering")["transaction_id"].to_list() == ids
    assert made.transactions.filter("is_illicit")["transaction_id"].to_list() == ids


def test_label_noise_misses_invents_and_delays() -> None:
    noise = LabelNoise(missed=0.3, wrong=0.5, late_days=10.0)
    made = generate("tiny", seed=5, plants=6, look_alikes=0, noise=noise)
    labels = made.labels
    true = labels.filter("is_laundering")
    assert true.height > 500
    assert abs(true["is_labelled"].mean() - 0.7) < 0.06
    wrong = labels.filter(pl.col("is_labelled"), ~pl.col("is_laundering"))
    assert abs(wrong.height / true.height - 0.5) < 0.1
    told = labels.filter("is_labelled").join(made.transactions, on="transaction_id")
    late = (told["labelled_at"] - told["executed_at"]).dt.total_seconds() / 86_400
    assert (late >= 0).all()
    assert abs(late.mean() - 10.0) < 1.5
    assert made.transactions["is_illicit"].sum() == labels["is_labelled"].sum()


# -- the truth ------------------------------------------------------------------------------------


def test_proceeds_are_conserved_but_for_what_banks_take(made: SynthLedger) -> None:
    truth = made.truth
    assert (truth["sent_minor"] >= 0).all()
    held = illicit_value(truth)
    assert (held["amount_minor"] >= 0).all()
    last = held.group_by("account").agg(
        pl.col("amount_minor").sort_by("transaction_id").last().over("claim").alias("x")
    )
    assert last.height > 10
    at_end = (
        held.sort("transaction_id")
        .group_by("account", "claim", maintain_order=True)
        .agg(pl.col("amount_minor").last())
        .group_by("account")
        .agg(pl.col("amount_minor").sum())
    )
    both = made.book.drop_nulls("floor_minor").join(at_end, on="account", how="left")
    assert (both["illicit_minor"] == both["amount_minor"].fill_null(0)).all()


def test_the_illicit_part_is_no_more_than_the_transaction(made: SynthLedger) -> None:
    parts = made.truth.group_by("transaction_id").agg(
        pl.col("sent_minor").sum().alias("out"), pl.col("received_minor").sum().alias("in")
    )
    both = parts.join(made.transactions, on="transaction_id", how="left")
    assert (both["out"] <= both["sent_minor"]).all()
    assert (both["in"] <= both["received_minor"]).all()


def test_the_illicit_part_is_converted_as_the_payment_is(made: SynthLedger) -> None:
    moved = made.truth.filter(pl.col("sent_minor") > 0).rename(
        {"sent_minor": "part", "received_minor": "worth"}
    )
    both = moved.join(made.transactions, on="transaction_id", how="left")
    converted = both.filter(pl.col("sent_currency") != pl.col("received_currency"))
    assert converted.filter(pl.col("part") == pl.col("sent_minor")).height
    due = pl.col("part") * (pl.col("received_minor") / pl.col("sent_minor"))
    assert converted.filter((pl.col("worth") - due).abs() > 1).is_empty()


def test_every_crime_brings_in_money(made: SynthLedger) -> None:
    claims = set(made.truth["claim"])
    assert claims == set(made.patterns.filter(kind="laundering")["case_id"])


def test_room_for_proceeds_grows_with_them_and_not_with_the_days(monkeypatch) -> None:
    """Growing what was not full once doubled the lots for every doubling of a block's moves."""
    monkeypatch.setattr("xborder_aml.synth.blocks._PAYMENTS", 400)
    plan = plan_ledger(preset("tiny"), 3)
    settlement = Settlement(plan)
    made = [m.transactions for m in iter_ledger(plan, settlement, workers=1)]
    assert len(made) > 40
    used = int(settlement.lots.counts[0])
    assert used <= settlement.lots.after.size <= 2 * used
    # and the ledger does not depend on how the days are cut
    assert pl.concat(made).equals(generate("tiny", seed=3).transactions)


# -- what is refused ------------------------------------------------------------------------------


def test_wrong_uses_say_what_is_wrong() -> None:
    with pytest.raises(ParameterError, match=r"no preset 'tinny'.*did you mean 'tiny'"):
        generate("tinny")
    with pytest.raises(ParameterError, match=r"no field 'dayz'.*did you mean 'days'"):
        generate("tiny", dayz=3)
    with pytest.raises(ParameterError, match=r"seed=-1"):
        generate("tiny", seed=-1)
    with pytest.raises(ParameterError, match="do not go with the activity bins"):
        generate("tiny", n_transactions=1_000_000)
    with pytest.raises(ParameterError, match="missed=2"):
        LabelNoise(missed=2)
    with pytest.raises(DataError, match="accounts of one currency"):
        generate("amlworld-hi-small", n_accounts=60, n_transactions=600)
