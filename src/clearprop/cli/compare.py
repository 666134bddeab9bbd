"""`clearprop compare`: this project's network beside other models, on the user's own table."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import Any

import click
from rich.table import Table as Grid
from rich.text import Text

from clearprop.cli.options import (
    READING,
    data_options,
    estimator_options,
    learning_options,
    shared_options,
)
from clearprop.cli.output import Output
from clearprop.cli.report import count_of, facts, table_headline
from clearprop.table_model.comparison import MODELS, Compared, Comparison, compare_models
from clearprop.tables import read_table

__all__ = ["command"]

SECONDS_BETWEEN_LINES = 2.0
EARLIER = "The networks were not stopped early; --validation-size 0.1 may serve them."
_SAME = 1e-9  # a mean of scores is rounded

EPILOG = """\b
The row "clearprop" is what clearprop train would make of each fold's training rows. Both networks
have the same parameters and seed; scikit-learn's stops early only with --validation-size. The other
models have scikit-learn's defaults. Each fold's encoding is learned from its training rows alone.
Times are of fit and predict alone, after the engine has been compiled, with the threads that each
model chooses for itself.

\b
Examples:
  clearprop compare wine
  clearprop compare prices.csv --target price --folds 10 --metric neg_mean_absolute_error
  clearprop compare churn.csv --target left --models clearprop,boosting --class-weight balanced
