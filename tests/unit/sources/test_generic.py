"""Any ledger by a mapping of its columns, from any kind of input."""

from __future__ import annotations

import gzip

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.errors import (
    DataError,
    DatasetUnavailableError,
    ParameterError,
    SchemaError,
)
from xborder_aml.schema import REJECTS, TRANSACTIONS
from xborder_aml.sources import SOURCES, read_ledger, read_transactions

CSV = """when,nameOrig,nameDest,amt,cur
2024-01-05 10:00,A,B,"1,250.00",EUR
2024-01-06 11:30,B,C,99.5,EUR
"""
COLUMNS = {
    "executed_at": "when",
    "originator": "nameOrig",
    "beneficiary": "nameDest",
    "amount": "amt",
    "currency": "cur",
}


def write(folder, text, name="ledger.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def core(transactions):
    return transactions.select("originator", "beneficiary", "sent_minor", "sent_currency").rows()


EXPECTED = [("A", "B", 125_000, "EUR"), ("B", "C", 9_950, "EUR")]


def test_a_csv_file(tmp_path):
    transactions, rejects = read_transactions(write(tmp_path, CSV), columns=COLUMNS)
    assert core(transactions) == EXPECTED
    assert transactions.schema == pl.Schema(TRANSACTIONS.dtypes)
    assert rejects.schema == pl.Schema(REJECTS.dtypes)
    assert rejects.height == 0
    assert transactions["source_row"].to_list() == [1, 2]
    assert transactions["resolution"].to_list() == ["1m", "1m"]


def test_a_packed_csv_file(tmp_path):
    path = tmp_path / "ledger.csv.gz"
    path.write_bytes(gzip.compress(CSV.encode()))
    assert core(read_transactions(path, columns=COLUMNS)[0]) == EXPECTED


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_found_from_the_header(tmp_path, delimiter):
    rows = [line.replace(",", delimiter) for line in CSV.replace('"1,250.00"', "1250").split("\n")]
    path = write(tmp_path, "\n".join(rows))
    assert core(read_transactions(path, columns=COLUMNS)[0]) == EXPECTED
    assert core(read_transactions(path, columns=COLUMNS, delimiter=delimiter)[0]) == EXPECTED


def test_a_byte_order_mark_and_spaced_headers(tmp_path):
    text = "\ufeff when , nameOrig,nameDest ,amt,cur\n" + CSV.split("\n", 1)[1]
    assert core(read_transactions(write(tmp_path, text), columns=COLUMNS)[0]) == EXPECTED


def test_headers_that_repeat_are_told_apart(tmp_path):
    path = write(tmp_path, "when,acct,acct,amt\n2024-01-05,A,B,1\n")
    columns = {
        "executed_at": "when",
        "originator": "acct",
        "beneficiary": "acct.1",
        "amount": "amt",
    }
    transactions, _ = read_transactions(path, columns=columns)
    assert core(transactions) == [("A", "B", 100, "XXX")]


def _frames(tmp_path):
    frame = pl.DataFrame(
        {
            "when": ["2024-01-05 10:00", "2024-01-06 11:30"],
            "nameOrig": ["A", "B"],
            "nameDest": ["B", "C"],
            "amt": [1250.0, 99.5],
            "cur": ["EUR", "EUR"],
        }
    ).with_columns(pl.col("when").str.to_datetime("%Y-%m-%d %H:%M"))
    parquet = tmp_path / "ledger.parquet"
    frame.write_parquet(parquet)
    arrow = frame.to_arrow()
    return {
        "polars": frame,
        "lazy": frame.lazy(),
        "categorical": frame.with_columns(pl.col("nameOrig", "cur").cast(pl.Categorical)),
        "pandas": pd.DataFrame(frame.to_dict(as_series=False)),
        "pyarrow": arrow,
        "reader": pa.RecordBatchReader.from_batches(arrow.schema, arrow.to_batches()),
        "duckdb": duckdb.sql(f"SELECT * FROM '{parquet}' ORDER BY 1"),
        "parquet": parquet,
        "text path": str(parquet),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "polars",
        "lazy",
        "categorical",
        "pandas",
        "pyarrow",
        "reader",
        "duckdb",
        "parquet",
        "text path",
    ],
)
def test_any_kind_of_input_gives_the_same_table(tmp_path, kind):
    given = _frames(tmp_path)[kind]
    transactions, _ = read_transactions(given, columns=COLUMNS)
    expected, _ = read_transactions(write(tmp_path, CSV), columns=COLUMNS)
    assert transactions.equals(expected)


