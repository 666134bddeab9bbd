"""The page in a real Chromium: by mouse, by keyboard alone, without scripts, printed, on a phone.

`make browser` runs these and insists on them; elsewhere they are skipped where Chromium, Playwright
or axe-core is missing. Screenshots are left in build/browser/screenshots.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from derivations import (
    article_records,
    expected_values,
    large_batch,
    named_records,
    random_records,
    several_targets,
)
from page_reading import shown_number

from clearprop.explanation.derivation.batch import Update
from clearprop.explanation.derivation.build import build_records
from clearprop.explanation.derivation.records import Records, Step
from clearprop.explanation.markup.elements import anchor
from clearprop.explanation.page import to_frame, to_html
from clearprop.optimizers import SGD

BUILD = Path(__file__).parents[3] / "build" / "browser"
AXE = BUILD / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = BUILD / "screenshots"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS = {360: 740, 768: 1024, 1440: 900}
SCHEMES = ("light", "dark")


def require(there: bool, what: str) -> None:
    """Skip for want of something, unless it was promised."""
    if there:
        return
    reason = f"{what} is missing; `make browser` says how to get it"
    if os.environ.get("CLEARPROP_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    require(CHROMIUM is not None, "Chromium")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it need not be there
    except ImportError:
        require(False, "Playwright for Python")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages as files, by name."""
    folder = tmp_path_factory.mktemp("pages")
    large = build_records(
        large_batch(), update=Update(SGD(), 0.1), check=False, title="784-128-64-10, 32 rows"
    )
    pages = {
        "a": to_html(article_records("a")),
        "b": to_html(article_records("b"), "weights"),
        "random": to_html(random_records(20)),
        "large": to_html(large),
        "targets": to_html(several_targets()),
        "names": to_html(named_records(8)),
        "few-names": to_html(named_records(4), "weights"),
    }
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


class Opened:
    """A page in the browser, which must fetch nothing and complain of nothing."""

    def __init__(self, browser: Any, file: Path, fragment: str = "", **options: Any) -> None:
        # Its policy would keep axe-core out too.
        self.context = browser.new_context(bypass_csp=True, **options)
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.url = file.as_uri()
        self.page.goto(self.url + fragment)

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *failure: object) -> None:
        self.context.close()
        if failure[0] is None:
            assert {url.partition("#")[0] for url in self.requests} == {self.url}
            assert not self.complaints


def visible_steps(page: Any) -> list[str]:
    return page.evaluate(
        "[...document.querySelectorAll('.overview, .step')]"
        ".filter(s => s.offsetHeight).map(s => s.id)"
    )


STATE = """() => {
  const shown = [...document.querySelectorAll('.overview, .step')].filter((s) => s.offsetHeight);
  const box = shown[0].querySelector('.lead math')?.getBoundingClientRect();
  return {
    shown: shown.map((s) => s.id),
    said: document.querySelector('.where').textContent,
    hash: location.hash,
    marked: document.querySelector('nav [aria-current=step]').hash,
    formula: box ? [box.width, box.height] : null,
  };
}"""


def test_every_step_by_mouse_and_back(browser: Any, files: dict[str, Path]):
    names = ["overview", *(anchor(step.id) for step in article_records("a").steps)]
    with Opened(browser, files["a"], viewport={"width": 1440, "height": 900}) as page:
        for index, name in enumerate(names):
            state = page.evaluate(STATE)
            assert state["shown"] == [name]
            assert state["marked"] == f"#{name}"
            if index:
                assert f"Step {index} of {len(names) - 1}" in state["said"]
                assert state["hash"] == f"#{name}"
                assert min(state["formula"]) > 5
            if index < len(names) - 1:
                page.click(".next")
        assert page.is_disabled(".next")
        for name in reversed(names[:-1]):
            page.click(".previous")
            assert visible_steps(page) == [name]
        assert page.is_disabled(".previous")


