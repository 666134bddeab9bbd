"""Dropout's numbers: SplitMix64's own, in the right share, and alike nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearprop.dropout import GAMMA, MIX, dropout_scales, keep_below, kept_scale

SHAPE = (200, 50)


def scales(rate: float = 0.3, shape: tuple[int, int] = SHAPE, **given: Any) -> Any:
    return dropout_scales(rate, shape, **{"seed": 3, "update": 0, "layer": 0, **given})


def mixed(x: int) -> int:
    for shift, factor in MIX:
        x = ((x ^ (x >> shift)) * factor) % 2**64
    return x


def test_the_generator_is_splitmix64() -> None:
    # The published first output for the seed 1234567.
    assert mixed((1234567 + GAMMA) % 2**64) == 6457827717110365317


def test_each_unit_has_the_number_of_its_place() -> None:
    seed, update, layer = 2**63 - 1, 10**9, 7
    key = mixed(mixed((seed + (update + 1) * GAMMA) % 2**64) + (layer + 1) * GAMMA & 2**64 - 1)
    found = scales(0.6, (3, 4), seed=seed, update=update, layer=layer)
    for i in range(3):
        for j in range(4):
            kept = mixed((key + (i * 4 + j + 1) * GAMMA) % 2**64) < keep_below(0.6)
            assert found[i, j] == (2.5 if kept else 0.0)


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.5, 0.9])
def test_the_share_that_is_dropped(rate: float) -> None:
    shares = [float(np.mean(scales(rate, update=update) == 0.0)) for update in range(50)]
    spread = np.sqrt(rate * (1 - rate) / 10_000)
    assert abs(np.mean(shares) - rate) < 5 * spread / np.sqrt(50)
    assert 0.6 * spread < np.std(shares) < 1.5 * spread
    assert np.mean(scales(rate)) == pytest.approx(1.0, abs=8 * spread / (1 - rate))


@pytest.mark.parametrize("other", [{"seed": 4}, {"update": 1}, {"layer": 1}])
def test_other_seeds_updates_and_layers_drop_others(other: dict[str, int]) -> None:
    here, there = scales(0.5) > 0, scales(0.5, **other) > 0
    assert abs(np.mean(here == there) - 0.5) < 0.03


def test_rows_and_units_are_independent() -> None:
    kept = (scales(0.5) > 0) * 2.0 - 1.0
    for axis in (0, 1):
        for step in range(1, 9):
            assert abs(np.mean(kept * np.roll(kept, step, axis=axis))) < 0.05


def test_a_batch_of_fewer_rows_is_the_first_rows() -> None:
    np.testing.assert_array_equal(scales(shape=(7, 50)), scales()[:7])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_decides_the_scale_alone(dtype: Any) -> None:
    found = scales(dtype=dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found > 0, scales() > 0)
    assert found.max() == kept_scale(0.3, dtype) == dtype(1 / 0.7)


def test_rates_near_their_ends() -> None:
    assert keep_below(0.0) == 2**64 - 1
    assert 0 < keep_below(1 - 2**-53) < 2**12
    assert not scales(1 - 2**-53).any()
