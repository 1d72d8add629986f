"""The case file and the letter: what they print is in the figures, and nothing hides in a name."""

from __future__ import annotations

import html
import re

import pytest

import xborder_aml as xb
from tests.unit.referral.test_proposal import graph_of
from xborder_aml.errors import ParameterError
from xborder_aml.referral.casefile import render_case_file
from xborder_aml.referral.figures import figures_of
from xborder_aml.report.formats import figure_text

HOSTILE = "l</script><script>alert(1)</script>|*"


@pytest.fixture(scope="module")
def referral():
    graph = graph_of([("e1", "l1", 500_000), ("l1", HOSTILE, 400_000), (HOSTILE, "u1", 1_000)])
    return xb.refer(xb.trace(graph, {"<b>claim": [1]}), requesting="EE")


@pytest.fixture(scope="module")
def page(referral):
    return render_case_file(referral)


def test_every_amount_that_is_printed_is_a_figure(referral, page):
    known = {figure["figure"]: figure for figure in figures_of(referral)}
    printed = re.findall(r'<data value="([^"]*)" data-figure="([^"]*)">([^<]*)</data>', page)
    assert len(printed) > 40
    for value, name, text in printed:
        figure = known[html.unescape(name)]
        assert value == str(figure["value"])
        assert text == figure_text(figure["value"], figure["unit"])


def test_a_name_cannot_become_markup(page):
    assert "<script>alert" not in page
    assert "<b>claim" not in page
    assert "&lt;b&gt;claim" in page


def test_the_page_has_every_part(page):
    for part in ("summary", "proposal", "waterfall", "where", "way", "time", "channels", "evidence",
                 "rules", "against", "assumptions", "missing", "check", "sign"):  # fmt: skip
        assert f'<section id="{part}">' in page
    assert "http://" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)


def test_templates_of_closed_channels_are_named_and_not_gone_through(page):
    lacks = page[page.index('<section id="missing">') : page.index('<section id="check">')]
    assert "<h3>UNCAC art. 46(15): " in lacks
    assert "by: FBI financial fraud kill chain" in lacks  # only the United States can ask by it
    assert "<h3>FBI" not in lacks


def test_states_are_named(page):
    assert "<dd>Estonia (EE)</dd>" in page
    assert "accounts in Latvia" in page
    assert "<h3>Latvia (LV)</h3>" in page


def test_only_currencies_of_the_case_are_drawn():
    graph = graph_of([("e1", "l1", 500_000), ("l1", "u1", 400_000)])
    traced = xb.trace(graph, {"a": [1]})
    assert [line.name for line in xb.survival_figure(traced).data] == ["EUR"]
    assert not xb.survival_figure(traced, currencies=["USD"]).data


def test_the_same_referral_gives_the_same_bytes(referral, page, tmp_path):
    path = xb.write_case_file(tmp_path / "case.html", referral)
    assert path.read_text("utf-8") == page
    assert list(tmp_path.iterdir()) == [path]


def test_the_letter_tells_what_it_knows_and_marks_what_it_does_not(referral):
    letter = xb.letter_of_request(referral, "LV")
    held = referral.requests.filter(jurisdiction="LV")["traced_minor"][0]
    assert f"{held / 100:,.2f} EUR" in letter
    assert "**[MISSING: The authority that makes the request, and its functions.]**" in letter
    assert "<script>" not in letter.replace("\\<", "")
    page = xb.letter_of_request(referral, "LV", form="html")
    assert "<mark>[MISSING: " in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("place", "form", "words"),
    [("DE", "html", "no claimed money is held in 'DE'"), ("LV", "pdf", "is unknown")],
)
def test_a_letter_that_cannot_be_written(referral, place, form, words):
    with pytest.raises(ParameterError, match=words):
        xb.letter_of_request(referral, place, form=form)


def test_a_case_file_is_of_one_case():
    graph = graph_of([("e1", "l1", 10), ("e2", "l2", 10)])
    both = xb.refer(xb.trace(graph, [1, 2]), requesting="EE")
    with pytest.raises(ParameterError, match="of one case"):
        render_case_file(both)
    with pytest.raises(ParameterError, match="there is no case '3'"):
        both.of_case("3")
    assert "l1" in render_case_file(both.of_case("1"))


def test_money_that_nobody_holds_any_more_has_a_case_file_too():
    graph = graph_of([("e1", "l1", 10), ("l1", "cash", 10)], instrument=["wire", "cash"])
    gone = xb.refer(xb.trace(graph, [1]), requesting="EE")
    assert gone.requests.is_empty()
    page = render_case_file(gone)
    assert "left by cash" in page
