"""Every row of the shared data sets is accounted for, by its own source and by `generic`."""

from __future__ import annotations

import pytest

from xborder_aml.sources import read_ledger

OCCRP = "occrp_azerbaijani_laundromat/occrp_azerbaijani_laundromat.csv"
FINCEN = "fincen_files/download_transactions_map.csv"
TIDE = "tide/transactions.csv.gz"
AMLSIM = "amlsim/transactions.csv.gz"
SAMPLE = "amlworld_hi_small_patterns/HI-Small_Trans_sample.csv"
PATTERNS = "amlworld_hi_small_patterns/HI-Small_Patterns.first185.txt"

AMLWORLD_NAMES = {
    "US Dollar": "USD",
    "Euro": "EUR",
    "Swiss Franc": "CHF",
    "UK Pound": "GBP",
    "Yuan": "CNY",
    "Yen": "JPY",
    "Rupee": "INR",
    "Ruble": "RUB",
    "Canadian Dollar": "CAD",
    "Bitcoin": "BTC",
    "Australian Dollar": "AUD",
    "Mexican Peso": "MXN",
    "Saudi Riyal": "SAR",
}

# (file, source, transactions, mirror bookings, rejects)
COUNTS = [
    (OCCRP, "occrp", 16_684, 256, 0),
    (FINCEN, "fincen_files", 4_501, 0, 6),
    (TIDE, "tide", 337_343, 0, 0),
    (AMLSIM, "amlsim", 407_408, 0, 0),
    (SAMPLE, "amlworld", 28_374, 0, 0),
    (PATTERNS, "amlworld", 1_583, 0, 0),
]


@pytest.mark.parametrize(("file", "source", "transactions", "mirrors", "rejects"), COUNTS)
def test_rows_are_accounted_for(shared_data, file, source, transactions, mirrors, rejects):
    ledger = read_ledger(shared_data / file, source=source)
    counts = ledger.summary
    assert counts["transactions"] == ledger.transactions.height == transactions
    assert counts["mirrors_collapsed"] == mirrors
    assert counts["rejects"] == ledger.rejects.height == rejects
    assert counts["rows_read"] == transactions + mirrors + rejects
    assert counts["base_amounts_missing"] == 0
    assert ledger.transactions["transaction_id"].n_unique() == transactions


def test_occrp_mirrors_pair_the_two_signs(shared_data):
    table = read_ledger(shared_data / OCCRP, source="occrp").transactions
    paired = table.drop_nulls("mirror_row")
    assert (paired["mirror_row"] > paired["source_row"]).all()
    assert paired["mirror_row"].n_unique() == 256
    assert not set(paired["mirror_row"]) & set(table["source_row"])


def test_fincen_totals_are_the_published_ones(shared_data):
    ledger = read_ledger(shared_data / FINCEN, source="fincen_files")
    # The six rows without dates are rejects; ICIJ's totals hold them.
    assert ledger.summary["repeats_kept"] == 51
    assert 3_560_000_000_000 < ledger.transactions["base_minor"].sum() <= 3_568_224_798_500 + 50


def test_amlworld_attempts(shared_data):
    table = read_ledger(shared_data / PATTERNS, source="amlworld").transactions
    assert table["label_case"].n_unique() == 185
    cases = table.unique("label_case")["label_pattern"].value_counts()
    assert dict(cases.iter_rows())["cycle"] == 31


GENERIC = [
    (
        OCCRP,
        {
            "executed_at": "date",
            "originator": "payer_account",
            "beneficiary": "beneficiary_account",
            "originator_holder": "payer_name_norm",
            "beneficiary_holder": "beneficiary_name_norm",
            "amount": "amount_orig",
            "currency": "amount_orig_currency",
            "originator_holder_jurisdiction": "payer_jurisdiction",
            "beneficiary_holder_jurisdiction": "beneficiary_jurisdiction",
        },
        {
            "negative_amounts": "absolute",
            "mirrors": True,
            "unify_accounts": True,
            "base_currency": "EUR",
        },
        (16_684, 0),
    ),
    (
        FINCEN,
        {
            "executed_at": "begin_date",
            "executed_until": "end_date",
            "originator": "originator_bank_id",
            "beneficiary": "beneficiary_bank_id",
            "originator_jurisdiction": "originator_iso",
            "beneficiary_jurisdiction": "beneficiary_iso",
            "amount": "amount_transactions",
            "currency": "=USD",
            "n_transactions": "number_transactions",
        },
        {},
        (4_501, 6),
    ),
    (
        TIDE,
        {"executed_at": "timestamp", "originator": "src", "beneficiary": "dest"},
        {"base_currency": "EUR", "on_missing_rate": "keep"},
        (337_343, 0),
    ),
    (
        AMLSIM,
        {
            "executed_at": "tran_timestamp",
            "originator": "orig_acct",
            "beneficiary": "bene_acct",
            "amount": "base_amt",
            "transaction_id": "tran_id",
            "is_illicit": "is_sar",
        },
        {},
        (407_408, 0),
    ),
    (
        SAMPLE,
        {
            "executed_at": "Timestamp",
            "originator": "Account",
            "beneficiary": "Account.1",
            "originator_bank": "From Bank",
            "beneficiary_bank": "To Bank",
            "amount": "Amount Paid",
            "currency": "Payment Currency",
            "received_amount": "Amount Received",
            "received_currency": "Receiving Currency",
            "instrument": "Payment Format",
            "is_illicit": "Is Laundering",
        },
        {"base_currency": "USD", "on_missing_rate": "keep", "currency_names": AMLWORLD_NAMES},
        (28_374, 0),
    ),
]


@pytest.mark.parametrize(("file", "columns", "options", "expected"), GENERIC)
def test_generic_reads_them_too(shared_data, file, columns, options, expected):
    ledger = read_ledger(shared_data / file, columns=columns, **options)
    assert (ledger.transactions.height, ledger.rejects.height) == expected
