// The chat page: asks, shows the answer as it comes, and keeps the conversation.

import { ServiceError, streamAnswer } from "./service.js";
import { SourcePanel } from "./source.js";
import { Turn } from "./turn.js";

// The service takes a bounded request; older turns do not help a question along.
const TURNS_SENT = 20;

const find = (id) => document.getElementById(id);
const form = find("ask");
const box = find("question");
const day = find("as-of");
const panel = new SourcePanel(find("source"));
const conversation = [];
let running = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(box.value.trim());
});

box.addEventListener("keydown", (event) => {
  // While an input method composes a character, Enter belongs to it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ask(box.value.trim());
});

find("stop").addEventListener("click", () => running?.abort());

day.addEventListener("change", showDay);
find("today").addEventListener("click", () => {
  day.value = "";
  showDay();
  box.focus();
});
// A reload keeps what was typed.
showDay();

for (const example of document.querySelectorAll(".example")) {
  example.addEventListener("click", () => ask(example.textContent));
}

async function ask(question) {
  // A date half typed would pass for none.
  if (!question || running || !day.reportValidity()) return;
  running = new AbortController();
  const asOf = day.value || null;
  const turn = new Turn(question, asOf, panel);
  begin(turn);
  try {
    const messages = [...conversation.flat(), { role: "user", content: question }];
    for await (const { sentence, answer } of streamAnswer(messages, asOf, running.signal)) {
      if (sentence) turn.addSentence(sentence);
      if (answer) {
        finish(turn, question, answer);
        break;
      }
    }
  } catch (error) {
    if (error.name === "AbortError") stopped(turn);
    else failed(turn, question, error);
  } finally {
    running = null;
    setBusy(false);
  }
}

function begin(turn) {
  panel.close();
  find("welcome").hidden = true;
  find("restart").hidden = false;
  find("error").hidden = true;
  box.value = "";
  find("turns").append(turn.node);
  turn.node.scrollIntoView({ block: "start" });
  say("Reading the documents.");
  setBusy(true);
  box.focus();
}

function finish(turn, question, answer) {
  turn.finish(answer);
  conversation.push([
    { role: "user", content: question },
    { role: "assistant", content: answer.text },
  ]);
  if (conversation.length > TURNS_SENT) conversation.shift();
  say(answer.refused ? "No answer in the documents." : "The answer is complete.");
}

function stopped(turn) {
  turn.end("Stopped.");
  say("Stopped.");
  box.focus();
}

// The question goes back into the box, to be asked again; sentences that came stay.
function failed(turn, question, error) {
  const known = error instanceof ServiceError;
  if (!known) console.error(error);
  if (turn.started) turn.end("This answer is not complete.");
  else turn.node.remove();
  find("welcome").hidden = find("turns").childElementCount > 0;
  if (!box.value) box.value = question;
  find("error").textContent = known ? error.message : `The page failed: ${error.message}`;
  find("error").hidden = false;
  say("");
}

function setBusy(busy) {
  form.setAttribute("aria-busy", String(busy));
  find("send").disabled = busy;
  find("stop").hidden = !busy;
}

// A day that is set stands out: every further answer is as of it.
function showDay() {
  find("day").classList.toggle("set", Boolean(day.value));
  find("today").hidden = !day.value;
}

function say(text) {
  find("status").textContent = text;
}
