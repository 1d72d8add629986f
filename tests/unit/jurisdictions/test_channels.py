"""Plans of channels: order, dates, opt-outs, what is not known, and the user's own tables."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.jurisdictions import JURISDICTIONS
from xborder_aml.jurisdictions.channels import AVAILABILITY, CHANNELS
from xborder_aml.jurisdictions.facts import FUNCTIONS, KINDS, PREDICATES, STATUSES
from xborder_aml.jurisdictions.membership import Answer, standing
from xborder_aml.jurisdictions.names import NAMES
from xborder_aml.jurisdictions.partial import partial_date

TABLES = xb.jurisdiction_tables()
PACKAGED = "channels clocks confiscation eu instruments memberships thresholds value_rules".split()


def line(plan: xb.ChannelPlan, channel: str, function: str) -> dict:
    found = plan.table.filter(channel=channel, function=function)
    assert found.height == 1
    return found.row(0, named=True)


def answer(instrument: str, code: str, day: str, tables=TABLES) -> str:
    return str(standing(tables, instrument, code, date.fromisoformat(day)).answer)


# -- the tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PACKAGED)
def test_every_packaged_row_names_its_source_its_day_and_its_status(name: str) -> None:
    text = files("xborder_aml.jurisdictions").joinpath(f"{name}.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert rows
    for row in rows:
        assert row["source"].strip()
        assert row["status"] in STATUSES
        assert date(2010, 1, 1) < date.fromisoformat(row["as_of"]) <= date(2026, 11, 25)
        for column in ("since", "until"):
            if row.get(column):
                assert partial_date(row[column])


@pytest.mark.parametrize("name", PACKAGED)
def test_no_row_is_verified_against_a_source_that_nobody_read(name: str) -> None:
    text = files("xborder_aml.jurisdictions").joinpath(f"{name}.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        if row["status"] == "verified":
            told = row["source"].lower()
            assert not any(
                w in told for w in ("not looked up", "recalled", "as reported", "memory")
            )
            assert told.strip() not in ("", "fatf", "press"), row  # a body is no document
            assert date.fromisoformat(row["as_of"])


def test_who_ratified_is_no_signatory_any_more() -> None:
    # The signature would make the years before the ratification unknown.
    of = {role: {(r.instrument, r.jurisdiction) for r in TABLES.memberships if r.role == role}
          for role in ("party", "signatory")}  # fmt: skip
    assert not of["party"] & of["signatory"]


def test_no_jurisdiction_is_told_of_twice_for_one_span() -> None:
    # A recalled row may stand beside a verified one that was written down later.
    keys = [(r.instrument, r.jurisdiction, str(r.since), r.status) for r in TABLES.memberships]
    assert len(keys) == len(set(keys))


def test_rows_that_replace_one_another_do_not_contradict() -> None:
    for row in TABLES.memberships:
        if row.since is not None and row.until is not None:
            assert row.since.first <= row.until.last, row
    for channel in TABLES.channels:
        assert channel.kind in KINDS
        assert channel.functions == tuple(sorted(channel.functions, key=FUNCTIONS.index))


def test_memberships_tell_statuses_apart() -> None:
    statuses = {row.status for row in TABLES.memberships}
    assert statuses == set(STATUSES)


# -- memberships -----------------------------------------------------------------------------------


def test_a_treaty_binds_from_its_entry_into_force_for_the_party() -> None:
    # Estonia acceded to UNCAC on 2010-04-12: in force thirty days later.
    assert answer("UNCAC", "EE", "2010-05-11") == "no"
    assert answer("UNCAC", "EE", "2010-05-12") == "yes"
    # Kenya ratified before UNCAC was in force at all.
    assert answer("UNCAC", "KE", "2005-12-13") == "no"
    assert answer("UNCAC", "KE", "2005-12-14") == "yes"
    # Andorra ratified UNTOC on 2011-09-22, Saint Kitts and Nevis acceded to UNCAC on 2024-08-06.
    assert answer("UNTOC", "AD", "2011-10-21") == "no"
    assert answer("UNTOC", "AD", "2011-10-22") == "yes"
    assert answer("UNCAC", "KN", "2024-09-04") == "no"
    assert answer("UNCAC", "KN", "2024-09-05") == "yes"


DAYS = {"UNTOC": 30, "UNCAC": 30, "ICSFT_1999": 30, "VIENNA_1988": 90}
"""UNTOC art. 38(2), UNCAC 68(2), ICSFT 26(2), the convention of 1988 29(2)."""
DEPOSITS = """
    UNTOC AO 2013-04-01, UNTOC AZ 2003-10-30, UNTOC BH 2004-06-07, UNTOC KE 2004-06-16,
    UNTOC DE 2006-06-14, UNTOC JP 2017-07-11, UNCAC AO 2006-08-29, UNCAC BH 2010-10-05,
    ICSFT_1999 KE 2003-06-27, ICSFT_1999 DE 2004-06-17, ICSFT_1999 AO 2011-06-09,
    VIENNA_1988 KE 1992-10-19, VIENNA_1988 DE 1993-11-30, VIENNA_1988 AO 2005-10-26
