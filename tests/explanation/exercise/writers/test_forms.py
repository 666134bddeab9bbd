"""Sheets and keys as text, Markdown, LaTeX and HTML: what is read back is what was asked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from clearprop.errors import ParameterError
from clearprop.explanation.exercise import exercise_sheet, friendly_source, mark, sheet_of
from clearprop.explanation.exercise.line import (
    html_line,
    latex_line,
    markdown_line,
    plain_line,
)
from clearprop.explanation.exercise.writers.contents import answer_line
from clearprop.explanation.exercise.writers.save import WRITERS, save_sheet
from clearprop.explanation.formula.numbers import plain_number, read_number
from clearprop.explanation.formula.tree import Symbol

LINES = {".txt": plain_line, ".md": markdown_line, ".tex": latex_line, ".html": html_line}


@pytest.fixture(scope="module")
def article_b():
    return exercise_sheet("article-b", seed=2, questions=14)


def without_breaks(text):
    return " ".join(text.split())


@pytest.mark.parametrize("ending", WRITERS)
def test_a_sheet_has_every_question_and_no_answer(small_sheet, article_b, ending):
    for sheet in (small_sheet, article_b):
        written = WRITERS[ending](sheet)
        line = LINES[ending]
        for question in sheet.questions:
            assert without_breaks(line(question.text)) in without_breaks(written)
            for known in question.given:
                assert without_breaks(line((known,))) in without_breaks(written)
            for option in question.options:
                assert line(option) in written
        if ending != ".html":
            for question in sheet.questions:
                if question.answer == "number":
                    assert line(answer_line(question)) not in written
                    assert line(question.solution[-1]) not in written


@pytest.mark.parametrize("ending", WRITERS)
def test_nodes_are_written_as_in_the_questions(small_sheet, ending):
    written = WRITERS[ending](small_sheet)
    assert not re.findall(r"\bh\d+,\d+\b|\byhat\d", written)
    for node in (Symbol("x", "1"), Symbol("h", "2", "1"), Symbol("yhat", "1")):
        assert LINES[ending]((node,)) in written


@pytest.mark.parametrize("ending", WRITERS)
def test_a_key_has_every_answer_solution_and_known_mistakes(small_sheet, article_b, ending):
    for sheet in (small_sheet, article_b):
        written = without_breaks(WRITERS[ending](sheet, key=True))
        line = LINES[ending]
        for question in sheet.questions:
            assert without_breaks(line(answer_line(question))) in written
            if question.answer != "choice":
                assert without_breaks(line(question.mistakes[0].sentence)) in written
            if ending in (".txt", ".md"):
                for worked in question.solution:
                    assert without_breaks(line(worked)) in written


def test_the_answers_of_a_key_read_back_are_right(small_sheet):
    answers = re.findall(r"^   Answer: (.*)$", WRITERS[".txt"](small_sheet, key=True), re.MULTILINE)
    assert len(answers) == len(small_sheet.questions)
    for question, answer in zip(small_sheet.questions, answers, strict=True):
        written = answer.rpartition("= ")[2]
        if question.answer == "choice":
            written = answer[0]
        assert mark(question, written).verdict == "right"


def test_wrong_answers_of_a_key_are_what_they_are_said_to_be(small_sheet):
    key = WRITERS[".txt"](small_sheet, key=True)
    rows = re.findall(r"^      (−?[\d.]+(?:e−?\d+)?)  +(\S.*)$", key, re.MULTILINE)
    assert len(rows) > 30
    known = {
        (plain_number(mistake.value, 4), plain_line(mistake.sentence)[:20])
        for question in small_sheet.questions
        for mistake in question.mistakes
        if isinstance(mistake.value, float)
    }
    said = {(number, text[:20]) for number, text in rows if "the shape of" not in text}
    assert said <= known


def test_the_numbers_at_the_head_are_the_networks(small_sheet):
    text = WRITERS[".txt"](small_sheet)
    for step in small_sheet.records.of_phase("given"):
        block = next(part for part in text.split("\n\n") if part.startswith(step.title))
        rows = block.splitlines()[2:]
        values = step.values if step.values.ndim == 2 else step.values[None]
        for row, numbers in zip(rows, values, strict=True):
            cells = row.split()[-len(numbers) :]
            assert [read_number(cell) for cell in cells] == numbers.tolist()


class Reader(HTMLParser):
    """Elements, attributes, and whether they are closed in order."""

    VOID = ("meta", "input", "br")

    def __init__(self):
        super().__init__()
        self.open, self.elements = [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_page_is_well_formed_and_asks_for_nothing(small_sheet, article_b):
    for sheet in (small_sheet, article_b):
        for key in (False, True):
            page = WRITERS[".html"](sheet, key=key)
            reader = Reader()
            reader.feed(page)
            assert reader.open == []
            names = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
            assert len(names) == len(set(names))
            for _, attributes in reader.elements:
                assert not {"src", "href"} & attributes.keys()
                for pointer in ("for", "aria-labelledby", "aria-describedby"):
                    assert attributes.get(pointer, names[0]) in names
            assert "http" not in re.sub(r"http-equiv", "", page)
            assert ("<script" in page) != key
            assert len(page) < 300_000


def test_the_data_of_a_page_is_json_that_ends_no_script(small_sheet):
    page = WRITERS[".html"](small_sheet)
    (content,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    data = json.loads(content)
    assert "<" not in content
    assert len(data["questions"]) == len(small_sheet.questions)
    for question, stored in zip(small_sheet.questions, data["questions"], strict=True):
        assert len(stored["mistakes"]) == len(question.mistakes)
        if question.answer == "number":
            assert stored["right"] == pytest.approx(question.right, rel=1e-11)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs TeX")
def test_latex_compiles_without_overfull_lines(article_b, tmp_path):
    for key in (False, True):
        save_sheet(article_b, tmp_path / "sheet.tex", key=key)
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "sheet.tex"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        printed = done.stdout.decode(errors="replace")
        assert done.returncode == 0, printed[-2000:]
        assert "Overfull" not in printed


def test_a_file_is_written_whole_or_refused(small_sheet, tmp_path):
    for ending, write in WRITERS.items():
        save_sheet(small_sheet, tmp_path / f"sheet{ending.upper()}")
        written = (tmp_path / f"sheet{ending.upper()}").read_text(encoding="utf-8")
        assert written == write(small_sheet)
    with pytest.raises(ParameterError, match="expected one of"):
        save_sheet(small_sheet, tmp_path / "sheet.pdf")


def test_lines_in_every_form():
    line = ("50 % of W[0] < 1 & δ * 2 | `x` $",)
    assert html_line(line) == "50 % of W[0] &lt; 1 &amp; δ * 2 | `x` $"
    assert markdown_line(line) == r"50 % of W\[0\] \< 1 & δ \* 2 \| \`x\` \$"
    assert latex_line(line).startswith(r"50 \% of W[0] $<$ 1 \& $\delta$")
    assert plain_line(line, ascii_only=True) == "50 % of W[0] < 1 & delta * 2 | `x` $"


def test_a_terminal_without_greek_gets_ascii(small_sheet, article_b):
    for sheet in (small_sheet, article_b):
        for question in sheet.questions:
            lines = [question.text, question.hint, *question.options, *question.solution]
            lines += [line for m in question.mistakes for line in (m.sentence, m.formula)]
            for line in lines:
                assert plain_line(line, ascii_only=True).isascii(), line


EVIL = ("</script><script>alert(1)</script>", "\x1b[31mred\x07", '"><img src=x onerror=alert(1)>')


class Elements(HTMLParser):
    """The names of a page's elements and attributes."""

    def __init__(self, page):
        super().__init__()
        self.names = []
        self.attributes = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


@pytest.mark.parametrize("notation", ["matrix", "weights"])
@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("ending", WRITERS)
def test_names_of_data_bring_no_markup_and_no_terminal_codes(ending, key, notation):
    source = replace(
        friendly_source([3, 2, 3], 0), title=EVIL[0], feature_names=EVIL, output_names=EVIL
    )
    written = WRITERS[ending](sheet_of(source, questions=8, notation=notation), key=key)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", written)
    assert key or "[31mred" in written.replace("\\[", "[")
    if ending == ".html":
        page = Elements(written)
        assert page.names.count("script") == (0 if key else 2)
        assert "img" not in page.names
        assert not [name for name in page.attributes if name.startswith("on")]
