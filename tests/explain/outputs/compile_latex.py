"""Compiles the LaTeX documents with pdflatex: both articles, awkward names, wide and deep networks.

Fails on any error, on any box too wide or too high for the page, on any missing character, and
where there is no pdflatex. `make latex` runs it.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from random_networks import random_case

from clearprop import MLPClassifier, Network
from clearprop.explain.document import Derivation, explain

FAULTS = re.compile(
    r"^(?:! |Overfull |Missing character|LaTeX Warning: |LaTeX Font Warning: ).*",
    re.MULTILINE,
)
AWKWARD = "".join(map(chr, [*range(32, 127), *range(0xA1, 0x180), *range(0x391, 0x3CA)]))


def documents():
    """Names and derivations."""
    for name in ("article-a", "article-b"):
        records = explain(name, update="adam").records
        for notation in ("matrix", "weights"):
            yield f"{name}, {notation}", Derivation(records, notation)
    for number in (5, 17, 23):
        case = random_case(number)
        yield f"random network {number}", Derivation(case.records(check=True), "weights")
    yield "awkward names", awkward()
    yield "784-128-64-10, 32 rows", large()


def awkward():
    """Every character of Latin-1, Latin Extended-A and Greek; names too long for any table."""
    size = len(AWKWARD) // 7 + 1
    names = [AWKWARD[at : at + size] for at in range(0, len(AWKWARD), size)]
    network = Network([len(names), 9, 3], hidden="gelu", output="softmax")
    rng = np.random.default_rng(0)
    return explain(
        network, network.initialize(random_state=0), rng.normal(size=(50, len(names))),
        np.eye(3)[rng.integers(3, size=50)], feature_names=names,
        output_names=["a & b", "a\\b\n\x1b", "日本語 100 % ~^ $x_1$"], title="# {title} % \\",
    )  # fmt: skip


def large():
    """Beyond every budget."""
    rng = np.random.default_rng(0)
    X, y = rng.random((32, 784)), np.arange(32) % 10
    model = MLPClassifier((128, 64), max_iter=1, random_state=0)
    with np.errstate(all="ignore"):
        return explain(model.partial_fit(X, y, classes=range(10)), X, y, jacobians=True)


def compiled(latex, folder):
    """The faults in pdflatex's log."""
    (folder / "derivation.tex").write_text(latex, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "derivation.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = (folder / "derivation.log").read_text(encoding="latin-1")
    faults = FAULTS.findall(log)
    if done.returncode:
        faults.append(f"pdflatex ended with {done.returncode}")
    pages = re.search(r"\((\d+) pages?", log)
    return faults, int(pages[1]) if pages else 0


def main():
    """Compile all of them; the exit status says whether that went well."""
    if shutil.which("pdflatex") is None:
        sys.exit(
            "pdflatex is not there. On Debian and Ubuntu: apt install texlive-latex-base lmodern"
        )
    n_faults = 0
    for name, derivation in documents():
        with tempfile.TemporaryDirectory() as folder:
            faults, pages = compiled(derivation.to_latex(), Path(folder))
        n_faults += len(faults)
        sys.stdout.write(f"{name}: {pages} pages, {len(faults)} faults\n")
        sys.stdout.writelines(f"    {fault}\n" for fault in faults[:20])
    sys.exit(1 if n_faults else 0)


if __name__ == "__main__":
    main()
