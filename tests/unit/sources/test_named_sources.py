"""The named sources on small made-up files that hold every quirk of the real ones."""

from __future__ import annotations

import gzip

import polars as pl
import pytest
from schwifty import IBAN

from xborder_aml.errors import DataError, ParameterError, SchemaError
from xborder_aml.schema import ACCOUNTS
from xborder_aml.sources import read_accounts, read_ledger, read_patterns, read_transactions

UMBRA = "EE382200221020145685"  # published example of an IBAN
LUMEN = str(IBAN.generate("EE", bank_code="22", account_code="0000123456789"[-11:]))
UMBRA_TAIL, LUMEN_TAIL = UMBRA[-12:], LUMEN[-12:]

# -- occrp ---------------------------------------------------------------------------------------

OCCRP_HEADER = (
    "row,date,payer_name,payer_name_norm,payer_type,payer_jurisdiction,payer_account,"
    "payer_bank_country,beneficiary_name,beneficiary_name_norm,beneficiary_type,"
    "beneficiary_jurisdiction,beneficiary_account,beneficiary_bank_country,amount_orig,"
    "amount_orig_currency,amount_usd,amount_eur,purpose,investigation"
)


def occrp_row(n, payer, payee, amount, *, day="2013-07-11", usd="1", eur="1", currency="EUR"):
    """Write one row; a party is (name, type, jurisdiction, account)."""
    sides = [f"{p[0]},{p[0]},{p[1]},{p[2]},{p[3]},{p[3][:2]}" for p in (payer, payee)]
    return f"{n},{day},{sides[0]},{sides[1]},{amount},{currency},{usd},{eur},goods,az"


UMBRA_OUT = ("UMBRA LP", "Company", "GB", UMBRA)
UMBRA_IN = ("UMBRA LP", "Company", "GB", UMBRA_TAIL)
LUMEN_OUT = ("LUMEN LLP", "Company", "GB", LUMEN)
LUMEN_IN = ("LUMEN LLP", "Company", "GB", LUMEN_TAIL)


def occrp(tmp_path, *rows, **options):
    path = tmp_path / "laundromat.csv"
    path.write_text("\n".join([OCCRP_HEADER, *rows]) + "\n")
    return read_ledger(path, source="occrp", **options)


def test_occrp_mirror_bookings_become_one_transaction(tmp_path):
    ledger = occrp(
        tmp_path,
        occrp_row(1, UMBRA_OUT, LUMEN_IN, "-200000", usd="261162"),  # on the payer's statement
        occrp_row(2, UMBRA_IN, LUMEN_OUT, "2e+05", usd="261162"),  # on the payee's
        occrp_row(3, UMBRA_IN, LUMEN_OUT, "2e+05", day="2013-07-12"),  # another day
        occrp_row(4, LUMEN_OUT, UMBRA_IN, "-200000"),  # the other way
        occrp_row(5, UMBRA_OUT, LUMEN_IN, "-200000.01"),  # another amount
        occrp_row(6, UMBRA_OUT, LUMEN_IN, "-200000", currency="USD"),  # another currency
    )
    assert ledger.summary["mirrors_collapsed"] == 1
    table = ledger.transactions
    assert table.select("transaction_id", "source_row", "mirror_row").rows() == [
        (1, 1, 2),
        (3, 3, None),
        (4, 4, None),
        (5, 5, None),
        (6, 6, None),
    ]
    assert table["sent_minor"].to_list() == [20_000_000] * 3 + [20_000_001, 20_000_000]
    assert table["base_minor"][0] == 26_116_200
    assert set(table["originator"]) | set(table["beneficiary"]) == {UMBRA, LUMEN}


def test_occrp_equal_payments_pair_one_to_one(tmp_path):
    ledger = occrp(
        tmp_path,
        occrp_row(1, UMBRA_OUT, LUMEN_IN, "-500"),
        occrp_row(2, UMBRA_OUT, LUMEN_IN, "-500"),
        occrp_row(3, UMBRA_IN, LUMEN_OUT, "500"),
        occrp_row(4, UMBRA_IN, LUMEN_OUT, "500"),
        occrp_row(5, UMBRA_IN, LUMEN_OUT, "500"),
    )
    assert ledger.transactions.select("source_row", "mirror_row").rows() == [
        (1, 3),
        (2, 4),
        (5, None),
    ]
    assert ledger.summary["rows_read"] == 5