def test_what_is_no_ledger_is_named():
    with pytest.raises(ParameterError, match="cannot read a ledger from dict"):
        read_ledger({"when": []})
    with pytest.raises(DatasetUnavailableError, match="there is no file"):
        read_ledger("nowhere/ledger.csv")


def test_constants_and_a_ledger_without_currency(tmp_path):
    path = write(tmp_path, CSV)
    columns = {**COLUMNS, "currency": "=SEK", "instrument": "=card"}
    transactions, _ = read_transactions(path, columns=columns)
    assert transactions["sent_currency"].to_list() == ["SEK", "SEK"]
    assert transactions["instrument"].to_list() == ["card", "card"]
    without = {name: own for name, own in COLUMNS.items() if name != "currency"}
    assert core(read_transactions(path, columns=without)[0])[0][3] == "XXX"


@pytest.mark.parametrize("names", [{"us dollar": "USD", "Yen ": "JPY"}, "US Dollar=USD, Yen = JPY"])
def test_names_of_currencies(tmp_path, names):
    text = "when,nameOrig,nameDest,amt,cur\n2024-01-05,A,B,7,US Dollar\n2024-01-05,A,B,7,yen\n"
    path = write(tmp_path, text)
    transactions, _ = read_transactions(
        path, columns=COLUMNS, currency_names=names, base_currency="EUR"
    )
    assert [row[2:] for row in core(transactions)] == [(700, "USD"), (7, "JPY")]
    with pytest.raises(ParameterError, match="maps 'YEN' to '', which is no ISO 4217 code"):
        read_transactions(path, columns=COLUMNS, currency_names="US Dollar=USD,Yen")


def test_a_full_ledger_keeps_what_it_says():
    frame = pl.DataFrame(
        {
            "executed_at": ["2024-01-05", "2024-01-08"],
            "originator": ["A", "B"],
            "beneficiary": ["B", "A"],
            "amount": ["100", "50"],
            "currency": ["usd", "EUR"],
            "received_amount": ["91.30", ""],
            "received_currency": ["EUR", ""],
            "purpose": [" invoice 7 ", "refund"],
            "reference": ["r-1", "r-2"],
            "transaction_id": ["17", "18"],
            "reverses": ["", "17"],
            "is_illicit": ["yes", "no"],
            "label_pattern": ["cycle", ""],
            "label_case": ["1", ""],
        }
    )
    ledger = read_ledger(frame, base_currency="EUR")
    table = ledger.transactions
    assert table["received_minor"].to_list() == [9_130, 5_000]
    assert table["received_currency"].to_list() == ["EUR", "EUR"]
    assert table["transaction_id"].to_list() == [17, 18]
    assert table["reverses"].to_list() == [None, 17]
    assert table["purpose"].to_list() == ["invoice 7", "refund"]
    assert table["source_reference"].to_list() == ["r-1", "r-2"]
    assert table["is_illicit"].to_list() == [True, False]
    assert table["label_case"].to_list() == ["1", None]
    assert ledger.summary["ids"] == "source"
    assert ledger.accounts["is_illicit"].to_list() == [True, True]


@pytest.mark.parametrize("ids", [["7", "7"], ["7", "x"], ["7", ""]])
def test_ids_that_are_not_whole_and_unique_give_way_to_the_row(ids):
    frame = pl.DataFrame(
        {
            "executed_at": ["2024-01-05"] * 2,
            "originator": ["A"] * 2,
            "beneficiary": ["B"] * 2,
            "amount": ["1", "2"],
            "transaction_id": ids,
        }
    )
    ledger = read_ledger(frame)
    assert ledger.transactions["transaction_id"].to_list() == [1, 2]
    assert ledger.transactions["source_reference"].to_list() == [i or None for i in ids]
    assert ledger.summary["ids"] == "source_row"
    with pytest.raises(DataError, match="reverses names transactions by an id"):
        read_ledger(frame.with_columns(reverses=pl.lit("7")))


