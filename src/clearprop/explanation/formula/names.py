"""Names and the letters they stand for: Greek letters, hats, letters above and below the line.

This file knows nothing of how formulas are put together.
"""

from __future__ import annotations

from clearprop.explanation.formula.tree import Symbol

__all__ = ["GREEK", "SUBSCRIPTS", "SUPERSCRIPTS", "full_name", "hatted", "without_primes"]

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω",
}  # fmt: skip
"""Greek letters by their English names."""

SUPERSCRIPTS = dict(zip("0123456789+-−=()nit", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱᵗ", strict=True))
"""Characters that Unicode has above the line, and most fonts too."""

SUBSCRIPTS = dict(
    zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
"""Characters that Unicode has below the line."""

_HATTED_LENGTH = 4


def hatted(name: str) -> str:
    """The letter under the hat: "y" of "yhat"; "" where there is none."""
    return name[0] if len(name) == _HATTED_LENGTH and name.endswith("hat") else ""


def without_primes(function: str) -> tuple[str, int]:
    """A function's name and how often it is primed: ("sigma", 1) of "sigma'"."""
    name = function.rstrip("'")
    return name, len(function) - len(name)


def full_name(symbol: Symbol) -> str:
    """A symbol's name with its decorations, as one types it.

    Examples:
        >>> full_name(Symbol("z", sub="1,3", sup="2")), full_name(Symbol("beta", sub="2"))
        ('z^2_{1,3}', 'beta_2')
    """
    above = f"^{_braced(symbol.sup)}" if symbol.sup else ""
    below = f"_{_braced(symbol.sub)}" if symbol.sub else ""
    return f"{symbol.name}{above}{below}"


def _braced(text: str) -> str:
    return text if text.isalnum() else f"{{{text}}}"
