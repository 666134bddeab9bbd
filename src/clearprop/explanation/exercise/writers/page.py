"""A sheet as one self-contained HTML page, which marks answers itself where scripts are on.

The page holds the right answers and the known wrong ones with their sentences, as data for its
script: a page cannot keep secrets. Without scripts it is a sheet of paper. The key has no script.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from clearprop.explanation.exercise import tolerance
from clearprop.explanation.exercise.line import Line, html_line
from clearprop.explanation.exercise.marking import MOST_EXPLANATIONS
from clearprop.explanation.exercise.question import Question, Right, Sheet
from clearprop.explanation.exercise.writers.contents import (
    Table,
    answer_line,
    head_lines,
    key_mistakes,
    letter,
    sides,
    tables,
    wrong_answer,
)
from clearprop.explanation.formula.mathml import to_mathml
from clearprop.explanation.formula.plain import to_plain
from clearprop.explanation.formula.tree import Formula
from clearprop.explanation.markup.document import asset, document
from clearprop.explanation.markup.elements import tag, text

__all__ = ["to_html"]

DATA_DIGITS = 12


def to_html(sheet: Sheet, *, key: bool = False) -> str:
    """A sheet, or its answer key, as one page.

    Args:
        sheet: the sheet.
        key: whether it is the key.

    Returns:
        The document. It needs no network, and can be read with scripts off.
    """
    title = f"{'Answer key: ' if key else ''}{sheet.title}"
    lines = "".join(tag("p", html_line(line)) for line in head_lines(sheet))
    top = tag("header", tag("h1", text(title)), lines)
    network = "" if key else _network(sheet)
    questions = "".join(
        _question(number, question, key) for number, question in enumerate(sheet.questions, start=1)
    )
    score = "" if key else tag("p", "", id="score", role="status", class_="scripted")
    data = "" if key else tag("script", _data(sheet), type="application/json", id="answers")
    # The script reads the data: it comes after it.
    script = "" if key else tag("script", asset(__package__, "script.js"))
    main = tag("main", network, questions)
    style = asset(__package__, "style.css")
    return document(title, style, "", top, main, score, data, script)


def _network(sheet: Sheet) -> str:
    return tag(
        "section",
        tag("h2", "The network and the batch", id="network"),
        tag("div", *map(_table, tables(sheet)), class_="matrices"),
        aria_labelledby="network",
    )


def _table(table: Table) -> str:
    symbol = "" if table.symbol is None else f", {to_mathml(table.symbol)}"
    corner = "<td></td>" if table.rows else ""
    heads = "".join(tag("th", html_line((column,)), scope="col") for column in table.columns)
    rows = []
    for number, cells in enumerate(table.cells):
        name = tag("th", html_line((table.rows[number],)), scope="row") if table.rows else ""
        rows.append(tag("tr", name, *(tag("td", text(cell)) for cell in cells)))
    inside = tag(
        "table",
        tag("caption", text(table.title), symbol),
        tag("thead", tag("tr", corner, heads)),
        tag("tbody", *rows),
    )
    return tag("div", inside, class_="scroll", tabindex="0", role="group", aria_label=table.title)


def _question(number: int, question: Question, key: bool) -> str:
    name = f"question-{number}"
    parts = [
        tag("h2", f"Question {number}", id=name),
        tag("p", html_line(question.text), class_="asked", id=f"{name}-text"),
    ]
    if question.given:
        known = "".join(tag("li", to_mathml(equation)) for equation in question.given)
        parts.append(tag("p", "Given:", class_="given", id=f"{name}-given"))
        parts.append(tag("ul", known, class_="known", aria_labelledby=f"{name}-given"))
    parts.append(_key(question) if key else _form(number, question))
    return tag(
        "section", *parts, class_="question", aria_labelledby=name, data_question=str(number - 1)
    )


def _form(number: int, question: Question) -> str:
    name = f"question-{number}"
    if question.options:
        field = tag(
            "fieldset",
            tag("legend", "Choose one", class_="quiet"),
            *(
                tag(
                    "label",
                    f'<input type="radio" name="{name}-answer" value="{letter(option)}"> ',
                    f"{letter(option)}) {html_line(line)}",
                )
                for option, line in enumerate(question.options)
            ),
        )
    else:
        field = tag(
            "p",
            tag("label", "Answer", for_=f"{name}-answer"),
            f' <input type="text" id="{name}-answer" autocomplete="off" spellcheck="false"'
            f' inputmode="text" aria-describedby="{name}-text">',
        )
    buttons = "".join(
        tag("button", words, type=kind, class_=role)
        for words, kind, role in (
            ("Check", "submit", "check"),
            ("Hint", "button", "hint"),
            ("Solution", "button", "solution"),
        )
    )
    return tag(
        "form",
        field,
        tag("p", buttons, class_="scripted buttons"),
        tag("div", "", class_="reply", role="status"),
        tag("div", "", class_="more", role="status"),
        action="#",
        aria_labelledby=name,
    )


def _key(question: Question) -> str:
    parts = []
    if question.options:
        options = (
            tag("li", f"{letter(option)}) {html_line(line)}")
            for option, line in enumerate(question.options)
        )
        parts.append(tag("ul", *options, class_="options"))
    parts += [
        tag("p", tag("b", "Answer: "), html_line(answer_line(question))),
        _solution(question),
    ]
    wrong = key_mistakes(question)
    if wrong:
        rows = "".join(
            tag(
                "tr",
                tag("th", text(wrong_answer(mistake)), scope="row"),
                tag("td", html_line(mistake.sentence)),
            )
            for mistake in wrong
        )
        head = tag(
            "tr",
            tag("th", "wrong answer", scope="col"),
            tag("th", "what leads to it", scope="col"),
        )
        parts.append(tag("table", tag("thead", head), tag("tbody", rows), class_="wrong"))
    return "".join(parts)


def _solution(question: Question) -> str:
    return tag("ol", *(tag("li", _lines(line)) for line in question.solution), class_="worked")


def _lines(line: Line) -> str:
    """An equation broken before each sign; read aloud it is one."""
    if len(line) == 1 and not isinstance(line[0], str) and len(sides(line[0])) > 1:
        first, *rest = sides(line[0])
        shown = _bare(first) + "".join(f"<span>= {_bare(side)}</span>" for side in rest)
        return tag("span", shown, class_="equation", role="math", aria_label=to_plain(line[0]))
    return html_line(line)


def _bare(formula: Formula) -> str:
    head, _, rest = to_mathml(formula).partition(">")
    del head
    return f"<math>{rest}"


# What the script needs


def _data(sheet: Sheet) -> str:
    """The answers as JSON, safe within a script element; each text once, meant by its number."""
    texts: dict[str, int] = {}

    def meant(html: str) -> int:
        return texts.setdefault(html, len(texts))

    questions = [
        {
            "answer": question.answer,
            "right": _number(question.right),
            "value": meant(html_line(answer_line(question))),
            "options": len(question.options),
            "hint": meant(html_line(question.hint)),
            "solution": meant(_solution(question)),
            "mistakes": [
                [
                    _number(mistake.value),
                    mistake.rank,
                    meant(html_line(mistake.sentence)),
                    meant(f"{text(mistake.title)}: {html_line(mistake.formula)}"),
                ]
                for mistake in question.mistakes
            ],
        }
        for question in sheet.questions
    ]
    content = {
        "tolerance": {
            "close": tolerance.CLOSE,
            "rough": tolerance.ROUGH,
            "coarse": tolerance.COARSE,
            "exact": tolerance.EXACT,
            "digits": tolerance.DIGITS,
        },
        "most": MOST_EXPLANATIONS,
        "questions": questions,
        "texts": list(texts),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _number(value: Right) -> Any:
    """Rounded in the last digits, which differ between machines."""
    return float(f"{value:.{DATA_DIGITS}g}") if isinstance(value, float) else list(_sizes(value))


def _sizes(value: Right) -> Sequence[int]:
    assert isinstance(value, tuple)
    return value
