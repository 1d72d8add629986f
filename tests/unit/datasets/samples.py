"""A small made-up set in the format of each public one; no row is of a real set.

`write` puts one into a data folder, as its publisher spells it. `MAIN` tells its main file, a
column of it, a row that is broken in one field, and the reject that it becomes.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

AMLWORLD = """\
Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,\
Payment Currency,Payment Format,Is Laundering
2022/09/01 00:20,010,8000A0001,010,8000A0001,3697.34,US Dollar,3697.34,US Dollar,Reinvestment,0
2022/09/01 00:21,03208,8000A0002,001,8000A0003,100.00,Euro,117.18,US Dollar,ACH,1
2022/09/01 00:25,001,8000A0003,03208,8000A0004,99.00,Euro,99.00,Euro,ACH,1
2022/09/01 00:25,001,8000A0003,03208,8000A0004,99.00,Euro,99.00,Euro,ACH,1
2022/09/02 10:00,001,8000A0003,070,8000A0005,0.5,Bitcoin,0.5,Bitcoin,Bitcoin,1
"""
AMLWORLD_PATTERNS = """\
BEGIN LAUNDERING ATTEMPT - FAN-OUT:  Max 2-degree Fan-Out
2022/09/01 00:25,001,8000A0003,03208,8000A0004,99.00,Euro,99.00,Euro,ACH,1
2022/09/02 10:00,001,8000A0003,070,8000A0005,0.5,Bitcoin,0.5,Bitcoin,Bitcoin,1
END LAUNDERING ATTEMPT - FAN-OUT

