"""What a native call is told: one `PLAN` record and one `LAYER` record per layer, plain numbers.

Fields that end in `_at` are addresses. This file needs no compiler, so that a machine whose
machine code is already there never loads one.
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "ACTIVATION_CODES",
    "B_BLOCK",
    "CONSTANTS",
    "CONSTANTS_ROOM",
    "COUNTERS_BYTES",
    "K_BLOCK",
    "LAYER",
    "OPTIMIZER_CODES",
    "OUTPUT_CODES",
    "PLAN",
    "SEVERAL_SOFTMAX",
    "SQUARES_ROWS",
    "TASK_CODES",
]

_INTEGERS = np.int64

LAYER = np.dtype(
    [
        (name, _INTEGERS)
        for name in (
            "fan_in",
            "fan_out",
            "activation",  # a code of ACTIVATION_CODES; -1 for the output layer
            "W_at",  # panels of fan_in rows, fan_out columns; the optimizer's slots follow at
            "b_at",  # … multiples of plan.slot_bytes
            "input_at",  # panels of plan.rows rows, fan_in columns
            "output_at",  # panels of plan.rows rows: z, then h in its place
            "delta_at",  # the same shape: sigma'(z), then delta in its place
            "delta_below_at",  # the layer's below
            "squares_at",  # sums of squared weights, one per column and block of rows; and one
            # row more, for what is summed of biases
            "W_is_far",  # 1 where W leaves the second cache from one product to the next, else 0
            "n_blocks",  # of SQUARES_ROWS rows of W, the last may be smaller
            "number",  # from the input side
            "keep_below",  # random numbers of units that are kept, as bits; 0 without dropout
            "kept_scale_at",  # what those are multiplied by
        )
    ],
    align=True,
)

PLAN = np.dtype(
    [
        (name, _INTEGERS)
        for name in (
            "task",  # a code of TASK_CODES
            "n_layers",
            "layers_at",
            "n_threads",
            "barrier_at",  # two counters, each in a cache line of its own
            # The shapes of panels and tiles
            "rows",  # samples worked on at once at most: the panels' rows
            "panel",  # columns of a whole panel
            "lanes",  # numbers in a vector
            "tile_rows",
            "panels_at_once",  # panels of all rows that stay in the second cache together
            # The data
            "X_at",  # row-major; 0 where X is sparse
            "n_features",
            "sparse_data_at",
            "sparse_columns_at",  # int32
            "sparse_starts_at",  # int64, one per row and the end
            "Y_at",
            "n_outputs",
            "weights_at",  # one per sample; 0 for none
            "order_at",  # int64 row numbers; 0 for the rows as they lie
            "n_rows",
            "batch_size",
            "update",  # number of updates made before
            "part_row",  # the place in its batch of the first sample worked on
            "dropout_seed",
            "rates_at",  # float64, one per batch
            "losses_at",  # float64, one per batch
            "predictions_at",  # row-major
            # Work space
            "targets_at",  # panels of plan.rows rows, n_outputs columns
            "scales_at",  # one number per row: factor times sample weight
            "row_losses_at",  # one number per row
            "scratch_at",
            "scratch_bytes",  # per thread
            "zeros_at",  # one row of zeros
            "constants_at",  # CONSTANTS for weights, then for biases, per thread
            "constants_bytes",  # per thread
            # What is minimised, and how
            "output",  # a code of OUTPUT_CODES, or SEVERAL_SOFTMAX
            "output_parameters_at",  # one number per output; for several targets, per target
            "n_targets",
            "divide_by_weights",  # reduction is a mean
            "divide_by_outputs",  # reduction is a mean over outputs too
            "optimizer",  # a code of OPTIMIZER_CODES
            "slot_bytes",
            "gradient_at",  # bytes from a parameter to its gradient's place; 0 for none
        )
    ]
    + [
        (name, np.float64)
        for name in (
            "l2",
            "beta_1",  # or momentum
            "beta_2",
            "epsilon",
            "weight_decay",
            "max_norm",  # of a batch's gradient; 0 for any
            "power_1",  # beta_1^t and beta_2^t, running products
            "power_2",
        )
    ],
    align=True,
)

ACTIVATION_CODES = {
    name: code
    for code, name in enumerate(
        ("identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus")
    )
}
OUTPUT_CODES = {
    name: code
    for code, name in enumerate(
        ("softmax", "logistic", "identity", "exponential", "median", "huber", "quantile")
    )
}
SEVERAL_SOFTMAX = len(OUTPUT_CODES)
"""The code of softmax over each of several targets' outputs."""
# From Adam on, means are corrected for having begun at 0.
OPTIMIZER_CODES = {
    name: code
    for code, name in enumerate(
        ("SGD", "Momentum", "Nesterov", "RMSprop", "Adam", "AdamW", "Nadam")
    )
}
TASK_CODES = {name: code for code, name in enumerate(("train", "gradient", "predict"))}

CONSTANTS = (
    "l2",
    "rate",
    "beta_1",
    "one_minus_beta_1",
    "beta_2",
    "one_minus_beta_2",
    "epsilon",
    "keep",
    "mean_share",
    "shrink",
)
"""The numbers that an update uses, in the order in which they lie in memory."""

CONSTANTS_ROOM = 16
"""Numbers from the constants of weights to those of biases: whole vectors of every kind."""

SQUARES_ROWS = 48
"""Rows of W whose squares are summed together: whole panels of every shape."""

COUNTERS_BYTES = 128
"""What a barrier needs: arrivals and rounds, each in a cache line of its own."""

K_BLOCK = 96
"""Rows of a panel that stay in the first cache together (18 kB): whole panels of every shape."""

B_BLOCK = 256
"""Samples whose input and delta, a panel of each, stay in the first cache together."""
