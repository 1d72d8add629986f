"""Each command: data on standard output, talk on standard error."""

from __future__ import annotations

import io
import json
import re

import click
import polars as pl
import pytest

from xborder_aml import __version__
from xborder_aml.cli import main
from xborder_aml.cli._talk import aligned
from xborder_aml.detectors import registry
from xborder_aml.schema import FINDINGS, TRANSACTIONS
from xborder_aml.sources import SOURCES
from xborder_aml.synth.demo import plantable

FAST = ("--base-currency", "EUR", "--detectors", "round_trip", "--workers", 1)


def test_version(call):
    assert call("--version").stdout == f"xborder-aml, version {__version__}\n"


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_and_option_is_explained(call, name):
    done = call(name, "--help")
    assert done.exit_code == 0
    command = main.commands[name]
    assert command.help
    assert command.get_short_help_str(200).endswith(".")
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help
            assert option.help.rstrip().endswith((".", "]")), option.opts


def test_score_does_the_whole_job(call, ledger, tmp_path):
    done = call("score", ledger, "--out", tmp_path / "o", *FAST, "--permutations", 3)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "o" / "report.html").is_file()
    lines = done.stdout.splitlines()
    assert re.split(r"\s{2,}", lines[0])[:2] == ["rank", "account"]
    referrals = pl.read_parquet(tmp_path / "o" / "referrals.parquet")
    assert lines[1].split()[1] == referrals["account"][0]
    assert " EUR" in lines[1]
    assert re.search(r"^read  \d+\.\d s$", done.stderr, re.MULTILINE)
    assert "rows read" in done.stderr
    assert "rows read" not in done.stdout


def test_a_run_started_again_says_what_it_kept(call, ledger, tmp_path):
    call("detect", ledger, "--out", tmp_path, *FAST)
    done = call("detect", ledger, "--out", tmp_path, *FAST)
    assert "read: kept from the run before" in done.stderr
    assert "detect: kept from the run before" in done.stderr
    again = call("detect", ledger, "--out", tmp_path, *FAST, "--fresh")
    assert "kept" not in again.stderr


