"""A layer's gradient from its input and delta, and the optimizer's step with it.

    dW: input^T delta, db: sums of delta    blocks of W's rows; each updated while it is near

Where a gradient must be whole before anything is updated (to be shortened, to be asked for), it
stays in its own place first. Blocks are dealt to threads; no sum is ever shared between them. This
file knows nothing of epochs, batches or losses.
"""

from __future__ import annotations

from clearprop.engines.fused.kernel import Pointer
from clearprop.engines.fused.memory import (
    Record,
    int32_at,
    int64_at,
    native,
    number_at,
    offset,
)
from clearprop.engines.fused.products import padded, panel_width, share
from clearprop.engines.fused.records import B_BLOCK, CONSTANTS, CONSTANTS_ROOM, SQUARES_ROWS
from clearprop.engines.fused.rows import add_to_rows, fill_zeros, sum_rows
from clearprop.engines.fused.tile import tile_transposed
from clearprop.engines.fused.updates import scale, sum_squares, update

SHRINK = CONSTANTS.index("shrink")


@native
def rows_of_tile(left: int, plan: Record) -> int:
    """Rows of the next tile when exactly `left` are left."""
    if left >= plan.tile_rows:
        return plan.tile_rows
    return 4 if left >= 4 else 2 if left >= 2 else 1


@native
def gradient_and_update(
    plan: Record,
    layer: Record,
    n_rows: int,
    is_first: bool,
    is_last: bool,
    step: bool,
    thread: int,
    like: Pointer,
) -> None:
    """dW, db of a part of the batch, added to those of the parts before; then the update.

    Blocks of SQUARES_ROWS rows of one panel are dealt out by their sizes, panels in groups whose
    delta stays in the second cache; the biases go with a panel's first block.

    Args:
        plan: the plan.
        layer: the layer.
        n_rows: rows of this part.
        is_first: whether nothing has been summed yet.
        is_last: whether the sums are whole after this part.
        step: whether parameters are updated then; the gradient stays where it is otherwise.
        thread: who asks.
        like: a pointer to numbers.
    """
    n_panels = (layer.fan_out + plan.panel - 1) // plan.panel
    first, last = share(layer.fan_in * padded(layer.fan_out, plan.lanes), thread, plan)
    done = 0
    for group in range(0, n_panels, plan.panels_at_once):
        group_end = min(group + plan.panels_at_once, n_panels)
        for block in range(layer.n_blocks):
            rows = min(SQUARES_ROWS, layer.fan_in - block * SQUARES_ROWS)
            for p in range(group, group_end):
                if first <= done < last:
                    gradient_of_block(
                        plan, layer, n_rows, block, p, is_first, is_last and step, thread, like
                    )
                done += rows * panel_width(p * plan.panel, layer.fan_out, plan)


@native
def gradient_of_block(
    plan: Record,
    layer: Record,
    n_rows: int,
    block: int,
    p: int,
    is_first: bool,
    step: bool,
    thread: int,
    like: Pointer,
) -> None:
    """The same for one block of rows of one panel."""
    column = p * plan.panel
    width = panel_width(column, layer.fan_out, plan)
    delta = number_at(layer.delta_at, column * plan.rows, like)
    if block == 0:
        bias_gradient(plan, layer, delta, n_rows, is_first, step, column, width, thread, like)
    top, end = block * SQUARES_ROWS, min((block + 1) * SQUARES_ROWS, layer.fan_in)
    place = column * layer.fan_in + top * width
    summed = number_at(layer.W_at + plan.gradient_at, place, like)
    dW = summed
    if step:
        dW = number_at(plan.scratch_at + thread * plan.scratch_bytes, 0, like)
    slot_step = plan.slot_bytes // (64 // plan.lanes) * (plan.optimizer != 0)
    n_parts = (n_rows + B_BLOCK - 1) // B_BLOCK
    for number in range(n_parts):
        part = number * n_rows // n_parts
        n_part = (number + 1) * n_rows // n_parts - part
        row = top
        while row < end:
            # A tile's rows are columns of one panel of the input.
            above = row // plan.panel * plan.panel
            a_width = panel_width(above, layer.fan_in, plan)
            rows = rows_of_tile(min(end, above + plan.panel) - row, plan)
            target = offset(dW, (row - top) * width)
            start, start_row = number_at(plan.zeros_at, 0, like), 0
            if part > 0:
                start, start_row = target, width
            elif not is_first:
                start, start_row = offset(summed, (row - top) * width), width
            tile_transposed(
                number_at(layer.input_at, above * plan.rows + part * a_width + row - above, like),
                a_width,
                n_part,
                offset(delta, part * width),
                start,
                start_row,
                target,
                number_at(layer.W_at, place + (row - top) * width, like),
                slot_step,
                rows,
                width // plan.lanes,
            )
            row += rows
    if step:
        squares = squares_of(plan, layer, block, column, like)
        step_rows(plan, layer, dW, place, squares, end - top, width, thread, like)


