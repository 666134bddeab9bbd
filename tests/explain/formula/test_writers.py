"""Formulas in plain text, LaTeX and MathML: brackets where they are needed, and only there."""

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearprop.explain.formula.evaluate import evaluate
from clearprop.explain.formula.latex import escape, to_latex
from clearprop.explain.formula.mathml import to_mathml
from clearprop.explain.formula.parse import parse
from clearprop.explain.formula.plain import to_plain
from clearprop.explain.formula.substitute import parts, substitute, walk
from clearprop.explain.formula.tree import (
    Bars,
    Call,
    Cases,
    Derivative,
    Fraction,
    Infix,
    Negative,
    Number,
    Power,
    Sum,
    Symbol,
    Transpose,
    Words,
    product,
)

SYMBOLS = ("z", "h", "beta", "yhat")


def infixes(operators, parts):
    return st.builds(
        Infix, st.sampled_from(operators), st.lists(parts, min_size=2, max_size=3).map(tuple)
    )


def conditions(parts):
    return infixes(("<", ">", "<=", ">="), parts)


def larger(parts):
    return st.one_of(
        infixes(("+", "-", "*", "o"), parts),
        st.builds(Negative, parts),
        st.builds(Fraction, parts, parts),
        st.builds(Power, parts, st.sampled_from([Number(2.0), Symbol("t"), Number(-1.0)])),
        st.builds(Call, st.sampled_from(["exp", "tanh"]), st.tuples(parts)),
        st.builds(Call, st.just("max"), st.tuples(parts, parts)),
        st.builds(Bars, parts),
        st.builds(Sum, st.just("k"), parts, st.just("1"), st.just("3")),
        st.builds(Cases, parts, conditions(parts), parts),
    )


numbers = st.sampled_from([0.0, 1.0, 0.5, -0.25, 2.0, 1.5e-7, -3e-9]).map(Number)
symbols = st.builds(Symbol, st.sampled_from(SYMBOLS), st.sampled_from(["", "2"]))
formulas = st.recursive(numbers | symbols, larger, max_leaves=12)

VALUES = {
    name + sub: value
    for name, value in zip(SYMBOLS, (0.7, -1.3, 0.4, 2.1), strict=True)
    for sub in ("", "_2")
} | {"t": 3.0}

a, b, c, d, y, z = (Symbol(name) for name in "abcdyz")
delta, yhat = Symbol("delta", sup="1"), Symbol("yhat")
h, W = Symbol("h", sup="2", shape="vector"), Symbol("W", sup="3", shape="matrix")


@given(formulas)
def test_a_line_of_ascii_means_what_the_tree_means(formula):
    with np.errstate(all="ignore"):
        line = to_plain(formula, ascii_only=True)
        expected = np.asarray(evaluate(formula, VALUES), float)
        found = np.asarray(evaluate(parse(line), VALUES), float)
        largest = np.abs(expected)
    np.testing.assert_allclose(
        found, expected, rtol=1e-6, atol=1e-6 * float(np.nan_to_num(largest)) + 1e-6
    )


