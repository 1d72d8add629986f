"""Cross-border transaction graphs, exact pattern detectors and evidenced referral lists."""

__version__ = "0.1.0"
