"""A batch's way through a network, forward, to the loss, back and into the update, as records.

One derivation feeds every output. This folder knows nothing of how records are shown.
"""
