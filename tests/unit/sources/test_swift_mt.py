"""SWIFT MT messages: what is read of them, and what is refused."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.normalise.rows import RULES

pytest.importorskip("mt940")

EE = "EE382200221020145685"
UETR = "7a1c0f2e-52cb-4c1f-9f5e-0c4a4a0c3b11"
HEAD = f"{{1:F01AAAAEE2XAXXX0000000000}}{{2:I103BBBBLV22XXXXN}}{{3:{{121:{UETR}}}}}{{4:\n"
MT103 = (
    HEAD
    + f""":20:REF1
:23B:CRED
:32A:240502EUR901,
:33B:USD999,00
:50K:/{EE}
PAYER OU
TALLINN
:57A:CCCCLT2X
:59:/4351
PAYEE SIA
:70:LOAN
 5
:71A:SHA
-}}
"""
)
MT202 = """{1:F01AAAAEE2XAXXX0000000000}{2:I202BBBBLV22XXXXN}{4:
:20:REF2
:21:NONREF
:32A:240503EUR12,50
:58A:/NOSTRO1
BBBBLV22XXX
-}
"""
COVER = f"""{{1:F01BBBBLV22AXXX0000000000}}{{2:O2021200240502AAAAEE2XAXXX00000000002405021200N}}{{4:
:20:REF3
:21:REF1
:32A:240502EUR901,
:52A:AAAAEE2X
:58A:BBBBLV22
:50F:/{EE}
1/PAYER OU
3/EE/TALLINN
:52A:AAAAEE2X
:57A:BBBBLV22
:59F:/4351
1/PAYEE SIA
:33B:USD999,00
-}}
"""
MT940 = f""":20:S1
:25:BBBBLV22/4351
:28C:1/1
:60F:C240501EUR100,00
:61:2405020502D12,50NTRFNONREF//B1
:86:166?00TRANSFER?20LOAN 5?30AAAAEE2X?31{EE}?32PAYER OU
:61:2405030503RD2,50NTRFNONREF//B2
:86:166?00TRANSFER?20BACK?30AAAAEE2X?31{EE}?32PAYER OU
:61:2405040504D1,00NCHGNONREF//B3
:86:FEE
:62F:C240504EUR89,00
"""


def read(text: str):
    return xb.read_transactions(
        text.encode(), source="swift_mt", base_currency="EUR", on_missing_rate="keep"
    )


def test_a_customer_transfer() -> None:
    transactions, rejects = read(MT103)
    assert rejects.height == 0
    (row,) = transactions.to_dicts()
    assert (row["originator"], row["beneficiary"]) == (EE, "CCCCLT2X|4351")
    assert (row["sent_minor"], row["sent_currency"]) == (99_900, "USD")
    assert (row["received_minor"], row["received_currency"]) == (90_100, "EUR")
    assert (row["originator_jurisdiction"], row["beneficiary_jurisdiction"]) == ("EE", "LT")
    assert row["executed_at"] == datetime(2024, 5, 2, tzinfo=UTC)
    assert (row["source_reference"], row["purpose"]) == (UETR, "LOAN 5")


def test_banks_are_parties_unless_they_cover_a_customer() -> None:
    (row,) = read(MT202)[0].to_dicts()
    assert (row["originator"], row["beneficiary"]) == ("AAAAEE2X", "BBBBLV22|NOSTRO1")
    (row,) = read(COVER)[0].to_dicts()
    assert (row["originator"], row["beneficiary"]) == (EE, "BBBBLV22|4351")
    assert (row["sent_minor"], row["sent_currency"]) == (99_900, "USD")


def test_the_sides_bank_is_the_sender_or_receiver_where_no_field_names_it() -> None:
    bare = MT103.replace(":57A:CCCCLT2X\n", "").replace(f"/{EE}", "/99")
    (row,) = read(bare)[0].to_dicts()
    assert (row["originator"], row["beneficiary"]) == ("AAAAEE2X|99", "BBBBLV22|4351")


def test_a_statement_runs_both_ways_and_rejects_lines_without_a_counterparty() -> None:
    transactions, rejects = read(MT940)
    told = transactions.select("originator", "beneficiary", "sent_minor", "purpose").rows()
    assert told == [
        ("BBBBLV22|4351", EE, 1_250, "LOAN 5"),
        (EE, "BBBBLV22|4351", 250, "BACK"),  # a debit taken back
    ]
    assert rejects.select("source_row", "rule").rows() == [(3, "beneficiary_missing")]


def test_many_messages_in_one_file_and_others_among_them() -> None:
    other = MT202.replace("{2:I202", "{2:I199")
    transactions, rejects = read(MT103 + other + COVER)
    assert transactions["source_row"].to_list() == [1, 3]
    assert rejects["value"].to_list() == ["MT199 without a payment that can be read"]


def test_a_transfer_and_its_cover_are_one_transaction() -> None:
    direct = MT103.replace(":57A:CCCCLT2X\n", "")
    by_field_21 = read(direct + MT202 + COVER)[0]
    by_uetr = read(COVER.replace("}{4:", f"}}{{3:{{121:{UETR.upper()}}}}}{{4:") + MT103)[0]
    assert by_field_21.select("source_row", "mirror_row").rows() == [(1, 3), (2, None)]
    assert by_uetr.select("source_row", "mirror_row", "purpose").rows() == [(2, 1, "LOAN 5")]


@pytest.mark.parametrize("text", ["", "hello", "<xml/>"])
def test_what_is_none_of_it_is_told(text: str) -> None:
    with pytest.raises(xb.DataError, match="holds no SWIFT MT message"):
        read(text)


def test_a_missing_package_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mt940", None)
    with pytest.raises(xb.MissingExtraError, match=r"'xborder-aml\[swift\]'"):
        read(MT940)
    assert read(MT103)[0].height == 1


def test_what_is_no_file(tmp_path) -> None:
    with pytest.raises(xb.DatasetUnavailableError, match="no file"):
        xb.read_transactions(tmp_path / "gone.fin", source="swift_mt")
    with pytest.raises(xb.ParameterError, match="reads the path of a file of messages"):
        xb.read_transactions(7, source="swift_mt")


@settings(max_examples=100)
@given(
    base=st.sampled_from([MT103, MT202, COVER, MT940]),
    cuts=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 30)), min_size=1, max_size=4),
    puts=st.lists(st.tuples(st.integers(0, 500), st.text(max_size=6)), max_size=4),
)
def test_mutated_messages_give_rows_rejects_or_a_clear_error(base: str, cuts, puts) -> None:
    for at, length in cuts:
        base = base[:at] + base[at + length :]
    for at, text in puts:
        base = base[:at] + text + base[at:]
    try:
        _, rejects = xb.read_transactions(
            base.encode("utf-8", "replace"),
            source="swift_mt",
            base_currency="EUR",
            on_missing_rate="keep",
        )
    except xb.DataError:
        return
    assert set(rejects["rule"]) <= set(RULES)
