"""`clearprop train`: a table in, a trained and judged network out."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from clearprop.cli.curves import Curves, curves_in_text, plot_curves, require_plotting
from clearprop.cli.files import default_model_path, require_model_path
from clearprop.cli.options import (
    READING,
    data_options,
    estimator_options,
    learning_options,
    shared_options,
)
from clearprop.cli.output import Output
from clearprop.cli.progress import shown_progress
from clearprop.cli.report import (
    count_of,
    evaluation_parts,
    facts,
    preparation_facts,
    size_of,
    stopped_text,
    table_headline,
)
from clearprop.errors import ModelFileError, ParameterError
from clearprop.estimators.solvers import PLANNED
from clearprop.model_file import save_model
from clearprop.table_model import (
    PreparedTable,
    TableModel,
    TrainingReport,
    prepare_table,
    train_prepared,
)
from clearprop.tables import Table, read_table
from clearprop.training.resume import is_finished

__all__ = ["command"]

# The report says these in its own words.
SAID_BY_REPORT = (
    "Training interrupted by user",
    "Training stopped at max_time",
    "Stochastic Optimizer: Maximum iterations",
)
# A run that stopped for one of these reasons can be gone on with, or be made longer.
UNFINISHED = ("interrupted", "max_seconds", "max_epochs")

EPILOG = """\b
Every parameter of MLPClassifier and MLPRegressor is an option, but for these: random_state is
--seed; early_stopping, validation_fraction and stratified_validation are --validation-size, whose
part is stratified; checkpoint is MODEL.checkpoint, beside the model while it is trained; verbose,
warm_start, callbacks, metrics and quantile are for Python.

\b
Examples:
  clearprop train digits
  clearprop train wine.csv --target quality --hidden-layer-sizes 64,32
  clearprop train prices.csv --target price --task regression --plot curves.svg
"""


@click.command("train", epilog=EPILOG)
@click.argument("data")
@learning_options
@click.option("--output", "-o", metavar="MODEL", help="The model's file, *.safetensors.")
@click.option(
    "--test-size",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.2,
    show_default=True,
    help="Share of the rows held out to judge the result.",
)
@click.option(
    "--validation-size",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Share of the others whose score stops the training.",
)
@click.option("--plot", metavar="FILE", help="Write the learning curves as .svg or .png.")
@click.option("--resume", is_flag=True, help="Go on from MODEL.checkpoint.")
@click.option("--force", is_flag=True, help="Replace files that would else be kept.")
@data_options
@shared_options
@estimator_options
def command(
    data: str,
    target: str | None,
    task: str | None,
    output: str | None,
    plot: str | None,
    force: bool,
    resume: bool,
    as_json: bool,
    quiet: bool,
    debug: bool,
    **options: Any,
) -> None:
    """Train a network on DATA and judge it on rows held out.

    Ctrl-C stops early, with the best network so far; a second one aborts.
    """
    del debug
    out = Output(as_json=as_json, quiet=quiet)
    out.take_warnings(*SAID_BY_REPORT)
    path = output or default_model_path(data)
    require_model_path(path, force=force)
    if plot:
        require_plotting(plot, force=force)
    if options["solver"] != "lbfgs":
        _require_checkpoint(f"{path}.checkpoint", resume=resume, force=force)
    reading = {name: options.pop(name) for name in READING}
    table = read_table(data, ignore=options["drop"], **reading)
    for note in table.notes:
        out.note(f"{table.source}: {note}")
    prepared = prepare_table(
        table,
        target,
        task=task,
        test_size=options.pop("test_size"),
        validation_size=options.pop("validation_size"),
        random_state=options.pop("seed"),
        keep=options.pop("keep"),
        drop=options.pop("drop"),
        checkpoint=None if options["solver"] == "lbfgs" else f"{path}.checkpoint",
        resume=resume,
        **{name: value for name, value in options.items() if value is not None},
    )
    if os.path.lexists(path):
        out.note(f"{path} is there already: the new model replaces it")
    _say_prepared(out, table, prepared)
    _say_checkpoint(out, f"{path}.checkpoint", prepared, resume=resume)
    with shown_progress(out, is_loss=prepared.estimator.scoring is None) as callbacks:
        model, report = train_prepared(prepared, callbacks=callbacks)
    save_model(model, path)
    if report.stopped not in UNFINISHED or not _can_be_longer(model, report):
        with suppress(FileNotFoundError):
            os.unlink(f"{path}.checkpoint")
    curves = Curves.of(model.record, is_classifier=model.is_classifier)
    _say_trained(out, model, report, curves)
    if plot:
        title = f"{model.record['data']}: {model.target.name}"
        try:
            plot_curves(curves, plot, title=title, kept_epoch=report.kept_epoch)
        except ModelFileError as error:
            raise ModelFileError(
                error.message, remedy=f"{error.remedy} The model is saved: {path}."
            ) from error
    _say_next(out, path, plot, report)
    out.document({"model": path, "size": os.path.getsize(path), "target": model.target.name,
                  "task": model.target.task, **model.record})  # fmt: skip


def _say_prepared(out: Output, table: Table, prepared: PreparedTable) -> None:
    out.say(table_headline(table))
    out.say(facts(preparation_facts(prepared)), indent=2)
    out.say()


def _can_be_longer(model: TableModel, report: TrainingReport) -> bool:
    """Whether a run could go on: not one that ended with a learning rate planned to its end."""
    return report.stopped != "max_epochs" or model.estimator.learning_rate not in PLANNED


def _require_checkpoint(path: str, *, resume: bool, force: bool) -> None:
    if os.path.lexists(path) and not (resume or force or is_finished(Path(path))):
        raise ParameterError(
            f"{path} is there already, perhaps of a run that did not finish",
            remedy="Go on from it with --resume, or lose it and train from the start with --force.",
        )


def _say_checkpoint(out: Output, path: str, prepared: PreparedTable, *, resume: bool) -> None:
    there = os.path.exists(path)
    if prepared.estimator.checkpoint is None:
        if resume:
            out.note("L-BFGS keeps no checkpoint: training from the start")
    elif resume and not there:
        out.note(f"there is no {path} to go on from: training from the start")


def _say_trained(out: Output, model: TableModel, report: TrainingReport, curves: Curves) -> None:
    if out.quiet:
        return
    out.say(facts([("trained", stopped_text(report, model.estimator))]), indent=2)
    drawn = curves_in_text(curves, out.stdout.width - 2)
    if drawn:
        out.say()
        out.say(drawn, indent=2)
    out.say()
    if report.evaluation is None:
        out.say("No rows were held out: nothing is known of how good the model is.")
        return
    out.say(f"On the {count_of(report.evaluation.n_rows, 'row')} held out for the test")
    for part in evaluation_parts(report.evaluation, model, out.stdout.width - 2):
        out.say(part, indent=2)


def _say_next(out: Output, path: str, plot: str | None, report: TrainingReport) -> None:
    out.say()
    lines = [("model", f"{path} ({size_of(Path(path).stat().st_size)})")]
    if plot:
        lines.append(("curves", plot))
    if report.stopped in UNFINISHED and os.path.exists(f"{path}.checkpoint"):
        longer = " and a larger --max-iter" if report.stopped == "max_epochs" else ""
        lines.append(("go on with", f"the same command, --resume{longer}"))
    lines.append(("next", f"clearprop predict {path} new.csv"))
    out.say(facts(lines))
