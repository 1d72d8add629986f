"""The commands for researchers."""

from __future__ import annotations

import pytest

QUICK = ("--method", "amount-rules", "--method", "degree-volume", "--draws", 5, "--no-checks")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    from xborder_aml.synth import demo_ledger

    made = demo_ledger(n_persons=150, months=4, n_cases=6, detectors=["fan_in"])
    path = tmp_path_factory.mktemp("labelled") / "small.parquet"
    made.transactions.write_parquet(path)
    return path


def test_evaluate_prints_the_boards_and_keeps_the_records(call, labelled, tmp_path):
    done = call("evaluate", labelled, *QUICK, "--out", tmp_path / "one")
    assert done.exit_code == 0, done.output
    assert "small, transaction:" in done.stdout
    assert "small, account:" in done.stdout
    assert "degree-volume" in done.stdout
    assert "leaderboard.html" in done.stderr
    again = call("evaluate", labelled, *QUICK, "--out", tmp_path / "two")
    assert again.stdout == done.stdout
    for name in ("results.jsonl", "scores.parquet", "leaderboard.html"):
        one, two = ((tmp_path / n / name).read_bytes() for n in ("one", "two"))
        assert one == two, name


def test_leaderboard_shows_the_same_again(call, labelled, tmp_path):
    first = call("evaluate", labelled, *QUICK, "--out", tmp_path)
    assert call("leaderboard", tmp_path).stdout == first.stdout
    written = call("leaderboard", tmp_path / "results.jsonl", "--html", tmp_path / "again.html")
    assert written.stdout == ""
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "leaderboard.html").read_bytes()


def test_what_is_wrong_is_said_in_one_line(call, labelled, tmp_path):
    wrong = call("evaluate", labelled, "--method", "hgb")
    assert wrong.exit_code == 2
    assert wrong.stderr.splitlines()[-1].startswith("error: there is no method 'hgb'")
    absent = call("evaluate", "tide", "--data-dir", tmp_path, *QUICK)
    assert absent.exit_code == 3
    assert call("leaderboard", tmp_path / "none").exit_code == 3


def test_variants_are_printed_beside_the_board_and_flags_below_it(call, tmp_path):
    import polars as pl

    from xborder_aml.synth import demo_ledger

    made = demo_ledger(
        seed=3, n_persons=150, months=4, n_cases=6, detectors=["fan_in", "pass_through"]
    )
    marked = made.transactions.with_columns(
        executed_at=pl.when("is_illicit")
        .then(pl.col("executed_at") + pl.duration(seconds=7))
        .otherwise(pl.col("executed_at").dt.truncate("1m"))
    )
    marked.write_parquet(tmp_path / "marked.parquet")
    (tmp_path / "own.py").write_text(
        "class Last:\n"
        "    name = 'last'\n"
        "    def fit(self, train): pass\n"
        "    def score(self, view):\n"
        "        n = view.transactions.height\n"
        "        return view.transactions['transaction_id'].to_numpy()[view.asked] / n\n",
        "utf-8",
    )
    done = call(
        "evaluate", tmp_path / "marked.parquet", "--method", f"{tmp_path}/own.py:Last",
        "--method", "amount-rules", "--draws", 5, "--variant", "full", "--variant",
        "minute-clock", "--variant", "no-tail", "--task", "transaction",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "last (!)" in done.stdout
    assert "(!) last looks ahead: " in done.stdout
    assert "average precision by variant" in done.stdout
    assert "minute-clock" in done.stdout
    assert "the variant no-tail was skipped, since no transaction is later" in done.stdout
    given = "100.0% of the illicit rows are marked by “a time finer than a minute”, and 0.0% of"
    assert f"marked: The ledger gives its labels away: {given} the others; see the variant" in (
        done.stdout
    )
    full = call("evaluate", tmp_path / "marked.parquet", *QUICK, "--out", tmp_path)
    assert "the others; evaluate the variant minute-clock too." in full.stdout
    page = (tmp_path / "leaderboard.html").read_text("utf-8")
    assert "the others; evaluate the variant minute-clock too." in page
    assert "Share of the illicit money within the daily budget of alerts." in page
    only = call("evaluate", tmp_path / "marked.parquet", *QUICK, "--variant", "minute-clock")
    assert "(rows-60-20-20, minute-clock)" in only.stdout
    assert "No method was checked for leaks" in only.stdout
