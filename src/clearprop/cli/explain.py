"""`clearprop explain`: a network's gradient on a few rows, derived step by step."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable
from typing import Any

import click
import numpy as np

from clearprop.cli.failures import EXIT_OURS
from clearprop.cli.files import load_table_model, require_new_file
from clearprop.cli.options import data_options, shared_options
from clearprop.cli.output import Output
from clearprop.cli.types import LayerNames, Rows, Widths, chosen_rows, is_widths
from clearprop.errors import ParameterError, TableError
from clearprop.explanation.articles import ARTICLES
from clearprop.explanation.derivation.batch import as_batch
from clearprop.explanation.document import Derivation, derivation_of, explain
from clearprop.explanation.formulas.notation import NOTATIONS
from clearprop.explanation.random_network import random_batch
from clearprop.explanation.sources import UPDATES, Source, of_table_model, part_of
from clearprop.losses import OUTPUTS, REDUCTIONS
from clearprop.network import Network
from clearprop.tables import read_table

__all__ = ["article_rows", "command", "network_options"]

EPILOG = """\b
Examples:
  clearprop explain article-a --output article-a.html
  clearprop explain article-b
  clearprop explain 2-3-2 --seed 7 --update adam --output small.html
  clearprop explain iris.safetensors iris --rows 0:3 --output iris.html
  clearprop explain iris.safetensors iris --rows 0:1 --notation weights --output iris.tex

MODEL is a file of clearprop train, and DATA a table that it fits. SIZES are the widths of a network
from input to output, as 2-3-2: its weights and rows are drawn by --seed, or the rows are those of
DATA, a table of numbers: the inputs, then the targets.

The file's ending says what is written: .html a page that works by itself, .md Markdown, .tex a
LaTeX document, .json every number, .txt text. Without --output the text is shown here.
"""

SUFFIXES = (".html", ".md", ".tex", ".json", ".txt")
FIRST_ROWS = 3
MOST_DRAWN = 10_000


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what there is to say of a network that only its sizes name."""
    from clearprop.activations import ACTIVATIONS  # noqa: PLC0415 - a default of one option

    for option in (
        click.option(
            "--seed",
            type=click.IntRange(0, 2**32 - 1),
            default=0,
            show_default=True,
            help="SIZES: of the weights and the rows.",
        ),
        click.option(
            "--reduction",
            type=click.Choice(list(REDUCTIONS)),
            default="mean",
            show_default=True,
            help="SIZES: whether the loss is a sum or a mean.",
        ),
        click.option(
            "--output-function",
            type=click.Choice(list(OUTPUTS)),
            help="SIZES: the output's function, and with it the loss.  [default: softmax, or "
            "logistic for one output]",
        ),
        click.option(
            "--hidden",
            type=LayerNames(set(ACTIVATIONS)),
            default="logistic",
            show_default=True,
            help="SIZES: activation of the hidden layers, or one for each.",
        ),
    ):
        command = option(command)
    return command


