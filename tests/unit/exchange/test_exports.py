"""What is written: goAML, FollowTheMoney, recalls; each valid, and read back where it can be."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.exchange.goaml_profile import plain_name
from xborder_aml.jurisdictions import minor_digits

GOAML_SCHEMAS = {
    "2.0": ("goAMLSchema_v2.0_LK_KasunHewagamaDFCC.xsd",),
    "5.0": (
        "Vyttah_src_main_resources_xsd_goaml_5.0.2_goAMLSchema.xsd",
        "Vyttah_assets_goAMLSchema.xsd",
    ),
}
INDICATOR = {"2.0": "A1", "5.0": "BEHAV"}


def profile(version: str) -> xb.GoamlProfile:
    return xb.GoamlProfile(version=version, rentity_id=7, local_currency="EUR")


def report(version: str, ledger: pl.DataFrame, **given) -> xb.GoamlReport:
    asked = {
        "profile": profile(version),
        "reference": "R-1",
        "submitted_at": datetime(2024, 5, 6, 12, 0, tzinfo=UTC),
        "reason": "Money goes round (Tõsi)",
        "indicators": [INDICATOR[version]],
        **given,
    }
    return xb.goaml_report(ledger, **asked)


CASE = xb.RecallCase(
    case_id="C-1",
    assigner="AAAAEE2X",
    assignee="BBBBLV22",
    created_at=datetime(2024, 5, 4, 9, 30, tzinfo=UTC),
    note=("Fraud reported by the payer.",),
)


# -- goAML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", GOAML_SCHEMAS)
@pytest.mark.parametrize("asset", ["BTC", "ETH", "LTC", "XMR"])
def test_crypto_assets_go_by_the_codes_of_the_schemas(schemas: Path, ledger, version, asset):
    rows = ledger.head(1).with_columns(
        pl.lit(asset, ledger.schema["sent_currency"]).alias("sent_currency")
    )
    each = report(version, rows)
    for name in GOAML_SCHEMAS[version]:
        assert xb.validate_xml(each.xml, schemas / "goaml" / name) == ()
    back, rejects = xb.read_transactions(each.xml, source="goaml")
    assert (back["sent_currency"].to_list(), rejects.height) == ([asset], 0)


@pytest.mark.parametrize("version", GOAML_SCHEMAS)
def test_reports_are_valid_by_every_schema_of_their_version(
    schemas: Path, ledger, accounts, version: str
) -> None:
    subject = xb.GoamlSubject(ledger["originator"][0], 8, "Passes money on within a day")
    written = [
        report(
            version,
            ledger,
            accounts=accounts,
            action="None yet",
            reporting_person=("Zoë-Ann", "Müller"),
        ),
        report(version, ledger),
        report(version, ledger.head(0), accounts=accounts, subjects=[subject]),
    ]
    if version == "5.0":
        written.append(report(version, ledger, accounts=accounts, subjects=[subject]))
    for each in written:
        for name in GOAML_SCHEMAS[version]:
            assert xb.validate_xml(each.xml, schemas / "goaml" / name) == ()


@pytest.mark.parametrize("version", GOAML_SCHEMAS)
def test_a_report_read_back_is_the_ledger(ledger, accounts, version: str) -> None:
    xml = report(version, ledger, accounts=accounts).xml
    read, rejects = xb.read_transactions(xml, source="goaml")
    assert rejects.height == 0
    same = (
        "transaction_id executed_at originator beneficiary sent_minor sent_currency received_minor "
        "received_currency base_minor base_currency originator_jurisdiction source_reference"
    ).split()
    assert read.select(same).rows() == ledger.select(same).rows()


def test_accounts_that_ascii_cannot_spell_are_not_read_back_as_one(ledger, accounts) -> None:
    keys = {"BBBBLV22|4351": "BBBBLV22|4351 ა", "cash desk": "BBBBLV22|4351 ბ"}
    spelled = ledger.with_columns(pl.col("originator", "beneficiary").replace(keys))
    xml = report("5.0", spelled).xml
    assert b"account in the ledger: BBBBLV22" not in xml
    assert xml.count(b"account in the ledger, in ASCII: ") == 4


def test_what_had_to_be_changed_is_told_and_kept_in_the_comments(ledger, accounts) -> None:
    each = report("5.0", ledger, accounts=accounts)
    assert len(each.notes) == 3  # two names, one account without a bank
    assert any("'cash desk' is written as the entity" in n for n in each.notes)
    root = ET.fromstring(each.xml)
    assert root.findtext(".//from_account/account_name") == "Sobrad Pojad OU"
    assert "Sobrad & Pojad OU" in root.findtext(".//from_account/comments")
    assert root.findtext("reason") == "Money goes round (Tosi)"


def test_money_is_exact_and_foreign_money_has_its_rate(ledger) -> None:
    root = ET.fromstring(report("2.0", ledger).xml)
    assert [t.findtext("amount_local") for t in root.iter("transaction")] == [
        "1250.05",
        "901.00",
        "0.05",
    ]
    foreign = root.find(".//from_foreign_currency")
    assert foreign.findtext("foreign_currency_code") == "USD"
    assert foreign.findtext("foreign_amount") == "999.00"
    assert foreign.findtext("foreign_exchange_rate") == "0.9019019019019"
    yen = root.find(".//to_foreign_currency")
    assert (yen.findtext("foreign_amount"), yen.findtext("foreign_exchange_rate")) == (
        "7000",
        "0.0000071428571",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"indicators": []}, "indicators is empty"),
        ({"subjects": [xb.GoamlSubject("x", 11, "y")], "version": "5.0"}, "must be 0 to 10"),
        ({"subjects": [xb.GoamlSubject("x", 1, "y")], "version": "2.0"}, "not both"),
        ({"empty": True}, "nothing to report"),
        ({"reporting_person": ("Ada", "ლ")}, "at least two"),
    ],
)
def test_reports_that_cannot_be_are_refused(ledger, change: dict, said: str) -> None:
    change = dict(change)
    table = ledger.head(0) if change.pop("empty", False) else ledger
    with pytest.raises(xb.ParameterError, match=said):
        report(change.pop("version", "5.0"), table, **change)


def test_another_base_currency_is_refused(ledger) -> None:
    aed = replace(profile("5.0"), local_currency="AED")
    with pytest.raises(xb.DataError, match="base_currency='AED'"):
        report("5.0", ledger, profile=aed)
    with pytest.raises(xb.ParameterError, match=r"version is '4.0'"):
        replace(aed, version="4.0")


@given(text=st.text(max_size=300))
def test_any_name_fits_the_alphabet_of_every_schema(text: str) -> None:
    import re

    name = plain_name(text)
    assert re.fullmatch(r"[a-zA-Z0-9 .'-]*", name)  # 5.0
    assert re.fullmatch(r"([\sA-Za-z0-9&'\.\-\(\)`\\/:;,_~@]{2,})(.*[A-Za-z]+).*", name)  # 2.0
    assert 2 <= len(name) <= 255


# -- the traps of schemas --------------------------------------------------------------------------


def test_a_schema_for_xsd_1_1_is_not_skipped(schemas: Path) -> None:
    """lxml, an XSD 1.0 validator, takes it for an empty schema and accepts anything."""
    nonsense = b"<report><nothing/></report>"
    for name in GOAML_SCHEMAS["5.0"]:
        assert xb.validate_xml(nonsense, schemas / "goaml" / name)


def test_anchored_patterns_do_not_refuse_every_name(schemas: Path, ledger, accounts) -> None:
    schema = schemas / "goaml" / GOAML_SCHEMAS["5.0"][1]
    assert 'value="^[' in schema.read_text("utf-8")
    xml = report("5.0", ledger, accounts=accounts).xml
    assert xb.validate_xml(xml, schema) == ()
    wrong = xml.replace(b"<account_name>Sobrad", b"<account_name>S@brad")
    assert any("account_name" in problem for problem in xb.validate_xml(wrong, schema))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xmlschema", None)
    with pytest.raises(xb.MissingExtraError, match=r"'xborder-aml\[xml\]'"):
        xb.validate_xml(b"<a/>", tmp_path / "a.xsd")


def test_schemas_and_documents_that_are_none(schemas: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.xsd"
    empty.write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>')
    with pytest.raises(xb.DataError, match="declares no element"):
        xb.validate_xml(b"<a/>", empty)
    empty.write_text("<xs:schema")
    with pytest.raises(xb.DataError, match="no XML schema"):
        xb.validate_xml(b"<a/>", empty)
    with pytest.raises(xb.DatasetUnavailableError, match="no schema"):
        xb.validate_xml(b"<a/>", tmp_path / "gone.xsd")
    good = schemas / "iso20022" / "camt.056.001.08.xsd"
    with pytest.raises(xb.DataError, match="no well-formed XML"):
        xb.validate_xml(b"<a", good)


# -- camt.056 --------------------------------------------------------------------------------------


def test_recalls_are_valid_and_name_the_payment(schemas: Path, ledger, accounts) -> None:
    xml = xb.recall_request(ledger, CASE, accounts=accounts)
    assert xb.validate_xml(xml, schemas / "iso20022" / "camt.056.001.08.xsd") == ()
    space = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"}
    first, second, third = ET.fromstring(xml).findall(".//c:TxInf", space)
    assert first.findtext("c:OrgnlUETR", None, space) == ledger["source_reference"][0]
    assert second.findtext("c:OrgnlTxId", None, space) == "REF/2"
    assert third.findtext("c:OrgnlTxId", None, space) == "NOTPROVIDED"
    amount = third.find("c:OrgnlIntrBkSttlmAmt", space)
    assert (amount.text, amount.get("Ccy")) == ("7000", "JPY")
    assert first.findtext(".//c:DbtrAcct/c:Id/c:IBAN", None, space) == ledger["originator"][0]


def test_recalls_that_cannot_be_are_refused(ledger) -> None:
    with pytest.raises(xb.DataError, match="no transaction to recall"):
        xb.recall_request(ledger.head(0), CASE)
    with pytest.raises(xb.ParameterError, match="assigner='AAAA' is no BIC"):
        replace(CASE, assigner="AAAA")
    with pytest.raises(xb.ParameterError, match="case_id="):
        replace(CASE, case_id="")
    crypto = ledger.head(1).with_columns(received_currency=pl.lit("BTC"))
    with pytest.raises(xb.DataError, match="BTC"):
        xb.recall_request(crypto, CASE)


# -- FollowTheMoney --------------------------------------------------------------------------------


def test_entities_add_up(ledger, accounts) -> None:
    lines = xb.ftm_entities(ledger, accounts=accounts, dataset="d").splitlines()
    entities = {entity["id"]: entity for entity in map(json.loads, lines)}
    assert len(entities) == len(lines)
    payments = [e for e in entities.values() if e["schema"] == "Payment"]
    assert len(payments) == ledger.height
    for payment, row in zip(payments, ledger.iter_rows(named=True), strict=True):
        told = payment["properties"]
        digits = minor_digits(row["sent_currency"])
        assert round(float(told["amount"][0]) * 10**digits) == row["sent_minor"]
        assert entities[told["payerAccount"][0]]["schema"] == "BankAccount"
        assert told["beneficiary"][0] in entities


def test_entities_are_valid(ledger, accounts) -> None:
    reason = "the extra `ftm` is not installed"
    model = pytest.importorskip("followthemoney", reason=reason).model
    by_id = {}
    for line in xb.ftm_entities(ledger, accounts=accounts, dataset="d").splitlines():
        entity = json.loads(line)
        proxy = by_id[entity["id"]] = model.get_proxy(entity)
        model.get(entity["schema"]).validate(entity)
        read = {name: proxy.get(name) for name in entity["properties"]}
        assert all(read.values()), (entity, read)  # no value was thrown away as invalid
    for proxy in by_id.values():
        for name in ("payer", "beneficiary"):
            for other in proxy.get(name, quiet=True):
                assert by_id[other].schema.is_a("LegalEntity")


def test_the_same_ledger_is_the_same_entities(ledger, accounts) -> None:
    shuffled = ledger.reverse()
    one = xb.ftm_entities(ledger, accounts=accounts, dataset="d")
    assert one == xb.ftm_entities(shuffled, accounts=accounts, dataset="d")
    assert one != xb.ftm_entities(ledger, accounts=accounts, dataset="e")
    assert "Unknown holder of account cash desk" in one


@pytest.mark.parametrize("write", ["goaml", "recall", "ftm"])
def test_the_same_input_gives_the_same_bytes_and_odd_text_does_no_harm(ledger, write: str) -> None:
    odd = ledger.with_columns(purpose=pl.lit("\x00\x1b]]> <!-- &#0; \ufffe \U0001f4b0"))

    def once() -> object:
        if write == "goaml":
            return report("5.0", odd).xml
        return (
            xb.recall_request(odd, CASE) if write == "recall" else xb.ftm_entities(odd, dataset="d")
        )

    assert once() == once()
    if write != "ftm":
        ET.fromstring(once())
