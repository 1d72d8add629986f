"""What each loader makes of its sample: labels, instances, sides, accounts and tables."""

from __future__ import annotations

import gzip
import sys
import zipfile

import pytest

import xborder_aml as xb
from tests.unit.datasets.samples import FINCEN, write
from xborder_aml.errors import DataError, MissingExtraError, ParameterError


def test_amlworld_attempts_find_their_transactions(tmp_path) -> None:
    write("amlworld-hi-small", tmp_path)
    data = xb.datasets.load("amlworld-hi-small", tmp_path, rows=5)
    # Rows 3 and 4 are equal: the first goes to the attempt that comes first in the file.
    assert data.labels.rows() == [
        (1, False, None, None),
        (2, True, "cycle", "2"),
        (3, True, "fan_out", "1"),
        (4, True, "cycle", "2"),
        (5, True, "fan_out", "1"),
    ]
    assert data.patterns.select("case_id", "pattern", "transaction_ids").rows() == [
        ("2", "cycle", [2, 4]),
        ("1", "fan_out", [3, 5]),
    ]
    assert data.patterns["accounts"][1].to_list() == [
        "1|8000A0003", "3208|8000A0004", "70|8000A0005",
    ]  # fmt: skip
    assert data.summary["attempt_rows_unmatched"] == 0
    assert data.accounts.filter(account="1|8000A0003")["holder"].to_list() == ["E1"]


def test_amlworld_attempts_that_are_not_there_are_counted(tmp_path) -> None:
    path = write("amlworld-hi-small", tmp_path)
    path.write_text(path.read_text("utf-8").replace("99.00,Euro,99.00", "98.00,Euro,98.00", 1))
    data = xb.datasets.load("amlworld-hi-small", tmp_path, rows=5)
    assert data.summary["attempt_rows_unmatched"] == 1
    assert data.labels["pattern"].to_list() == [None, "cycle", None, "fan_out", "fan_out"]


def test_amlworld_attempts_that_cannot_be_read_are_rejects_of_their_file(tmp_path) -> None:
    patterns = write("amlworld-hi-small", tmp_path).with_name("HI-Small_Patterns.txt")
    patterns.write_text(patterns.read_text("utf-8").replace("117.18", "oops"), "utf-8")
    data = xb.datasets.load("amlworld-hi-small", tmp_path, rows=5)
    assert data.transactions.height == 5
    assert data.rejects.rows() == [
        (3, "HI-Small_Patterns.txt: Amount Paid", "amount_unreadable", "oops")
    ]
    with pytest.raises(DataError, match="amount_unreadable"):
        xb.datasets.load("amlworld-hi-small", tmp_path, rows=5, strict=True)


def test_amlworld_is_read_without_its_patterns(tmp_path) -> None:
    path = write("amlworld-li-large", tmp_path)
    path.with_name("LI-Large_Patterns.txt").unlink()
    data = xb.datasets.load("amlworld-li-large", tmp_path, rows=5)
    assert data.patterns.is_empty()
    assert data.labels["is_laundering"].sum() == 4


def test_saml_d_keeps_both_currencies_countries_and_the_nominal_amount(tmp_path) -> None:
    write("saml-d", tmp_path)
    rows = xb.datasets.load("saml-d", tmp_path, rows=3).transactions
    legs = ["sent_minor", "sent_currency", "received_minor", "received_currency"]
    assert rows.select(legs).rows() == [
        (145_915, "GBP", 145_915, "GBP"),
        (601_964, "GBP", 601_964, "AED"),
        (600_050, "AED", 6_000, "JPY"),
    ]  # fmt: skip
    assert rows["base_minor"].to_list() == [145_915, 601_964, 600_050]
    assert rows["base_currency"].unique().to_list() == ["XXX"]
    assert rows["beneficiary_jurisdiction"].to_list() == ["GB", "AE", "JP"]
    assert rows["instrument"].to_list() == ["cash", "wire", "wire"]
    assert rows["label_pattern"].to_list() == [
        "normal_cash_deposits", "deposit_send", "stacked_bipartite",
    ]  # fmt: skip
    assert str(rows["executed_at"][1]) == "2022-10-08 10:35:20+00:00"


def test_saml_d_tells_a_country_that_it_does_not_know(tmp_path) -> None:
    path = write("saml-d", tmp_path)
    path.write_text(path.read_text("utf-8").replace("UAE,Japan", "UAE,Narnia"), "utf-8")
    data = xb.datasets.load("saml-d", tmp_path, rows=3)
    assert data.summary["jurisdiction_texts_unknown"] == {"Narnia": 1}
    assert data.transactions["beneficiary_jurisdiction"].to_list() == ["GB", "AE", None]


