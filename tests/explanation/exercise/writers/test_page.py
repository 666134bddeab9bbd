"""The page in a browser: it marks as Python does, by mouse and keyboard, and asks for nothing."""

from __future__ import annotations

import shutil

import pytest

from clearprop.errors import ParameterError
from clearprop.explanation.exercise import mark
from clearprop.explanation.exercise.line import plain_line
from clearprop.explanation.exercise.writers.save import save_sheet

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

# Each answer goes through the form; one call for all, which is quicker than typing.
MARK_ALL = """(section, answers) => answers.map((answer) => {
  section.querySelector("input").value = answer;
  section.querySelector("form").requestSubmit();
  const reply = section.querySelector(".reply");
  return [reply.className, [...reply.querySelectorAll("p")].map((line) => line.textContent)];
})"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, small_sheet, tmp_path):
    """The page of a sheet; at the end, what it asked for and complained of is nothing."""
    save_sheet(small_sheet, tmp_path / "sheet.html")
    address = (tmp_path / "sheet.html").as_uri()
    context = browser.new_context()
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    context.close()
    assert asked == [address]
    assert errors == []


def section_of(page, number):
    return page.locator(f'[data-question="{number}"]')


ANSWERS = [
    "0",
    "-0,5",
    "1/3",
    "−0.25",
    "1.5e-3",
    "1,5·10⁻³",
    "2 x 10^(-1)",
    "x",
    "1/0",
    "1 2",
    "--1",
    ".5",
]


def test_numbers_are_marked_as_by_python(opened, small_sheet):
    """Every verdict, and of a wrong answer the same mistakes."""
    n_compared = 0
    for number, question in enumerate(small_sheet.questions):
        if question.answer != "number":
            continue
        section = section_of(opened, number)
        answers = list(ANSWERS)
        for digits in (1, 2, 3, 5):
            answers += [f"{question.right * scale:.{digits}g}" for scale in (1, 1.001, 1.015, 1.03)]
        answers += [f"{mistake.value:.4g}" for mistake in question.mistakes]
        for answer, (verdicts, paragraphs) in zip(
            answers, section.evaluate(MARK_ALL, answers), strict=True
        ):
            n_compared += 1
            try:
                marked = mark(question, answer)
            except ParameterError:
                assert "unreadable" in verdicts, answer
                continue
            assert marked.verdict in verdicts.split(), (answer, question.right)
            assert len(paragraphs) == len(marked.lines), answer
            if marked.verdict == "wrong":
                first = plain_line(marked.lines[0]).partition(":")[0]
                assert paragraphs[0].startswith(first), answer
    assert n_compared > 300


def test_shapes_choices_and_the_score(opened, small_sheet):
    score = opened.locator("#score")
    assert score.text_content() == f"0 of {len(small_sheet.questions)} right"
    for number, question in enumerate(small_sheet.questions):
        section = section_of(opened, number)
        if question.answer == "choice":
            wrong = (question.right[0] + 1) % len(question.options)
            section.locator("input").nth(wrong).check()
            section.locator(".check").click()
            assert "wrong" in section.locator(".reply").get_attribute("class")
            section.locator("input").nth(question.right[0]).check()
            section.locator(".check").click()
        elif question.answer == "shape":
            section.locator("input").fill("7 x 9")
            section.locator(".check").click()
            assert "no mistake that is known" in section.locator(".reply").text_content()
            section.locator("input").fill(str(question.right))
            section.locator(".check").click()
        else:
            section.locator("input").fill(f"{question.right:.4g}")
            section.locator(".check").click()
        assert section.locator(".reply").text_content() == "Right."
    total = len(small_sheet.questions)
    assert score.text_content() == f"{total} of {total} right"


def test_hint_and_solution(opened, small_sheet):
    section = section_of(opened, 0)
    section.locator(".hint").click()
    assert section.locator(".more").text_content().startswith("Hint: ")
    section.locator(".solution").click()
    assert section.locator(".worked li").count() == len(small_sheet.questions[0].solution)
    section.locator("input").fill(f"{small_sheet.questions[0].right:.4g}")
    section.locator(".check").click()
    # Who has seen the solution has not found it.
    total = len(small_sheet.questions)
    assert opened.locator("#score").text_content() == f"0 of {total} right, 1 with the solution"


def test_by_keyboard_alone(opened, small_sheet):
    first = small_sheet.questions[0]
    assert first.answer == "number"
    for _ in range(40):
        opened.keyboard.press("Tab")
        if opened.evaluate("document.activeElement.id") == "question-1-answer":
            break
    opened.keyboard.type(f"{first.right:.4g}")
    opened.keyboard.press("Enter")
    assert section_of(opened, 0).locator(".reply").text_content() == "Right."
    opened.keyboard.press("Tab")
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    assert section_of(opened, 0).locator(".more").text_content().startswith("Hint: ")


def test_without_scripts_it_is_a_sheet_of_paper(browser, small_sheet, tmp_path):
    save_sheet(small_sheet, tmp_path / "sheet.html")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "sheet.html").as_uri())
    assert page.locator("button:visible").count() == 0
    assert page.locator("#score:visible").count() == 0
    assert page.locator(".question:visible").count() == len(small_sheet.questions)
    assert page.locator(".known:visible, .options:visible, fieldset:visible").count() > 5
    context.close()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_it_is_not_wider_than_the_screen(browser, small_sheet, tmp_path, width):
    for key in (False, True):
        save_sheet(small_sheet, tmp_path / "sheet.html", key=key)
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.goto((tmp_path / "sheet.html").as_uri())
        if not key:
            for number in range(len(small_sheet.questions)):
                section_of(page, number).locator(".solution").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()
