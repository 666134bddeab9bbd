// Steps through the page and lights what an entry was computed from. Everything it shows is in the
// document already; with scripts off the same steps stand one below the other.
"use strict";

(() => {
  const root = document.documentElement;
  root.classList.add("js");

  /* ---- entries: which cell of a table holds which, and which of them belong together ---- */

  const indices = (entry) => (entry === "" ? [] : entry.split(",").map(Number));

  /** The cells of entries, by place; a summary's few cells say which entries they hold. */
  function cellAt(table, [i, j]) {
    const [first] = table.tBodies[0].rows;
    if (j !== undefined) return table.tBodies[0].rows[i].cells[j + 1];
    return first.cells[i === undefined ? 1 : i + 1];
  }

  function entryOf(cell) {
    if (cell.dataset.entry !== undefined) return cell.dataset.entry;
    const table = cell.closest("table"), { shape } = table.dataset;
    const nAxes = shape ? shape.split(",").length : 0;
    const column = cell.cellIndex - 1, row = cell.parentElement.sectionRowIndex;
    return [[], [column], [row, column]][nAxes].join(",");
  }

  function cellOf(table, entry) {
    if (table.matches(".largest")) return table.querySelector(`td[data-entry="${entry}"]`);
    return cellAt(table, indices(entry));
  }

  /** Of each axis of an operand, the indices that an entry of the result needs: one, or null for all. */
  function neededIndices({ axes, blocks }, entry) {
    const result = indices(entry);
    const needed = axes ? axes.split(",").map((axis) => (axis === "*" ? null : [result[axis]])) : [];
    if (blocks) {
      let begin = 0;
      const width = indices(blocks).find((each) => result.at(-1) < begin + each || ((begin += each), false));
      needed[needed.length - 1] = Array.from({ length: width }, (_, at) => begin + at);
    }
    return needed;
  }

  /** Whether an operand's entry is one of those that an entry of the result is computed from. */
  function isUsed(data, operandEntry, resultEntry) {
    const operand = indices(operandEntry);
    return neededIndices(data, resultEntry).every((some, at) => some === null || some.includes(operand[at]));
  }

  /** The cells of an operand that an entry of the result is computed from. */
  function* usedCells(operand, entry) {
    if (operand.matches(".largest")) {
      for (const cell of operand.querySelectorAll("td[data-entry]")) {
        if (isUsed(operand.dataset, cell.dataset.entry, entry)) yield cell;
      }
      return;
    }
    const lengths = indices(operand.dataset.shape);
    const wanted = neededIndices(operand.dataset, entry).map((some, at) => some ?? [...Array(lengths[at]).keys()]);
    for (const i of wanted[0] ?? [undefined]) {
      for (const j of wanted[1] ?? [undefined]) yield cellAt(operand, [i, j]);
    }
  }

  /* ---- lighting: in the tables of a step, and in the drawing ---- */

  function clear(section) {
    for (const area of [section, document.querySelector(".network")]) {
      for (const name of ["lit", "chosen"]) {
        area.querySelectorAll("." + name).forEach((element) => element.classList.remove(name));
      }
    }
  }

  /** Lights nodes and edges: a node stands for an entry's last index, an edge for both. Of each axis
      `wanted` has the indices, or null for all. */
  function lightPlace(place, wanted, name) {
    if (!place) return;
    if (place === "loss") return void document.getElementById("loss-node").classList.add(name);
    const [kind, column] = place.split("-");
    const last = kind === "node" ? wanted.slice(-1) : wanted;
    const marked = last.map((some) => (some === null ? "\\d+" : `(?:${some.join("|")})`));
    const pattern = new RegExp(`^${kind}-${column}-${marked.join("-")}$`);
    for (const element of document.getElementById(place).children) {
      if (pattern.test(element.id)) element.classList.add(name);
    }
  }

  /** One entry, as `lightPlace` wants it. */
  const one = (entry) => indices(entry).map((index) => [index]);

  function light(section, entry) {
    clear(section);
    for (const table of section.querySelectorAll("table.result, table.numeric")) {
      cellOf(table, entry)?.classList.add("chosen");
    }
    for (const operand of section.querySelectorAll("[data-axes]")) {
      if (operand.tagName === "TABLE") {
        for (const cell of usedCells(operand, entry)) cell.classList.add("lit");
      }
      lightPlace(operand.dataset.place, neededIndices(operand.dataset, entry), "lit");
    }
    lightPlace(section.dataset.place, one(entry), "chosen");
    if (section.dataset.samples) showSample(indices(entry)[0]);
  }

  /** The other way round: an operand's entry lights the entries that are computed from it. */
  function lightUsers(section, operand, entry) {
    clear(section);
    cellOf(operand, entry).classList.add("chosen");
    lightPlace(operand.dataset.place, one(entry), "chosen");
    for (const table of section.querySelectorAll("table.result")) {
      for (const cell of table.querySelectorAll("tbody td")) {
        const other = entryOf(cell);
        if (!isUsed(operand.dataset, entry, other)) continue;
        cell.classList.add("lit");
        lightPlace(section.dataset.place, one(other), "lit");
      }
    }
  }

  function lightCell(cell) {
    const table = cell.closest("table"), section = cell.closest(".step");
    if (table.matches(".operand")) lightUsers(section, table, entryOf(cell));
    else light(section, entryOf(cell));
  }

  /* ---- choosing an entry: its equation, and of a weight its whole chain ---- */

  /** Each section's equations by their entry, as they were before any was put elsewhere. */
  const equationsOf = new WeakMap();

  function equations(section) {
    if (!equationsOf.has(section)) {
      const found = [...section.querySelectorAll(".equation")];
      equationsOf.set(section, new Map(found.map((equation) => [equation.dataset.entry, equation])));
    }
    return equationsOf.get(section);
  }

  function choose(section, entry) {
    section.dataset.chosen = entry;
    light(section, entry);
    const stage = section.querySelector(".equation-stage");
    if (!stage) return;
    const equation = equations(section).get(entry);
    stage.querySelector(".shown-equation").replaceChildren(
      equation ? equation.cloneNode(true) : document.createTextNode(stage.dataset.missing));
    reachScrolling(stage);
  }

  function showChain(section, entry) {
    const stage = section.querySelector(".chain-stage");
    if (!stage) return;
    const weight = `${section.dataset.place.split("-")[1]},${entry}`;
    const chain = document.querySelector(`.chains .chain[data-weight="${weight}"]`);
    stage.hidden = false;
    stage.replaceChildren(
      chain ? chain.cloneNode(true) : document.createTextNode(stage.dataset.missing));
    reachScrolling(stage);
    stage.scrollIntoView({ block: "nearest" });
  }

  const rest = (section) => {
    if (section.dataset.chosen !== undefined) light(section, section.dataset.chosen);
  };

  const interactive = ".step table.result td, .step table.numeric td, .step table.operand td";

  function entryCell(target) {
    const cell = target.closest?.(interactive);
    return cell && cell.cellIndex > 0 && cell.parentElement.parentElement.tagName === "TBODY" ? cell : null;
  }

  document.addEventListener("pointerover", (event) => {
    const cell = entryCell(event.target);
    if (cell) lightCell(cell);
  });
  document.addEventListener("pointerout", (event) => {
    const cell = entryCell(event.target);
    if (cell) rest(cell.closest(".step"));
  });
  document.addEventListener("focusin", (event) => {
    const cell = entryCell(event.target);
    if (!cell) return;
    if (cell.closest(".operand")) lightCell(cell);
    else choose(cell.closest(".step"), entryOf(cell));
  });
  document.addEventListener("focusout", (event) => {
    if (entryCell(event.target)) rest(event.target.closest(".step"));
  });
  document.addEventListener("click", (event) => {
    const cell = entryCell(event.target);
    if (cell) {
      rove(cell);
      if (!cell.closest(".operand")) showChain(cell.closest(".step"), entryOf(cell));
    }
    const link = event.target.closest?.('a[href^="#"]');
    if (link && show(link.getAttribute("href").slice(1), true)) event.preventDefault();
    const edge = event.target.closest?.(".edges[id] .edge");
    if (edge) {
      const [, layer, i, j] = edge.id.split("-");
      if (current.dataset.place !== `edge-${layer}`) show(`dW-${layer}`, true);
      choose(current, `${i},${j}`);
      showChain(current, `${i},${j}`);
    }
  });

  /** A box that can be scrolled can be reached by Tab, unless something in it can. */
  function reachScrolling(section) {
    for (const box of section.querySelectorAll(".scroll, .math, .network-box")) {
      const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
      if (scrolls && !box.querySelector("[tabindex], a, button")) box.tabIndex = 0;
    }
  }

  /* ---- tables by keyboard: one stop each for Tab, arrows within ---- */

  function prepare(section) {
    for (const table of section.querySelectorAll("table.result, table.numeric, table.operand")) {
      if (!table.querySelector("td[tabindex]")) table.querySelector("tbody td").tabIndex = 0;
    }
    reachScrolling(section);
  }

  function rove(cell) {
    cell.closest("table").querySelector("td[tabindex]")?.removeAttribute("tabindex");
    cell.tabIndex = 0;
    cell.focus();
  }

  function neighbour(cell, key) {
    const row = cell.parentElement, rows = [...row.parentElement.rows];
    const column = { ArrowLeft: cell.cellIndex - 1, ArrowRight: cell.cellIndex + 1, Home: 1, End: row.cells.length - 1 }[key] ?? cell.cellIndex;
    const at = rows.indexOf(row) + ({ ArrowUp: -1, ArrowDown: 1 }[key] ?? 0);
    return column > 0 ? rows[at]?.cells[column] : undefined;
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const cell = entryCell(event.target);
    const moves = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key);
    if (cell && moves) {
      event.preventDefault();
      const next = neighbour(cell, event.key);
      if (next) rove(next);
    } else if (cell && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      if (!cell.closest(".operand")) showChain(cell.closest(".step"), entryOf(cell));
    } else if (cell && event.key === "Escape") {
      document.querySelector(".bar .next").focus();
    } else if (!event.target.closest?.("select, input, textarea, .scroll, .math, .network-box")) {
      const to = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      step(to);
    }
  });

  /* ---- steps ---- */

  let sections = [], current = null;
  const rank = new Map();

  function step(by) {
    const to = Math.min(sections.length - 1, Math.max(0, sections.indexOf(current) + by));
    show(sections[to].id, true);
  }

  /** Shows the step with that id, or the one that holds it; says whether there is one. */
  function show(id, remember) {
    const target = id && document.getElementById(id);
    const section = target && (target.closest(".step, .overview"));
    if (!section) return false;
    const at = sections.indexOf(section);
    sections.forEach((other) => other.classList.toggle("current", other === section));
    current = section;
    prepare(section);
    for (const link of document.querySelectorAll(".map a")) {
      if (link.hash === "#" + section.id) {
        link.setAttribute("aria-current", "step");
        keepInSight(link);
      } else link.removeAttribute("aria-current");
    }
    document.querySelector(".where b").textContent = section.dataset.title;
    document.querySelector(".where span").textContent = at ? `Step ${at} of ${sections.length - 1}` : "Before the first step";
    document.querySelector(".previous").disabled = at === 0;
    document.querySelector(".next").disabled = at === sections.length - 1;
    document.querySelector(".progress").style.setProperty("--done", at / (sections.length - 1));
    draw(section, at);
    if (remember) {
      // A page within a page (a notebook's frame) has no address of its own.
      try { history.pushState(null, "", "#" + id); } catch { /* stays as it is */ }
      const first = target === section || target.matches(".step > *") ? section : target;
      if (root.classList.contains("every-step") || target !== section) target.scrollIntoView();
      else if (first.getBoundingClientRect().top < 0 || first.getBoundingClientRect().top > innerHeight / 2) section.scrollIntoView();
    }
    return true;
  }

  /** Scrolls the map, and never the page, so far that a link can be seen. */
  function keepInSight(link) {
    const map = document.querySelector(".map");
    const box = map.getBoundingClientRect(), at = link.getBoundingClientRect();
    if (at.bottom > box.bottom) map.scrollTop += at.bottom - box.bottom + 12;
    if (at.top < box.top) map.scrollTop -= box.top - at.top + 12;
  }

  /** The drawing at a step: what is known by then, and the part that the step belongs to. */
  function draw(section, at) {
    clear(section);
    document.querySelectorAll(".network .active").forEach((element) => element.classList.remove("active"));
    const { place } = section.dataset;
    if (place) document.getElementById(place === "loss" ? "loss-node" : place).classList.add("active");
    for (const value of document.querySelectorAll(".network .value")) {
      value.classList.toggle("not-yet", at > 0 && rank.get(value.dataset.step) > at);
    }
    if (section.dataset.first !== undefined && section.dataset.chosen === undefined) section.dataset.chosen = section.dataset.first;
    rest(section);
  }

  function showSample(sample) {
    const box = document.querySelector(".sample");
    if (box) box.value = sample;
    for (const value of document.querySelectorAll(".network .value")) {
      const shown = value.dataset.samples.split("|");
      value.textContent = shown[Math.min(sample, shown.length - 1)];
    }
  }

  /* ---- settings ---- */

  function remembered(key, value) {
    // Pages opened from a folder may have no storage.
    try {
      if (value !== undefined) localStorage.setItem(key, value);
      return localStorage.getItem(key);
    } catch { return null; }
  }

  function setTheme(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  const theme = remembered("clearprop-theme");
  setTheme(theme);

  function start() {
    sections = [...document.querySelectorAll(".overview, .step")];
    sections.forEach((section, at) => rank.set(section.dataset.step, at));
    const themes = document.querySelector(".theme");
    themes.value = root.dataset.theme ?? "";
    themes.addEventListener("change", () => setTheme(remembered("clearprop-theme", themes.value) ?? themes.value));
    document.querySelector(".sample")?.addEventListener("change", (event) => showSample(Number(event.target.value)));
    document.querySelector(".previous").addEventListener("click", () => step(-1));
    document.querySelector(".next").addEventListener("click", () => step(1));
    const every = document.querySelector(".every");
    every.addEventListener("click", () => {
      const all = root.classList.toggle("every-step");
      every.setAttribute("aria-pressed", all);
      if (all) sections.forEach(prepare);
      current.scrollIntoView();
    });
    // Where the map stands above the step, it is folded away.
    if (matchMedia("(max-width: 1099px)").matches) document.querySelector(".map details").open = false;
    if (!show(decodeURIComponent(location.hash.slice(1)), false)) show(sections[0].id, false);
    reachScrolling(document.querySelector(".side"));
    addEventListener("resize", () => [current, document.querySelector(".side")].forEach(reachScrolling));
    addEventListener("popstate", () => show(decodeURIComponent(location.hash.slice(1)) || sections[0].id, false));
    addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
