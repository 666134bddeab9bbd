"""Where words go: once each, pure JSON, and the warnings' filters as they were."""

from __future__ import annotations

import json
import warnings

from clearprop.cli.output import Output
from clearprop.errors import DataWarning, DivergenceWarning


def test_warnings_are_said_once_in_plain_lines(capsys):
    with warnings.catch_warnings():
        out = Output()
        out.take_warnings("Known already")
        for _ in range(2):
            warnings.warn("a row is odd", DataWarning, stacklevel=1)
            warnings.warn("it diverged", DivergenceWarning, stacklevel=1)
            warnings.warn("Known already: yes", UserWarning, stacklevel=1)
            warnings.warn("of no use to a user", RuntimeWarning, stacklevel=1)
    printed = capsys.readouterr()
    assert printed.err == "note: a row is odd\nwarning: it diverged\n"
    assert printed.out == ""


def test_a_document_holds_the_notes_and_no_nan(capsys):
    out = Output(as_json=True)
    out.note("so be it")
    out.say("not for machines")
    out.document({"loss": float("nan"), "curve": [1.5, float("inf")]})
    printed = capsys.readouterr()
    assert printed.err == ""
    assert json.loads(printed.out) == {
        "loss": None,
        "curve": [1.5, None],
        "notes": [{"kind": "note", "text": "so be it"}],
    }


def test_a_report_has_no_spaces_at_the_ends_of_lines(capsys):
    Output().say("short", indent=2)
    Output().say()
    assert capsys.readouterr().out == "  short\n\n"