BROKEN = [
    # (row of when, from, to, amount, currency, received, received currency), rule, column, value
    (",A,B,1,EUR,,", "executed_at_missing", "when", None),
    ("soon,A,B,1,EUR,,", "executed_at_unreadable", "when", "soon"),
    ("2024-01-05,,B,1,EUR,,", "originator_missing", "nameOrig", None),
    ("2024-01-05,A,null,1,EUR,,", "beneficiary_missing", "nameDest", "null"),
    ("2024-01-05,A,B,1,,,", "currency_missing", "cur", None),
    ("2024-01-05,A,B,1,EURO,,", "currency_unknown", "cur", "EURO"),
    ("2024-01-05,A,B,,EUR,,", "amount_missing", "amt", None),
    ("2024-01-05,A,B,much,EUR,,", "amount_unreadable", "amt", "much"),
    ("2024-01-05,A,B,1e40,EUR,,", "amount_too_large", "amt", "1e40"),
    ("2024-01-05,A,B,-5,EUR,,", "amount_negative", "amt", "-5"),
    ("2024-01-05,A,B,1,EUR,1,QQQ", "received_currency_unknown", "got_cur", "QQQ"),
    ("2024-01-05,A,B,1,EUR,,USD", "received_amount_missing", "got_cur", "USD"),
    ("2024-01-05,A,B,1,EUR,x,USD", "received_amount_unreadable", "got", "x"),
    ("2024-01-05,A,B,1,EUR,1e40,USD", "received_amount_too_large", "got", "1e40"),
    ("2024-01-05,A,B,1,EUR,-1,USD", "received_amount_negative", "got", "-1"),
    ("2024-01-05,A,B,1,EUR,1,EUR,more", "fields_too_many", "overflow", "more"),
    ("", "row_blank", "when", None),
    (",,B,-1,XYZ,,", "executed_at_missing", "when", None),  # only the first broken rule counts
]


def test_every_broken_row_is_set_aside_with_its_reason(tmp_path):
    header = "when,nameOrig,nameDest,amt,cur,got,got_cur"
    good = "2024-01-05,A,B,1,EUR,,"
    lines = [header, good, *(row for row, *_ in BROKEN), good]
    columns = {**COLUMNS, "received_amount": "got", "received_currency": "got_cur"}
    path = write(tmp_path, "\n".join(lines) + "\n")
    ledger = read_ledger(path, columns=columns)
    assert ledger.rejects.rows() == [
        (k + 2, column, rule, value) for k, (_, rule, column, value) in enumerate(BROKEN)
    ]
    assert ledger.transactions["source_row"].to_list() == [1, len(BROKEN) + 2]
    counts = ledger.summary
    assert counts["rows_read"] == len(BROKEN) + 2
    assert counts["rows_read"] == (
        counts["transactions"] + counts["mirrors_collapsed"] + counts["rejects"]
    )
    assert counts["rejects_by_rule"]["executed_at_missing"] == 2
    with pytest.raises(DataError, match=r"18 rows .* row 2: executed_at_missing"):
        read_ledger(path, columns=columns, strict=True)


def test_a_row_with_too_few_fields_lacks_what_is_missing(tmp_path):
    path = write(tmp_path, "when,nameOrig,nameDest,amt,cur\n2024-01-05,A,B\n")
    assert read_ledger(path, columns=COLUMNS).rejects["rule"].to_list() == ["currency_missing"]


def test_line_breaks_and_foreign_bytes_inside_quotes_stop_nothing(tmp_path):
    text = 'when,nameOrig,nameDest,amt,cur\n2024-01-05,"A\nA",Br\u00fcck,1,EUR\n'
    transactions, rejects = read_transactions(
        write(tmp_path, text, encoding="latin-1"), columns=COLUMNS
    )
    assert rejects.height == 0
    assert transactions["originator"].to_list() == ["A\nA"]


