"""Files whole or absent, the lock, and tables for people."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys

import polars as pl
import pytest

from xborder_aml._files import facts_of, locked, remove, write_whole
from xborder_aml.batch._tables import read_small_table, spreadsheet
from xborder_aml.errors import ParameterError, SchemaError
from xborder_aml.report.sheets import flat
from xborder_aml.schema import ACCOUNTS, REFERRALS


def test_a_file_that_is_written_is_what_its_facts_say(tmp_path):
    facts = write_whole(tmp_path / "a", lambda p: p.write_bytes(b"abc"))
    assert (tmp_path / "a").read_bytes() == b"abc"
    assert facts == (3, hashlib.sha256(b"abc").hexdigest()) == facts_of(tmp_path / "a")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a").write_bytes(b"old")

    def half(path):
        path.write_bytes(b"ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(tmp_path / "a", half)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_the_file_stands_aside_until_it_is_whole(tmp_path):
    seen = []

    def write(path):
        path.write_bytes(b"new")
        seen.append((path.parent == tmp_path, path.name, (tmp_path / "a").exists()))

    write_whole(tmp_path / "a", write)
    assert seen == [(True, ".a.partial", False)]


def test_removing_takes_what_a_dead_process_left(tmp_path):
    (tmp_path / ".a.partial").write_bytes(b"x")
    remove(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_excludes_another_process_and_names_it(tmp_path):
    lock = tmp_path / "state" / "lock"
    code = (
        "import sys, pathlib; from xborder_aml._files import locked\n"
        "with locked(pathlib.Path(sys.argv[1]), 'it'): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(ParameterError, match=rf"another run \(process {holder.pid}\)"),
            locked(lock, "it"),
        ):
            pytest.fail("two processes held one lock")
        holder.kill()
        holder.wait()
    with locked(lock, "it"):  # the process died without a word, and its lock with it
        assert lock.read_text() == str(os.getpid())


def referral(**values):
    row = {
        "rank": 1,
        "account": "acct-1",
        "role": "core",
        "score": 1.5,
        "at_stake_minor": 5,
        "base_currency": "EUR",
        "first_at": pl.Series(["2024-01-05T10:00:00"]).str.to_datetime()[0],
        "last_at": pl.Series(["2024-01-06T10:00:00.5"]).str.to_datetime()[0],
        "holder": None,
        "jurisdiction": "EE",
        "jurisdictions": ["EE", "GB"],
        "corridors": [],
        "reason_codes": ["ROUND_TRIP"],
        "reasons": ["a reason; with a mark"],
        "finding_ids": ["ab"],
        "transaction_ids": [7, 9],
    }
    frame = pl.DataFrame([row | values], schema_overrides={"holder": pl.String})
    return REFERRALS.conform(
        frame.with_columns(
            pl.col("first_at", "last_at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            pl.col("corridors").cast(pl.List(pl.String)),
        )
    )


@pytest.mark.parametrize(
    ("currency", "minor", "text"),
    [
        ("EUR", 5, "0.05"),
        ("EUR", 123456, "1234.56"),
        ("JPY", 1500, "1500"),
        ("KWD", 1500, "1.500"),
        ("EUR", 9_007_199_254_740_993, "90071992547409.93"),  # a float would round it
    ],
)
def test_money_for_people_has_the_decimals_of_its_currency(currency, minor, text):
    table = spreadsheet(referral(at_stake_minor=minor, base_currency=currency))
    assert table["at_stake"].to_list() == [text]
    assert table["at_stake_minor"].to_list() == [minor]
    place = table.columns.index("at_stake")
    assert table.columns[place + 1] == "at_stake_minor"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_spreadsheet_runs(start):
    text = f"{start}HYPERLINK(1)"
    table = spreadsheet(referral(holder=text, reasons=[text, "b"]))
    assert table["holder"].to_list() == [f"'{text}"]
    assert table["reasons"].to_list() == [f"'{text}; b"]
    assert table["account"].to_list() == ["acct-1"]


def test_lists_and_times_as_text():
    row = flat(referral()).row(0, named=True)
    assert row["jurisdictions"] == "EE; GB"
    assert row["transaction_ids"] == "7; 9"
    assert row["corridors"] == ""
    assert row["first_at"] == "2024-01-05T10:00:00Z"
    assert row["last_at"] == "2024-01-06T10:00:00.500Z"


def test_the_spreadsheet_can_be_read_back():
    text = spreadsheet(referral(holder='Ärzte "&" Søn, 株式会社')).write_csv()
    assert pl.read_csv(io.StringIO(text))["holder"].to_list() == ['Ärzte "&" Søn, 株式会社']


def test_an_empty_spreadsheet_has_its_columns():
    assert spreadsheet(REFERRALS.empty()).columns == spreadsheet(referral()).columns


def test_accounts_from_a_csv_file_get_their_types(tmp_path):
    path = tmp_path / "accounts.csv"
    path.write_text(
        "account,holder,jurisdiction,opened_on,balance_minor,is_illicit,shoe_size\n"
        "007,Linden 7,EE,2020-01-31,12,true,43\n",
        "utf-8",
    )
    read = ACCOUNTS.conform(read_small_table(path, ACCOUNTS)).row(0, named=True)
    assert read["account"] == "007"
    assert read["jurisdiction"] == "EE"
    assert str(read["opened_on"]) == "2020-01-31"
    assert (read["balance_minor"], read["is_illicit"]) == (12, True)


def test_an_accounts_file_without_accounts_is_refused(tmp_path):
    path = tmp_path / "accounts.csv"
    path.write_text("konto,holder\n1,x\n", "utf-8")
    with pytest.raises(SchemaError, match="lacks the column 'account'"):
        read_small_table(path, ACCOUNTS)
