"""Whole runs: the same bytes, counts that add up, and going on after a kill."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from xborder_aml._files import locked
from xborder_aml.batch import STAGES, BatchConfig, run_batch
from xborder_aml.batch._checks import find_inputs
from xborder_aml.batch._stages import OUTPUTS
from xborder_aml.errors import (
    DataError,
    DatasetUnavailableError,
    ParameterError,
    RateMissingError,
    SchemaError,
)

HEADER = "executed_at,originator,beneficiary,amount,currency\n"


def files(folder: Path) -> dict[str, str]:
    """Return the hash of every result; notes and lock are the run's own."""
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.is_file()
    }


def write(path: Path, *rows: str) -> Path:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


# -- what a run leaves --------------------------------------------------------------------------


def test_a_run_leaves_what_it_says_and_nothing_else(finished):
    expected = {name for names in OUTPUTS.values() for name in names}
    assert set(files(finished.folder)) == expected | {"config.toml", "manifest.json"}
    assert finished.manifest["stages"] == list(STAGES)
    assert finished.incomplete == ()


def test_nothing_is_told_that_nobody_could_know_on_the_day(ledger, config, tmp_path):
    whole = pl.read_csv(ledger, columns=["executed_at"], try_parse_dates=True)["executed_at"]
    day = whole.sort()[whole.len() // 2].date()
    looked = run_batch(ledger, tmp_path / "o", dataclasses.replace(config, as_of=day))
    known = tmp_path / "known.csv"
    rows = pl.read_csv(ledger, infer_schema=False)
    kept = rows.filter(pl.col("executed_at").str.head(10) <= str(day))
    assert 0 < kept.height < rows.height
    kept.write_csv(known)
    then = run_batch(known, tmp_path / "then", config)
    assert looked.table("transactions").height == rows.height
    for name in ("findings", "evidence", "truncations", "accounts", "referrals"):
        assert looked.table(name).equals(then.table(name)), name
    assert looked.table("findings").height > 0


def test_the_manifest_tells_the_truth_about_every_file(finished, ledger):
    told = json.loads((finished.folder / "manifest.json").read_text("utf-8"))
    assert told == finished.manifest
    found = files(finished.folder)
    assert {n: f["sha256"] for n, f in told["outputs"].items()} == {
        n: h for n, h in found.items() if n != "manifest.json"
    }
    for name, file in told["outputs"].items():
        assert file["bytes"] == (finished.folder / name).stat().st_size
        if name.endswith(".parquet"):
            assert file["rows"] == finished.table(name.removesuffix(".parquet")).height
    (input_,) = told["inputs"]
    assert input_["sha256"] == hashlib.sha256(ledger.read_bytes()).hexdigest()
    assert input_["bytes"] == ledger.stat().st_size


def test_counts_add_up(finished):
    told = finished.manifest
    reading, counts = told["reading"], told["counts"]
    assert reading["rows_read"] == (
        reading["transactions"] + reading["mirrors_collapsed"] + reading["rejects"]
    )
    assert reading["transactions"] == counts["transactions"] > 500
    assert sum(d["n_findings"] for d in told["detectors"].values()) == counts["findings"] > 0
    assert sum(d["n_evidence"] for d in told["detectors"].values()) == counts["evidence"]
    assert counts["accounts"] == finished.table("known_accounts").height


def test_the_manifest_names_no_folder_and_no_time(finished, ledger):
    text = (finished.folder / "manifest.json").read_text("utf-8")
    assert str(ledger.parent) not in text
    assert str(finished.folder) not in text
    assert set(finished.manifest["versions"]) >= {"python", "numba", "polars", "xborder-aml"}


def test_the_same_input_gives_the_same_bytes_for_any_number_of_threads(
    finished, ledger, config, tmp_path
):
    other = dataclasses.replace(config, workers=2, executor="processes")
    assert files(run_batch(ledger, tmp_path, other).folder) == files(finished.folder)


def test_the_configuration_left_does_the_same_again(finished, ledger, tmp_path):
    config = BatchConfig.from_toml(finished.folder / "config.toml")
    assert config.parameters["round_trip"]["max_hops"] == 8  # the defaults stand there, too
    assert files(run_batch(ledger, tmp_path, config).folder) == files(finished.folder)


def test_the_spreadsheet_holds_what_the_referrals_hold(finished):
    table = finished.table("referrals")
    text = pl.read_csv(finished.folder / "referrals.csv", infer_schema=False)
    assert text.height == table.height > 0
    assert text["at_stake"].to_list() == [
        f"{minor // 100}.{minor % 100:02d}" for minor in table["at_stake_minor"]
    ]
    assert text["transaction_ids"][0].split("; ") == [str(i) for i in table["transaction_ids"][0]]


# -- going on -----------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from xborder_aml.batch import BatchConfig, run_batch
ledger, out, config, stage = sys.argv[1:]

def die(what, done, of):
    if (what, done) == (stage, 0):
        os.kill(os.getpid(), signal.SIGKILL)

run_batch(ledger, out, BatchConfig.from_toml(config), progress=die)
"""

KILLED_WRITING = """
import os, signal, sys
from xborder_aml import _files
from xborder_aml.batch import BatchConfig, run_batch
ledger, out, config, name = sys.argv[1:]
facts_of = _files.facts_of

def die(path):
    if path.name == f".{name}.partial":
        path.write_bytes(path.read_bytes()[:10])
        os.kill(os.getpid(), signal.SIGKILL)
    return facts_of(path)

_files.facts_of = die
run_batch(ledger, out, BatchConfig.from_toml(config))
"""


def kill(code: str, *arguments: object) -> None:
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.fixture
def choices(config, tmp_path) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(config.to_toml(tmp_path), "utf-8")
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("stage", ["detect", "score", "report"])
def test_a_killed_run_goes_on_at_the_stage_it_had_reached(
    finished, ledger, config, choices, tmp_path, stage
):
    out = tmp_path / "out"
    kill(KILLED, ledger, out, choices, stage)
    whole = files(finished.folder)
    left = files(out)
    assert left.items() < whole.items()
    assert set(left) == {n for s in STAGES[: STAGES.index(stage)] for n in OUTPUTS[s]}
    again = run_batch(ledger, out, config)
    assert again.kept == STAGES[: STAGES.index(stage)]
    assert files(out) == whole


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("name", ["evidence.parquet", "manifest.json"])
def test_a_run_killed_in_the_middle_of_a_file_leaves_no_part_of_it(
    finished, ledger, config, choices, tmp_path, name
):
    out = tmp_path / "out"
    kill(KILLED_WRITING, ledger, out, choices, name)
    assert (out / f".{name}.partial").stat().st_size == 10
    assert not (out / name).exists()
    assert not (out / "manifest.json").exists()
    run_batch(ledger, out, config)
    assert files(out) == files(finished.folder)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_killed_run_leaves_nothing_of_the_run_before_it(ledger, config, copy, tmp_path):
    changed = tmp_path / "changed.toml"
    changed.write_text(dataclasses.replace(config, seed=5).to_toml(tmp_path), "utf-8")
    kill(KILLED, ledger, copy, changed, "refer")
    assert set(files(copy)) == {n for s in ("read", "detect", "score") for n in OUTPUTS[s]}
    again = run_batch(ledger, copy, dataclasses.replace(config, seed=5))
    assert again.kept == ("read", "detect", "score")


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    """A finished run to spoil."""
    return Path(shutil.copytree(finished.folder, tmp_path / "copy"))


def test_a_finished_run_has_nothing_left_to_do(finished, ledger, config, copy):
    before = {p.name: p.stat().st_mtime_ns for p in copy.glob("*.parquet")}
    again = run_batch(ledger, copy, config)
    assert again.kept == STAGES
    assert again.manifest == finished.manifest
    assert {p.name: p.stat().st_mtime_ns for p in copy.glob("*.parquet")} == before


def test_fresh_keeps_nothing(finished, ledger, config, copy):
    assert run_batch(ledger, copy, config, fresh=True).kept == ()
    assert files(copy) == files(finished.folder)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"workers": 2}, 5),
        ({"top": 3}, 3),
        ({"requesting": "EE"}, 3),
        ({"seed": 5}, 1),
        ({"parameters": {"round_trip": {"window": "9d"}}}, 1),
        ({"options": {"resolution": "1m"}}, 0),
    ],
)
def test_a_choice_that_changed_runs_again_what_it_bears_on(ledger, config, copy, change, kept):
    again = run_batch(ledger, copy, dataclasses.replace(config, **change))
    assert again.kept == STAGES[:kept]


def test_a_ledger_that_changed_runs_all_again(ledger, config, copy, tmp_path):
    lines = ledger.read_text("utf-8").splitlines(keepends=True)
    shorter = tmp_path / "ledger.csv"
    shorter.write_text("".join(lines[:-1]), "utf-8")
    again = run_batch(shorter, copy, config)
    assert again.kept == ()
    assert again.manifest["reading"]["rows_read"] == len(lines) - 2


@pytest.mark.parametrize("spoil", [lambda p: p.unlink(), lambda p: p.write_bytes(b"PAR1")])
def test_a_file_that_is_not_as_it_was_left_is_made_again(finished, ledger, config, copy, spoil):
    spoil(copy / "evidence.parquet")
    assert run_batch(ledger, copy, config).kept == ("read",)
    assert files(copy) == files(finished.folder)


def test_a_run_that_fails_at_once_costs_no_earlier_result(finished, ledger, config, copy):
    wrong = dataclasses.replace(config, columns={"amount": "no such column"})
    with pytest.raises(SchemaError, match="no such column"):
        run_batch(ledger, copy, wrong)
    assert files(copy) == files(finished.folder)
    assert run_batch(ledger, copy, config).kept == STAGES


def test_stages_can_be_run_one_after_another(finished, ledger, config, tmp_path):
    part = run_batch(ledger, tmp_path, config, until="detect")
    assert part.manifest["stages"] == ["read", "detect"]
    assert "accounts" not in part.manifest["counts"]
    assert run_batch(ledger, tmp_path, config).kept == ("read", "detect")
    assert files(tmp_path) == files(finished.folder)


def test_asking_for_less_takes_nothing_away(finished, ledger, config, copy):
    assert run_batch(ledger, copy, config, until="read").manifest == finished.manifest
    assert files(copy) == files(finished.folder)


def test_two_runs_do_not_share_a_folder(ledger, config, copy):
    with (
        locked(copy / ".xborder_aml" / "lock", "it"),
        pytest.raises(ParameterError, match="another run"),
    ):
        run_batch(ledger, copy, config)


# -- what is incomplete -------------------------------------------------------------------------

FEW = BatchConfig(detectors=("pass_through",), permutations=3, workers=1)
GOOD = "2024-01-05T10:00,a,b,10.00,EUR"


def test_rejected_rows_are_told(tmp_path):
    ledger = write(tmp_path / "l.csv", GOOD, "2024-01-05T10:00,a,b,ten,EUR")
    done = run_batch(ledger, tmp_path / "out", FEW)
    assert done.table("rejects")["value"].to_list() == ["ten"]
    (sentence,) = done.incomplete
    assert sentence.startswith("1 of 2 rows could not become transactions (1 by amount_unreadable)")


def test_missing_base_amounts_are_told_if_they_are_kept(tmp_path):
    ledger = write(tmp_path / "l.csv", GOOD, "2024-01-05T10:00,b,c,9.00,USD")
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,date,rate\nUSD,2024-01-06,0.9\n", "utf-8")
    asked = dataclasses.replace(FEW, base_currency="EUR", rates=str(rates))
    with pytest.raises(RateMissingError, match="USD"):
        run_batch(ledger, tmp_path / "out", asked)
    asked = dataclasses.replace(asked, on_missing_rate="keep")
    done = run_batch(ledger, tmp_path / "out", asked)
    (sentence,) = done.incomplete
    assert sentence.startswith("1 of 2 transactions have no base amount")
    assert [i["role"] for i in done.manifest["inputs"]] == ["ledger", "rates"]
    assert done.manifest["parameters"]["rates"] == "rates.csv"


def test_rates_are_used_and_their_change_is_seen(tmp_path):
    ledger = write(tmp_path / "l.csv", "2024-01-05T10:00,b,c,9.00,USD")
    rates = tmp_path / "rates.csv"
    asked = dataclasses.replace(FEW, base_currency="EUR", rates=str(rates))
    for rate, minor in (("0.5", 450), ("2", 1800)):
        rates.write_text(f"currency,date,rate\nUSD,2024-01-01,{rate}\n", "utf-8")
        done = run_batch(ledger, tmp_path / "out", asked)
        assert done.kept == ()
        assert done.table("transactions")["base_minor"].to_list() == [minor]


def test_searches_that_were_cut_are_told(ledger, config, tmp_path):
    asked = dataclasses.replace(
        config, detectors=("round_trip",), parameters={"round_trip": {"max_work": 1}}
    )
    done = run_batch(ledger, tmp_path, asked, until="detect")
    cut = done.table("truncations")
    assert cut.height > 0
    (sentence,) = done.incomplete
    assert sentence.startswith(f"round_trip: {cut.height:,} anchors reached a cap")
    assert f"{cut['work_left'].sum():,} edges" in sentence


def test_strict_raises_instead(tmp_path):
    ledger = write(tmp_path / "l.csv", GOOD, "2024-01-05T10:00,a,b,ten,EUR")
    with pytest.raises(DataError, match="cannot become transactions"):
        run_batch(ledger, tmp_path / "out", dataclasses.replace(FEW, strict=True))


def test_a_ledger_without_rows_runs_to_its_end(tmp_path):
    asked = dataclasses.replace(FEW, base_currency="EUR")
    done = run_batch(write(tmp_path / "l.csv"), tmp_path / "out", asked)
    assert set(done.manifest["counts"].values()) == {0}
    assert done.incomplete == ()


# -- inputs and folder --------------------------------------------------------------------------


def test_a_canonical_accounts_file_gives_holders(tmp_path):
    ledger = write(tmp_path / "l.csv", GOOD)
    accounts = tmp_path / "who.csv"
    accounts.write_text("account,holder,jurisdiction\na,Linden 1,EE\n", "utf-8")
    asked = dataclasses.replace(FEW, accounts=str(accounts))
    done = run_batch(ledger, tmp_path / "out", asked)
    assert dict(done.table("accounts").select("account", "holder").iter_rows()) == {
        "a": "Linden 1",
        "b": None,
    }
    assert [i["role"] for i in done.manifest["inputs"]] == ["ledger", "accounts"]


def test_files_that_a_source_finds_by_itself_are_inputs(tmp_path):
    for name in ("transactions.csv", "nodes.csv", "ownership.csv"):
        (tmp_path / name).write_text("x\n", "utf-8")
    found = find_inputs(tmp_path / "transactions.csv", BatchConfig(source="tide"))
    assert [path.name for _, path in found] == ["transactions.csv", "nodes.csv", "ownership.csv"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "ocrp"}, "did you mean 'occrp'"),
        ({"detectors": ("round_tripp",)}, "did you mean 'round_trip'"),
        ({"parameters": {"round_trip": {"windw": "9d"}}}, "did you mean 'window'"),
        ({"parameters": {"round_trip": {"max_hops": 99}}}, "max_hops must lie between 2 and 32"),
        ({"parameters": {"fan_in": {}}}, "not among the detectors chosen"),
        ({"permutations": 1}, "n_permutations=1 must be at least 3"),
    ],
)
def test_choices_are_checked_before_anything_is_read(tmp_path, change, message):
    asked = dataclasses.replace(BatchConfig(detectors=("round_trip",)), **change)
    with pytest.raises(ParameterError, match=re.escape(message)):
        run_batch(tmp_path / "no such ledger.csv", tmp_path / "out", asked)
    assert not (tmp_path / "out").exists()


def test_an_input_that_is_not_there(tmp_path):
    with pytest.raises(DatasetUnavailableError, match=r"no ledger file .*none\.csv"):
        run_batch(tmp_path / "none.csv", tmp_path / "out", FEW)
    asked = dataclasses.replace(FEW, rates=str(tmp_path / "none.csv"))
    with pytest.raises(DatasetUnavailableError, match="no rates file"):
        run_batch(write(tmp_path / "l.csv", GOOD), tmp_path / "out", asked)


def test_an_input_that_is_not_what_its_name_says(tmp_path):
    (tmp_path / "l.parquet").write_text(HEADER, "utf-8")
    with pytest.raises(DataError, match=r"l\.parquet cannot be read"):
        run_batch(tmp_path / "l.parquet", tmp_path / "out", FEW)


def test_no_input_is_written_over(tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "transactions.parquet")
    before = files(tmp_path)
    with pytest.raises(ParameterError, match="choose another folder"):
        run_batch(tmp_path / "transactions.parquet", tmp_path, FEW)
    assert files(tmp_path) == before


def test_files_of_others_are_not_replaced(tmp_path):
    ledger = write(tmp_path / "l.csv", GOOD)
    (tmp_path / "report.html").write_text("mine", "utf-8")
    with pytest.raises(ParameterError, match=r"holds report\.html"):
        run_batch(ledger, tmp_path, FEW)
    assert (tmp_path / "report.html").read_text("utf-8") == "mine"


def test_a_file_is_no_folder(tmp_path):
    ledger = write(tmp_path / "l.csv", GOOD)
    with pytest.raises(ParameterError, match="is a file; name a folder"):
        run_batch(ledger, ledger, FEW)


def test_an_unknown_stage(tmp_path):
    with pytest.raises(ParameterError, match="until='scoring' is none of read, detect"):
        run_batch(tmp_path, tmp_path, FEW, until="scoring")
