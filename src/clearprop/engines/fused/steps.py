"""The whole of training, gradients and prediction below the Python line: one native function.

Every thread runs the same steps on its own share of the rows, tiles and blocks, and waits for the
others where the next step reads what they write:

    gather | forward, layer by layer | losses, delta | below, then dW and update, layer by layer

A batch larger than the work space is worked on in parts, whose gradients are summed in the order of
the rows. This file knows nothing of epochs.
"""

from __future__ import annotations

import math

from clearprop.engines.fused.barrier import wait_for_all
from clearprop.engines.fused.gradients import (
    SHRINK,
    gradient_and_update,
    shorten_and_step,
    sparse_gradient_and_update,
    square_gradient,
    square_weights,
)
from clearprop.engines.fused.kernel import Pointer
from clearprop.engines.fused.memory import (
    Record,
    float64_at,
    int64_at,
    layer_at,
    native,
    number_at,
    plan_at,
    put_float64,
)
from clearprop.engines.fused.moving import gather_rows, scatter_rows
from clearprop.engines.fused.outputs import losses_and_deltas, predictions
from clearprop.engines.fused.products import (
    forward_product,
    padded,
    panel_width,
    product_below,
    share,
    sparse_forward_product,
)
from clearprop.engines.fused.records import CONSTANTS_ROOM, OPTIMIZER_CODES, TASK_CODES
from clearprop.engines.fused.rows import sum_rows
from clearprop.engines.fused.updates import add_penalty

__all__ = ["run"]

_TRAIN = TASK_CODES["train"]
_PREDICT = TASK_CODES["predict"]
_ADAM = OPTIMIZER_CODES["Adam"]


def run(address: int, thread: int, like: Pointer) -> None:
    """Do what the plan says, as one of its threads.

    Args:
        address: of a `PLAN` record.
        thread: 0 … n_threads - 1.
        like: any pointer to numbers; its type says which numbers the plan is about.
    """
    plan = plan_at(address, 0)
    if plan.task == _PREDICT:
        predict(plan, thread, like)
        return
    if plan.l2 > 0.0:
        for index in range(plan.n_layers):
            square_weights(plan, layer_at(plan.layers_at, index), thread, like)
        wait_for_all(plan)
    n_batches = (plan.n_rows + plan.batch_size - 1) // plan.batch_size
    power_1, power_2 = plan.power_1, plan.power_2
    for batch in range(n_batches):
        power_1, power_2 = power_1 * plan.beta_1, power_2 * plan.beta_2
        first = batch * plan.batch_size
        last = min(first + plan.batch_size, plan.n_rows)
        factor = reduction_factor(plan, first, last, like)
        penalty = 0.0
        if thread == 0:
            penalty = sum_penalty(plan, factor, like)
        rate = float64_at(plan.rates_at, batch)
        set_constants(plan, factor, rate, power_1, power_2, thread, like)
        total = 0.0
        for part in range(first, last, plan.rows):
            n_rows = min(plan.rows, last - part)
            if thread == 0:
                # Nobody reads it before all have gathered.
                plan.part_row = part - first
            total = one_part(
                plan,
                part,
                n_rows,
                part == first,
                part + n_rows == last,
                factor,
                total,
                thread,
                like,
            )
        if plan.task != _TRAIN:
            penalise_gradient(plan, thread, like)
        elif plan.max_norm > 0.0:
            clip_and_step(plan, thread, like)
        if thread == 0:
            plan.update += 1
            put_float64(plan.losses_at, batch, factor * total + penalty)
    wait_for_all(plan)
    if thread == 0:
        plan.power_1, plan.power_2 = power_1, power_2


