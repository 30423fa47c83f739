// Text into the page: always as text nodes, and by Python's offsets.
//
// The service counts characters as Python does, in code points; a JavaScript string counts UTF-16
// units, two for an emoji. CodePoints slices by the service's offsets.

export class CodePoints {
  constructor(text) {
    this.points = Array.from(text);
  }

  get length() {
    return this.points.length;
  }

  slice(start, end) {
    return this.points.slice(start, end).join("");
  }
}

// An element with properties and children; strings become text nodes.
export function create(tag, properties = {}, ...children) {
  const { aria = {}, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(`aria-${name}`, value);
  node.append(...children);
  return node;
}

// The characters [start, end) of a text as nodes, those inside any of the spans as <mark>.
export function highlighted(points, start, end, spans) {
  const nodes = [];
  let position = start;
  for (const span of merged(spans)) {
    const from = Math.max(span.start, position);
    const to = Math.min(span.end, end);
    if (from >= to) continue;
    if (from > position) nodes.push(points.slice(position, from));
    nodes.push(create("mark", {}, points.slice(from, to)));
    position = to;
  }
  if (position < end) nodes.push(points.slice(position, end));
  return nodes;
}

// Spans in order, those that overlap or touch made one.
function merged(spans) {
  const result = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else result.push({ start: span.start, end: span.end });
  }
  return result;
}

// The headings under a document's title, and the page where it has one, as one line.
export function placeInDocument(place) {
  const [first, ...deeper] = place.heading_path;
  const headings = (first === place.title ? deeper : place.heading_path).join(" › ");
  const page = place.page === null ? "" : `page ${place.page}`;
  return [headings, page].filter(Boolean).join(", ");
}