def test_detect_prints_json_lines(call, ledger):
    done = call("detect", ledger, *FAST, "--format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert rows
    assert all(list(row) == FINDINGS.names for row in rows)
    assert {row["pattern"] for row in rows} == {"round_trip"}
    assert isinstance(rows[0]["accounts"], list)


def test_detect_prints_csv(call, ledger):
    found = pl.read_csv(io.StringIO(call("detect", ledger, *FAST).stdout))
    evidence = pl.read_csv(io.StringIO(call("detect", ledger, *FAST, "--table", "evidence").stdout))
    assert found.columns == FINDINGS.names
    assert evidence.height == found["n_transactions"].sum() > 0
    assert all("; " in text for text in found["accounts"])


def test_detect_prints_what_a_run_writes(call, ledger, tmp_path):
    printed = call("detect", ledger, *FAST, "--format", "jsonl").stdout
    assert call("detect", ledger, *FAST, "--out", tmp_path).stdout == ""
    written = pl.read_parquet(tmp_path / "findings.parquet")
    assert written["chance_rate"].null_count() == 0  # only a run permutes the ledger
    unweighed = written.with_columns(chance_rate=pl.lit(None, pl.Float64))
    assert printed == unweighed.write_ndjson()


def test_set_changes_a_parameter(call, ledger, tmp_path):
    call("detect", ledger, "--out", tmp_path, *FAST, "--set", "round_trip.window=9d",
         "--set", "round_trip.max_hops=3", "--set", "round_trip.strict_time=true")  # fmt: skip
    told = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    parameters = told["detectors"]["round_trip"]["parameters"]
    assert (parameters["window"], parameters["max_hops"]) == ("9d", 3)
    assert parameters["strict_time"] is True


def test_read_prints_the_canonical_table(call, small):
    table = pl.read_csv(io.StringIO(call("read", small).stdout))
    assert table.columns == TRANSACTIONS.names
    assert table.select("sent_minor", "sent_currency", "executed_at").rows() == [
        (1000, "EUR", "2024-01-05T10:00:00Z")
    ]


def test_read_maps_columns_and_passes_options(call, tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("tag;von;an;summe\n05/01/2024 00:30;a;b;1.234,50\n", "utf-8")
    done = call(
        "read", path, "--columns", "executed_at=tag,originator=von", "--columns", "beneficiary=an",
        "--columns", "amount=summe, currency==EUR", "--option", "time_format=%d/%m/%Y %H:%M",
        "--option", "decimal=,", "--option", "timezone=Europe/Tallinn",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    row = pl.read_csv(io.StringIO(done.stdout)).row(0, named=True)
    assert (row["originator"], row["beneficiary"], row["sent_minor"]) == ("a", "b", 123450)
    assert row["executed_at"] == "2024-01-04T22:30:00Z"


def test_an_option_of_a_source_may_be_a_table(call, tmp_path):
    path = tmp_path / "l.csv"
    path.write_text(
        "executed_at,originator,beneficiary,amount,currency\n2024-01-05,a,b,1,Pounds Sterling\n",
        "utf-8",
    )
    done = call("read", path, "--option", "currency_names.Pounds Sterling=GBP")
    assert done.exit_code == 0, done.output
    assert pl.read_csv(io.StringIO(done.stdout))["sent_currency"].to_list() == ["GBP"]


def test_flags_go_before_the_file(call, small, tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        'detectors = ["round_trip"]\nseed = 4\npermutations = 5\n'
        '[parameters.round_trip]\nwindow = "9d"\nmax_hops = 5\n',
        "utf-8",
    )
    call("score", small, "--out", tmp_path / "o", "--config", path, "--permutations", 3,
         "--set", "round_trip.max_hops=3")  # fmt: skip
    told = json.loads((tmp_path / "o" / "manifest.json").read_text("utf-8"))
    assert (told["parameters"]["seed"], told["parameters"]["permutations"]) == (4, 3)
    parameters = told["detectors"]["round_trip"]["parameters"]
    assert (parameters["window"], parameters["max_hops"]) == ("9d", 3)


def test_quiet_says_nothing_and_verbose_says_more(call, small, tmp_path):
    assert call("read", small, "--out", tmp_path / "q", "-q").stderr == ""
    plain = call("read", small, "--out", tmp_path / "p").stderr
    more = call("read", small, "--out", tmp_path / "v", "-v").stderr
    assert "info: read 1 rows" in more
    assert "info:" not in plain


def test_detectors_lists_every_parameter(call):
    text = call("detectors").stdout
    listed = json.loads(call("detectors", "--json").stdout)
    assert [d["name"] for d in listed] == list(registry())
    for detector in listed:
        assert f"{detector['name']} (version {detector['version']}): " in text
        params = registry()[detector["name"]].params
        defaults = {p["name"]: p["default"] for p in detector["parameters"]}
        assert params(**defaults) == params()
        assert list(defaults) == list(params().to_dict())
        for p in detector["parameters"]:
            assert re.search(rf"^  {p['name']} +{re.escape(str(p['default']))}", text, re.MULTILINE)
            assert p["meaning"] in text


def test_sources_lists_columns_and_options(call):
    text = call("sources").stdout
    listed = json.loads(call("sources", "--json").stdout)
    assert [s["name"] for s in listed] == list(SOURCES)
    for source in listed:
        assert f"{source['name']}: {source['description']}" in text
        assert all(c in text for c in source["columns"])
    assert "--columns originator=..." in text
    assert "--option time_format=..." in text


def test_warmup_tells_where_the_cache_is(call, tmp_path, monkeypatch):
    monkeypatch.setattr("xborder_aml.batch.direct.cache_folder", lambda: tmp_path)
    done = call("warmup")
    assert done.exit_code == 0
    assert done.stdout == f"{tmp_path}\n"
    monkeypatch.setattr("xborder_aml.batch.direct.cache_folder", lambda: None)
    done = call("warmup")
    assert done.stdout == ""
    assert "XBORDER_AML_CACHE" in done.stderr


@pytest.mark.slow
def test_demo_compares_what_it_found_with_what_was_planted(call, tmp_path):
    done = call("demo", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.stdout.splitlines()]
    place = {name: i for i, name in enumerate(lines[0])}
    assert {row[0] for row in lines[1:]} == {*registry(), "all"}
    for row in lines[1:]:
        assert (int(row[place["planted"]]) > 0) == (row[0] in {*plantable(), "all"})
        assert row[place["found"]] == row[place["planted"]]
    assert str(tmp_path / "report.html") in done.stderr
    assert (tmp_path / "planted.parquet").is_file()


def test_synth_writes_a_ledger_and_compares_it(call, tmp_path):
    first = call("synth", "--preset", "tiny", "--seed", "1", "--out", tmp_path / "a")
    assert first.exit_code == 0, first.output
    assert first.stdout == ""
    assert "floors broken: 0" in first.stderr
    assert "refused, since an account was not open: " in first.stderr
    assert "money lost: none" in first.stderr
    done = call(
        "synth",
        "--preset",
        "tiny",
        "--seed",
        "2",
        "--out",
        tmp_path / "b",
        "--check",
        tmp_path / "a",
    )
    assert done.exit_code == 0, done.output
    assert "hours between an account's transactions" in done.stdout
    assert (tmp_path / "b" / "fidelity.html").is_file()
    wrong = call("synth", "--preset", "tinny", "--out", tmp_path / "c")
    assert wrong.exit_code == 2
    assert "did you mean 'tiny'" in wrong.stderr


@pytest.mark.parametrize(
    ("reference", "told"),
    [("nowhere", "there is no ledger 'nowhere'; name a file"), ("published", "hi-small")],
)
def test_what_a_ledger_cannot_be_compared_with_is_told_before_it_is_made(
    call, tmp_path, reference, told
):
    done = call("synth", "--out", tmp_path / "out", "--check", reference)
    assert done.exit_code != 0
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_table_obeys_no_terminal_sequence():
    text = aligned(["account", "n"], [["\x1b[31mred\x07", 1], ["a" * 80, 12345]], widest=20)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert text.splitlines()[1:] == [
        "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}" + " " * 18 + "1",
        "a" * 19 + "…  12,345",
    ]


TYPOLOGY = """
name = "there_and_back"
window = "30d"
min_borders = 0
[[hops]]
originator = "a"
beneficiary = "b"
[[hops]]
originator = "b"
beneficiary = "c"
"""


def test_a_typology_is_searched_for_beside_the_detectors(call, ledger, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(TYPOLOGY, "utf-8")
    out = tmp_path / "o"
    done = call("score", ledger, "--out", out, *FAST, "--permutations", 3, "--typology", path)
    assert done.exit_code in (0, 4), done.output
    found = pl.read_parquet(out / "findings.parquet")
    assert {"there_and_back", "round_trip"} == set(found["pattern"])
    again = call("score", ledger, "--out", tmp_path / "p", "--config", out / "config.toml")
    assert again.exit_code == done.exit_code, again.output
    assert pl.read_parquet(tmp_path / "p" / "findings.parquet").equals(found)
    told = json.loads((out / "manifest.json").read_text("utf-8"))
    assert [i["name"] for i in told["inputs"] if i["role"] == "typology"] == ["own.toml"]


def test_a_typology_that_is_none_is_told(call, ledger, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(TYPOLOGY.replace("hops", "hop"), "utf-8")
    done = call("detect", ledger, *FAST, "--typology", path)
    assert done.exit_code == 2
    assert "did you mean 'hops'?" in done.stderr
    missing = call("detect", ledger, *FAST, "--typology", tmp_path / "none.toml")
    assert missing.exit_code == 3
    assert "there is no typology file" in missing.stderr