def test_paysim_cash_goes_into_the_wallet_whose_balance_rises(tmp_path) -> None:
    write("paysim", tmp_path)
    data = xb.datasets.load("paysim", tmp_path, rows=4, epoch="2020-05-01")
    assert data.transactions.select("originator", "beneficiary").rows() == [
        ("C1", "M1"), ("C9", "C1"), ("C1", "C3"), ("C9", "C4"),
    ]  # fmt: skip
    assert data.transactions["instrument"].to_list() == ["other", "cash", "wire", "wire"]
    assert str(data.transactions["executed_at"][0]) == "2020-05-01 01:00:00+00:00"
    assert data.labels["is_laundering"].to_list() == [False, False, True, False]
    assert data.accounts.filter(account="M1")["kind"].to_list() == ["company"]


def test_amlgentex_names_patterns_and_the_world_outside(tmp_path) -> None:
    path = write("amlgentex", tmp_path)
    data = xb.datasets.load("amlgentex", tmp_path)
    assert data.transactions.select("originator", "beneficiary").rows() == [
        ("source", "1"), ("1", "2"), ("2", "1"), ("1", "sink"),
    ]  # fmt: skip
    assert data.patterns.select("case_id", "pattern", "transaction_ids").rows() == [
        ("7", "cycle", [2, 3]),
    ]
    assert data.accounts.filter(account="sink")["kind"].to_list() == ["other"]
    # An early version: the instance is an alert, and its types are numbered otherwise.
    path.write_text(path.read_text("utf-8").replace("patternID", "alertID"), "utf-8")
    early = xb.datasets.load("amlgentex", tmp_path)
    assert early.labels["pattern"].to_list() == ["type_0", "type_3", "type_3", "type_0"]
    assert early.labels["case_id"].to_list() == [None, "7", "7", None]


def test_amlgentex_parquet_is_the_csv(tmp_path) -> None:
    import polars as pl

    path = write("amlgentex", tmp_path)
    from_csv = xb.datasets.load("amlgentex", tmp_path)
    pl.read_csv(path).write_parquet(path.with_name("tx_log.parquet"))
    path.unlink()
    assert xb.datasets.load("amlgentex", tmp_path).transactions.equals(from_csv.transactions)


def test_tide_owners_come_from_the_files_beside_it(tmp_path) -> None:
    write("tide", tmp_path)
    data = xb.datasets.load("tide", tmp_path, limit=2)
    assert data.accounts.filter(account="account_2").select("holder", "jurisdiction").rows() == [
        ("person_1", "US")
    ]
    assert data.patterns["case_id"].to_list() == ["p1"]
    owners = tmp_path / "tide" / "ownership.csv"
    owners.with_name("ownership.csv.gz").write_bytes(gzip.compress(owners.read_bytes()))
    owners.unlink()
    packed = xb.datasets.load("tide", tmp_path, limit=2)
    assert packed.accounts.equals(data.accounts)


def test_tide_is_read_under_the_names_that_its_generator_gives(tmp_path) -> None:
    path = write("tide", tmp_path)
    shared = xb.datasets.load("tide", tmp_path)
    path.rename(path.with_name("generated_transactions.csv"))
    path.with_name("nodes.csv").rename(path.with_name("generated_nodes.csv"))
    path.with_name("ownership.csv").unlink()
    path.with_name("generated_edges.csv").write_text(
        "src,dest,edge_type,amount\n"
        "account_9,account_2,transaction,5\nperson_1,account_2,ownership,\n",
        "utf-8",
    )
    own = xb.datasets.load("tide", tmp_path)
    assert own.accounts.equals(shared.accounts)
    assert own.transactions.equals(shared.transactions)


def test_labels_that_cannot_be_read_are_told(tmp_path, caplog) -> None:
    path = write("saml-d", tmp_path)
    path.write_text(path.read_text("utf-8").replace(",1,Deposit-Send", ",?,Deposit-Send"), "utf-8")
    data = xb.datasets.load("saml-d", tmp_path, rows=3)
    assert data.summary["unlabelled"] == 1
    assert data.labels.height == 2
    assert "1 transactions have no label that can be read" in caplog.text


@pytest.mark.parametrize("table", ["transactions", "accounts", "labels", "patterns"])
@pytest.mark.parametrize("name", ["synthaml", "elliptic"])
def test_a_set_that_is_no_ledger_says_so(name: str, table: str, tmp_path) -> None:
    write(name, tmp_path)
    data = xb.datasets.load(name, tmp_path, rows=None)
    with pytest.raises(DataError, match=rf"{name!r} has no {table}, for it is no ledger.*tables"):
        getattr(data, table)


def test_synthaml_has_alerts_and_entries(tmp_path) -> None:
    write("synthaml", tmp_path)
    tables = xb.datasets.load("synthaml", tmp_path, rows=3).tables
    assert list(tables) == ["entries", "alerts", "rejects"]
    assert tables["alerts"].drop("source_row").columns == ["alert_id", "raised_at", "is_reported"]
    assert tables["alerts"]["is_reported"].to_list() == [True, False]
    assert tables["entries"].filter(alert_id=1)["size"].to_list() == [0.25, -1.5]
    assert str(tables["entries"]["booked_at"][0]) == "2020-01-05 10:20:30+00:00"


