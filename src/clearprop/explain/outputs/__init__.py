"""Records written for people and machines: terminal, Markdown, LaTeX, JSON. They compute nothing.

    records -> contents (blocks: headings, sentences, equations, tables) -> text, Markdown, LaTeX
    records -> JSON, with all numbers

This folder knows nothing of how records are computed.
"""
