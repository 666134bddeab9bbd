"""`clearprop exercise`: asked, piped, marked from files, written as sheets."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from clearprop.cli import main
from clearprop.explanation.exercise import friendly_source, sheet_of

SIZES = ("--sizes", "2,3,2", "--seed", "7")


@pytest.fixture(scope="module")
def sheet():
    """What the command asks with `SIZES`."""
    return sheet_of(friendly_source([2, 3, 2], 7), seed=7)


@pytest.fixture
def answer(folder):
    """Run the command with lines piped into it."""
    assert folder.is_dir()

    def _answer(lines, *arguments):
        piped = "".join(f"{line}\n" for line in lines)
        result = CliRunner().invoke(main, ["exercise", *map(str, arguments)], input=piped)
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        assert "Traceback" not in result.output
        return result

    return _answer


def right_answers(sheet):
    written = []
    for question in sheet.questions:
        if question.answer == "number":
            written.append(f"{question.right:.4g}")
        elif question.answer == "shape":
            written.append(" x ".join(map(str, question.right)))
        else:
            written.append("abcde"[question.right[0]])
    return written


def test_right_answers_are_all_right(answer, sheet):
    ran = answer(right_answers(sheet), *SIZES)
    assert ran.exit_code == 0
    assert ran.stdout.count("Right.") == len(sheet.questions)
    assert ran.stdout.splitlines()[-1] == "8 of 8 right"


def test_a_wrong_answer_is_answered_by_the_doctor(answer, sheet):
    number = next(i for i, q in enumerate(sheet.questions) if q.kind == "hidden delta")
    missing = next(m for m in sheet.questions[number].mistakes if m.name == "missing sigma'")
    answers = right_answers(sheet)
    answers[number] = f"{missing.value:.4g}"
    ran = answer(answers, *SIZES)
    assert "Not yet. One mistake leads to this very number: σ′(z¹) is missing" in ran.stdout
    assert "What was meant, delta of layer 1: δ² = ∂H/∂h¹ ∘ σ′(z¹)" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "7 of 8 right, 1 wrong"


def test_a_line_of_a_pipe_answers_one_question(answer, sheet):
    answers = right_answers(sheet)
    answers[0], answers[1] = "17", "x"
    ran = answer(answers, *SIZES)
    assert ran.stdout.count("Right.") == 6
    assert ran.stdout.splitlines()[-1] == "6 of 8 right, 1 wrong, 1 not readable"


def test_words_in_place_of_an_answer(answer, sheet):
    answers = right_answers(sheet)
    lines = ["hint", "HINT", answers[0], "solution", "skip", "", "x", "quit", answers[5]]
    ran = answer(lines, *SIZES)
    assert ran.stdout.count("Hint: ") == 2
    assert ran.stdout.count("Answer: ") == 1
    last = ran.stdout.splitlines()[-1]
    assert last == "1 of 8 right, 1 not readable, 1 with the solution, 5 not answered"


def test_the_end_of_the_input_leaves_with_the_score(answer, sheet):
    ran = answer(right_answers(sheet)[:3], *SIZES)
    assert ran.exit_code == 0
    assert ran.stdout.splitlines()[-1] == "3 of 8 right, 5 not answered"


def test_malformed_answers_are_told_and_never_end_it(answer):
    lines = ["1/0", "\x1b[31mred", "9" * 500, "ü", "--", "nan", "1 2", "0x1"]
    ran = answer(lines, *SIZES)
    assert ran.exit_code == 0
    assert "\x1b" not in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("0 of 8 right")


def test_json(answer, sheet):
    answers = right_answers(sheet)
    answers[0], answers[2] = "x", ""
    ran = answer(answers, *SIZES, "--json")
    document = json.loads(ran.stdout)
    assert document["counts"]["right"] == 6
    assert [q["outcome"] for q in document["questions"]][:3] == ["unreadable", "right", "skipped"]
    assert document["questions"][1]["right"] == sheet.questions[1].right
    assert document["command"] == "clearprop exercise --sizes 2,3,2 --seed 7"
    assert document["score"] == "6 of 8 right, 1 not readable, 1 not answered"


@pytest.mark.parametrize("ending", ["html", "md", "tex", "txt"])
def test_one_seed_one_sheet_to_the_byte(run, folder, ending):
    for name in ("one", "two"):
        ran = run(
            "exercise", *SIZES, "--output", f"{name}.{ending}", "--key", f"{name}-key.{ending}"
        )
        assert ran.status == 0, ran.stderr
        assert ran.stdout.splitlines() == [
            f"Sheet of 8 questions: {name}.{ending}",
            f"Answer key of 8 questions: {name}-key.{ending}",
        ]
    assert (folder / f"one.{ending}").read_bytes() == (folder / f"two.{ending}").read_bytes()
    assert (folder / f"one-key.{ending}").read_bytes() == (
        folder / f"two-key.{ending}"
    ).read_bytes()
    assert run("exercise", "--sizes", "2,3,2", "--seed", "8", "--output", f"x.{ending}").status == 0
    assert (folder / f"one.{ending}").read_bytes() != (folder / f"x.{ending}").read_bytes()


def test_the_sheet_names_the_command_that_makes_it_again(run, folder):
    options = ("--samples", "2", "--reduction", "sum", "--from-scratch", "--questions", "4")
    assert run("exercise", "2-3-2", "--seed", "7", *options, "--output", "a.txt").status == 0
    text = (folder / "a.txt").read_text(encoding="utf-8")
    command = " ".join(text.partition("Made by: clearprop ")[2].partition("\n\n")[0].split())
    assert run(*command.split(), "--output", "b.txt").status == 0
    assert (folder / "b.txt").read_text(encoding="utf-8") == text


def test_files_of_answers_are_marked(run, folder, sheet):
    answers = right_answers(sheet)
    (folder / "anna.txt").write_text("\n".join(answers))
    number = next(i for i, q in enumerate(sheet.questions) if q.kind == "hidden delta")
    missing = next(m for m in sheet.questions[number].mistakes if m.name == "missing sigma'")
    (folder / "ben.txt").write_text(
        f"# Ben\n{number + 1}: {missing.value:.4g}  # I hope\n\n2) {answers[1]}\n",
        encoding="utf-8-sig",
    )
    ran = run("exercise", *SIZES, "--answers", "anna.txt", "--answers", "ben.txt")
    assert ran.status == 0, ran.stderr
    assert "anna.txt: 8 of 8 right" in ran.stdout
    assert "ben.txt: 1 of 8 right, 1 wrong, 6 not answered" in ran.stdout
    assert "σ′(z¹) is missing" in ran.stdout
    assert "  1  missing sigma'" in ran.stdout.partition("by how many made them")[2]
    document = run("exercise", *SIZES, "--answers", "ben.txt", "--json").json
    assert document["marked"][0]["questions"][number]["mistakes"][0] == "missing sigma'"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"1: 2\n3", "without the number"),
        (b"9: 2", "there is no question 9"),
        (b"0: 2", "there is no question 0"),
        (b"1: 2\n1: 3", "was answered in line 1"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"1\n" * 9, "there is no question 9"),
        (b"x" * 1_000_001, "larger than"),
    ],
)
def test_a_faulty_file_of_answers(run, folder, content, said):
    (folder / "answers.txt").write_bytes(content)
    ran = run("exercise", *SIZES, "--answers", "answers.txt")
    assert ran.status == 2
    assert said in ran.stderr
    assert ran.stdout == ""


def test_one_faulty_file_leaves_the_others_marked(run, folder, sheet):
    (folder / "anna.txt").write_text("\n".join(right_answers(sheet)))
    (folder / "ben.txt").write_text("99: 0.5\n")
    files = ("--answers", "nowhere.txt", "--answers", "ben.txt", "--answers", "anna.txt")
    ran = run("exercise", *SIZES, *files)
    assert ran.status == 2
    assert "anna.txt: 8 of 8 right" in ran.stdout
    assert "not marked: nowhere.txt: No such file" in ran.stderr
    assert "not marked: ben.txt, line 1: there is no question 99" in ran.stderr
    document = run("exercise", *SIZES, *files, "--json").json
    assert [one["file"] for one in document["marked"] if "error" in one] == [
        "nowhere.txt", "ben.txt",
    ]  # fmt: skip
    assert document["marked"][2]["counts"]["right"] == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("article-c",), "needs the table"),
        (("article-a", "x.csv"), "has rows of its own"),
        (("2-3-2", "x.csv"), "has rows of its own"),
        (("article-a", "--sizes", "2,2"), "not both"),
        (("article-a", "--hidden", "relu"), "--hidden is of a random network"),
        (("--sizes", "3"), "write its widths"),
        (("--sizes", "2,x"), "write its widths"),
        (("--sizes", "2,1", "--output-function", "softmax"), "softmax over a single output"),
        (("--questions", "0"), "--questions"),
        (("--output", "sheet.pdf"), "expected one of .html"),
        (("--output", "sheet"), "expected one of .html"),
        (("--output", "a.md", "--key", "a.md"), "where the sheet goes"),
        (("--output", "nowhere/a.md"), "there is no folder"),
        (("--answers", "nowhere.txt"), "nowhere.txt"),
        (("model.safetensors", "iris"), "model.safetensors"),
        (("article-a", "--rows", "7:9"), ": article-a has the rows 0 to 2"),
        (("2-3-2", "--rows", "0:1"), "--rows is of a table or an article"),
        (("article-a", "--rows", "x"), "names no rows"),
    ],
)
def test_what_cannot_be_asked(run, folder, arguments, said):
    ran = run("exercise", *arguments)
    assert ran.status == 2
    assert said in ran.stderr
    assert list(folder.iterdir()) == []


def test_a_file_that_stands_there_is_kept(run, folder):
    (folder / "sheet.md").write_text("mine")
    ran = run("exercise", "--output", "sheet.md")
    assert ran.status == 2
    assert (folder / "sheet.md").read_text() == "mine"
    assert run("exercise", "--output", "sheet.md", "--force").status == 0
    assert (folder / "sheet.md").read_text(encoding="utf-8").startswith("# A network of 2-3-2")


def test_a_users_own_model_and_rows(run, answer, folder):
    assert (
        run("train", "iris", "--max-iter", "3", "--hidden-layer-sizes", "4,3", "--quiet").status
        == 0
    )
    arguments = ("iris.safetensors", "iris", "--rows", "1:3", "--questions", "10", "--seed", "2")
    assert run("exercise", *arguments, "--key", "key.txt").status == 0
    key = (folder / "key.txt").read_text(encoding="utf-8")
    assert "row 3" in key
    assert "row 1 " not in key
    written = [
        line.removeprefix("   Answer: ").rpartition("= ")[2]
        for line in key.splitlines()
        if line.startswith("   Answer: ")
    ]
    answers = [text[0] if text[1:2] == ")" else text for text in written]
    ran = answer(answers, *arguments)
    assert ran.stdout.splitlines()[-1] == "10 of 10 right"


class Terminal:
    """The command at a terminal of its own."""

    def __init__(self, *arguments, cwd):
        self.end, other = pty.openpty()
        command = [sys.executable, "-c", "from clearprop.cli import main; main()", "exercise"]
        self.process = subprocess.Popen(
            [*command, *arguments],
            cwd=cwd,
            stdin=other,
            stdout=other,
            stderr=other,
            env=os.environ | {"PYTHONUTF8": "1", "TERM": "dumb", "COLUMNS": "100"},
            start_new_session=True,
        )
        os.close(other)
        self.shown, self.read_to = "", 0

    def wait_for(self, text, seconds=90):
        """Until a text is shown, after what was waited for before."""
        end = time.monotonic() + seconds
        while text not in self.shown[self.read_to :]:
            ready, _, _ = select.select([self.end], [], [], max(0.0, end - time.monotonic()))
            assert ready, self.shown
            try:
                self.shown += os.read(self.end, 65536).decode(errors="replace")
            except OSError:
                break
        assert text in self.shown[self.read_to :], self.shown
        self.read_to = self.shown.index(text, self.read_to) + len(text)

    def type(self, text):
        os.write(self.end, text.encode())

    def interrupt(self):
        """Ctrl-C, again until something is shown.

        Between the prompt and the system call that reads, Python only notes a signal, and acts when
        a key is pressed: a person never meets those microseconds, a test does.
        """
        for _ in range(20):
            os.killpg(self.process.pid, signal.SIGINT)
            if select.select([self.end], [], [], 1.0)[0]:
                return


def test_at_a_terminal_a_wrong_answer_may_be_tried_again(folder, sheet):
    terminal = Terminal(*SIZES, cwd=folder)
    first = f"{sheet.questions[0].right:.4g}"
    terminal.wait_for("   > ")
    terminal.type("17\n")
    terminal.wait_for("Not yet")
    terminal.wait_for("   > ")
    terminal.type(f"{first}\n")
    terminal.wait_for("Right.")
    terminal.wait_for("2. ")
    terminal.wait_for("   > ")
    terminal.type("\x04")
    terminal.wait_for("1 of 8 right (0 at the first try), 7 not answered")
    assert terminal.process.wait(20) == 0


def test_an_interrupt_leaves_with_the_score(folder, sheet):
    terminal = Terminal(*SIZES, cwd=folder)
    terminal.wait_for("   > ")
    terminal.type(f"{sheet.questions[0].right:.4g}\n")
    terminal.wait_for("Right.")
    terminal.wait_for("   > ")
    terminal.interrupt()
    terminal.wait_for("1 of 8 right, 7 not answered")
    assert terminal.process.wait(20) == 0
    assert "Traceback" not in terminal.shown
