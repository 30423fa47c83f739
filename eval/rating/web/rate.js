// Rating answers: one at a time, its items in a row, every judgement kept at once.

import { byId, clearError, get, inOrder, listen, onEnter, post, say, show, tellError, visitor } from "./page.js";
import { answerView } from "./answer.js";
import { CANNOT_JUDGE, commentItem, judgedItems, showValue, spoken } from "./items.js";
import { create } from "/web/text.js";

let deck = [];
let at = 0;
let answer = null;
let values = {};
let current = 0;
let items = [];
const history = [];

async function begin(name) {
  try {
    const found = await get("/api/deck", { rater: name });
    visitor.name = found.rater;
    deck = found.answers;
  } catch (error) {
    await start(error);
    return;
  }
  history.length = 0;
  byId("who").textContent = visitor.name;
  byId("who").setAttribute("aria-label", `Rating as ${visitor.name}: change rater`);
  const kept = deck.findIndex((each) => each.key === sessionStorage.getItem("answer"));
  const first = deck.findIndex((each) => !each.done);
  if (kept < 0 && first < 0) await finish();
  else await open(kept >= 0 ? kept : first);
}

async function start(error = null) {
  visitor.name = null;
  sessionStorage.removeItem("answer");
  byId("position").textContent = "Rate answers";
  byId("progress").hidden = true;
  show("start");
  const { raters } = await get("/api/raters");
  byId("known").hidden = raters.length === 0;
  byId("raters").replaceChildren(
    ...raters.map((rater) => {
      const button = create("button", { type: "button" }, create("b", {}, rater.name), progressOf(rater));
      button.addEventListener("click", () => begin(rater.name));
      return create("li", {}, button);
    }),
  );
  if (error) byId("name").setCustomValidity(error.message);
  byId("name").value = "";
  byId("name").focus();
  if (error) byId("name").reportValidity();
}

function progressOf(rater) {
  return create("span", {}, rater.done === rater.total ? "finished" : `${rater.done} of ${rater.total}`);
}

async function open(index, item = null) {
  clearError();
  try {
    const { key } = deck[index];
    answer = await inOrder(() => get(`/api/answers/${key}`, { rater: visitor.name }));
  } catch (error) {
    tellError(error);
    return;
  }
  at = index;
  sessionStorage.setItem("answer", answer.key);
  ({ values } = answer);
  show("work");
  byId("answer").replaceChildren(...answerView(answer, toItem));
  items = judgedItems(answer, judge);
  const comment = commentItem(values.comment ?? "", saveComment);
  byId("judge").replaceChildren(...items.map((each) => each.node), comment);
  for (const each of items) each.node.addEventListener("focusin", () => mark(items.indexOf(each)));
  items.forEach((each) => showValue(each, values[each.name]));
  scrollTo(0, 0);
  tellProgress();
  const first = items.findIndex((each) => !(each.name in values));
  const wanted = items.findIndex((each) => each.name === item);
  say(`Answer ${at + 1} of ${deck.length}. ${answer.question}`);
  focusItem(wanted >= 0 ? wanted : Math.max(first, 0), { first: wanted < 0 });
}

function tellProgress() {
  const done = deck.filter((each) => each.done).length;
  const open = items.filter((each) => !(each.name in values)).length;
  byId("position").textContent = `Answer ${at + 1} of ${deck.length}`;
  byId("progress").hidden = false;
  byId("progress").max = deck.length;
  byId("progress").value = done;
  byId("left").textContent = open ? `${open} to judge` : "All judged";
  byId("next").classList.toggle("ready", open === 0);
  byId("previous").disabled = at === 0;
  byId("undo").disabled = history.length === 0;
}

// The item that the keys are for.
function mark(index) {
  current = index;
  items.forEach((each, n) => each.node.classList.toggle("current", n === index));
  const name = items[index].name;
  for (const node of byId("answer").querySelectorAll("[data-item]")) {
    node.classList.toggle("current", node.dataset.item === name);
  }
  for (const node of byId("answer").querySelectorAll(".claim")) {
    node.classList.toggle("current", node.querySelector(".current") !== null);
  }
}

function focusItem(index, { first = false } = {}) {
  const { node } = items[index];
  node.focus({ preventScroll: true });
  mark(index);
  // The top of an answer stays in sight until its first items are judged.
  if (!first || index > 0) node.scrollIntoView({ block: node.offsetHeight < innerHeight / 2 ? "center" : "nearest" });
  items[index].onShow?.();
}

