"""ISO 20022 and goAML files: what is read of them, and what is refused."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.normalise.rows import RULES
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.sources import _xml

EE, LV = "EE382200221020145685", "LV80BANK0000435195001"
UETR = "7a1c0f2e-52cb-4c1f-9f5e-0c4a4a0c3b11"


def document(message: str, body: str) -> bytes:
    space = f"urn:iso:std:iso:20022:tech:xsd:{message}"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<Document xmlns="{space}">{body}</Document>'.encode()


def agent(tag: str, bic: str) -> str:
    return f"<{tag}><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></{tag}>"


HEADER = (
    "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2024-05-01T08:00:00</CreDtTm><NbOfTxs>1</NbOfTxs>"
    "<SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf></GrpHdr>"
)
CUSTOMERS = (
    "<Dbtr><Nm>Payer OU</Nm><PstlAdr><Ctry>CY</Ctry></PstlAdr></Dbtr>"
    f"<DbtrAcct><Id><IBAN>{EE}</IBAN></Id></DbtrAcct>"
    + agent("DbtrAgt", "AAAAEE2X")
    + agent("CdtrAgt", "BBBBLV22")
    + "<Cdtr><Nm>Payee SIA</Nm></Cdtr>"
    "<CdtrAcct><Id><Othr><Id>4351</Id></Othr></Id></CdtrAcct>"
)
PACS008 = document(
    "pacs.008.001.08",
    f"<FIToFICstmrCdtTrf>{HEADER}<CdtTrfTxInf>"
    f"<PmtId><EndToEndId>E1</EndToEndId><UETR>{UETR}</UETR></PmtId>"
    '<IntrBkSttlmAmt Ccy="EUR">901.00</IntrBkSttlmAmt><IntrBkSttlmDt>2024-05-02</IntrBkSttlmDt>'
    '<InstdAmt Ccy="USD">999.00</InstdAmt><ChrgBr>SHAR</ChrgBr>'
    f"{CUSTOMERS}<RmtInf><Ustrd>Loan</Ustrd></RmtInf></CdtTrfTxInf></FIToFICstmrCdtTrf>",
)
SETTLED = (
    f"<PmtId><EndToEndId>E1</EndToEndId><UETR>{UETR}</UETR></PmtId>"
    '<IntrBkSttlmAmt Ccy="EUR">901.00</IntrBkSttlmAmt><IntrBkSttlmDt>2024-05-02</IntrBkSttlmDt>'
)
BANKS = (
    "<Dbtr><FinInstnId><BICFI>AAAAEE2X</BICFI></FinInstnId></Dbtr>"
    "<Cdtr><FinInstnId><BICFI>BBBBLV22</BICFI></FinInstnId></Cdtr>"
    "<CdtrAcct><Id><Othr><Id>NOSTRO1</Id></Othr></Id></CdtrAcct>"
)
PACS009 = document(
    "pacs.009.001.08",
    f"<FICdtTrf>{HEADER}<CdtTrfTxInf>{SETTLED}{BANKS}</CdtTrfTxInf></FICdtTrf>",
)
COVER = document(
    "pacs.009.001.08",
    f"<FICdtTrf>{HEADER}<CdtTrfTxInf>{SETTLED}{BANKS}<UndrlygCstmrCdtTrf>{CUSTOMERS}"
    '<InstdAmt Ccy="USD">999.00</InstdAmt></UndrlygCstmrCdtTrf></CdtTrfTxInf></FICdtTrf>',
)


def entry(status: str, details: str, amount: str = "10.00", way: str = "CRDT") -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>'
        f"<Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>2024-05-03</Dt></BookgDt>"
        f"<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd>{details}</Ntry>"
    )


def detail(amount: str, way: str, name: str, number: str) -> str:
    tag = "Dbtr" if way == "CRDT" else "Cdtr"
    return (
        f'<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt>'
        f"<CdtDbtInd>{way}</CdtDbtInd><RltdPties><{tag}><Pty><Nm>{name}</Nm></Pty></{tag}>"
        f"<{tag}Acct><Id><Othr><Id>{number}</Id></Othr></Id></{tag}Acct></RltdPties>"
        f"<RltdAgts>{agent(tag + 'Agt', 'BBBBLV22')}</RltdAgts></TxDtls>"
    )


STATEMENT = (
    f"<Id>S1</Id><CreDtTm>2024-05-04T00:00:00</CreDtTm><Acct><Id><IBAN>{EE}</IBAN></Id>"
    f"{agent('Svcr', 'AAAAEE2X')}</Acct>"
)
BALANCE = (
    "<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>0</Amt>"
    "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2024-05-03</Dt></Dt></Bal>"
)
ENTRIES = (
    entry(
        "BOOK",
        f"<NtryDtls>{detail('4.00', 'CRDT', 'One', '1')}"
        f"{detail('6.00', 'CRDT', 'Two', '2')}</NtryDtls>",
    )
    + entry("BOOK", f"<NtryDtls>{detail('7.50', 'DBIT', 'Three', '3')}</NtryDtls>", "7.50", "DBIT")
    + entry("PDNG", f"<NtryDtls>{detail('10.00', 'CRDT', 'Four', '4')}</NtryDtls>")
    + entry("BOOK", "")
)
CAMT053 = document(
    "camt.053.001.08",
    f"<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2024-05-04T00:00:00</CreDtTm></GrpHdr>"
    f"<Stmt>{STATEMENT}{BALANCE}{ENTRIES}</Stmt></BkToCstmrStmt>",
)
CAMT054 = document(
    "camt.054.001.08",
    f"<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>M</MsgId><CreDtTm>2024-05-04T00:00:00</CreDtTm>"
    f"</GrpHdr><Ntfctn>{STATEMENT}{ENTRIES}</Ntfctn></BkToCstmrDbtCdtNtfctn>",
)
MESSAGES = {
    "pacs.008.001.08": PACS008,
    "pacs.009.001.08": PACS009,
    "cover": COVER,
    "camt.053.001.08": CAMT053,
    "camt.054.001.08": CAMT054,
}


def read(xml: bytes, source: str = "iso20022", **options):
    return xb.read_transactions(
        xml, source=source, base_currency="EUR", on_missing_rate="keep", **options
    )


PAYMENT = PACS008.replace(b"<EndToEndId>E1", b"<InstrId>I1</InstrId><EndToEndId>E1")
NAMED = COVER.replace(f"<UETR>{UETR}</UETR>".encode(), b"").replace(b"E1<", b"I1<")


def ledger(*files: bytes):
    return xb.read_ledger(
        list(files), source="iso20022", base_currency="EUR", on_missing_rate="keep"
    )


@pytest.mark.parametrize("cover", [COVER, NAMED])
def test_a_payment_and_its_cover_are_one_transaction_with_both_as_evidence(cover) -> None:
    for files, kept in (((PAYMENT, cover), (1, 2)), ((cover, PAYMENT), (2, 1))):
        read = ledger(*files)
        (row,) = read.transactions.to_dicts()
        assert (row["source_row"], row["mirror_row"]) == kept
        assert row["purpose"] == "Loan"  # the payment's, which the cover does not tell
        assert (read.summary["rows_read"], read.summary["covers_linked"]) == (2, 1)
        assert read.summary["covers_alone"] == 0


def test_covers_of_one_payment_are_counted_once_without_it_too() -> None:
    read = ledger(COVER, COVER, PACS009)
    told = read.transactions.select("source_row", "mirror_row").rows()
    assert told == [(1, 2), (3, None)]  # without cover, the banks' own money is another movement
    assert (read.summary["covers_linked"], read.summary["covers_alone"]) == (1, 1)


@pytest.mark.parametrize(
    ("cover", "differ"),
    [
        (COVER.replace(b">901.00<", b">90100.00<"), 1),  # another amount under the same reference
        (NAMED.replace(b"2024-05-02", b"2024-05-03"), 0),  # a reference used again another day
        (NAMED.replace(b">4351<", b">4352<"), 0),  # or by others
        (NAMED.replace(b"I1<", b"NOTPROVIDED<"), 0),
    ],
)
def test_what_may_be_another_payment_is_kept(cover: bytes, differ: int) -> None:
    payment = PAYMENT.replace(b"I1<", b"NOTPROVIDED<") if b"NOTPROVIDED" in cover else PAYMENT
    read = ledger(payment, cover)
    assert read.transactions.height == 2
    assert read.transactions["mirror_row"].null_count() == 2
    assert (read.summary["covers_alone"], read.summary["covers_differ"]) == (1, differ)


def test_a_list_of_no_files_is_no_ledger() -> None:
    with pytest.raises(xb.ParameterError, match="a list of no files"):
        ledger()


@pytest.mark.parametrize("name", MESSAGES)
def test_the_messages_of_these_tests_are_valid(shared_data: Path, name: str) -> None:
    version = "pacs.009.001.08" if name == "cover" else name
    schema = shared_data.parent / "reference" / "schemas" / "iso20022" / f"{version}.xsd"
    if not schema.is_file():
        pytest.skip(f"no schema at {schema}")
    assert xb.validate_xml(MESSAGES[name], schema) == ()


def test_a_customer_transfer_has_both_legs_and_both_customers() -> None:
    transactions, rejects = read(PACS008)
    assert rejects.height == 0
    (row,) = transactions.to_dicts()
    assert (row["originator"], row["beneficiary"]) == (EE, "BBBBLV22|4351")
    assert (row["sent_minor"], row["sent_currency"]) == (99_900, "USD")
    assert (row["received_minor"], row["received_currency"]) == (90_100, "EUR")
    assert (row["originator_jurisdiction"], row["beneficiary_jurisdiction"]) == ("EE", "LV")
    assert row["executed_at"] == datetime(2024, 5, 2, tzinfo=UTC)
    assert (row["source_reference"], row["purpose"], row["instrument"]) == (UETR, "Loan", "wire")


def test_banks_are_parties_unless_they_cover_a_customer() -> None:
    (row,) = read(PACS009)[0].to_dicts()
    assert (row["originator"], row["beneficiary"]) == ("AAAAEE2X", "BBBBLV22|NOSTRO1")
    assert (row["originator_jurisdiction"], row["beneficiary_jurisdiction"]) == ("EE", "LV")
    (row,) = read(COVER)[0].to_dicts()
    assert (row["originator"], row["beneficiary"]) == (EE, "BBBBLV22|4351")
    assert (row["sent_minor"], row["sent_currency"]) == (99_900, "USD")
    assert row["source_reference"] == UETR


@pytest.mark.parametrize("xml", [CAMT053, CAMT054], ids=["camt.053", "camt.054"])
def test_statements_give_a_row_a_detail_and_reject_what_did_not_happen(xml: bytes) -> None:
    transactions, rejects = read(xml)
    told = transactions.select("originator", "beneficiary", "sent_minor").rows()
    assert told == [
        ("BBBBLV22|1", EE, 400),
        ("BBBBLV22|2", EE, 600),
        (EE, "BBBBLV22|3", 750),
    ]
    assert rejects.select("source_row", "rule").rows() == [
        (4, "executed_at_unreadable"),
        (5, "originator_missing"),
    ]
    assert rejects["value"][0] == "not booked: PDNG"


def test_details_without_amounts_are_read_as_their_entry() -> None:
    bare = "<NtryDtls><TxDtls/><TxDtls/></NtryDtls>"
    xml = CAMT053.replace(ENTRIES.encode(), entry("BOOK", bare, "9.00").encode())
    _, rejects = read(xml)
    assert rejects.select("source_row", "rule").rows() == [(1, "originator_missing")]


def test_a_sample_of_a_bank_in_an_older_version(shared_data: Path) -> None:
    sample = shared_data.parent / "reference" / "schemas" / "iso20022" / "sample_camt053_001_02.xml"
    if not sample.is_file():
        pytest.skip(f"no sample at {sample}")
    read_all = xb.read_ledger(sample, source="iso20022", base_currency="USD")
    assert read_all.summary["rows_read"] == 15
    assert read_all.transactions.height == 9


# -- attacks ---------------------------------------------------------------------------------------

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<Document><BkToCstmrStmt>&b;</BkToCstmrStmt></Document>"""
FETCH = b"""<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><Document><FICdtTrf/></Document>"""
FILE = b"""<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/hostname">]><Document>&f;</Document>"""


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("attack", [LAUGHS, FETCH, FILE])
@pytest.mark.parametrize("source", ["iso20022", "goaml"])
def test_document_types_end_the_reading(no_network: None, attack: bytes, source: str) -> None:
    with pytest.raises(xb.DataError, match="declares a document type"):
        read(attack, source)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (b"", "no well-formed XML"),
        (b"<a", "no well-formed XML"),
        (b"<Document>&nope;</Document>", "no well-formed XML"),
        (b'<?xml version="1.0" encoding="nope"?><a/>', "no well-formed XML"),
        (b"<html><body/></html>", "has none of the elements.*its outermost ones are html, body"),
        (b"<CstmrCdtTrfInitn><CdtTrfTxInf/></CstmrCdtTrfInitn>", "none of the messages"),
        (b"<Ntry/>", "none of the messages"),
    ],
)  # fmt: skip
def test_what_is_none_of_it_is_told(xml: bytes, said: str) -> None:
    with pytest.raises(xb.DataError, match=said):
        read(xml)


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(xb.DataError, match="nests deeper than 64"):
        read(b"<a>" * 100)
    monkeypatch.setattr(_xml, "MAX_TEXT", 100)
    with pytest.raises(xb.DataError, match="more than 100 characters"):
        read(PACS008.replace(b"Loan", b"x&amp;" * 60))
    monkeypatch.setattr(_xml, "MAX_RECORD", 10)
    with pytest.raises(xb.DataError, match="more than 10 elements in one record"):
        read(PACS008)
    monkeypatch.setattr(_xml, "MAX_BYTES", 100)
    with pytest.raises(xb.DataError, match="larger than 100 bytes"):
        read(PACS008)


