"""Sheets that several tests ask."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

import pytest

from clearprop.explanation.derivation.batch import Batch
from clearprop.explanation.exercise import Sheet, friendly_source, sheet_of
from clearprop.explanation.sources import Source, source_of

N_NETWORKS = 12
HIDDEN = ("logistic", "tanh", "relu", "softplus")
REDUCTIONS = ("sum", "mean", "mean_all")


class Asked(NamedTuple):
    """A sheet and what it is about."""

    batch: Batch
    sheet: Sheet


@cache
def random_sheets() -> tuple[Asked, ...]:
    """Sheets on small random networks: depth 1 to 4, width 1 to 4, 1 to 4 samples."""
    draw = random.Random(1)
    asked = []
    for seed in range(N_NETWORKS):
        sizes = [draw.randint(1, 4) for _ in range(draw.randint(2, 5))]
        source = friendly_source(
            sizes,
            seed,
            n_samples=draw.randint(1, 4),
            hidden=draw.choice(HIDDEN),
            reduction=draw.choice(REDUCTIONS),
        )
        asked.append(Asked(source.batch, sheet_of(source, seed=seed, questions=14)))
    return tuple(asked)


@cache
def article_sheets() -> tuple[Asked, ...]:
    """Sheets on both articles, from what is given and from scratch."""
    asked = []
    for name in ("article-a", "article-b"):
        source: Source = source_of(name, (), None, None, None)
        for from_scratch in (False, True):
            sheet = sheet_of(source, seed=5, questions=14, from_scratch=from_scratch)
            asked.append(Asked(source.batch, sheet))
    return tuple(asked)


@pytest.fixture
def every_sheet() -> tuple[Asked, ...]:
    """Of random networks and of both articles."""
    return (*random_sheets(), *article_sheets())


@pytest.fixture
def random_networks() -> tuple[Asked, ...]:
    """Of random networks."""
    return random_sheets()


@cache
def _small_sheet() -> Sheet:
    return sheet_of(friendly_source([2, 3, 2], 7), seed=7, questions=14)


@pytest.fixture
def small_sheet() -> Sheet:
    """One of every kind."""
    return _small_sheet()
