"""Article B's misprints: each formula as printed and as corrected, beside finite differences.

The table of what was found is docs/articles/errata.md. Nodes: 0, 1 inputs; 2, 3 and 4, 5 and 6, 7
hidden; 8, 9 outputs; so w68 is W5[0, 0] and out_h6 is column 0 of layer c. A sum sign "around" a
factor means: summed over the batch before the next factor is multiplied.
"""

import numpy as np

from clearprop import Layer, Network, backward, forward


def by_out(p, Y):
    """-y/out + (1 - y)/(1 - out), for every sample and output, without 1/(2N)."""
    return -Y / p + (1.0 - Y) / (1.0 - p)


def test_b1_p_holds_probabilities_not_a_one_hot_class(b, tools):
    with np.errstate(divide="ignore", invalid="ignore"):
        one_hot = (b.o > 0.5).astype(float)
        assert not np.isfinite(b.cost(o=one_hot))
    numeric = tools.derivative(lambda b5: b.cost(b5=b5), b.b5)
    printed = (one_hot - b.Y).sum(axis=0) / (2 * b.N)
    tools.judge(numeric=numeric, corrected=(b.o - b.Y).sum(axis=0) / (2 * b.N), printed=printed)


def test_b2_the_two_in_1_over_2n_is_the_number_of_outputs(b, tools):
    terms = -(b.Y * np.log(b.o) + (1.0 - b.Y) * np.log(1.0 - b.o))
    tools.judge(numeric=b.cost(), corrected=terms.mean())
    # With three outputs the mean over samples and outputs is 1/(3N); 1/(2N) is half as much again.
    rng = np.random.default_rng(0)
    W, bias, Y = rng.normal(size=(2, 3)), rng.normal(size=3), np.eye(3)

    def mean_of_all_terms(bias):
        p = tools.sigmoid(b.X @ W + bias)
        return np.mean(-(Y * np.log(p) + (1.0 - Y) * np.log(1.0 - p)))

    residual = (tools.sigmoid(b.X @ W + bias) - Y).sum(axis=0)
    numeric = tools.derivative(mean_of_all_terms, bias)
    tools.judge(numeric=numeric, corrected=residual / (3 * b.N), printed=residual / (2 * b.N))
    network = Network([2, 3], output="logistic", reduction="mean_all")
    parameters = [Layer(W, bias)]
    code = backward(network, parameters, forward(network, parameters, b.X), Y)
    tools.judge(numeric=numeric, corrected=code.db[0])


def test_b3_both_terms_of_the_cost_are_inside_the_sum(b, tools):
    # Cost has no bracket: read to the letter, the sum ends before + (1 - y) log(1 - p).
    def printed_cost(o):
        free = (1.0 - b.Y[-1, -1]) * np.log(1.0 - o[-1, -1])
        return -np.sum(b.Y * np.log(o)) / (2 * b.N) + free

    numeric = tools.derivative(lambda o: b.cost(o=o), b.o)
    printed = tools.derivative(printed_cost, b.o)
    tools.judge(numeric=numeric, corrected=by_out(b.o, b.Y) / (2 * b.N), printed=printed)


def test_b3_brackets_of_cost_total_are_balanced_over_its_two_lines():
    first = "sum((y1 log(o8) + (1-y1) log(1-o8))"
    second = "+ (y2 log(o9) + (1-y2) log(1-o9)))"

    def depth(text):
        return text.count("(") - text.count(")")

    # The bracket open at the end of the first line is closed at the end of the second: no misprint.
    assert (depth(first), depth(first + second)) == (1, 0)


def test_b4_every_factor_of_dw68_is_inside_the_sum(b, tools):
    numeric = tools.derivative(lambda W5: b.cost(W5=W5), b.W5)[0, 0]
    first = by_out(b.o, b.Y)[:, 0] / (2 * b.N)
    slope, out_h6 = b.o[:, 0] * (1.0 - b.o[:, 0]), b.c[:, 0]
    corrected = np.sum(first * slope * out_h6)
    for s in range(b.N):  # whichever sample the factors outside of the sum are taken from
        tools.judge(
            numeric=numeric, corrected=corrected, printed=first.sum() * slope[s] * out_h6[s]
        )
    tools.judge(
        numeric=numeric, corrected=corrected, printed=first.sum() * slope.mean() * out_h6.mean()
    )


