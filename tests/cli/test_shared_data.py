"""The whole job on the shared data: every row accounted for, the same by any way in."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow

# file, rows, permutations: in a ledger of few accounts, three show too little for a referral
LEDGERS = {
    "occrp": ("occrp_azerbaijani_laundromat/occrp_azerbaijani_laundromat.csv", 16_940, 9),
    "fincen_files": ("fincen_files/download_transactions_map.csv", 4_507, 9),
    "tide": ("tide/transactions.csv.gz", 337_343, 3),
    "amlsim": ("amlsim/transactions.csv.gz", 407_408, 3),
}


@pytest.mark.parametrize("source", LEDGERS)
def test_the_whole_job_accounts_for_every_row(call, shared_data, tmp_path, source):
    path, rows, permutations = LEDGERS[source]
    done = call("score", shared_data / path, "--source", source, "--out", tmp_path,
                "--permutations", permutations)  # fmt: skip
    told = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    reading = told["reading"]
    assert done.exit_code == (4 if told["incomplete"] else 0), done.output
    assert reading["rows_read"] == rows
    assert rows == reading["transactions"] + reading["mirrors_collapsed"] + reading["rejects"]
    assert told["counts"]["referrals"] > 0
    assert (tmp_path / "report.html").stat().st_size > 1_000_000
    if source == "tide":
        assert [i["name"] for i in told["inputs"]] == [
            "transactions.csv.gz",
            "nodes.csv",
            "ownership.csv",
        ]


def test_generic_does_the_same_job(call, shared_data, tmp_path):
    path, rows, _ = LEDGERS["amlsim"]
    mapped = ("executed_at=tran_timestamp,originator=orig_acct,beneficiary=bene_acct,"
              "amount=base_amt,currency==XXX")  # fmt: skip
    done = call("detect", shared_data / path, "--columns", mapped, "--out", tmp_path,
                "--detectors", "pass_through")  # fmt: skip
    told = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert done.exit_code in (0, 4), done.output
    assert told["reading"]["rows_read"] == rows
    assert told["reading"]["rejects"] == 0
    assert told["counts"]["findings"] > 0
