"""The update: the rule with its settings, and each weight's way from old to new."""

from __future__ import annotations

from clearprop.explanation.derivation.records import Records, Step, UpdateRule
from clearprop.explanation.formula.numbers import plain_number
from clearprop.explanation.largest import largest_entries
from clearprop.explanation.markup.elements import inline, tag, text
from clearprop.explanation.page.contents import Contents
from clearprop.explanation.page.places import layer_of
from clearprop.explanation.wording import counted

__all__ = ["update_parts"]


def update_parts(contents: Contents, step: Step) -> str:
    """What an update's step shows beyond its numbers."""
    records = contents.records
    rule = records.update
    if rule is None or step.phase != "update":
        return ""
    kind, layer = layer_of(step.id)
    parts = []
    if step is records.of_phase("update")[0]:
        parts.append(_rule(rule))
    if kind in ("W_new", "b_new"):
        assert layer is not None
        parts.append(_ledger(contents, step, kind[0], layer))
    if kind == "new_loss":
        parts.append(_losses(records))
    return "".join(parts)


def _rule(rule: UpdateRule) -> str:
    settings = {"learning rate": rule.learning_rate, **rule.settings}
    lines = [
        tag("tr", tag("th", text(name), scope="row"), tag("td", text(plain_number(number))))
        for name, number in settings.items()
    ]
    before = (
        "This is the first update."
        if rule.n_updates == 0
        else f"Before it {counted(rule.n_updates, 'update has', 'updates have')} been made."
    )
    return tag(
        "div",
        tag("h3", text(f"The rule: {rule.name}")),
        tag("p", tag("code", text(rule.formula))),
        tag("p", before),
        tag(
            "table",
            tag("caption", "Its settings"),
            tag("tbody", *lines),
            class_="plain-table",
        ),
    )


def _ledger(contents: Contents, step: Step, kind: str, layer: int) -> str:
    """A line for each weight or bias: old, gradient, step, new."""
    records, budget = contents.records, contents.budget
    total = f"d{kind}_total[{layer}]"
    names = [
        f"{kind}[{layer}]",
        total if total in records else f"d{kind}[{layer}]",
        f"{kind}_step[{layer}]",
        step.id,
    ]
    heads = [
        tag("th", inline(contents.symbol(name)), tag("div", word), scope="col")
        for name, word in zip(names, ("old", "gradient", "step", "new"), strict=True)
    ]
    whole = budget.shows_whole(step.shape)
    entries = largest_entries(
        records[names[2]].values, step.values.size if whole else budget.largest
    )
    if whole:
        entries = sorted(entries)
    lines = [
        tag(
            "tr",
            tag("th", _entry_name(contents, step, entry), scope="row"),
            *(tag("td", text(plain_number(float(records[name].values[entry])))) for name in names),
        )
        for entry in entries
    ]
    caption = "All entries" if whole else f"The {counted(len(lines), 'largest step')}"
    return tag("h3", "From old to new") + tag(
        "div",
        tag(
            "table",
            tag("caption", caption),
            tag("thead", tag("tr", "<td></td>", *heads)),
            tag("tbody", *lines),
            class_="plain-table ledger",
        ),
        class_="scroll",
    )


def _entry_name(contents: Contents, step: Step, entry: tuple[int, ...]) -> str:
    rows, columns = contents.labels(step)
    column = columns[entry[-1]]
    return f"{rows[entry[0]]} → {column}" if len(entry) > 1 else column


def _losses(records: Records) -> str:
    before = records["total_loss" if "total_loss" in records else "loss"]
    after = records["new_loss"]
    lines = [
        tag("tr", tag("th", word, scope="row"), tag("td", text(plain_number(float(step.values)))))
        for word, step in (("before the update", before), ("after it", after))
    ]
    return tag(
        "table",
        tag("caption", "The loss of this batch"),
        tag("tbody", *lines),
        class_="plain-table losses",
    )
