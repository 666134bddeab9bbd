"""Reads the numbers back from what was written: the tables of Markdown, LaTeX and plain text."""

import re
from dataclasses import dataclass, field

import numpy as np

from clearprop.explain.formula.numbers import read_number


@dataclass
class Read:
    """A table: its caption, names and numbers; words and empty cells are NaN."""

    caption: str
    columns: list[str]
    rows: list[str]
    values: np.ndarray


@dataclass
class Part:
    """A section with its tables and its lines of text."""

    tables: list[Read] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def number(text):
    try:
        return read_number(text)
    except ValueError:
        return np.nan


def as_array(rows):
    return np.array([[number(cell) for cell in row] for row in rows])


def parts_of(text, heading):
    """The text under each step's heading, by the step's id; "" is all before and between."""
    found, current = {}, ""
    for line in text.splitlines():
        match = re.match(heading, line)
        if match:
            current = match["step"].replace("\\", "") if match["step"] else ""
        found.setdefault(current, []).append(line)
    return found


def from_markdown(text):
    """By step: its tables."""
    sections = parts_of(text, r"^(?:### .*`(?P<step>[^`]+)`$|## )")
    return {step: Part(list(_pipe_tables(lines)), lines) for step, lines in sections.items()}


def _pipe_tables(lines):
    caption, at = "", 0
    while at < len(lines):
        if not lines[at].startswith("|"):
            caption = lines[at] or caption
            at += 1
            continue
        end = at
        while end < len(lines) and lines[end].startswith("|"):
            end += 1
        heading, rule, *body = (
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[at:end]
        )
        first = rule.count(":--")
        values = as_array([row[first:] for row in body])
        rows = [row[0].strip("*") if first else "" for row in body]
        yield Read(caption, heading[first:], rows, values)
        caption, at = "", end


def from_latex(text):
    """By step: its tables, those that were split put together again."""
    sections = parts_of(text, r"^\\sub(?:subsection\*.*\\texttt\{(?P<step>.*)\}\}$|section\*)")
    return {step: Part(_tabulars("\n".join(lines)), lines) for step, lines in sections.items()}


def _tabulars(text):
    found = []
    pattern = r"(?P<before>.*?)\\begin\{tabular\}\[t\]\{(?P<align>l?r+)\}\n(?P<body>.*?)\n\\end"
    for match in re.finditer(pattern, text, re.DOTALL):
        head, body = match["body"].split(r" \\ \hline\rule{0pt}{2.6ex}", 1)
        named = match["align"].startswith("l")
        rows = [row.split(" & ") for row in body.strip().split(" \\\\\n")]
        values = as_array([[cell.strip("$ ") for cell in row[named:]] for row in rows])
        names = [row[0] if named else "" for row in rows]
        columns = head.split(" & ")[named:]
        between = match["before"].rsplit("\\end{tabular}", 1)[-1]
        is_continued = not re.sub(r"[{}\s]|\\footnotesize|\\fitted|tabular", "", between)
        if found and is_continued:
            last = found[-1]
            if columns == last.columns:
                last.rows, last.values = last.rows + names, np.vstack([last.values, values])
            else:
                _beside(last, columns, values)
            continue
        lines = [line for line in between.splitlines() if line.strip()]
        found.append(Read(lines[-2] if len(lines) > 1 else "", columns, names, values))
    return found


def _beside(last, columns, values):
    last.columns = last.columns + columns
    last.values = np.hstack([last.values, values])


def from_text(text):
    """By step: its tables, those that were split put together again."""
    sections = parts_of(text, r"^(?:\S.* {3}\S.* {3}(?P<step>[\w\[\]]+)$|.* ━━━)")
    return {step: Part(list(_ruled_tables(lines)), lines) for step, lines in sections.items()}


def _ruled_tables(lines):
    for at, line in enumerate(lines):
        if set(line.strip()) != {"─"}:
            continue
        body = []
        for row in lines[at + 1 :]:
            if (
                not row.startswith("    ")
                or not row.strip()
                or is_heading(lines, at + 1 + len(body))
            ):
                break
            body.append(row.strip())
        n_columns = len(re.split(r" {2,}", lines[at - 1].strip()))
        cells = [re.split(r" {2,}", row) for row in body]
        # Empty cells leave no trace; they stand before the others.
        shown = [row[-n_columns:] for row in cells]
        shown = [[""] * (n_columns - len(row)) + row for row in shown]
        values = as_array(shown)
        yield Read(lines[at - 2], [], [row[0] for row in cells], values)


def is_heading(lines, at):
    return at + 1 < len(lines) and set(lines[at + 1].strip()) == {"─"}
