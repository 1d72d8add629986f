"""The commands that work on a ledger: score, detect, read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

import click

from xborder_aml.cli._group import INCOMPLETE, verbosity
from xborder_aml.cli._options import READING, config_of, config_options, fresh_option
from xborder_aml.cli._talk import Talk, aligned

if TYPE_CHECKING:
    import polars as pl

    from xborder_aml.batch import Outcome

__all__ = ["detect", "finish", "read", "referral_table", "score"]

_DETECTING = ("detectors", "typologies", "parameters", "as_of", "workers", "executor")
_SHOWN = 20
"""Referrals that are printed; all are in the files."""

_ledger = click.argument("ledger", metavar="LEDGER")
_format = click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="Without --out: print as CSV, where lists are joined by '; ', or as JSON lines.",
)


@click.command(short_help="Do the whole job: read, detect, score, refer, report.")
@_ledger
@click.option("--out", metavar="DIR", required=True, help="Folder for the results.")
@config_options(*READING, *_DETECTING, "permutations", "seed", "requesting", "top")
@fresh_option
@verbosity
def score(ledger: str, out: str, fresh: bool, **values: Any) -> None:
    """Do the whole job on LEDGER, a CSV (plain or .gz) or Parquet file.

    Reads it, finds patterns, scores accounts against permuted ledgers, ranks accounts for
    referral, and writes all of it into DIR; prints the first referrals. Amounts at stake are in
    the base currency.

    \b
    DIR holds:
      transactions.parquet    the ledger as it was understood
      known_accounts.parquet  what the source tells about accounts
      rejects.parquet         rows that could not be read, each with the rule that it broke
      findings.parquet        what was found; evidence.parquet: by which transactions
      truncations.parquet     searches that reached a cap
      accounts.parquet        every account with its score, rank, role and reasons
      referrals.parquet       accounts proposed for referral; referrals.csv: for a spreadsheet
      report.html             all of it to read; one file that opens offline
      config.toml             every choice, for --config
      manifest.json           hashes, versions, parameters, counts, truncation; written last

    Every file is whole or absent. A run that was killed goes on at the stage that it had reached
    when it is started again with the same arguments. The same input gives the same bytes.
    """  # noqa: D301 - a real backspace keeps click from wrapping
    from xborder_aml.batch import run_batch

    with Talk() as talk:
        outcome = run_batch(ledger, out, config_of(values), fresh=fresh, progress=talk)
    click.echo(referral_table(outcome.table("referrals")))
    finish(talk, outcome)


@click.command(short_help="Find patterns, and neither score nor refer.")
@_ledger
@click.option("--out", metavar="DIR", help="Folder for the results; by default, print findings.")
@config_options(*READING, *_DETECTING, "permutations", "seed")
@click.option(
    "--table",
    type=click.Choice(["findings", "evidence", "truncations"]),
    default="findings",
    show_default=True,
    help="Without --out: the table to print.",
)
@_format
@fresh_option
@verbosity
def detect(
    ledger: str,
    out: str | None,
    table: str,
    form: Literal["csv", "jsonl"],
    fresh: bool,
    **values: Any,
) -> None:
    """Find patterns in LEDGER.

    With --out, does the first two stages of `score`, and leaves their files in DIR, where `score`
    with the same arguments goes on. Without, prints one table and runs no permutations, so that
    chance_rate is empty.
    """
    from xborder_aml.batch import detect_ledger, run_batch, told_incomplete

    config = config_of(values)
    with Talk() as talk:
        if out is not None:
            outcome = run_batch(ledger, out, config, until="detect", fresh=fresh, progress=talk)
            return finish(talk, outcome)
        ledger_read, found = detect_ledger(ledger, config, progress=talk)
    _print_table(getattr(found, table), form)
    return _end(talk, told_incomplete(ledger_read, found))


@click.command(short_help="Read a ledger into the canonical table, and do no more.")
@_ledger
@click.option("--out", metavar="DIR", help="Folder for the results; by default, print the table.")
@config_options(*READING)
@click.option(
    "--table",
    type=click.Choice(["transactions", "accounts", "rejects"]),
    default="transactions",
    show_default=True,
    help="Without --out: the table to print.",
)
@_format
@fresh_option
@verbosity
def read(
    ledger: str,
    out: str | None,
    table: str,
    form: Literal["csv", "jsonl"],
    fresh: bool,
    **values: Any,
) -> None:
    """Read LEDGER into the canonical tables.

    With --out, does the first stage of `score`, and leaves its files in DIR, where `score` with
    the same arguments goes on. Without, prints one table; amounts are in minor units.
    """
    from xborder_aml.batch import read_ledger_file, run_batch, told_incomplete

    config = config_of(values)
    with Talk() as talk:
        if out is not None:
            outcome = run_batch(ledger, out, config, until="read", fresh=fresh, progress=talk)
            return finish(talk, outcome)
        ledger_read = read_ledger_file(ledger, config, progress=talk)
    _print_table(getattr(ledger_read, table), form)
    return _end(talk, told_incomplete(ledger_read))


def finish(talk: Talk, outcome: Outcome) -> None:
    """Tell what was counted and what is incomplete, and end with the exit code that says so."""
    for line in outcome.summary():
        talk.say(line)
    _end(talk, outcome.incomplete)


def _end(talk: Talk, incomplete: tuple[str, ...]) -> None:
    for sentence in incomplete:
        talk.insist(f"incomplete: {sentence}")
    if incomplete:
        click.get_current_context().exit(INCOMPLETE)


def _print_table(frame: pl.DataFrame, form: Literal["csv", "jsonl"]) -> None:
    from xborder_aml.batch import write_table

    write_table(frame, sys.stdout.buffer, form)
    sys.stdout.flush()


def referral_table(referrals: pl.DataFrame) -> str:
    """Return the first referrals as text."""
    from xborder_aml.report.formats import money

    if referrals.is_empty():
        return "no account stands out: there is nothing to refer"
    headers = ["rank", "account", "holder", "in", "role", "score", "at stake", "reason codes"]
    rows = [
        [
            row["rank"],
            row["account"],
            row["holder"],
            row["jurisdiction"],
            row["role"],
            f"{row['score']:.2f}",
            money(row["at_stake_minor"], row["base_currency"]),
            ", ".join(row["reason_codes"]),
        ]
        for row in referrals.head(_SHOWN).iter_rows(named=True)
    ]
    text = aligned(headers, rows, widest=48)
    left = referrals.height - len(rows)
    return f"{text}\n(and {left:,} more in referrals.csv)" if left else text
