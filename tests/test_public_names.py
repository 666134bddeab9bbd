"""The public names: sorted, importable, each with a docstring whose examples run."""

from __future__ import annotations

import doctest
import inspect
import re

import pytest

import clearprop

NAMES = pytest.mark.parametrize("name", clearprop.__all__)


def test_names_are_sorted_and_there_is_no_other() -> None:
    assert clearprop.__all__ == sorted(set(clearprop.__all__))
    loose = {
        name
        for name, value in vars(clearprop).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert loose <= set(clearprop.__all__)


def test_the_version_is_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+([.\w]*)?", clearprop.__version__)


@NAMES
def test_every_name_has_examples_that_run(name: str) -> None:
    value = getattr(clearprop, name)
    text = inspect.getdoc(value)
    assert text
    assert "Examples" in text, f"{name}: no Examples section"
    module = inspect.getmodule(value)
    tests = doctest.DocTestFinder(recurse=False).find(value, name, module=module)
    examples = [example for test in tests for example in test.examples]
    assert examples, f"{name}: no example"
    for test in tests:
        assert doctest.DocTestRunner().run(test).failed == 0


@NAMES
def test_every_parameter_is_documented(name: str) -> None:
    value = getattr(clearprop, name)
    text = inspect.getdoc(value) or ""
    for parameter in inspect.signature(value).parameters:
        assert re.search(rf"\b{re.escape(parameter)}\b\s*[:(]", text), f"{name}: {parameter}"
