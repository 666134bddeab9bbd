"""How fast the page of a large network opens and steps, in Chromium: 784-128-64-10 and 32 rows.

    python benchmarks/page_times.py [--rounds N] [--output FOLDER]

What is promised: under 3 MB, opened in under 2 s, a step in under 100 ms. It is no part of `make
bench`, as it needs Chromium and Playwright: `make browser` runs it after the page's tests.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from report import RESULTS, described, figure, machine, table, write

from clearprop import Network, explain

_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

_OPENED = """() => {
  // From the navigation's start to the first picture that holds a step.
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  const [opened] = performance.getEntriesByType('navigation');
  return Math.max(paint.startTime, opened.loadEventEnd);
}"""

_STEP = """async () => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const start = performance.now();
  document.querySelector('.next').click();
  await painted();
  return performance.now() - start;
}"""


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    arguments = parser.parse_args()
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it need not be there
    except ImportError:
        sys.exit("page_times.py needs Playwright: pip install playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        sys.exit("page_times.py needs Chromium; on Debian and Ubuntu: apt install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "large.html"
        _write_page(file)
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        rounds = [_round(browser, file) for _ in range(arguments.rounds)]
        version = browser.version
        size = file.stat().st_size
        browser.close()
    works, waits = (np.array([one[part] for one in rounds]) for part in ("work", "wait"))
    opened = [one["opened"] for one in rounds]
    rows = [
        ["the file, MB", figure(size / 1e6), "", "3"],
        ["opened, s", figure(statistics.median(opened) / 1e3), figure(max(opened) / 1e3), "2"],
        _row("a step until it is painted, ms", waits),
        _row("a step's own processor time, ms", works),
    ]
    parts = [
        described({**machine(1), "browser": f"Chromium {version}"}),
        f"{arguments.rounds} rounds over all {works.shape[1]} steps, 1440 x 900. A step's time is "
        "the median of the rounds; given are the median step and the slowest. Its own processor "
        "time leaves out what other programs on the machine cost it.",
        table(["what", "median", "slowest", "promised: less than"], rows),
    ]
    print("\n\n".join(parts))
    results = [{"bytes": size, "opened": opened, "work": works.tolist(), "wait": waits.tolist()}]
    write(arguments.output, "page", "The page of a large network", parts, results)


def _write_page(file: Path) -> None:
    random = np.random.default_rng(0)
    network = Network([784, 128, 64, 10], hidden="relu", output="softmax", reduction="mean")
    X, Y = random.random((32, 784)), np.eye(10)[random.integers(0, 10, 32)]
    explain(network, network.initialize(0), X, Y, update="sgd", check=False).to_html(file)


def _round(browser: Any, file: Path) -> dict[str, Any]:
    """Open the page and go through all its steps; milliseconds."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(file.as_uri())
    opened = page.evaluate(_OPENED)
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return 1000.0 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")

    work, wait = [], []
    for _ in page.query_selector_all(".step"):
        before = worked()
        wait.append(page.evaluate(_STEP))
        work.append(worked() - before)
    context.close()
    return {"opened": opened, "work": work, "wait": wait}


def _row(name: str, times: Any) -> list[str]:
    steps = np.median(times, axis=0)
    return [name, figure(float(np.median(steps))), figure(float(np.max(steps))), "100"]


if __name__ == "__main__":
    main()