def test_zero_is_kept_and_counted():
    frame = pl.DataFrame(
        {
            "executed_at": ["2024-01-05"],
            "originator": ["A"],
            "beneficiary": ["B"],
            "amount": ["0.00"],
        }
    )
    ledger = read_ledger(frame)
    assert ledger.transactions["sent_minor"].to_list() == [0]
    assert ledger.summary["amounts_zero"] == 1


def test_digits_beyond_the_minor_unit_are_rounded_and_counted():
    frame = pl.DataFrame(
        {
            "executed_at": ["2024-01-05"] * 3,
            "originator": ["A"] * 3,
            "beneficiary": ["B"] * 3,
            "amount": ["0.125", "0.135", "0.130"],
        }
    )
    ledger = read_ledger(frame)
    assert ledger.transactions["sent_minor"].to_list() == [12, 14, 13]
    assert ledger.summary["amounts_rounded"] == 2


def test_base_amounts_of_the_ledger_itself():
    frame = pl.DataFrame(
        {
            "executed_at": ["2024-01-05"] * 2,
            "originator": ["A"] * 2,
            "beneficiary": ["B"] * 2,
            "amount": ["7", "8"],
            "currency": ["KZT", "AZN"],
            "base_amount": ["0.015", "4.3"],
        }
    )
    ledger = read_ledger(frame, base_currency="EUR")
    assert ledger.transactions["base_minor"].to_list() == [2, 430]
    assert ledger.summary["base_amounts"] == "carried by the source"
    with pytest.raises(ParameterError, match="say their currency with base_currency="):
        read_ledger(frame)


def test_base_amounts_have_the_decimals_of_their_currency():
    frame = pl.DataFrame(
        {
            "executed_at": ["2024-01-05"],
            "originator": ["A"],
            "beneficiary": ["B"],
            "amount": ["7"],
            "currency": ["USD"],
            "base_amount": ["1015.5"],
        }
    )
    ledger = read_ledger(frame, base_currency="JPY")
    assert ledger.transactions["base_minor"].to_list() == [1_016]


def test_steps_from_an_epoch():
    frame = pl.DataFrame(
        {"step": [0, 1], "originator": ["A"] * 2, "beneficiary": ["B"] * 2, "amount": [1.0, 2.0]}
    )
    with pytest.raises(ParameterError, match=r"column 'step' holds numbers such as '0'"):
        read_ledger(frame, columns={"executed_at": "step"})
    ledger = read_ledger(frame, columns={"executed_at": "step"}, time_unit="d", epoch="2021-01-01")
    assert [str(t.date()) for t in ledger.transactions["executed_at"]] == [
        "2021-01-01",
        "2021-01-02",
    ]


def test_an_optional_field_that_cannot_be_read_is_counted_and_told(caplog):
    frame = pl.DataFrame(
        {
            "executed_at": ["2024-01-05"] * 2,
            "originator": ["A"] * 2,
            "beneficiary": ["B"] * 2,
            "amount": ["1", "2"],
            "is_illicit": ["true", "perhaps"],
            "n_transactions": ["3", "many"],
        }
    )
    ledger = read_ledger(frame)
    assert ledger.transactions["n_transactions"].to_list() == [3, None]
    assert ledger.summary["unread"] == {"n_transactions": 1, "is_illicit": 1}
    assert "n_transactions: 1 values cannot be read, and are left empty" in caplog.text


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"source": "generik"}, ParameterError, "did you mean 'generic'"),
        ({"columns": {"orginator": "a"}}, ParameterError, "did you mean 'originator'"),
        ({"columns": {"originator": "nameOrg"}}, SchemaError, "did you mean 'nameOrig'"),
        ({"columns": {"originator": "nameOrig"}}, SchemaError, "which column is 'executed_at'"),
        ({"columns": COLUMNS, "time_fmt": "x"}, ParameterError, "did you mean 'time_format'"),
        ({"columns": COLUMNS, "decimal": "_"}, ParameterError, "may be '.' or ','"),
        ({"columns": COLUMNS, "resolution": "2d"}, ParameterError, "resolution is '2d'"),
        ({"columns": COLUMNS, "source": "tide"}, ParameterError, "goes with source='generic'"),
        ({"source": "occrp"}, SchemaError, "source 'occrp' needs column 'date'"),
    ],
)
def test_errors_name_what_was_wrong_and_the_cure(tmp_path, options, error, match):
    with pytest.raises(error, match=match):
        read_ledger(write(tmp_path, CSV), **options)