@click.command("explain", epilog=EPILOG)
@click.argument("model", metavar="MODEL|SIZES|article-a|article-b")
@click.argument("data", required=False)
@click.option(
    "--rows", type=Rows(), help="Which rows, from 0: 0:3 or 0,4,7.  [default: the first three]"
)
@click.option(
    "--notation",
    type=click.Choice(list(NOTATIONS)),
    help="matrix: article A's rows and matrices; weights: article B's node numbers.  [default: "
    "matrix; weights for article-b]",
)
@click.option(
    "--jacobians/--no-jacobians",
    default=None,
    help="Every Jacobian in full.  [default: for the articles]",
)
@click.option(
    "--update",
    type=click.Choice([*UPDATES, "none"]),
    help="The optimizer whose update is shown.  [default: the model's own]",
)
@click.option(
    "--learning-rate", type=click.FloatRange(min=0.0, min_open=True), help="Of the update."
)
@click.option(
    "--output", "path", metavar="FILE", help="Write a file: .html, .md, .tex, .json, .txt."
)
@click.option("--force", is_flag=True, help="Replace the file if it stands there.")
@network_options
@data_options
@shared_options
def command(
    model: str,
    data: str | None,
    rows: Any,
    notation: str | None,
    jacobians: bool | None,
    update: str | None,
    learning_rate: float | None,
    path: str | None,
    force: bool,
    hidden: Any,
    output_function: str | None,
    reduction: str,
    seed: int,
    as_json: bool,
    debug: bool,
    **reading: Any,
) -> int:
    """Derive the gradient of a network on a few rows, step by step, with every number.

    Forward, the loss, backward and the update; finite differences stand beside every derivative.
    The exit status is 1 if they differ.
    """
    del debug
    out = Output(as_json=as_json)
    out.take_warnings()
    if not is_widths(model):
        _require_no_network_options(model)
    if path is not None:
        _require_suffix(path)
        require_new_file(path, force=force, inputs=[name for name in (model, data) if name])
    options: dict[str, Any] = {
        "notation": notation,
        "update": False if update == "none" else update,
        "learning_rate": learning_rate,
    }
    if model in ARTICLES and data is not None:
        raise ParameterError(
            f"{model} has rows of its own, and {data!r} is not needed",
            remedy=f"Write clearprop explain {model}.",
        )
    with out.stderr.status("Deriving, with finite differences beside every derivative"):
        if model in ARTICLES:
            derivation = explain(
                model, rows=article_rows(model, rows), jacobians=jacobians, **options
            )
        else:
            if is_widths(model):
                network = _network(model, hidden, output_function, reduction)
                source = _of_sizes(out, network, data, rows, seed, reading)
            else:
                source = _of_model(out, model, data, rows, reading)
            derivation = derivation_of(source, jacobians=bool(jacobians), **options)
        if path is not None:
            derivation.save(path)
    checks = [step.check for step in derivation.records.steps if step.check is not None]
    worst = max((check.max_relative_error for check in checks), default=0.0)
    agrees = all(check.ok for check in checks)
    _show(out, derivation, path, agrees, worst)
    return 0 if agrees else EXIT_OURS


def article_rows(name: str, rows: Any) -> Any:
    """The rows asked for of an article's; None for all."""
    if rows is None:
        return None
    n_rows = ARTICLES[name]().batch.n_samples
    return chosen_rows(rows, n_rows, name, first=n_rows)


def _require_no_network_options(model: str) -> None:
    """Refuse what would be ignored: a model and an article have a network of their own."""
    context = click.get_current_context()
    for name in ("hidden", "output_function", "reduction", "seed"):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = name.replace("_", "-")
            raise ParameterError(
                f"--{option} is of a random network: {model!r} has its own",
                remedy=f"Leave --{option} out, or give SIZES in place of {model}.",
            )


def _require_suffix(path: str) -> None:
    if os.path.splitext(path)[1].lower() not in SUFFIXES:
        raise ParameterError(
            f"--output {path}: expected a name that ends in {', '.join(SUFFIXES[:-1])} or "
            f"{SUFFIXES[-1]}",
            remedy=f"Name the file {path}.html, for instance.",
        )


def _network(sizes: str, hidden: Any, output_function: str | None, reduction: str) -> Network:
    widths = Widths().convert(sizes, None, None)
    output = output_function or ("softmax" if widths[-1] > 1 else "logistic")
    return Network(widths, hidden, output, reduction)


