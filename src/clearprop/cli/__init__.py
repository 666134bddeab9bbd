"""The command line: train, predict, evaluate, check.

It turns words into calls and results into words; nothing is computed here.
"""

from clearprop.cli.main import main

__all__ = ["main"]
