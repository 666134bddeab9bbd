"""`clearprop exercise`: questions on backpropagation, asked, marked, and printed as sheets."""

from __future__ import annotations

import shlex
from typing import Any

import click

from clearprop.activations import ACTIVATIONS
from clearprop.cli.answer_files import mark_files
from clearprop.cli.asking import Asking
from clearprop.cli.explain import article_rows
from clearprop.cli.failures import EXIT_USER
from clearprop.cli.files import load_table_model, require_new_file
from clearprop.cli.options import data_options, shared_options
from clearprop.cli.output import Output
from clearprop.cli.types import Rows, Widths, chosen_rows, is_widths
from clearprop.errors import ParameterError
from clearprop.explanation.articles import ARTICLES
from clearprop.explanation.exercise.friendly import FRIENDLY_OUTPUTS, friendly_source
from clearprop.explanation.exercise.session import Session
from clearprop.explanation.exercise.sheet import N_QUESTIONS, sheet_of
from clearprop.explanation.exercise.writers.save import require_known_ending, save_sheet
from clearprop.explanation.formulas.notation import NOTATIONS
from clearprop.explanation.sources import Source, of_table_model, source_of
from clearprop.losses import REDUCTIONS

__all__ = ["command"]

EPILOG = """\b
Examples:
  clearprop exercise
  clearprop exercise article-b --questions 5
  clearprop exercise --sizes 2,3,2 --seed 7 --output sheet.html --key key.html
  clearprop exercise --sizes 2,3,2 --seed 7 --answers anna.txt --answers ben.txt
  clearprop exercise iris.safetensors iris --rows 0:3

WHAT is article-a or article-b, the widths of a random network such as 2-3-2, or a model of
clearprop train with DATA. The same seed makes the same sheet. At a question, answer, or type hint,
solution, skip or quit. Numbers may be written 0.25, 0,25, -1.5e-3 or 1/3.

A sheet's ending says what it is: .html a page that marks answers itself, .md Markdown, .tex LaTeX,
.txt text. A file of answers has one a line, in order or as "3: 0.25".
"""

SIZES = (2, 3, 2)
FIRST_ROWS = 3


