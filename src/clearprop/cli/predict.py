"""`clearprop predict`: a model and a table in, predictions out."""

from __future__ import annotations

from typing import Any

import click

from clearprop.cli.files import load_table_model, require_new_file
from clearprop.cli.options import data_options, shared_options
from clearprop.cli.output import Output
from clearprop.cli.predictions import (
    prediction_columns,
    write_csv,
    write_parquet,
    write_to_stdout,
)
from clearprop.cli.report import count_of
from clearprop.errors import ParameterError

__all__ = ["command"]

EPILOG = """\b
Each row of DATA gives one line, in DATA's order: its line in the file (or its row, counted from 1),
columns that the training set aside as identifiers, the prediction, and each class's probability.

\b
Examples:
  clearprop predict wine.safetensors new.csv
  clearprop predict wine.safetensors new.csv --output predictions.parquet
"""


@click.command("predict", epilog=EPILOG)
@click.argument("model_path", metavar="MODEL")
@click.argument("data")
@click.option(
    "--output",
    "-o",
    default="-",
    metavar="FILE",
    help="A .csv or .parquet file.  [default: CSV on stdout]",
)
@click.option("--force", is_flag=True, help="Replace the output file if it stands there.")
@data_options
@shared_options
def command(
    model_path: str,
    data: str,
    output: str,
    force: bool,
    as_json: bool,
    debug: bool,
    **reading: Any,
) -> None:
    """Predict for the rows of DATA with MODEL.

    Columns are found by name: their order, and other columns, change nothing.
    """
    del debug
    out = Output(as_json=as_json)
    out.take_warnings()
    if output != "-":
        if not output.lower().endswith((".csv", ".parquet")):
            raise ParameterError(
                f"--output {output}: expected a name that ends in .csv or .parquet",
                remedy="Name the file predictions.csv, for instance; - is stdout.",
            )
        require_new_file(output, force=force, inputs=[model_path, data])
    model = load_table_model(model_path)
    table = model.read(data, **reading)
    for note in table.notes:
        out.note(f"{table.source}: {note}")
    predictions = model.predict(table)
    for message in predictions.messages:
        out.note(message)
    columns = prediction_columns(model, table, predictions)
    if output.lower().endswith(".parquet"):
        write_parquet(columns, output)
    elif output != "-":
        write_csv(columns, output)
    elif not as_json:
        write_to_stdout(columns)
    if output != "-":
        out.say(f"{count_of(table.n_rows, 'prediction')} in {output}")
    document: dict[str, Any] = {"model": model_path, "data": data, "rows": table.n_rows}
    if output == "-":
        names = list(columns)
        rows = zip(*columns.values(), strict=True)
        document["predictions"] = [dict(zip(names, row, strict=True)) for row in rows]
    else:
        document["output"] = output
    out.document(document)