@native
def squares_of(plan: Record, layer: Record, block: int, column: int, like: Pointer) -> Pointer:
    """Where the sums of squared weights of a block stand."""
    return number_at(layer.squares_at, block * padded(layer.fan_out, plan.lanes) + column, like)


@native
def square_gradient(plan: Record, layer: Record, thread: int, like: Pointer) -> None:
    """The sums of the gradient's squares where those of W stand; db's in a row after them."""
    n_panels = (layer.fan_out + plan.panel - 1) // plan.panel
    first, last = share(n_panels * layer.n_blocks, thread, plan)
    for unit in range(first, last):
        column, block = unit // layer.n_blocks * plan.panel, unit % layer.n_blocks
        width = panel_width(column, layer.fan_out, plan)
        vectors = width // plan.lanes
        row = block * SQUARES_ROWS
        place = column * layer.fan_in + row * width
        dW = number_at(layer.W_at + plan.gradient_at, place, like)
        squares = squares_of(plan, layer, block, column, like)
        sum_squares(dW, squares, min(SQUARES_ROWS, layer.fan_in - row), vectors)
        if block == 0:
            db = number_at(layer.b_at + plan.gradient_at, column, like)
            sum_squares(db, squares_of(plan, layer, layer.n_blocks, column, like), 1, vectors)


@native
def shorten_and_step(plan: Record, layer: Record, shrink: bool, thread: int, like: Pointer) -> None:
    """The optimizer's step with a gradient that is whole, and too long where `shrink`."""
    n_panels = (layer.fan_out + plan.panel - 1) // plan.panel
    first, last = share(n_panels * layer.n_blocks, thread, plan)
    constants = number_at(plan.constants_at + thread * plan.constants_bytes, 0, like)
    factor = offset(constants, SHRINK)
    for unit in range(first, last):
        column, block = unit // layer.n_blocks * plan.panel, unit % layer.n_blocks
        width = panel_width(column, layer.fan_out, plan)
        row = block * SQUARES_ROWS
        rows = min(SQUARES_ROWS, layer.fan_in - row)
        place = column * layer.fan_in + row * width
        dW = number_at(layer.W_at + plan.gradient_at, place, like)
        if shrink:
            scale(dW, factor, rows * width)
        squares = squares_of(plan, layer, block, column, like)
        step_rows(plan, layer, dW, place, squares, rows, width, thread, like)
        if block == 0:
            db = number_at(layer.b_at + plan.gradient_at, column, like)
            if shrink:
                scale(db, factor, width)
            step_bias(plan, layer, db, column, width, thread, like)


@native
def step_rows(
    plan: Record,
    layer: Record,
    dW: Pointer,
    place: int,
    squares: Pointer,
    rows: int,
    width: int,
    thread: int,
    like: Pointer,
) -> None:
    """The optimizer's step for a few rows of a panel of W."""
    update(
        dW,
        number_at(layer.W_at, place, like),
        plan.slot_bytes // (64 // plan.lanes),
        number_at(plan.constants_at + thread * plan.constants_bytes, 0, like),
        squares,
        rows,
        width // plan.lanes,
        plan.optimizer,
    )