def test_every_step_by_keyboard_alone(browser: Any, files: dict[str, Path]):
    names = ["overview", *(anchor(step.id) for step in article_records("b").steps)]
    with Opened(browser, files["b"]) as page:
        for name in names[1:]:
            page.keyboard.press("ArrowRight")
            assert visible_steps(page) == [name]
        page.keyboard.press("Home")
        assert visible_steps(page) == ["overview"]
        page.keyboard.press("End")
        assert visible_steps(page) == [names[-1]]
        page.keyboard.press("ArrowLeft")
        assert visible_steps(page) == [names[-2]]
        page.keyboard.press("Home")
        # Every control is reached by Tab and works by Enter.
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.next')"):
                break
        page.keyboard.press("Enter")
        assert visible_steps(page) == [names[1]]


def test_a_table_by_keyboard_alone(browser: Any, files: dict[str, Path]):
    with Opened(browser, files["a"], "#dW-2") as page:
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('#dW-2 .result td')"):
                break
        assert (
            page.evaluate("document.querySelectorAll('#dW-2 .result td[tabindex=\"0\"]').length")
            == 1
        )
        for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
            page.keyboard.press(key)
        value = article_records("a")["dW[2]"].values[2, 1]
        assert shown_number(page.evaluate("document.activeElement.textContent")) == pytest.approx(
            value, rel=6e-6
        )
        assert page.get_attribute("#dW-2 .shown-equation .equation", "data-entry") == "2,1"
        assert visible_steps(page) == ["dW-2"]
        page.keyboard.press("Enter")
        assert page.get_attribute("#dW-2 .chain-stage .chain", "data-weight") == "2,2,1"
        page.keyboard.press("Home")
        assert page.get_attribute("#dW-2 .shown-equation .equation", "data-entry") == "2,0"
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        assert visible_steps(page) == ["db-2"]


def test_links_lead_to_steps_and_answers_and_back(browser: Any, files: dict[str, Path]):
    with Opened(browser, files["a"], "#delta-1") as page:
        assert visible_steps(page) == ["delta-1"]
        page.click("nav a[href='#dW-0']")
        assert visible_steps(page) == ["dW-0"]
        page.go_back()
        assert visible_steps(page) == ["delta-1"]
        page.keyboard.press("Home")
        page.click("a[href='#question-softmax']")
        assert visible_steps(page) == ["delta-2"]
        box = page.locator("#question-softmax").bounding_box()
        assert 0 <= box["y"] < 300


LIGHT_EVERY_ENTRY = """(id) => {
  const marked = (root, name) => [...root.querySelectorAll('.' + name)];
  const section = document.getElementById(id);
  const network = document.querySelector('.network');
  const where = (cell) => {
    const table = cell.closest('table'), row = cell.parentElement;
    const index = cell.dataset.entry
      ?? [[], [cell.cellIndex - 1], [row.rowIndex - 1, cell.cellIndex - 1]][
        table.dataset.shape ? table.dataset.shape.split(',').length : 0].join(',');
    return [table.dataset.step ?? table.dataset.numeric, index];
  };
  return [...section.querySelectorAll('.result tbody td')].map((cell) => {
    cell.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
    const found = {
      entry: where(cell)[1],
      chosen: marked(section, 'chosen').map(where),
      lit: marked(section, 'lit').map(where),
      drawn: [...marked(network, 'lit'), ...marked(network, 'chosen')].map((e) => e.id),
    };
    cell.dispatchEvent(new PointerEvent('pointerout', { bubbles: true }));
    return found;
  });
}"""


def index_of(entry: tuple[int, ...]) -> str:
    return ",".join(map(str, entry))


def drawn_ids(records: Records, step: str, entry: tuple[int, ...]) -> set[str]:
    """The nodes and edges that an entry stands for, written down apart from the page's own rule."""
    kind, _, rest = step.partition("[")
    layer = int(rest.rstrip("]")) if rest else None
    last = records.network.n_layers
    if kind in ("loss", "total_loss", "new_loss", "penalty"):
        return {"loss-node"}
    if kind in ("W", "dW", "dW_total", "W_new", "W_step"):
        return {f"edge-{layer}-{entry[0]}-{entry[1]}"}
    column = last if layer is None else layer if kind in ("input", "dinput") else layer + 1
    return {f"node-{column}-{entry[-1]}"}


