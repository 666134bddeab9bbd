"""A sheet and its answer key as text, Markdown, LaTeX and a page.

    contents.py    what every form says: the head, the questions, the key
    text.py  markdown.py  latex.py
    page.py        one self-contained HTML page that marks answers itself; style.css, script.js
    save.py        by the ending of a file's name

The writers compute nothing.
"""