def test_occrp_unknown_accounts_stay_with_their_party(tmp_path):
    ledger = occrp(
        tmp_path,
        occrp_row(1, ("MARE LTD", "Company", "TR", "null"), LUMEN_OUT, "10"),
        occrp_row(2, ("ABCDEFGH", "Invalid", "DE", "null"), LUMEN_OUT, "20"),
        occrp_row(3, ("TERRA SA", "Person", "", "00123"), LUMEN_OUT, "30"),
    )
    table = ledger.transactions
    assert table["originator"].to_list() == ["name:MARE LTD|TR", "name:ABCDEFGH|DE", "00123"]
    assert table["originator_jurisdiction"].to_list() == ["TR", "DE", None]
    accounts = ledger.accounts.filter(pl.col("account") == "00123")
    assert accounts.select("holder", "kind", "holder_jurisdiction").rows() == [
        ("TERRA SA", "person", None)
    ]


def test_occrp_the_bank_country_column_is_no_country(tmp_path):
    # The account NR123... would be in Nauru by its first two letters; its holder is in Turkey.
    ledger = occrp(
        tmp_path,
        occrp_row(1, ("MARE LTD", "Company", "TR", "NR123456789012345"), LUMEN_OUT, "10"),
        occrp_row(2, ("LUX AG", "Company", '"CN\n"', "00123456"), LUMEN_OUT, "10"),
        occrp_row(3, ("NOX AG", "Company", "UNKNOWN", "33123456"), LUMEN_OUT, "10"),
    )
    table = ledger.transactions
    assert table["originator_jurisdiction"].to_list() == ["TR", "CN", None]
    assert table["beneficiary_jurisdiction"].to_list() == ["EE", "EE", "EE"]
    assert ledger.summary["jurisdiction_texts_unknown"] == {}


def test_occrp_base_amounts_are_the_sources_own(tmp_path):
    row = occrp_row(1, UMBRA_OUT, LUMEN_IN, "-3e+05", usd="391743", eur="299999.5")
    assert occrp(tmp_path, row).transactions["base_minor"].to_list() == [39_174_300]
    euros = occrp(tmp_path, row, base_currency="EUR")
    assert euros.transactions["base_minor"].to_list() == [29_999_950]
    pounds = occrp(tmp_path, row, base_currency="GBP")
    assert pounds.summary["base_amounts"] == "European Central Bank"


def test_occrp_in_the_originals_spelling(tmp_path):
    spaced = " ".join(UMBRA[k : k + 4] for k in range(0, len(UMBRA), 4))
    header = (
        '"payer_name","payer_jurisdiction","payer_account","source_file","amount_orig","id",'
        '"beneficiary_type","beneficiary_core","amount_orig_currency","beneficiary_name",'
        '"beneficiary_jurisdiction","investigation","beneficiary_bank_country",'
        '"beneficiary_name_norm","payer_core","beneficiary_account","purpose","date",'
        '"amount_usd","amount_eur","payer_type","payer_name_norm","payer_bank_country"'
    )
    row = (
        f'"UMBRA","UNKNOWN","{spaced}","pdf/x.xml","-535000.0","6050","Company","False","USD",'
        f'"LUMEN","GB","az","33","LUMEN","True","333504500003","goods, paid","2012-07-03",'
        f'"535000","$423,688.44","Company","UMBRA","EE"'
    )
    path = tmp_path / "original.csv"
    path.write_text(f"{header}\n{row}\n")
    ledger = read_ledger(path, source="occrp", base_currency="EUR")
    assert ledger.transactions.select(
        "transaction_id", "originator", "sent_minor", "base_minor", "purpose"
    ).rows() == [(6050, UMBRA, 53_500_000, 42_368_844, "goods, paid")]
    assert ledger.accounts.filter(pl.col("account") == UMBRA)["holder_jurisdiction"][0] is None


# -- fincen_files --------------------------------------------------------------------------------

