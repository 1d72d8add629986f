"""Every public set by name: its card is whole, and bad data in any loader are told."""

from __future__ import annotations

import csv
import gzip
import random
import re

import pytest

import xborder_aml as xb
from tests.unit.datasets.samples import MAIN, write
from xborder_aml.datasets.loading import _READERS
from xborder_aml.errors import DataError, DatasetUnavailableError, ParameterError, SchemaError
from xborder_aml.schema import ACCOUNTS, REJECTS, TRANSACTIONS

NAMES = xb.datasets.names()
FIXED = [name for name in NAMES if xb.datasets.card(name).rows is not None]
OWN = [name for name in NAMES if xb.datasets.card(name).rows is None]


def test_every_set_has_a_sample_and_a_reader() -> None:
    assert list(MAIN) == list(NAMES)
    for name in NAMES:
        card = xb.datasets.card(name)
        if card.kind == "ledger":
            assert card.source in xb.SOURCES
        else:
            assert card.source is None
            assert name in _READERS


@pytest.mark.parametrize("name", NAMES)
def test_every_card_says_what_a_person_needs(name: str) -> None:
    card = xb.datasets.card(name)
    for text in (card.title, card.description, card.labels, card.use, card.not_for, card.citation):
        assert text.strip()
    assert card.licence
    assert card.home.startswith("https://")
    assert card.files[0].is_required
    assert (card.rows is not None) == bool(card.counted)
    for file in card.files:
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_read_whole(name: str, tmp_path) -> None:
    write(name, tmp_path)
    data = xb.datasets.load(name, tmp_path, rows=MAIN[name].rows)
    assert data.name == name
    assert data.rejects.height == 0
    assert data.rejects.columns == REJECTS.names
    if data.card.kind == "ledger":
        assert data.transactions.height == MAIN[name].rows
        assert data.transactions.columns == TRANSACTIONS.names
        assert data.accounts.columns == ACCOUNTS.names
        assert list(data.labels.schema.items()) == list(xb.datasets.LABELS.items())
        assert list(data.patterns.schema.items()) == list(xb.datasets.PATTERNS.items())
        assert data.labels.height == (MAIN[name].rows if data.card.is_labelled else 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_row_is_set_aside_and_told(name: str, tmp_path, caplog) -> None:
    path = write(name, tmp_path)
    main = MAIN[name]
    text = path.read_text("utf-8")
    assert text.count(main.before) == 1, "the sample can be broken in one place"
    path.write_text(text.replace(main.before, main.after), "utf-8")
    data = xb.datasets.load(name, tmp_path, rows=main.rows)
    row, rule, value = main.reject
    assert data.rejects.select("source_row", "rule").rows() == [(row, rule)]
    assert (data.rejects["value"][0] or "") == value
    assert data.rejects["source_column"][0]
    assert "1 rows could not be read" in caplog.text
    with pytest.raises(DataError, match=rule):
        xb.datasets.load(name, tmp_path, rows=main.rows, strict=True)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "elliptic"])
def test_a_missing_column_is_named(name: str, tmp_path) -> None:
    path = write(name, tmp_path)
    header, _, rest = path.read_text("utf-8").partition("\n")
    columns = next(csv.reader([header]))
    column = MAIN[name].column
    columns[columns.index(column)] = "colour"
    path.write_text(",".join(columns) + "\n" + rest, "utf-8")
    with pytest.raises(SchemaError, match=re.escape(f"needs column {column!r}")):
        xb.datasets.load(name, tmp_path, rows=None)


def test_a_missing_column_of_a_file_without_header_is_counted(tmp_path) -> None:
    path = write("elliptic", tmp_path)
    short = [",".join(line.split(",")[:-1]) for line in path.read_text("utf-8").splitlines()]
    path.write_text("\n".join(short), "utf-8")
    with pytest.raises(SchemaError, match=r"166 columns in its first line, and 167 are published"):
        xb.datasets.load("elliptic", tmp_path, rows=None)


@pytest.mark.parametrize("name", FIXED)
def test_another_number_of_rows_than_was_published_is_refused(name: str, tmp_path) -> None:
    write(name, tmp_path)
    published = f"{xb.datasets.card(name).rows:,}"
    with pytest.raises(
        DataError, match=rf"has {MAIN[name].rows} rows, and {published} were published.*cut short"
    ):
        xb.datasets.load(name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_another_number_of_rows_than_was_asked_is_refused(name: str, tmp_path) -> None:
    path = write(name, tmp_path)
    n = MAIN[name].rows
    with path.open("a", encoding="utf-8") as file:
        file.write(path.read_text("utf-8").splitlines()[-1] + "\n")
    with pytest.raises(DataError, match=rf"has {n + 1} rows, and rows= says {n}: it holds more"):
        xb.datasets.load(name, tmp_path, rows=n)


@pytest.mark.parametrize("name", OWN)
def test_a_set_that_everyone_makes_has_no_published_count(name: str, tmp_path) -> None:
    write(name, tmp_path)
    assert xb.datasets.load(name, tmp_path).transactions.height == MAIN[name].rows


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_cut_in_a_row_is_told(name: str, tmp_path) -> None:
    path = write(name, tmp_path)
    main = MAIN[name]
    text = path.read_text("utf-8")
    last = text.rstrip("\n").rfind("\n") + 1
    path.write_text(text[: last + 12], "utf-8")
    data = xb.datasets.load(name, tmp_path, rows=None)
    assert data.rejects["source_row"].to_list() == [main.rows]


@pytest.mark.parametrize("name", NAMES)
def test_a_packed_file_is_read_and_a_cut_one_is_refused(name: str, tmp_path) -> None:
    path = write(name, tmp_path)
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    beside = path.with_name(path.name + ".gz")
    beside.write_bytes(packed)
    data = xb.datasets.load(name, tmp_path, rows=MAIN[name].rows)
    assert data.rejects.height == 0
    beside.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match=r"cut short or damaged|cannot be read as a table"):
        xb.datasets.load(name, tmp_path, rows=MAIN[name].rows)


