"""The derivation as one HTML file that needs nothing else: no network, no server, no scripts.

    records -> document -> steps -> tables, equations, answers, figures; and the network drawn

This folder shows records and computes nothing but their presentation: which entries are shown,
how dark a cell is, where a node stands.
"""

from clearprop.explanation.page.document import to_html
from clearprop.explanation.page.frame import to_frame

__all__ = ["to_frame", "to_html"]
