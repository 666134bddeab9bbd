"""A layer's three products, cut into tiles and dealt to threads by what is written.

    forward:  output = sigma(input W + b)         tiles of output
    below:    delta_below *= delta W^T            tiles of delta_below, which holds sigma'(z)
    dW:       input^T delta, db: sums of delta    blocks of W's rows; each updated while it is near

No sum is ever shared between threads. This file knows nothing of epochs, batches or losses.
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
from clearprop.engines.fused.moving import transpose_panel
from clearprop.engines.fused.records import B_BLOCK, K_BLOCK, SQUARES_ROWS
from clearprop.engines.fused.rows import (
    activate,
    activate_only,
    add_scaled_rows,
    add_to_rows,
    fill_zeros,
    sum_rows,
)
from clearprop.engines.fused.tile import tile_as_it_lies, tile_transposed
from clearprop.engines.fused.updates import sum_squares, update


@native
def padded(columns: int, lanes: int) -> int:
    """Columns, padded to whole vectors."""
    return (columns + lanes - 1) // lanes * lanes


@native
def panel_width(first: int, columns: int, plan: Record) -> int:
    """Numbers in a row of the panel that begins with column `first`."""
    return min(plan.panel, padded(columns - first, plan.lanes))


@native
def rows_of_tile(left: int, plan: Record) -> int:
    """Rows of the next tile when exactly `left` are left."""
    if left >= plan.tile_rows:
        return plan.tile_rows
    return 4 if left >= 4 else 2 if left >= 2 else 1


@native
def rows_of_padded_tile(left: int, plan: Record) -> int:
    """The same where rows beyond those may be computed too: panels have whole tiles of rows."""
    if left >= plan.tile_rows or left > 4:
        return plan.tile_rows
    return 4 if left > 2 else left


@native
def count_padded_tiles(n_rows: int, plan: Record) -> int:
    """Tiles that `rows_of_padded_tile` cuts n_rows into."""
    return (n_rows + plan.tile_rows - 1) // plan.tile_rows


@native
def share(n: int, thread: int, plan: Record) -> tuple[int, int]:
    """First and last (not included) of a thread's part of n."""
    return n * thread // plan.n_threads, n * (thread + 1) // plan.n_threads


@native
def forward_product(
    plan: Record, layer: Record, n_rows: int, keep: int, thread: int, like: Pointer
) -> None:
    """Output = sigma(input W + b), beside it sigma' where it is to be kept.

    A block of K_BLOCK rows of a panel of W stays in the first cache while all rows pass it; the
    sums so far wait in the output. Panels are taken in groups whose output stays in the second.
    """
    n_panels = (layer.fan_out + plan.panel - 1) // plan.panel
    first, last = share(n_panels * count_padded_tiles(n_rows, plan), thread, plan)
    unit = 0
    for group in range(0, n_panels, plan.panels_at_once):
        group_end = min(group + plan.panels_at_once, n_panels)
        before = unit
        for k in range(0, layer.fan_in, K_BLOCK):
            unit = before
            n_k = min(K_BLOCK, layer.fan_in - k)
            is_last = k + n_k == layer.fan_in
            a = number_at(layer.input_at, k * plan.rows, like)
            for p in range(group, group_end):
                column = p * plan.panel
                width = panel_width(column, layer.fan_out, plan)
                W = number_at(layer.W_at, column * layer.fan_in + k * width, like)
                row = 0
                while row < n_rows:
                    rows = rows_of_padded_tile(n_rows - row, plan)
                    if first <= unit < last:
                        place = column * plan.rows + row * width
                        z = number_at(layer.output_at, place, like)
                        start, start_row = number_at(layer.b_at, column, like), 0
                        if k > 0:
                            start, start_row = z, width
                        tile_as_it_lies(
                            a,
                            row,
                            plan.rows,
                            n_k,
                            W,
                            start,
                            start_row,
                            z,
                            0,
                            rows,
                            width // plan.lanes,
                        )
                        if is_last:
                            finish(layer, z, place, rows * width, keep, like)
                    unit += 1
                    row += rows


@native
def finish(layer: Record, z: Pointer, place: int, n: int, keep: int, like: Pointer) -> None:
    """The activation of n numbers z, the `place`-th of the output on."""
    if layer.activation >= 0:
        if keep:
            activate(z, number_at(layer.delta_at, place, like), n, layer.activation)
        else:
            activate_only(z, n, layer.activation)


