// What is judged of an answer: the rubric, then every citation, then a comment.

import { passageText, sourceLine } from "./answer.js";
import { create } from "/web/text.js";

export const CANNOT_JUDGE = "cannot judge";

const RUBRIC = [
  {
    name: "correctness",
    label: "Correctness",
    ask: "Is what it says right, by the documents?",
    askRefused: "Was it right not to answer?",
    ends: ["Wrong", "In part", "Right"],
  },
  {
    name: "completeness",
    label: "Completeness",
    ask: "Does it say all that the question asks for?",
    askRefused: "Does it say what was looked for, and what to do?",
    ends: ["Misses it", "Half of it", "All of it"],
  },
  {
    name: "tone",
    label: "Tone",
    ask: "Would you send it like this?",
    askRefused: "Would you send it like this?",
    ends: ["Not at all", "After edits", "As it is"],
  },
];

// Items are {name, label, hint, values, node, buttons}; `judge` is called with a name and a value.
export function judgedItems(answer, judge) {
  const rubric = RUBRIC.map((part) => scaleItem(part, answer.refused, judge));
  const citations = answer.citations.map((citation, n) => citationItem(citation, n, answer, judge));
  const all = [...rubric, ...citations];
  all.forEach((item, n) => item.node.setAttribute("aria-description", `Item ${n + 1} of ${all.length}`));
  return all;
}

function scaleItem({ name, label, ask, askRefused, ends }, refused, judge) {
  const item = { name, label, hint: "1 to 5", values: [1, 2, 3, 4, 5, CANNOT_JUDGE], buttons: [] };
  const meanings = { 1: ends[0], 3: ends[1], 5: ends[2] };
  const scale = create("div", { className: "scale" });
  for (const point of [1, 2, 3, 4, 5]) {
    const content = [create("b", {}, `${point}`), create("span", {}, meanings[point] ?? "")];
    scale.append(choice(item, point, judge, content, `${point} of 5${meanings[point] ? `, ${meanings[point]}` : ""}`));
  }
  const question = refused ? askRefused : ask;
  item.node = group(item, create("h2", {}, label), create("p", { className: "ask" }, question), scale);
  return finish(item, judge);
}

function citationItem(citation, index, answer, judge) {
  const label = `Citation ${index + 1} of ${answer.citations.length}`;
  const item = { name: citation.item, label, hint: "y or n", values: [true, false, CANNOT_JUDGE], buttons: [] };
  const passage = answer.passages.find((each) => each.number === citation.number);
  const text = passageText(passage, citation.spans);
  text.tabIndex = 0;
  text.setAttribute("aria-label", `Passage ${citation.number}: ${passage.title}`);
  const loose = citation.spans.length ? [] : citation.quotes;
  const pair = create("div", { className: "pair" },
    choice(item, true, judge, ["Supports it ", create("kbd", {}, "y")], "Supports it"),
    choice(item, false, judge, ["Does not ", create("kbd", {}, "n")], "Does not support it"));
  item.node = group(item, create("h2", {}, label), create("p", { className: "ask" }, "Does the passage say this?"),
    create("p", { className: "said" }, citation.claim), sourceLine(passage),
    ...loose.map((quote) => create("blockquote", { className: "passage" }, create("mark", {}, quote))),
    text, pair);
  item.onShow = () => {
    const marked = text.querySelector("mark");
    if (marked) text.scrollTop = marked.offsetTop - text.offsetTop - text.clientHeight / 3;
  };
  return finish(item, judge);
}

function group(item, heading, ...children) {
  const head = create("div", { className: "head" }, heading);
  const node = create("section", { className: "item", tabIndex: -1 }, head, ...children);
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", item.label);
  return node;
}

function finish(item, judge) {
  const cannot = choice(item, CANNOT_JUDGE, judge, ["Cannot judge ", create("kbd", {}, "0")], "Cannot judge");
  cannot.classList.add("cannot");
  item.node.querySelector(".head").append(cannot);
  return item;
}

function choice(item, value, judge, content, name) {
  const button = create("button", { type: "button", className: "choice" }, ...content);
  button.setAttribute("aria-label", name);
  button.setAttribute("aria-pressed", "false");
  if (value === false) button.classList.add("no");
  button.addEventListener("click", () => judge(item.name, value));
  item.buttons.push({ value, button });
  return button;
}

export function showValue(item, value) {
  item.node.classList.toggle("judged", value !== undefined);
  for (const each of item.buttons) each.button.setAttribute("aria-pressed", String(each.value === value));
}

export function spoken(value) {
  if (value === null) return "taken back";
  if (value === true) return "supports it";
  if (value === false) return "does not support it";
  return `${value}`;
}

// `save` is called with the text when it was left, and a moment after the last key.
export function commentItem(text, save) {
  const area = create("textarea", { id: "comment", rows: 2, maxLength: 5000, value: text });
  let timer = 0;
  const leave = () => {
    clearTimeout(timer);
    save(area.value.trim());
  };
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(leave, 800);
  });
  area.addEventListener("blur", leave);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || (event.key === "Enter" && event.ctrlKey)) {
      event.preventDefault();
      area.blur();
    }
  });
  return create("section", { className: "item comment" },
    create("label", { htmlFor: "comment" }, "Comment ", create("span", {}, "(optional) "), create("kbd", {}, "c")), area);
}