LINES = [
    (Infix("=", (delta, Infix("-", (yhat, y)))), "δ¹ = ŷ − y", "delta^1 = yhat - y"),
    (
        Infix("=", (Derivative(Symbol("H"), W), Infix("@", (Transpose(h), delta)))),
        "∂H/∂W³ = (h²)ᵀ δ¹",
        "dH/dW^3 = (h^2)^T delta^1",
    ),
    (Symbol("z", "1,3", "2"), "z²_{1,3}", "z^2_{1,3}"),
    (Symbol("out", "o8"), "out_o8", "out_o8"),
    (Symbol("w", "68"), "w₆₈", "w_68"),
    (Symbol("w", "ij"), "w_ij", "w_ij"),
    (Symbol("w", "new,ij"), "w_{new,ij}", "w_{new,ij}"),
    (Symbol("out", "h6", "(2)"), "out⁽²⁾_h6", "out^{(2)}_h6"),
    (Transpose(Symbol("W")), "Wᵀ", "W^T"),
    (product(Number(0.5), Number(-0.25)), "0.5 · (−0.25)", "0.5 * (-0.25)"),
    (product(Number(-0.5), Number(0.25)), "(−0.5) · 0.25", "(-0.5) * 0.25"),
    (product(Number(0.01), z), "0.01 z", "0.01 z"),
    (product(z, Number(2.0)), "z · 2", "z * 2"),
    (product(a, Infix("-", (Number(1.0), a))), "a (1 − a)", "a (1 - a)"),
    (
        product(Number(0.3), Infix("-", (Number(1.0), Number(0.3)))),
        "0.3 · (1 − 0.3)",
        "0.3 * (1 - 0.3)",
    ),
    (Infix("=", (a, Infix("=", (b, c)))), "a = b = c", "a = b = c"),
    (Infix("-", (a, Infix("+", (b, c)))), "a − (b + c)", "a - (b + c)"),
    (Infix("+", (a, Infix("-", (b, c)))), "a + b − c", "a + b - c"),
    (Infix("+", (Negative(a), b)), "−a + b", "-a + b"),
    (Infix("-", (a, Negative(b))), "a − (−b)", "a - (-b)"),
    (Negative(Negative(a)), "−(−a)", "-(-a)"),
    (Negative(product(a, b)), "−a b", "-a b"),
    (Fraction(a, product(b, c)), "a / (b c)", "a / (b c)"),
    (Fraction(Fraction(a, b), c), "(a/b) / c", "(a/b) / c"),
    (product(Fraction(Number(1.0), Symbol("N")), a), "(1/N) a", "(1/N) a"),
    (Power(Infix("+", (a, b)), Number(2.0)), "(a + b)²", "(a + b)^2"),
    (Power(a, Infix("+", (b, c))), "a^(b + c)", "a^(b + c)"),
    (Power(h, Number(2.0)), "(h²)²", "(h^2)^2"),
    (product(Sum("k", a), b), "(Σₖ a) b", "(sum_k a) b"),
    (product(b, Sum("k", a)), "b Σₖ a", "b sum_k a"),
    (Sum("k", Infix("+", (a, b))), "Σₖ (a + b)", "sum_k (a + b)"),
    (Sum("s", a, "1", "3"), "Σₛ₌₁³ a", "sum_{s=1}^3 a"),
    (Sum("s", a, "1", "N"), "Σ_{s=1}^N a", "sum_{s=1}^N a"),
    (
        Infix("o", (Infix("@", (delta, Transpose(W))), Call("sigma'", (z,)))),
        "δ¹ (W³)ᵀ ∘ σ′(z)",
        "delta^1 (W^3)^T o sigma'(z)",
    ),
    (Bars(Infix("-", (a, b))), "|a − b|", "|a - b|"),
    (
        Infix("=", (c, Cases(a, Infix("<=", (a, b)), Negative(b)))),
        "c = a if a ≤ b else −b",
        "c = a if a <= b else -b",
    ),
    (
        Infix("@", (Derivative(Symbol("H"), yhat), Derivative(yhat, z))),
        "∂H/∂ŷ · ∂ŷ/∂z",
        "dH/dyhat * dyhat/dz",
    ),
    (Infix(",", (Call("sqrt", (a,)), Words("for all"))), "√(a), for all", "sqrt(a), for all"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "line", "ascii_line"), LINES)
