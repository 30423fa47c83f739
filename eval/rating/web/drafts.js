// Deciding on drafts: accept, change or reject, one after the other.

import { byId, clearError, get, inOrder, listen, onEnter, post, say, show, tellError, visitor } from "./page.js";
import { contextView, draftView } from "./draft.js";
import { changesIn, editForm } from "./edit.js";
import { create } from "/web/text.js";

let drafts = [];
let out = "";
let at = 0;
let draft = null;
const history = [];

async function begin(name) {
  try {
    const found = await get("/api/drafts", { rater: name });
    visitor.name = found.rater;
    ({ drafts, out } = found);
  } catch (error) {
    start(error);
    return;
  }
  byId("who").textContent = visitor.name;
  byId("who").setAttribute("aria-label", `Deciding as ${visitor.name}: change`);
  byId("write").hidden = false;
  byId("write").replaceChildren("Write ", create("span", {}, out));
  byId("write").setAttribute("aria-label", `Write ${out}`);
  const kept = drafts.findIndex((each) => each.id === sessionStorage.getItem("draft"));
  const first = drafts.findIndex((each) => each.decision === null);
  if (kept < 0 && first < 0) finish();
  else await open(kept >= 0 ? kept : first);
}

function start(error = null) {
  visitor.name = null;
  byId("position").textContent = "Accept drafts";
  byId("progress").hidden = true;
  byId("write").hidden = true;
  show("start");
  byId("name").value = "";
  byId("name").focus();
  if (!error) return;
  byId("name").setCustomValidity(error.message);
  byId("name").reportValidity();
}

async function open(index) {
  clearError();
  byId("notice").hidden = true;
  try {
    draft = await inOrder(() => get("/api/draft", { draft_id: drafts[index].id }));
  } catch (error) {
    tellError(error);
    return;
  }
  at = index;
  sessionStorage.setItem("draft", draft.id);
  show("work");
  showDraft();
  scrollTo(0, 0);
  byId("question").focus({ preventScroll: true });
  say(`Draft ${at + 1} of ${drafts.length}. ${draft.now.question}`);
}

function showDraft() {
  byId("draft").replaceChildren(...draftView(draft));
  byId("contexts").replaceChildren(...contextView(draft));
  for (const passage of byId("contexts").querySelectorAll(".passage")) {
    const marked = passage.querySelector("mark");
    if (marked) passage.scrollTop = marked.offsetTop - passage.offsetTop - passage.clientHeight / 3;
  }
  editing(false);
  tellProgress();
}

function tellProgress() {
  const decided = drafts.filter((each) => each.decision !== null).length;
  byId("position").textContent = `Draft ${at + 1} of ${drafts.length}`;
  byId("progress").hidden = false;
  byId("progress").max = drafts.length;
  byId("progress").value = decided;
  byId("previous").disabled = at === 0;
  byId("next").disabled = at === drafts.length - 1;
  byId("undo").disabled = history.length === 0;
  byId("accept").setAttribute("aria-pressed", String(draft.decision === "accepted"));
  byId("reject").setAttribute("aria-pressed", String(draft.decision === "rejected"));
}

// Keeps a decision; whether it was kept.
async function keep(id, decision, changes = null) {
  try {
    const sent = { rater: visitor.name, draft: id, decision, changes };
    const decided = await inOrder(() => post("/api/decisions", sent));
    drafts.find((each) => each.id === id).decision = decided.decision;
    if (id === draft.id) draft = decided;
    clearError();
    return true;
  } catch (error) {
    tellError(error);
    return false;
  }
}

async function decide(decision, changes = null) {
  const before = { id: draft.id, decision: draft.decision, changes: draft.changed ? draft.now : null };
  // What was changed and accepted before stays changed.
  const kept = decision === "accepted" ? changes ?? before.changes : null;
  if (!(await keep(draft.id, decision, kept))) return;
  history.push(before);
  say(decision === "accepted" ? "Accepted." : "Rejected.");
  await nextUndecided();
}

async function undo() {
  const last = history.pop();
  if (!last) {
    say("Nothing to undo.");
    return;
  }
  if (await keep(last.id, last.decision, last.decision === "accepted" ? last.changes : null)) {
    await open(drafts.findIndex((each) => each.id === last.id));
    say(`Undone. Draft ${at + 1} of ${drafts.length}.`);
  }
}

async function nextUndecided() {
  const later = drafts.findIndex((each, n) => n > at && each.decision === null);
  const any = drafts.findIndex((each) => each.decision === null);
  if (any < 0) finish();
  else await open(later >= 0 ? later : any);
}

function turnTo(step) {
  const index = at + step;
  if (index >= 0 && index < drafts.length) open(index);
}

function edit() {
  byId("draft").replaceChildren(editForm(draft, save, showDraft));
  editing(true);
  byId("edit-question").focus();
}

function editing(isEditing) {
  byId("deciding").hidden = isEditing;
  byId("changing").hidden = !isEditing;
}

async function save() {
  await decide("accepted", changesIn(byId("edit")));
}

function finish() {
  sessionStorage.removeItem("draft");
  const accepted = drafts.filter((each) => each.decision === "accepted").length;
  byId("finished-title").textContent = "Every draft is decided";
  byId("finished-text").textContent = `${accepted} accepted, ${drafts.length - accepted} rejected.`;
  byId("write-all").textContent = `Write ${out}`;
  byId("write-all").disabled = accepted === 0;
  byId("position").textContent = "Finished";
  byId("progress").max = drafts.length;
  byId("progress").value = drafts.length;
  byId("progress").hidden = false;
  show("finished");
  byId("finished-title").focus();
}

async function write() {
  let text;
  try {
    const written = await inOrder(() => post("/api/suite", {}));
    text = `${written.accepted} accepted ${written.accepted === 1 ? "question is" : "questions are"} in ${written.out}.`;
  } catch (error) {
    text = error.message;
  }
  byId("finished-text").textContent = text;
  byId("notice").textContent = text;
  byId("notice").hidden = false;
  say(text);
}

listen({
  a: () => isReading() && decide("accepted"),
  r: () => isReading() && decide("rejected"),
  e: () => isReading() && edit(),
  u: undo,
  Enter: nextUndecided,
  j: () => turnTo(1),
  k: () => turnTo(-1),
  ArrowRight: () => turnTo(1),
  ArrowLeft: () => turnTo(-1),
});
onEnter(begin);

function isReading() {
  return byId("changing").hidden;
}

byId("name").addEventListener("input", () => byId("name").setCustomValidity(""));
byId("previous").addEventListener("click", () => turnTo(-1));
byId("next").addEventListener("click", () => turnTo(1));
byId("undo").addEventListener("click", undo);
byId("accept").addEventListener("click", () => decide("accepted"));
byId("reject").addEventListener("click", () => decide("rejected"));
byId("change").addEventListener("click", edit);
byId("cancel").addEventListener("click", showDraft);
byId("who").addEventListener("click", () => start());
byId("write").addEventListener("click", write);
byId("write-all").addEventListener("click", write);
byId("look-again").addEventListener("click", () => open(0));

const asked = new URLSearchParams(location.search).get("rater");
if (visitor.name ?? asked) await begin(visitor.name ?? asked);
else start();
