"""A layer's two products over its samples, cut into tiles and dealt to threads by what is written.

    forward:  output = sigma(input W + b)         tiles of output
    below:    delta_below *= delta W^T            tiles of delta_below, which holds sigma'(z)

No sum is ever shared between threads. This file knows nothing of epochs, batches or losses.
"""

from __future__ import annotations

from clearprop.engines.fused.kernel import Pointer
from clearprop.engines.fused.memory import (
    Record,
    int64_at,
    native,
    number_at,
    offset,
)
from clearprop.engines.fused.moving import transpose_panel
from clearprop.engines.fused.records import (
    K_BLOCK,
)
from clearprop.engines.fused.rows import (
    activate,
    activate_only,
    add_scaled_rows,
    drop,
)
from clearprop.engines.fused.tile import tile_and_fetch, tile_as_it_lies


@native
def padded(columns: int, lanes: int) -> int:
    """Columns, padded to whole vectors."""
    return (columns + lanes - 1) // lanes * lanes


@native
def panel_width(first: int, columns: int, plan: Record) -> int:
    """Numbers in a row of the panel that begins with column `first`."""
    return min(plan.panel, padded(columns - first, plan.lanes))


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
def tile(
    plan: Record,
    a: Pointer,
    row: int,
    n_k: int,
    W: Pointer,
    start: Pointer,
    start_row: int,
    target: Pointer,
    times: int,
    ahead: Pointer,
    ahead_step: int,
    rows: int,
    width: int,
) -> None:
    """One tile, which fetches what is ahead unless that is near (ahead_step is 0)."""
    vectors = width // plan.lanes
    if ahead_step != 0 and width == plan.panel:
        tile_and_fetch(
            a,
            row,
            plan.rows,
            n_k,
            W,
            start,
            start_row,
            target,
            times,
            ahead,
            ahead_step,
            rows,
            vectors,
        )
    else:
        tile_as_it_lies(a, row, plan.rows, n_k, W, start, start_row, target, times, rows, vectors)


@native
def forward_product(
    plan: Record, layer: Record, n_rows: int, keep: int, thread: int, like: Pointer
) -> None:
    """Output = sigma(input W + b), beside it sigma' where it is to be kept.

    A block of K_BLOCK rows of a panel of W stays in the first cache while all rows pass it; the
    sums so far wait in the output. Panels are taken in groups whose output stays in the second.
    Meanwhile each tile fetches its part of the block of W that comes next. Threads share the tiles
    by their widths: the last panel may be narrow.
    """
    n_panels = (layer.fan_out + plan.panel - 1) // plan.panel
    width = padded(layer.fan_out, plan.lanes)
    first, last = share(width * count_padded_tiles(n_rows, plan), thread, plan)
    ahead_tile, ahead_step = 0, 0
    if layer.W_is_far:
        ahead_tile = plan.panel * plan.panel * plan.tile_rows // n_rows
        ahead_step = plan.panel * plan.panel
    done = 0
    for group in range(0, n_panels, plan.panels_at_once):
        group_end = min(group + plan.panels_at_once, n_panels)
        before = done
        for k in range(0, layer.fan_in, K_BLOCK):
            done = before
            n_k = min(K_BLOCK, layer.fan_in - k)
            is_last = k + n_k == layer.fan_in
            a = number_at(layer.input_at, k * plan.rows, like)
            for p in range(group, group_end):
                column = p * plan.panel
                width = panel_width(column, layer.fan_out, plan)
                W = number_at(layer.W_at, column * layer.fan_in + k * width, like)
                next_column, next_k = column + plan.panel, k
                if p + 1 == group_end:
                    next_column, next_k = group * plan.panel, k + K_BLOCK
                place = next_column * layer.fan_in + next_k * plan.panel
                ahead = number_at(layer.W_at, place, like)
                row = 0
                while row < n_rows:
                    rows = rows_of_padded_tile(n_rows - row, plan)
                    if first <= done < last:
                        place = column * plan.rows + row * width
                        z = number_at(layer.output_at, place, like)
                        start, start_row = number_at(layer.b_at, column, like), 0
                        if k > 0:
                            start, start_row = z, width
                        tile(
                            plan,
                            a,
                            row,
                            n_k,
                            W,
                            start,
                            start_row,
                            z,
                            0,
                            ahead,
                            ahead_step,
                            rows,
                            width,
                        )
                        if is_last:
                            finish(plan, layer, z, row, rows, column, width, keep, like)
                    done += width
                    row += rows
                    ahead = offset(ahead, ahead_tile)


@native
def finish(
    plan: Record,
    layer: Record,
    z: Pointer,
    row: int,
    rows: int,
    column: int,
    width: int,
    keep: int,
    like: Pointer,
) -> None:
    """The activation of some rows of a panel's z, and dropout."""
    if layer.activation < 0:
        return
    if not keep:
        activate_only(z, rows * width, layer.activation)
        return
    sigma_prime = number_at(layer.delta_at, column * plan.rows + row * width, like)
    activate(z, sigma_prime, rows * width, layer.activation)
    if layer.keep_below != 0:
        drop(
            z,
            sigma_prime,
            number_at(layer.kept_scale_at, 0, like),
            rows,
            width // plan.lanes,
            plan.part_row + row,
            column,
            layer.fan_out,
            plan.dropout_seed,
            plan.update,
            layer.number,
            layer.keep_below,
        )


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
            finish(plan, layer, z, row, 1, column, width, keep, like)


@native
def product_below(plan: Record, layer: Record, n_rows: int, thread: int, like: Pointer) -> None:
    """Delta_below = delta W^T * sigma'(z below).

    Blocks and groups as in `forward_product`. What lies below holds sigma', so the sums so far wait
    in the scratch memory, behind the transposed block of W. What is fetched meanwhile are the rows
    of W that are transposed next, some from each of the panels that lie along k.
    """
    n_panels = (layer.fan_in + plan.panel - 1) // plan.panel
    width = padded(layer.fan_in, plan.lanes)
    first, last = share(width * count_padded_tiles(n_rows, plan), thread, plan)
    scratch_at = plan.scratch_at + thread * plan.scratch_bytes
    W_transposed = number_at(scratch_at, 0, like)
    ahead_tile, ahead_step = 0, 0
    if layer.W_is_far:
        ahead_tile = plan.panel * plan.panel * plan.tile_rows // n_rows
        ahead_step = plan.panel * layer.fan_in
    done = 0
    for group in range(0, n_panels, plan.panels_at_once):
        group_end = min(group + plan.panels_at_once, n_panels)
        before = done
        for k in range(0, layer.fan_out, K_BLOCK):
            done = before
            n_k = min(K_BLOCK, layer.fan_out - k)
            is_last = k + n_k == layer.fan_out
            a = number_at(layer.delta_at, k * plan.rows, like)
            for p in range(group, group_end):
                column = p * plan.panel
                width = panel_width(column, layer.fan_in, plan)
                is_ready = False
                place = k * layer.fan_in + (column + plan.panel) * plan.panel
                ahead = number_at(layer.W_at, place, like)
                row = 0
                while row < n_rows:
                    rows = rows_of_padded_tile(n_rows - row, plan)
                    if first <= done < last:
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
                        tile(
                            plan,
                            a,
                            row,
                            n_k,
                            W_transposed,
                            start,
                            start_row,
                            target,
                            int(is_last),
                            ahead,
                            ahead_step,
                            rows,
                            width,
                        )
                    done += width
                    row += rows
                    ahead = offset(ahead, ahead_tile)
