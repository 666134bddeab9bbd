"""Article A's misprints: each formula as printed and as corrected, beside finite differences.

The table of what was found is docs/articles/errata.md. Sample 1 alone is `[:1]` or `[0]`.
"""

import numpy as np
import pytest

from clearprop import Layer, Network, backward, forward
from clearprop.errors import ShapeError


def z3_of_h2(a, h2):
    return h2 @ a.W3 + a.b3


def test_a1_dz3_dh2_holds_entries_of_w3_not_w2(a, tools):
    numeric = tools.derivative(lambda h2: z3_of_h2(a, h2), a.h2[0])
    tools.judge(numeric=numeric, corrected=a.W3.T)
    # W^2 has two rows, so w^2_{3,j} and w^2_{4,j} do not exist; those that do have other values.
    assert a.W2.shape == (2, 4)
    with pytest.raises(IndexError):
        a.W2[2, 0]
    tools.judge(numeric=numeric[:, :2], corrected=a.W3.T[:, :2], printed=a.W2.T[:3])


def test_a2_two_of_the_five_derivatives_name_the_wrong_h(a, tools):
    jacobian = tools.derivative(lambda h2: z3_of_h2(a, h2), a.h2[0])
    # (numerator z, denominator h on the left, h that the right side differentiates by), from 0
    lines = [(0, 0, 2), (0, 1, 0), (0, 2, 2), (0, 3, 3), (1, 0, 0)]
    wrong = []
    for z, left, right in lines:
        tools.judge(numeric=jacobian[z, left], corrected=a.W3[left, z])
        if tools.relative_error(a.W3[right, z], jacobian[z, left]) > 1e-3:
            wrong.append((z, left))
    assert wrong == [(0, 0), (0, 1)]


def test_a3_the_bias_beside_w3_is_b3_not_b2(a, tools):
    delta1 = a.delta1[:1]
    by_b3 = tools.derivative(lambda b3: a.H(a.Y[:1], X=a.X[:1], b3=b3), a.b3)
    by_b2 = tools.derivative(lambda b2: a.H(a.Y[:1], X=a.X[:1], b2=b2), a.b2)
    tools.judge(numeric=by_b3, corrected=delta1[0])
    tools.judge(numeric=by_b2, corrected=a.delta2[0], printed=delta1[0])


def test_a4_sigmoid_jacobian_has_the_same_index_twice(a, tools):
    numeric = tools.derivative(tools.sigmoid, a.z2[0])
    h = tools.sigmoid(a.z2[0])
    corrected = np.diag(h * (1.0 - h))
    printed = corrected.copy()
    printed[0, 0] = h[0] * (1.0 - h[1])
    tools.judge(numeric=numeric, corrected=corrected, printed=printed)


def test_a4_the_column_before_it_is_printed_as_a_row_with_the_same_numbers(a, tools):
    numeric = tools.derivative(tools.sigmoid, a.z2[0])
    h_1_by_every_z = tools.derivative(lambda z: tools.sigmoid(z[0]), a.z2[0])
    # Printed: sigma(z_1) differentiated by z_1 to z_4, the Jacobian's first row; meant: sigma(z_1)
    # to sigma(z_4) by z_1, its first column. On a diagonal Jacobian they are equal: no number is
    # wrong.
    tools.judge(numeric=numeric[0], corrected=h_1_by_every_z)
    tools.judge(numeric=numeric[:, 0], corrected=h_1_by_every_z)
    # Where a Jacobian is not symmetric the printed layout would not even have the right length.
    assert tools.derivative(lambda h2: z3_of_h2(a, h2), a.h2[0]).shape == (3, 4)


def test_a5_w1_is_two_by_two_and_b1_has_two_entries(a, tools):
    network = Network([2, 2, 4, 3], output="softmax", reduction="sum")
    upper = [Layer(a.W2, a.b2), Layer(a.W3, a.b3)]
    W_printed, b_printed = np.column_stack([a.W1, [0.5, 0.6]]), np.array([*a.b1, 0.3])
    with pytest.raises(ValueError, match="matmul"):
        _ = tools.sigmoid(a.X @ W_printed + b_printed) @ a.W2
    with pytest.raises(ShapeError, match=r"got W of shape \(2, 3\)"):
        forward(network, [Layer(W_printed, b_printed), *upper], a.X)
    numeric = tools.derivative(lambda W1: a.H(W1=W1), a.W1)
    tools.judge(numeric=numeric, corrected=a.X.T @ a.delta3)


def test_a6_each_row_of_h2_transposed_has_its_own_node(a, tools):
    numeric = tools.derivative(lambda W3: a.H(W3=W3), a.W3)
    printed = np.tile(a.h2[:, 0], (4, 1)) @ a.delta1
    tools.judge(numeric=numeric, corrected=a.h2.T @ a.delta1, printed=printed)
    tools.judge(numeric=numeric[0], corrected=printed[0])  # the first row is right