@native
def one_part(
    plan: Record,
    part: int,
    n_rows: int,
    is_first: bool,
    is_last: bool,
    factor: float,
    total: float,
    thread: int,
    like: Pointer,
) -> float:
    """Forward and backward over a part of a batch; thread 0 gets the sum of weighted losses so far.

    `total` is that sum before this part, so that how a batch is cut changes no bit of it.
    """
    gather(plan, part, n_rows, factor, 1, thread, like)
    wait_for_all(plan)
    forward(plan, part, n_rows, 1, thread, like)
    output = layer_at(plan.layers_at, plan.n_layers - 1)
    first, last = share(n_rows, thread, plan)
    losses_and_deltas(
        number_at(output.output_at, 0, like),
        number_at(plan.targets_at, 0, like),
        number_at(output.delta_at, 0, like),
        number_at(plan.scales_at, 0, like),
        number_at(plan.row_losses_at, 0, like),
        number_at(plan.output_parameters_at, 0, like),
        plan.rows,
        output.fan_out,
        first,
        last,
        plan.output,
        plan.n_targets,
    )
    wait_for_all(plan)
    if thread == 0:
        total = sum_losses(plan, part, n_rows, total, like)
    step = plan.task == _TRAIN and plan.max_norm == 0.0
    for index in range(plan.n_layers - 1, 0, -1):
        layer = layer_at(plan.layers_at, index)
        product_below(plan, layer, n_rows, thread, like)
        # What lies below was computed with the weights from before their update.
        wait_for_all(plan)
        gradient_and_update(plan, layer, n_rows, is_first, is_last, step, thread, like)
    layer = layer_at(plan.layers_at, 0)
    if plan.X_at == 0:
        order_at = plan.order_at + 8 * part
        sparse_gradient_and_update(
            plan, layer, order_at, n_rows, is_first, is_last, step, thread, like
        )
    else:
        gradient_and_update(plan, layer, n_rows, is_first, is_last, step, thread, like)
    wait_for_all(plan)
    return total


@native
def forward(plan: Record, part: int, n_rows: int, keep: int, thread: int, like: Pointer) -> None:
    """Every layer's output, from the rows that were gathered."""
    for index in range(plan.n_layers):
        layer = layer_at(plan.layers_at, index)
        if index == 0 and plan.X_at == 0:
            order_at = plan.order_at + 8 * part
            sparse_forward_product(plan, layer, order_at, n_rows, keep, thread, like)
        else:
            forward_product(plan, layer, n_rows, keep, thread, like)
        wait_for_all(plan)


@native
def predict(plan: Record, thread: int, like: Pointer) -> None:
    """Yhat for every row."""
    output = layer_at(plan.layers_at, plan.n_layers - 1)
    z = number_at(output.output_at, 0, like)
    for part in range(0, plan.n_rows, plan.rows):
        n_rows = min(plan.rows, plan.n_rows - part)
        gather(plan, part, n_rows, 1.0, 0, thread, like)
        wait_for_all(plan)
        forward(plan, part, n_rows, 0, thread, like)
        first, last = share(n_rows, thread, plan)
        predictions(
            z,
            number_at(plan.output_parameters_at, 0, like),
            plan.rows,
            output.fan_out,
            first,
            last,
            plan.output,
            plan.n_targets,
        )
        target = number_at(plan.predictions_at, part * output.fan_out, like)
        scatter_rows(z, plan.rows, output.fan_out, target, first, last)
        wait_for_all(plan)


@native
def gather(
    plan: Record,
    part: int,
    n_rows: int,
    factor: float,
    with_targets: int,
    thread: int,
    like: Pointer,
) -> None:
    """Bring the part's samples, targets and scales into the work space."""
    inputs = number_at(layer_at(plan.layers_at, 0).input_at, 0, like)
    targets = number_at(plan.targets_at, 0, like)
    scales = number_at(plan.scales_at, 0, like)
    weights = number_at(plan.weights_at, 0, like)
    first, last = share(n_rows, thread, plan)
    if plan.X_at != 0:
        source = number_at(plan.X_at, 0, like)
        gather_rows(inputs, plan.rows, plan.n_features, source, plan.order_at, part, first, last)
    if with_targets:
        source = number_at(plan.Y_at, 0, like)
        gather_rows(targets, plan.rows, plan.n_outputs, source, plan.order_at, part, first, last)
        for row in range(first, last):
            scales[row] = factor
            if plan.weights_at != 0:
                scales[row] = factor * weights[sample_at(plan, part + row)]


@native
def sample_at(plan: Record, row: int) -> int:
    """The number of the row-th sample in the order of training."""
    if plan.order_at == 0:
        return row
    return int64_at(plan.order_at, row)


@native
def reduction_factor(plan: Record, first: int, last: int, like: Pointer) -> float:
    """What the batch's weighted losses are multiplied by: `losses.reduction_factor`."""
    if plan.divide_by_weights == 0:
        return 1.0
    total = float(last - first)
    if plan.weights_at != 0:
        total = sum_weights(plan, first, last, like)
        if total == 0.0:
            total = 1.0
    if plan.divide_by_outputs != 0:
        total *= plan.n_outputs
    return 1.0 / total