def check_lights(records: Records, step: Step, found: list[dict[str, Any]]) -> None:
    assert len(found) == step.values.size
    for lit in found:
        entry = tuple(int(i) for i in lit["entry"].split(",")) if lit["entry"] else ()
        expected, drawn = set(), drawn_ids(records, step.id, entry)
        for operand in step.operands:
            for used in operand.entries(entry, records[operand.step].shape):
                expected.add((operand.step, index_of(used)))
                drawn |= drawn_ids(records, operand.step, used)
        assert {tuple(each) for each in lit["lit"]} == expected, (step.id, entry)
        assert {tuple(each) for each in lit["chosen"]} == {(step.id, lit["entry"])}
        assert set(lit["drawn"]) == drawn, (step.id, entry)


@pytest.mark.parametrize("name", ["a", "b", "random", "targets"])
def test_pointing_lights_what_an_entry_was_computed_from(
    browser: Any, files: dict[str, Path], name: str
):
    others = {"random": lambda: random_records(20), "targets": several_targets}
    records = others[name]() if name in others else article_records(name)
    with Opened(browser, files[name]) as page:
        for step in records.steps:
            page.keyboard.press("ArrowRight")
            check_lights(records, step, page.evaluate(LIGHT_EVERY_ENTRY, anchor(step.id)))


def test_a_real_pointer_and_the_focus_light_the_same(browser: Any, files: dict[str, Path]):
    with Opened(browser, files["a"], "#delta-1", viewport={"width": 1440, "height": 1200}) as page:
        lit = "[...document.querySelectorAll('#delta-1 .lit')].map(c => c.textContent.trim())"
        cell = page.locator("#delta-1 .result tbody tr").nth(1).locator("td").nth(2)
        cell.hover()
        pointed = page.evaluate(lit)
        assert len(pointed) == 2
        page.mouse.move(5, 5)
        assert page.evaluate(lit) != pointed
        page.locator("#delta-1 .result tbody td").first.focus()
        for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
            page.keyboard.press(key)
        assert page.evaluate(lit) == pointed
        values = article_records("a")["dinput[2]"].values[1, 2]
        assert shown_number(pointed[0]) == pytest.approx(values, rel=6e-6)


def test_an_operands_entry_lights_what_is_computed_from_it(browser: Any, files: dict[str, Path]):
    with Opened(browser, files["a"], "#dW-2", viewport={"width": 1440, "height": 1200}) as page:
        page.locator("#dW-2 .operand[data-step='delta[2]'] tbody td").first.hover()
        lit = "[...document.querySelectorAll('#dW-2 .result .lit')].map(c => c.cellIndex)"
        assert page.evaluate(lit) == [1, 1, 1, 1]


CHOOSE_EVERY_ENTRY = """(id) => {
  const section = document.getElementById(id);
  const cells = [...section.querySelectorAll('.result tbody td')];
  cells.at(-1).click();
  return cells.map((cell) => {
    cell.click();
    const chain = section.querySelector('.chain-stage .chain');
    return {
      value: cell.textContent,
      said: section.querySelector('.shown-equation .plain').textContent,
      chain: chain && {
        weight: chain.dataset.weight,
        total: [...chain.querySelectorAll('.plain')].at(-1).textContent,
        shares: [...chain.querySelectorAll('tfoot td')].map((td) => td.textContent),
      },
    };
  });
}"""


@pytest.mark.parametrize("name", ["a", "b"])
def test_choosing_shows_the_equation_and_a_weights_whole_chain(
    browser: Any, files: dict[str, Path], name: str
):
    records = article_records(name)
    with Opened(browser, files[name]) as page:
        for step in records.steps:
            # By mouse, as the arrow keys would move within the table that has the focus.
            page.click(".next")
            if not step.operands:
                continue
            kind = step.id.partition("[")[0]
            chosen = page.evaluate(CHOOSE_EVERY_ENTRY, anchor(step.id))
            for shown, (entry, value) in zip(chosen, np.ndenumerate(step.values), strict=True):
                assert shown["said"].endswith(f" = {shown['value'].strip()}")
                assert shown_number(shown["value"]) == pytest.approx(value, rel=6e-6)
                if not kind.startswith(("W", "dW")):
                    assert shown["chain"] is None
                    continue
                gradient = expected_values(records)[f"dW[{step.layer}]"][entry]
                chain = shown["chain"]
                assert chain["weight"] == index_of((step.layer, *entry))
                assert shown_number(chain["total"].split(" = ")[-1]) == pytest.approx(
                    gradient, rel=6e-6
                )
                shares = [shown_number(share) for share in chain["shares"]]
                assert abs(sum(shares) - gradient) <= 2e-5 * np.sum(np.abs(shares))


