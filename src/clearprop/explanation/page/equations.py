"""Single entries with their numbers, and the whole chain of single weights."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from clearprop.explanation.derivation.records import Step
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Formula, Infix, Number, Words, infix
from clearprop.explanation.formulas import entry_equation, weight_chain
from clearprop.explanation.markup.elements import display, formula_lines, inline, named, tag, text
from clearprop.explanation.page.contents import Contents
from clearprop.explanation.page.matrices import Entry
from clearprop.explanation.page.places import layer_of
from clearprop.explanation.wording import counted

__all__ = ["chain_stage", "equation_stage", "index_of"]

NOT_WRITTEN = (
    "This entry's equation is not written out here: only those of the largest entries are."
)
CHAIN_NOT_WRITTEN = "This weight's chain is not written out: only those of the largest gradients."
SUMMANDS = 4  # in a line


def index_of(entry: Entry) -> str:
    """An entry as the script reads it.

    Examples:
        >>> index_of((2, 0))
        '2,0'
    """
    return ",".join(str(i) for i in entry)


def equation_stage(contents: Contents, step: Step) -> str:
    """The equation of one entry, and those of the others for the script to put in its place."""
    entries = contents.equations_of(step)
    if not entries:
        return ""
    first, *others = entries
    stage = tag(
        "div",
        tag("h3", "One entry, with its numbers"),
        tag("div", _equation(contents, step, first), class_="shown-equation"),
        class_="stage equation-stage",
        data_missing=NOT_WRITTEN,
    )
    if not others:
        return stage
    which = "other" if len(entries) == step.values.size else "next largest"
    count = counted(len(others), f"{which} entry", f"{which} entries").removeprefix("1 ")
    return stage + tag(
        "details",
        tag("summary", f"The {count}, with {'their' if len(others) > 1 else 'its'} numbers"),
        *(_equation(contents, step, entry) for entry in others),
        class_="entries",
    )


def _equation(contents: Contents, step: Step, entry: Entry) -> str:
    equation = entry_equation(
        contents.records, step, entry, contents.notation, max_terms=contents.budget.terms
    )
    lines = [
        *_broken(equation.symbol, equation.symbols),
        *_broken(None if equation.symbols else equation.symbol, equation.numbers),
    ]
    value = Number(equation.value, equation.digits)
    if lines and equation.numbers is not None:
        last = lines[-1]
        sides = last.operands if last.operator == "=" else (last,)
        lines[-1] = Infix("=", (*sides, value))
    else:
        lines.append(Infix("=", (Words("") if lines else equation.symbol, value)))
    return tag(
        "div",
        formula_lines(lines, equation.whole),
        class_="equation",
        data_entry=index_of(entry),
    )


def _broken(left: Formula | None, right: Formula | None) -> list[Infix]:
    """An equation in lines of a few summands each; a line without a left side begins with its sign.

    Returns:
        The lines; none where there is no right side.
    """
    if right is None:
        return []
    summands = right.operands if isinstance(right, Infix) and right.operator == "+" else (right,)
    first, *others = (
        summands[begin : begin + SUMMANDS] for begin in range(0, len(summands), SUMMANDS)
    )
    return [
        Infix("=", (left or Words(""), infix("+", first))),
        *(Infix("+", (Words(""), *line)) for line in others),
    ]


def chain_stage(contents: Contents, step: Step) -> str:
    """Where the script puts a weight's chain; at the gradient all of them, for who has none."""
    kind, layer = layer_of(step.id)
    assert layer is not None
    stage = tag("div", class_="stage chain-stage", data_missing=CHAIN_NOT_WRITTEN, hidden=True)
    hint = tag(
        "p",
        "Choose an entry with a click, or with Enter, to see that weight's whole chain.",
        class_="scripted hint",
    )
    if kind != "dW":
        return hint + stage
    entries = contents.chains_of(layer)
    which = f"the {counted(len(entries), 'weight')} of largest gradient"
    if contents.all_chains:
        which = "each weight" if len(entries) > 1 else "the weight"
    return (
        hint
        + stage
        + tag(
            "details",
            tag("summary", f"The whole chain of {which}"),
            *(chain(contents, layer, entry) for entry in entries),
            class_="chains",
        )
    )


def chain(contents: Contents, layer: int, entry: Entry) -> str:
    """How one weight reaches the loss, link by link, sample by sample."""
    records = contents.records
    links = weight_chain(records, layer, entry, contents.notation)
    head = tag(
        "tr",
        tag("th", "link", scope="col"),
        *(tag("th", text(name), scope="col") for name in records.sample_names),
    )
    lines = [
        tag(
            "tr",
            tag("th", named(line, to_plain(line)), scope="row"),
            *_cells(link.values),
        )
        for link in links.links
        for line in [Infix("=", (link.derivative, link.expression))]
    ]
    product = tag("tr", tag("th", "their product", scope="row"), *_cells(links.shares))
    caption = f"The whole chain of {inline(links.of)}"
    return tag(
        "div",
        display(links.formula),
        tag(
            "div",
            tag(
                "table",
                tag("caption", tag("div", tag("span", caption))),
                tag("thead", head),
                tag("tbody", *lines),
                tag("tfoot", product),
                class_="plain-table chain-table",
            ),
            class_="scroll",
        ),
        display(Infix("=", (links.of, Number(links.total)))),
        class_="chain",
        data_weight=index_of((layer, *entry)),
    )


def _cells(values: npt.NDArray[Any]) -> list[str]:
    return [tag("td", text(plain_number(float(value)))) for value in values]
