"""`clearprop`: the commands and what every one of them shares: help, version, errors, exit status.

A command's module is imported when it is called: help and errors come at once.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from clearprop import __version__
from clearprop.cli.failures import guarded, importing, leave

__all__ = ["main"]

# Command -> its one line in the list of commands.
COMMANDS = {
    "train": "Train a network on a table and judge it on rows held out.",
    "predict": "Predict for the rows of a table.",
    "evaluate": "Judge a model on a table that has the target.",
    "check": "Compare a model's gradients with finite differences.",
    "explain": "Derive a network's gradient step by step, with every number.",
    "diagnose": "Say which mistake makes a wrong gradient what it is.",
    "compare": "Compare the network with other models on a table of yours.",
    "exercise": "Practise backpropagation by hand: questions, marked, and sheets for a class.",
    "export": "Write a model for other runtimes: ONNX.",
}


class _Commands(click.Group):
    """The group of commands, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        with importing():
            module = importlib.import_module(f"clearprop.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            raise click.NoSuchCommand(name, possibilities=list(COMMANDS), ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        # click would make a failure of it, but whoever has read enough may go.
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            leave(sys.stdout)
            return 0
        return status

    def main(  # type: ignore[override]  # always leaves by SystemExit, whatever standalone_mode
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> None:
        arguments = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        sys.exit(
            guarded(
                lambda: super(_Commands, self).main(arguments, prog_name or "clearprop", **extra),
                json="--json" in arguments,
                debug="--debug" in arguments,
            )
        )


EPILOG = """\b
Examples:
  clearprop train digits
  clearprop train wine.csv --target quality --output wine.safetensors
  clearprop predict wine.safetensors new.csv --output predictions.csv
  clearprop evaluate wine.safetensors more.csv
  clearprop check wine.safetensors wine.csv
  clearprop explain article-a --output article-a.html

DATA is a CSV or Parquet file, or a data set that comes with scikit-learn: digits, wine,
breast_cancer, diabetes, iris.

Exit status: 0 done; 2 something to correct in the data or the command; 1 a fault of clearprop;
130 interrupted.
"""


@click.group(
    "clearprop",
    cls=_Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="clearprop", message="%(prog)s %(version)s")
def main() -> None:
    """Neural networks from tables, trained, judged honestly, and every derivative explained."""