def test_records_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    one = entry("BOOK", f"<NtryDtls>{detail('4.00', 'CRDT', 'One', '1')}</NtryDtls>", "4.00")
    many = CAMT053.replace(ENTRIES.encode(), (one * 200).encode())
    monkeypatch.setattr(_xml, "MAX_RECORD", 60)  # all of it would be 4,000 elements
    assert read(many)[0].height == 200


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(xb.DatasetUnavailableError, match="no file"):
        xb.read_transactions(tmp_path / "gone.xml", source="iso20022")
    with pytest.raises(xb.ParameterError, match="reads the path of an XML file"):
        xb.read_transactions(xb.example_ledger(), source="iso20022")


def test_a_path_is_read_as_its_bytes_are(tmp_path: Path) -> None:
    path = tmp_path / "m.xml"
    path.write_bytes(CAMT053)
    assert read(path)[0].equals(read(CAMT053)[0])


# -- a thousand mutated files ----------------------------------------------------------------------

GOAML = (
    b"<report><rentity_id>1</rentity_id><currency_code_local>EUR</currency_code_local><transaction>"
    b"<transactionnumber>1</transactionnumber><date_transaction>2024-05-01T00:00:00"
    b"</date_transaction><amount_local>5.00</amount_local><t_from><from_account><swift>AAAAEE2X"
    b"</swift><account>12345</account></from_account><from_country>EE</from_country></t_from>"
    b"<t_to><to_person><first_name>A</first_name><last_name>B</last_name></to_person><to_country>-"
    b"</to_country></t_to></transaction></report>"
)