def test_b4_every_factor_of_db8_is_inside_the_sum(b, tools):
    numeric = tools.derivative(lambda b5: b.cost(b5=b5), b.b5)
    first, slope = by_out(b.o, b.Y) / (2 * b.N), b.o * (1.0 - b.o)
    corrected = np.sum(first * slope, axis=0)
    for factor in (slope[0], slope[1], slope[2], slope.mean(axis=0)):
        tools.judge(numeric=numeric, corrected=corrected, printed=first.sum(axis=0) * factor)


def test_b4_the_printed_sum_is_the_derivative_by_a_common_shift(b, tools):
    # dCost/dout_o8 with the sum is no factor of a chain: it is the slope when every sample's out_o8
    # moves by the same amount. By one sample's out_o8 there is no sum.
    first = by_out(b.o, b.Y) / (2 * b.N)
    common = tools.derivative(lambda shift: b.cost(o=b.o + shift * np.array([1.0, 0.0])), 0.0)
    tools.judge(numeric=common, corrected=first[:, 0].sum())
    numeric = tools.derivative(lambda o: b.cost(o=o), b.o)[:, 0]
    tools.judge(numeric=numeric, corrected=first[:, 0], printed=np.full(b.N, first[:, 0].sum()))


def test_b4_for_a_batch_of_one_the_printed_formulas_agree(b, tools):
    X, Y, o, c = b.X[:1], b.Y[:1], b.o[0], b.c[0]
    numeric = tools.derivative(lambda W5: b.cost(Y, X=X, W5=W5), b.W5)
    delta = by_out(o, Y[0]) / 2 * o * (1.0 - o)
    tools.judge(numeric=numeric, corrected=np.outer(c, delta))


def test_b5_out_h6_is_already_sigma_of_net(b, tools):
    numeric = tools.derivative(lambda layer: b.cost(b=layer), b.b)[:, 0]  # by out_h4
    dout_c = b.delta5 @ b.W5.T
    twice = tools.sigmoid(b.c)
    tools.judge(
        numeric=numeric,
        corrected=(dout_c * b.c * (1.0 - b.c)) @ b.W4[0],
        printed=(dout_c * twice * (1.0 - twice)) @ b.W4[0],
    )


def test_b6_deltas_are_per_sample_where_the_hidden_layers_use_them(b, tools):
    by_out_h6 = tools.derivative(lambda layer: b.cost(c=layer), b.c)[:, 0]
    sums = b.delta5.sum(axis=0)  # the article's delta_8 = db8 and delta_9 = db9
    tools.judge(
        numeric=by_out_h6, corrected=b.delta5 @ b.W5[0], printed=np.full(b.N, sums @ b.W5[0])
    )
    dw46 = tools.derivative(lambda W4: b.cost(W4=W4), b.W4)[0, 0]
    chain = b.c[:, 0] * (1.0 - b.c[:, 0]) * b.b[:, 0]
    tools.judge(
        numeric=dw46,
        corrected=np.sum(b.delta5 @ b.W5[0] * chain),
        printed=np.sum(sums @ b.W5[0] * chain),
    )
    # As names for the biases' gradients the sums are right.
    tools.judge(numeric=tools.derivative(lambda b5: b.cost(b5=b5), b.b5), corrected=sums)


def test_cost_needs_an_index_for_the_samples(b, tools):
    # The outer sum has no variable and y_i, p_i no sample: to the letter, N equal terms over 2N,
    # which is the cost of that one sample.
    def cost_of_one(W5, s):
        return b.cost(b.Y[s : s + 1], X=b.X[s : s + 1], W5=W5)

    numeric = tools.derivative(lambda W5: b.cost(W5=W5), b.W5)
    for s in range(b.N):
        printed = tools.derivative(lambda W5, s=s: cost_of_one(W5, s), b.W5)
        tools.judge(numeric=numeric, corrected=b.c.T @ b.delta5, printed=printed)