def test_a_weight_in_the_drawing_shows_its_chain(browser: Any, files: dict[str, Path]):
    with Opened(browser, files["b"], viewport={"width": 1440, "height": 900}) as page:
        # Where it leaves its node: further on it crosses others.
        x, y = page.evaluate(
            "(() => { const box = document.getElementById('edge-3-0-1').getBoundingClientRect();"
            " return [box.x + box.width * 0.15, box.y + box.height * 0.15]; })()"
        )
        page.mouse.click(x, y)
        assert visible_steps(page) == ["dW-3"]
        assert page.get_attribute("#dW-3 .chain-stage .chain", "data-weight") == "3,0,1"
        assert page.is_visible("#dW-3 .chain-stage .chain table")


def test_the_drawing_follows_the_steps_and_the_sample(browser: Any, files: dict[str, Path]):
    records = article_records("a")
    with Opened(browser, files["a"], "#z-0") as page:
        shown = (
            "[...document.querySelectorAll('.network .value:not(.not-yet)')]"
            ".map(v => v.dataset.step)"
        )
        assert set(page.evaluate(shown)) == {"input[0]", "Y"}
        page.click("nav a[href='#delta-1']")
        assert {"loss", "delta[2]", "delta[1]"} <= set(page.evaluate(shown))
        assert "delta[0]" not in page.evaluate(shown)
        page.select_option(".sample", "2")
        value = page.text_content("#node-1-0 .value.h")
        assert shown_number(value) == pytest.approx(records["input[1]"].values[2, 0], rel=6e-4)


def test_everything_can_be_read_without_scripts(browser: Any, files: dict[str, Path]):
    records = article_records("a")
    with Opened(browser, files["a"], java_script_enabled=False) as page:
        for step in records.steps:
            section = page.locator(f"#{anchor(step.id)}")
            assert section.is_visible()
            assert section.locator(".lead math").first.is_visible()
            assert section.locator("table.result").is_visible()
        assert not page.locator("button:visible, select:visible").count()
        page.locator("nav a[href='#dW-1']").click()
        assert 0 <= page.locator("#dW-1").bounding_box()["y"] < 200
        details = page.locator("#dW-1 details.chains")
        details.locator("summary").click()
        assert details.locator(".chain").first.is_visible()
        page.screenshot(path=SCREENSHOTS / "a-without-scripts.png")


def test_printing_shows_every_step(browser: Any, files: dict[str, Path]):
    with Opened(browser, files["a"], "#dW-1") as page:
        page.emulate_media(media="print")
        assert len(visible_steps(page)) == 1 + len(article_records("a").steps)
        assert not page.locator(".bar").is_visible()
        assert len(page.pdf()) > 50_000


def test_names_are_whole_on_paper(browser: Any, files: dict[str, Path]):
    # The text's width on A4 with Chromium's margins.
    with Opened(browser, files["names"], viewport={"width": 718, "height": 1000}) as page:
        page.emulate_media(media="print")
        assert page.evaluate(OVERLAPS) == []
        box = page.locator(".network").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 718
        # On paper Chromium has room for a third more, made smaller, before it cuts anything off.
        ends = "[...document.querySelectorAll('.given')].map(e => e.getBoundingClientRect().right)"
        assert max(page.evaluate(ends)) <= 718 * 4 / 3
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "names-printed.png", full_page=True)


def test_a_drawing_wider_than_the_screen_is_reached_by_tab(browser: Any, files: dict[str, Path]):
    require(AXE.exists(), "axe-core")
    with Opened(browser, files["names"], viewport={"width": 360, "height": 740}) as page:
        assert page.get_attribute(".network-box", "tabindex") == "0"
        assert violations(page) == []


def test_all_steps_at_once(browser: Any, files: dict[str, Path]):
    with Opened(browser, files["a"]) as page:
        page.click(".every")
        assert len(visible_steps(page)) == 1 + len(article_records("a").steps)
        assert page.get_attribute(".every", "aria-pressed") == "true"
        page.click(".every")
        assert len(visible_steps(page)) == 1


