// A draft to be decided on, and the passages its answer rests on.

import { CodePoints, create, highlighted } from "/web/text.js";

export function draftView(draft) {
  const { now } = draft;
  const nodes = [create("p", { className: "badges" }, ...badges(draft)),
    create("h1", { id: "question", tabIndex: -1 }, now.question)];
  if (now.unanswerable) {
    nodes.push(part("Not to be answered", now.why_unanswerable ?? "The documents do not say."));
    return nodes;
  }
  nodes.push(part("A right answer says", now.reference_answer ?? "(no reference answer)"));
  if (now.key_facts.length) {
    const facts = now.key_facts.map((fact) =>
      create("li", {}, fact.text, fact.vital ? "" : create("span", { className: "badge" }, "welcome")));
    nodes.push(create("section", { className: "part" }, create("h2", {}, "Key facts"), create("ul", {}, ...facts)));
  }
  return nodes;
}

function badges(draft) {
  const found = [draft.kind && create("span", { className: "badge" }, draft.kind)];
  if (draft.decision) {
    const text = `${draft.decision}${draft.changed ? ", changed" : ""} by ${draft.decided_by}`;
    found.push(create("span", { className: `badge ${draft.decision}` }, text));
  }
  return found.filter(Boolean);
}

function part(title, text) {
  return create("section", { className: "part" }, create("h2", {}, title), create("p", {}, text));
}

export function contextView(draft) {
  if (draft.contexts.length === 0) {
    const text = draft.now.unanswerable
      ? "Nothing in the documents answers this question: that is what it is for."
      : "The documents are not at hand: start this page where the index is to see the passages.";
    return [create("section", { className: "item" }, create("p", { className: "ask" }, text))];
  }
  return draft.contexts.map((context) => {
    const place = [context.document, context.heading].filter(Boolean).join(" › ");
    const head = create("p", { className: "source" }, create("b", {}, context.title),
      create("span", { className: "where" }, place));
    return create("section", { className: "item" }, head, ...passage(context));
  });
}

function passage(context) {
  if (context.missing) {
    return [create("p", { className: "alert" }, context.missing),
      create("blockquote", { className: "passage" }, context.quote)];
  }
  const points = new CodePoints(context.text);
  const words = highlighted(points, 0, points.length, [{ start: context.start, end: context.end }]);
  const text = create("blockquote", { className: "passage tall", tabIndex: 0 }, ...words);
  text.setAttribute("aria-label", `In ${context.title}`);
  return [text];
}
