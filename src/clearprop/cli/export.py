"""`clearprop export`: a model file in, a file for other runtimes out."""

from __future__ import annotations

import os
from typing import Any

import click

from clearprop.cli.files import require_new_file
from clearprop.cli.options import shared_options
from clearprop.cli.output import Output
from clearprop.errors import ParameterError
from clearprop.model_file import load_model

__all__ = ["command"]

EPILOG = """\b
The ONNX model of a table takes its raw columns, one input each of shape (rows, 1): numbers and
truth values as doubles (NaN where one is missing), categories as strings spelled as in training
("" where one is missing), times as int64 microseconds since 1970 (the least int64 where one is
missing). It gives what `clearprop predict` gives.

\b
Needs the extra: pip install "clearprop[onnx]"

\b
Example:
  clearprop export wine.safetensors --onnx wine.onnx
"""


@click.command("export", epilog=EPILOG)
@click.argument("model_path", metavar="MODEL")
@click.option("--onnx", "onnx_path", metavar="FILE", help="The ONNX file to write.")
@click.option("--force", is_flag=True, help="Replace the file if it stands there.")
@shared_options
def command(
    model_path: str, onnx_path: str | None, force: bool, as_json: bool, debug: bool
) -> None:
    """Write MODEL as an ONNX file, its table's encoding included."""
    del debug
    out = Output(as_json=as_json)
    out.take_warnings()
    if onnx_path is None:
        raise ParameterError(
            "--onnx FILE is missing: there is nothing else to export to",
            remedy=f"Write for instance: clearprop export {model_path} --onnx model.onnx",
        )
    if not onnx_path.lower().endswith(".onnx"):
        raise ParameterError(
            f"--onnx {onnx_path}: expected a name that ends in .onnx",
            remedy=f"Name the file {os.path.splitext(onnx_path)[0]}.onnx, for instance.",
        )
    require_new_file(onnx_path, force=force, inputs=[model_path], option="--onnx")
    model = load_model(model_path)
    from clearprop.onnx_file.export import export_onnx  # noqa: PLC0415 - the extra is looked for here

    described = export_onnx(model, onnx_path)
    for heading in ("inputs", "outputs"):
        out.say(f"{heading:<12} {len(described[heading])}")
        for name, kind in described[heading].items():
            out.say(f"  {name}: {kind}")
    out.say(f"model        {onnx_path}")
    document: dict[str, Any] = {"model": model_path, "onnx": onnx_path, **described}
    out.document(document)