def test_a_packed_file_that_is_cut_far_inside_is_refused(tmp_path) -> None:
    path = write("amlsim", tmp_path)
    header, *rows = path.read_text("utf-8").splitlines()
    noise = random.Random(1)
    many = [rows[0].replace("342.18", f"{noise.random():.15f}") for _ in range(20_000)]
    packed = gzip.compress("\n".join([header, *many]).encode())
    path.unlink()
    path.with_name(path.name + ".gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match="cannot be read as a table: unexpected end"):
        xb.datasets.load("amlsim", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_an_absent_set_gives_the_recipe(name: str, tmp_path) -> None:
    card = xb.datasets.card(name)
    with pytest.raises(DatasetUnavailableError, match=re.escape(repr(name))) as told:
        xb.datasets.load(name, tmp_path)
    text = str(told.value)
    for part in (name, card.home, card.licence, str(tmp_path / card.folders[0]), "--data-dir"):
        assert part in text
    for file in card.files:
        assert file.names[0] in text
    assert "XBORDER_AML_DATA" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_reads_the_first_rows_and_counts_nothing(name: str, tmp_path) -> None:
    write(name, tmp_path)
    data = xb.datasets.load(name, tmp_path, limit=2)
    main = next(iter(data.tables.values()))
    assert main["source_row"].to_list() == [1, 2]


def test_wrong_use_is_told(tmp_path) -> None:
    with pytest.raises(ParameterError, match=r"no dataset 'samld'.*did you mean 'saml-d'"):
        xb.datasets.load("samld", tmp_path)
    with pytest.raises(ParameterError, match="limit is 0"):
        xb.datasets.load("saml-d", tmp_path, limit=0)
    with pytest.raises(ParameterError, match="rows is 'all'"):
        xb.datasets.load("saml-d", tmp_path, rows="all")
    with pytest.raises(ParameterError, match="rows is -1"):
        xb.datasets.load("saml-d", tmp_path, rows=-1)
    write("synthaml", tmp_path)
    with pytest.raises(ParameterError, match="'synthaml' has no option 'epoch'"):
        xb.datasets.load("synthaml", tmp_path, epoch="2020-01-01")


def test_the_folder_comes_from_the_argument_then_the_environment(tmp_path, monkeypatch) -> None:
    write("tide", tmp_path)
    monkeypatch.setenv("XBORDER_AML_DATA", str(tmp_path))
    assert xb.datasets.load("tide").transactions.height == 3
    assert xb.datasets.missing_files(xb.datasets.card("tide")) == ()
    with pytest.raises(DatasetUnavailableError, match="elsewhere"):
        xb.datasets.load("tide", tmp_path / "elsewhere")


def test_files_of_two_folders_are_never_mixed(tmp_path) -> None:
    """Two halves of a set in two of its folders are no set."""
    write("elliptic", tmp_path)
    edges = tmp_path / "elliptic" / "elliptic_txs_edgelist.csv"
    edges.rename(tmp_path / edges.name)
    with pytest.raises(DatasetUnavailableError, match=r"which lacks elliptic_txs_edgelist\.csv"):
        xb.datasets.load("elliptic", tmp_path)


@pytest.mark.parametrize(
    ("name", "file", "told"),
    [
        ("amlworld-hi-small", "HI-Small_accounts.csv", 1),
        ("amlsim", "accounts.csv", 2),
        ("tide", "nodes.csv", 3),
        ("tide", "ownership.csv", 0),
    ],
)
def test_blank_lines_of_the_files_beside_are_left_out_and_told(
    name: str, file: str, told: int, tmp_path, caplog
) -> None:
    """They once raised a TypeError, or refused the set."""
    beside = write(name, tmp_path).with_name(file)
    whole = xb.datasets.load(name, tmp_path, rows=None).accounts
    header, *rows = beside.read_text("utf-8").splitlines()
    beside.write_text("\n\n".join([header, *rows]) + "\n", "utf-8")
    assert xb.datasets.load(name, tmp_path, rows=None).accounts.equals(whole)
    warned = [r.getMessage() for r in caplog.records if "name no account" in r.getMessage()]
    assert [int(m.split(": ")[1].split()[0]) for m in warned] == ([told] if told else [])
