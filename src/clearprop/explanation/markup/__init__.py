"""What the derivation's page and the exercises' are both made of: elements, a document, colours.

This folder knows nothing of derivations or exercises.
"""