def test_light_and_dark_by_system_and_by_switch(browser: Any, files: dict[str, Path]):
    paper = "getComputedStyle(document.body).backgroundColor"
    with Opened(browser, files["a"], color_scheme="light") as page:
        light = page.evaluate(paper)
        page.emulate_media(color_scheme="dark")
        dark = page.evaluate(paper)
        assert light != dark
        page.select_option(".theme", "light")
        assert page.evaluate(paper) == light
        page.select_option(".theme", "dark")
        page.emulate_media(color_scheme="light")
        assert page.evaluate(paper) == dark
        page.reload()
        assert page.evaluate(paper) == dark


def test_nothing_moves(browser: Any, files: dict[str, Path]):
    with Opened(browser, files["a"], "#dW-1", reduced_motion="no-preference") as page:
        page.click(".next")
        assert page.evaluate("document.getAnimations().length") == 0


def test_the_step_is_announced(browser: Any, files: dict[str, Path]):
    with Opened(browser, files["a"], "#dW-1") as page:
        live = page.locator("[aria-live=polite]")
        assert live.count() == 1
        page.click(".next")
        assert "Step" in live.inner_text()
        assert page.locator("main").count() == 1
        assert page.locator("nav[aria-label]").count() == 1


def violations(page: Any) -> list[str]:
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["a", "b"])
def test_axe_finds_nothing(browser: Any, files: dict[str, Path], name: str, scheme: str):
    require(AXE.exists(), "axe-core")
    with Opened(browser, files[name], "#dW-0", color_scheme=scheme) as page:
        page.locator("#dW-0 .result tbody td").first.click()
        page.click(".every")
        assert violations(page) == []


OVERLAPS = """() => {
  const svg = document.querySelector('.network'), frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].filter(
    (t) => getComputedStyle(t).visibility === 'visible' && t.textContent);
  const boxes = texts.map((t) => t.getBoundingClientRect());
  const found = [];
  boxes.forEach((a, i) => {
    const inside = a.left >= frame.left - 1 && a.right <= frame.right + 1
      && a.bottom <= frame.bottom + 1;
    if (!inside) found.push('clipped: ' + texts[i].textContent);
    boxes.slice(i + 1).forEach((b, j) => {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const other = texts[i + 1 + j].textContent;
      if (across > 1 && down > 4) found.push(texts[i].textContent + ' over ' + other);
    });
  });
  return found;
}"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["a", "b", "random", "large", "names", "few-names"])
def test_nothing_overflows_overlaps_or_is_clipped(
    browser: Any, files: dict[str, Path], name: str, width: int
):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    viewport = {"width": width, "height": WIDTHS[width]}
    with Opened(browser, files[name], viewport=viewport) as page:
        n_steps = len(page.query_selector_all(".step"))
        for _ in range(n_steps):
            page.keyboard.press("ArrowRight")
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, visible_steps(page)
        assert page.evaluate(OVERLAPS) == []
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for step in ("overview", "dW-0"):
                page.evaluate(f"location.hash = '{step}'")
                page.wait_for_timeout(200)
                path = SCREENSHOTS / f"{name}-{step}-{width}-{scheme}.png"
                page.screenshot(path=path, full_page=True)


def test_a_notebooks_frame_steps_too(browser: Any, files: dict[str, Path]):
    context = browser.new_context()
    page = context.new_page()
    page.set_content(f"<p>A notebook</p>{to_frame(files['a'].read_text(encoding='utf-8'))}")
    frame = page.frames[1]
    frame.click(".next")
    assert visible_steps(frame) == ["input-0"]
    frame.click("nav a[href='#dW-1']")
    assert visible_steps(frame) == ["dW-1"]
    assert page.url == "about:blank"
    context.close()


def test_the_page_of_a_large_network_stays_small(browser: Any, files: dict[str, Path]):
    # How long it takes to open and to step is measured by benchmarks/page_times.py.
    assert files["large"].stat().st_size < 3_000_000
    with Opened(browser, files["large"], viewport={"width": 1440, "height": 900}) as page:
        assert page.evaluate("document.querySelectorAll('*').length") < 100_000
        steps = "[...document.querySelectorAll('.step')].map((s) => s.querySelectorAll('*').length)"
        assert max(page.evaluate(steps)) < 12_000