def test_a7_db3_sums_the_columns_of_delta1_not_delta3(a, tools):
    numeric = tools.derivative(lambda b3: a.H(b3=b3), a.b3)
    tools.judge(numeric=numeric, corrected=a.delta1.sum(axis=0), printed=a.delta3.sum(axis=0))
    tools.judge(numeric=numeric[0], corrected=a.delta1[:, 0].sum(), printed=a.delta3[:, 0].sum())


def test_swapped_arguments_of_h_are_infinite(a, tools):
    # Defined as H(yhat, y) = - sum y log(yhat); later printed H(y, yhat), another function.
    def H(first, second):  # noqa: N802 - the article's symbol
        return -np.sum(second * np.log(first))

    with np.errstate(divide="ignore"):
        assert np.isfinite(H(a.yhat, a.Y))
        assert np.isinf(H(a.Y, a.yhat))
    smooth = np.array([0.7, 0.2, 0.1])
    numeric = tools.derivative(lambda z: H(tools.softmax(z), smooth), a.z3[0])
    swapped = tools.derivative(lambda z: H(smooth, tools.softmax(z)), a.z3[0])
    tools.judge(numeric=numeric, corrected=a.yhat[0] - smooth, printed=swapped)


def test_softmax_product_is_right_and_needs_only_targets_that_sum_to_one(a, tools):
    yhat = a.yhat[0]
    for y in (np.eye(3)[1], np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.1, 0.2])):
        numeric = tools.derivative(lambda z, y=y: -np.sum(y * np.log(tools.softmax(z))), a.z3[0])
        jacobian = np.diag(yhat) - np.outer(yhat, yhat)
        product = [(y.sum() - y[k]) * yhat[k] - y[k] * (1.0 - yhat[k]) for k in range(3)]
        tools.judge(numeric=numeric, corrected=-y / yhat @ jacobian)
        tools.judge(numeric=numeric, corrected=product)
        # yhat - y holds for any y that sums to 1, one-hot or not, and for no other.
        if y.sum() == 1.0:
            tools.judge(numeric=numeric, corrected=yhat - y)
        else:
            tools.judge(numeric=numeric, corrected=y.sum() * yhat - y, printed=yhat - y)


def test_gradients_are_of_h_by_the_weights_not_of_the_weights_by_h(a, tools):
    # "gradients of h, W, b with respect to H": the words are turned round, not the formulas.
    dH_dw11 = tools.derivative(
        lambda w: a.H(W3=np.vstack([[w, *a.W3[0, 1:]], a.W3[1:]])), a.W3[0, 0]
    )
    tools.judge(
        numeric=dH_dw11,
        corrected=(a.h2.T @ a.delta1)[0, 0],
        printed=1.0 / (a.h2.T @ a.delta1)[0, 0],
    )


def test_weights_without_superscript(a, tools):
    # w_{4,2}, w_{4,3} in the batch's (W^3)^T: only W^3 has a fourth row, nothing else can be meant.
    assert [len(W) for W in (a.W1, a.W2, a.W3)] == [2, 2, 4]
    numeric = tools.derivative(lambda h2: a.H(h2=h2), a.h2)
    tools.judge(numeric=numeric, corrected=a.delta1 @ a.W3.T)
    # w_{2,2} in W^1: all three matrices have one, and only W^1's gives the derivative by x.
    by_x = tools.derivative(lambda X: a.H(X=X), a.X)
    tools.judge(numeric=by_x, corrected=a.delta3 @ a.W1.T)
    for other in (a.W2, a.W3):
        printed = a.W1.copy()
        printed[1, 1] = other[1, 1]
        tools.judge(numeric=by_x, corrected=a.delta3 @ a.W1.T, printed=a.delta3 @ printed.T)


