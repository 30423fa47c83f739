// The document page: the text by its elements, and the words a link points to highlighted.

import { isOver, standing } from "./days.js";
import { fetchDocument } from "./service.js";
import { CodePoints, create, highlighted } from "./text.js";

const MISSING = "There is no such document here. It may have been removed since the link was made.";
const NO_PLACE = "The place this link points to is not in the document; it may have changed since.";
const CHANGED =
  "The text has changed since this link was made, and the earlier text is no longer kept. This is the " +
  "text as it is now; what the link pointed to is not marked.";

const query = new URLSearchParams(location.search);
const notice = document.getElementById("notice");
const article = document.getElementById("text");

try {
  show(await fetchDocument(location.pathname, query.get("version")));
} catch (error) {
  const message = error.status === 404 ? MISSING : error.message;
  tell(message, " ", create("a", { href: "/" }, "Back to the questions"), ".");
} finally {
  article.removeAttribute("aria-busy");
}

function show(shown) {
  const points = new CodePoints(shown.text);
  const span = asked();
  const changed = query.has("version") && query.get("version") !== shown.version;
  document.title = `${shown.title} - Pincite`;
  document.getElementById("name").textContent = shown.name;
  tellStanding(shown);
  if (changed) tell(CHANGED);
  else if (shown.version !== shown.current_version) tellEarlier();
  if (!shown.elements.some(isDocumentTitle)) article.append(create("h1", {}, shown.title));
  // The offsets are those of the version that was asked for, and would mark other words in this one.
  addElements(shown.elements, points, span && !changed ? [span] : []);
  if (span && !changed) scrollTo(article.querySelector("mark"));
  else if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

// From when to when the document applies, where that is not simply now, and what replaces it.
function tellStanding(shown) {
  const ends = shown.superseded_by && shown.valid_until;
  const note = standing(shown) ?? (ends && `applies until ${shown.valid_until}`);
  if (!note) return;
  const nodes = [create("span", { className: isOver(shown) ? "over" : "" }, `This document ${note}.`)];
  if (shown.superseded_by) {
    const href = `/documents/${encodeURIComponent(shown.superseded_by)}`;
    const text = isOver(shown) ? "Read what replaced it" : "Read what replaces it";
    nodes.push(" ", create("a", { href }, text), ".");
  }
  tell(...nodes);
}

function tellEarlier() {
  const link = create("a", { href: location.pathname }, "Read it as it is now");
  tell("This is an earlier text of the document. ", link, ".");
}

function tell(...nodes) {
  notice.append(create("p", {}, ...nodes));
  notice.hidden = false;
}

function isDocumentTitle(element) {
  return element.kind === "title" && element.heading_path.length === 1;
}

// The span in the address as code points, or null where it has none.
function asked() {
  if (!query.has("start") || !query.has("end")) return null;
  return { start: Number(query.get("start")), end: Number(query.get("end")) };
}

function addElements(elements, points, spans) {
  let list = null;
  let page = null;
  for (const element of elements) {
    if (element.page !== null && element.page !== page) {
      page = element.page;
      list = null;
      article.append(create("div", { className: "page" }, `Page ${page}`));
    }
    if (element.kind !== "list_item") {
      list = null;
      article.append(block(element, points, spans));
      continue;
    }
    if (!list) {
      list = create("ul");
      article.append(list);
    }
    const words = highlighted(points, element.start, element.end, spans);
    list.append(create("li", { id: element.anchor }, ...words));
  }
}

function block(element, points, spans) {
  const id = element.anchor;
  if (element.kind === "table") {
    return create("ul", { id, className: "table" }, ...rows(element, points, spans));
  }
  const depth = Math.min(Math.max(element.heading_path.length, 1), 6);
  const tag = element.kind === "title" ? `h${depth}` : "p";
  return create(tag, { id }, ...highlighted(points, element.start, element.end, spans));
}

// One list item for each line of a table's text.
function rows(element, points, spans) {
  const items = [];
  let start = element.start;
  for (const line of points.slice(element.start, element.end).split("\n")) {
    const end = start + Array.from(line).length;
    items.push(create("li", {}, ...highlighted(points, start, end, spans)));
    start = end + 1;
  }
  return items;
}

function scrollTo(mark) {
  if (mark) mark.scrollIntoView({ block: "center" });
  else tell(NO_PLACE);
}
