"""What people ask at a step, answered with numbers: comparisons, Jacobians, misprints, plots."""

from __future__ import annotations

from dataclasses import replace

from clearprop.explanation.budget import Budget
from clearprop.explanation.derivation.records import Comparison, Jacobian, Misprint, Side, Step
from clearprop.explanation.markup.elements import display, inline, tag, text
from clearprop.explanation.page.contents import Contents
from clearprop.explanation.page.figures import factor_bars, factor_table, sweep_plot, sweep_table
from clearprop.explanation.page.labels import label
from clearprop.explanation.page.matrices import matrix
from clearprop.explanation.page.prose import prose, typeset

__all__ = ["answers"]


def answers(contents: Contents, step: Step) -> str:
    """All that belongs to a step beyond its numbers."""
    records = contents.records
    parts = [
        _misprint(contents, misprint) for misprint in records.misprints if misprint.step == step.id
    ]
    parts += [
        comparison(contents, step, asked) for asked in records.comparisons if asked.step == step.id
    ]
    if records.delta_factors and step.id == "delta[0]":
        parts.append(_factors(contents))
    jacobians = [jacobian for jacobian in records.jacobians if jacobian.step == step.id]
    if jacobians:
        parts.append(_jacobians(contents, jacobians))
    return "".join(parts)


def comparison(contents: Contents, step: Step, asked: Comparison) -> str:
    """A question, its answer, and both sides as tables."""
    where = f"Asked at {asked.asked_at}." if asked.asked_at else ""
    return tag(
        "article",
        tag("h3", typeset(asked.question)),
        tag("p", prose(contents, asked.answer), class_="sentence"),
        _sides(contents, step, asked.sides),
        _parts(contents, step, asked.parts),
        _sweep(contents) if asked.id == "close_enough" else "",
        tag("p", text(where), class_="asked") if where else "",
        class_="question",
        id=f"question-{asked.id}",
    )


def _sides(contents: Contents, step: Step, sides: tuple[Side, ...]) -> str:
    """The reference, and beside it what agrees with it and what does not."""
    verdicts = {True: ("check ok", "the same"), False: ("check differs", "not the same")}
    written = []
    for index, side in enumerate(sides):
        class_, words = verdicts[side.agrees]
        verdict = tag("p", words, class_=class_) if index else ""
        table = _side(contents, step, side, str(index), "yes" if side.agrees else "no")
        written.append(tag("div", table, verdict, class_="side-of"))
    return tag("div", *written, class_="matrices sides")


def _parts(contents: Contents, step: Step, parts: tuple[Side, ...]) -> str:
    if not parts:
        return ""
    written = (tag("div", _side(contents, step, part), class_="side-of") for part in parts)
    return tag("h4", "Made of") + tag("div", *written, class_="matrices")


def _side(
    contents: Contents, step: Step, side: Side, number: str | None = None, agrees: str | None = None
) -> str:
    values = side.values if side.values.ndim < 3 else side.values.reshape(len(side.values), -1)
    formula = display(side.formula) if side.formula else ""
    owner = contents.records.owner(step, side)
    rows, columns = contents.labels(owner) if owner else ((), ())
    budget = _answer_budget(contents)
    return formula + matrix(
        values, rows, columns, typeset(side.label), budget, data_side=number, data_agrees=agrees
    )


def _answer_budget(contents: Contents) -> Budget:
    return replace(contents.budget, table_entries=contents.budget.answer_entries)


def _misprint(contents: Contents, misprint: Misprint) -> str:
    return tag(
        "div",
        tag("h3", "Misprinted in the article"),
        tag("p", prose(contents, misprint.note)),
        tag("p", "Printed: ", tag("code", text(misprint.printed))),
        tag("p", "Correct: ", tag("code", text(misprint.corrected))),
        _sides(contents, contents.records[misprint.step], misprint.sides) if misprint.sides else "",
        class_="note",
    )


def _factors(contents: Contents) -> str:
    factors = contents.records.delta_factors
    return tag(
        "article",
        tag("h3", "What became of δ on its way down"),
        tag(
            "p",
            "Each layer multiplies the size of δ by what its weights do and by what σ′ does. "
            "Factors well below 1, layer after layer, make it vanish; well above 1, explode.",
            class_="sentence",
        ),
        factor_bars(factors),
        factor_table(factors),
        class_="question",
        id="question-delta-factors",
    )


def _sweep(contents: Contents) -> str:
    sweep = contents.records.sweep
    return "" if sweep is None else sweep_plot(sweep) + sweep_table(sweep)


def _jacobians(contents: Contents, jacobians: list[Jacobian]) -> str:
    tables = []
    for jacobian in jacobians:
        sample = (
            "every sample"
            if jacobian.sample is None
            else f"{contents.records.sample_names[jacobian.sample]}"
        )
        tables.append(
            matrix(
                jacobian.values,
                [label(name) for name in jacobian.rows],
                [label(name) for name in jacobian.columns],
                f"{inline(jacobian.formula)} {text(sample)}",
                _answer_budget(contents),
            )
        )
    return tag(
        "details",
        tag("summary", f"Jacobians in full ({len(jacobians)})"),
        tag("div", *tables, class_="matrices"),
        class_="jacobians",
        open=True,
    )
