"""The estimators' parameters as options, made from their signatures, constraints and docstrings.

A parameter that an estimator gains is an option of `clearprop train` from then on. Knows nothing of
what is done with them.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Collection
from numbers import Integral
from typing import Any

import click
from sklearn.utils._param_validation import Interval, StrOptions

from clearprop.cli.types import LayerNames, LayerSizes, NumberOr, ScorerName
from clearprop.estimators import MLPClassifier, MLPRegressor
from clearprop.table_model.preparation import DECIDED_HERE, HIDDEN_LAYER_SIZES, MAX_ITER
from clearprop.tables.spellings import ORDERS
from clearprop.tables.target import TASKS

__all__ = [
    "PARAMETER_NAMES",
    "READING",
    "data_options",
    "estimator_options",
    "learning_options",
    "shared_options",
]

# Parameters that have options of other names, or none; the help says which.
OTHERWISE = (*DECIDED_HERE, "callbacks", "checkpoint", "metrics", "quantile", "resume", "verbose")
DEFAULTS = {
    "hidden_layer_sizes": ",".join(map(str, HIDDEN_LAYER_SIZES)),
    "max_iter": str(MAX_ITER),
    "batch_size": "1 % of the training rows, from 32 to 200",
    "scoring": "the loss of the validation part",
}
HELP = {
    "activation": "activation of the hidden layers, or one for each, such as relu,tanh.",
    "solver": "what minimises the loss.",
    "learning_rate": 'the learning rate over time: "cosine" and "one_cycle" for every solver but '
    '"lbfgs", "invscaling" and "adaptive" for "sgd" alone.',
    "momentum": 'momentum, for the solver "sgd".',
    "nesterovs_momentum": 'whether it is Nesterov\'s, for the solver "sgd".',
    "beta_1": "Adam, Nadam: decay of the gradient's running mean.",
    "beta_2": "Adam, Nadam, RMSprop: decay of the squared gradient's running mean.",
    "epsilon": "Adam, Nadam, RMSprop: keeps the denominator above 0.",
    "max_fun": 'evaluations of the loss at most, for the solver "lbfgs".',
    "checkpoint_seconds": "time between two writes of MODEL.checkpoint.",
    "hidden_layer_sizes": "width of each hidden layer, such as 64,32; or none.",
    "batch_size": "rows per step.",
    "loss": 'regression: "squared_error" for the mean, "poisson" for counts, "absolute_error" for '
    'the median, "huber" between mean and median.',
    "huber_delta": "the error, in standard deviations of the target, beyond which the loss "
    '"huber" grows straight.',
    "dropout": "share of the hidden layers' units that each training step leaves out.",
    "label_smoothing": "classification: share of each row's target that is spread over all "
    "classes.",
    "class_weight": 'classification: "balanced" has rare classes count as much as frequent ones.',
    "scoring": "score of the validation part: a scikit-learn scorer's name, such as accuracy.",
    "max_time": "seconds after which training stops, with the best so far.",
}

Command = Callable[..., Any]


def _number(interval: Interval) -> click.ParamType[Any]:
    """The range of an interval of the constraints."""
    kind = click.IntRange if interval.type is Integral else click.FloatRange
    low_open = interval.closed in ("neither", "right")
    high_open = interval.closed in ("neither", "left") and interval.right is not None
    # click knows no open ends for whole numbers; there are none among the constraints.
    ends = {} if kind is click.IntRange else {"min_open": low_open, "max_open": high_open}
    return kind(min=interval.left, max=interval.right, **ends)


def _option_type(name: str, constraints: list[Any]) -> click.ParamType[Any]:
    if name == "hidden_layer_sizes":
        return LayerSizes()
    words: set[str] = set()
    number = None
    for constraint in constraints:
        if isinstance(constraint, StrOptions):
            words |= constraint.options
        elif isinstance(constraint, Interval):
            number = _number(constraint)
    if name == "activation":
        return LayerNames(words)
    if name == "loss":
        # The report judges predictions as centres of the target, which a quantile is not.
        words -= {"quantile"}
    if name == "n_iter_no_change" and number is not None:
        return NumberOr(number, {"inf": math.inf})
    if number is not None:
        return NumberOr(number, {word: word for word in words}) if words else number
    return click.Choice(sorted(words)) if len(words) <= 20 else ScorerName(words)


def _descriptions(estimator: type) -> dict[str, str]:
    """Parameter -> its line in the class's docstring."""
    described = inspect.getdoc(estimator) or ""
    section = described.partition("Args:\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, flags=re.MULTILINE)
    return {name: re.sub(r"\s+", " ", text) for name, text in entries}


def _parameters() -> dict[str, tuple[Any, list[Any], str]]:
    """Parameter -> default, constraints, help; of both estimators."""
    found: dict[str, tuple[Any, list[Any], str]] = {}
    for estimator in (MLPClassifier, MLPRegressor):
        described = _descriptions(estimator)
        for name, parameter in inspect.signature(estimator).parameters.items():
            constraints = estimator._parameter_constraints.get(name, [])
            text = HELP.get(name, described.get(name, ""))
            found.setdefault(name, (parameter.default, constraints, text))
    return {name: entry for name, entry in found.items() if name not in OTHERWISE}


PARAMETER_NAMES = tuple(_parameters())
"""The parameters that are options of their own."""


def estimator_options(command: Command, *, leave_out: Collection[str] = ()) -> Command:
    """Give a command every parameter of the estimators as an option; unset ones are None."""
    for name, (default, constraints, text) in reversed(_parameters().items()):
        if name in leave_out:
            continue
        flag = f"--{name.replace('_', '-')}"
        shown = DEFAULTS.get(name, "none" if default is None else str(default))
        help_text = f"{text[:1].upper()}{text[1:].rstrip('.')}."
        if "boolean" in constraints:
            shown = flag if default else f"--no-{flag[2:]}"
            flag = f"{flag}/--no-{flag[2:]}"
            option = click.option(flag, name, default=None, help=f"{help_text}  [default: {shown}]")
        else:
            kind = _option_type(name, constraints)
            option = click.option(
                flag, name, type=kind, default=None, help=f"{help_text}  [default: {shown}]"
            )
        command = option(command)
    return command


READING = ("delimiter", "encoding", "decimal", "dates", "header", "missing", "text")
"""The options of `data_options`."""


def data_options(command: Command) -> Command:
    """Give a command the options on how a CSV file is read."""
    for option in (
        click.option("--text", multiple=True, metavar="COLUMN", help="Read this column as text."),
        click.option(
            "--missing", multiple=True, metavar="TEXT", help="A spelling that means no value."
        ),
        click.option(
            "--header/--no-header", default=None, help="Whether the first line holds names."
        ),
        click.option(
            "--dates", type=click.Choice(ORDERS), help="What is first in dates such as 01/02/2026."
        ),
        click.option("--decimal", type=click.Choice([".", ","]), help="Decimal mark."),
        click.option("--encoding", metavar="NAME", help="Encoding, such as latin-1."),
        click.option("--delimiter", metavar="CHARACTER", help="Character between fields."),
    ):
        command = option(command)
    return command


def learning_options(command: Command, *, quiet: str = "Warnings and errors only.") -> Command:
    """Give a command what there is to say of a table to learn from."""
    for option in reversed(
        (
            click.option("--target", metavar="COLUMN", help="The column to predict."),
            click.option(
                "--task", type=click.Choice(TASKS), help="[default: by the target's values]"
            ),
            click.option(
                "--seed",
                type=click.IntRange(0, 2**32 - 1),
                default=0,
                show_default=True,
                help="Random seed.",
            ),
            click.option(
                "--keep", multiple=True, metavar="COLUMN", help="Never set this column aside."
            ),
            click.option("--drop", multiple=True, metavar="COLUMN", help="Leave this column out."),
            click.option("--quiet", "-q", is_flag=True, help=quiet),
        )
    ):
        command = option(command)
    return command


def shared_options(command: Command) -> Command:
    """Give a command what every command has."""
    for option in (
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
        click.option("--json", "as_json", is_flag=True, help="Write one JSON document to stdout."),
    ):
        command = option(command)
    return command
