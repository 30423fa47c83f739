// The form in which a draft is changed.

import { create } from "/web/text.js";

// `save` and `cancel` are called without arguments.
export function editForm(draft, save, cancel) {
  const { now } = draft;
  const facts = create("ul", { className: "facts" }, ...now.key_facts.map(factRow));
  const add = create("button", { type: "button" }, "Add a key fact");
  add.addEventListener("click", () => {
    const row = factRow({ text: "", vital: true });
    facts.append(row);
    row.querySelector("textarea").focus();
  });
  const answerable = create("div", {},
    field("edit-answer", "A right answer says", area("edit-answer", now.reference_answer ?? "", 4)),
    create("fieldset", {}, create("legend", {}, "Key facts"), facts, add));
  const why = create("div", {}, field("edit-why", "Why not", area("edit-why", now.why_unanswerable ?? "", 2)));
  const unanswerable = create("input", { type: "checkbox", id: "edit-unanswerable", checked: now.unanswerable });
  const follow = () => {
    answerable.hidden = unanswerable.checked;
    why.hidden = !unanswerable.checked;
  };
  unanswerable.addEventListener("change", follow);
  follow();
  // Without a gold passage nothing can be answered from one.
  unanswerable.disabled = now.unanswerable && draft.contexts.length === 0;
  const form = create("form", { id: "edit", noValidate: true },
    field("edit-question", "Question", area("edit-question", now.question, 2)),
    create("label", { className: "check" }, unanswerable, " The documents do not answer it"), answerable, why);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    else return;
    event.preventDefault();
  });
  return form;
}

export function changesIn(form) {
  const text = (id) => form.querySelector(`#${id}`).value.trim();
  const unanswerable = form.querySelector("#edit-unanswerable").checked;
  const rows = unanswerable ? [] : [...form.querySelectorAll(".facts li")];
  return {
    question: text("edit-question"),
    reference_answer: unanswerable ? null : text("edit-answer") || null,
    key_facts: rows
      .map((row) => ({
        text: row.querySelector("textarea").value.trim(),
        vital: row.querySelector("input").checked,
      }))
      .filter((fact) => fact.text),
    unanswerable,
    why_unanswerable: unanswerable ? text("edit-why") || null : null,
  };
}

function factRow(fact) {
  const words = create("textarea", { rows: 1, value: fact.text, maxLength: 2000 });
  words.setAttribute("aria-label", "Key fact");
  const vital = create("input", { type: "checkbox", checked: fact.vital });
  const remove = create("button", { type: "button", className: "quiet" }, "Remove");
  const row = create("li", {}, words, create("label", { className: "check" }, vital, " vital"), remove);
  remove.addEventListener("click", () => row.remove());
  return row;
}

function area(id, value, rows) {
  return create("textarea", { id, rows, value, maxLength: 20000 });
}

function field(id, label, input) {
  return create("div", { className: "field" }, create("label", { htmlFor: id }, label), input);
}
