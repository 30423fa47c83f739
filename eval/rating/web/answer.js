// An answer as its rater sees it: question, sentences with their numbers, and what it was written from.

import { CodePoints, create, highlighted } from "/web/text.js";

// `toItem` is called with the name of the citation whose number was pressed.
export function answerView(answer, toItem) {
  const nodes = [];
  for (const turn of answer.conversation) {
    const who = turn.role === "user" ? "Asked before" : "Answered";
    nodes.push(create("p", { className: "turn" }, create("b", {}, `${who}: `), turn.text));
  }
  nodes.push(create("h1", { id: "question" }, answer.question));
  if (answer.standalone !== answer.question) {
    nodes.push(create("p", { className: "where" }, `Understood as: ${answer.standalone}`));
  }
  nodes.push(...said(answer, toItem));
  const reference = referenceView(answer);
  if (reference) nodes.push(reference);
  if (answer.passages.length) nodes.push(passagesView(answer.passages));
  return nodes;
}

function said(answer, toItem) {
  if (answer.claims.length === 0) {
    const note = create("p", { className: "where" }, answer.refused ? "Not answered:" : "The answer:");
    const text = answer.text.trim() || "(nothing was written)";
    return [create("div", { className: "refusal" }, note, create("p", {}, text))];
  }
  return answer.claims.map((claim) => {
    const line = create("p", { className: "claim" }, create("span", {}, claim.text));
    for (const cited of claim.cited) line.append(" ", number(cited, toItem));
    return line;
  });
}

function number({ item, number }, toItem) {
  if (item === null) {
    const title = "No passage had this number";
    return create("span", { className: "number never", title }, `${number}`,
      create("span", { className: "visually-hidden" }, " (no passage had this number)"));
  }
  const button = create("button", { type: "button", className: "number" }, `${number}`);
  button.dataset.item = item;
  button.setAttribute("aria-label", `Judge citation ${number}`);
  button.addEventListener("click", () => toItem(item));
  return button;
}

function referenceView(answer) {
  const text = answer.reference_answer ?? answer.why_unanswerable;
  if (!text) return null;
  const label = answer.why_unanswerable ? "Why the documents do not answer it" : "What a right answer says";
  return create("details", { id: "reference" },
    create("summary", {}, label, " ", create("kbd", {}, "r")), create("p", {}, text));
}

function passagesView(passages) {
  const count = passages.length === 1 ? "The passage" : `All ${passages.length} passages`;
  return create("details", { id: "passages" }, create("summary", {}, `${count} it was written from`),
    ...passages.map((passage) => create("section", {}, sourceLine(passage), passageText(passage, []))));
}

export function sourceLine(passage) {
  const [first, ...deeper] = passage.heading_path;
  const headings = first === passage.title ? deeper : passage.heading_path;
  const place = [passage.document, ...headings].join(" › ");
  return create("p", { className: "source" },
    create("span", { className: "number" }, `${passage.number}`), " ",
    create("b", {}, passage.title), create("span", { className: "where" }, place));
}

// A passage whole, the quoted characters [start, end) marked.
export function passageText(passage, spans) {
  const points = new CodePoints(passage.text);
  const marked = spans.map(([start, end]) => ({ start, end }));
  return create("blockquote", { className: "passage" }, ...highlighted(points, 0, points.length, marked));
}