FINCEN = """id,icij_sar_id,filer_org_name_id,filer_org_name,begin_date,end_date,originator_bank_id,\
originator_bank,originator_bank_country,originator_iso,beneficiary_bank_id,beneficiary_bank,\
beneficiary_bank_country,beneficiary_iso,number_transactions,amount_transactions
11,1,f,F,"Mar 25, 2015","Sep 5, 2015",mare-bank,M,S,SGP,terra-bank,T,U,GBR,68,5.689852347E7
12,1,f,F,,,mare-bank,M,S,SGP,terra-bank,T,U,GBR,6,10
13,1,f,F,"Jul 5, 2012","Jul 5, 2012",mare-bank,M,L,LVA,terra-bank,T,U,GBR,,5000
14,1,f,F,"Jul 5, 2012","Jul 5, 2012",mare-bank,M,L,LVA,terra-bank,T,U,GBR,,5000
15,1,f,F,"Aug 9, 2013","Aug 1, 2013",mare-bank,M,L,LVA,terra-bank,T,U,GBR,2,7.5
"""


def test_fincen_rows_are_sums_over_a_range(tmp_path):
    path = tmp_path / "map.csv"
    path.write_text(FINCEN)
    ledger = read_ledger(path, source="fincen_files")
    table = ledger.transactions
    assert table["transaction_id"].to_list() == [11, 13, 14, 15]
    assert [str(t.date()) for t in table["executed_at"]] == [
        "2015-03-25",
        "2012-07-05",
        "2012-07-05",
        "2013-08-01",
    ]
    assert [str(t.date()) for t in table["executed_until"]] == [
        "2015-09-05",
        "2012-07-05",
        "2012-07-05",
        "2013-08-09",
    ]
    assert table["n_transactions"].to_list() == [68, None, None, 2]
    assert table["sent_minor"].to_list() == [5_689_852_347, 500_000, 500_000, 750]
    assert table["originator"].to_list() == ["mare-bank|SG"] + ["mare-bank|LV"] * 3
    assert table["originator_jurisdiction"].to_list() == ["SG", "LV", "LV", "LV"]
    assert ledger.rejects.rows() == [(2, "begin_date", "executed_at_missing", None)]
    assert ledger.summary["repeats_kept"] == 1
    assert ledger.summary["ranges_reversed"] == 1
    offices = ledger.accounts.filter(pl.col("holder") == "mare-bank")
    assert offices["account"].to_list() == ["mare-bank|LV", "mare-bank|SG"]
    with pytest.raises(DataError, match="1 rows cannot become transactions: row 2"):
        read_ledger(path, source="fincen_files", strict=True)


# -- tide ----------------------------------------------------------------------------------------

TIDE = """src,dest,amount,currency,is_fraudulent,time_since_previous_transaction,timestamp,\
transaction_type,pattern_id,pattern_type
account_1,account_2,36.81,EUR,False,"-165 days, 9:43:00",2025-01-01 00:05:00,PAYMENT,,
account_2,account_9,110.005,JPY,True,,2025-01-01 00:13:00.000250,WITHDRAWAL,U_1,UTurn
individual_5,account_1,0.0,GBP,False,,2025-01-02 00:00:00,DEPOSIT,,
"""
NODES = """account_category,country_code,creation_date,institution_id,is_fraudulent,node_id,\
node_type
,UK,,,False,individual_5,NodeType.INDIVIDUAL
,CY,2020-03-04 00:00:00,,False,business_7,NodeType.BUSINESS
Current,USA,2025-01-01 00:00:00,institution_1,True,account_1,NodeType.ACCOUNT
Current,DE,2025-01-01 00:00:00,institution_2,False,account_2,NodeType.ACCOUNT
,CASH,2025-01-01 00:00:00,,True,account_9,NodeType.ACCOUNT
"""
OWNERSHIP = """src,dest,ownership_percentage,ownership_start_date
individual_5,business_7,100.0,2020-03-04
business_7,account_1,100.0,2025-01-01
individual_5,account_2,100.0,2025-01-01
"""


@pytest.fixture
def tide(tmp_path):
    (tmp_path / "transactions.csv.gz").write_bytes(gzip.compress(TIDE.encode()))
    (tmp_path / "nodes.csv").write_text(NODES)
    (tmp_path / "ownership.csv").write_text(OWNERSHIP)
    return tmp_path


