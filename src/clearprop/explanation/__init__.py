"""Every derivative, open: from a network and a batch to its gradient's derivation, with numbers.

    network, parameters, batch -> derivation (records) -> text, Markdown, LaTeX, JSON, page

`derivation` computes the records, `formula` writes mathematics, `outputs` and `page` render records
and compute nothing. This package knows nothing of training.
"""
