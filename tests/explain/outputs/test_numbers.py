"""Every number that is written, read back from the outputs and held to `forward` and `backward`."""

import json
import re
from functools import cache

import numpy as np
import pytest
import random_networks
from random_networks import COUNT, LEARNING_RATE, Case, random_case
from reading import from_latex, from_markdown, from_text

from clearprop import backward, forward, loss
from clearprop.activations import as_activation
from clearprop.explain.articles import ARTICLES
from clearprop.explain.document import explain
from clearprop.explain.formula.numbers import half_unit, read_number
from clearprop.explain.outputs.json import read_json, to_json
from clearprop.explain.outputs.latex import to_latex
from clearprop.explain.outputs.markdown import to_markdown
from clearprop.explain.outputs.text import to_text
from clearprop.losses import OUTPUTS, reduction_factor
from clearprop.network import Layer
from clearprop.penalties import l2_gradient, l2_penalty


def expected_numbers(case):
    """Every step's numbers by its id, from the reference alone."""
    network, parameters, X, Y = case.network, case.parameters, case.X, case.Y
    weight, l2 = case.sample_weight, case.l2
    passes = forward(network, parameters, X)
    gradients = backward(network, parameters, passes, Y, sample_weight=weight)
    output, own = OUTPUTS[network.output], network.output_parameters
    factor = float(reduction_factor(network.reduction, len(X), network.sizes[-1], weight))
    shares = factor * (np.ones(len(X)) if weight is None else weight)[:, None]
    found = {
        "Y": Y,
        "output": passes.output,
        "loss_terms": output.loss_terms(passes.z[-1], Y, own),
        "loss": loss(network, passes, Y, sample_weight=weight),
        "doutput": shares * output.by_output(passes.output, Y, own),
    }
    if weight is not None:
        found["sample_weight"] = weight
    for layer, (W, b) in enumerate(parameters):
        found |= {f"W[{layer}]": W, f"b[{layer}]": b, f"z[{layer}]": passes.z[layer]}
        found |= {
            f"input[{layer}]": passes.inputs[layer],
            f"delta[{layer}]": gradients.delta[layer],
        }
        found |= {f"dW[{layer}]": gradients.dW[layer], f"db[{layer}]": gradients.db[layer]}
        found[f"dinput[{layer}]"] = gradients.dinput[layer]
    for layer, hidden in enumerate(network.hidden):
        slope = as_activation(hidden).derivative(passes.z[layer], passes.inputs[layer + 1])
        found[f"sigma_prime[{layer}]"] = slope
    dW = gradients.dW
    if l2:
        found["penalty"] = l2_penalty(parameters, l2, factor)
        found["total_loss"] = found["loss"] + found["penalty"]
        dW = [d + l2_gradient(W, l2, factor) for d, (W, _) in zip(dW, parameters, strict=True)]
    if case.update is not None:
        found |= after_update(case, factor, dW, gradients.db)
    return found


def after_update(case, factor, dW, db):
    found = {f"dW_total[{layer}]": d for layer, d in enumerate(dW)} if case.l2 else {}
    new = [Layer(W.copy(), b.copy()) for W, b in case.parameters]
    arrays = [array for layer in new for array in layer]
    optimizer = case.update.optimizer
    slopes = [array for pair in zip(dW, db, strict=True) for array in pair]
    optimizer.update(arrays, slopes, optimizer.start(arrays), case.update.learning_rate)
    for layer, ((W, b), (old_W, old_b)) in enumerate(zip(new, case.parameters, strict=True)):
        found |= {f"W_new[{layer}]": W, f"b_new[{layer}]": b}
        found |= {f"W_step[{layer}]": W - old_W, f"b_step[{layer}]": b - old_b}
    passes = forward(case.network, new, case.X)
    found["new_loss"] = loss(case.network, passes, case.Y, sample_weight=case.sample_weight)
    if case.l2:
        found["new_loss"] += l2_penalty(new, case.l2, factor)
    return found


def shows(found, exact):
    """Whether numbers read back are these, to the digits shown."""
    exact = np.atleast_2d(np.asarray(exact, float))
    if found.shape != exact.shape:
        return False
    # Two ways to one number may round it to neighbouring digits; its last bits are not shown.
    room = np.vectorize(half_unit)(exact) * (1 + 1e-6) + 1e-13 * np.abs(exact) + 1e-17
    with np.errstate(invalid="ignore"):
        near = np.abs(found - exact) <= room
    return bool(np.all(near | (found == exact) | (np.isnan(found) & np.isnan(exact))))


