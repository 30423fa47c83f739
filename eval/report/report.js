// Draws the samples of a report, and finds among them. What documents and answers say becomes text
// nodes only; nothing here makes markup from it.
"use strict";

const { samples, texts, metrics, failedBelow } = JSON.parse(
  document.getElementById("data").textContent,
);
const find = (id) => document.getElementById(id);
const list = find("list");
const form = find("filters");
const chosen = {
  search: find("search"),
  outcome: find("outcome"),
  verdict: find("verdict"),
  slice: find("slice"),
  failed: find("failed"),
};

const TONES = {
  supported: "good",
  unsupported: "bad",
  uncited: "warn",
  fabricated: "odd",
  "answered: should refuse": "bad",
  "refused: falsely": "bad",
  "unscored: failed": "warn",
  "unscored: stale gold": "warn",
};

/** An element with attributes and children; strings become text. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

const heading = (text) => make("h4", {}, text);
const paragraph = (text, more = "") => make("p", { class: `text ${more}`, dir: "auto" }, text);
const number = (value) => value.toFixed(3);
const title = (name) => metrics[name]?.label ?? name;

function badge(text) {
  return make("span", { class: `badge ${TONES[text] ?? ""}` }, text);
}

// The verdicts of a sample, with "corrected" among them, each counted.
function verdicts(sample) {
  const counts = new Map();
  const add = (word) => counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const sentence of sample.sentences ?? []) {
    add(sentence.verdict);
    if (sentence.correction) add("corrected");
  }
  return counts;
}

function row(sample) {
  const badges = [...verdicts(sample)]
    .filter(([word]) => word !== "supported")
    .map(([word, count]) => {
      const label = count > 1 ? `${count} ${word}` : word;
      return make("span", { class: `badge ${TONES[word] ?? "warn"}` }, label);
    });
  const details = make(
    "details",
    { class: "sample", id: `sample-${sample.id}` },
    make(
      "summary",
      {},
      make("span", { class: "id" }, sample.id),
      make("span", { class: "asked", dir: "auto" }, sample.question),
      make("span", { class: "badges" }, badges, badge(sample.outcome)),
    ),
  );
  details.addEventListener("toggle", () => {
    if (details.open) fill(details, sample);
  });
  return details;
}

// A body is made when it is first seen: five hundred of them at once would take seconds.
function fill(details, sample) {
  if (details.querySelector(".body")) return;
  const trouble = sample.error ?? sample.stale;
  details.append(
    make(
      "div",
      { class: "body" },
      trouble && [
        make(
          "div",
          { class: "whole" },
          heading(sample.error ? "Unscored" : "Stale gold"),
          paragraph(trouble, "notice alert"),
        ),
      ],
      make("div", {}, left(sample)),
      make("div", {}, right(sample)),
    ),
  );
}

function left(sample) {
  const parts = [];
  if (sample.conversation.length) {
    parts.push(
      heading("Before"),
      sample.conversation.map((turn) => paragraph(`${turn.role}: ${turn.text}`, "soft")),
    );
  }
  if (sample.standalone) parts.push(heading("Understood as"), paragraph(sample.standalone));
  if (sample.text != null) {
    parts.push(
      heading(sample.refused ? "Shown: a refusal" : "Answer shown"),
      paragraph(sample.text, sample.refused ? "answer refusal" : "answer"),
      heading("Draft and verdicts"),
      sample.sentences.length
        ? make("ol", { class: "sentences" }, sample.sentences.map(sentenceItem))
        : paragraph(sample.draft || "Nothing was written.", "soft"),
      make(
        "details",
        { class: "plain" },
        make("summary", {}, "Draft as written"),
        paragraph(sample.draft || "Nothing was written.", "small"),
      ),
    );
  }
  if (sample.passages?.length) {
    parts.push(heading(`Passages (${sample.passages.length})`), sample.passages.map(passageItem));
  }
  return parts.flat();
}

function right(sample) {
  const parts = [];
  if (sample.reference) parts.push(heading("Reference answer"), paragraph(sample.reference));
  if (sample.unanswerable) {
    parts.push(
      heading("Has no answer in the documents"),
      paragraph(sample.why || "No reason is given.", "soft"),
    );
  }
  if (sample.facts.length) {
    const items = sample.facts.map((fact) =>
      make("li", {}, fact.text, !fact.vital && make("span", { class: "hint" }, "welcome")),
    );
    parts.push(heading("Key facts"), make("ul", { class: "small" }, items));
  }
  if (sample.gold.length) {
    parts.push(heading("Gold"), make("ul", { class: "plain-list" }, sample.gold.map(goldItem)));
  }
  parts.push(heading("Scores"), scoreTable(sample), heading("More"), more(sample));
  for (const [name, variants] of [
    ["Paraphrases", sample.paraphrases],
    ["Asked again", sample.repeats],
  ]) {
    if (!variants.length) continue;
    const items = variants.map((variant) =>
      make(
        "li",
        {},
        make("strong", { dir: "auto" }, variant.question),
        paragraph(variant.text, variant.refused ? "soft" : ""),
      ),
    );
    parts.push(
      make(
        "details",
        { class: "plain" },
        make("summary", {}, `${name} (${variants.length})`),
        make("ul", { class: "plain-list small" }, items),
      ),
    );
  }
  return parts;
}

function sentenceItem(sentence, index) {
  const tone = sentence.correction ? "warn" : (TONES[sentence.verdict] ?? "");
  const cites = sentence.cited.length
    ? `cites ${sentence.cited.map((each) => `[${each}]`).join(" ")}`
    : "cites nothing";
  return make(
    "li",
    { class: `sentence ${tone} ${sentence.shown ? "" : "hidden-from-reader"}` },
    make("span", { class: "words", dir: "auto" }, sentence.text),
    make(
      "div",
      { class: "verdict" },
      make("span", { class: "soft" }, `${index + 1}`),
      make("b", {}, sentence.verdict),
      make("span", {}, `score ${number(sentence.score)}`),
      make("span", {}, cites),
      sentence.correction && make("b", {}, `corrected: ${sentence.correction}`),
      !sentence.shown && make("span", {}, "not shown"),
    ),
    sentence.checks.length > 0 && checks(sentence),
  );
}

function checks(sentence) {
  const rows = sentence.checks.map((check) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, `[${check.number}]`),
      make("td", {}, number(check.score)),
      make(
        "td",
        { dir: "auto" },
        check.quote,
        check.findings.map((finding) => make("div", { class: "bad" }, finding)),
        Object.keys(check.features).length > 0 &&
          make(
            "div",
            { class: "soft" },
            Object.entries(check.features)
              .map(([name, value]) => `${name} ${number(value)}`)
              .join(", "),
          ),
      ),
    ),
  );
  const header = ["Passage", "Score", "Best words, and what was found"];
  return make(
    "details",
    {},
    make("summary", {}, `Checks (${sentence.checks.length})`),
    make(
      "table",
      { class: "checks" },
      make("thead", {}, make("tr", {}, header.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, rows),
    ),
  );
}

function passageItem(passage) {
  const text = texts[passage.key];
  const headings = text.headings.filter((each) => each !== text.title);
  const where = [text.document, ...headings].join(" › ");
  const cited = passage.parts.some((part) => part.sentences.length);
  const gold = passage.parts.some((part) => part.gold);
  return make(
    "details",
    { class: "passage", open: cited || gold },
    make(
      "summary",
      {},
      make("b", {}, `[${passage.number}] `),
      make("span", { dir: "auto" }, text.title),
      make("span", { class: "where", dir: "auto" }, ` ${where} `),
      cited && make("span", { class: "badge good" }, "cited"),
      gold && [" ", make("span", { class: "badge" }, "gold")],
    ),
    make("div", { class: "text", dir: "auto", tabindex: "0" }, marked(text.text, passage.parts)),
  );
}

function marked(text, parts) {
  const pieces = [];
  let last = 0;
  for (const part of parts) {
    pieces.push(text.slice(last, part.start));
    const cited = part.sentences.length > 0;
    const says = [cited && `sentence ${part.sentences.join(", ")}`, part.gold && "gold"];
    pieces.push(
      make(
        "mark",
        { class: `${cited ? "cited" : ""} ${part.gold ? "gold" : ""}` },
        text.slice(part.start, part.end),
        make("sup", {}, says.filter(Boolean).join(", ")),
      ),
    );
    last = part.end;
  }
  pieces.push(text.slice(last));
  return pieces;
}

function goldItem(gold) {
  const found = gold.found.length
    ? make("span", { class: "badge good" }, `shown as ${gold.found.map((n) => `[${n}]`).join(" ")}`)
    : make("span", { class: "badge bad" }, "not among the passages");
  return make(
    "li",
    { class: "gold-item" },
    make("q", { dir: "auto" }, gold.quote),
    make("div", { class: "small soft", dir: "auto" }, `${gold.document} › ${gold.heading} `, found),
  );
}

function scoreTable(sample) {
  const tables = ["retrieval", "draft", "shown"].filter((name) => sample.scores[name]);
  if (!tables.length) return paragraph("None: the sample is in no score.", "soft");
  const names = Object.keys(metrics).filter((name) =>
    tables.some((table) => name in sample.scores[table]),
  );
  const failed = new Set(sample.failed);
  const rows = names.map((name) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, title(name)),
      tables.map((table) => {
        const value = sample.scores[table][name];
        const bad = failed.has(`${table}.${name}`);
        return make("td", { class: bad ? "bad" : "" }, value == null ? "" : number(value));
      }),
    ),
  );
  const columns = ["Metric", ...tables].map((text) => make("th", { scope: "col" }, text));
  return make(
    "table",
    { class: "numbers small" },
    make("thead", {}, make("tr", {}, columns)),
    make("tbody", {}, rows),
  );
}

function more(sample) {
  const facts = [
    ["answerability", sample.answerability == null ? null : number(sample.answerability)],
    ["time", sample.seconds == null ? null : `${sample.seconds.toFixed(2)} s`],
    ["tokens", sample.tokens?.some(Boolean) ? sample.tokens.join(" + ") : null],
    ["passages found", sample.retrieved ?? null],
    ["slices", sample.slices.join(", ") || null],
  ].filter(([, value]) => value != null);
  const rows = facts.map(([name, value]) =>
    make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, String(value))),
  );
  const link = make("a", { href: address(sample) }, "Link to this sample");
  return make(
    "div",
    {},
    make("table", { class: "facts small" }, make("tbody", {}, rows)),
    make("p", { class: "small" }, link),
  );
}

const address = (sample) => `#sample-${encodeURIComponent(sample.id)}`;

// Finding.

const drawn = samples.map((sample) => ({
  sample,
  element: row(sample),
  verdicts: verdicts(sample),
  words: [
    sample.id,
    sample.question,
    sample.standalone,
    sample.text,
    sample.draft,
    sample.reference,
    sample.error,
    sample.stale,
    ...sample.gold.flatMap((gold) => [gold.document, gold.heading, gold.quote]),
  ]
    .filter(Boolean)
    .join("\n")
    .toLowerCase(),
}));

function options(select, counts, label = (value) => value) {
  for (const [value, count] of counts) {
    select.append(make("option", { value }, `${label(value)} (${count})`));
  }
}

function count(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((one, other) => one[0].localeCompare(other[0], "en"));
}

function failedLabel(name) {
  const [table, metric] = name.split(/\.(.*)/s);
  const bound = metrics[metric]?.lower ? "> 0" : `< ${failedBelow}`;
  return `${title(metric)}, ${table} ${bound}`;
}

// "refused" stands for "refused: rightly" and "refused: falsely".
const wider = (outcome) => new Set([outcome.split(":")[0], outcome]);
options(chosen.outcome, count(samples.flatMap((sample) => [...wider(sample.outcome)])));
options(chosen.verdict, count(drawn.flatMap((each) => [...each.verdicts.keys()])));
options(chosen.slice, count(samples.flatMap((sample) => sample.slices)));
options(chosen.failed, count(samples.flatMap((sample) => sample.failed)), failedLabel);

function worth(sample, failed) {
  const [table, metric] = failed.split(/\.(.*)/s);
  const value = sample.scores[table]?.[metric] ?? 0;
  return metrics[metric]?.lower ? -value : value;
}

function show() {
  const words = chosen.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const { outcome, verdict, slice, failed } = Object.fromEntries(
    Object.entries(chosen).map(([name, control]) => [name, control.value]),
  );
  const found = drawn.filter(
    (each) =>
      (!outcome || wider(each.sample.outcome).has(outcome)) &&
      (!verdict || each.verdicts.has(verdict)) &&
      (!slice || each.sample.slices.includes(slice)) &&
      (!failed || each.sample.failed.includes(failed)) &&
      words.every((word) => each.words.includes(word)),
  );
  if (failed) {
    found.sort((one, other) => worth(one.sample, failed) - worth(other.sample, failed));
  }
  list.replaceChildren(...found.map((each) => each.element));
  if (!found.length) list.append(make("p", { class: "empty" }, "No sample is like that."));
  const worst = failed ? ", worst first" : "";
  find("count").textContent = `${found.length} of ${samples.length} samples${worst}`;
  label();
}

function label() {
  const closed = list.querySelector(".sample:not([open])");
  find("toggle").textContent = closed ? "Open all shown" : "Close all shown";
  find("toggle").disabled = !list.querySelector(".sample");
}

// The sample that the address names, whatever the filters say.
function follow() {
  let id;
  try {
    id = decodeURIComponent(location.hash.slice(1));
  } catch {
    return;
  }
  const named = drawn.find((each) => each.element.id === id);
  if (!named) return;
  if (!named.element.isConnected) {
    for (const control of Object.values(chosen)) control.value = "";
    show();
  }
  named.element.open = true;
  fill(named.element, named.sample);
  named.element.scrollIntoView();
  named.element.querySelector("summary").focus({ preventScroll: true });
}

form.addEventListener("input", show);
// A form says that it will be reset, not that it has been.
form.addEventListener("reset", () => setTimeout(show));
form.addEventListener("submit", (event) => event.preventDefault());
list.addEventListener("toggle", label, { capture: true });
find("toggle").addEventListener("click", () => {
  const open = find("toggle").textContent.startsWith("Open");
  for (const each of list.querySelectorAll(".sample")) each.open = open;
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  chosen.search.focus();
});
window.addEventListener("hashchange", follow);
show();
follow();
