"""The derivation as one HTML file that needs nothing else: no network, no server, no scripts.

    records -> document -> steps -> tables, equations, answers, figures; and the network drawn

This folder shows records and computes nothing but their presentation: which entries are shown,
how dark a cell is, where a node stands.
"""

from clearprop.explain.page.document import to_html
from clearprop.explain.page.frame import to_frame

__all__ = ["to_frame", "to_html"]
