"""Formulas as trees, written as plain text, LaTeX or MathML from one source.

This folder knows nothing of networks: it writes what it is given.
"""
