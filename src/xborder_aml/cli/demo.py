"""The command that shows the whole job on a made-up ledger whose truth is known."""

from __future__ import annotations

import click

from xborder_aml.cli._group import verbosity
from xborder_aml.cli._talk import Talk, aligned
from xborder_aml.cli.ledger import finish

__all__ = ["demo"]


@click.command(short_help="Make a labelled ledger, do the whole job on it, compare with the plan.")
@click.option(
    "--out",
    metavar="DIR",
    default="xborder-aml-demo",
    show_default=True,
    help="Folder for the ledger and the results.",
)
@click.option(
    "--seed", metavar="N", type=int, default=7, show_default=True, help="Seed of the ledger."
)
@click.option("--workers", metavar="N", type=int, help="Threads; by default all usable cores.")
@verbosity
def demo(out: str, seed: int, workers: int | None) -> None:
    """Make a labelled cross-border ledger, do the whole job on it, and compare with the plan.

    The ledger has salaries, rents, suppliers and card payments in several countries, instances of
    every pattern planted in it, and innocent look-alikes. It is written to DIR as a CSV file and
    read from there, as any ledger would be; no detector reads its labels. Prints one row a
    pattern: cases planted, cases found, and look-alikes that were flagged.
    """
    from xborder_aml.batch.demo import ASSESSMENT, run_demo

    with Talk() as talk:
        outcome, compared = run_demo(out, seed=seed, workers=workers, progress=talk)
    click.echo(aligned(compared.columns, compared.rows()))
    for column, meaning in ASSESSMENT.items():
        talk.say(f"  {column}: {meaning}")
    talk.say(f"open {outcome.folder / 'report.html'}")
    finish(talk, outcome)
