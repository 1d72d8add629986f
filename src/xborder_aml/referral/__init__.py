"""From scored accounts to proposals for referral; a person decides and signs."""

from __future__ import annotations

from xborder_aml.referral.proposal import Referral
from xborder_aml.referral.referrals import REASON_CODES, refer
from xborder_aml.referral.settings import Band, ReferralSettings

__all__ = ["REASON_CODES", "Band", "Referral", "ReferralSettings", "refer"]