def test_tide_amounts_are_nominal(tide):
    ledger = read_ledger(tide / "transactions.csv.gz", source="tide")
    table = ledger.transactions
    assert table["base_currency"].unique().to_list() == ["XXX"]
    assert table["base_minor"].to_list() == [3_681, 11_000, 0]
    assert table["sent_minor"].to_list() == [3_681, 110, 0]
    assert table["sent_currency"].to_list() == ["EUR", "JPY", "GBP"]
    assert ledger.summary["amounts_zero"] == 1
    assert [t.microsecond for t in table["executed_at"]] == [0, 250, 0]
    assert table["label_pattern"].to_list() == [None, "UTurn", None]


def test_tide_accounts_come_from_the_files_beside(tide):
    ledger = read_ledger(tide / "transactions.csv.gz", source="tide")
    assert ledger.transactions.select(
        "originator_jurisdiction", "beneficiary_jurisdiction"
    ).rows() == [("US", "DE"), ("DE", None), ("GB", "US")]
    accounts = {row["account"]: row for row in ledger.accounts.iter_rows(named=True)}
    # A business of one person: the holder is the person at the end of the chain.
    assert accounts["account_1"]["holder"] == accounts["account_2"]["holder"] == "individual_5"
    assert accounts["account_1"]["holder_jurisdiction"] == "GB"
    assert accounts["account_9"]["kind"] == "cash"
    assert accounts["individual_5"]["kind"] == "person"
    # The label follows transactions, not the mark on the owner; CASH is nobody's.
    assert {name: row["is_illicit"] for name, row in accounts.items()} == {
        "account_1": False,
        "account_2": True,
        "account_9": False,
        "business_7": False,
        "individual_5": False,
    }


def test_tide_without_the_files_beside(tide):
    (tide / "nodes.csv").rename(tide / "elsewhere.csv")
    bare = read_ledger(tide / "transactions.csv.gz", source="tide")
    assert bare.transactions["originator_jurisdiction"].null_count() == 3
    handed = read_ledger(
        tide / "transactions.csv.gz", source="tide", accounts=tide / "elsewhere.csv"
    )
    assert handed.transactions["originator_jurisdiction"].to_list() == ["US", "DE", "GB"]


# -- amlsim --------------------------------------------------------------------------------------

AMLSIM = """tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar,alert_id,alert_type
1,0,1,TRANSFER,342.18,2021-01-01T00:00:00Z,False,-1,
2,1,2,TRANSFER,901.9,2021-01-02T00:00:00Z,True,7,cycle
3,1,2,TRANSFER,5,2021-01-02T00:00:00Z,False,8,fan_in
"""
AMLSIM_ACCOUNTS = """ACCOUNT_ID,CUSTOMER_ID,INIT_BALANCE,COUNTRY,ACCOUNT_TYPE,IS_SAR,BANK_ID
0,C_0,1,US,I,False,US_bank1
1,C_1,1,EE,I,True,EE_bank1
2,C_2,1,GB,O,True,GB_bank1
3,C_3,1,LV,I,True,LV_bank1
"""


def test_amlsim(tmp_path):
    (tmp_path / "transactions.csv").write_text(AMLSIM)
    (tmp_path / "accounts.csv").write_text(AMLSIM_ACCOUNTS)
    ledger = read_ledger(tmp_path / "transactions.csv", source="amlsim")
    table = ledger.transactions
    assert table["transaction_id"].to_list() == [1, 2, 3]
    assert table["base_minor"].to_list() == [34_218, 90_190, 500]
    assert table["base_currency"].unique().to_list() == ["XXX"]
    assert table["originator_jurisdiction"].to_list() == ["US", "EE", "EE"]
    assert table["label_case"].to_list() == [None, "7", "8"]
    assert table["is_illicit"].to_list() == [False, True, False]
    assert ledger.summary["resolution"] == "1d"
    # Account 3 is marked, as the member of an alert that was never executed.
    assert ledger.accounts.select("account", "is_illicit", "kind").rows() == [
        ("0", False, "person"),
        ("1", True, "person"),
        ("2", True, "company"),
        ("3", False, "person"),
    ]
    with pytest.raises(SchemaError, match="source 'amlsim' needs column 'ACCOUNT_ID'"):
        read_accounts(tmp_path / "transactions.csv", source="amlsim")


# -- amlworld ------------------------------------------------------------------------------------

