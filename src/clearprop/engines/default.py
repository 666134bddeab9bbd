"""Which engine trains where nobody says otherwise: the one place that decides."""

from __future__ import annotations

from clearprop.engines import Engine
from clearprop.engines.reference import ReferenceEngine

__all__ = ["default_engine"]


def default_engine() -> Engine:
    """The engine that the estimators use."""
    return ReferenceEngine()
