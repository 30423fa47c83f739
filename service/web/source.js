// The panel that shows a source's own words.

import { standing } from "./days.js";
import { CodePoints, create, highlighted, placeInDocument } from "./text.js";

export class SourcePanel {
  constructor(panel) {
    this.panel = panel;
    this.title = panel.querySelector("h2");
    this.body = panel.querySelector("#source-body");
    this.opener = null;
    this.shown = null;
    panel.querySelector("#source-close").addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !panel.hidden) this.close();
    });
    // On a narrower screen the cited words stand elsewhere in the panel.
    new ResizeObserver(() => this.showMark()).observe(panel);
  }

  showMark() {
    this.body.querySelector("mark")?.scrollIntoView({ block: "nearest" });
  }

  // Shows what `citations` (all of one passage) cite; `passages` fills up when the answer is whole.
  open(opener, citations, passages) {
    this.opener?.setAttribute("aria-expanded", "false");
    this.opener = opener;
    this.shown = { citations, passages };
    opener.setAttribute("aria-expanded", "true");
    this.panel.hidden = false;
    this.refresh();
    this.panel.scrollTop = 0;
    this.showMark();
    opener.scrollIntoView({ block: "nearest" });
    this.title.focus({ preventScroll: true });
  }

  refresh() {
    if (!this.shown) return;
    const { citations, passages } = this.shown;
    const [citation] = citations;
    this.title.textContent = citation.title;
    const note = standing(citation);
    this.body.replaceChildren(
      ...(note ? [create("p", { className: "notice" }, `This document ${note}.`)] : []),
      create("p", { className: "where" }, placeInDocument(citation)),
      create("p", { className: "where" }, citation.document),
      create(
        "a",
        { className: "open", href: citation.url, target: "_blank", rel: "noopener" },
        "Open in the document",
        create("span", { className: "visually-hidden" }, " (in a new tab)"),
      ),
      create("blockquote", { className: "passage" }, ...words(citations, passages)),
      ...sameText(citation.same_text ?? []),
    );
  }

  close() {
    this.panel.hidden = true;
    this.opener?.setAttribute("aria-expanded", "false");
    if (this.opener?.isConnected) this.opener.focus();
    this.opener = this.shown = null;
  }
}

// The other documents that say the same, each to be opened.
function sameText(documents) {
  if (!documents.length) return [];
  const links = documents.map(({ document_id: id, document: name, title }) => {
    const href = `/documents/${encodeURIComponent(id)}`;
    const hidden = create("span", { className: "visually-hidden" }, " (in a new tab)");
    const link = create("a", { href, target: "_blank", rel: "noopener" }, title, hidden);
    return create("li", {}, link, create("span", { className: "place" }, name));
  });
  const list = create("ul", {}, ...links);
  return [create("div", { className: "same" }, create("h3", {}, "Same text in:"), list)];
}

// The passage with the cited words marked; the words alone until the passage has come.
function words(citations, passages) {
  const passage = passages.get(citations[0].number);
  if (!passage) return citations.map(({ quote }) => create("mark", {}, quote));
  const points = new CodePoints(passage.text);
  const spans = citations.map(({ start, end }) => ({
    start: start - passage.start,
    end: end - passage.start,
  }));
  return highlighted(points, 0, points.length, spans);
}
