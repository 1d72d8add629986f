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
    one, two = (tmp_path / n / "results.jsonl" for n in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    pages = [(tmp_path / n / "leaderboard.html").read_bytes() for n in ("one", "two")]
    assert pages[0] == pages[1]


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
