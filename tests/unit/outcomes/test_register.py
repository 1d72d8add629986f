"""A register is only added to, refuses what cannot be, and adds up."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.exchange.chain import chain
from xborder_aml.outcomes.events import STEPS, Correction, Outcome, entry_of, outcome_of
from xborder_aml.outcomes.replay import current, replay
from xborder_aml.outcomes.tables import TABLES


def row(event, day, amount=None, *, referral="R-1", channel="EGMONT", currency="EUR", **more):
    if event == "sent":
        more.setdefault("requested", "LV")
    return Outcome(
        event=event, referral=referral, channel=channel, on=date(2024, 5, day),
        amount_minor=amount, currency=currency if amount else None, **more,
    )  # fmt: skip


WHOLE = [
    row("sent", 1, 1_000),
    row("answered", 2),
    row("frozen", 4, 300),
    row("frozen", 6, 100),
    row("confiscated", 20, 200),
    row("returned", 25, 50),
    row("refused", 26, reason="no dual criminality"),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outcomes.jsonl"


def fill(path, rows) -> xb.OutcomeRegister:
    register = xb.OutcomeRegister(path)
    for outcome in rows:
        register.add(outcome)
    return register


# -- adding ----------------------------------------------------------------------------------------


def test_what_is_added_is_read_back(path):
    register = fill(path, WHOLE)
    again = xb.OutcomeRegister(path)
    assert again.rows == tuple(WHOLE)
    assert again.head == register.head
    assert {p.name for p in path.parent.iterdir()} == {path.name, f".{path.name}.lock"}


def test_a_request_tells_how_far_it_has_come(path):
    (told,) = fill(path, WHOLE).requests.to_dicts()
    assert told["state"] == "returned"
    assert [told[f"{step}_minor"] for step in ("requested", *STEPS)] == [1_000, 400, 200, 50]
    assert (told["answered_on"], told["refused_on"]) == (date(2024, 5, 2), date(2024, 5, 26))
    assert told["days_to_freeze"] == 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row("frozen", 1, 5)], "it was not sent by this channel"),
        ([WHOLE[0], row("frozen", 2, 5, channel="CARIN")], "it was not sent by this channel"),
        ([WHOLE[0], row("frozen", 4, 1_001)], "1001 minor units of EUR would be frozen"),
        ([WHOLE[0], row("frozen", 4, 600), row("frozen", 5, 401)], "1001 minor units"),
        ([WHOLE[0], row("confiscated", 4, 5)], "5 minor units of EUR would be confiscated, and 0"),
        ([*WHOLE[:3], row("confiscated", 5, 301)], "and 300 are frozen"),
        ([*WHOLE[:3], row("confiscated", 3, 5)], "before the money was frozen, on 2024-05-04"),
        ([*WHOLE[:5], row("returned", 28, 201)], "and 200 are confiscated"),
        ([WHOLE[0], row("frozen", 4, 5, currency="USD")], "nothing was asked for in USD"),
        ([row("sent", 3, 5), row("answered", 2)], "2024-05-02 is before it was sent"),
        ([WHOLE[0], WHOLE[1], WHOLE[1]], "answered on 2024-05-02 already"),
        ([WHOLE[0], WHOLE[6], WHOLE[6]], "refused on 2024-05-26 already"),
        ([WHOLE[0], WHOLE[6], row("frozen", 27, 5)], "it was refused on 2024-05-26, before"),
        ([WHOLE[0], WHOLE[0]], "sent for EUR already"),
        ([WHOLE[0], row("sent", 1, 5, currency="USD", requested="EE")], "another jurisdiction"),
        ([row("sent", 1, 9, steps=("returned",)), row("frozen", 2, 5)], "steps are returned"),
    ],
)
def test_what_cannot_follow_is_refused_and_not_written(path, rows, message):
    register = fill(path, rows[:-1])
    before = path.read_bytes() if path.exists() else b""
    with pytest.raises(xb.DataError, match=message) as told:
        register.add(rows[-1])
    assert f"row {len(rows) - 1}, {rows[-1].event} of referral 'R-1'" in str(told.value)
    assert (path.read_bytes() if path.exists() else b"") == before
    assert xb.OutcomeRegister(path).rows == tuple(rows[:-1])


def test_a_channel_that_only_gives_back_needs_no_freeze(path):
    register = fill(path, [row("sent", 1, 9, steps=("returned",)), row("returned", 2, 9)])
    assert register.requests["state"].to_list() == ["returned"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"event": "froze"}, "did you mean 'frozen'"),
        ({"event": "sent"}, "needs amount_minor"),
        ({"event": "refused"}, "needs reason"),
        ({"event": "answered", "amount_minor": 5}, "has no amount_minor, and got 5"),
        ({"event": "frozen", "amount_minor": 0, "currency": "EUR"}, "above 0"),
        ({"event": "frozen", "amount_minor": 2**59, "currency": "EUR"}, "below 2\\*\\*59"),
        ({"event": "frozen", "amount_minor": 1.5, "currency": "EUR"}, "whole number"),
        ({"event": "frozen", "amount_minor": 5, "currency": "EURO"}, "no ISO 4217"),
        (
            {"event": "sent", "amount_minor": 5, "currency": "EUR", "requested": "XX"},
            "no ISO 3166-1",
        ),
        (
            {"event": "sent", "amount_minor": 5, "currency": "EUR", "requested": "LV",
             "steps": ("returned", "frozen")},
            "in that order",
        ),
        ({"event": "answered", "referral": " "}, "referral is empty"),
    ],
)  # fmt: skip
def test_a_row_that_is_none_says_why(values, message):
    with pytest.raises(xb.ParameterError, match=message):
        Outcome(**{"referral": "R", "channel": "C", "on": date(2024, 5, 1), **values})


# -- correcting ------------------------------------------------------------------------------------


def test_a_correction_is_a_row_and_the_old_one_stays(path):
    register = fill(path, WHOLE[:3])
    n = register.correct(2, row("frozen", 5, 250), reason="misread", on=date(2024, 6, 1))
    assert n == 3
    assert register.requests["frozen_minor"].to_list() == [250]
    told = register.history.select("event", "amount_minor", "corrects", "is_current").rows()
    assert told == [
        ("sent", 1_000, None, True),
        ("answered", None, None, True),
        ("frozen", 300, None, False),
        ("corrected", 250, 2, True),
    ]
    register.correct(2, None, reason="another referral's", on=date(2024, 6, 2))
    assert register.requests["frozen_minor"].to_list() == [0]
    assert register.history["is_current"].to_list() == [True, True, False, False, True]


def test_a_correction_that_breaks_what_follows_is_refused(path):
    register = fill(path, WHOLE)
    on = date(2024, 6, 1)
    with pytest.raises(xb.DataError, match="row 4, confiscated"):
        register.correct(2, row("frozen", 4, 50), reason="misread", on=on)
    for wrong in (99, -1):
        with pytest.raises(xb.DataError, match="no outcome before it"):
            register.correct(wrong, None, reason="misread", on=on)
    register.correct(1, None, reason="misread", on=on)
    with pytest.raises(xb.DataError, match="no outcome before it"):
        register.correct(7, None, reason="a correction cannot be corrected", on=on)
    with pytest.raises(xb.ParameterError, match="needs a reason"):
        register.correct(0, None, reason=" ", on=on)


# -- the file --------------------------------------------------------------------------------------


def test_every_changed_byte_is_caught(path):
    register = fill(path, WHOLE[:2])
    whole = path.read_bytes()
    for place in range(len(whole)):
        bad = bytearray(whole)
        bad[place] ^= 1 << (place % 8)
        path.write_bytes(bad)
        with pytest.raises(xb.DataError, match=r"outcomes\.jsonl"):
            xb.OutcomeRegister(path, head=register.head)


def test_lines_taken_off_the_end_are_caught_by_a_kept_head(path):
    register = fill(path, WHOLE[:3])
    kept = register.head
    register.add(WHOLE[3])
    assert len(xb.OutcomeRegister(path, head=kept).rows) == 4
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert len(xb.OutcomeRegister(path).rows) == 2
    with pytest.raises(xb.DataError, match="lines were taken off its end"):
        xb.OutcomeRegister(path, head=kept)


def test_a_chain_of_something_else_is_no_register(path):
    for entry in ({"event": "sent"}, {"on": 7}, {"on": "2024-05-01", "event": "sent", "x": 1},
                  {"event": "corrected", "on": "2024-05-01", "row": 0, "reason": "r",
                   "becomes": {"event": "corrected", "on": "2024-05-01", "row": 0, "reason": "r",
                               "becomes": None}}):  # fmt: skip
        path.write_bytes(chain([entry]))
        with pytest.raises(xb.DataError, match=r"row 0 of outcomes\.jsonl"):
            xb.OutcomeRegister(path)


HOLDS = """
import sys, pathlib
from xborder_aml._files import locked
with locked(pathlib.Path(sys.argv[1]), "it"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_add_at_once_and_a_dead_one_keeps_none_out(path):
    register = fill(path, WHOLE[:1])
    other = xb.OutcomeRegister(path)
    lock = path.with_name(f".{path.name}.lock")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(xb.ParameterError, match=rf"process {holder.pid}.*wait until it ends"):
            register.add(WHOLE[1])
        holder.kill()
    assert lock.is_file()  # it died without a word, and its lock with it
    register.add(WHOLE[1])
    assert other.add(WHOLE[2]) == 2  # it sees what was added meanwhile


OUTCOMES = st.builds(
    row,
    st.sampled_from(["frozen", "confiscated", "returned"]),
    st.integers(1, 28),
    st.integers(1, 400),
    referral=st.sampled_from(["R-1", "R-2"]),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(OUTCOMES, max_size=12))
def test_money_never_grows_on_its_way(drawn):
    """Rows that cannot follow are left out one by one; what is left adds up."""
    kept = [row("sent", 1, 1_000), row("sent", 1, 500, referral="R-2")]
    for outcome in drawn:
        try:
            replay(current([*kept, outcome]))
        except xb.DataError:
            continue
        kept.append(outcome)
    for request in replay(current(kept)):
        money = request.money["EUR"]
        amounts = [money.get(name, 0) for name in ("requested", *STEPS)]
        assert amounts == sorted(amounts, reverse=True)
        mine = [r for r in kept if r.referral == request.referral]
        for step in STEPS:
            assert money.get(step, 0) == sum(r.amount_minor for r in mine if r.event == step)
    assert [outcome_of(entry_of(r)) for r in kept] == kept


def test_a_correction_is_read_back():
    for becomes in (None, WHOLE[0], WHOLE[6]):
        fix = Correction(row=0, becomes=becomes, reason="r", on=date(2024, 6, 1))
        assert outcome_of(entry_of(fix)) == fix


# -- adding up -------------------------------------------------------------------------------------

MANY = [
    *WHOLE,
    row("sent", 1, 500, currency="USD"),  # the same request, in another currency
    row("sent", 1, 400, referral="R-2"),
    row("refused", 9, referral="R-2", reason="no treaty"),
    row("sent", 3, 600, referral="R-3"),
    row("frozen", 13, 600, referral="R-3"),
    row("sent", 4, 100, referral="R-4"),
    row("sent", 5, 900, referral="R-5", channel="RECALL", requested="EE", steps=("returned",)),
    row("returned", 6, 900, referral="R-5", channel="RECALL"),
]


def test_counts(path):
    register = fill(path, MANY)
    (whole,) = register.counts().to_dicts()
    assert whole == {
        "group": "all", "n_sent": 5, "n_answered": 1, "n_frozen": 2, "n_confiscated": 1,
        "n_returned": 2, "n_refused": 2, "n_pending": 1, "refusal_rate": 0.5,
        "median_days_to_freeze": 6.5,
    }  # fmt: skip
    by_channel = register.counts("channel").rows_by_key("group", named=True, unique=True)
    assert by_channel["EGMONT"]["refusal_rate"] == pytest.approx(2 / 3)
    assert by_channel["RECALL"]["refusal_rate"] == 0
    assert by_channel["RECALL"]["median_days_to_freeze"] is None
    assert register.counts("requested")["group"].to_list() == ["EE", "LV"]
    assert register.counts("year")["group"].to_list() == ["2024"]


def test_money_is_summed_by_currency_and_never_mixed(path):
    register = fill(path, MANY)
    eur, usd = register.money().to_dicts()
    assert (eur["currency"], usd["currency"]) == ("EUR", "USD")
    assert [eur[f"{n}_minor"] for n in ("requested", *STEPS)] == [3_000, 1_000, 200, 950]
    assert eur["frozen_share"] == pytest.approx(1_000 / 2_100)  # the recall freezes nothing
    assert eur["confiscated_share"] == pytest.approx(0.2)
    assert (usd["requested_minor"], usd["frozen_share"]) == (500, 0.0)
    assert usd["confiscated_share"] is None
    parts = register.money("channel").group_by("currency").agg(pl.col("requested_minor").sum())
    assert dict(parts.iter_rows()) == {"EUR": 3_000, "USD": 500}


def test_refusals_tell_why(path):
    told = fill(path, MANY).refusals().rows()
    assert told == [("all", "no dual criminality", 1), ("all", "no treaty", 1)]


def test_statistics_name_no_referral(path):
    register = fill(path, MANY)
    for table in (register.counts("channel"), register.money("channel"), register.refusals()):
        assert "referral" not in table.columns


def test_an_empty_register_adds_up_to_nothing(path):
    register = xb.OutcomeRegister(path)
    tables = (register.counts(), register.money(), register.refusals(), register.requests,
              register.history)  # fmt: skip
    assert [table.height for table in tables] == [0] * 5
    assert [table.columns for table in tables] == [table.names for table in TABLES]
    assert "none is recorded" in xb.outcome_figure(register).layout.title.text


def test_another_grouping_is_refused(path):
    with pytest.raises(xb.ParameterError, match="did you mean 'channel'"):
        xb.OutcomeRegister(path).counts("chanel")


# -- the figure ------------------------------------------------------------------------------------


def test_the_figure_draws_each_group_once(path):
    figure = xb.outcome_figure(fill(path, MANY), currency="EUR")
    bars = {trace.name: dict(zip(trace.y, trace.x, strict=True)) for trace in figure.data[:4]}
    egmont, recall = sorted(bars["requested"], key=lambda label: "RECALL" in label)
    assert bars["requested"] == {egmont: 21.0, recall: 9.0}
    assert bars["frozen"] == {egmont: 10.0, recall: 0.0}
    assert sorted(figure.data[4].x) == [3, 10]
    assert list(figure.data[5].x) == [6.5]
    assert "5 requests, 2 refused, 1 without" in figure.layout.title.subtitle.text
    with pytest.raises(xb.ParameterError, match="nothing was asked for in GBP"):
        xb.outcome_figure(fill(path.with_name("o"), MANY), currency="GBP")