@native
def sparse_forward_product(
    plan: Record, layer: Record, order_at: int, n_rows: int, keep: int, thread: int, like: Pointer
) -> None:
    """The same from sparse rows, of which order_at names the first."""
    first, last = share(n_rows, thread, plan)
    values = number_at(plan.sparse_data_at, 0, like)
    for row in range(first, last):
        sample = int64_at(order_at, row)
        begin = int64_at(plan.sparse_starts_at, sample)
        end = int64_at(plan.sparse_starts_at, sample + 1)
        for column in range(0, layer.fan_out, plan.panel):
            width = panel_width(column, layer.fan_out, plan)
            place = column * plan.rows + row * width
            z = number_at(layer.output_at, place, like)
            add_scaled_rows(
                values,
                plan.sparse_columns_at,
                begin,
                end,
                number_at(layer.W_at, column * layer.fan_in, like),
                number_at(layer.b_at, column, like),
                z,
                width // plan.lanes,
            )
            finish(layer, z, place, width, keep, like)


@native
def product_below(plan: Record, layer: Record, n_rows: int, thread: int, like: Pointer) -> None:
    """Delta_below = delta W^T * sigma'(z below).

    Blocks and groups as in `forward_product`. What lies below holds sigma', so the sums so far wait
    in the scratch memory, behind the transposed block of W.
    """
    n_panels = (layer.fan_in + plan.panel - 1) // plan.panel
    first, last = share(n_panels * count_padded_tiles(n_rows, plan), thread, plan)
    scratch_at = plan.scratch_at + thread * plan.scratch_bytes
    W_transposed = number_at(scratch_at, 0, like)
    unit = 0
    for group in range(0, n_panels, plan.panels_at_once):
        group_end = min(group + plan.panels_at_once, n_panels)
        before = unit
        for k in range(0, layer.fan_out, K_BLOCK):
            unit = before
            n_k = min(K_BLOCK, layer.fan_out - k)
            is_last = k + n_k == layer.fan_out
            a = number_at(layer.delta_at, k * plan.rows, like)
            for p in range(group, group_end):
                column = p * plan.panel
                width = panel_width(column, layer.fan_in, plan)
                is_ready = False
                row = 0
                while row < n_rows:
                    rows = rows_of_padded_tile(n_rows - row, plan)
                    if first <= unit < last:
                        if not is_ready:
                            W = number_at(layer.W_at, k * layer.fan_in, like)
                            transpose_panel(W, layer.fan_in, n_k, column, width, W_transposed)
                            is_ready = True
                        place = ((p - group) * plan.rows + row) * plan.panel
                        sums = number_at(scratch_at, K_BLOCK * plan.panel + place, like)
                        start, start_row = number_at(plan.zeros_at, 0, like), 0
                        if k > 0:
                            start, start_row = sums, width
                        target = sums
                        if is_last:
                            place = column * plan.rows + row * width
                            target = number_at(layer.delta_below_at, place, like)
                        tile_as_it_lies(
                            a,
                            row,
                            plan.rows,
                            n_k,
                            W_transposed,
                            start,
                            start_row,
                            target,
                            int(is_last),
                            rows,
                            width // plan.lanes,
                        )
                    unit += 1
                    row += rows


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

    Blocks of SQUARES_ROWS rows of one panel are dealt out, panels in groups whose delta stays in
    the second cache; the biases go with a panel's first block.

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
    first, last = share(layer.n_blocks * n_panels, thread, plan)
    unit = 0
    for group in range(0, n_panels, plan.panels_at_once):
        group_end = min(group + plan.panels_at_once, n_panels)
        for block in range(layer.n_blocks):
            for p in range(group, group_end):
                if first <= unit < last:
                    gradient_of_block(
                        plan, layer, n_rows, block, p, is_first, is_last and step, thread, like
                    )
                unit += 1


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
        update(
            db,
            number_at(layer.b_at, column, like),
            plan.slot_bytes // (64 // plan.lanes),
            number_at(plan.constants_at + thread * plan.constants_bytes, plan.lanes, like),
            number_at(plan.scratch_at + thread * plan.scratch_bytes, width, like),
            1,
            vectors,
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
