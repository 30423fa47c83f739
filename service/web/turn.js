// One question and its answer, as it comes in.

import { standing } from "./days.js";
import { create, placeInDocument } from "./text.js";

const VERDICTS = {
  unsupported: "not supported by the documents",
  uncited: "not supported by the documents",
  fabricated: "cites a source that does not exist",
};

export class Turn {
  constructor(question, asOf, panel) {
    this.panel = panel;
    this.citations = [];
    this.passages = new Map();
    this.sentences = create("div");
    this.waiting = create("p", { className: "waiting" }, reading(asOf));
    this.node = create(
      "article",
      { className: "turn", aria: { busy: "true" } },
      create("h2", {}, question),
      this.sentences,
      this.waiting,
    );
  }

  get started() {
    return this.sentences.childElementCount > 0;
  }

  addSentence(sentence) {
    const paragraph = create("p", { className: "sentence" }, ...judged(sentence));
    for (const [number, citations] of byNumber(sentence.citations)) {
      const label = `Source ${number}: ${placeLine(citations[0])}`;
      paragraph.append("\u00a0", this.#opener(citations, "number", label, `[${number}]`));
    }
    if (sentence.correction) {
      const detail = `The draft of this answer ${sentence.correction}.`;
      const properties = { className: "correction", title: detail };
      paragraph.append(" ", create("span", properties, `citation corrected: ${sentence.correction}`));
    }
    this.citations.push(...sentence.citations);
    this.sentences.append(paragraph);
  }

  // The whole answer: what the panel shows in context, the sources, or the refusal.
  finish(answer) {
    for (const passage of answer.passages) this.passages.set(passage.number, passage);
    if (answer.standalone !== answer.question) {
      const understood = `Understood as: ${answer.standalone}`;
      this.sentences.before(create("p", { className: "understood" }, understood));
    }
    if (answer.refused) {
      // Sentences that came before the answer was refused are no part of it.
      if (this.started) this.panel.close();
      this.sentences.replaceChildren();
      this.citations = [];
      this.node.append(refusal(answer));
    }
    if (answer.notice) {
      this.sentences.after(create("p", { className: "notice" }, answer.notice));
    }
    if (!answer.refused) this.#addSources();
    this.panel.refresh();
    this.#done();
  }

  // The answer is not whole; `note` says why.
  end(note) {
    this.node.append(create("p", { className: "note" }, note));
    this.#done();
  }

  #done() {
    this.waiting.remove();
    this.node.removeAttribute("aria-busy");
  }

  #addSources() {
    const items = [...byNumber(this.citations)].map(([number, citations]) => {
      const [citation] = citations;
      const label = `Source ${number}: ${placeLine(citation)}, every cited word`;
      const mark = create("span", { className: "n" }, String(number));
      const place = create("span", {}, ...placeNodes(citation));
      return create("li", {}, this.#opener(citations, "", label, mark, place));
    });
    if (!items.length) return;
    const list = create("ul", {}, ...items);
    this.node.append(create("div", { className: "sources" }, create("h3", {}, "Sources"), list));
  }

  #opener(citations, className, label, ...children) {
    const aria = { label, controls: "source", expanded: "false" };
    const button = create("button", { type: "button", className, aria }, ...children);
    button.addEventListener("click", () => this.panel.open(button, citations, this.passages));
    return button;
  }
}

function reading(asOf) {
  return asOf ? `Reading the documents that applied on ${asOf}…` : "Reading the documents…";
}

// The sentence's words, struck through where no passage supports them.
function judged(sentence) {
  if (sentence.verdict === "supported") return [sentence.text];
  const why = VERDICTS[sentence.verdict] ?? sentence.verdict;
  return [
    create("s", { title: `This sentence is ${sentence.verdict}: ${why}` }, sentence.text),
    create("span", { className: "verdict" }, why),
  ];
}

function refusal(answer) {
  const box = create("div", { className: "refusal" });
  if (!answer.nearest.length) {
    box.append(create("p", {}, answer.text));
    return box;
  }
  const links = answer.nearest.map((passage) => {
    const hidden = create("span", { className: "visually-hidden" }, " (in a new tab)");
    const properties = { href: passage.url, target: "_blank", rel: "noopener" };
    return create("li", {}, create("a", properties, ...placeNodes(passage), hidden));
  });
  box.append(
    create("p", {}, answer.reason ?? "No passage in the documents answers this question."),
    create("h3", {}, "The nearest passages"),
    create("ul", {}, ...links),
  );
  return box;
}

function byNumber(citations) {
  const groups = new Map();
  for (const citation of citations) {
    if (!groups.has(citation.number)) groups.set(citation.number, []);
    groups.get(citation.number).push(citation);
  }
  return groups;
}

function placeNodes(place) {
  const inside = placeInDocument(place);
  const nodes = [place.title];
  if (inside) nodes.push(create("span", { className: "place" }, inside));
  const note = standing(place);
  if (note) nodes.push(" ", create("span", { className: "over" }, note));
  return nodes;
}

function placeLine(place) {
  return [place.title, placeInDocument(place), standing(place)].filter(Boolean).join(", ");
}