@click.command("exercise", epilog=EPILOG)
@click.argument("what", required=False)
@click.argument("data", required=False)
@click.option("--sizes", type=Widths(), help="A random network of these widths.  [default: 2,3,2]")
@click.option(
    "--samples", type=click.IntRange(1, 20), help="Its rows, to be summed over.  [default: 3]"
)
@click.option(
    "--hidden",
    type=click.Choice(sorted(ACTIVATIONS)),
    help="Its hidden layers' activation.  [default: logistic]",
)
@click.option(
    "--output-function",
    type=click.Choice(FRIENDLY_OUTPUTS),
    help="Its output.  [default: softmax, or logistic for one output]",
)
@click.option("--reduction", type=click.Choice(list(REDUCTIONS)), help="Its loss.  [default: mean]")
@click.option("--rows", type=Rows(), help="Rows of DATA, from 0: 0:3 or 0,4,7.  [default: 0:3]")
@click.option(
    "--questions",
    type=click.IntRange(1, 100),
    default=N_QUESTIONS,
    show_default=True,
    help="How many.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="The same seed makes the same sheet.",
)
@click.option(
    "--notation",
    type=click.Choice(list(NOTATIONS)),
    help="Article A's matrices, or article B's weights.  [default: the one that suits]",
)
@click.option(
    "--from-scratch", is_flag=True, help="Give the network and the batch only, nothing in between."
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Of the update.  [default: the network's own, or 0.1]",
)
@click.option("--answers", multiple=True, metavar="FILE", help="Mark a file of answers.")
@click.option("--output", metavar="FILE", help="Write the sheet: .html, .md, .tex or .txt.")
@click.option("--key", metavar="FILE", help="Write the answer key, with worked solutions.")
@click.option("--force", is_flag=True, help="Replace files that stand there.")
@data_options
@shared_options
def command(
    what: str | None,
    data: str | None,
    sizes: tuple[int, ...] | None,
    rows: Any,
    questions: int,
    seed: int,
    notation: str | None,
    from_scratch: bool,
    learning_rate: float | None,
    answers: tuple[str, ...],
    output: str | None,
    key: str | None,
    force: bool,
    as_json: bool,
    debug: bool,
    **others: Any,
) -> int:
    """Practise backpropagation by hand: questions, marked, with wrong answers explained.

    Without files to write or to mark, the questions are asked here, one after another.
    """
    del debug
    out = Output(as_json=as_json)
    out.take_warnings()
    written = _require_files(output, key, answers, data, force=force)
    drawing = {
        name: others.pop(name) for name in ("samples", "hidden", "output_function", "reduction")
    }
    source = _source(out, what, data, sizes, rows, seed, drawing, others)
    sheet = sheet_of(
        source,
        questions=questions,
        seed=seed,
        notation=notation,
        from_scratch=from_scratch,
        learning_rate=learning_rate,
        remake=_remake(),
    )
    if len(sheet.questions) < questions:
        out.note(
            f"this network has {len(sheet.questions)} different questions that can be worked out "
            f"on paper, not {questions}"
        )
    for path, is_key in written:
        save_sheet(sheet, path, key=is_key)
        kind = "Answer key" if is_key else "Sheet"
        out.say(f"{kind} of {len(sheet.questions)} questions: {path}")
    document: dict[str, Any] = {"title": sheet.title, "seed": seed, "command": sheet.remake}
    if answers:
        document["marked"] = mark_files(out, sheet, answers)
    elif not written:
        session = Session(sheet)
        Asking(out, session).run()
        document |= session.to_dict()
    out.document(document | {"files": [path for path, _ in written]})
    return EXIT_USER if any("error" in one for one in document.get("marked", ())) else 0


def _require_files(
    output: str | None, key: str | None, answers: tuple[str, ...], data: str | None, *, force: bool
) -> list[tuple[str, bool]]:
    """The files to write: path and whether it is the key."""
    written: list[tuple[str, bool]] = []
    if output is not None and output == key:
        raise ParameterError(
            f"--key {key}: this is where the sheet goes", remedy="Name another file for the key."
        )
    for option, path, is_key in (("--output", output, False), ("--key", key, True)):
        if path is not None:
            require_known_ending(path, option)
            inputs = [*answers, *([data] if data else [])]
            require_new_file(path, force=force, inputs=inputs, option=option)
            written.append((path, is_key))
    return written


def _source(
    out: Output,
    what: str | None,
    data: str | None,
    sizes: tuple[int, ...] | None,
    rows: Any,
    seed: int,
    drawing: dict[str, Any],
    reading: dict[str, Any],
) -> Source:
    """What is asked about."""
    if what is not None and sizes is not None:
        raise click.UsageError(f"give {what!r} or --sizes, not both")
    if what is None or is_widths(what):
        if what is not None:
            sizes = Widths().convert(what, None, None)
        if data is not None:
            raise click.UsageError(f"a random network has rows of its own: leave out {data!r}")
        if rows is not None:
            raise click.UsageError("--rows is of a table or an article: give --samples here")
        return friendly_source(
            sizes or SIZES,
            seed,
            n_samples=drawing["samples"] or 3,
            hidden=drawing["hidden"] or "logistic",
            output=drawing["output_function"],
            reduction=drawing["reduction"] or "mean",
        )
    for name, given in drawing.items():
        if given is not None:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is of a random network: {what!r} has its own"
            )
    if what in ARTICLES:
        if data is not None:
            raise click.UsageError(f"{what} has rows of its own: leave out {data!r}")
        return source_of(what, (), None, None, article_rows(what, rows))
    if data is None:
        raise click.UsageError(f"{what!r} needs the table that its rows are taken from: MODEL DATA")
    model = load_table_model(what)
    table = model.read(data, **reading)
    for note in table.notes:
        out.note(f"{table.source}: {note}")
    chosen = chosen_rows(rows, table.n_rows, table.source, first=FIRST_ROWS)
    return of_table_model(model, table, chosen)


ABOUT_FILES = ("--output", "--key", "--answers")
ALONE = ("--json", "--force", "--debug")


def _remake() -> str:
    """The command that makes the same sheet: what was typed, but for files to write and to mark."""
    context = click.get_current_context()
    typed = ["clearprop", "exercise"]
    for parameter in context.command.params:
        assert parameter.name is not None
        if (
            context.get_parameter_source(parameter.name)
            is not click.core.ParameterSource.COMMANDLINE
        ):
            continue
        name = parameter.opts[-1] if isinstance(parameter, click.Option) else ""
        value = context.params[parameter.name]
        if name in (*ABOUT_FILES, *ALONE):
            continue
        typed += _typed(name, value)
    return shlex.join(typed)


def _typed(option: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [option] if value else [f"--no-{option[2:]}"]
    if isinstance(value, slice):
        ends = ("" if end is None else str(end) for end in (value.start, value.stop))
        return [option, ":".join(ends)]
    if option in ("--sizes", "--rows"):
        return [option, ",".join(map(str, value))]
    if isinstance(value, tuple):
        return [word for one in value for word in (option, str(one))]
    return [option, str(value)] if option else [str(value)]
