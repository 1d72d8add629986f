"""The commands bundle, verify and outcomes: what they print, and how they end."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

import xborder_aml as xb


@pytest.fixture
def case(tmp_path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    xb.example_ledger().write_parquet(folder / "transactions.parquet")
    (folder / "figures.json").write_text("[]", "utf-8")
    return folder


# -- bundles ---------------------------------------------------------------------------------------


def test_a_case_is_sealed_signed_encrypted_opened_and_verified(call, case, tmp_path):
    key, reader, out = tmp_path / "k", tmp_path / "r", tmp_path / "b.age"
    assert len(call("bundle", "keygen", key).stdout.strip()) == 64
    recipient = call("bundle", "keygen", reader, "--for", "encryption").stdout.strip()
    assert recipient.startswith("age1")
    assert stat.S_IMODE(reader.stat().st_mode) == 0o600
    done = call("bundle", case, "--out", out, "--sign", key, "--encrypt-to", recipient,
                "--note", "handed over")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert len(done.stdout.strip()) == 64
    found = call("verify", out, "--identity", reader, "--trust", f"{key}.pub")
    assert found.exit_code == 0, found.output
    assert all(line.startswith("ok ") for line in found.stdout.splitlines())
    assert call("bundle", "open", out, "--identity", reader, "--out", tmp_path / "o").exit_code == 0
    assert call("verify", tmp_path / "o", "--trust", f"{key}.pub").exit_code == 0
    assert "handed over" in (tmp_path / "o" / "log.jsonl").read_text("utf-8")


def test_what_could_not_be_checked_is_told_by_the_exit_code(call, case, tmp_path):
    assert call("bundle", "seal", case, "--out", tmp_path / "b.zip").exit_code == 0
    found = call("verify", tmp_path / "b.zip")
    assert found.exit_code == 4
    assert "not checked: who made the bundle" in found.stderr


def test_what_is_wrong_is_told_by_the_exit_code(call, case, tmp_path):
    call("bundle", case, "--out", tmp_path / "b.zip")
    call("bundle", "open", tmp_path / "b.zip", "--out", tmp_path / "o")
    (tmp_path / "o" / "content" / "figures.json").write_text("[ ]", "utf-8")
    found = call("verify", tmp_path / "o")
    assert found.exit_code == 3
    assert "WRONG  content/figures.json was changed" in found.stdout
    assert found.stderr.splitlines()[-1].startswith("error: ")


def test_a_passphrase_is_asked_for(call, case, tmp_path):
    from click.testing import CliRunner

    from xborder_aml.cli import main

    key = str(tmp_path / "k")
    made = CliRunner().invoke(main, ["bundle", "keygen", key, "--passphrase"], input="p\np\n")
    assert made.exit_code == 0, made.output
    seal = ["bundle", str(case), "--out", str(tmp_path / "b.zip"), "--sign", key]
    assert CliRunner().invoke(main, seal, input="p\n").exit_code == 0
    wrong = CliRunner().invoke(main, seal, input="q\n")
    assert wrong.exit_code == 3
    assert "cannot be read: is this it?" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("bundle", "nowhere", "--out", "b.zip"), 3, "there is no folder 'nowhere'"),
        (("bundle", ".", "--out", "b.zip", "--sign", "none"), 3, "there is no private key 'none'"),
        (("bundle",), 2, "Usage"),
        (("verify", "nowhere.zip"), 3, "there is no bundle 'nowhere.zip'"),
        (("outcomes", "show", "none.jsonl"), 3, "there is no register 'none.jsonl'"),
    ],
)
def test_wrong_use_says_why(call, arguments, code, message):
    done = call(*arguments)
    assert done.exit_code == code
    assert message in done.output
    assert "Traceback" not in done.output


# -- outcomes --------------------------------------------------------------------------------------

ABOUT = ("--referral", "R-1", "--channel", "EGMONT", "--currency", "EUR")
SENT = ("--requested", "LV", "--on", "2024-05-01", "--amount", "1,000.50")


def test_outcomes_are_added_corrected_and_shown(call, tmp_path):
    file = tmp_path / "o.jsonl"
    assert call("outcomes", "add", file, "sent", *ABOUT, *SENT).stdout.startswith("0  ")
    frozen = ("--on", "2024-05-04", "--amount", "400")
    assert call("outcomes", "add", file, "frozen", *ABOUT, *frozen).exit_code == 0
    why = ("--because", "misread", "--corrected-on", "2024-06-01")
    right = ("--on", "2024-05-05", "--amount", "500.25")
    fixed = call("outcomes", "correct", file, 1, "frozen", *ABOUT, *right, *why)
    assert fixed.stdout.startswith("2  ")
    head = fixed.stdout.split()[1]
    shown = call("outcomes", "show", file, "--by", "channel", "--head", head)
    assert shown.exit_code == 0, shown.output
    assert "500.25 EUR" in shown.stdout
    assert "50.0%" in shown.stdout
    assert "R-1" not in shown.stdout
    told = json.loads(call("outcomes", "show", file, "--json").stdout)
    assert told["counts"][0]["median_days_to_freeze"] == 4
    history = call("outcomes", "show", file, "--table", "history").stdout
    assert "misread" in history
    plot = tmp_path / "p.html"
    assert call("outcomes", "show", file, "--plot", plot).exit_code == 0
    assert b"What became of requests" in plot.read_bytes()


@pytest.mark.parametrize(
    ("event", "options", "code", "message"),
    [
        ("frozen", ("--on", "2024-05-04", "--amount", "1000.51"), 3, "would be frozen"),
        ("frozen", ("--on", "2024-04-04", "--amount", "1"), 3, "before it was sent"),
        ("frozen", ("--on", "2024-05-04", "--amount", "1.001"), 2, "smaller than EUR has"),
        ("frozen", ("--on", "2024-05-04", "--amount", "much"), 2, "no number"),
        ("frozen", ("--on", "2024-05-04", "--amount", "NaN"), 2, "no number"),
        ("confiscated", ("--on", "2024-05-04", "--amount", "1"), 3, "0 are frozen"),
        ("refused", ("--on", "2024-05-04"), 2, "has no currency"),
    ],
)
def test_outcomes_that_cannot_be_are_refused(call, tmp_path, event, options, code, message):
    file = tmp_path / "o.jsonl"
    call("outcomes", "add", file, "sent", *ABOUT, *SENT)
    done = call("outcomes", "add", file, event, *ABOUT, *options)
    assert done.exit_code == code, done.output
    assert message in done.stderr