@native
def sum_weights(plan: Record, first: int, last: int, like: Pointer) -> float:
    """The sum of a batch's sample weights."""
    weights = number_at(plan.weights_at, 0, like)
    total = 0.0
    for row in range(first, last):
        total += weights[sample_at(plan, row)]
    return total


@native
def sum_losses(plan: Record, part: int, n_rows: int, total: float, like: Pointer) -> float:
    """A sum that the part's losses, each times its sample's weight, are added to, row by row."""
    losses = number_at(plan.row_losses_at, 0, like)
    weights = number_at(plan.weights_at, 0, like)
    for row in range(n_rows):
        loss = float(losses[row])
        if plan.weights_at != 0:
            loss *= weights[sample_at(plan, part + row)]
        total += loss
    return total


@native
def sum_penalty(plan: Record, factor: float, like: Pointer) -> float:
    """Factor * l2 / 2 * the sum of all squared weights."""
    if plan.l2 == 0.0:
        return 0.0
    return factor * 0.5 * plan.l2 * total_of_squares(plan, 0, 0, like)


@native
def total_of_squares(plan: Record, with_biases: int, thread: int, like: Pointer) -> float:
    """The sum of all squares that were summed by block, biases' too where they were."""
    total = 0.0
    sums = number_at(plan.scratch_at + thread * plan.scratch_bytes, 0, like)
    zeros = number_at(plan.zeros_at, 0, like)
    for index in range(plan.n_layers):
        layer = layer_at(plan.layers_at, index)
        squares = number_at(layer.squares_at, 0, like)
        width = padded(layer.fan_out, plan.lanes)
        sum_rows(squares, zeros, sums, layer.n_blocks + with_biases, width // plan.lanes)
        for column in range(layer.fan_out):
            total += sums[column]
    return total


@native
def clip_and_step(plan: Record, thread: int, like: Pointer) -> None:
    """The update with a gradient, penalty included, that is at most plan.max_norm long."""
    penalise_gradient(plan, thread, like)
    wait_for_all(plan)
    for index in range(plan.n_layers):
        square_gradient(plan, layer_at(plan.layers_at, index), thread, like)
    wait_for_all(plan)
    norm = math.sqrt(total_of_squares(plan, 1, thread, like))
    constants = number_at(plan.constants_at + thread * plan.constants_bytes, 0, like)
    constants[0] = 0.0
    shrink = norm > plan.max_norm
    if shrink:
        constants[SHRINK] = plan.max_norm / norm
    # The sums are about to be the new weights'.
    wait_for_all(plan)
    for index in range(plan.n_layers):
        shorten_and_step(plan, layer_at(plan.layers_at, index), shrink, thread, like)
    wait_for_all(plan)


@native
def set_constants(
    plan: Record,
    factor: float,
    rate: float,
    power_1: float,
    power_2: float,
    thread: int,
    like: Pointer,
) -> None:
    """The numbers of `records.CONSTANTS`, for weights and, free of penalties, for biases."""
    step = rate
    if plan.optimizer >= _ADAM:
        step = rate * math.sqrt(1.0 - power_2) / (1.0 - power_1)
    for group in range(2):
        constants = number_at(
            plan.constants_at + thread * plan.constants_bytes, group * CONSTANTS_ROOM, like
        )
        constants[0] = factor * plan.l2
        constants[1] = step
        constants[2] = plan.beta_1
        constants[3] = 1.0 - plan.beta_1
        constants[4] = plan.beta_2
        constants[5] = 1.0 - plan.beta_2
        constants[6] = plan.epsilon
        constants[7] = 1.0 - rate * plan.weight_decay
        constants[8] = plan.beta_1 * (1.0 - power_1) / (1.0 - power_1 * plan.beta_1)
        if group == 1:
            constants[0], constants[7] = 0.0, 1.0


@native
def penalise_gradient(plan: Record, thread: int, like: Pointer) -> None:
    """dW += factor * l2 * W, where the gradient is not to be used up by an update."""
    if plan.l2 == 0.0:
        return
    constants = number_at(plan.constants_at + thread * plan.constants_bytes, 0, like)
    for index in range(plan.n_layers):
        layer = layer_at(plan.layers_at, index)
        first, last = share(layer.fan_in, thread, plan)
        for column in range(0, layer.fan_out, plan.panel):
            width = panel_width(column, layer.fan_out, plan)
            place = column * layer.fan_in + first * width
            add_penalty(
                number_at(layer.W_at + plan.gradient_at, place, like),
                number_at(layer.W_at, place, like),
                constants,
                (last - first) * width,
            )
