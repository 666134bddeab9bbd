"""`clearprop diagnose`: which mistake makes a wrong gradient what it is."""

from __future__ import annotations

from typing import Any

import click

from clearprop.activations import ACTIVATIONS
from clearprop.cli.files import load_table_model
from clearprop.cli.options import data_options, shared_options
from clearprop.cli.output import Output, shown
from clearprop.cli.types import LayerNames, Rows, Widths, chosen_rows
from clearprop.errors import ParameterError
from clearprop.explanation.diagnose import diagnose
from clearprop.explanation.diagnose.files import (
    as_parameters,
    as_suspect,
    as_targets,
    read_array,
    read_arrays,
)
from clearprop.explanation.diagnose.reading import LAYOUTS
from clearprop.losses import OUTPUTS, REDUCTIONS
from clearprop.network import Network

__all__ = ["command"]

FIRST_ROWS = 8


EPILOG = """\b
Of a model of clearprop train, on rows of a table:
  clearprop diagnose MODEL DATA SUSPECT... --rows 0:3
Of any network:
  clearprop diagnose --sizes 2,2,4,3 --hidden tanh --output-function softmax --reduction sum
    --parameters P.npz --X X.csv --Y Y.csv SUSPECT...
"""


@click.command("diagnose", epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="[MODEL DATA] SUSPECT...")
@click.option(
    "--rows",
    type=Rows(),
    help="Rows that the gradient is of, counted from 0: 0:3 or 0,4,7.  "
    f"[default: 0:{FIRST_ROWS}; without MODEL all rows of X]",
)
@click.option("--sizes", type=Widths(), help="Without MODEL: widths from input to output, 2,2,4,3.")
@click.option(
    "--hidden", type=LayerNames(set(ACTIVATIONS)), help="Activation.  [default: logistic]"
)
@click.option(
    "--output-function", type=click.Choice(sorted(OUTPUTS)), help="Output.  [default: softmax]"
)
@click.option("--reduction", type=click.Choice(list(REDUCTIONS)), help="[default: mean]")
@click.option("--parameters", metavar="FILE", help="W0, b0, W1 … as .npz; from before an update.")
@click.option("--X", "x_file", metavar="FILE", help="The batch: a CSV or .npy, one row per sample.")
@click.option(
    "--Y", "y_file", metavar="FILE", help="Its targets: a row per sample, or class numbers."
)
@click.option(
    "--l2",
    type=click.FloatRange(0.0),
    help="Strength of the L2 penalty in the gradient.  [default: the model's alpha; 0 without]",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default="auto",
    show_default=True,
    help="Whether W has a row per input (rows) or a column per input (columns, as torch's).",
)
@data_options
@shared_options
def command(
    files: tuple[str, ...], l2: float | None, layout: str, as_json: bool, debug: bool, **given: Any
) -> int:
    """Say which mistake makes the gradient in SUSPECT wrong: where, which formula, what to do.

    SUSPECT is an .npz with arrays called dW0, db0, delta1, 0.weight and the like, or one or more
    .npy or CSV files called so. Any part of the gradient will do.

    The exit status is 0 whatever the verdict.
    """
    del debug
    out = Output(as_json=as_json)
    out.take_warnings()
    if given["sizes"] is None and given["parameters"] is None:
        network, parameters, X, Y, strength, suspects, about = _from_model(files, given, out)
    else:
        network, parameters, X, Y, suspects, about = _from_arrays(files, given)
        strength = 0.0
    diagnosis = diagnose(
        network,
        parameters,
        X,
        Y,
        as_suspect(read_arrays(suspects)),
        l2=strength if l2 is None else l2,
        layout=layout,
        progress=None if out.quiet else lambda told: out.stderr.print(told, soft_wrap=True),
    )
    out.say(shown(f"{', '.join(suspects)}: the gradient of {about}"))
    out.say()
    if not out.quiet:
        out.stdout.print(str(diagnosis), soft_wrap=True)
    out.document({"suspects": list(suspects), "rows": len(X), **diagnosis.to_dict()})
    return 0


def _from_model(
    files: tuple[str, ...], given: dict[str, Any], out: Output
) -> tuple[Network, Any, Any, Any, float, tuple[str, ...], str]:
    unused = [
        name
        for name in ("hidden", "output_function", "reduction", "x_file", "y_file")
        if given[name]
    ]
    if unused:
        option = {"x_file": "X", "y_file": "Y"}.get(unused[0], unused[0].replace("_", "-"))
        raise ParameterError(
            f"--{option} goes with --sizes and --parameters, of which there are none",
            remedy="Give --sizes and --parameters, or leave it out: a MODEL knows its own.",
        )
    if len(files) < 3:
        raise ParameterError(
            f"got {len(files)} of MODEL, DATA and SUSPECT",
            remedy="Give all three: clearprop diagnose MODEL DATA SUSPECT; or a network by "
            "--sizes, --parameters, --X and --Y.",
        )
    model_path, data, *suspects = files
    model = load_table_model(model_path)
    reading = {name: given[name] for name in given if name not in _OWN_OPTIONS}
    table = model.read(data, **reading)
    for note in table.notes:
        out.note(f"{table.source}: {note}")
    rows = chosen_rows(given["rows"], table.n_rows, table.source, first=FIRST_ROWS)
    X, Y = model.batch(table.take(rows))
    estimator = model.estimator
    about = f"{model_path} on {len(X)} rows of {table.source}"
    return (
        estimator.network_,
        estimator.parameters_,
        X,
        Y,
        float(estimator.alpha),
        tuple(suspects),
        about,
    )


_OWN_OPTIONS = (
    "rows",
    "sizes",
    "hidden",
    "output_function",
    "reduction",
    "parameters",
    "x_file",
    "y_file",
)


def _from_arrays(
    files: tuple[str, ...], given: dict[str, Any]
) -> tuple[Network, Any, Any, Any, tuple[str, ...], str]:
    for name, option in (("sizes", "sizes"), ("parameters", "parameters"), ("x_file", "X"),
                         ("y_file", "Y")):  # fmt: skip
        if given[name] is None:
            raise ParameterError(
                f"--{option} is missing",
                remedy="A network without MODEL needs --sizes, --parameters, --X and --Y.",
            )
    network = Network(
        given["sizes"],
        given["hidden"] or "logistic",
        given["output_function"] or "softmax",
        given["reduction"] or "mean",
    )
    parameters = as_parameters(network, read_arrays([given["parameters"]]), given["parameters"])
    X, Y = read_array(given["x_file"]), read_array(given["y_file"])
    # A file with one line is one sample, or one input of several.
    if X.shape == (network.sizes[0], 1) and network.sizes[0] > 1:
        X = X.T
    if Y.shape == (network.sizes[-1], 1) and network.sizes[-1] > 1 and len(X) == 1:
        Y = Y.T
    Y = as_targets(network, Y, given["y_file"])
    if len(X) != len(Y):
        raise ParameterError(
            f"--Y {given['y_file']}: got {len(Y)} rows for {len(X)} rows of {given['x_file']}",
            remedy="Give a target for each row of the batch.",
        )
    if given["rows"] is not None:
        rows = chosen_rows(given["rows"], len(X), given["x_file"], first=len(X))
        X, Y = X[rows], Y[rows]
    widths = " → ".join(map(str, network.sizes))
    return network, parameters, X, Y, files, f"a network {widths} on {len(X)} rows"