def test_elliptic_unknown_is_null_and_no_fault(tmp_path) -> None:
    write("elliptic", tmp_path)
    tables = xb.datasets.load("elliptic", tmp_path, rows=3).tables
    assert tables["classes"]["is_illicit"].to_list() == [True, False, None]
    assert tables["nodes"].select("node", "time_step", "feature_165").rows()[2] == ("903", 2, 82.0)
    assert tables["edges"].drop("source_row").rows() == [("901", "902"), ("902", "903")]


def test_a_bad_row_of_a_second_file_names_its_file(tmp_path) -> None:
    path = write("elliptic", tmp_path)
    classes = path.with_name("elliptic_txs_classes.csv")
    classes.write_text(classes.read_text("utf-8").replace("902,2", "902,9"), "utf-8")
    data = xb.datasets.load("elliptic", tmp_path, rows=3)
    assert data.rejects.rows() == [
        (2, "elliptic_txs_classes.csv: class", "is_illicit_unreadable", "9")
    ]


def test_a_file_of_the_published_size_that_is_another_is_told(tmp_path, caplog) -> None:
    path = write("fincen-files", tmp_path)
    header, first, _ = path.read_text("utf-8").splitlines()
    rows = [first.replace("1,71", f"{k},71", 1) for k in range(1, 4_508)]
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    assert xb.datasets.load("fincen-files", tmp_path).transactions.height == 4_507
    assert "download_transactions_map.csv is not the file whose hash is known" in caplog.text


def test_evaluate_finds_every_labelled_ledger_by_name(tmp_path) -> None:
    labelled = {c.name for c in xb.datasets.CARDS.values() if c.kind == "ledger" and c.is_labelled}
    assert labelled <= set(xb.evaluate.DATASETS)
    assert not {"elliptic", "synthaml", "fincen-files"} & set(xb.evaluate.DATASETS)
    write("amlsim", tmp_path)
    data = xb.evaluate.load_dataset("amlsim", data_dir=tmp_path)
    assert data.transactions["is_illicit"].to_list() == [False, True, True]
    assert data.cases().to_list() == [None, "4", "4"]


# -- fetching --------------------------------------------------------------------------------------


def test_a_set_that_asks_for_an_account_is_not_fetched(tmp_path) -> None:
    with pytest.raises(ParameterError, match=r"'saml-d' cannot be fetched.*licence: CC BY-NC-SA"):
        xb.datasets.fetch("saml-d", tmp_path)


def test_fetching_without_pooch_names_the_extra(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(MissingExtraError, match=r"xborder-aml\[datasets\]"):
        xb.datasets.fetch("fincen-files", tmp_path)


class _Pooch:
    """Stands for pooch: unpacks an archive that is already here."""

    def __init__(self, archive) -> None:
        self.archive = archive

    def Unzip(self) -> str:  # noqa: N802 - pooch's name
        return "unzip"

    def retrieve(self, *, url, known_hash, path, processor):
        assert url.endswith(".zip")
        assert (known_hash, processor) == (None, "unzip")
        with zipfile.ZipFile(self.archive) as file:
            file.extractall(path)
            return [str(path / name) for name in file.namelist()]


def _archive(folder, **files):
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, text in files.items():
            file.writestr(f"{name}.csv", text)
    return path


def test_a_fetched_file_that_is_another_is_not_put_in_place(tmp_path, monkeypatch) -> None:
    archive = _archive(tmp_path, download_transactions_map=FINCEN)
    monkeypatch.setitem(sys.modules, "pooch", _Pooch(archive))
    with pytest.raises(DataError, match="another version"):
        xb.datasets.fetch("fincen-files", tmp_path)
    assert not (tmp_path / "fincen-files").exists()


def test_an_archive_without_the_file_says_what_it_holds(tmp_path, monkeypatch) -> None:
    archive = _archive(tmp_path, other="x")
    monkeypatch.setitem(sys.modules, "pooch", _Pooch(archive))
    with pytest.raises(DataError, match=r"holds other\.csv, and not download_transactions_map"):
        xb.datasets.fetch("fincen-files", tmp_path)


def test_the_published_file_is_put_where_load_finds_it(tmp_path, monkeypatch, shared_data) -> None:
    text = (shared_data / "fincen_files" / "download_transactions_map.csv").read_bytes()
    archive = _archive(tmp_path, download_transactions_map=text)
    monkeypatch.setitem(sys.modules, "pooch", _Pooch(archive))
    (path,) = xb.datasets.fetch("fincen-files", tmp_path)
    assert path == tmp_path / "fincen-files" / "download_transactions_map.csv"
    assert xb.datasets.load("fincen-files", tmp_path).summary["rows_read"] == 4_507


# -- the shared sets -------------------------------------------------------------------------------


def test_the_occrp_copy_has_the_published_rows(shared_data) -> None:
    data = xb.datasets.load("occrp-laundromat", shared_data)
    assert data.summary["rows_read"] == 16_940
    assert data.labels.is_empty()


def test_the_fincen_copy_is_the_published_file(shared_data) -> None:
    data = xb.datasets.load("fincen-files", shared_data)
    assert data.summary["rows_read"] == 4_507
    assert data.rejects["rule"].unique().to_list() == ["executed_at_missing"]
