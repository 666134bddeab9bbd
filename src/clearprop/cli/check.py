"""`clearprop check`: a model's gradients beside finite differences, on the user's own rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click
import numpy as np

from clearprop.cli.failures import EXIT_OURS
from clearprop.cli.files import load_table_model
from clearprop.cli.options import data_options, shared_options
from clearprop.cli.output import Output
from clearprop.cli.report import count_of
from clearprop.gradcheck import check_gradients

__all__ = ["command"]


@click.command("check")
@click.argument("model_path", metavar="MODEL")
@click.argument("data")
@click.option(
    "--rows",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Rows of DATA, from its first, to compute the loss on.",
)
@click.option(
    "--max-entries",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Entries of each array to compare, drawn at random.",
)
@data_options
@shared_options
def command(
    model_path: str,
    data: str,
    rows: int,
    max_entries: int,
    as_json: bool,
    debug: bool,
    **reading: Any,
) -> int:
    """Compare the gradients of MODEL on rows of DATA with finite differences of its loss.

    The exit status is 1 if they differ.
    """
    del debug
    out = Output(as_json=as_json)
    out.take_warnings()
    model = load_table_model(model_path)
    table = model.read(data, **reading)
    for note in table.notes:
        out.note(f"{table.source}: {note}")
    X, Y = model.batch(table.take(np.arange(min(rows, table.n_rows))))
    estimator = model.estimator
    report = check_gradients(
        estimator.network_,
        estimator.parameters_,
        X,
        Y,
        l2=float(estimator.alpha),
        max_entries=max_entries,
    )
    out.say(f"{model_path}: dLoss/dW, db and dinput on {count_of(len(X), 'row')} of {table.source}")
    out.say()
    if not out.quiet:
        out.stdout.print(str(report), soft_wrap=True)
    out.document(
        {
            "model": model_path,
            "data": data,
            "rows": len(X),
            "agrees": report.ok,
            "tolerance": report.tolerance,
            "max_relative_error": report.max_relative_error,
            "arrays": [asdict(check) | {"entry": list(check.entry)} for check in report.arrays],
        }
    )
    return 0 if report.ok else EXIT_OURS