def article(name):
    source = ARTICLES[name]()
    batch = source.batch
    return Case(batch.network, batch.parameters, batch.X, batch.Y, None, 0.0, source.update)


@cache
def the_case(name):
    """A case, its records, and its numbers from the reference."""
    if isinstance(name, str):
        case, records = article(name), explain(name).records
    else:
        case = random_case(name)
        records = case.records()
    with np.errstate(all="ignore"):
        return case, records, expected_numbers(case)


ALL = [*ARTICLES, *range(COUNT)]
SOME = [*ARTICLES, *range(0, COUNT, 6)]


@cache
def written(write, name, notation):
    """What an output writes of a case."""
    records = the_case(name)[1]
    return write(records) if write is to_json else write(records, notation)


def notation_of(name):
    return {"article-a": "matrix", "article-b": "weights"}.get(
        name, ("matrix", "weights")[hash(name) % 2]
    )


def require_all(parts, expected):
    """Each step is there, and its first table shows its numbers."""
    assert set(parts) - {""} == set(expected)
    wrong = [
        step for step, exact in expected.items() if not shows(parts[step].tables[0].values, exact)
    ]
    assert not wrong


@pytest.mark.parametrize("name", ALL)
def test_markdown(name):
    text = written(to_markdown, name, notation_of(name))
    require_all(from_markdown(text), the_case(name)[2])


@pytest.mark.parametrize("name", ALL)
def test_latex(name):
    text = written(to_latex, name, notation_of(name))
    require_all(from_latex(text), the_case(name)[2])


@pytest.mark.parametrize("name", SOME)
def test_text(name):
    _, records, expected = the_case(name)
    require_all(from_text(to_text(records, notation_of(name), width=160)), expected)


@pytest.mark.parametrize("name", ALL)
def test_json(name):
    expected = the_case(name)[2]
    found = read_json(written(to_json, name, "both"))
    assert set(found) == set(expected)
    for step, exact in expected.items():
        assert found[step].shape == np.shape(exact)
        np.testing.assert_allclose(found[step], exact, rtol=1e-13, atol=1e-16, err_msg=step)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("notation", ["matrix", "weights"])
def test_all_outputs_have_the_same_tables(name, notation):
    markdown = from_markdown(written(to_markdown, name, notation))
    latex = from_latex(written(to_latex, name, notation))
    assert set(markdown) == set(latex)
    for step, part in markdown.items():
        assert len(part.tables) == len(latex[step].tables)
        for one, other in zip(part.tables, latex[step].tables, strict=True):
            np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize("name", ALL)
def test_entries_with_their_numbers_end_in_their_value(name):
    expected = the_case(name)[2]
    count = 0
    for step in json.loads(written(to_json, name, "both"))["steps"]:
        for notation in ("matrix", "weights"):
            for entry in step["entries"][notation]:
                value = read_number(entry["plain"].rsplit(" = ", 1)[1].split(", ")[0])
                exact = np.asarray(expected[step["id"]])[tuple(entry["entry"])]
                assert shows(np.array([[value]]), exact), entry["plain"]
                count += 1
    assert count > 10


def of_caption(part, pattern):
    return [table for table in part.tables if re.search(pattern, table.caption)]


def test_from_old_to_new():
    case, records, expected = the_case(1)
    assert case.update is not None
    for layer in range(case.network.n_layers):
        for kind in "Wb":
            gradient = f"d{kind}[{layer}]"
            columns = [
                f"{kind}[{layer}]",
                gradient,
                f"{kind}_step[{layer}]",
                f"{kind}_new[{layer}]",
            ]
            exact = np.stack([np.ravel(expected[step]) for step in columns], axis=-1)
            part = from_markdown(to_markdown(records))[f"{kind}_new[{layer}]"]
            (table,) = of_caption(part, "From old to new")
            assert table.columns == ["old", "derivative", "step", "new"]
            assert shows(table.values, exact)
    (losses,) = of_caption(
        from_markdown(to_markdown(records))["new_loss"], "The loss of this batch"
    )
    assert shows(losses.values, [[expected["loss"]], [expected["new_loss"]]])