def test_observations_hold_for_every_layer_but_the_last(a, tools):
    L = 4  # the input x is layer 1, the output layer 4
    inputs = {1: ("X", a.X), 2: ("h1", a.h1), 3: ("h2", a.h2)}
    weights = {1: ("W1", a.W1), 2: ("W2", a.W2), 3: ("W3", a.W3)}
    biases = {1: ("b1", a.b1), 2: ("b2", a.b2), 3: ("b3", a.b3)}
    delta = {1: a.delta1, 2: a.delta2, 3: a.delta3}
    for layer in range(1, L):
        d = delta[L - layer]
        for (name, value), formula in [
            (inputs[layer], d @ weights[layer][1].T),
            (weights[layer], inputs[layer][1].T @ d),
            (biases[layer], d.sum(axis=0)),
        ]:
            numeric = tools.derivative(lambda v, name=name: a.H(**{name: v}), value)
            tools.judge(numeric=numeric, corrected=formula)
    # "for all layers l": at l = L they would need delta^0 and W^4; the network has L - 1 of each.
    network = Network([2, 2, 4, 3], reduction="sum")
    parameters = [Layer(a.W1, a.b1), Layer(a.W2, a.b2), Layer(a.W3, a.b3)]
    code = backward(network, parameters, forward(network, parameters, a.X), a.Y)
    assert len(code.delta) == len(parameters) == L - 1
    for layer in range(1, L):  # the code's delta[l - 1] is the article's delta^{L - l}
        tools.judge(numeric=delta[L - layer], corrected=code.delta[layer - 1])
    # Counting only layers that have weights (L = 3) shifts delta by one, and W^1 would get delta^2.
    tools.judge(
        numeric=tools.derivative(lambda W1: a.H(W1=W1), a.W1),
        corrected=a.X.T @ delta[L - 1],
        printed=a.X.T @ delta[3 - 1],
    )


def test_delta_is_by_z_the_output_before_sigma_not_by_h(a, tools):
    # z^1 is called the output of the input layer, h^1 what it produces: delta^3 is dH/dz^1.
    by_z1 = tools.derivative(lambda z1: a.H(z1=z1), a.z1)
    by_h1 = tools.derivative(lambda h1: a.H(h1=h1), a.h1)
    tools.judge(numeric=by_z1, corrected=a.delta3, printed=by_h1)
    tools.judge(numeric=by_h1, corrected=a.delta2 @ a.W2.T, printed=a.delta3)


def test_jacobian_between_layers_is_w_transposed_only_from_h_to_z(a, tools):
    by_h = tools.derivative(lambda h2: z3_of_h2(a, h2), a.h2[0])
    by_z = tools.derivative(lambda z2: z3_of_h2(a, tools.sigmoid(z2)), a.z2[0])
    tools.judge(numeric=by_h, corrected=a.W3.T)
    slope = np.diag(a.h2[0] * (1.0 - a.h2[0]))
    tools.judge(numeric=by_z, corrected=a.W3.T @ slope, printed=a.W3.T)


def test_one_sigma_two_functions(a, tools):
    # sigma is softmax at the output and logistic in the hidden layers: sigma' fits the second only.
    numeric = tools.derivative(tools.softmax, a.z3[0])
    yhat = a.yhat[0]
    tools.judge(
        numeric=numeric,
        corrected=np.diag(yhat) - np.outer(yhat, yhat),
        printed=np.diag(yhat * (1.0 - yhat)),
    )


def test_batch_formulas_are_for_the_sum_over_samples(a, tools):
    # H is defined for one sample; "total" for the batch means the sum, and a mean is a third of it.
    single = [
        tools.derivative(lambda W3, s=s: a.H(a.Y[s : s + 1], X=a.X[s : s + 1], W3=W3), a.W3)
        for s in range(3)
    ]
    printed = a.h2.T @ a.delta1
    tools.judge(numeric=np.sum(single, axis=0), corrected=printed)
    tools.judge(numeric=np.mean(single, axis=0), corrected=printed / 3.0, printed=printed)


def test_each_line_of_the_summary(a, tools):
    parameters = [Layer(a.W1, a.b1), Layer(a.W2, a.b2), Layer(a.W3, a.b3)]
    network = Network([2, 2, 4, 3], output="softmax", reduction="sum")
    code = backward(network, parameters, forward(network, parameters, a.X), a.Y)
    lines = {
        "z3": (a.delta1, code.delta[2]),
        "h2": (a.delta1 @ a.W3.T, code.dinput[2]),
        "W3": (a.h2.T @ a.delta1, code.dW[2]),
        "b3": (a.delta1.sum(axis=0), code.db[2]),
        "z2": (a.delta2, code.delta[1]),
        "h1": (a.delta2 @ a.W2.T, code.dinput[1]),
        "W2": (a.h1.T @ a.delta2, code.dW[1]),
        "b2": (a.delta2.sum(axis=0), code.db[1]),
        "z1": (a.delta3, code.delta[0]),
        "X": (a.delta3 @ a.W1.T, code.dinput[0]),
        "W1": (a.X.T @ a.delta3, code.dW[0]),
        "b1": (a.delta3.sum(axis=0), code.db[0]),
    }
    for name, (formula, computed) in lines.items():
        numeric = tools.derivative(lambda v, name=name: a.H(**{name: v}), vars(a)[name])
        tools.judge(numeric=numeric, corrected=formula)
        tools.judge(numeric=numeric, corrected=computed)
