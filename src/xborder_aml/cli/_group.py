"""The group of all commands: turns the library's errors into one line and an exit code."""

from __future__ import annotations

import traceback
from typing import Any

import click

from xborder_aml.errors import MissingExtraError, ParameterError, XBorderAMLError

__all__ = ["BAD_INPUT", "INCOMPLETE", "INTERRUPTED", "USAGE", "Program", "level", "verbosity"]

USAGE = 2
BAD_INPUT = 3
INCOMPLETE = 4
INTERRUPTED = 130


class Program(click.Group):
    """A click group whose commands raise the library's errors freely."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; tell an error in one line, with its traceback only if asked."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted; started again, the run goes on where it was", err=True)
            return ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            raise  # the reader of standard output has left; click ends the program
        except (XBorderAMLError, OSError) as error:
            if ctx.find_root().meta.get(_KEY, 0) > 0:
                click.echo(traceback.format_exc(), err=True, nl=False)
            click.echo(f"error: {error}", err=True)
            wrong_use = isinstance(error, ParameterError | MissingExtraError)
            return ctx.exit(USAGE if wrong_use else BAD_INPUT)


_KEY = "xborder_aml.verbosity"


def verbosity(function: Any) -> Any:
    """Add ``-q`` and ``-v`` to a command; `level` tells them."""

    def store(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        level = ctx.find_root().meta.setdefault(_KEY, 0)
        ctx.find_root().meta[_KEY] = level + (value if param.name == "verbose" else -value)

    quiet = click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=store,
        help="Say nothing on standard error but errors and what is incomplete.",
    )
    verbose = click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=store,
        help="Say more, and show the traceback of an error.",
    )
    return quiet(verbose(function))


def level() -> int:
    """Return -1 for quiet, 1 for verbose, else 0."""
    return int(click.get_current_context().find_root().meta.get(_KEY, 0))
