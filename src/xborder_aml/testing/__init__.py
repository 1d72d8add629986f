"""Public test tools: what `check_estimator` is to estimators, `check_detector` is to detectors.

Needs hypothesis (``pip install 'xborder-aml[test]'``). Nothing in the library imports this package.
"""

from __future__ import annotations

from xborder_aml.testing._check import DEFECTS, check_detector
from xborder_aml.testing._strategies import choices, ledgers

__all__ = ["DEFECTS", "check_detector", "choices", "ledgers"]
