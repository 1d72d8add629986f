"""The demonstration ledger on disk is read like anyone else's."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from xborder_aml.schema import ACCOUNTS
from xborder_aml.sources import read_ledger
from xborder_aml.synth import DemoLedger, demo_ledger, write_demo
from xborder_aml.synth.demo import PLANTED
from xborder_aml.synth.world import rates


@pytest.fixture(scope="module")
def written(demo: DemoLedger, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_demo(tmp_path_factory.mktemp("demo") / "new", demo)


def test_the_ledger_reads_back_whole(demo: DemoLedger, written: dict[str, Path]) -> None:
    read = read_ledger(written["ledger"], base_currency="EUR", strict=True)
    assert read.rejects.height == 0
    same = [c for c in demo.transactions.columns if c != "source_row"]
    assert read.transactions.select(same).equals(demo.transactions.select(same))


def test_the_ledger_names_the_owners_of_its_accounts(
    demo: DemoLedger, written: dict[str, Path]
) -> None:
    read = read_ledger(written["ledger"], base_currency="EUR")
    columns = ["account", "holder", "holder_jurisdiction", "jurisdiction", "kind"]
    known = demo.accounts.join(read.accounts, on="account", how="semi").sort("account")
    assert read.accounts.sort("account").select(columns).equals(known.select(columns))


def test_the_base_amounts_are_those_of_the_rates(
    demo: DemoLedger, written: dict[str, Path]
) -> None:
    ledger = pl.read_csv(written["ledger"], infer_schema=False).drop("base_amount")
    read = read_ledger(ledger, base_currency="EUR", rates=rates(181))
    assert read.transactions["base_minor"].equals(demo.transactions["base_minor"])


def test_accounts_and_cases_read_back(demo: DemoLedger, written: dict[str, Path]) -> None:
    accounts = ACCOUNTS.conform(pl.read_csv(written["accounts"], try_parse_dates=True))
    assert accounts.equals(demo.accounts)
    cases = pl.read_parquet(written["planted"])
    assert cases.schema == pl.Schema(PLANTED)
    assert cases.equals(demo.planted)


def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (
        write_demo(tmp_path / name, demo_ledger(3, 100, 1, n_cases=1)) for name in ("a", "b")
    )
    for name in one:
        assert one[name].read_bytes() == two[name].read_bytes()


def test_only_the_files_are_left_and_old_ones_are_replaced(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_demo(tmp_path, demo_ledger(seed, 50, 1, n_cases=0))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "accounts.csv",
        "ledger.csv",
        "planted.parquet",
    ]


def test_a_broken_write_leaves_the_old_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = demo_ledger(1, 50, 1, n_cases=0)
    before = write_demo(tmp_path, demo)["planted"].read_bytes()

    def fail(self: pl.DataFrame, path: Path) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fail)
    with pytest.raises(OSError, match="disk full"):
        write_demo(tmp_path, demo)
    assert (tmp_path / "planted.parquet").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3
