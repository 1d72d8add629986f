from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from plotly.offline import get_plotlyjs

from xborder_aml import schema
from xborder_aml.errors import ParameterError, SchemaError
from xborder_aml.innocence import EXPLANATIONS
from xborder_aml.report import Limits, casebook, render_report, write_report

EMPTY: dict[str, Any] = {
    "referrals": schema.REFERRALS.empty(),
    "scores": schema.ACCOUNT_SCORES.empty(),
    "findings": schema.FINDINGS.empty(),
    "evidence": schema.EVIDENCE.empty(),
    "truncations": schema.TRUNCATIONS.empty(),
    "transactions": schema.TRANSACTIONS.empty(),
    "rejects": schema.REJECTS.empty(),
    "manifest": {},
}


class Outline(HTMLParser):
    """Notes the elements, attributes, text and embedded data of a page, as a browser would."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.ids: list[str] = []
        self.data: dict[str, Any] = {}
        self.text = ""
        self._key: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        named = dict(attrs)
        self.ids += [v for k, v in attrs if k == "id" and v]
        is_data = tag == "script" and named.get("type") == "application/json"
        self._key = (named.get("id") or named.get("data-figure")) if is_data else None

    def handle_data(self, data: str) -> None:
        if self._key is not None:
            self.data[self._key] = json.loads(data)
        elif self.tags[-1:] not in (["script"], ["style"]):
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        self._key = None


def outline(**arguments: Any) -> Outline:
    """Render and read a page."""
    return Outline(render_report(**arguments).replace(get_plotlyjs(), ""))


@pytest.fixture(scope="module")
def page(made_up: dict[str, Any]) -> Outline:
    """The page of the made-up ledger."""
    return outline(**made_up, name="<svg onload=alert(4)>")


def test_the_same_tables_give_the_same_bytes(tables: dict[str, Any], tmp_path: Path) -> None:
    shuffled = {
        name: frame.sample(fraction=1, shuffle=True, seed=2)
        if isinstance(frame, pl.DataFrame)
        else frame
        for name, frame in tables.items()
    }
    one = write_report(tmp_path / "one.html", **tables)
    two = write_report(tmp_path / "two.html", **shuffled)
    assert one.read_bytes() == two.read_bytes()


def test_a_page_is_whole_or_absent(
    tables: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.html"
    target.write_text("the old one")

    def refuse(self: Path, other: Path) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(OSError, match="disk full"):
            write_report(target, **EMPTY)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("report.html", "the old one")]
    assert write_report(target, **EMPTY) == target
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_nothing_is_fetched(page: Outline) -> None:
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    links = [v for _, name, v in page.attributes if name in ("href", "src", "action", "srcset")]
    assert all(link and link.startswith("#") for link in links)
    (policy,) = (v for _, k, v in page.attributes if k == "content" and v and "default-src" in v)
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_names_are_text(tables: dict[str, Any], page: Outline) -> None:
    assert page.tags.count("script") == len(page.data) + 2
    assert not {"img", "svg", "i", "b"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    for name in tables["scores"]["holder"].drop_nulls():
        assert name in page.text
    assert "<svg onload=alert(4)>" in page.text


def test_every_id_is_unique_and_every_link_leads_somewhere(page: Outline) -> None:
    assert len(page.ids) == len(set(page.ids))
    links = {v[1:] for _, name, v in page.attributes if name == "href" and v}
    assert links <= set(page.ids)


def test_the_sections_stand_in_order(page: Outline) -> None:
    ids = page.ids
    wanted = ["accounts", "cases", "corridors", "timeline", "truncation", "rejects", "manifest"]
    assert [i for i in ids if i in wanted] == wanted


def test_the_page_says_what_the_score_is_not(page: Outline) -> None:
    text = re.sub(r"\s+", " ", page.text)
    assert "not a probability of guilt" in text
    assert "A person reads them, decides and signs" in text


def test_evidence_is_the_tables_rows(tables: dict[str, Any], page: Outline) -> None:
    data = page.data["evidence"]
    evidence, ledger = tables["evidence"], data["transactions"]
    found = {f["id"]: f for f in data["findings"]}
    assert set(found) == set(tables["findings"]["finding_id"])
    for finding_id, finding in found.items():
        own = evidence.filter(pl.col("finding_id") == finding_id).sort("position")
        rows, roles, parts = zip(*finding["rows"], strict=True)
        assert [ledger["id"][row] for row in rows] == own["transaction_id"].to_list()
        assert list(roles) == own["role"].to_list()
        assert set(parts) == {None}  # every transaction is used whole
    row = tables["transactions"].row(
        by_predicate=pl.col("transaction_id") == ledger["id"][0], named=True
    )
    assert (ledger["from"][0], ledger["to"][0]) == (row["originator"], row["beneficiary"])
    assert ledger["sent"][0] == casebook.money(row["sent_minor"], row["sent_currency"])
    assert ledger["at"][0] == f"{row['executed_at']:%Y-%m-%d %H:%M:%S}"


def test_the_part_of_a_transaction_that_is_used_is_told(tables: dict[str, Any]) -> None:
    part = tables["evidence"].with_columns(
        pl.when(pl.col("amount_minor").is_not_null())
        .then(pl.col("amount_minor") - pl.int_range(pl.len()) % 2)
        .alias("amount_minor")
    )
    data = outline(**{**tables, "evidence": part}).data["evidence"]
    base = dict(tables["transactions"].select("transaction_id", "base_minor").iter_rows())
    for finding in data["findings"]:
        own = part.filter(pl.col("finding_id") == finding["id"]).sort("position")
        told = [
            casebook.money(used, "EUR") if used != base[i] else None
            for i, used in own.select("transaction_id", "amount_minor").iter_rows()
        ]
        assert [piece[2] for piece in finding["rows"]] == told
    assert any(piece[2] for finding in data["findings"] for piece in finding["rows"])


def test_chance_and_innocent_explanations_are_told(page: Outline) -> None:
    told = {f["pattern"]: (f["chance"], f["innocent"]) for f in page.data["evidence"]["findings"]}
    assert told["pass through"] == ("25%", [])
    assert told["round trip"] == (None, [EXPLANATIONS["refund"]])


def test_a_reason_tells_its_p_value_once(tables: dict[str, Any], page: Outline) -> None:
    told = {account["account"]: account["reasons"] for account in page.data["evidence"]["accounts"]}
    for row in tables["scores"].filter(pl.col("n_findings") > 0).iter_rows(named=True):
        if row["account"] in told:
            assert told[row["account"]] == [casebook.plain(reason) for reason in row["reasons"]]


def test_the_picture_of_a_case_holds_its_findings_whole(tables: dict[str, Any]) -> None:
    case = tables["referrals"].sort("rank").head(1)
    own = pl.col("finding_id").is_in(case["finding_ids"].explode().implode())
    whole = tables["evidence"].filter(own)["transaction_id"].n_unique()
    fewer = case.with_columns(pl.col("transaction_ids").list.head(1))
    figure = outline(**{**tables, "referrals": fewer}).text
    assert f"{whole:,} transactions as " in figure


def test_an_accounts_own_findings_come_first_then_the_most_money(
    tables: dict[str, Any], page: Outline
) -> None:
    data = page.data["evidence"]
    findings = tables["findings"].rows_by_key("finding_id", named=True, unique=True)
    for account in data["accounts"]:
        mine = [findings[data["findings"][i]["id"]] for i in account["findings"]]
        order = [(f["account"] != account["account"], -f["amount_in_minor"]) for f in mine]
        assert order == sorted(order)


def test_limits_are_kept_and_told(tables: dict[str, Any]) -> None:
    limits = Limits(accounts=4, findings=2, rows=3, total_rows=10, cases=2)
    page = outline(**tables, limits=limits)
    data = page.data["evidence"]
    assert len(data["accounts"]) == 4
    assert len(data["transactions"]["id"]) == 10
    assert max(len(f["rows"]) for f in data["findings"]) == 3
    assert max(len(a["findings"]) for a in data["accounts"]) == 2
    assert any(a["n_findings"] > 2 for a in data["accounts"])
    assert sum(key.startswith("flow-") for key in page.data) == 2
    text = re.sub(r"\s+", " ", page.text)
    with_findings = tables["scores"].filter(pl.col("n_findings") > 0).height
    assert f"4 of {with_findings} accounts with findings; the page carries the 4 best ranks" in text
    assert "2 of 10 referrals" in text


def test_a_pictured_case_is_listed_however_low_its_rank(tables: dict[str, Any]) -> None:
    page = outline(**tables, limits=Limits(accounts=1, cases=3))
    listed = {a["account"] for a in page.data["evidence"]["accounts"]}
    assert listed == set(tables["referrals"].sort("rank")["account"].head(3))


def test_pictures_share_their_colours(page: Outline) -> None:
    seen: dict[str, set[str]] = {}
    for key, plot in page.data.items():
        if key.startswith("flow-"):
            for label in plot["layout"]["yaxis"]["ticktext"]:
                code, colour = re.search(
                    r"<b>(\w+)</b> <span style=\"color:(#\w+)\"", label
                ).groups()
                seen.setdefault(code, set()).add(colour)
    assert len(seen) == 9
    assert all(len(colours) == 1 for colours in seen.values())


def test_an_accounts_corridors_are_its_own(tables: dict[str, Any]) -> None:
    for row in casebook.accounts(_conforming(tables), Limits()):
        code = row["jurisdiction"]
        assert row["corridors"]
        assert all(code in corridor.split(">") for corridor in row["corridors"])


def test_truncation_and_rejects_are_counted_with_examples(tables: dict[str, Any]) -> None:
    cut = casebook.truncated(tables["truncations"])
    assert [(c["pattern"], c["cap"], c["n"], c["work_left"]) for c in cut] == [
        ("fan_in", "max_fan", 2, 1234),
        ("layering_chain", "max_work", 1, 5_000_000),
    ]
    rejected = casebook.rejected(tables["rejects"])
    assert [(r["rule"], r["n"]) for r in rejected] == [
        ("date_is_known", 2),
        ("amount_is_number", 1),
        ("row_is_unique", 1),
    ]
    assert rejected[0]["examples"] == [(90, "31.02.2014"), (91, None)]
    assert len(rejected[2]["examples"][0][1]) == 60


def test_facts_count_a_transaction_once(tables: dict[str, Any]) -> None:
    again = tables | {"evidence": pl.concat([tables["evidence"], tables["evidence"]])}
    assert casebook.facts(_conforming(again)) == casebook.facts(_conforming(tables))
    told = casebook.facts(_conforming(tables))
    rows = tables["transactions"]
    assert told["all"] == rows["base_minor"].sum()
    assert told["n_unrated"] == rows["base_minor"].null_count() > 0
    assert told["n_found"] == tables["evidence"]["transaction_id"].n_unique()
    crossing = rows.filter(pl.col("originator_jurisdiction") != pl.col("beneficiary_jurisdiction"))
    assert (told["n_crossing"], told["crossing"]) == (crossing.height, crossing["base_minor"].sum())


def test_a_run_that_found_nothing_has_a_page() -> None:
    text = re.sub(r"\s+", " ", outline(**EMPTY).text)
    for sentence in (
        "no transactions",
        "No account has a finding.",
        "No account is proposed for referral.",
        "No search reached a cap",
        "Every row of the source became a transaction.",
    ):
        assert sentence in text


def test_a_ledger_without_rates_has_a_page(tables: dict[str, Any]) -> None:
    rows = tables["transactions"].with_columns(base_minor=pl.lit(None, pl.Int64))
    text = outline(**tables | {"transactions": rows}).text
    assert f"{rows.height} transactions have no rate" in text


def test_another_table_is_refused(tables: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="account_scores table lacks 'rank'"):
        render_report(**tables | {"scores": tables["scores"].drop("rank")})


def test_a_missing_or_unknown_table_is_named(tables: dict[str, Any]) -> None:
    finding = tables.pop("findings")
    with pytest.raises(ParameterError, match="needs the table 'findings'; it is made of"):
        render_report(**tables)
    with pytest.raises(ParameterError, match=r"knows no table 'finding' .did you mean 'findings'"):
        render_report(**tables, finding=finding, findings=finding)


def _conforming(tables: dict[str, Any]) -> casebook.Tables:
    return casebook.Tables.conforming(**{k: v for k, v in tables.items() if k != "manifest"})