def test_a_report_of_another_writer() -> None:
    transactions, rejects = read(GOAML, "goaml")
    assert rejects.height == 0
    (row,) = transactions.to_dicts()
    assert (row["originator"], row["beneficiary_jurisdiction"]) == ("AAAAEE2X|12345", None)
    assert (row["base_minor"], row["transaction_id"]) == (500, 1)


ODD = (
    *b"<Ntry> </Ntry> &lt; &x; <![CDATA[ ]]> -1e999 NaN Ccy=' <CdtTrfTxInf/>".split(),
    b"<!DOCTYPE x>",
    b"\x00",
    b"\xff\xfe",
)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    base = draw(st.sampled_from([*MESSAGES.values(), GOAML]))
    xml = bytearray(base)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(xml)))
        to = min(len(xml), at + draw(st.integers(0, 40)))
        kind = draw(st.sampled_from(["cut", "put", "swap", "repeat", "tag"]))
        if kind == "cut":
            del xml[at:to]
        elif kind == "put":
            xml[at:at] = draw(st.binary(max_size=8))
        elif kind == "swap":
            other = draw(st.integers(0, len(xml)))
            xml[at:to], xml[other:other] = b"", bytes(xml[at:to])
        elif kind == "repeat":
            xml[at:at] = bytes(xml[at:to]) * draw(st.integers(1, 3))
        else:
            xml[at:at] = draw(st.sampled_from(ODD))
    return ("goaml" if base is GOAML else "iso20022"), bytes(xml)


@pytest.mark.slow
@settings(max_examples=1_000)
@given(case=mutated())
def test_a_thousand_mutated_files_give_rows_rejects_or_a_clear_error(no_network, case) -> None:
    source, xml = case
    try:
        transactions, rejects = read(xml, source)
    except xb.DataError:
        return
    assert set(rejects["rule"]) <= set(RULES)
    assert transactions.schema == TRANSACTIONS.dtypes
