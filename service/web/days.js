// From which day to which a document applies, as the service says it: "2026-07-01", or null.

// What a reader must know of these days; null where the document simply applies.
export function standing({ valid_from: from, valid_until: until }) {
  const now = today();
  if (until && until <= now) return `applied only until ${until}`;
  if (from && from > now) return `applies only from ${from}`;
  return null;
}

export function isOver({ valid_until: until }) {
  return Boolean(until) && until <= today();
}

// The day here; toISOString would tell the day in Greenwich.
function today() {
  const now = new Date();
  const parts = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}
