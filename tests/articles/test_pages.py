"""The pages on the articles quote code and name tests: both must exist.

Their python blocks are run with the rest of the documentation.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = ROOT / "docs" / "articles"


def names_of_tests(name):
    tree = ast.parse((Path(__file__).parent / name).read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {name for name in names if name.startswith("test_")}


@pytest.mark.parametrize("name", ["article-a.md", "article-b.md"])
def test_quoted_lines_of_code_stand_in_the_source(name):
    page = (PAGES / name).read_text(encoding="utf-8")
    quoted = re.findall(r"\| `([\w/]+\.py)`: `([^`]+)` \|", page)
    assert len(quoted) >= 9
    for file, line in quoted:
        source = (ROOT / "src" / "clearprop" / file).read_text(encoding="utf-8")
        assert line in " ".join(source.split()), f"{name} quotes {file}: {line}"


def test_errata_names_every_test_and_no_other():
    page = (PAGES / "errata.md").read_text(encoding="utf-8")
    first, second = page.split("## Article B")
    for part, file in ((first, "test_errata_a.py"), (second, "test_errata_b.py")):
        assert set(re.findall(r"`(test_\w+)`", part)) == names_of_tests(file)
