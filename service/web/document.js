// The document page: the text by its elements, and the words a link points to highlighted.

import { fetchDocument } from "./service.js";
import { CodePoints, create, highlighted } from "./text.js";

const MISSING = "There is no such document here. It may have been removed since the link was made.";

const notice = document.getElementById("notice");
const article = document.getElementById("text");

try {
  show(await fetchDocument(location.pathname));
} catch (error) {
  const message = error.status === 404 ? MISSING : error.message;
  notice.append(message, " ", create("a", { href: "/" }, "Back to the questions"), ".");
  notice.hidden = false;
} finally {
  article.removeAttribute("aria-busy");
}

function show(shown) {
  const points = new CodePoints(shown.text);
  const span = asked();
  document.title = `${shown.title} - Pincite`;
  document.getElementById("name").textContent = shown.name;
  if (!shown.elements.some(isDocumentTitle)) article.append(create("h1", {}, shown.title));
  addElements(shown.elements, points, span ? [span] : []);
  if (span) scrollTo(article.querySelector("mark"));
  else if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function isDocumentTitle(element) {
  return element.kind === "title" && element.heading_path.length === 1;
}

// The span in the address as code points, or null where it has none.
function asked() {
  const query = new URLSearchParams(location.search);
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
  if (mark) {
    mark.scrollIntoView({ block: "center" });
    return;
  }
  notice.textContent =
    "The place this link points to is not in the document; it may have changed since.";
  notice.hidden = false;
}
