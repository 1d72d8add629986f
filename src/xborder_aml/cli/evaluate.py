"""The commands for researchers: evaluate, leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xborder_aml.cli._group import verbosity
from xborder_aml.cli._talk import Talk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from xborder_aml.evaluate import Board, Results

__all__ = ["evaluate", "leaderboard"]

_FLAG = "(!)"  # a console may know no other signs than these


@click.command(short_help="Evaluate methods on labelled ledgers, and print the leaderboard.")
@click.argument("datasets", metavar="DATASET...", nargs=-1, required=True)
@click.option(
    "--method",
    "methods",
    metavar="NAME",
    multiple=True,
    help="A method that comes with the library, or path/to/file.py:NAME for one of yours; may be "
    "repeated, and `all` stands for every one that comes with it.  [default: all]",
)
@click.option(
    "--task",
    "tasks",
    metavar="NAME",
    multiple=True,
    default=("transaction", "account"),
    show_default=True,
    help="transaction, account, case, instance or window; may be repeated.",
)
@click.option(
    "--split",
    metavar="NAME",
    default="rows-60-20-20",
    show_default=True,
    help="rows-60-20-20, days-amlworld, or rolling-origin-N.",
)
@click.option(
    "--embargo",
    metavar="LENGTH",
    help="Time left out between the parts, like 1d.  [default: 7d, or a twentieth of the ledger]",
)
@click.option(
    "--variant",
    "variants",
    metavar="NAME",
    multiple=True,
    default=("full",),
    show_default=True,
    help="full, no-format, no-tail or minute-clock: what is taken away to see how much hangs on "
    "it; may be repeated.",
)
@click.option(
    "--alerts",
    metavar="N",
    type=int,
    default=10,
    show_default=True,
    help="Alerts that people can look at in a day.",
)
@click.option(
    "--draws", metavar="N", type=int, default=200, show_default=True, help="Bootstrap draws."
)
@click.option(
    "--seed", metavar="N", type=int, default=0, show_default=True, help="Seed of everything."
)
@click.option("--checks/--no-checks", default=True, help="Check the methods for leaks.")
@click.option(
    "--data-dir",
    metavar="DIR",
    help="Folder with a folder for each named dataset.  [default: the one that XBORDER_AML_DATA "
    "names]",
)
@click.option(
    "--out", metavar="DIR", help="Folder for results.jsonl, scores.parquet and leaderboard.html."
)
@verbosity
def evaluate(
    datasets: tuple[str, ...],
    methods: tuple[str, ...],
    tasks: tuple[str, ...],
    split: str,
    embargo: str | None,
    variants: tuple[str, ...],
    alerts: int,
    draws: int,
    seed: int,
    checks: bool,
    data_dir: str | None,
    out: str | None,
) -> None:
    """Evaluate methods on each DATASET, a name or a Parquet file with a labelled ledger.

    Splits are temporal, no case is cut, and methods see neither labels nor names. Prints one board
    a dataset and task: values of the test part, with 95% intervals over draws of whole cases. The
    same seed gives the same files, byte for byte.
    """
    from xborder_aml.evaluate import Plan, load_dataset, run, write_leaderboard
    from xborder_aml.evaluate.harness import wanted_methods

    plan = Plan(tasks, split, embargo, variants, alerts, draws, seed, checks)
    with Talk() as talk:
        results = run(
            [load_dataset(name, data_dir=data_dir, seed=seed) for name in datasets],
            wanted_methods(methods or ("all",)),
            plan,
            progress=talk,
        )
        _print_boards(results)
        if out is not None:
            talk.say(f"wrote {results.write(Path(out) / 'results.jsonl')}")
            talk.say(f"wrote {results.write_scores(Path(out) / 'scores.parquet')}")
            talk.say(f"open {write_leaderboard(results, Path(out) / 'leaderboard.html')}")


@click.command(short_help="Print the leaderboard of an evaluation, or write it as a page.")
@click.argument("results", metavar="RESULTS")
@click.option("--html", metavar="FILE", help="Write the page here instead of printing.")
@verbosity
def leaderboard(results: str, html: str | None) -> None:
    """Show RESULTS, a folder or results.jsonl that `evaluate --out` wrote."""
    from xborder_aml.evaluate import Results, write_leaderboard

    read = Results.read(results)
    if html is None:
        return _print_boards(read)
    path = write_leaderboard(read, html)
    with Talk() as talk:
        talk.say(f"open {path}")
    return None


def _print_boards(results: Results) -> None:
    from rich.console import Console

    from xborder_aml.evaluate import leaderboard as boards_of
    from xborder_aml.evaluate.leaderboard import giveaways

    console = Console(highlight=False)
    if not console.is_terminal:  # a file has no width to fit
        console = Console(highlight=False, width=200)
    for board in boards_of(results):
        _print_board(console, board)
        if len(board.rows[0].variants) > 1:
            _print_variants(console, board)
    for data in results.manifest["datasets"]:
        for sentence in giveaways(results, data["name"]):
            console.print(f"{data['name']}: {sentence}", soft_wrap=True, markup=False)
    for told in results.of("skipped"):
        sentence = f"{told['dataset']}: the variant {told['variant']} was skipped, since"
        console.print(f"{sentence} {told['reason']}.", soft_wrap=True, markup=False)


def _print_board(console: Console, board: Board) -> None:
    from rich.table import Table
    from rich.text import Text

    from xborder_aml.evaluate.leaderboard import IDLE_BUDGET, chance_text
    from xborder_aml.evaluate.page import WORDS

    folds = f", mean of {board.folds} folds" if board.folds > 1 else ""
    variant = f", {board.variant}" if board.variant != "full" else ""
    title = f"{board.dataset}, {board.task}: {board.counted} ({board.split}{folds}{variant})"
    table = Table(title=Text(title), title_justify="left", title_style="bold", header_style="")
    table.add_column("method")
    for metric in board.metrics:
        table.add_column(WORDS[metric], justify="right")
    table.add_column("p", justify="right")
    table.add_column("notes")
    for row in board.rows:
        table.add_row(
            Text(f"{row.method} {_FLAG}" if row.caught else row.method),
            *(_interval(row.metrics.get(metric)) for metric in board.metrics),
            chance_text(row.against_best),
            "; ".join(row.notes),
        )
    console.print(table)
    for row in board.rows:
        for told in row.caught:
            console.print(Text(f"{_FLAG} {row.method} {told}."), soft_wrap=True)
    if board.is_budget_idle:
        console.print(Text(f"{IDLE_BUDGET}."), soft_wrap=True)
    if not board.is_checked:
        console.print(Text("No method was checked for leaks on this ledger."))


def _print_variants(console: Console, board: Board) -> None:
    """Print the metric that ranks, in each form of the ledger."""
    from rich.table import Table
    from rich.text import Text

    from xborder_aml.evaluate.leaderboard import main_metric
    from xborder_aml.evaluate.page import WORDS

    title = f"{WORDS[main_metric(board.task)]} by variant"
    table = Table(title=Text(title), title_justify="left", title_style="bold", header_style="")
    table.add_column("method")
    for variant in board.rows[0].variants:
        table.add_column(variant, justify="right")
    for row in board.rows:
        table.add_row(Text(row.method), *map(_interval, row.variants.values()))
    console.print(table)


def _interval(told: Mapping[str, float | None] | None) -> str:
    if told is None or told["value"] is None:
        return "-"
    low, high = (f"{told[k]:.3f}" if told[k] is not None else "?" for k in ("low", "high"))
    return f"{told['value']:.3f}  {low}-{high}"
