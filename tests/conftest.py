"""What all tests need: hypothesis draws the same examples on every machine, without a deadline.

It must not know any piece of the project.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.load_profile("deterministic")
