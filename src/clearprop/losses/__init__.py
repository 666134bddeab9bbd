"""Each output activation with its loss beside their common delta, one table: `OUTPUTS`.

An output and its loss come as a pair because only the pair has the short derivative that article A
works out, delta = dLoss/dz = yhat - y; and because the loss is then computed from the logits z,
where nothing overflows. `reduction_factor` holds the third convention, what the sum over the
samples is divided by. All of it works on any array library of the Array API standard and on stacks
of batches (leading dimensions). This file knows nothing of layers and networks.

Some rows have parameters, numbers that a network gives with the output's name: the threshold of
"huber" and the probability of "quantile", one per output; and for "softmax", where the outputs are
several targets' classes, how many each target has. Every function takes them as its last argument.
"""

from clearprop.losses.reductions import REDUCTIONS, reduction_factor
from clearprop.losses.table import OUTPUTS, Output

__all__ = ["OUTPUTS", "REDUCTIONS", "Output", "reduction_factor"]
