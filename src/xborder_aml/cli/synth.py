"""The command that makes a synthetic ledger and says how like another it is."""

from __future__ import annotations

import os
from typing import Literal

import click

from xborder_aml.cli._group import verbosity
from xborder_aml.cli._talk import Talk, aligned

__all__ = ["synth"]

_TOLD = {
    "transactions": "transactions",
    "accounts": "accounts",
    "laundering": "laundering transactions",
    "shrunk": "made smaller, since there was too little money",
    "refused": "refused, since there was none",
    "not_open": "refused, since an account was not open",
    "floors_broken": "floors broken",
}
"""What is said of a ledger that was written, by its name in the summary."""


@click.command(short_help="Make a synthetic ledger, and compare it with another.")
@click.option(
    "--preset", metavar="NAME", default="tiny", show_default=True, help="Which ledger; see below."
)
@click.option("--seed", metavar="N", type=int, default=0, show_default=True, help="Of the ledger.")
@click.option("--out", metavar="DIR", required=True, help="Folder for the ledger.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["canonical", "amlworld"]),
    default="canonical",
    show_default=True,
    help="canonical Parquet, or the files of IBM's AMLworld.",
)
@click.option(
    "--check",
    metavar="REFERENCE",
    help="Compare with a ledger (a file, or a folder that this command wrote), or with "
    "'published': the figures of the data set that the preset stands for.",
)
@click.option("--workers", metavar="N", type=int, help="Threads; by default all usable cores.")
@verbosity
def synth(
    preset: str,
    seed: int,
    out: str,
    form: Literal["canonical", "amlworld"],
    check: str | None,
    workers: int | None,
) -> None:
    """Make a synthetic cross-border ledger in DIR; the same preset and seed give the same bytes.

    \b
    Presets:
      tiny               20,000 transactions in a year, every pattern once; for trying out
      fiu-national       2 million in two years and 30 jurisdictions, with missing labels
      hub-heavy          half a million, a third of them through processors
      amlworld-hi-small  5.08 million in ten days, at the published statistics of AMLworld
      amlworld-li-small  6.92 million, with half as much laundering
      saml-d             9.5 million in 321 days, at SAML-D's size and rate

    DIR holds transactions.parquet (or AMLworld's three files), and beside it accounts, labels,
    patterns, truth (which part of each transaction is proceeds of which case), book (balances),
    rates, and summary.json, which is written last. With --check, fidelity.html and fidelity.csv
    besides, and the comparison is printed.
    """  # noqa: D301 - a real backspace keeps click from wrapping
    from xborder_aml.synth.checking import check_reference, check_written
    from xborder_aml.synth.writing import write_ledger

    if check is not None:
        check_reference(preset, check)
    with Talk() as talk:
        written = write_ledger(out, preset, seed, format=form, workers=workers, progress=talk)
        for name, words in _TOLD.items():
            talk.say(f"{words}: {written.summary[name]:,}")
        lost = written.summary["money_lost"]
        talk.say(f"money lost: {lost or 'none, in any currency'}")
        if check is not None:
            table, page = check_written(out, check)
            click.echo(aligned(table.columns, table.rows(), widest=70))
            talk.say(f"open {page}")
    talk.say(f"wrote {len(written.files)} files to {os.fspath(written.folder)}")
