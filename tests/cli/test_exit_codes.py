"""What the exit code says, and what an error looks like."""

from __future__ import annotations

import errno
import gzip
import json
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

from xborder_aml.errors import CapacityError, MissingExtraError

READ = ("read", "--base-currency", "EUR")


def test_done(call, small, tmp_path):
    assert call(*READ, small, "--out", tmp_path / "o").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--no-such-option",), "No such option"),
        (("--source", "ocrp"), "did you mean 'occrp'"),
        (("--columns", "amount"), "--columns takes NAME=VALUE, and got 'amount'"),
        (("--columns", "amont=a"), "did you mean 'amount'"),
        (("--option", "timezon=UTC"), "did you mean 'timezone'"),
        (("--base-currency", "EURO"), "no ISO 4217 code"),
        (("--on-missing-rate", "drop"), "not one of"),
    ],
)
def test_wrong_use(call, small, arguments, message):
    done = call("read", small, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--detectors", "round_tripp"), "did you mean 'round_trip'"),
        (("--set", "round_trip.windw=9d"), "did you mean 'window'"),
        (("--set", "round_trip=9d"), "--set takes DETECTOR.PARAMETER=VALUE"),
        (("--set", "round_trip.window=9 moons"), "'9 moons' is not a duration"),
        (("--permutations", "1"), "must be at least 3"),
        (("--workers", "0"), "workers=0 must be at least 1"),
        (("--as-of", "31.1.2015"), "does not match the format"),
        (("--requesting", "EST"), "ISO 3166-1 alpha-2"),
    ],
)
def test_wrong_use_of_score(call, small, tmp_path, arguments, message):
    done = call("score", small, "--out", tmp_path / "o", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not (tmp_path / "o").exists()


def test_wrong_use_of_a_configuration_file(call, small, tmp_path):
    (tmp_path / "c.toml").write_text("sead = 1", "utf-8")
    done = call("score", small, "--out", tmp_path / "o", "--config", tmp_path / "c.toml")
    assert done.exit_code == 2
    assert "did you mean 'seed'" in done.stderr


def test_a_folder_is_no_ledger(call, tmp_path):
    done = call(*READ, tmp_path)
    assert done.exit_code == 3
    assert "is a folder; name the ledger file in it" in done.stderr


def test_an_empty_file_is_bad_input(call, tmp_path):
    (tmp_path / "empty.csv").write_bytes(b"")
    done = call(*READ, tmp_path / "empty.csv")
    assert done.exit_code == 3
    assert "empty.csv is empty" in done.stderr


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_reader_who_leaves_is_no_error(tmp_path, form):
    rows = "".join(f"2024-01-05T10:00,a{i},b,10.00,EUR\n" for i in range(3_000))
    (tmp_path / "l.csv").write_text("executed_at,originator,beneficiary,amount,currency\n" + rows)
    command = [*PROGRAM, "read", str(tmp_path / "l.csv"), "--format", form]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as run:
        run.stdout.readline()
        run.stdout.close()
        talk = run.stderr.read()
    assert "rror" not in talk


def test_a_missing_file_is_bad_input(call, tmp_path):
    done = call(*READ, tmp_path / "none.csv")
    assert done.exit_code == 3
    assert done.stderr.startswith("error: there is no ledger file")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "does not know which column is 'executed_at'"),
        ("executed_at,originator,beneficiary,amount,currency\n2024-01-05,a,b,1,ISK\n", "ISK"),
    ],
)
def test_bad_input(call, tmp_path, text, message):
    (tmp_path / "l.csv").write_text(text, "utf-8")
    (tmp_path / "r.csv").write_text("currency,date,rate\nUSD,2024-01-06,0.9\n", "utf-8")
    done = call(*READ, tmp_path / "l.csv", "--rates", tmp_path / "r.csv")
    assert done.exit_code == 3
    assert message in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("name", ["cut.csv.gz", "cut.parquet"])