""".split(",")


@pytest.mark.parametrize("deposit", DEPOSITS)
def test_days_from_the_deposit_to_the_entry_into_force(deposit: str) -> None:
    instrument, code, day = deposit.split()
    begins = date.fromisoformat(day) + timedelta(DAYS[instrument])
    assert answer(instrument, code, str(begins - timedelta(1))) == "no"
    assert answer(instrument, code, str(begins)) == "yes"


def test_a_signature_is_no_ratification_and_later_it_is_not_known() -> None:
    assert answer("UNCAC", "SY", "2014-01-01") == "no"
    assert answer("UNCAC", "SY", "2020-01-01") == "unknown"


def test_no_row_is_a_no_only_where_the_list_is_whole_and_for_states() -> None:
    assert answer("UNCAC", "SM", "2014-06-03") == "no"
    assert answer("UNCAC", "SM", "2014-06-04") == "unknown"
    assert answer("UNCAC", "HK", "2014-06-03") == "unknown"  # bound through China, or not
    assert answer("EGMONT", "KP", "2026-11-25") == "unknown"


def test_a_start_that_is_not_known_is_not_known_before_the_row_was_written() -> None:
    assert answer("EGMONT", "EE", "2024-12-30") == "unknown"
    assert answer("EGMONT", "EE", "2024-12-31") == "yes"


def test_a_month_without_a_day_is_not_known_within_it() -> None:
    assert answer("FATF_GREY", "NA", "2024-01-31") == "no"
    assert answer("FATF_GREY", "NA", "2024-02-15") == "unknown"
    assert answer("FATF_GREY", "NA", "2024-02-29") == "yes"
    assert answer("FATF_GREY", "NA", "2026-06-18") == "yes"
    assert answer("FATF_GREY", "NA", "2026-06-19") == "no"


def test_of_a_bound_only_one_side_is_known() -> None:
    assert answer("FATF_GREY", "BG", "2024-06-27") == "unknown"  # on the list of that plenary
    assert answer("FATF_GREY", "BG", "2024-06-28") == "yes"
    assert answer("FATF_GREY", "BG", "1960-01-01") == "unknown"
    pilot = [
        line(xb.channels("IN", "IT", on=day), "INTERPOL_SILVER", "trace")
        for day in ("2025-01-09", "2025-11-30", "2025-12-01")
    ]
    assert [row["availability"] for row in pilot] == ["closed", "open", "unknown"]
    assert "2025-01-10 to 2025-11-30 or later" in pilot[2]["why"]


GREY = {
    "2024-06-28": "BG BF CM HR CD HT KE ML MC MZ NA NG PH SN ZA SS SY TZ VE VN YE",
    "2024-10-25": "DZ AO BG BF CM CI HR CD HT KE LB ML MC MZ NA NG PH ZA SS SY TZ VE VN YE",
    "2025-02-21": "DZ AO BG BF CM CI HR CD HT KE LA LB ML MC MZ NA NP NG ZA SS SY TZ VE VN YE",
    "2025-10-24": "DZ AO BO BG CM CI CD HT KE LA LB MC NA NP SS SY VE VN VG YE",
    "2026-06-19": "AO BO BA BG CM CI CD HT IQ KE KW LA LB MC NP PG SS SY VE VN VG YE",
}


@pytest.mark.parametrize("day", GREY)
def test_the_list_of_a_plenary_is_whole(day: str) -> None:
    on_it = {code for code in JURISDICTIONS if answer("FATF_GREY", code, day) == "yes"}
    assert on_it == set(GREY[day].split())


def test_a_member_that_was_suspended_may_be_back_after_the_day_of_the_row() -> None:
    # egmontgroup.org, statement of 2023-10-18; that it lasted is known up to 2023-11-30.
    days = ("2002-05-31", "2023-10-17", "2023-10-18", "2023-11-30", "2023-12-01")
    assert [answer("EGMONT", "RU", d) for d in days] == ["no", "yes", "no", "no", "unknown"]
    asked = line(xb.channels("US", "RU", on="2026-11-25"), "EGMONT_ESW", "trace")
    assert asked["availability"] == "unknown"
    assert "membership suspended" in asked["why"]


def test_the_units_of_the_egmont_group_are_as_many_as_it_says() -> None:
    known = [answer("EGMONT", code, "2026-07-17") for code in JURISDICTIONS]
    assert known.count("yes") == 181  # 182, of which one is suspended
    assert known.count("no") == 0


def test_of_two_rows_that_say_yes_the_better_known_is_told() -> None:
    later = standing(TABLES, "EGMONT", "EE", date(2026, 7, 17))
    before = standing(TABLES, "EGMONT", "EE", date(2026, 7, 16))
    assert (before.status, later.status) == ("recalled", "verified")


def test_a_member_that_left_is_a_member_until_its_last_day() -> None:
    assert answer("EU", "GB", "2020-12-31") == "yes"
    assert answer("EU", "GB", "2021-01-01") == "no"


@pytest.mark.parametrize("code", ["DK", "IE"])
def test_opt_outs_are_a_no_although_the_state_is_in_the_union(code: str) -> None:
    assert answer("EU", code, "2025-01-01") == "yes"
    assert answer("EU_2018_1805", code, "2025-01-01") == "no"
    plan = xb.channels("EE", code, on="2025-01-01", function="freeze")
    closed = line(plan, "EU_2018_1805", "freeze")
    assert closed["availability"] == "closed"
    name = {"DK": "Denmark", "IE": "Ireland"}[code]
    assert f"{name} was not bound by Regulation (EU) 2018/1805 on 2025-01-01" in closed["why"]
    assert "Protocol" in closed["why"]
    assert closed["missing"] == []


@given(
    instrument=st.sampled_from([row.instrument for row in TABLES.instruments]),
    code=st.sampled_from(JURISDICTIONS),
    day=st.dates(date(1950, 1, 1), date(2040, 1, 1)),
)
def test_a_no_always_has_a_row_to_show(instrument: str, code: str, day: date) -> None:
    found = standing(TABLES, instrument, code, day)
    if found.answer is not Answer.UNKNOWN:
        assert found.fact is not None
        assert found.status != "unknown"


# -- plans -----------------------------------------------------------------------------------------


def test_lines_are_ordered_by_function_then_by_how_open_they_are() -> None:
    table = xb.channels("EE", "US", on="2025-06-01", predicate="corruption").table
    assert table.schema == CHANNELS.dtypes
    order = [
        (FUNCTIONS.index(f), AVAILABILITY.index(a))
        for f, a in table.select("function", "availability").iter_rows()
    ]
    assert order == sorted(order)
    assert table["position"].to_list() == list(range(1, table.height + 1))
    assert not table.select("channel", "function").is_duplicated().any()


def test_the_fast_and_light_channel_goes_before_the_judge() -> None:
    plan = xb.channels("EE", "LV", on="2025-03-01", predicate="corruption")
    assert plan.first("trace")["channel"] == "FIUNET"
    assert plan.first("freeze")["kind"] == "ARO"
    tried = plan.table.filter(function="confiscate")["channel"].to_list()
    assert tried.index("EU_2018_1805") < tried.index("MLA_UNCAC")
    assert tried.index("MLA_UNCAC") < tried.index("LETTERS_ROGATORY")


def test_clocks_and_value_rules_stand_beside_their_channel() -> None:
    plan = xb.channels("EE", "LV", on="2025-03-01")
    assert line(plan, "EU_2018_1805", "freeze")["deadline_hours"] == 48
    assert line(plan, "EU_2018_1805", "confiscate")["deadline_hours"] == 45 * 24
    assert "10,000 EUR" in line(plan, "EU_2018_1805", "return")["value_rule"]
    us = line(xb.channels("US", "LV", on="2025-03-01", predicate="fraud"), "FFKC_RRP", "stop")
    assert us["deadline_hours"] == 72
    assert us["value_rule"].startswith(">= 50,000 USD")


def test_a_clock_of_a_law_that_is_not_in_force_yet_does_not_run() -> None:
    before = line(xb.channels("EE", "LV", on="2027-07-09"), "FIUNET", "stop")
    after = line(xb.channels("EE", "LV", on="2027-07-10"), "FIUNET", "stop")
    assert before["deadline"] is None
    assert "5 working days" in after["deadline"]
    assert "10 working days" in after["deadline"]


def test_a_time_limit_runs_only_between_those_whom_its_law_binds() -> None:
    def told(asked: str, channel: str, function: str, on: str) -> str | None:
        return line(xb.channels("EE", asked, on=on), channel, function)["deadline"]

    assert "8 hours" in told("LV", "SIENA", "trace", "2026-11-25")
    assert told("DK", "SIENA", "trace", "2026-11-25") is None  # Protocol 22
    perhaps = told("IE", "SIENA", "trace", "2026-11-25")
    assert "if Ireland is bound by Directive (EU) 2024/1260" in perhaps
    assert "working days" in told("DK", "FIUNET", "stop", "2027-07-10")
    assert told("NO", "FIUNET", "stop", "2027-07-10") is None


def test_a_channel_is_closed_before_it_was_there() -> None:
    early = line(xb.channels("EE", "LV", on="2020-12-18"), "EU_2018_1805", "freeze")
    assert early["availability"] == "closed"
    assert "2020-12-19" in early["why"]


def test_channels_for_some_offences_need_to_know_the_offence() -> None:
    def state(predicate: str | None) -> str:
        plan = xb.channels("EE", "LV", on="2025-03-01", predicate=predicate)
        return line(plan, "MLA_UNCAC", "freeze")["availability"]

    assert state("corruption") == "open"
    assert state("drugs") == "closed"
    assert state(None) == "unknown"


def test_sides_that_differ_are_told_apart() -> None:
    there = line(xb.channels("US", "LV", on="2025-03-01"), "FFKC_RRP", "stop")
    back = line(xb.channels("LV", "US", on="2025-03-01"), "FFKC_RRP", "stop")
    assert there["requesting_status"] == there["requested_status"] == "yes"
    assert back["availability"] == "closed"
    assert line(xb.channels("LV", "US", on="2025-03-01"), "US_981K", "freeze")["availability"] == (
        "open"
    )


def test_without_a_treaty_a_state_may_or_may_not_act() -> None:
    letters = line(xb.channels("EE", "LV", on="2025-03-01"), "LETTERS_ROGATORY", "freeze")
    assert letters["availability"] == "unknown"
    assert "find out whether Latvia is willing to act without a treaty" in letters["missing"]


def test_what_is_not_known_is_asked_for_and_not_closed() -> None:
    unknown = line(xb.channels("EE", "XK", on="2025-03-01", predicate="corruption"), "MLA_UNCAC",
                   "freeze")  # fmt: skip
    assert unknown["availability"] == "unknown"
    assert unknown["requested_status"] == "unknown"
    assert "find out whether Kosovo is a party to UNCAC" in unknown["missing"]
    assert unknown["status"] == "unknown"


def test_a_stale_row_is_told_and_to_be_confirmed() -> None:
    carin = line(xb.channels("EE", "LV", on="2025-03-01"), "CARIN", "trace")
    assert carin["status"] == "stale"
    assert carin["as_of"] == date(2021, 12, 31)
    assert "confirm that Estonia is in CARIN (by a source of 2021-12-31)" in carin["missing"]


@pytest.mark.parametrize(
    ("requesting", "requested", "on", "open_", "closed"),
    [
        ("DE", "GB", "2023-01-01", {"EU_UK_TCA_TO_GB"}, {"EU_UK_TCA_FROM_GB", "EIO"}),
        ("GB", "DE", "2023-01-01", {"EU_UK_TCA_FROM_GB"}, {"EU_UK_TCA_TO_GB", "EIO"}),
        ("DE", "GB", "2019-06-01", {"EIO", "FD_2003_577", "FD_2006_783"}, {"EU_UK_TCA_TO_GB"}),
        ("DE", "DK", "2023-01-01", {"FD_2003_577_TO_DK_IE", "FD_2006_783_TO_DK_IE"},
         {"EIO", "FD_2003_577", "FD_2003_577_FROM_DK_IE"}),
        ("IE", "EE", "2023-01-01", {"FD_2003_577_FROM_DK_IE"}, {"EIO", "FD_2003_577_TO_DK_IE"}),
        ("DE", "LV", "2023-01-01", {"EIO"}, {"FD_2003_577", "FD_2006_783", "EU_UK_TCA_TO_GB"}),
        ("DE", "NO", "2023-01-01", set(), {"EIO", "EU_UK_TCA_TO_GB", "FD_2003_577_TO_DK_IE"}),
    ],
)  # fmt: skip
def test_instruments_of_the_union_bind_whom_they_bind(requesting, requested, on, open_, closed):
    table = xb.channels(requesting, requested, on=on, predicate="fraud").table
    state = dict(table.select("channel", "availability").iter_rows())
    assert {name: state[name] for name in open_} == dict.fromkeys(open_, "open")
    assert {name: state[name] for name in closed} == dict.fromkeys(closed, "closed")


def test_an_investigation_order_is_decided_on_in_thirty_days() -> None:
    found = line(xb.channels("DE", "LV", on="2023-01-01"), "EIO", "evidence")
    assert found["deadline_hours"] == 30 * 24
    before = xb.channels("DE", "LV", on="2017-08-01")  # Latvia's law may not have been there
    assert line(before, "EIO", "evidence")["availability"] == "unknown"


def test_who_may_use_a_channel_is_told_in_words(tmp_path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        """
[[channels]]
channel = "MLAT_EE_US"
name = "A treaty"
kind = "judicial"
functions = ["freeze"]
parties = "EE+US"
contact = "Central authorities"
legal_basis = "The treaty"
source = "made up"
as_of = 2026-01-15
status = "verified"
""",
        "utf-8",
    )

    def why(requesting: str, requested: str) -> dict[str, str]:
        plan = xb.channels(requesting, requested, on="2025-03-01", tables=own)
        return {row["channel"]: row["why"] for row in plan.table.iter_rows(named=True)}

    assert why("EE", "US")["MLAT_EE_US"] is None
    assert why("DE", "US")["MLAT_EE_US"] == "it is between Estonia and the United States"

    assert why("EE", "LV")["FFKC_RRP"] == "only the United States can ask by it"
    assert why("US", "LV")["US_981K"] == "only the United States can be asked by it"
    assert why("EE", "NO")["EU_2018_1805"].startswith("Norway was not bound by Regulation")


def test_every_code_has_a_name() -> None:
    assert set(NAMES) == set(JURISDICTIONS)
    assert all(name == " ".join(name.split()) != "" for name in NAMES.values())


def test_every_treaty_and_network_says_what_its_members_are() -> None:
    bare = [row.instrument for row in TABLES.instruments if not row.member]
    kinds = {TABLES.by_instrument[name].kind for name in bare}
    assert kinds <= {"list", "body"}  # the first are told as lists, by the second no channel goes
    used = {side for c in (*TABLES.channels, *TABLES.clocks) for side in c.parties.split(">")}
    assert not used & set(bare)


def test_context_tells_lists_and_confiscation_law_as_of_the_day() -> None:
    listed = xb.channels("EE", "VG", on="2026-01-01").context
    assert any("The British Virgin Islands: on the list" in c and "verified" in c for c in listed)
    assert not any(": on the list" in c for c in xb.channels("EE", "VG", on="2025-01-01").context)
    british = xb.channels("EE", "GB", on="2025-01-01").context
    assert any("without one: yes" in c for c in british)
    nothing = xb.channels("EE", "LV", on="2025-01-01").context
    assert any("is not known" in c for c in nothing)


@given(
    pair=st.lists(st.sampled_from(JURISDICTIONS), min_size=2, max_size=2, unique=True),
    day=st.dates(date(1950, 1, 1), date(2040, 1, 1)),
    predicate=st.sampled_from([None, *PREDICATES]),
)
def test_any_pair_on_any_day_has_a_whole_plan(pair, day, predicate) -> None:
    plan = xb.channels(*pair, on=day, predicate=predicate)
    assert plan.table.height == sum(len(c.functions) for c in TABLES.channels)
    for row in plan.table.iter_rows(named=True):
        sides = {row["requesting_status"], row["requested_status"]}
        assert (row["why"] is None) == (row["availability"] == "open")
        if row["availability"] == "open":
            assert sides == {"yes"}
        if "no" in sides:
            assert row["availability"] == "closed"
        assert row["sources"]


# -- the user's own --------------------------------------------------------------------------------

OWN = """
[[channels]]
channel = "MLAT_EE_US"
name = "Treaty on mutual legal assistance"
kind = "judicial"
functions = ["freeze", "confiscate"]
parties = "EE+US"
contact = "Central authorities"
legal_basis = "Treaty of 1998"
since = 2000-10-20
source = "our own file"
as_of = 2026-01-01
status = "verified"

