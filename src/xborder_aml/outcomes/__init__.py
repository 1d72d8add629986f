"""What became of referrals: a register that is only added to, and the statistics of it.

What a person was told is a row; a mistake is corrected by another row. Each row holds the one
before it, so that a register that was edited is not read.
"""

from __future__ import annotations
