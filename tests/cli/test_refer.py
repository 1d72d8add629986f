"""The command that makes case files: what it prints, writes and refuses."""

from __future__ import annotations

import json

import polars as pl
import pytest

from xborder_aml.exchange.figures import Evidence, wrong_figures

ROWS = """transaction_id,executed_at,originator,beneficiary,amount,currency,originator_jurisdiction,beneficiary_jurisdiction
1,2024-01-05T10:00,victim,mule,900000.00,EUR,EE,EE
2,2024-01-06T10:00,mule,shell,600000.00,EUR,EE,LV
3,2024-01-07T10:00,shell,harbour,250000.00,EUR,LV,US
4,2024-01-08T10:00,other,far,1000.00,EUR,EE,CY
"""  # noqa: E501 - a header is one line


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "ledger.csv"
    path.write_text(ROWS, "utf-8")
    return path


def test_it_writes_a_case_file_whose_figures_recompute(call, ledger, tmp_path):
    out = tmp_path / "out"
    done = call("refer", ledger, "--seeds", "1", "--requesting", "EE", "--out", out)
    assert done.exit_code == 0, done.output
    assert "REFER_URGENT" in done.stdout
    figures = json.loads((out / "figures.json").read_text("utf-8"))
    assert len(figures) > 50
    assert wrong_figures(figures, Evidence(pl.read_parquet(out / "transactions.parquet"))) == []
    assert "<h2>1. Summary</h2>" in (out / "case.html").read_text("utf-8")
    assert {path.name for path in out.glob("letter-*")} == {
        "letter-LV.md", "letter-LV.html", "letter-US.md", "letter-US.html",
    }  # fmt: skip
    told = json.loads((out / "referral.json").read_text("utf-8"))
    for name, rows in told["rows"].items():
        assert pl.read_parquet(out / f"{name}.parquet").height == rows
    assert {path.name for path in out.glob(".*")} == {".xborder_aml"}


def test_what_it_writes_can_be_sealed_and_verified(call, ledger, tmp_path):
    out, sealed = tmp_path / "out", tmp_path / "case.zip"
    assert call("refer", ledger, "--seeds", "1", "--requesting", "EE", "--out", out).exit_code == 0
    assert call("bundle", out, "--out", sealed).exit_code == 0
    done = call("verify", sealed)
    assert done.exit_code == 4, done.output  # nobody signed it, and nothing else is left open
    assert "WRONG" not in done.output
    left = [line for line in done.output.splitlines() if line.startswith("not checked")]
    assert len(left) == 1, left


def test_the_same_input_gives_the_same_bytes(call, ledger, tmp_path):
    for name in ("a", "b"):
        done = call("refer", ledger, "--seeds", "1", "--requesting", "EE", "--out", tmp_path / name)
        assert done.exit_code == 0, done.output
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir() if path.is_file()}
        for name in ("a", "b")
    )
    assert first == second


def test_several_cases_have_a_folder_each(call, ledger, tmp_path):
    out = tmp_path / "out"
    done = call("refer", ledger, "--seeds", "1,4", "--requesting", "EE", "--out", out)
    assert done.exit_code == 0, done.output
    assert (out / "case-1" / "case.html").is_file()
    assert (out / "case-2" / "figures.json").is_file()
    assert pl.read_csv(out / "requests.csv")["case"].n_unique() == 2


def test_fewer_cases_leave_nothing_of_those_before(call, ledger, tmp_path):
    out = tmp_path / "out"
    words = ("refer", ledger, "--requesting", "EE", "--out", out)
    several = call(*words, "--seeds", "1,4")
    assert call(*words, "--seeds", "1,4").stdout == several.stdout
    assert (out / "case-2" / "case.html").is_file()
    (out / "notes.txt").write_text("a person's own", "utf-8")
    done = call(*words, "--seeds", "1")
    assert done.exit_code == 0, done.output
    assert {path.name for path in out.iterdir() if path.is_dir()} == {".xborder_aml"}
    assert (out / "notes.txt").is_file()
    again = call(*words, "--seeds", "1")
    assert "kept" in again.stderr
    assert again.stdout == done.stdout


def test_a_case_is_not_written_over_the_ledger_that_it_reads(call, ledger, tmp_path):
    out = tmp_path / "out"
    words = ("--seeds", "1", "--requesting", "EE", "--out", out)
    assert call("refer", ledger, *words).exit_code == 0
    done = call("refer", out / "transactions.parquet", *words)
    assert done.exit_code == 2
    assert "where it would be replaced" in done.stderr


def test_facts_and_settings_are_read(call, ledger, tmp_path):
    (tmp_path / "facts.toml").write_text('authority = "Office of the prosecutor"\n', "utf-8")
    (tmp_path / "settings.toml").write_text("evidence = [1, 1, 1]\n", "utf-8")
    out = tmp_path / "out"
    done = call(
        "refer", ledger, "--seeds", "1", "--requesting", "EE", "--out", out, "--facts",
        tmp_path / "facts.toml", "--settings", tmp_path / "settings.toml",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Office of the prosecutor" in (out / "letter-LV.md").read_text("utf-8")
    recovery = pl.read_parquet(out / "recovery.parquet")
    assert recovery["weighted_minor"].to_list() == recovery["reachable_minor"].to_list()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "1", "--requesting", "XX"], "is not an ISO 3166-1"),
        (["--requesting", "EE"], "nothing says what to follow"),
        (["--seeds", "1", "--requesting", "EE", "--facts", "none.toml"], "cannot be read as TOML"),
    ],
)
def test_what_it_refuses(call, ledger, tmp_path, arguments, words):
    done = call("refer", ledger, *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert words in done.stderr
    assert not (tmp_path / "out").exists()