def test_cost_o8_is_the_part_of_the_total_with_out_o8(b, tools):
    def part(output, **changed):
        o, y = b.outputs(**changed)[:, output], b.Y[:, output]
        return -np.sum(y * np.log(o) + (1.0 - y) * np.log(1.0 - o)) / (2 * b.N)

    tools.judge(numeric=b.cost(), corrected=part(0) + part(1))
    for output in (0, 1):
        numeric = tools.derivative(lambda c, output=output: part(output, c=c), b.c)[:, 0]
        tools.judge(numeric=numeric, corrected=b.delta5[:, output] * b.W5[0, output])
    # Not the total's own derivative: the other output's share is missing.
    total = tools.derivative(lambda c: b.cost(c=c), b.c)[:, 0]
    tools.judge(
        numeric=total,
        corrected=b.delta5 @ b.W5[0],
        printed=b.delta5[:, 0] * b.W5[0, 0],
    )


def test_w_transposed_times_x_is_the_same_network(b, tools):
    # Columns are samples; W_5 is printed with a row per sending and a column per receiving node.
    net = b.W5.T @ b.c.T + b.b5[:, None]
    assert np.allclose(net.T, b.c @ b.W5 + b.b5, rtol=1e-15)
    net_o8 = b.W5[0, 0] * b.c[:, 0] + b.W5[1, 0] * b.c[:, 1] + b.b5[0]
    tools.judge(numeric=(b.W5.T @ b.c.T + b.b5[:, None])[0], corrected=net_o8)
    tools.judge(numeric=net, corrected=(b.c @ b.W5 + b.b5).T, printed=b.W5 @ b.c.T + b.b5[:, None])


def test_five_layers_have_four_weight_matrices(b, tools):
    network = Network([2] * 5, hidden="logistic", output="logistic", reduction="mean_all")
    assert (len(network.sizes), len(network.hidden), network.n_layers) == (5, 3, 4)
    parameters = [Layer(b.W2, b.b2), Layer(b.W3, b.b3), Layer(b.W4, b.b4), Layer(b.W5, b.b5)]
    code = backward(network, parameters, forward(network, parameters, b.X), b.Y)
    for layer, number in enumerate((2, 3, 4, 5)):
        for name, computed in ((f"W{number}", code.dW[layer]), (f"b{number}", code.db[layer])):
            numeric = tools.derivative(lambda v, name=name: b.cost(**{name: v}), vars(b)[name])
            tools.judge(numeric=numeric, corrected=computed)


def test_saturated_output_has_a_gradient_only_as_out_minus_y(tools):
    # The product (-y/out + (1-y)/(1-out)) out (1-out) is out - y, which the article does not say.
    net, y = np.array([40.0, 2.0, -3.0]), np.array([0.0, 1.0, 0.0])
    out = tools.sigmoid(net)
    with np.errstate(divide="ignore", invalid="ignore"):
        printed = by_out(out, y) * out * (1.0 - out)
    assert out[0] == 1.0
    assert np.isnan(printed[0])

    def loss_from_logits(net):
        return np.sum(np.logaddexp(0.0, net) - y * net)

    numeric = tools.derivative(loss_from_logits, net)
    tools.judge(numeric=numeric, corrected=out - y, printed=printed)
    tools.judge(numeric=numeric[1:], corrected=printed[1:])


def test_update_must_wait_for_every_delta(b, tools):
    # The article updates after the last layer's derivatives; the hidden deltas need w68 as it was.
    numeric = tools.derivative(lambda W4: b.cost(W4=W4), b.W4)
    slope = b.c * (1.0 - b.c)
    updated = b.W5 - 0.5 * b.c.T @ b.delta5
    tools.judge(
        numeric=numeric,
        corrected=b.b.T @ (b.delta5 @ b.W5.T * slope),
        printed=b.b.T @ (b.delta5 @ updated.T * slope),
    )


def test_update_goes_downhill(b):
    dW5 = b.c.T @ b.delta5
    assert b.cost(W5=b.W5 - 0.5 * dW5) < b.cost() < b.cost(W5=b.W5 + 0.5 * dW5)
