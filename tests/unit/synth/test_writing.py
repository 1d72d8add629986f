"""Files of a synthetic ledger: what was generated, in both forms, whole or absent."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.errors import DatasetUnavailableError, ParameterError
from xborder_aml.synth import (
    LedgerSpec,
    check_published,
    compare_ledgers,
    generate,
    preset,
    seen_of,
    write_ledger,
)
from xborder_aml.synth.attempts import SIZE_BINS, draw_sizes
from xborder_aml.synth.checking import check_written
from xborder_aml.synth.fidelity import open_ledger
from xborder_aml.synth.presets import PRESETS, _scaled
from xborder_aml.synth.published import chi_square_p
from xborder_aml.synth.society import rng_of

SHARE = 0.02


@pytest.fixture(scope="module")
def small() -> LedgerSpec:
    """Return HI-Small with a fiftieth of its accounts and transactions, and all its attempts."""
    whole = preset("amlworld-hi-small")
    return replace(
        whole,
        n_accounts=round(whole.n_accounts * SHARE),
        n_transactions=round(whole.n_transactions * SHARE),
        loose=200,
    )


@pytest.fixture(scope="module")
def folder(small, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("amlworld")
    write_ledger(out, small, seed=7, format="amlworld")
    return out


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_the_same_seed_is_the_same_bytes_on_any_number_of_threads(tmp_path) -> None:
    for workers in (1, 2):
        write_ledger(tmp_path / str(workers), "tiny", seed=3, workers=workers)
    one, two = digests(tmp_path / "1"), digests(tmp_path / "2")
    assert one == two
    assert "summary.json" in one
    assert not [name for name in one if name.startswith(".")]


def test_nothing_is_left_of_the_ledger_before(small, tmp_path, monkeypatch) -> None:
    tiny = replace(small, n_accounts=3_000, n_transactions=30_000, attempts=(), loose=5)
    write_ledger(tmp_path, tiny)
    check_written(tmp_path, str(tmp_path))
    write_ledger(tmp_path, tiny, seed=1, format="amlworld")
    left = {p.name for p in tmp_path.iterdir()}
    assert not left & {"transactions.parquet", "fidelity.html", "fidelity.csv"}
    write_ledger(tmp_path, tiny, seed=2)
    assert not list(tmp_path.glob("*_*"))

    def fails(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fails)
    with pytest.raises(OSError, match="no space"):
        write_ledger(tmp_path, tiny, seed=3)
    assert not (tmp_path / "summary.json").exists()  # so that nobody takes a part for the whole


def test_a_folder_of_other_files_is_left_as_it_is(small, tmp_path) -> None:
    for name in ("summary.json", "transactions.parquet", "notes_Trans.csv"):
        (tmp_path / name).write_text("mine")
    tiny = replace(small, n_accounts=3_000, n_transactions=30_000, attempts=(), loose=5)
    write_ledger(tmp_path, tiny, format="amlworld")
    assert (tmp_path / "transactions.parquet").read_text() == "mine"
    (tmp_path / "HI-Small_Trans.csv").unlink()
    with pytest.raises(DatasetUnavailableError, match=r"transactions\.parquet, notes_Trans\.csv"):
        open_ledger(tmp_path)


def test_canonical_files_are_what_is_generated(tmp_path) -> None:
    write_ledger(tmp_path, "tiny", seed=3)
    made = generate("tiny", seed=3)
    assert open_ledger(tmp_path).equals(made.transactions)
    for name in ("accounts", "labels", "patterns", "truth", "book"):
        assert pl.read_parquet(tmp_path / f"{name}.parquet").equals(getattr(made, name)), name


def test_amlworlds_files_are_read_back_to_the_unit(small, folder) -> None:
    made = generate(small, seed=7)
    read = xb.read_ledger(folder / "HI-Small_Trans.csv", source="amlworld")
    assert read.rejects.is_empty()
    columns = [
        *("executed_at", "originator", "beneficiary", "sent_minor", "sent_currency"),
        *("received_minor", "received_currency", "base_minor", "instrument", "is_illicit"),
    ]
    assert read.transactions.select(columns).equals(made.transactions.select(columns))
    assert set(read.accounts["account"]) == set(made.accounts["account"])


def test_the_patterns_file_has_the_attempts(small, folder) -> None:
    read = xb.read_patterns(folder / "HI-Small_Patterns.txt")
    counted = read.group_by("label_pattern").agg(
        pl.len().alias("n"), pl.col("label_case").n_unique().alias("attempts")
    )
    seen = {name: (attempts, n) for name, n, attempts in counted.iter_rows()}
    # so many attempts among so few accounts: some payments find no money, and are told as refused
    planned = {name: (a.n, a.n_transactions) for name, a in small.attempts}
    assert {name: n for name, (n, _) in seen.items()} == {k: n for k, (n, _) in planned.items()}
    missing = sum(n for _, n in planned.values()) - read.height
    told = json.loads((folder / "summary.json").read_text("utf-8"))["summary"]["refused"]
    assert 0 <= missing <= min(told, 0.01 * read.height)
    assert (folder / "HI-Small_Trans.csv").read_text("utf-8").startswith("Timestamp,From Bank,Acc")


def test_the_published_statistics_are_met() -> None:
    """At a twentieth of the size: all but the counts of the whole, which the preset states."""
    whole = preset("amlworld-hi-small")
    n, share = whole.n_transactions, 0.05
    spec = replace(
        whole,
        n_accounts=round(whole.n_accounts * share),
        n_transactions=round(n * share),
        attempts=_scaled(whole.attempts, share),
        loose=round(whole.loose * share),
    )
    made = generate(spec, seed=7)
    seen = seen_of(made.transactions, made.patterns, made.summary)
    check = check_published(whole.name, seen)
    shares = check.filter(pl.col("statistic").str.starts_with("share"))
    assert shares.height == 15
    assert shares["is_met"].all(), shares.filter(~pl.col("is_met"))
    assert check.filter(statistic="transactions a laundering")["is_met"][0]
    assert made.summary["floors_broken"] == 0
    assert made.summary["money_lost"] == {}
    assert abs(made.transactions.height / spec.n_transactions - 1) < 0.05
    assert abs(made.accounts.height / spec.n_accounts - 1) < 0.05


def test_all_published_attempts_are_there_in_their_sizes(small) -> None:
    made = generate(small, seed=7)
    seen = seen_of(made.transactions, made.patterns, made.summary)
    check = check_published(small.name, seen).filter(pl.col("statistic").str.contains(": "))
    assert check.height == 3 * 8 + 1
    assert check["is_met"].all(), check.filter(~pl.col("is_met"))


def test_presets_state_the_published_counts() -> None:
    hi = PRESETS["amlworld-hi-small"]
    n = hi.loose + sum(a.n_transactions for _, a in hi.attempts)
    assert abs(hi.n_transactions / n / 981 - 1) < 0.001
    li = PRESETS["amlworld-li-small"]
    n = li.loose + sum(a.n_transactions for _, a in li.attempts)
    assert abs(li.n_transactions / n / 1942 - 1) < 0.01


def test_a_wrong_ledger_is_not_met(small) -> None:
    made = generate(small, seed=7, attempts=_scaled(small.attempts, 0.5))
    check = check_published(
        "amlworld-hi-small", seen_of(made.transactions, made.patterns, made.summary)
    )
    assert not check.filter(statistic="fan_out: attempts")["is_met"][0]
    lumps = [1] * 48
    assert chi_square_p([sum(a <= x <= b for x in lumps) for a, b in SIZE_BINS],
                        (50, 46, 53, 57, 71)) < 1e-6  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_sizes_sum_to_the_published_total(seed: int) -> None:
    for name, a in PRESETS["amlworld-hi-small"].attempts:
        if a.sinks is None and name in ("fan_out", "fan_in", "bipartite"):
            sizes = draw_sizes(a.n, a.n_transactions, a.sizes, 1, rng_of(seed, name))
            assert sum(sizes) == a.n_transactions
            assert len(sizes) == a.n


# -- fidelity -------------------------------------------------------------------------------------


def test_a_ledger_is_like_itself_and_unlike_another() -> None:
    a = generate("tiny", seed=1).transactions
    b = generate("tiny", seed=2).transactions
    same = compare_ledgers(a, a).table
    assert (same["distance"] == 0).all()
    near = compare_ledgers(a, b).table.filter(pl.col("statistic") == "amount in the base currency")
    dear = b.with_columns(pl.col("base_minor") * 50)
    far = compare_ledgers(a, dear).table.filter(
        pl.col("statistic") == "amount in the base currency"
    )
    assert near["distance"][0] < 0.05 < 0.4 < far["distance"][0]
    assert near["low"][0] <= near["distance"][0] <= near["high"][0]


def test_the_page_shows_both(tmp_path) -> None:
    write_ledger(tmp_path / "a", "tiny", seed=1)
    write_ledger(tmp_path / "b", "tiny", seed=2)
    table, page = check_written(tmp_path / "a", str(tmp_path / "b"))
    text = page.read_text("utf-8")
    assert "corridors" in table["statistic"].to_list()
    assert text.count("<svg") == 12
    assert "http" not in text
    assert pl.read_csv(tmp_path / "a" / "fidelity.csv").height == table.height


def test_what_cannot_be_is_refused(tmp_path) -> None:
    with pytest.raises(ParameterError, match="know 15 currencies"):
        write_ledger(tmp_path, "tiny", format="amlworld")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ParameterError, match="format='csv'"):
        write_ledger(tmp_path, "tiny", format="csv")  # type: ignore[arg-type]
    with pytest.raises(DatasetUnavailableError, match="holds no transactions"):
        open_ledger(tmp_path)
    with pytest.raises(DatasetUnavailableError, match="there is no ledger"):
        open_ledger(tmp_path / "none.csv")
    write_ledger(tmp_path, "tiny", seed=1)
    with pytest.raises(ParameterError, match="no published statistics are kept for 'tiny'"):
        check_written(tmp_path, "published")
    assert json.loads((tmp_path / "summary.json").read_text("utf-8"))["summary"]["seed"] == 1
