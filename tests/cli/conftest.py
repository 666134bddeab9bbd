"""What the tests of the command line share: running it in this process, or in one of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sklearn.datasets import load_wine

from clearprop.cli import main


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Callable[..., Ran]:
    """Run a command in this process, in the empty folder."""
    assert Path.cwd() == folder

    def _run(*arguments: object) -> Ran:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        # Anything but SystemExit has got past the last door.
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        assert "Traceback" not in result.output
        return Ran(result.exit_code, result.stdout, result.stderr)

    return _run


@pytest.fixture
def wine_columns() -> dict[str, Any]:
    """The wine data with an identifier and its class names."""
    bunch = load_wine()
    columns = {name: bunch.data[:, i] for i, name in enumerate(bunch.feature_names)}
    columns["bottle_id"] = [1000 + 7 * i for i in range(len(bunch.target))]
    columns["maker"] = bunch.target_names[bunch.target].tolist()
    return columns