def test_lines(formula, line, ascii_line):
    assert to_plain(formula) == line
    assert to_plain(formula, ascii_only=True) == ascii_line
    assert ascii_line.isascii()


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        (Infix("=", (delta, Infix("-", (yhat, y)))), r"\delta^{1} = \hat{y} - y"),
        (Derivative(Symbol("H"), W), r"\frac{\partial H}{\partial W^{3}}"),
        (Infix("@", (Transpose(h), delta)), r"(\mathbf{h}^{2})^{T} \, \delta^{1}"),
        (Infix("o", (a, b)), r"a \circ b"),
        (Symbol("yhat", "k", shape="vector"), r"\hat{\mathbf{y}}_{k}"),
        (Symbol("delta", shape="vector"), r"\bm{\delta}"),
        (Symbol("w", "new"), r"w_{\mathrm{new}}"),
        (Symbol("w", "ij"), "w_{ij}"),
        (product(Fraction(a, b), c), r"\frac{a}{b} \, c"),
        (Power(Fraction(a, b), Number(2.0)), r"\left(\frac{a}{b}\right)^{2}"),
        (product(Number(2.0), Number(-1e-7)), r"2 \cdot (-1 \times 10^{-7})"),
        (Call("my_own", (z,)), r"\operatorname{\text{my\_own}}(z)"),
        (Call("sqrt", (z,)), r"\sqrt{z}"),
        (Words("50 %"), r"\text{50 \%}"),
    ],
)
def test_latex(formula, latex):
    assert to_latex(formula) == latex


def test_text_in_latex():
    assert escape("a_1 & b\\c") == r"a\_1 \& b\textbackslash{}c"
    assert escape("δ² − 名") == r"$\delta$${}^{2}$ $-$ U+540D"


def elements(formula):
    return [node.tag for node in ElementTree.fromstring(to_mathml(formula)).iter()]


CORE = {
    "math", "mrow", "mi", "mn", "mo", "mtext", "mfrac", "msqrt", "msup", "msub", "msubsup",
    "mover", "munder", "munderover", "mtable", "mtr", "mtd",
}  # fmt: skip


@given(formulas)
def test_mathml_is_well_formed_and_of_the_core(formula):
    assert set(elements(formula)) <= CORE
    root = ElementTree.fromstring(to_mathml(formula))
    assert root.get("alttext") == to_plain(formula)
    for node in root.iter():
        n_children = {"mfrac": 2, "msup": 2, "msub": 2, "mover": 2, "munder": 2}
        n_children |= {"msubsup": 3, "munderover": 3}
        assert len(node) == n_children.get(node.tag, len(node))


def text_of(formula):
    return "".join(ElementTree.fromstring(to_mathml(formula)).itertext())


def test_mathml():
    assert 'display="block"' in to_mathml(a, display=True)
    hat = ElementTree.fromstring(to_mathml(yhat))[0]
    assert (hat.tag, hat.get("accent"), hat[0].text) == ("mover", "true", "y")
    assert text_of(Infix("<=", (a, Number(-0.5)))) == "a≤−0.5"
    assert text_of(product(a, Number(-0.5))) == "a·(−0.5)"
    assert text_of(Symbol("h", shape="vector")) == "𝐡"
    assert elements(Symbol("w", "ij")) == ["math", "msub", "mi", "mrow", "mi", "mi"]
    assert elements(Symbol("w", "new")) == ["math", "msub", "mi", "mi"]
    assert text_of(Words("a < b & c")) == "a < b & c"
    assert elements(Fraction(Infix("+", (a, b)), c)) == [
        "math",
        "mfrac",
        "mrow",
        "mi",
        "mo",
        "mi",
        "mi",
    ]


@given(formulas)
def test_symbols_give_way_to_numbers(formula):
    numbers = {name: Number(value, 17) for name, value in VALUES.items()}
    filled = substitute(formula, numbers)
    assert not any(isinstance(node, Symbol) for node in walk(filled))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(evaluate(filled, {}), evaluate(formula, VALUES))


def test_indices_are_part_of_a_name():
    formula = Infix("+", (z, Symbol("z", "1,3", "2"), Call("z", (z,))))
    filled = substitute(formula, {"z^2_{1,3}": a, "z": b})
    assert parts(filled) == (b, a, Call("z", (b,)))
