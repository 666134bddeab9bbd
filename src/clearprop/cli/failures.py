"""From what went wrong to a message and an exit status: what, where, remedy; no traceback.

Help, and errors in the command itself, are said before anything heavy is imported.

0  done, or whoever read our output has gone
2  something that the user can correct: the command, the data, a file
1  a fault of ours
130  interrupted by Ctrl-C
"""

from __future__ import annotations

import contextlib
import errno
import json as json_format
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import IO, Any

import click

__all__ = ["EXIT_INTERRUPTED", "EXIT_OURS", "EXIT_USER", "guarded", "importing", "leave"]

EXIT_OURS, EXIT_USER, EXIT_INTERRUPTED = 1, 2, 130

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_REPORT = "Please report it with the command and what --debug adds to this message."


def guarded(run: Callable[[], Any], *, json: bool, debug: bool) -> int:
    """Run a command; say what went wrong.

    Args:
        run: the command; what it returns is its exit status, None being 0.
        json: whether an error is written as JSON, to stdout; else as text, to stderr.
        debug: whether to add the traceback, to stderr.

    Returns:
        The exit status.
    """
    try:
        with warnings.catch_warnings():
            status = run()
    except (KeyboardInterrupt, click.Abort):
        _echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as nothing_asked:
        _echo(nothing_asked.format_message(), err=True)
        return EXIT_USER
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except Exception as error:
        if debug:
            traceback.print_exc()
        description, status = _describe(error)
        _write(description, json=json)
        return status
    return status if isinstance(status, int) else 0


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """While a command's modules are imported, Ctrl-C ends the process at once.

    As an exception it may be lost there, or come out as another one (of `__set_name__`, for
    instance), and there is nothing yet to be saved.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return

    def end(*_: object) -> None:
        with contextlib.suppress(OSError):
            os.write(2, b"interrupted\n")
        os._exit(EXIT_INTERRUPTED)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _describe(error: Exception) -> tuple[dict[str, Any], int]:
    """What to say of an error, and the exit status."""
    described: dict[str, Any] = {"kind": type(error).__name__, "message": str(error), "remedy": ""}
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "clearprop"
        described |= {"message": error.format_message(), "remedy": f"See {path} --help."}
        return described, EXIT_USER
    return _describe_other(error, described)


def _describe_other(error: Exception, described: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """What to say of an error that is not the command line's own, and the exit status."""
    from sklearn.utils._param_validation import InvalidParameterError  # noqa: PLC0415 - slow

    from clearprop.errors import ClearpropError, TableError  # noqa: PLC0415 - imports scikit-learn

    if isinstance(error, ClearpropError):
        described |= {"message": error.message, "remedy": error.remedy}
        if isinstance(error, TableError):
            places = {name: getattr(error, name) for name in ("source", "line", "column", "value")}
            described |= {name: place for name, place in places.items() if place not in (None, "")}
    elif isinstance(error, InvalidParameterError):
        described["remedy"] = "See clearprop train --help."
    elif isinstance(error, OSError) and error.filename is not None:
        described["message"] = f"{error.filename}: {error.strerror}"
        described["remedy"] = "Correct the path, or its permissions."
    elif isinstance(error, OSError) and error.errno in _DISK_FULL:
        described["message"] = f"the output cannot be written: no space is left ({error.strerror})"
        described["remedy"] = "Free some space, or write to another disk."
        # What is still buffered would fail once more as Python ends.
        leave(sys.stdout)
    elif isinstance(error, MemoryError):
        described["message"] = "there is not enough memory"
        described["remedy"] = "Give fewer rows or columns, or use a machine with more memory."
    else:
        first_line = next(iter(str(error).splitlines()), "")
        what = f"{type(error).__name__}: {first_line}"
        described |= {"message": f"a fault in clearprop itself: {what}", "remedy": _REPORT}
        return described, EXIT_OURS
    return described, EXIT_USER


def _write(description: dict[str, Any], *, json: bool) -> None:
    if json:
        _echo(json_format.dumps({"error": description}, ensure_ascii=False), err=False)
        return
    remedy = f"\n{description['remedy']}" if description["remedy"] else ""
    _echo(f"error: {description['message']}{remedy}", err=True)


def _echo(text: str, *, err: bool) -> None:
    try:
        click.echo(text, err=err)
    except BrokenPipeError:
        leave(sys.stderr if err else sys.stdout)


def leave(stream: IO[str]) -> None:
    """Nobody reads any more: what is buffered, and all that follows, goes nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
