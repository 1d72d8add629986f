"""Readers: from a file or table of a known kind to the canonical tables."""

from __future__ import annotations

from xborder_aml.sources.read import (
    SOURCES,
    read_accounts,
    read_ledger,
    read_patterns,
    read_transactions,
)

__all__ = ["SOURCES", "read_accounts", "read_ledger", "read_patterns", "read_transactions"]