def _of_sizes(
    out: Output, network: Network, data: str | None, rows: Any, seed: int, reading: Any
) -> Source:
    sizes = "-".join(map(str, network.sizes))
    title = f"Backpropagation through {sizes}"
    if data is None:
        drawn = chosen_rows(rows, MOST_DRAWN, f"a batch drawn for {sizes}", first=FIRST_ROWS)
        if isinstance(rows, slice) and rows.stop is None:
            drawn = drawn[:FIRST_ROWS]
        batch = random_batch(network, int(max(drawn)) + 1, seed)
        return Source(f"{title}, drawn by seed {seed}", part_of(batch, drawn))
    table = read_table(data, **{name: given for name, given in reading.items() if given})
    for note in table.notes:
        out.note(f"{table.source}: {note}")
    columns = list(table.columns)
    n_inputs, n_outputs = network.sizes[0], network.sizes[-1]
    if len(columns) != n_inputs + n_outputs:
        raise TableError(
            f"got {len(columns)} columns, expected {n_inputs} inputs and {n_outputs} targets for "
            f"{sizes}",
            source=table.source,
            remedy="Give a table of numbers: the inputs, then a column for each output (one-hot "
            "for classes). For a table as it is, train a model first: clearprop train.",
        )
    numbers = np.column_stack([_numbers(table, name) for name in columns])
    parameters = random_batch(network, 1, seed).parameters
    chosen = numbers[chosen_rows(rows, len(numbers), table.source, first=FIRST_ROWS)]
    return Source(
        title,
        as_batch(network, parameters, chosen[:, :n_inputs], chosen[:, n_inputs:]),
        feature_names=tuple(columns[:n_inputs]),
        output_names=tuple(columns[n_inputs:]),
    )


def _numbers(table: Any, name: str) -> Any:
    column = table.columns[name]
    if column.kind in ("text", "datetime") or column.n_missing:
        row = int(np.argmax(column.missing))
        raise TableError(
            f"got {column.text(row)!r}, expected a number",
            source=table.source,
            column=name,
            line=table.line_of(row),
            remedy="SIZES take a table of numbers only; for another, train a model first.",
        )
    return column.values.astype(np.float64)


def _of_model(out: Output, path: str, data: str | None, rows: Any, reading: Any) -> Source:
    if not os.path.exists(path) and (close := difflib.get_close_matches(path, ARTICLES)):
        raise ParameterError(
            f"there is no model file {path!r}, and no such article",
            remedy=f"Did you mean {' or '.join(close)}?",
        )
    model = load_table_model(path)
    if data is None:
        raise ParameterError(
            f"{path} needs rows to be explained on: DATA is missing",
            remedy=f"Write clearprop explain {path} DATA, with the table it was trained on or "
            "another like it.",
        )
    table = model.read(data, **reading)
    for note in table.notes:
        out.note(f"{table.source}: {note}")
    chosen = chosen_rows(rows, table.n_rows, table.source, first=FIRST_ROWS)
    return of_table_model(model, table, chosen)


def _show(
    out: Output, derivation: Derivation, path: str | None, agrees: bool, worst: float
) -> None:
    records = derivation.records
    if path is None:
        if out.as_json:
            sys.stdout.write(derivation.to_json() + "\n")
        else:
            _page(out, derivation)
        return
    verb = "agree" if agrees else "DO NOT AGREE"
    out.say(records.title)
    out.say(f"steps        {len(records.steps)}")
    out.say(f"questions    {len(records.comparisons)}, answered with these numbers")
    out.say(f"check        derivatives {verb} with finite differences to {worst:.1e}")
    for left_out in records.left_out:
        out.say(f"left out     {left_out}")
    out.say(f"written      {path}")
    out.document(
        {
            "title": records.title,
            "output": path,
            "steps": len(records.steps),
            "agrees": agrees,
            "max_relative_error": worst,
            "left_out": list(records.left_out),
        }
    )


def _page(out: Output, derivation: Derivation) -> None:
    """The text, page by page where somebody sits before it."""
    terminal = out.stdout.is_terminal
    text = derivation.to_text(
        width=out.stdout.width if terminal else 100,
        styled=terminal,
        ascii_only=not (sys.stdout.encoding or "").lower().startswith("utf"),
    )
    if terminal:
        click.echo_via_pager(text)
    else:
        sys.stdout.write(text)