def test_the_rule_of_the_update():
    case, records, _ = the_case(4)
    part = from_markdown(to_markdown(records))[""]
    settings = next(
        table
        for table in part.tables
        if "setting" in table.caption or "learning rate" in table.rows
    )
    assert settings.values[settings.rows.index("learning rate"), 0] == LEARNING_RATE
    assert f"{type(case.update.optimizer).__name__}; this is its first update" in "\n".join(
        part.lines
    )


def test_jacobians_of_article_a():
    case, records, expected = the_case("article-a")
    part = from_markdown(to_markdown(records))["dinput[2]"]
    W3 = case.parameters[2].W
    assert any(shows(table.values, W3.T) for table in part.tables)
    tables = from_markdown(to_markdown(records))["dW[2]"].tables
    first_rows = [table for table in tables if table.values.shape == (3, 12)]
    assert len(first_rows) >= len(case.X)
    for sample in range(len(case.X)):
        jacobian = first_rows[sample].values
        share = (expected["delta[2]"][sample] @ jacobian).reshape(4, 3)
        outer = np.outer(expected["input[2]"][sample], expected["delta[2]"][sample])
        np.testing.assert_allclose(share, outer, rtol=1e-5)


def test_chains_of_article_b_add_up_to_the_derivative():
    _, records, expected = the_case("article-b")
    for layer in range(4):
        part = from_markdown(to_markdown(records, "weights"))[f"dW[{layer}]"]
        chains = [table for table in part.tables if table.columns[-1] == "product"]
        assert len(chains) == 4
        for chain, exact in zip(chains, expected[f"dW[{layer}]"].ravel(), strict=True):
            assert chain.rows[-1] == "sum"
            assert shows(chain.values[-1:, -1:], exact)
            products = np.prod(chain.values[:-1, :-1], axis=1)
            np.testing.assert_allclose(products, chain.values[:-1, -1], rtol=1e-5)
            np.testing.assert_allclose(products.sum(), exact, rtol=1e-4)


def test_what_became_of_delta():
    case, records, expected = the_case("article-b")
    part = from_markdown(to_markdown(records))[""]
    (table,) = [table for table in part.tables if "length below" in table.columns]
    norms = [np.linalg.norm(expected[f"delta[{layer}]"]) for layer in range(4)]
    assert shows(table.values[:, :1], np.array(norms[:0:-1])[:, None])
    assert shows(table.values[:, 3:], np.array(norms[-2::-1])[:, None])
    np.testing.assert_allclose(np.prod(table.values[:, :3], axis=1), table.values[:, 3], rtol=1e-5)
    assert case.network.n_layers == 4


def test_finite_differences_stand_beside():
    _, records, expected = the_case("article-a")
    parts = from_markdown(to_markdown(records))
    for step in expected:
        if step.startswith(("dW", "db", "dinput", "delta")):
            (table,) = of_caption(parts[step], "By finite differences")
            exact = np.atleast_2d(expected[step])
            np.testing.assert_allclose(table.values, exact, rtol=2e-5, atol=1e-9)


def test_autograd_of_pytorch():
    torch = pytest.importorskip("torch")
    for name in ALL:
        case, records, _ = the_case(name)
        tensors = [
            [torch.tensor(array, requires_grad=True) for array in layer]
            for layer in case.parameters
        ]
        parameters = [Layer(*layer) for layer in tensors]
        passes = forward(case.network, parameters, torch.tensor(case.X))
        weight = None if case.sample_weight is None else torch.tensor(case.sample_weight)
        loss(case.network, passes, torch.tensor(case.Y), sample_weight=weight).backward()
        found = read_json(to_json(records))
        for layer, (W, b) in enumerate(tensors):
            np.testing.assert_allclose(found[f"dW[{layer}]"], W.grad.numpy(), rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(found[f"db[{layer}]"], b.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_the_networks_are_of_every_kind():
    cases = [random_case(number) for number in range(random_networks.COUNT)]
    assert {case.network.n_layers for case in cases} == set(range(1, 7))
    assert {case.network.output for case in cases} == set(OUTPUTS)
    assert {len(case.X) for case in cases} == set(range(1, 9))
    hidden = {as_activation(own).name for case in cases for own in case.network.hidden}
    assert len(hidden) == 9
