"""The command that follows money: what it prints, writes and refuses."""

from __future__ import annotations

import json

import polars as pl
import pytest

ROWS = """transaction_id,executed_at,originator,beneficiary,amount,currency
1,2024-01-05T10:00,victim,mule,100.00,EUR
2,2024-01-06T10:00,mule,shell,60.00,EUR
3,2024-01-07T10:00,shell,harbour,25.00,EUR
"""


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "ledger.csv"
    path.write_text(ROWS, "utf-8")
    return path


def test_it_prints_where_the_money_is(call, ledger):
    done = call("trace", ledger, "--seeds", "1")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split() == "claim account in held orders of a day any rule last in".split()
    held = {x.split()[1]: x.split()[3] for x in lines[1:4]}
    assert held == {"mule": "40.00", "shell": "35.00", "harbour": "25.00"}
    assert "100.00 EUR" in lines[-1]


def test_it_writes_every_table_whole(call, ledger, tmp_path):
    out = tmp_path / "out"
    done = call("trace", ledger, "--from", "victim", "--rule", "pro_rata", "--out", out, "-q")
    assert done.exit_code == 0, done.output
    told = json.loads((out / "trace.json").read_text("utf-8"))
    assert told["rule"] == "pro_rata"
    assert told["seeds"] == [["victim", 1, 10_000]]
    assert {path.name for path in out.glob(".*")} == {".xborder_aml"}
    for name, rows in told["rows"].items():
        assert pl.read_parquet(out / f"{name}.parquet").height == rows
    assert pl.read_csv(out / "holdings.csv")["amount_minor"].sum() == 10_000


def test_a_file_of_seeds_names_claims_and_parts(call, ledger, tmp_path):
    seeds = tmp_path / "seeds.csv"
    seeds.write_text("transaction_id,claim,amount_minor\n1,first,3000\n1,second,7000\n", "utf-8")
    done = call("trace", ledger, "--seeds", seeds, "--rule", "lifo")
    assert done.exit_code == 0, done.output
    assert "first" in done.stdout
    assert "70.00 EUR" in done.stdout


def test_an_overdraft_is_incomplete_and_told(call, ledger):
    ledger.write_text(ROWS + "4,2024-01-08T10:00,harbour,far,90.00,EUR\n", "utf-8")
    done = call("trace", ledger, "--seeds", "1")
    assert done.exit_code == 4
    assert "1 payments of 1 accounts were more than the account held" in done.stderr


def test_poison_tells_no_value(call, ledger):
    done = call("trace", ledger, "--seeds", "1", "--rule", "poison")
    assert done.exit_code == 0
    assert "3 accounts can have been reached; no value is attributed" in done.stdout
    assert "EUR " not in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "nothing says what to follow"),
        (["--seeds", "9"], 3, "transaction ids are not in the graph, such as 9"),
        (["--seeds", "no-such.csv"], 3, "there is no file no-such.csv"),
        (["--from", "viktim"], 2, "did you mean 'victim'"),
        (["--seeds", "3", "--as-of", "2024-01-06"], 2, "transaction 3 lies after as_of"),
        (["--seeds", "1", "--rule", "fifoo"], 2, "fifoo"),
    ],
)
def test_what_it_cannot_follow_is_told_in_a_line(call, ledger, words, code, told):
    done = call("trace", ledger, *words)
    assert done.exit_code == code
    assert told in done.stderr
    assert "Traceback" not in done.output


def test_the_same_again_is_kept_and_something_else_is_not(call, ledger, tmp_path):
    out = tmp_path / "out"
    words = ("trace", ledger, "--seeds", "1", "--out", out)

    def times():
        return {path.name: path.stat().st_mtime_ns for path in out.iterdir() if path.is_file()}

    first = call(*words)
    left = times()
    again = call(*words)
    assert "kept from the run before" in again.stderr
    assert again.stdout == first.stdout
    assert times() == left
    (out / "flows.parquet").write_bytes(b"PAR1")
    assert "kept" not in call(*words).stderr
    assert pl.read_parquet(out / "flows.parquet").height == 3
    assert "kept" not in call(*words, "--rule", "lifo").stderr
    assert json.loads((out / "trace.json").read_text("utf-8"))["rule"] == "lifo"
    assert "kept" not in call(*words, "--rule", "lifo", "--fresh").stderr
    ledger.write_text(ROWS.replace("25.00", "26.00"), "utf-8")
    assert "kept" not in call(*words, "--rule", "lifo").stderr


def test_a_folder_of_something_else_is_refused_and_left_alone(call, ledger, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "holdings.csv").write_text("mine", "utf-8")
    done = call("trace", ledger, "--seeds", "1", "--out", out)
    assert done.exit_code == 2
    assert "holds holdings.csv, which `xborder-aml trace` did not put there" in done.stderr
    assert [path.name for path in out.iterdir()] == ["holdings.csv"]


def test_what_cannot_be_traced_leaves_what_is_there(call, ledger, tmp_path):
    out = tmp_path / "out"
    assert call("trace", ledger, "--seeds", "1", "--out", out).exit_code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    assert call("trace", ledger, "--seeds", "9", "--out", out).exit_code == 3
    assert {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()} == before
