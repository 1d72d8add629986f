"""The registry: a card for every public data set that the library reads by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xborder_aml.datasets.spec import Card, DatasetFile

__all__ = ["CARDS"]

_KAGGLE = "it asks for a free account, so a person fetches it"


def _amlworld(variant: str, rows: int, accounts: int, n_illicit: int | None) -> Card:
    rate, size = variant.split("-")
    often = "high" if rate == "HI" else "low"
    return Card(
        name=f"amlworld-{variant.lower()}",
        title=f"IBM AMLworld {variant}",
        kind="ledger",
        source="amlworld",
        description=(
            f"A ledger of {accounts:,} accounts and 15 currencies from IBM's agent-based "
            f"generator, {size.lower()} size, with a {often} rate of laundering. All synthetic."
        ),
        labels=(
            "Every transaction. The Patterns file gives the attempts by type; laundering outside "
            "of the eight patterns has no attempt."
        ),
        use="Scoring transactions, accounts and attempts; it is the main benchmark of the field.",
        not_for=(
            "Anything about borders: no country of an account is told. After the nominal end, "
            "nearly all that is left is laundering: leave that tail out of a comparison."
        ),
        citation=(
            "Altman et al., Realistic Synthetic Financial Transactions for Anti-Money Laundering "
            "Models, NeurIPS 2023, Datasets and Benchmarks (arXiv:2306.16424)."
        ),
        licence="CDLA-Sharing-1.0",
        home="https://www.kaggle.com/datasets/ealtman2019/ibm-transactions-for-anti-money-laundering-aml",
        how=f"download {variant}_Trans.csv and its companions; {_KAGGLE}",
        files=(
            DatasetFile("transactions", (f"{variant}_Trans.csv",), rows=rows),
            DatasetFile("patterns", (f"{variant}_Patterns.txt",), is_required=False),
            DatasetFile("accounts", (f"{variant}_accounts.csv",), is_required=False),
        ),
        folders=(f"amlworld-{variant.lower()}", "amlworld", "."),
        n_illicit=n_illicit,
        counted="the paper's table of the six sets",
        compared=(
            "Format of the transactions and of the Patterns file: with 28,374 rows and 185 "
            "attempts of HI-Small; no whole file was at hand.",
        ),
        unverified=(
            "Rows of the Patterns and accounts files: no count was seen at the publisher.",
            "Whether every attempt of the Patterns file matches transactions one to one: matched "
            "on times, accounts and both legs, and what does not match is counted.",
            *(
                ()
                if n_illicit is None
                else ("Marked transactions: as readers of the file count them.",)
            ),
        ),
    )


_AMLSIM = Card(
    name="amlsim",
    title="IBM AMLSim",
    kind="ledger",
    source="amlsim",
    description="What IBM's AMLSim writes: a generator, so everyone has a ledger of their own.",
    labels=(
        "Every transaction, with its alert, and the alert's type where it was joined on; some "
        "alerts are false ones."
    ),
    use="Detecting fan, cycle and gather-scatter patterns of exact shape.",
    not_for=(
        "Following money: amounts are drawn anew at each hop and cycles do not close. Bipartite "
        "and stack alerts have members and no transactions."
    ),
    citation="Suzumura and Kanezashi, Anti-Money Laundering Datasets, 2021.",
    licence="Apache-2.0 (the generator)",
    home="https://github.com/IBM/AMLSim",
    how="run the generator",
    files=(
        DatasetFile("transactions", ("transactions.csv",)),
        DatasetFile("accounts", ("accounts.csv",), is_required=False),
    ),
    folders=("amlsim",),
    compared=(
        "Format: with a ledger that the generator wrote, 407,408 rows, read whole without rejects; "
        "tests read it where it is at hand.",
    ),
    unverified=("Other versions of the generator: only one ledger was at hand.",),
)

_AMLGENTEX = Card(
    name="amlgentex",
    title="AMLGentex",
    kind="ledger",
    source="amlgentex",
    description=(
        "What AI Sweden's AMLGentex writes, made after a mobile payment system: a generator, so "
        "everyone has a ledger of their own."
    ),
    labels="Every transaction, with the instance and type of its pattern, honest ones too.",
    use="Detecting laundering among persons, and studying label noise and split views of banks.",
    not_for=(
        "Anything about borders or currencies: it has neither. Payments from `source` and to "
        "`sink` are wages, spending and opening balances, and no transfers."
    ),
    citation=(
        "Östman et al., AMLgentex: Mobilizing Data-Driven Research to Combat Money Laundering, "
        "arXiv:2506.13989, 2025."
    ),
    licence="MIT or Apache-2.0, by version (the generator)",
    home="https://github.com/aidotse/AMLGentex",
    how=(
        "run the generator, or take a ledger from huggingface.co/datasets/AMLGentex and name it "
        "tx_log.parquet"
    ),
    files=(DatasetFile("transactions", ("tx_log.parquet", "tx_log.csv")),),
    folders=("amlgentex",),
    compared=(
        "Columns, step 0 for opening balances, and the numbers of the pattern types: with the code "
        "that writes the log, in a copy of the generator (github.com/aks-fund/AMLGentex, "
        "temporal_simulation/simulator.py and utils/pattern_types.py), 2026-11-25.",
    ),
    unverified=(
        "Licence: read on badges of the project's page, which differ between versions.",
        "The log itself: no file was at hand.",
        "Type numbers of versions that write alertID: left as numbers.",
        "Who publishes the ledgers of that name: taken for the authors.",
    ),
)

_TIDE = Card(
    name="tide",
    title="Tide",
    kind="ledger",
    source="tide",
    description=(
        "What Tide writes: accounts in many countries and currencies, with who owns them; a "
        "generator, so everyone has a ledger of their own."
    ),
    labels="Every transaction; with pattern_id and pattern_type where they were joined on.",
    use="Detecting rapid movement, U-turns, front businesses and transfers overseas.",
    not_for=(
        "Amounts across currencies: they are drawn without regard to the currency. Home bias: "
        "partners are chosen whatever their country."
    ),
    citation=(
        "Van den Beukel, Rožanec and Varbanescu, Tide: A Customisable Dataset Generator for "
        "Anti-Money Laundering Research, arXiv:2603.01863, 2026."
    ),
    licence="MIT (the generator)",
    home="https://github.com/mntijn/Tide",
    how="run the generator",
    files=(
        DatasetFile("transactions", ("transactions.csv", "generated_transactions.csv")),
        DatasetFile("accounts", ("nodes.csv", "generated_nodes.csv"), is_required=False),
        DatasetFile("ownership", ("ownership.csv", "generated_edges.csv"), is_required=False),
    ),
    folders=("tide",),
    compared=(
        "Format: with a ledger that the generator wrote, 337,343 rows, read whole; tests read it "
        "where it is at hand.",
    ),
    unverified=(
        "The authors' reference ledgers, doi:10.5281/zenodo.18804069 (CC BY 4.0, as told): no file "
        "was at hand; they have names of their own, and no pattern_id.",
    ),
)

_SAML_D = Card(
    name="saml-d",
    title="SAML-D",
    kind="ledger",
    source="saml_d",
    description=(
        "A ledger of a bank in the United Kingdom: 855,460 accounts, 18 countries, 13 currencies, "
        "28 typologies of which 17 are suspicious. All synthetic."
    ),
    labels="Every transaction, with its typology, honest ones too; no instances.",
    use="Scoring transactions and accounts; corridors; recall by typology.",
    not_for=(
        "Following money or matching amounts across currencies: one amount is given for both. "
        "Recall by instance: none is named."
    ),
    citation=(
        "Oztas et al., Enhancing Anti-Money Laundering: Development of a Synthetic Transaction "
        "Monitoring Dataset, IEEE ICEBE 2023."
    ),
    licence="CC BY-NC-SA 4.0, as told",
    home="https://www.kaggle.com/datasets/berkanoztas/synthetic-transaction-monitoring-dataset-aml",
    how=f"download SAML-D.csv; {_KAGGLE}",
    files=(DatasetFile("transactions", ("SAML-D.csv",), rows=9_504_852),),
    folders=("saml-d", "saml_d", "."),
    n_illicit=9_873,
    counted="the publisher's page, and its table of typologies, summed",
    compared=(
        "File name, the 12 columns in order, 9,504,852 rows, clock and date: with what a notebook "
        "that reads the file prints (github.com/anjalirathod310/"
        "aml-transaction-monitoring-dashboard), 2026-11-25. Of the spellings, those of its first "
        "rows.",
    ),
    unverified=(
        "Licence: as others cite it; another audit found none beside the data.",
        "Version: the paper counts 9,411,384 rows of an earlier one.",
        "Spelling of currencies, countries and kinds of payment: as several readers of the file "
        "list them; no file was at hand.",
        "In which currency the amount is.",
    ),
)

_SYNTHAML = Card(
    name="synthaml",
    title="SynthAML",
    kind="alerts",
    source=None,
    description=(
        "20,000 alerts of a Danish bank's monitoring, and the bookings on the customer's account "
        "before each, drawn from a model that was fitted to real ones."
    ),
    labels="Every alert: reported to the authorities, or dismissed.",
    use="Ranking alerts from the bookings behind them; the cost of false alarms; drift.",
    not_for=(
        "A transaction graph: bookings have no counterparty, so there is no account-to-account "
        "edge, and no detector, trace or corridor of this library applies."
    ),
    citation=(
        "Jensen et al., A synthetic data set to benchmark anti-money laundering methods, "
        "Scientific Data 10:661, 2023 (doi:10.1038/s41597-023-02569-2)."
    ),
    licence="to be read at its home",
    home="https://doi.org/10.6084/m9.figshare.c.6504421.v1",
    how="download both files",
    files=(
        DatasetFile("entries", ("synthetic_transactions.csv",), rows=16_232_955),
        DatasetFile("alerts", ("synthetic_alerts.csv",), rows=20_000),
    ),
    folders=("synthaml",),  # others have files of the same names
    counted="the paper (alerts), and a reader's published notebook (bookings)",
    compared=(
        "File names, columns, 20,000 alerts and 16,232,955 bookings: with what a notebook that "
        "reads both files prints (github.com/crossxwill/repro_SynthAML, 01_Read_Data.ipynb), "
        "2026-11-25. The paper says 20,000 and over 16 million.",
    ),
    unverified=(
        "Licence: not seen.",
        "Unit of `size`: taken as a number without a unit.",
    ),
)

_ELLIPTIC = Card(
    name="elliptic",
    title="Elliptic Data Set",
    kind="graph",
    source=None,
    description=(
        "203,769 Bitcoin transactions as nodes, 234,355 flows between them as edges, in 49 steps "
        "of about two weeks. Real, and made anonymous."
    ),
    labels="4,545 nodes illicit, 42,019 licit; the rest is unknown, and is null, not licit.",
    use="Classifying nodes from features and neighbours; drift between steps.",
    not_for=(
        "An account ledger: a node is a transaction, an edge has neither amount nor time, and the "
        "features have no names. No detector, trace or corridor of this library applies."
    ),
    citation=(
        "Weber et al., Anti-Money Laundering in Bitcoin: Experimenting with Graph Convolutional "
        "Networks for Financial Forensics, KDD 2019 Workshop on Anomaly Detection in Finance."
    ),
    licence="CC BY-NC-ND 4.0, as told",
    home="https://www.kaggle.com/datasets/ellipticco/elliptic-data-set",
    how=f"download the three files; {_KAGGLE}",
    files=(
        DatasetFile("nodes", ("elliptic_txs_features.csv",), rows=203_769),
        DatasetFile("classes", ("elliptic_txs_classes.csv",), rows=203_769),
        DatasetFile("edges", ("elliptic_txs_edgelist.csv",), rows=234_355),
    ),
    folders=("elliptic", "elliptic_bitcoin_dataset", "."),
    n_illicit=4_545,
    counted="the publisher's page",
    compared=(
        "Nodes and edges: with the publisher's own article (medium.com/elliptic, The Elliptic Data "
        "Set, 2019); those and the classes: with the documentation of PyTorch Geometric "
        "(EllipticBitcoinDataset), 2026-11-25.",
        "Layout of the features file (no header; number, step, and 165 features; the 166 of the "
        "paper count the step): with code of several readers of the file, 2026-11-25.",
    ),
    unverified=(
        "Licence: as others cite it.",
        "The files themselves: none was at hand.",
    ),
)

_PAYSIM = Card(
    name="paysim",
    title="PaySim",
    kind="ledger",
    source="paysim",
    description=(
        "One month of mobile money in an African country, by the hour, from a simulator that was "
        "fitted to real logs. All synthetic."
    ),
    labels="Every transaction: fraud, that is, a wallet taken over and emptied.",
    use="Throughput on a large sparse ledger; fraud, as a task of its own.",
    not_for=(
        "Laundering: the label marks stolen wallets. Paths: most senders send once, so there is "
        "next to nothing to follow. Borders: it has none."
    ),
    citation=(
        "Lopez-Rojas, Elmir and Axelsson, PaySim: A financial mobile money simulator for fraud "
        "detection, EMSS 2016."
    ),
    licence="CC BY-SA 4.0, as told",
    home="https://www.kaggle.com/datasets/ealaxi/paysim1",
    how=f"download the CSV; {_KAGGLE}",
    files=(
        DatasetFile(
            "transactions",
            ("PS_20174392719_1491204439457_log.csv", "paysim.csv"),
            rows=6_362_620,
            sha256="16910f90577b0d981bf8ff289714510bb89bc71bff7d3f220f024e287e4eea6b",
        ),
    ),
    folders=("paysim", "."),
    n_illicit=8_213,
    counted="readers' published notebooks",
    compared=(
        "Columns: with the description that the publisher's page gives. Rows, 8,213 marked ones, "
        "steps 1 to 743, and the hash: with what six readers of the file publish, all alike, "
        "2026-11-25.",
    ),
    unverified=(
        "Licence: as others tell it.",
        "The file itself: none was at hand, so rows and hash are its readers'.",
    ),
)

_OCCRP = Card(
    name="occrp-laundromat",
    title="OCCRP Azerbaijani Laundromat",
    kind="ledger",
    source="occrp",
    description=(
        "REAL. Payments to and from four shell companies at one bank, 2012 to 2014, in six "
        "currencies. It names people and companies, many of whom did nothing wrong."
    ),
    labels="None.",
    use="Looking at what a real case looks like, and at how robust a reader is.",
    not_for=(
        "Measuring precision or recall: nothing is labelled. Publishing names: being in a "
        "statement is no evidence against anyone."
    ),
    citation="OCCRP and Berlingske, The Azerbaijani Laundromat, 2017.",
    licence="no open licence: published for searching",
    home="https://www.occrp.org/en/azerbaijanilaundromat/",
    how="take the table of payments that OCCRP publishes with its investigation",
    files=(DatasetFile("transactions", ("occrp_azerbaijani_laundromat.csv",), rows=16_940),),
    folders=("occrp-laundromat", "occrp_azerbaijani_laundromat"),
    is_labelled=False,
    counted="the file itself",
    compared=("Rows and format: with a copy of the file, read whole.",),
    unverified=(
        "Name of the file: it is the name of a copy; OCCRP publishes the same columns in another "
        "spelling, which is read too.",
    ),
)

_FINCEN = Card(
    name="fincen-files",
    title="ICIJ FinCEN Files",
    kind="ledger",
    source="fincen_files",
    description=(
        "REAL. Flows between banks that suspicious activity reports name, each the sum of a range "
        "of dates; 35.7 billion US dollars, 2000 to 2017."
    ),
    labels="None on rows: all were reported, so there are positives only.",
    use="Corridors and correspondent banks in real reports.",
    not_for=(
        "Detectors with windows of days, and metrics: rows are sums over months, and none is "
        "negative. A report is a suspicion, no finding of guilt."
    ),
    citation="International Consortium of Investigative Journalists, FinCEN Files, 2020.",
    licence="credit ICIJ",
    home="https://www.icij.org/investigations/fincen-files/",
    how="download the transactions data",
    files=(
        DatasetFile(
            "transactions",
            ("download_transactions_map.csv",),
            rows=4_507,
            sha256="19ec521e46a376f54a2cc01c1a560ffabe20e8a16cd25e8315c2104d8b410442",
        ),
    ),
    folders=("fincen-files", "fincen_files"),
    is_labelled=False,
    counted="the file itself; its sums equal ICIJ's published totals",
    compared=("Rows, format and hash: with a copy of the file, read whole.",),
    download="https://media.icij.org/uploads/2020/09/download_data_fincen_files.zip",
    unverified=(
        "Address of the archive: as others cite it. The hash is of a copy of the file in it.",
    ),
)

_ALL = (
    _amlworld("HI-Small", 5_078_345, 515_088, 5_177),
    _amlworld("LI-Small", 6_924_049, 705_907, None),
    _amlworld("HI-Medium", 31_898_238, 2_077_023, None),
    _amlworld("LI-Medium", 31_251_483, 2_032_095, None),
    _amlworld("HI-Large", 179_702_229, 2_116_168, None),
    _amlworld("LI-Large", 176_066_557, 2_070_980, None),
    _AMLSIM,
    _AMLGENTEX,
    _TIDE,
    _SAML_D,
    _SYNTHAML,
    _ELLIPTIC,
    _PAYSIM,
    _OCCRP,
    _FINCEN,
)

CARDS: Mapping[str, Card] = MappingProxyType({card.name: card for card in _ALL})
"""Every public data set that can be read by name."""
