"""`clearprop evaluate`: a model judged on a table that has the target."""

from __future__ import annotations

import os
from typing import Any

import click

from clearprop.cli.files import load_table_model
from clearprop.cli.options import data_options, shared_options
from clearprop.cli.output import Output
from clearprop.cli.report import evaluation_parts, table_headline

__all__ = ["command"]


@click.command("evaluate")
@click.argument("model_path", metavar="MODEL")
@click.argument("data")
@data_options
@shared_options
def command(model_path: str, data: str, as_json: bool, debug: bool, **reading: Any) -> None:
    """Judge MODEL on DATA, which must have the target's column.

    Judge on rows that the model was not trained on: of those it was, it knows the answers.
    """
    del debug
    out = Output(as_json=as_json)
    out.take_warnings()
    model = load_table_model(model_path)
    table = model.read(data, **reading)
    for note in table.notes:
        out.note(f"{table.source}: {note}")
    if os.path.basename(data) == model.record["data"]:
        out.note(
            f"the model was trained on a table of this name, {os.path.basename(data)}: on rows it "
            "learned from, it looks better than it is"
        )
    for message in model.predict(table).messages:
        out.note(message)
    evaluation = model.evaluate(table)
    out.say(table_headline(table))
    for part in evaluation_parts(evaluation, model, out.stdout.width - 2):
        out.say(part, indent=2)
    out.document({"model": model_path, "data": data, "target": model.target.name,
                  "task": model.target.task, "scores": evaluation.to_dict()})  # fmt: skip
