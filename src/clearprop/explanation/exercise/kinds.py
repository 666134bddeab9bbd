"""The kinds of questions about a number, one table: `KINDS`.

Each says which steps it asks for, how hard it is, and what is given with it, so that an earlier
slip is not carried over. A kind that is missing is a row to add.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clearprop.explanation.exercise.line import Line
from clearprop.explanation.exercise.material import Material, Place
from clearprop.explanation.formulas.notation import split_id

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """A kind of question about one number.

    Attributes:
        level: how hard, from 1.
        steps: ids of the steps that it may ask for.
        given: ids of the steps that are given with it.
        words: what the number is called.
    """

    level: int
    steps: Callable[[Material], list[str]]
    given: Callable[[Material, Place], tuple[str, ...]]
    words: Callable[[Material, Place], Line]


def _every(kind: str, first: int = 0, after: int = 0) -> Callable[[Material], list[str]]:
    """One step for each layer, without the first or the last ones."""

    def steps(material: Material) -> list[str]:
        return [f"{kind}[{layer}]" for layer in range(first, material.last + 1 - after)]

    return steps


def _only(step: str) -> Callable[[Material], list[str]]:
    return lambda material: [step] if step in material.by_id else []


def _output(material: Material) -> list[str]:
    return ["output"] if material.network.output in ("softmax", "logistic", "exponential") else []


def _hidden_activation(material: Material) -> list[str]:
    hidden = material.network.hidden
    return [f"input[{layer + 1}]" for layer, name in enumerate(hidden) if name != "identity"]


def _last_delta(material: Material) -> list[str]:
    return [f"delta[{material.last}]"]


DELTA = "the derivative of the loss by the pre-activation"


def _layer(place: Place) -> int:
    return split_id(place[0])[1]


def _of(*steps: str, offset: int = 0) -> Callable[[Material, Place], tuple[str, ...]]:
    def given(material: Material, place: Place) -> tuple[str, ...]:
        layer = _layer(place)
        return tuple(
            step.format(l=layer + offset, above=layer + 1, below=layer - 1, last=material.last)
            for step in steps
        )

    return given


def sample_words(material: Material, sample: int) -> str:
    """The words for sample 3; nothing where there is one only."""
    return f" for {material.records.sample_names[sample]}" if material.records.n_samples > 1 else ""


def node_words(material: Material, column: int, node: int) -> str:
    """A node: by its place in its layer, or by its number over all layers.

    Args:
        material: the derivation.
        column: of nodes, 0 for the inputs.
        node: its index there.
    """
    if material.notation == "weights":
        return f"node {sum(material.network.sizes[:column]) + node}"
    if column == 0:
        return f"input {node + 1}"
    if column == material.last + 1:
        return f"output node {node + 1}"
    return f"node {node + 1} of layer {column}"


def _of_node(what: str, columns_on: int) -> Callable[[Material, Place], Line]:
    def words(material: Material, place: Place) -> Line:
        sample, node = place[1]
        column = _layer(place) + columns_on
        return (f"{what} of {node_words(material, column, node)}{sample_words(material, sample)}",)

    return words


def _of_output(what: str) -> Callable[[Material, Place], Line]:
    def words(material: Material, place: Place) -> Line:
        sample, node = place[1]
        last = node_words(material, material.last + 1, node)
        return (f"{what} of {last}{sample_words(material, sample)}",)

    return words


def weight_words(material: Material, place: Place) -> str:
    """The weight from one node to another."""
    (sends, receives), layer = place[1], _layer(place)
    return (
        f"the weight from {node_words(material, layer, sends)} to "
        f"{node_words(material, layer + 1, receives)}"
    )


def _by_weight(material: Material, place: Place) -> Line:
    return (f"the derivative of the loss by {weight_words(material, place)}",)


def _by_bias(material: Material, place: Place) -> Line:
    node = node_words(material, _layer(place) + 1, place[1][0])
    return (f"the derivative of the loss by the bias of {node}",)


def _new_weight(material: Material, place: Place) -> Line:
    rule = material.records.update
    assert rule is not None
    penalised = " on the loss and its penalty" if "total_loss" in material.by_id else ""
    return (
        f"{weight_words(material, place)}, after one step of gradient descent{penalised} with "
        f"learning rate α = {rule.learning_rate:g}",
    )


def _the_loss(material: Material, place: Place) -> Line:
    del place
    return ("the loss of the batch",) if material.records.n_samples > 1 else ("the loss",)


KINDS: dict[str, Kind] = {
    "pre-activation": Kind(1, _every("z"), _of("input[{l}]"), _of_node("the pre-activation", 1)),
    "activation": Kind(
        1, _hidden_activation, _of("z[{l}]", offset=-1), _of_node("the activation", 0)
    ),
    "output": Kind(2, _output, _of("z[{last}]"), _of_output("the value")),
    "loss": Kind(3, _only("loss"), _of("output"), _the_loss),
    "output delta": Kind(3, _last_delta, _of("output"), _of_output(DELTA)),
    "bias gradient": Kind(4, _every("db"), _of("delta[{l}]"), _by_bias),
    "weight gradient": Kind(4, _every("dW"), _of("input[{l}]", "delta[{l}]"), _by_weight),
    "input gradient": Kind(
        5,
        _every("dinput", first=1),
        _of("delta[{l}]"),
        _of_node("the derivative of the loss by the activation", 0),
    ),
    "updated weight": Kind(5, _every("W_new"), _of("dW[{l}]", "dW_total[{l}]"), _new_weight),
    "hidden delta": Kind(
        6,
        _every("delta", after=1),
        _of("delta[{above}]", "z[{l}]", "input[{above}]"),
        _of_node(DELTA, 1),
    ),
}
"""Every kind by name, from easy to hard."""
