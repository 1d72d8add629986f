"""The page in a real browser: headless Chromium, driven by a script put into a copy of the page.

Needs nothing but a Chromium on PATH (on Debian: `apt-get install chromium`).
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from xborder_aml.report import render_report

pytestmark = pytest.mark.browser

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

WATCH, READER = (
    Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("watch.js", "reader.js")
)


def browse(page: str, folder: Path) -> dict[str, Any]:
    """Open a page, act on it, and return what was seen and what the browser logged."""
    assert CHROMIUM is not None
    head, tail = page.index("<meta charset"), page.rindex("</body>")
    watch, reader = f"<script>{WATCH}</script>", f"<script>{READER}</script>"
    driven = page[:head] + watch + page[head:tail] + reader + page[tail:]
    (folder / "page.html").write_text(driven, encoding="utf-8")
    ran = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder / 'profile'}",  # else it joins a Chromium that already runs
            "--window-size=1400,1000",
            "--virtual-time-budget=60000",
            "--enable-logging=stderr",
            "--dump-dom",
            (folder / "page.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=300,
        check=True,
    )
    note = re.search(r'<pre id="seen">(.*?)</pre>', ran.stdout, re.DOTALL)
    assert note is not None, f"the driver did not finish:\n{ran.stderr[-2000:]}"
    seen: dict[str, Any] = json.loads(html.unescape(note[1]))
    seen["console"] = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    return seen


@pytest.fixture(scope="module")
def seen(made_up: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a reader of the made-up ledger's page sees."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH; on Debian, apt-get install chromium")
    return browse(render_report(**made_up), tmp_path_factory.mktemp("browser"))


def test_it_draws_every_figure_without_a_complaint(seen: dict[str, Any]) -> None:
    assert seen["complaints"] == []
    assert seen["console"] == []
    assert seen["undrawn"] == []
    assert seen["figures"] >= 12


def test_the_table_sorts_by_number_and_by_text(
    seen: dict[str, Any], made_up: dict[str, Any]
) -> None:
    (first, falling), (second, rising) = seen["stake"]
    assert (first, second) == ("descending", "ascending")
    stakes = [int(v) for v in falling]
    assert stakes == sorted(stakes, reverse=True)
    assert len(set(stakes)) > 20
    assert [int(v) for v in rising] == sorted(stakes)
    ranks = [int(v) for v in seen["rank"]]
    assert ranks == sorted(ranks)
    order, accounts = seen["account"]
    assert order == "ascending"
    assert accounts == sorted(accounts)
    assert accounts != sorted(accounts, reverse=True)


def test_a_row_opens_its_evidence(seen: dict[str, Any], made_up: dict[str, Any]) -> None:
    assert seen["focused"]
    assert seen["expanded"] == "true"
    assert seen["follows"]
    scores = made_up["scores"].rows(named=True)
    (score,) = (s for s in scores if seen["account_opened"].startswith(s["account"]))
    assert {f["id"] for f in seen["findings"]} == set(score["finding_ids"])
    evidence = made_up["evidence"]
    for finding in seen["findings"]:
        own = evidence.filter(finding_id=finding["id"]).sort("position")
        assert [int(row[0]) for row in finding["rows"]] == own["transaction_id"].to_list()
        assert [row[7] for row in finding["rows"]] == own["role"].to_list()
    assert seen["closed"] == ["false", False]


def test_an_open_row_moves_with_its_evidence(seen: dict[str, Any]) -> None:
    assert seen["sorted_while_open"] == "descending"
    assert seen["stays_below"]
    assert seen["sorts"] == 9


def test_the_filter_wants_every_word(seen: dict[str, Any]) -> None:
    assert 0 < len(seen["filtered"]) < len(seen["rank"])
    assert all("lv" in row and "gb" in row for row in seen["filtered"])
    assert seen["filter_told"] == f"{len(seen['filtered'])} of {len(seen['rank'])} accounts"


def test_hostile_names_are_text_in_tables_and_pictures(
    seen: dict[str, Any], made_up: dict[str, Any]
) -> None:
    assert seen["markup"] == 0
    assert seen["plain_cells"] > 500
    case = made_up["referrals"].sort("rank").row(0, named=True)
    (label,) = (text for text in seen["labels"] if case["account"] in text)
    assert case["holder"][:8] in label
    assert "&" not in label.replace("&'", "")
    assert "Transaction" in seen["hover"]


def test_a_case_links_to_its_row(seen: dict[str, Any]) -> None:
    assert seen["link_opened"] == "true"