AMLWORLD_HEADER = (
    "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,"
    "Payment Currency,Payment Format,Is Laundering"
)
PATTERNS = """BEGIN LAUNDERING ATTEMPT - FAN-OUT:  Max 16-degree Fan-Out
2022/09/01 00:06,021174,A1,012,A2,2848.96,Euro,2848.96,Euro,ACH,1
2022/09/01 04:33,021174,A1,020,A3,8630.40,Euro,8630.40,Euro,ACH,1
END LAUNDERING ATTEMPT - FAN-OUT

BEGIN LAUNDERING ATTEMPT - STACK
2022/09/02 00:00,012,A2,021174,A1,1.00,US Dollar,1.00,US Dollar,ACH,1
END LAUNDERING ATTEMPT - STACK
2022/09/02 00:01,012,A2,021174,A1,1.00,US Dollar,1.00,US Dollar,ACH
"""


@pytest.mark.parametrize("second", ["Account", "Account.1"])
def test_amlworld_transactions(tmp_path, second):
    header = AMLWORLD_HEADER.replace("To Bank,Account", f"To Bank,{second}")
    rows = [
        "2022/09/01 00:20,010,8000,011,8000,3697.34,US Dollar,3697.34,US Dollar,Reinvestment,0",
        "2022/09/01 00:21,010,8000,010,8001,0.25,Bitcoin,2969.7825,US Dollar,Bitcoin,0",
        "2022/09/01 00:22,010,8001,0,8002,4.8e-05,Bitcoin,4.8e-05,Bitcoin,Bitcoin,1",
    ]
    path = tmp_path / "HI-Small_Trans.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    (tmp_path / "HI-Small_accounts.csv").write_text(
        "Bank Name,Bank ID,Account Number,Entity ID,Entity Name\nMare,10,8000,E1,Sole #1\n"
    )
    ledger = read_ledger(path, source="amlworld")
    table = ledger.transactions
    assert table.select("originator", "beneficiary").rows() == [
        ("10|8000", "11|8000"),
        ("10|8000", "10|8001"),
        ("10|8001", "0|8002"),
    ]
    assert table["sent_minor"].to_list() == [369_734, 296_978, 4_800]
    assert table["received_minor"].to_list() == [369_734, 25_000_000, 4_800]
    assert table["base_minor"].to_list() == [369_734, 296_978, 57]  # 0.000048 * 11,879.13 dollars
    assert table["instrument"].to_list() == ["securities", "crypto", "crypto"]
    assert table["resolution"].unique().to_list() == ["1m"]
    assert ledger.accounts.filter(pl.col("account") == "10|8000")["holder"].to_list() == ["E1"]
    other = read_ledger(path, source="amlworld", base_currency="EUR")
    assert other.transactions["base_minor"][0] == round(369_734 / 1.1718)


def test_amlworld_patterns(tmp_path):
    path = tmp_path / "HI-Small_Patterns.txt"
    path.write_text(PATTERNS)
    table = read_patterns(path)
    assert table["label_pattern"].to_list() == ["fan_out", "fan_out", "stack", None]
    assert table["label_case"].to_list() == ["1", "1", "2", None]
    assert table["originator"].to_list() == ["21174|A1", "21174|A1", "12|A2", "12|A2"]
    assert table["base_minor"][0] == round(284_896 * 1.1718)
    assert table["is_illicit"].to_list() == [True, True, True, None]
    assert read_transactions(path, source="amlworld")[0].equals(table)


# -- accounts ------------------------------------------------------------------------------------


def test_accounts_may_be_handed_in_as_a_table():
    frame = pl.DataFrame(
        {"executed_at": ["2024-01-05"], "originator": ["A"], "beneficiary": ["B"], "amount": ["1"]}
    )
    known = pl.DataFrame(
        {
            "account": ["A", "Z", "A"],
            "holder": ["Umbra", "Mare", "Nox"],
            "jurisdiction": ["EE", "LV", "GB"],
        }
    )
    ledger = read_ledger(frame, accounts=known)
    assert ledger.transactions["originator_jurisdiction"].to_list() == ["EE"]
    assert ledger.accounts["account"].to_list() == ["A", "B", "Z"]
    assert ledger.accounts.schema == pl.Schema(ACCOUNTS.dtypes)
    with pytest.raises(ParameterError, match="these have: amlworld, amlsim, tide"):
        read_accounts(known, source="occrp")
