"""Decisions: each reason, and that the change that is told does flip it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.errors import ParameterError
from xborder_aml.referral import Band, ReferralSettings
from xborder_aml.referral.decision import (
    DECISION_CODES,
    DECISIONS,
    Situation,
    decide,
    nearest_flip,
)

GOOD = Situation(
    expected_minor=5_000_000, present_minor=9_000_000, availability="open", is_located=True,
    is_unrated=False, hours_since=900.0, waiting_share=0.01, on=date(2025, 3, 1),
)  # fmt: skip
SETTINGS = ReferralSettings()


@pytest.mark.parametrize(
    ("changes", "decision", "codes"),
    [
        ({}, "REFER", ("WORTH_ASKING",)),
        ({"availability": "domestic"}, "REFER", ("WORTH_ASKING",)),
        ({"hours_since": 72.0}, "REFER_URGENT", ("RECALL_WINDOW",)),
        ({"waiting_share": 0.1}, "REFER_URGENT", ("LEAVING_FAST",)),
        ({"expected_minor": 999_999}, "MONITOR", ("BELOW_MINIMUM",)),
        ({"expected_minor": 0}, "DO_NOT_REFER", ("COST_EXCEEDS_VALUE",)),
        ({"is_located": False}, "ENRICH", ("NOT_LOCATED",)),
        ({"availability": "unknown"}, "ENRICH", ("CHANNEL_UNKNOWN",)),
        ({"availability": "closed"}, "DO_NOT_REFER", ("NO_CHANNEL",)),
        ({"present_minor": 0}, "DO_NOT_REFER", ("NOTHING_LEFT",)),
        ({"present_minor": 0, "is_unrated": True}, "ENRICH", ("NO_RATE",)),
    ],
)
def test_each_reason_leads_to_its_decision(changes, decision, codes):
    assert decide(replace(GOOD, **changes), SETTINGS) == (decision, codes)
    assert set(codes) <= set(DECISION_CODES)


def test_a_limitation_that_has_passed_ends_it():
    late = replace(SETTINGS, limitation=date(2025, 2, 28))
    assert decide(GOOD, late) == ("DO_NOT_REFER", ("LIMITATION_PASSED",))
    assert nearest_flip(GOOD, late) is None
    assert decide(GOOD, replace(SETTINGS, limitation=date(2025, 3, 1)))[0] == "REFER"


situations = st.builds(
    Situation,
    expected_minor=st.integers(-10, 3_000_000),
    present_minor=st.integers(0, 10),
    availability=st.sampled_from(["domestic", "open", "unknown", "closed"]),
    is_located=st.booleans(),
    is_unrated=st.booleans(),
    hours_since=st.floats(0, 500),
    waiting_share=st.floats(0, 1),
    on=st.just(date(2025, 3, 1)),
)


@given(situations, st.integers(0, 2_000_000), st.integers(0, 100), st.floats(0.01, 1))
def test_the_change_that_is_told_flips_the_decision(situation, minimum, hours, share):
    settings = ReferralSettings(minimum_minor=minimum, urgent_hours=hours, urgent_share=share)
    now, codes = decide(situation, settings)
    assert now in DECISIONS
    assert codes
    flip = nearest_flip(situation, settings)
    if flip is not None:
        then, _ = decide(replace(situation, **flip.facts), settings)
        assert then == flip.decision != now


def test_the_nearest_change_is_the_one_that_is_told():
    near = replace(GOOD, expected_minor=1_010_000)
    flip = nearest_flip(near, SETTINGS)
    assert flip is not None
    assert flip.facts == {"expected_minor": 999_999}
    assert flip.decision == "MONITOR"
    lost = nearest_flip(replace(GOOD, is_located=False), SETTINGS)
    assert lost is not None
    assert lost.facts["is_located"] is True


def test_settings_come_back_from_plain_values():
    settings = ReferralSettings(
        evidence=Band(0.3, 0.4, 0.5), delay_hours={"judicial": Band(1, 2, 3)}, cost_minor=7
    )
    assert ReferralSettings.from_mapping(settings.to_mapping()) == settings


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"evidnce": 0.5}, "did you mean 'evidence'"),
        ({"evidence": [0.5, 0.2, 0.9]}, "least <= middle <= most"),
        ({"evidence": [0.5, 0.6, 1.2]}, "between 0 and 1"),
        ({"evidence": "half"}, r"write \[least, middle, most\]"),
        ({"cost_minor": "much"}, "is no whole number"),
        ({"limitation": "2027"}, "is no day like"),
        ({"delay_hours": 3}, "is no table of bands"),
        ({"cost_minor": -1}, "must be at least 0"),
        ({"delay_hours": {"judicial": [-1, 2, 3]}}, "at least 0 hours"),
    ],
)
def test_settings_that_cannot_be_are_refused(values, words):
    with pytest.raises(ParameterError, match=words):
        ReferralSettings.from_mapping(values)