function toItem(name) {
  focusItem(items.findIndex((each) => each.name === name));
}

function move(step) {
  focusItem(Math.min(Math.max(current + step, 0), items.length - 1));
}

function judge(name, value) {
  const before = values[name] ?? null;
  if (before !== value) {
    history.push({ key: answer.key, item: name, value: before });
    keep(answer.key, name, value);
  }
  advance(name);
}

function advance(name) {
  const index = items.findIndex((each) => each.name === name);
  const next = items.findIndex((each, n) => n > index && !(each.name in values));
  const missing = items.findIndex((each) => !(each.name in values));
  if (next >= 0) focusItem(next);
  else if (missing < 0) say("All judged. Enter goes to the next answer.");
  else focusItem(missing);
}

// Shows the value at once; where it could not be kept, what was before stands again.
function keep(key, name, value) {
  const before = values[name] ?? null;
  put(name, value);
  tellProgress();
  inOrder(() => post("/api/marks", { rater: visitor.name, answer: key, item: name, value })).then(
    ({ done }) => {
      deck.find((each) => each.key === key).done = done;
      clearError();
      tellProgress();
    },
    (error) => {
      if (key === answer.key) put(name, before);
      tellProgress();
      tellError(error);
    },
  );
}

function put(name, value) {
  if (value === null) delete values[name];
  else values[name] = value;
  const item = items.find((each) => each.name === name);
  if (item) showValue(item, value ?? undefined);
  say(item ? `${item.label}: ${spoken(value)}` : "Comment kept");
}

function saveComment(text) {
  if ((values.comment ?? "") !== text) keep(answer.key, "comment", text || null);
}

async function undo() {
  const last = history.pop();
  if (!last) {
    say("Nothing to undo.");
    return;
  }
  if (last.key !== answer.key) await open(deck.findIndex((each) => each.key === last.key), last.item);
  keep(last.key, last.item, last.value);
  toItem(last.item);
}

async function next() {
  const missing = items.findIndex((each) => !(each.name in values));
  if (missing >= 0) {
    focusItem(missing);
    const count = items.filter((each) => !(each.name in values)).length;
    say(`${count} to judge on this answer. The right arrow goes on without.`);
    return;
  }
  await inOrder(async () => {});
  const later = deck.findIndex((each, n) => n > at && !each.done);
  const any = deck.findIndex((each) => !each.done);
  if (later < 0 && any < 0) await finish();
  else await open(later >= 0 ? later : any);
}

function turnTo(step) {
  const index = at + step;
  if (index >= 0 && index < deck.length) open(index);
}

async function finish() {
  sessionStorage.removeItem("answer");
  const { raters } = await get("/api/raters");
  const count = deck.length === 1 ? "the answer" : `all ${deck.length} answers`;
  byId("finished-title").textContent = "That was the last one";
  byId("finished-text").textContent =
    `${visitor.name}, you have rated ${count}. Thank you. 'pincite eval rate … --agreement' shows how far ` +
    "raters agree, with each other and with the judge.";
  byId("everyone").replaceChildren(
    ...raters.map((each) => create("li", {}, create("b", {}, each.name), progressOf(each))),
  );
  byId("position").textContent = "Finished";
  byId("progress").value = deck.length;
  byId("progress").max = deck.length;
  byId("progress").hidden = false;
  show("finished");
  byId("finished-title").focus();
}

function rate(value) {
  const item = items[current];
  if (item.values.includes(value)) judge(item.name, value);
  else say(`${item.label} is judged by ${item.hint}.`);
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  ArrowRight: () => turnTo(1),
  ArrowLeft: () => turnTo(-1),
  Enter: next,
  u: undo,
  y: () => rate(true),
  n: () => rate(false),
  0: () => rate(CANNOT_JUDGE),
  c: () => byId("comment").focus(),
  r: () => byId("reference")?.toggleAttribute("open"),
};
for (const point of [1, 2, 3, 4, 5]) keys[point] = () => rate(point);

listen(keys);
onEnter(begin);
byId("name").addEventListener("input", () => byId("name").setCustomValidity(""));
byId("previous").addEventListener("click", () => turnTo(-1));
byId("next").addEventListener("click", next);
byId("undo").addEventListener("click", undo);
byId("who").addEventListener("click", () => start());
byId("next-rater").addEventListener("click", () => start());
byId("look-again").addEventListener("click", () => open(0));

const asked = new URLSearchParams(location.search).get("rater");
if (visitor.name ?? asked) await begin(visitor.name ?? asked);
else await start();
