"""What a method sees, and that a method which leaks is caught."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from xborder_aml.errors import DataError
from xborder_aml.evaluate import METHODS, Dataset, artefacts, check_method, leaderboard, run
from xborder_aml.evaluate.page import render_leaderboard
from xborder_aml.evaluate.view import blind


def outcome(data, method):
    return {c.name: c.passed for c in check_method(data, method)}


def test_a_view_holds_no_label_no_name_and_no_text(data):
    hidden = blind(data)
    shown = hidden.transactions
    for column in (
        "is_illicit",
        "label_pattern",
        "label_case",
        "source_reference",
        "source_row",
        "purpose",
    ):
        assert shown[column].null_count() == shown.height
    real = set(data.transactions["originator"]) | set(data.transactions["beneficiary"])
    assert not real & (set(shown["originator"]) | set(shown["beneficiary"]))
    assert hidden.accounts["is_illicit"].null_count() == hidden.accounts.height
    assert all(re.fullmatch(r"A\d+", a) for a in hidden.account)
    back = shown["originator"].replace_strict(hidden.account)
    assert back.to_list() == data.transactions["originator"][hidden.row].to_list()


def test_rows_of_one_time_are_shuffled_and_times_are_not(data):
    tied = data.transactions.with_columns(pl.col("executed_at").dt.truncate("1d"))
    hidden = blind(Dataset("tied", tied, data.accounts))
    assert hidden.transactions["executed_at"].is_sorted()
    assert hidden.transactions["transaction_id"].to_list() == list(range(1, tied.height + 1))
    assert hidden.row.tolist() != sorted(hidden.row.tolist())


@dataclass
class Peeker:
    """Scores a row by what its beneficiary receives afterwards, and says that it is causal."""

    name: str = "peeker"

    def fit(self, train):
        pass

    def score(self, view):
        rows = view.transactions.with_columns(
            later=pl.int_range(pl.len(), 0, -1).over("beneficiary")
        )
        return rows["later"].to_numpy()[view.asked].astype(float)


@dataclass
class Memoriser:
    """Remembers the accounts of illicit rows by name."""

    name: str = "memoriser"
    supervised: bool = True

    def fit(self, train):
        bad = train.asked_transactions.filter(pl.Series(train.labels))
        self.known = set(bad["originator"]) | set(bad["beneficiary"])

    def score(self, view):
        rows = view.asked_transactions
        ends = zip(rows["originator"], rows["beneficiary"], strict=True)
        return np.array([float(a in self.known) + float(b in self.known) for a, b in ends])


@dataclass
class Smuggler:
    """Knows the labels from outside, by time and amount, and pretends to learn."""

    data: Dataset
    name: str = "smuggler"
    supervised: bool = True

    def fit(self, train):
        rows = self.data.transactions.filter("is_illicit")
        self.known = set(rows.select("executed_at", "base_minor").rows())

    def score(self, view):
        rows = view.asked_transactions.select("executed_at", "base_minor").rows()
        return np.array([float(row in self.known) for row in rows])


def repeating(data):
    """Return the dataset with its illicit rows once more, later: what is known helps."""
    bad = data.transactions.filter("is_illicit")
    last = data.transactions["executed_at"].max()
    again = bad.with_columns(
        transaction_id=pl.col("transaction_id") + 1_000_000,
        executed_at=last - (last - pl.col("executed_at")) * 0.2,
        label_case=pl.col("label_case") + "-again",
    )
    return Dataset("repeating", pl.concat([data.transactions, again]), data.accounts)


def test_a_method_that_looks_ahead_is_caught(data):
    assert outcome(data, Peeker())["future"] is False


def test_a_method_that_remembers_names_is_caught(data):
    assert outcome(repeating(data), Memoriser())["names"] is False


def test_a_method_that_has_the_labels_from_elsewhere_is_caught(data):
    assert outcome(data, Smuggler(data))["shuffled-labels"] is False


def test_honest_methods_pass(data):
    assert outcome(data, METHODS["degree-volume"]()) == {
        "future": True,
        "names": True,
        "shuffled-labels": None,
    }
    assert outcome(data, METHODS["hgb-raw"]()) == {
        "future": True,
        "names": True,
        "shuffled-labels": True,
    }


def test_labels_dealt_at_random_teach_next_to_nothing(data):
    [told] = [c.detail for c in check_method(data, METHODS["hgb-raw"]()) if "random" in c.detail]
    shuffled, true, chance = map(float, re.findall(r"0\.\d{3}", told))
    assert shuffled < chance + 0.02 < true


def test_a_method_that_does_not_learn_sees_no_labels(data):
    seen = []

    class Curious(Peeker):
        def fit(self, train):
            seen.append(train.labels.any())

    check_method(data, Curious("curious"))
    assert seen == [False]


@dataclass
class Batches:
    """Scores a row by how many rows its batch of the view holds: it sees the rest of the batch."""

    size: int = 128
    name: str = "batches"

    def fit(self, train):
        pass

    def score(self, view):
        row = np.arange(view.asked.size)
        end = np.minimum((row // self.size + 1) * self.size, view.asked.size)
        return (end - row // self.size * self.size)[view.asked].astype(float)


@pytest.mark.parametrize("size", [2, 4, 32, 128])
def test_who_looks_ahead_within_a_batch_is_caught_wherever_batches_end(data, size):
    assert outcome(data, Batches(size))["future"] is False


def test_what_a_guard_caught_stands_on_the_board(data):
    made = run([data], [Peeker(), METHODS["amount-rules"]()], tasks=("transaction",), draws=0)
    [board] = leaderboard(made)
    assert board.is_checked
    told = {row.method: row.caught for row in board.rows}
    assert told["amount-rules"] == ()
    [sentence] = told["peeker"]
    assert re.fullmatch(r"looks ahead: [\d,]+ of [\d,]+ scores change when .* gone", sentence)
    page = render_leaderboard(made)
    assert f"<b>peeker</b> {sentence}." in page
    assert page.count("⚑") > 2
    unchecked = run([data], [Peeker()], tasks=("transaction",), draws=0, checks=False)
    assert not leaderboard(unchecked)[0].is_checked
    assert "No method was checked for leaks" in render_leaderboard(unchecked)


def test_where_no_check_can_be_made_the_records_say_why(data):
    late = data.transactions.filter(
        ~pl.col("is_illicit") | (pl.int_range(pl.len()) >= 0.8 * pl.len())
    )
    made = run([Dataset("late", late)], [Peeker()], tasks=("transaction",), draws=0)
    checks = made.of("check")
    assert {c["passed"] for c in checks} == {None}
    assert all("no check can be made" in c["detail"] for c in checks)


def test_a_clock_that_betrays_labels_is_told(data):
    marked = data.transactions.with_columns(
        pl.when("is_illicit")
        .then(pl.col("executed_at") + pl.duration(seconds=7))
        .otherwise(pl.col("executed_at").dt.truncate("1m"))
        .alias("executed_at")
    )
    found = {a.variant: a for a in artefacts(Dataset("marked", marked))}["minute-clock"]
    assert (found.share_illicit, found.share_others) == (1.0, 0.0)


def test_a_ledger_without_crime_cannot_be_checked(data):
    early = (
        data.transactions.with_row_index()
        .with_columns(is_illicit=pl.col("index") == 5)
        .drop("index")
    )
    with pytest.raises(DataError, match="hold nothing illicit, so no check can be made"):
        check_method(Dataset("early", early), Peeker())
