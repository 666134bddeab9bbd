"""The wrong answers that are known, and what leads to them.

doctor.py     the doctor's table of mistakes, read at the asked entry
forward.py    slips of the forward pass, the loss and the update, which the doctor does not see
places.py     another entry, another sample, another quantity than was asked
sums.py       a term left out, or its sign
known.py      all of them for one question: which matter, the likeliest first
"""
