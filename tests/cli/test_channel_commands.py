"""The commands about law and co-operation."""

from __future__ import annotations

import json


def test_channels_prints_a_plan(call):
    done = call("channels", "EE", "LV", "--on", "2025-03-01", "--function", "freeze")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].split()[:3] == ["position", "function", "channel"]
    assert "EU_2018_1805" in done.stdout
    assert "legal basis: Regulation (EU) 2018/1805" in done.stdout
    assert "FFKC_RRP" not in done.stdout
    everything = call("channels", "EE", "LV", "--on", "2025-03-01", "--all").stdout
    assert "why: only the United States can ask by it" in everything


def test_channels_prints_json(call):
    done = call("channels", "ee", "LVA", "--on", "2025-03-01", "--json")
    told = json.loads(done.stdout)
    assert (told["requesting"], told["requested"], told["on"]) == ("EE", "LV", "2025-03-01")
    assert told["channels"][0]["channel"] == "FIUNET"


def test_channels_takes_tables_of_ones_own(call, tmp_path):
    path = tmp_path / "memberships.csv"
    path.write_text(
        "instrument,jurisdiction,source,as_of,status\nEGMONT,KP,dream,2020-01-01,verified\n",
        "utf-8",
    )
    shown = call("channels", "EE", "KP", "--on", "2025-03-01", "--tables", path, "--json")
    egmont = [c for c in json.loads(shown.stdout)["channels"] if c["channel"] == "EGMONT_ESW"]
    assert {c["availability"] for c in egmont} == {"open"}


def test_a_wrong_code_is_wrong_use(call):
    done = call("channels", "EE", "Latvia", "--on", "2025-03-01")
    assert done.exit_code == 2
    assert "'Latvia'" in done.stderr


def test_jurisdictions_check_and_counts(call):
    done = call("jurisdictions", "check", "--as-of", "2026-11-25")
    assert done.exit_code == 0, done.output
    assert "CARIN" in done.stdout
    assert call("jurisdictions", "check").exit_code == 2
    counts = json.loads(call("jurisdictions", "counts", "--json").stdout)
    assert {c["table"] for c in counts} >= {"channels", "memberships", "clocks"}
