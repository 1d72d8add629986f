"""From scored accounts to proposals for referral; a person decides and signs."""

from __future__ import annotations

from xborder_aml.referral.referrals import REASON_CODES, refer

__all__ = ["REASON_CODES", "refer"]
