"""One step of the derivation: formula, an entry with its numbers, matrices, users, answers."""

from __future__ import annotations

from functools import partial

from clearprop.explanation.derivation.records import Check, Records, Step
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.formulas import step_formula
from clearprop.explanation.markup.elements import anchor, display, inline, tag, text
from clearprop.explanation.page.answers import answers
from clearprop.explanation.page.contents import Contents
from clearprop.explanation.page.equations import chain_stage, equation_stage, index_of
from clearprop.explanation.page.matrices import axes_attribute, matrix, size_of
from clearprop.explanation.page.places import is_weight, layer_of
from clearprop.explanation.page.prose import prose, typeset
from clearprop.explanation.page.update import update_parts
from clearprop.explanation.wording import counted

__all__ = ["step_section"]


def step_section(contents: Contents, step: Step) -> str:
    """A step as a section of the page."""
    name = anchor(step.id)
    chosen = contents.equations_of(step)
    return tag(
        "section",
        tag("p", contents.where(step), class_="phase"),
        tag("h2", typeset(step.title), id=f"title-{name}"),
        tag("p", prose(contents, step.sentence), class_="sentence"),
        tag(
            "div",
            display(step_formula(contents.records, step, contents.notation)),
            class_="lead",
        ),
        equation_stage(contents, step),
        _result(contents, step),
        _operands(contents, step),
        chain_stage(contents, step) if is_weight(step.id) else "",
        update_parts(contents, step),
        _users(contents, step),
        answers(contents, step),
        class_=f"step {step.phase}",
        id=name,
        aria_labelledby=f"title-{name}",
        data_step=step.id,
        data_title=contents.title(step),
        data_place=contents.place(step.id),
        data_first=index_of(chosen[0]) if chosen else None,
        data_samples="rows" if _has_sample_rows(contents, step) else None,
    )


def _has_sample_rows(contents: Contents, step: Step) -> bool:
    place = contents.place(step.id) or ""
    return place.startswith("node") and len(step.shape) == 2


def _caption(contents: Contents, step: Step) -> str:
    return f"{inline(contents.symbol(step.id))} <small>{size_of(step.shape)}</small>"


def _result(contents: Contents, step: Step) -> str:
    tables = [
        matrix(
            step.values,
            *contents.labels(step),
            _caption(contents, step),
            contents.budget,
            "matrix result",
            partial(contents.undrawn, step),
            data_step=step.id,
        )
    ]
    if step.check is not None and contents.budget.shows_whole(step.shape):
        tables.append(
            matrix(
                step.check.numeric,
                *contents.labels(step),
                "by finite differences",
                contents.budget,
                data_numeric=step.id,
                class_="matrix numeric",
            )
        )
    checked = _check(step.check, step.values.size) if step.check is not None else ""
    return tag("div", *tables, class_="matrices") + checked


def _check(check: Check, n_entries: int) -> str:
    verdict = "Agrees with" if check.ok else "DIFFERS from"
    of = counted(n_entries, "entry", "entries")
    if check.n_checked < n_entries:
        of = f"{check.n_checked} of {of}"
    elif n_entries > 1:
        of = f"all {of}"
    words = (
        f"{verdict} finite differences: largest relative error "
        f"{plain_number(check.max_relative_error, 2)} over {of} "
        f"(accepted: {plain_number(check.tolerance, 1)})."
    )
    if check.n_unresolved:
        are, they = ("is", "it agrees") if check.n_unresolved == 1 else ("are", "they agree")
        words += (
            f" {check.n_unresolved} of them {are} too small for finite differences to resolve; "
            f"{they} as closely as round-off allows."
        )
    return tag("p", text(words), class_="check ok" if check.ok else "check differs")


def _operands(contents: Contents, step: Step) -> str:
    if not step.operands:
        return ""
    tables = []
    for operand in step.operands:
        source = contents.records[operand.step]
        axes = axes_attribute(operand.axes)
        blocks = ",".join(map(str, operand.blocks)) or None
        if contents.budget.shows_whole(source.shape):
            size = tag("small", size_of(source.shape))
            caption = (
                f"{contents.link(source.id)} {tag('span', typeset(source.title), '<br>', size)}"
            )
            tables.append(
                matrix(
                    source.values,
                    *contents.labels(source),
                    caption,
                    contents.budget,
                    class_="matrix operand",
                    data_step=source.id,
                    data_axes=axes,
                    data_blocks=blocks,
                    data_place=contents.place(source.id),
                )
            )
        else:
            words = f", {size_of(source.shape)}: {text(source.title)}"
            tables.append(
                tag(
                    "p",
                    contents.link(source.id),
                    words,
                    class_="too-large",
                    data_step=source.id,
                    data_axes=axes,
                    data_blocks=blocks,
                    data_place=contents.place(source.id),
                )
            )
    return tag("h3", "Computed from") + tag("div", *tables, class_="matrices operands")


def _users(contents: Contents, step: Step) -> str:
    """Who uses the result, and which gradients there would not be without it."""
    if not step.used_by:
        return tag("p", _unused(step), class_="used") if step.operands else ""
    parts = [
        tag("h3", "Used by"),
        tag(
            "ul",
            *(tag("li", contents.link(name, layer=True)) for name in step.used_by),
            class_="uses",
        ),
    ]
    lost = _lost_gradients(contents.records, step)
    if lost and set(lost) != set(step.used_by):
        parts += [
            tag("p", "Without it there would be no gradient for learning here:", class_="without"),
            tag(
                "ul", *(tag("li", contents.link(name, layer=True)) for name in lost), class_="uses"
            ),
        ]
    return "".join(parts)


def _unused(step: Step) -> str:
    kind = layer_of(step.id)[0]
    if kind in ("dW", "db"):
        return "Used by the update, which is not shown here."
    if kind == "doutput":
        return (
            "Used by no later step: the short formula of the output's delta, which comes next, has "
            "this link of the chain in it."
        )
    if step.phase == "loss":
        return "Every derivative from here on is a derivative of it."
    return "Computed, and used by nothing." if step.phase == "backward" else "The end."


def _lost_gradients(records: Records, step: Step) -> list[str]:
    """The gradients of weights and biases that need a step on the way back, directly or not."""
    if step.phase != "backward":
        return []
    needing = {step.id}
    for later in records.steps:
        if any(operand.step in needing for operand in later.operands):
            needing.add(later.id)
    needing.discard(step.id)
    return [
        later.id
        for later in records.steps
        if later.id in needing and layer_of(later.id)[0] in ("dW", "db")
    ]
