"""What an import brings along: nothing that scikit-learn's own does not, and no more than is used.

Each in a fresh interpreter, as this one has everything loaded already.
"""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import clearprop

LIBRARIES = ("click", "matplotlib", "numba", "pandas", "plotext", "pyarrow", "rich", "torch")


def loaded_by(code: str) -> set[str]:
    """The modules in memory after some code has run in an interpreter of its own."""
    listing = "import sys; print(*sys.modules, sep='\\n', file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{listing}"], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_estimators_load_no_library_that_scikit_learns_do_not() -> None:
    # scikit-learn loads pandas and rich where they are installed, and pandas loads pyarrow.
    peers = loaded_by("from sklearn.neural_network import MLPClassifier")
    ours = loaded_by("import clearprop; clearprop.MLPClassifier; clearprop.MLPRegressor")
    assert "clearprop.estimators.classifier" in ours
    assert [name for name in sorted(ours - peers) if name.startswith(LIBRARIES)] == []


def test_estimators_load_neither_tables_nor_model_files() -> None:
    ours = loaded_by("from clearprop import MLPClassifier")
    for name in ("clearprop.tables", "clearprop.table_model", "clearprop.model_file"):
        assert name not in ours
    assert "sklearn.datasets" not in ours
    assert "sklearn.model_selection" not in ours


def test_the_package_alone_loads_nothing() -> None:
    ours = loaded_by("import clearprop")
    assert [name for name in ours if name.startswith(("clearprop.", "numpy", "sklearn"))] == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["trian"], ["--hlep"]])
def test_help_and_mistyped_commands_load_nothing_heavy(arguments: list[str]) -> None:
    ours = loaded_by(
        "from clearprop.cli import main\n"
        f"try: main({arguments})\n"
        "except SystemExit as done: assert done.code in (0, 2)"
    )
    assert "click" in ours
    assert [name for name in ours if name.startswith(("numpy", "sklearn", "rich"))] == []


@pytest.mark.parametrize("name", clearprop.__all__)
def test_a_public_name_is_the_one_of_its_module(name: str) -> None:
    assert getattr(clearprop, name) is getattr(
        importlib.import_module(clearprop._MODULES[name]), name
    )
    assert name in dir(clearprop)


def test_every_public_name_has_its_module_and_others_are_refused() -> None:
    assert sorted(clearprop._MODULES) == clearprop.__all__
    with pytest.raises(AttributeError, match="'clearprop' has no attribute 'MLPClasifier'"):
        clearprop.MLPClasifier  # noqa: B018 - the access is what raises