BEGIN LAUNDERING ATTEMPT - CYCLE:  Max 2 hops
2022/09/01 00:21,03208,8000A0002,001,8000A0003,100.00,Euro,117.18,US Dollar,ACH,1
2022/09/01 00:25,001,8000A0003,03208,8000A0004,99.00,Euro,99.00,Euro,ACH,1
END LAUNDERING ATTEMPT - CYCLE
"""
AMLWORLD_ACCOUNTS = """\
Bank Name,Bank ID,Account Number,Entity ID,Entity Name
First Made-Up Bank,001,8000A0003,E1,Corporation 1
"""
AMLSIM = """\
tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar,alert_id,alert_type
1,10,11,TRANSFER,342.18,2021-01-01T00:00:00Z,False,-1,
2,11,12,TRANSFER,901.9,2021-01-02T00:00:00Z,True,4,fan_in
3,13,12,TRANSFER,90.01,2021-01-02T00:00:00Z,True,4,fan_in
"""
AMLSIM_ACCOUNTS = """\
ACCOUNT_ID,CUSTOMER_ID,INIT_BALANCE,COUNTRY,ACCOUNT_TYPE,IS_SAR,BANK_ID
10,C_10,100.0,US,I,False,US_bank1
11,C_11,100.0,DE,O,True,DE_bank1
"""
AMLGENTEX = """\
step,type,amount,nameOrig,bankOrig,daysInBankOrig,phoneChangesOrig,oldbalanceOrig,\
newbalanceOrig,nameDest,bankDest,daysInBankDest,phoneChangesDest,oldbalanceDest,newbalanceDest,\
isSAR,patternID,modelType
0,INITALBALANCE,5000.5,-2,source,0,0,0.0,0.0,1,bank_a,0,0,5000.5,10001.0,0,-1,0
3,TRANSFER,100.25,1,bank_a,3,0,5000.5,4900.25,2,bank_b,3,0,0.0,100.25,1,7,3
4,TRANSFER,90.1,2,bank_b,4,1,100.25,10.15,1,bank_a,4,0,4900.25,4990.35,1,7,3
9,CASH,20.0,1,bank_a,9,0,4990.35,4970.35,-1,sink,0,0,0.0,0.0,0,-1,0
"""
TIDE = """\
src,dest,amount,currency,is_fraudulent,time_since_previous_transaction,timestamp,\
transaction_type,pattern_id,pattern_type
account_1,account_2,36.81,EUR,False,"-165 days, 9:43:00",2025-01-01 00:05:00,PAYMENT,,
account_2,account_3,500,JPY,True,"1 day, 0:00:00",2025-01-02 00:05:00.250000,TRANSFER,p1,UTurn
account_3,account_2,490,JPY,True,"1 day, 0:00:00",2025-01-03 00:05:00,TRANSFER,p1,UTurn
"""
TIDE_NODES = """\
node_id,country_code,node_type
account_1,UK,NodeType.ACCOUNT
account_2,USA,NodeType.ACCOUNT
person_1,US,NodeType.INDIVIDUAL
"""
TIDE_OWNERSHIP = """\
src,dest,ownership_percentage,ownership_start_date
person_1,account_2,100.0,2025-01-01
"""
SAML_D = """\
Time,Date,Sender_account,Receiver_account,Amount,Payment_currency,Received_currency,\
Sender_bank_location,Receiver_bank_location,Payment_type,Is_laundering,Laundering_type
10:35:19,2022-10-07,111,222,1459.15,UK pounds,UK pounds,UK,UK,Cash Deposit,0,Normal_Cash_Deposits
10:35:20,2022-10-08,222,333,6019.64,UK pounds,Dirham,UK,UAE,Cross-border,1,Deposit-Send
10:35:21,2022-10-08,333,444,6000.5,Dirham,Yen,UAE,Japan,Cross-border,1,Stacked Bipartite
"""
SYNTHAML = """\
AlertID,Timestamp,Entry,Type,Size
1,2020-01-05 10:20:30,Credit,Wire,0.25
1,2020-01-06 10:20:30,Debit,Cash,-1.5
2,2020-02-01 00:00:00,Credit,Card,0.0
"""
SYNTHAML_ALERTS = """\
AlertID,Date,Outcome
1,2020-02-01,Report
2,2020-03-01,Dismiss
"""
ELLIPTIC_CLASSES = "txId,class\n901,1\n902,2\n903,unknown\n"
ELLIPTIC_EDGES = "txId1,txId2\n901,902\n902,903\n"
PAYSIM = """\
step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,\
isFraud,isFlaggedFraud
1,PAYMENT,98.64,C1,170.0,71.36,M1,0.0,0.0,0,0
2,CASH_IN,10.0,C1,71.36,81.36,C9,100.0,90.0,0,0
3,TRANSFER,81.36,C1,81.36,0.0,C3,0.0,0.0,1,0
4,DEBIT,5.0,C9,90.0,85.0,C4,0.0,5.0,0,0
"""
OCCRP = """\
row,date,payer_name,payer_name_norm,payer_type,payer_jurisdiction,payer_account,\
payer_bank_country,beneficiary_name,beneficiary_name_norm,beneficiary_type,\
beneficiary_jurisdiction,beneficiary_account,beneficiary_bank_country,amount_orig,\
amount_orig_currency,amount_usd,amount_eur,purpose,investigation
1,2013-07-11,UMBRA LP,UMBRA LP,Company,GB,EE382200221020145685,EE,LUMEN LLP,LUMEN LLP,Company,\
CY,CY17002001280000001200527600,CY,-200000,EUR,261162,200000,goods,made up
2,2013-07-12,UMBRA LP,UMBRA LP,Company,GB,EE382200221020145685,EE,VESPER INC,VESPER INC,Company,\
VG,LV80BANK0000435195001,LV,-1.5e3,USD,1500,1148.7,services,made up
"""
FINCEN = """\
id,icij_sar_id,filer_org_name_id,filer_org_name,begin_date,end_date,originator_bank_id,\
originator_bank,originator_bank_country,originator_iso,beneficiary_bank_id,beneficiary_bank,\
beneficiary_bank_country,beneficiary_iso,number_transactions,amount_transactions
1,71,filer,Filer,"Mar 25, 2015","Sep 25, 2015",bank-a,Bank A,Singapore,SGP,bank-b,Bank B,\
United Kingdom,GBR,68,5.689852347E7
2,71,filer,Filer,"Mar 30, 2015","Apr 2, 2015",bank-b,Bank B,Latvia,LVA,bank-a,Bank A,\
Singapore,SGP,,1000.5
"""


def elliptic_nodes(n_features: int = 165) -> str:
    """Return the features file, which has no header."""
    rows = [
        ",".join([node, step, *(f"{0.5 * k:.1f}" for k in range(n_features))])
        for node, step in (("901", "1"), ("902", "1"), ("903", "2"))
    ]
    return "\n".join(rows) + "\n"


class Main(NamedTuple):
    """The main file of a sample, and how to break it."""

    folder: str
    file: str
    column: str
    before: str
    after: str
    reject: tuple[int, str, str]  # row, rule, value
    rows: int


MAIN: dict[str, Main] = {
    **{
        f"amlworld-{variant.lower()}": Main(
            "amlworld",
            f"{variant}_Trans.csv",
            "Amount Paid",
            "117.18",
            "oops",
            (2, "amount_unreadable", "oops"),
            5,
        )
        for variant in (
            "HI-Small", "LI-Small", "HI-Medium", "LI-Medium", "HI-Large", "LI-Large",
        )
    },
    "amlsim": Main(
        "amlsim", "transactions.csv", "base_amt", "901.9", "x9",
        (2, "amount_unreadable", "x9"), 3,
    ),
    "amlgentex": Main(
        "amlgentex", "tx_log.csv", "nameDest", "3,TRANSFER", "three,TRANSFER",
        (2, "executed_at_unreadable", "three"), 4,
    ),
    "tide": Main(
        "tide", "transactions.csv", "dest", "2025-01-03 00:05:00", "yesterday",
        (3, "executed_at_unreadable", "yesterday"), 3,
    ),
    "saml-d": Main(
        "saml-d", "SAML-D.csv", "Received_currency", "UK pounds,Dirham", "Doubloon,Dirham",
        (2, "currency_unknown", "Doubloon"), 3,
    ),
    "synthaml": Main(
        "synthaml", "synthetic_transactions.csv", "Size", "Debit", "Both",
        (2, "entry_unreadable", "Both"), 3,
    ),
    "elliptic": Main(
        "elliptic", "elliptic_txs_features.csv", "", "902,1,", "902,one,",
        (2, "time_step_unreadable", "one"), 3,
    ),
    "paysim": Main(
        "paysim", "PS_20174392719_1491204439457_log.csv", "isFraud", "2,CASH_IN", ",CASH_IN",
        (2, "executed_at_missing", ""), 4,
    ),
    "occrp-laundromat": Main(
        "occrp_azerbaijani_laundromat", "occrp_azerbaijani_laundromat.csv", "amount_orig",
        "-1.5e3", "1.5 k", (2, "amount_unreadable", "1.5 k"), 2,
    ),
    "fincen-files": Main(
        "fincen_files", "download_transactions_map.csv", "begin_date", '"Mar 30, 2015"', "",
        (2, "executed_at_missing", ""), 2,
    ),
}  # fmt: skip


def write(name: str, root: Path) -> Path:
    """Write a sample into a data folder, and return its main file."""
    main = MAIN[name]
    folder = root / main.folder
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in _texts(name, main.file).items():
        (folder / file).write_text(text, "utf-8")
    return folder / main.file


def _texts(name: str, main: str) -> dict[str, str]:
    if name.startswith("amlworld"):
        variant = main.removesuffix("_Trans.csv")
        return {
            main: AMLWORLD,
            f"{variant}_Patterns.txt": AMLWORLD_PATTERNS,
            f"{variant}_accounts.csv": AMLWORLD_ACCOUNTS,
        }
    others: dict[str, dict[str, str]] = {
        "amlsim": {main: AMLSIM, "accounts.csv": AMLSIM_ACCOUNTS},
        "amlgentex": {main: AMLGENTEX},
        "tide": {main: TIDE, "nodes.csv": TIDE_NODES, "ownership.csv": TIDE_OWNERSHIP},
        "saml-d": {main: SAML_D},
        "synthaml": {main: SYNTHAML, "synthetic_alerts.csv": SYNTHAML_ALERTS},
        "elliptic": {
            main: elliptic_nodes(),
            "elliptic_txs_classes.csv": ELLIPTIC_CLASSES,
            "elliptic_txs_edgelist.csv": ELLIPTIC_EDGES,
        },
        "paysim": {main: PAYSIM},
        "occrp-laundromat": {main: OCCRP},
        "fincen-files": {main: FINCEN},
    }
    return others[name]
