"""What all tests need: hypothesis's same examples on every machine, and a Ctrl-C that is heard."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.load_profile("deterministic")

# In the background of a script, `make test &`, a process starts with Ctrl-C ignored.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