"""


class _Names(click.ParamType[Any]):
    """Names with commas between them."""

    name = "name,name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """From the words of the command line."""
        if not isinstance(value, str):
            return value
        names = [name.strip() for name in value.split(",") if name.strip()]
        for name in names:
            if name not in MODELS:
                self.fail(f"{name!r} is not one of {', '.join(MODELS)}.", param, ctx)
        if not names:
            self.fail(f"name at least one of {', '.join(MODELS)}.", param, ctx)
        return names


@click.command("compare", epilog=EPILOG)
@click.argument("data")
@partial(learning_options, quiet="The table of scores, warnings and errors only.")
@click.option(
    "--folds", type=click.IntRange(2), default=5, show_default=True, help="Parts of the rows."
)
@click.option(
    "--metric",
    metavar="NAME",
    help="A scikit-learn scorer, higher is better.  [default: accuracy, or r2]",
)
@click.option(
    "--models",
    type=_Names(),
    default=",".join(MODELS),
    show_default=True,
    help="What to compare.",
)
@click.option(
    "--validation-size",
    type=click.FloatRange(0, 1, max_open=True),
    help="Share of the training rows on which both networks stop early; 0 for none.  [default: "
    "each as it comes: 0.1 for clearprop, as in train; none for scikit-learn's MLP]",
)
@data_options
@shared_options
@partial(estimator_options, leave_out=("checkpoint_seconds",))
def command(
    data: str,
    target: str | None,
    task: str | None,
    folds: int,
    metric: str | None,
    models: list[str],
    validation_size: float | None,
    seed: int,
    as_json: bool,
    quiet: bool,
    debug: bool,
    **options: Any,
) -> int | None:
    """Compare the network with other models on the same folds of DATA.

    Ctrl-C ends it with the folds so far.
    """
    del debug
    out = Output(as_json=as_json, quiet=quiet)
    out.take_warnings()
    reading = {name: options.pop(name) for name in READING}
    table = read_table(data, ignore=options["drop"], **reading)
    for note in table.notes:
        out.note(f"{table.source}: {note}")
    out.say(table_headline(table))
    found = compare_models(
        table,
        target,
        task=task,
        n_folds=folds,
        metric=metric,
        models=models,
        validation_size=validation_size,
        random_state=seed,
        keep=options.pop("keep"),
        drop=options.pop("drop"),
        told=_Progress(out),
        **{name: value for name, value in options.items() if value is not None},
    )
    # The table is what was asked for, however quietly.
    shown = Output(as_json=as_json)
    if not quiet:
        _say_what(shown, found, seed)
    _say(shown, found)
    if validation_size == 0.0 and _another_leads(found):
        shown.say(EARLIER, indent=2)
    out.document({"data": data, "seed": seed, **found.to_dict(), "verdict": _verdict(found)})
    return None if found.is_whole else 130


def _another_leads(found: Comparison) -> bool:
    """Whether another kind of model scores better than our network."""
    means = {model.name: model.mean for model in found.models if model.scores}
    others = [mean for name, mean in means.items() if name not in ("clearprop", "scikit-learn")]
    return "clearprop" in means and bool(others) and max(others) > means["clearprop"]


class _Progress:
    """A line every few seconds, on stderr."""

    def __init__(self, out: Output) -> None:
        self._out, self._shown = out, time.monotonic()

    def __call__(self, fold: int, n_folds: int, title: str) -> None:
        if self._out.quiet or time.monotonic() - self._shown < SECONDS_BETWEEN_LINES:
            return
        self._shown = time.monotonic()
        self._out.stderr.print(f"fold {fold + 1} of {n_folds}: {title}", soft_wrap=True)


def _say_what(out: Output, found: Comparison, seed: int) -> None:
    """What is predicted and how it is judged."""
    kind = "stratified folds" if found.is_stratified else "folds"
    lines = [
        ("target", f"{found.target!r}, {found.task}, {count_of(found.n_rows, 'row')}"),
        ("judged by", f"{found.metric}, higher is better, on {found.n_folds} {kind} (seed {seed})"),
    ]
    if found.left_out and any(model.name == "scikit-learn" for model in found.models):
        lines.append(("note", f"scikit-learn's MLP has no {', '.join(found.left_out)}: without"))
    out.say(facts(lines), indent=2)
    out.say()


def _say(out: Output, found: Comparison) -> None:
    """The table of scores, and what it tells."""
    if out.quiet:
        return
    if found.n_done == 0:
        out.say("No fold was finished: there is nothing to tell.")
        return
    if not found.is_whole:
        out.say(f"Interrupted: of the first {count_of(found.n_done, 'fold')} alone")
    out.say(_grid(found), indent=2)
    out.say("(mean ± standard deviation over the folds; times of one fold)", indent=2)
    out.say()
    for sentence in _verdict(found):
        out.say(sentence, indent=2)


def _grid(found: Comparison) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    grid.add_column("model", overflow="fold")
    for heading in (found.metric, "fit", "predict"):
        grid.add_column(heading, justify="right", no_wrap=True)
    best = max(model.mean for model in found.models)
    for model in found.models:
        score = Text(f"{model.mean:.4f} ± {model.spread:.4f}")
        if model.mean == best:
            score.stylize("bold")
        seconds = [sum(model.fit_seconds), sum(model.predict_seconds)]
        n_done = len(model.scores)
        grid.add_row(model.title, score, *(_duration(total / n_done) for total in seconds))
    return grid


def _duration(seconds: float) -> str:
    """Of three digits.

    Examples:
        >>> _duration(0.00123), _duration(0.5), _duration(75.0)
        ('1.23 ms', '500 ms', '75 s')
    """
    return f"{seconds:.3g} s" if seconds >= 1.0 else f"{1000.0 * seconds:.3g} ms"


def _verdict(found: Comparison) -> list[str]:
    """Who wins, if anybody does; and what the twin took for the same."""
    models = {model.name: model for model in found.models}
    ours = models.get("clearprop")
    if ours is None or len(models) < 2 or found.n_done == 0:
        return []
    sentences = []
    others = [model for name, model in models.items() if name not in ("clearprop", "scikit-learn")]
    if others:
        sentences.append(_winner(found, ours, others))
    twin = models.get("scikit-learn")
    if twin is not None:
        ratio = sum(twin.fit_seconds) / sum(ours.fit_seconds)
        faster = f"{ratio:.3g} times as fast as"
        if ratio < 1.0:
            faster = f"{1.0 / ratio:.3g} times slower than"
        gap = abs(ours.mean - twin.mean)
        same = ", to the same score" if gap < _SAME else f", to a score that differs by {gap:.2g}"
        if math.isnan(gap):
            same = ""
        sentences.append(f"clearprop fits {faster} scikit-learn's MLP{same}.")
    return sentences


def _winner(found: Comparison, ours: Compared, others: list[Compared]) -> str:
    unknown = [model.title for model in (ours, *others) if not math.isfinite(model.mean)]
    if unknown:
        return (
            f"No winner is named: {found.metric} is undefined, in some fold at least, for "
            f"{', '.join(unknown)}."
        )
    best = max(others, key=lambda model: model.mean)
    advantage = found.advantage(ours, best)
    if advantage is None:
        return "One fold tells nothing of how far luck decides: no winner is named."
    difference, half = advantage
    if difference == 0.0:
        return f"No winner: clearprop and {best.title} score the same."
    leads = "clearprop" if difference > 0.0 else best.title
    size = f"{abs(difference):.4f}"
    if math.isinf(half):
        return (
            f"No clear winner: {leads} scores better by {size} in every fold alike, which tells "
            "nothing of how far luck decides."
        )
    if abs(difference) <= half:
        return (
            f"No clear winner: {leads} scores better by {size} ± {half:.4f} (95 % interval), which "
            "luck with the folds may explain."
        )
    than = f"{best.title}, the next best," if difference > 0.0 else "clearprop"
    return f"{leads} wins here: better than {than} by {size} ± {half:.4f} (95 % interval)."