def test_a_file_that_was_cut_is_bad_input(call, ledger, tmp_path, name):
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(ledger.read_bytes())[:2000])
    else:
        pl.read_csv(ledger, infer_schema=False).write_parquet(path)
        path.write_bytes(path.read_bytes()[:-20])
    done = call(*READ, path)
    assert done.exit_code == 3, done.output
    assert f"{name} cannot be read" in done.stderr
    assert "Traceback" not in done.output


def test_strict_makes_broken_rows_bad_input(call, broken):
    done = call(*READ, broken, "--strict")
    assert done.exit_code == 3
    assert "1 rows cannot become transactions" in done.stderr


def test_rejects_alone_are_done_but_incomplete(call, broken, tmp_path):
    for arguments in (("--out", tmp_path / "o"), (), ("-q",)):
        done = call(*READ, broken, *arguments)
        assert done.exit_code == 4
        last = done.stderr.splitlines()[-1]
        assert last.startswith("incomplete: 1 of 2 rows could not become transactions")


def test_searches_that_were_cut_are_done_but_incomplete(call, ledger):
    done = call("detect", ledger, "--base-currency", "EUR", "--detectors", "round_trip",
                "--set", "round_trip.max_work=1")  # fmt: skip
    assert done.exit_code == 4
    assert done.stdout  # what was found is there
    assert "incomplete: round_trip: " in done.stderr
    assert "warning:" not in done.stderr  # said once


def fail(monkeypatch, error):
    def raise_it(*_, **__):
        raise error

    monkeypatch.setattr("xborder_aml.batch.direct.read_input", raise_it)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CapacityError("too large"), 3),
        (MissingExtraError("x", "rates", "This"), 2),
        (OSError(errno.ENOSPC, "No space left on device"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_other_errors(call, small, monkeypatch, error, code):
    fail(monkeypatch, error)
    done = call(*READ, small)
    assert done.exit_code == code
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(("error: ", "interrupted"))


def test_the_traceback_is_there_for_who_asks(call, small, monkeypatch):
    fail(monkeypatch, CapacityError("too large"))
    done = call(*READ, small, "-v")
    assert done.exit_code == 3
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1] == "error: too large"


def test_a_bug_is_not_dressed_up_as_a_users_error(call, small, monkeypatch):
    fail(monkeypatch, ZeroDivisionError("a bug"))
    done = call(*READ, small)
    assert done.exit_code == 1
    assert isinstance(done.exception, ZeroDivisionError)


# -- real processes -----------------------------------------------------------------------------

PROGRAM = (sys.executable, "-m", "xborder_aml.cli")


def test_help_loads_nothing_heavy():
    code = (
        "import json, sys; from xborder_aml.cli import main\n"
        "heavy = ('numba', 'sklearn', 'polars', 'pyarrow', 'plotly', 'numpy', 'rich')\n"
        "main(['score', '--help'], standalone_mode=False)\n"
        "print(json.dumps([n for n in heavy if n in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_a_process_prints_data_and_talks_apart(broken):
    done = subprocess.run([*PROGRAM, *READ, broken], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert len(done.stdout.splitlines()) == 2
    assert "incomplete: 1 of 2 rows" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to a child is POSIX")
def test_an_interrupted_run_leaves_whole_files_and_goes_on(call, ledger, tmp_path):
    out = tmp_path / "o"
    command = ["score", str(ledger), "--out", str(out), "--base-currency", "EUR",
               "--detectors", "round_trip", "--permutations", "100000"]  # fmt: skip
    with subprocess.Popen([*PROGRAM, *command], stderr=subprocess.PIPE, text=True) as run:
        note = out / ".xborder_aml" / "read.json"
        while not note.exists() and run.poll() is None:
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        talk = run.stderr.read()
    assert run.returncode == 130, talk
    assert talk.splitlines()[-1].startswith("interrupted")
    left = {p.name for p in out.iterdir() if p.is_file()}
    assert left == {f"{n}.parquet" for n in
                    ("transactions", "known_accounts", "rejects")}  # fmt: skip
    again = call(*command[:-1], 3)
    assert again.exit_code == 0
    assert "read: kept from the run before" in again.stderr
