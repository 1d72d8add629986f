"""Account keys, holders and where an account is held."""

from __future__ import annotations

import polars as pl
import pytest
from schwifty import IBAN

from xborder_aml.jurisdictions import jurisdiction_code
from xborder_aml.sources import read_ledger

# Checksum-valid IBANs of published examples; no account of anyone.
EE_IBAN = "EE382200221020145685"
GB_IBAN = "GB29NWBK60161331926819"
BROKEN = "EE392200221020145685"  # one digit of the checksum wrong


def read(rows, **options):
    columns = list(rows[0])
    frame = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in columns},
        schema=dict.fromkeys(columns, pl.String),
    ).with_columns(executed_at=pl.lit("2024-01-05"), amount=pl.lit("1"))
    return read_ledger(frame, **options)


def places(ledger):
    return ledger.transactions.select(
        "originator", "beneficiary", "originator_jurisdiction", "beneficiary_jurisdiction"
    ).rows()


def test_a_valid_iban_tells_where_an_account_is_held():
    ledger = read([{"originator": "EE38 2200 2210 2014 5685", "beneficiary": GB_IBAN.lower()}])
    assert places(ledger) == [(EE_IBAN, GB_IBAN, "EE", "GB")]
    assert ledger.summary["accounts_located_by"]["iban"] == 2


def test_a_broken_checksum_is_not_believed():
    ledger = read([{"originator": BROKEN, "beneficiary": "NR12345678901234567"}])
    assert places(ledger) == [(BROKEN, "NR12345678901234567", None, None)]
    assert ledger.summary["accounts_located_by"]["nothing"] == 2


def test_the_source_goes_before_the_iban():
    ledger = read([{"originator": EE_IBAN, "beneficiary": "B", "originator_jurisdiction": "LVA"}])
    assert places(ledger)[0][2] == "LV"


def test_one_row_that_says_where_places_the_account_on_all():
    ledger = read(
        [
            {"originator": "A", "beneficiary": "B", "originator_jurisdiction": "UK"},
            {"originator": "A", "beneficiary": "B", "originator_jurisdiction": None},
        ]
    )
    assert [row[2] for row in places(ledger)] == ["GB", "GB"]


@pytest.mark.parametrize(
    ("bank", "country"),
    [
        ("BARCGB22", "GB"),
        ("CHASUS33XXX", "US"),
        ("DEUTDEFFXXX", "DE"),
        ("DEUTSCHE", None),  # a word of eight letters, which would be in the Seychelles
        ("COMMERZBANK", None),  # of eleven, in Eritrea
        ("ABCDQQ22", None),  # no such country
    ],
)
def test_a_bic_is_believed_when_it_is_more_than_a_word(bank, country):
    ledger = read([{"originator": "1", "beneficiary": "2", "originator_bank": bank}])
    assert places(ledger) == [(f"{bank}|1", "2", country, None)]


def test_the_same_number_at_two_banks_is_two_accounts():
    ledger = read(
        [{"originator": "1", "beneficiary": "1", "originator_bank": "10", "beneficiary_bank": "11"}]
    )
    assert places(ledger)[0][:2] == ("10|1", "11|1")


def test_an_iban_names_an_account_with_or_without_its_bank():
    ledger = read(
        [
            {"originator": EE_IBAN, "beneficiary": "2", "originator_bank": "HABAEE2X"},
            {"originator": EE_IBAN, "beneficiary": "2", "originator_bank": None},
        ]
    )
    assert {row[0] for row in places(ledger)} == {EE_IBAN}


def test_a_number_is_the_one_iban_whose_tail_it_is():
    tail = EE_IBAN[-12:]
    rows = [
        {"originator": EE_IBAN, "beneficiary": GB_IBAN},
        {"originator": tail, "beneficiary": tail[-7:]},  # seven digits are too few
        {"originator": "999999999999", "beneficiary": EE_IBAN},
    ]
    ledger = read(rows, unify_accounts=True)
    assert [row[:2] for row in places(ledger)] == [
        (EE_IBAN, GB_IBAN),
        (EE_IBAN, tail[-7:]),
        ("999999999999", EE_IBAN),
    ]
    assert places(ledger)[1][2] == "EE"
    assert ledger.summary["account_forms_unified"] == 1
    assert places(read(rows))[1][0] == tail  # only where the source says so


def test_a_tail_of_two_ibans_unifies_with_neither():
    first = EE_IBAN
    second = str(IBAN.generate("DE", bank_code="37040044", account_code=first[-10:]))
    ledger = read(
        [
            {"originator": first, "beneficiary": second},
            {"originator": "1020145685", "beneficiary": "X"},
        ],
        unify_accounts=True,
    )
    assert places(ledger)[0] == (first, second, "EE", "DE")  # both are valid
    assert places(ledger)[1][0] == "1020145685"


def test_unknown_accounts_of_different_parties_do_not_merge():
    rows = [
        {
            "originator": "null",
            "beneficiary": "B",
            "originator_holder": "Umbra  Ltd",
            "originator_holder_jurisdiction": "CY",
        },
        {
            "originator": "",
            "beneficiary": "B",
            "originator_holder": "UMBRA LTD",
            "originator_holder_jurisdiction": "CYP",
        },
        {
            "originator": None,
            "beneficiary": "B",
            "originator_holder": "Lumen OU",
            "originator_holder_jurisdiction": None,
        },
    ]
    ledger = read(rows)
    assert [row[0] for row in places(ledger)] == [
        "name:UMBRA LTD|CY",
        "name:UMBRA LTD|CY",
        "name:LUMEN OU|",
    ]
    assert ledger.summary["accounts_named_by_holder"] == 2


def test_a_side_without_account_and_holder_is_a_reject():
    ledger = read(
        [{"originator": "null", "beneficiary": "B"}, {"originator": "A", "beneficiary": " "}]
    )
    assert ledger.rejects.select("source_row", "rule", "value").rows() == [
        (1, "originator_missing", "null"),
        (2, "beneficiary_missing", " "),
    ]


def test_the_holder_of_an_account_is_the_one_most_rows_name():
    rows = [
        {"originator": "A", "beneficiary": "B", "originator_holder": name}
        for name in ("Lumen", "Umbra", "Umbra")
    ]
    accounts = read(rows).accounts
    assert accounts.filter(account="A")["holder"].to_list() == ["Umbra"]


def test_the_holders_seat_stands_in_only_where_the_source_says_so():
    rows = [
        {
            "originator": "A",
            "beneficiary": "B",
            "originator_holder": "Umbra",
            "originator_holder_jurisdiction": "PAN",
        }
    ]
    assert places(read(rows))[0][2] is None
    assert places(read(rows, holder_seat=True))[0][2] == "PA"


def test_jurisdiction_texts_that_stand_for_none_are_counted_and_told(caplog):
    rows = [
        {"originator": "A", "beneficiary": "B", "originator_jurisdiction": code}
        for code in ("33", "33", "UNKNOWN", "usa", "CN\n")
    ]
    ledger = read(rows)
    assert ledger.summary["jurisdiction_texts_unknown"] == {"33": 2, "UNKNOWN": 1}
    assert "no jurisdiction is known by '33', 'UNKNOWN'" in caplog.text
    assert [jurisdiction_code(text) for text in ("uk", "EST", "", None)] == [
        "GB",
        "EE",
        None,
        None,
    ]
