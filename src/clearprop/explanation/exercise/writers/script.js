// Marks answers as clearprop.explanation.exercise.marking does: the same reading, the same tolerances.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("answers").textContent);
  const { tolerance, texts } = data;
  const SIGN = "[+\\-−–‐‑﹣－]?";
  const term =
    `(${SIGN})\\s*([0-9]+[.,]?[0-9]*|[.,][0-9]+)` +
    `(?:\\s*[eE]\\s*(${SIGN}[0-9]{1,3})` +
    `|\\s*[*·×x]\\s*10\\s*(?:\\^|\\*\\*)\\s*[({]?\\s*(${SIGN}[0-9]{1,3})\\s*[)}]?` +
    `|\\s*[*·×x]\\s*10(⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}))?`;
  const NUMBER = new RegExp(`^[=≈~]?\\s*${term}(?:\\s*/\\s*${term})?$`);
  const SHAPE = /^[([]?\s*([0-9]{1,6})\s*(?:(?:[,;x×*]|by|\s)\s*([0-9]{1,6})?)?\s*[)\]]?$/;
  const LONGEST = 60;

  const ascii = (text) =>
    text.replace(/[−–‐‑﹣－]/g, "-").replace(/⁻/g, "-").replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c));

  function readTerm(match, begin) {
    const [sign, written, e, power, raised] = match.slice(begin, begin + 5);
    const mantissa = written.replace(",", ".");
    const exponent = Number(ascii(e || power || raised || "0"));
    const decimals = (mantissa.split(".")[1] || "").length;
    const size = Number(`${mantissa}e${exponent}`);
    return {
      value: ascii(sign || "") === "-" ? -size : size,
      halfUnit: Number(`5e${exponent - decimals - 1}`),
      digits: mantissa.replace(".", "").replace(/^0+/, "").length,
    };
  }

  /** The number that somebody wrote, or null. */
  function readNumber(text) {
    const match = text.length <= LONGEST && text.trim().match(NUMBER);
    if (!match) return null;
    const top = readTerm(match, 1);
    if (match[7] === undefined) return Number.isFinite(top.value) ? top : null;
    const value = top.value / readTerm(match, 6).value;
    return Number.isFinite(value) ? { value, halfUnit: 0, digits: 16 } : null;
  }

  function readShape(text) {
    const match = text.length <= LONGEST && text.trim().toLowerCase().match(SHAPE);
    return match ? match.slice(1).filter((size) => size !== undefined).map(Number) : null;
  }

  function isSame(answer, value) {
    const error = Math.abs(answer.value - value);
    if (error <= tolerance.close * Math.abs(value)) return true;
    return answer.digits >= tolerance.digits && error <= answer.halfUnit * (1 + tolerance.exact);
  }

  function isRounded(answer, value) {
    const error = Math.abs(answer.value - value);
    if (error <= tolerance.rough * Math.abs(value)) return true;
    return error <= answer.halfUnit * (1 + tolerance.exact) && error <= tolerance.coarse * Math.abs(value);
  }

  const equal = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  /** The verdict of an answer, and the paragraphs that tell it. */
  function mark(question, text) {
    if (question.answer !== "number") {
      const given = question.answer === "shape" ? readShape(text) : [text.charCodeAt(0) - 97];
      if (!given) return ["unreadable", ["Write rows and columns, such as 2 x 3."]];
      if (equal(given, question.right)) return ["right", ["Right."]];
      return wrong(question, question.mistakes.filter(([value]) => equal(value, given)));
    }
    const answer = readNumber(text);
    if (!answer) return ["unreadable", ["This is no number. Write a number such as 0.25, 0,25, -1.5e-3 or 1/3."]];
    if (isSame(answer, question.right)) return ["right", ["Right."]];
    const same = question.mistakes.filter(([value]) => isSame(answer, value));
    if (same.length) return wrong(question, same);
    if (isRounded(answer, question.right)) {
      return ["rounding", [`Right but for rounding: ${texts[question.value]}. Three digits or more are asked for.`]];
    }
    return wrong(question, question.mistakes.filter(([value]) => isRounded(answer, value)));
  }

  function wrong(question, found) {
    if (!found.length) {
      return ["wrong", ["Not yet, and no mistake that is known here leads to this answer.", `Hint: ${texts[question.hint]}`]];
    }
    const likeliest = found.filter((mistake) => mistake[1] === found[0][1]);
    const told = likeliest.slice(0, data.most);
    const count = { 2: "Two", 3: "Three", 4: "Four" }[likeliest.length] || likeliest.length;
    const some = likeliest.length === told.length ? "" : `, of which here are ${told.length}`;
    const begin =
      question.answer !== "number" ? "Not yet: "
      : likeliest.length === 1 ? "Not yet. One mistake leads to this very number: "
      : `Not yet. ${count} mistakes lead to this number${some}: `;
    const lines = told.map((mistake, index) => `${index ? "Or: " : begin}${texts[mistake[2]]}.`);
    if (question.answer !== "shape") {
      for (const meant of new Set(told.map((mistake) => mistake[3]))) lines.push(`What was meant, ${texts[meant]}`);
    }
    return ["wrong", lines];
  }

  const verdicts = new Map();

  function showScore() {
    const all = data.questions.length;
    const count = (verdict) => [...verdicts.values()].filter((one) => one === verdict).length;
    const parts = [`${count("right")} of ${all} right`];
    if (count("rounding")) parts.push(`${count("rounding")} right but for rounding`);
    if (count("wrong")) parts.push(`${count("wrong")} not yet`);
    if (count("solution")) parts.push(`${count("solution")} with the solution`);
    document.getElementById("score").textContent = parts.join(", ");
  }

  function tell(element, verdict, lines) {
    element.className = `${element.classList[0]} ${verdict}`;
    element.innerHTML = lines.map((line) => `<p>${line}</p>`).join("");
  }

  for (const section of document.querySelectorAll(".question")) {
    const number = Number(section.dataset.question);
    const question = data.questions[number];
    const form = section.querySelector("form");
    const [reply, more] = [section.querySelector(".reply"), section.querySelector(".more")];
    const answered = () => {
      const chosen = form.querySelector("input:checked") || form.querySelector("input[type=text]");
      return chosen ? chosen.value : "";
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!answered().trim()) {
        tell(reply, "unreadable", ["There is no answer yet."]);
        return;
      }
      const [verdict, lines] = mark(question, answered());
      tell(reply, verdict, lines);
      if (verdict !== "unreadable" && verdicts.get(number) !== "solution") verdicts.set(number, verdict);
      section.classList.toggle("right", verdicts.get(number) === "right");
      showScore();
    });
    form.querySelector(".hint").addEventListener("click", () => tell(more, "told", [`Hint: ${texts[question.hint]}`]));
    form.querySelector(".solution").addEventListener("click", () => {
      if (verdicts.get(number) !== "right") verdicts.set(number, "solution");
      tell(more, "told", [`Answer: ${texts[question.value]}`]);
      more.insertAdjacentHTML("beforeend", texts[question.solution]);
      showScore();
    });
  }

  document.documentElement.classList.add("js");
  showScore();
})();
