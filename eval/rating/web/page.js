// What both pages share: the server's answers, who is here, keys, and what is said aloud.

const TOKEN = document.querySelector('meta[name="pincite-token"]').content;
const UNREACHABLE = "The rating has ended: start it again on the command line, then load this page.";

export const byId = (id) => document.getElementById(id);

export async function get(path, query = {}) {
  return answered(`${path}?${new URLSearchParams(query)}`, {});
}

export async function post(path, body) {
  return answered(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    // What was judged is kept even where the page is left at once.
    keepalive: true,
  });
}

async function answered(path, options) {
  const headers = { ...options.headers, "X-Pincite-Token": TOKEN };
  const response = await fetch(path, { ...options, headers }).catch(() => {
    throw new Error(UNREACHABLE);
  });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Error(body?.error?.message ?? `The server answered ${response.status}.`);
  return body;
}

// For screen readers.
export function say(text) {
  byId("status").textContent = text;
}

export function tellError(error) {
  byId("error").textContent = error.message;
  byId("error").hidden = false;
}

export function clearError() {
  byId("error").hidden = true;
}

// Shows one of the sections of <main>, and the footer with the work.
export function show(section) {
  for (const id of ["start", "work", "finished"]) byId(id).hidden = id !== section;
  byId("actions").hidden = section !== "work";
  byId("who").hidden = section === "start";
}

// Everything that is kept is kept in this order, one after the other.
let queue = Promise.resolve();

export function inOrder(work) {
  const done = queue.then(work);
  queue = done.catch(() => {});
  return done;
}

// Who is here, in this tab: a reload goes on without asking.
export const visitor = {
  get name() {
    return sessionStorage.getItem("rater");
  },
  set name(name) {
    if (name) sessionStorage.setItem("rater", name);
    else sessionStorage.removeItem("rater");
  },
};

export function onEnter(begin) {
  byId("enter").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = byId("name").value.trim();
    if (name) begin(name);
  });
}

// `keys` are functions by key; those of one character only act while single keys are on.
export function listen(keys) {
  const help = byId("help");
  const switched = byId("keys-on");
  switched.checked = localStorage.getItem("single-keys") !== "off";
  switched.addEventListener("change", () => {
    localStorage.setItem("single-keys", switched.checked ? "on" : "off");
  });
  byId("open-help").addEventListener("click", () => help.showModal());
  byId("close-help").addEventListener("click", () => help.close());
  help.addEventListener("click", (event) => {
    if (event.target === help) help.close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const single = event.key.length === 1;
    if (isTyped(event.target) || (single && !switched.checked)) return;
    if (help.open) {
      if (event.key === "?") act(event, () => help.close());
      return;
    }
    if (event.key === "?") act(event, () => help.showModal());
    // A focused button or link is pressed by Enter as everywhere.
    else if (event.key === "Enter" && event.target.closest("button, a, summary, input")) return;
    else if (!byId("work").hidden && keys[event.key]) act(event, keys[event.key]);
  });
}

function act(event, work) {
  event.preventDefault();
  work();
}

function isTyped(target) {
  return target.closest("textarea, input:not([type=checkbox])") !== null;
}