@native
def bias_gradient(
    plan: Record,
    layer: Record,
    delta: Pointer,
    n_rows: int,
    is_first: bool,
    step: bool,
    column: int,
    width: int,
    thread: int,
    like: Pointer,
) -> None:
    """The same for one panel's biases, which no penalty holds."""
    summed = number_at(layer.b_at + plan.gradient_at, column, like)
    scratch = number_at(plan.scratch_at + thread * plan.scratch_bytes, 0, like)
    db = summed
    if step:
        db = scratch
    start = number_at(plan.zeros_at, 0, like)
    if not is_first:
        start = summed
    vectors = width // plan.lanes
    sum_rows(delta, start, db, n_rows, vectors)
    if step:
        step_bias(plan, layer, db, column, width, thread, like)


@native
def step_bias(
    plan: Record, layer: Record, db: Pointer, column: int, width: int, thread: int, like: Pointer
) -> None:
    """The optimizer's step for one panel's biases."""
    update(
        db,
        number_at(layer.b_at, column, like),
        plan.slot_bytes // (64 // plan.lanes),
        number_at(plan.constants_at + thread * plan.constants_bytes, CONSTANTS_ROOM, like),
        # Nobody asks for the sums of their squares.
        number_at(plan.scratch_at + thread * plan.scratch_bytes, width, like),
        1,
        width // plan.lanes,
        plan.optimizer,
    )


@native
def sparse_gradient_and_update(
    plan: Record,
    layer: Record,
    order_at: int,
    n_rows: int,
    is_first: bool,
    is_last: bool,
    step: bool,
    thread: int,
    like: Pointer,
) -> None:
    """The same from sparse rows; blocks of W's rows are dealt out, with all their columns."""
    first, last = share(layer.n_blocks, thread, plan)
    first_row, end_row = first * SQUARES_ROWS, min(last * SQUARES_ROWS, layer.fan_in)
    step = is_last and step
    values = number_at(plan.sparse_data_at, 0, like)
    for column in range(0, layer.fan_out, plan.panel):
        width = panel_width(column, layer.fan_out, plan)
        vectors = width // plan.lanes
        delta = number_at(layer.delta_at, column * plan.rows, like)
        if thread == 0:
            bias_gradient(plan, layer, delta, n_rows, is_first, step, column, width, thread, like)
        top = column * layer.fan_in
        if is_first:
            start = top + first_row * width
            fill_zeros(
                number_at(layer.W_at + plan.gradient_at, start, like), (end_row - first_row) * width
            )
        for row in range(n_rows):
            sample = int64_at(order_at, row)
            end = int64_at(plan.sparse_starts_at, sample + 1)
            n = find(plan, int64_at(plan.sparse_starts_at, sample), end, first_row)
            stop = find(plan, n, end, end_row)
            add_to_rows(
                values,
                plan.sparse_columns_at,
                n,
                stop,
                number_at(layer.delta_at, column * plan.rows + row * width, like),
                number_at(layer.W_at + plan.gradient_at, top, like),
                vectors,
            )
        if not step:
            continue
        for block in range(first, last):
            squares = squares_of(plan, layer, block, column, like)
            row = block * SQUARES_ROWS
            rows = min(row + SQUARES_ROWS, layer.fan_in) - row
            place = top + row * width
            dW = number_at(layer.W_at + plan.gradient_at, place, like)
            step_rows(plan, layer, dW, place, squares, rows, width, thread, like)


@native
def find(plan: Record, first: int, last: int, column: int) -> int:
    """The first entry of a sparse row, between first and last, that is not before a column."""
    while first < last:
        middle = (first + last) // 2
        if int32_at(plan.sparse_columns_at, middle) < column:
            first = middle + 1
        else:
            last = middle
    return first


@native
def square_weights(plan: Record, layer: Record, thread: int, like: Pointer) -> None:
    """The sums of squared weights that `update` keeps, afresh."""
    if thread != 0:
        return
    for column in range(0, layer.fan_out, plan.panel):
        width = panel_width(column, layer.fan_out, plan)
        for block in range(layer.n_blocks):
            row = block * SQUARES_ROWS
            squares = squares_of(plan, layer, block, column, like)
            sum_squares(
                number_at(layer.W_at, column * layer.fan_in + row * width, like),
                squares,
                min(SQUARES_ROWS, layer.fan_in - row),
                width // plan.lanes,
            )