def test_a_zone_that_is_none_is_told(tmp_path):
    with pytest.raises(DataError, match=r"Mars/Olympus.* options time_format and timezone"):
        read_ledger(write(tmp_path, CSV), columns=COLUMNS, timezone="Mars/Olympus")


def test_a_format_that_fits_nothing_sets_every_row_aside(tmp_path):
    ledger = read_ledger(write(tmp_path, CSV), columns=COLUMNS, time_format="%d.%m.%Y")
    assert ledger.rejects["rule"].to_list() == ["executed_at_unreadable"] * 2


def test_an_empty_file_has_no_header(tmp_path):
    with pytest.raises(SchemaError, match="is empty, or begins with an empty line"):
        read_ledger(write(tmp_path, ""), columns=COLUMNS)


def test_an_empty_ledger_is_a_ledger(tmp_path):
    ledger = read_ledger(write(tmp_path, CSV.split("\n")[0] + "\n"), columns=COLUMNS)
    assert ledger.transactions.height == ledger.accounts.height == 0
    assert ledger.transactions.schema == pl.Schema(TRANSACTIONS.dtypes)


def test_the_same_input_gives_the_same_bytes(tmp_path):
    path = write(tmp_path, CSV * 1)
    first, second = (read_ledger(path, columns=COLUMNS) for _ in range(2))
    assert first.transactions.equals(second.transactions)
    assert first.accounts.equals(second.accounts)
    assert first.summary == second.summary


FIELD = st.one_of(
    st.none(),
    st.sampled_from(["", "A", "B", "EE382200221020145685", "null", "EUR", "-1", "1e3", "$1,000.5"]),
    st.text(max_size=12),
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "executed_at": st.sampled_from(["2024-01-05", "2024-01-05 1:00", "x", "", None]),
                "originator": FIELD,
                "beneficiary": FIELD,
                "originator_holder": FIELD,
                "beneficiary_jurisdiction": FIELD,
                "amount": FIELD,
                "currency": st.one_of(st.just("EUR"), FIELD),
                "received_amount": FIELD,
                "purpose": FIELD,
                "is_illicit": FIELD,
            }
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_whatever_a_row_holds_it_is_accounted_for(rows, is_statement):
    names = [
        "executed_at",
        "originator",
        "beneficiary",
        "originator_holder",
        "beneficiary_jurisdiction",
        "amount",
        "currency",
        "received_amount",
        "purpose",
        "is_illicit",
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))
    options = {"negative_amounts": "absolute", "mirrors": True} if is_statement else {}
    ledger = read_ledger(frame, base_currency="EUR", on_missing_rate="keep", **options)
    counts = ledger.summary
    assert counts["rows_read"] == len(rows)
    assert counts["rows_read"] == (
        ledger.transactions.height + counts["mirrors_collapsed"] + ledger.rejects.height
    )
    told = [
        *ledger.transactions["source_row"],
        *ledger.transactions["mirror_row"].drop_nulls(),
        *ledger.rejects["source_row"],
    ]
    assert sorted(told) == list(range(1, len(rows) + 1))
    assert (ledger.transactions["sent_minor"] >= 0).all()
    sides = {*ledger.transactions["originator"], *ledger.transactions["beneficiary"]}
    assert sides == set(ledger.accounts["account"])


def test_every_source_says_what_it_is():
    for name, source in SOURCES.items():
        assert source.name == name
        assert source.description.endswith(".")


def test_columns_of_a_known_source_are_recognised():
    known = pl.DataFrame({name: ["1"] for name in SOURCES["amlsim"].columns})
    with pytest.raises(SchemaError, match=r"columns are those of source='amlsim'$"):
        read_ledger(known)
    with pytest.raises(SchemaError, match="does not know which column") as caught:
        read_ledger(known.rename({"base_amt": "amt"}))
    assert "source=" not in str(caught.value)