[[clocks]]
channel = "MLAT_EE_US"
function = "freeze"
amount = 30
unit = "days"
starts = "receipt"
meaning = "practice of 2025"
source = "our own file"
as_of = 2026-01-01
status = "verified"

[[memberships]]
instrument = "COE_198"
jurisdictions = ["EE", "LV"]
since = "2024-03"
source = "our own file"
as_of = 2026-01-01
status = "verified"
"""
PROVEN = 'source = "s"\nas_of = 2026-01-01\nstatus = "verified"\n'


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN, "utf-8")
    return path


def test_a_bilateral_treaty_goes_before_the_many_sided_ones(own) -> None:
    for pair in (("EE", "US"), ("US", "EE")):
        plan = xb.channels(*pair, on="2026-02-01", predicate="corruption", tables=own)
        first = plan.first("freeze") if pair[0] == "EE" else line(plan, "MLAT_EE_US", "freeze")
        assert first["channel"] == "MLAT_EE_US"
        assert (first["availability"], first["status"]) == ("open", "verified")
        assert first["deadline_hours"] == 720
    other = line(xb.channels("EE", "CA", on="2026-02-01", tables=[own]), "MLAT_EE_US", "freeze")
    assert other["availability"] == "closed"
    early = line(xb.channels("EE", "US", on="2000-10-19", tables=own), "MLAT_EE_US", "freeze")
    assert early["availability"] == "closed"


def test_own_memberships_replace_the_packaged_ones_of_the_same_member(own) -> None:
    tables = xb.jurisdiction_tables(own)
    assert answer("COE_198", "LV", "2024-02-01", tables) == "no"
    assert answer("COE_198", "LV", "2024-03-15", tables) == "unknown"
    assert answer("COE_198", "LV", "2024-03-31", tables) == "yes"
    assert answer("COE_198", "MT", "2024-02-01", tables) == answer("COE_198", "MT", "2024-02-01")


def test_own_tables_may_be_csv(tmp_path) -> None:
    path = tmp_path / "memberships.csv"
    path.write_text(
        "instrument,jurisdictions,role,since,source,as_of,status\n"
        "EGMONT,EE LV,party,2000-01-01,letter,2026-01-01,verified\n",
        "utf-8",
    )
    plan = xb.channels("EE", "LV", on="2015-01-01", tables=path)
    assert line(plan, "EGMONT_ESW", "trace")["availability"] == "open"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "no TOML file"),
        ("[[chanels]]\n", r"'chanels' \(did you mean 'channels'\?\)"),
        ("channels = 3", r"write each row of channels under \[\[channels\]\]"),
        (f'[[memberships]]\ninstrument="EU"\njurisdiction="Q1"\n{PROVEN}', "jurisdiction is 'Q1'"),
        (f'[[memberships]]\ninstrument="EUU"\njurisdiction="US"\n{PROVEN}', "'EUU'.*not known"),
        ('[[memberships]]\ninstrument="EU"\njurisdiction="US"\n', "source, as_of and status"),
        (f'[[memberships]]\ninstrument="EU"\njurisdiction="US"\nsinse=1\n{PROVEN}', "'since'"),
        (f'[[memberships]]\ninstrument="EU"\njurisdiction="US"\nsince="1.2.20"\n{PROVEN}', "since"),
        (
            f'[[clocks]]\nchannel="SIENA"\nfunction="stop"\namount=1\nunit="days"\nstarts="x"\n'
            f'meaning="y"\nparties="EUU"\n{PROVEN}',
            "a clock of SIENA is for 'EUU'",
        ),
        (
            f'[[clocks]]\nchannel="NO"\nfunction="stop"\namount=1\nunit="days"\nstarts="x"\n'
            f'meaning="y"\n{PROVEN}',
            "clocks name the channel 'NO'",
        ),
    ],
)
def test_own_tables_that_are_wrong_say_what_and_where(tmp_path, text: str, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(xb.ParameterError, match=said):
        xb.jurisdiction_tables(path)


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(xb.DatasetUnavailableError, match=r"no file .*gone\.toml"):
        xb.channels("EE", "LV", on="2025-01-01", tables=tmp_path / "gone.toml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"requesting": "Estonia"}, "requesting is 'Estonia', which is no ISO 3166-1 code"),
        ({"requested": "ZZ"}, "requested is 'ZZ'"),
        ({"requested": "EE"}, "a channel has two ends"),
        ({"on": "2025-13-01"}, "on is '2025-13-01', which is no date"),
        ({"predicate": "corupt"}, "predicate is 'corupt'.*did you mean 'corruption'"),
        ({"function": "frieze"}, "function is 'frieze'.*did you mean 'freeze'"),
    ],
)
def test_wrong_questions_get_clear_answers(arguments: dict, said: str) -> None:
    asked = {"requesting": "EE", "requested": "LV", "on": "2025-01-01", **arguments}
    with pytest.raises(xb.ParameterError, match=said):
        xb.channels(**asked)


# -- what is stale ---------------------------------------------------------------------------------


def test_the_check_lists_all_that_is_not_verified_and_what_has_aged() -> None:
    young = xb.check_jurisdictions(date(2026, 11, 25), older_than_days=3650)
    assert set(young["status"]) == set(STATUSES) - {"verified"}
    assert young["n_rows"].sum() == sum(r.status != "verified" for _, r in TABLES.rows())
    old = xb.check_jurisdictions(date(2036, 11, 25))
    assert old["n_rows"].sum() == sum(1 for _ in TABLES.rows())
    assert old["as_of"].is_sorted()
    with pytest.raises(xb.ParameterError, match="older_than_days=-1"):
        xb.check_jurisdictions(date(2026, 11, 25), older_than_days=-1)
