"""Starting a command in a process of its own, and tables for it to read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

__all__ = ["start", "write"]


def start(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    command = [sys.executable, "-c", "from clearprop.cli import main; main()", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def write(path: Path, columns: dict[str, Any]) -> None:
    """Columns as CSV or Parquet, by the suffix."""
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pa.parquet.write_table(table, path)
    else:
        pa.csv.write_csv(table, path)
