// What all views are made of: badges, bars, tables, and what stands where nothing is there yet, or something is wrong.
import { h, icon, show } from "./dom.js";
import { ago, count, exact, OUTCOMES, several, share } from "./format.js";

export const badge = (kind, text = kind) => h("span", { class: `badge badge-${kind}` }, text);

export const time = (at) => (at ? h("time", { datetime: at, title: exact(at) }, ago(at)) : "–");

export const gatewayBadge = (gateway, names) => h("span", { class: "tag" }, names[gateway] || gateway || "–");

/** A button; while what it does is under way it is busy and cannot be pressed again. */
export function button(text, onpress, { kind = "", picture, label, type = "button", disabled } = {}) {
  const made = h(
    "button",
    { type, class: `button ${kind}`, "aria-label": label, disabled },
    picture && icon(picture),
    text && h("span", null, text),
  );
  made.addEventListener("click", async (event) => {
    if (!onpress || made.getAttribute("aria-busy")) return;
    made.setAttribute("aria-busy", "true");
    try {
      await onpress(event);
    } catch (fault) {
      if (fault.name !== "AbortError") say(fault.message, "bad");
    } finally {
      made.removeAttribute("aria-busy");
    }
  });
  return made;
}

/** A link that looks like a button. */
export const linkButton = (text, href, { kind = "", picture } = {}) =>
  h("a", { class: `button ${kind}`, href }, picture && icon(picture), h("span", null, text));

/** Tells something in passing; screen readers hear it. */
export function say(text, kind = "good") {
  const line = h(
    "p",
    { class: `toast toast-${kind}` },
    icon(kind === "bad" ? "alert" : "check"),
    h("span", null, text),
  );
  document.getElementById("said").append(line);
  setTimeout(() => line.remove(), kind === "bad" ? 9000 : 5000);
}

export const loading = (what = "Loading") =>
  h(
    "div",
    { class: "loading", role: "status" },
    h("span", { class: "spinner", "aria-hidden": "true" }),
    h("span", null, `${what}…`),
  );

export const empty = (title, text, ...actions) =>
  h(
    "div",
    { class: "empty" },
    icon("empty"),
    h("h2", null, title),
    h("p", null, text),
    actions.length > 0 && h("div", { class: "row center" }, actions),
  );

/** A fault, where it happened, and the way to try again. */
export function failure(problem, again) {
  const lines = problem.errors?.filter((each) => each.detail && each.detail !== problem.message) || [];
  return h(
    "div",
    { class: "failure", role: "alert" },
    icon("alert"),
    h(
      "div",
      null,
      h("p", null, problem.message),
      lines.length > 0 &&
        h(
          "ul",
          null,
          lines.map((each) => h("li", null, each.pointer ? h("code", null, each.pointer) : "", " ", each.detail)),
        ),
      problem.requestId && h("p", { class: "muted small" }, "Request ", h("code", null, problem.requestId)),
    ),
    again && button("Try again", again),
  );
}

/** For what the key may not see. */
export const locked = (what, scope) =>
  h(
    "div",
    { class: "empty" },
    icon("alert"),
    h("h2", null, "This key may not see it"),
    h(
      "p",
      null,
      `${what} needs an API key with the scope “${scope}”. Sign in with another key, or ask your operator for one.`,
    ),
  );

/**
 * Shows what `load` gives, drawn by `draw`: a sign of loading first, a fault with a way out when it fails. Once
 * something is shown, a failed refresh leaves it there and says so above it.
 */
export function resource(signal, load, draw, what) {
  const notice = h("div", { class: "notice", hidden: true });
  const body = h("div", null, loading(what));
  const node = h("div", null, notice, body);
  let shown = false;
  const refresh = async (quiet) => {
    if (!quiet && !shown) show(body, loading(what));
    try {
      const found = await load(signal);
      if (signal.aborted) return;
      notice.hidden = true;
      shown = true;
      show(body, draw(found));
      node.hidden = !body.hasChildNodes();
    } catch (fault) {
      if (signal.aborted || fault.name === "AbortError") return;
      if (!shown)
        show(
          body,
          failure(fault, () => refresh(false)),
        );
      else {
        notice.hidden = false;
        show(notice, icon("alert"), `Not up to date: ${fault.message}`);
      }
    }
  };
  refresh(false);
  return { node, refresh };
}

/** Calls `work` again and again while the view is open and the page is looked at; never twice at a time. */
export function every(milliseconds, signal, work) {
  let timer = 0;
  const run = async () => {
    if (!document.hidden) await work();
    if (!signal.aborted) timer = setTimeout(run, milliseconds);
  };
  timer = setTimeout(run, milliseconds);
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
}

/**
 * A table that becomes cards where there is no room. `columns`: {title, cell(row), kind: "number"}.
 */
export function table(caption, columns, rows) {
  const cells = (row) =>
    columns.map((each, i) =>
      h(
        i === 0 ? "th" : "td",
        { scope: i === 0 ? "row" : undefined, class: each.kind, "data-title": each.title },
        h("div", { class: "cell" }, each.cell(row)),
      ),
    );
  return h(
    "div",
    { class: "table-room" },
    h(
      "table",
      null,
      h("caption", { class: "unseen" }, caption),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          columns.map((each) => h("th", { scope: "col", class: each.kind }, each.title)),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((row) => h("tr", null, cells(row))),
      ),
    ),
  );
}

/** Draws anew without taking the focus from a link that is there again afterwards. */
export function redraw(into, ...children) {
  const before = into.contains(document.activeElement) ? document.activeElement : null;
  show(into, ...children);
  if (!before) return;
  const same = (each) =>
    each.tagName === before.tagName &&
    each.textContent === before.textContent &&
    each.href === before.href &&
    each.getAttribute("aria-label") === before.getAttribute("aria-label");
  [...into.querySelectorAll("a, button")].find(same)?.focus({ preventScroll: true });
}

/**
 * A list that grows by pages. `load(cursor)` gives a page of the API, `draw(items)` the whole list.
 */
export function pages(signal, load, draw, none, what) {
  const body = h("div", null);
  const foot = h("div", { class: "row center more" });
  let items = [];
  let turn = 0; // an answer to an earlier question is not shown
  const next = async (cursor, mine) => {
    const page = await load(cursor);
    if (mine !== turn || signal.aborted) return;
    items = cursor ? [...items, ...page.items] : page.items;
    redraw(
      body,
      items.length > 0
        ? draw(items)
        : page.has_more
          ? h("p", { class: "muted" }, "Nothing among what was looked through so far.")
          : none(),
    );
    show(
      foot,
      page.has_more && button(items.length > 0 ? "Show more" : "Look further", () => next(page.next_cursor, mine)),
    );
  };
  // `quiet`: what is shown stays until there is something newer.
  const begin = async (quiet) => {
    const mine = (turn += 1);
    if (quiet !== true) {
      show(body, loading(what));
      show(foot);
    }
    try {
      await next("", mine);
    } catch (fault) {
      if (mine === turn && !signal.aborted && quiet !== true) show(body, failure(fault, begin));
    }
  };
  begin();
  return { node: h("div", null, body, foot), begin };
}

/** What became of an audience, as one bar; its words are for who cannot see it. */
export function outcomeBar(counts) {
  const parts = Object.keys(OUTCOMES).filter((each) => counts[each] > 0);
  const words = [
    ...parts.map((each) => `${count(counts[each])} ${each}`),
    ...(counts.pending > 0 ? [`${count(counts.pending)} pending`] : []),
  ];
  const pieces = parts.map((each) =>
    h("span", {
      class: `piece fill-${each}`,
      title: `${count(counts[each])} ${each}`,
      style: { "flex-grow": String(counts[each]) },
    }),
  );
  if (counts.pending > 0)
    pieces.push(h("span", { class: "piece fill-pending", style: { "flex-grow": String(counts.pending) } }));
  return h("div", { class: "outcomes", role: "img", "aria-label": words.join(", ") || "no devices" }, pieces);
}

/** The same with names and numbers. */
export function outcomeLegend(counts) {
  const parts = [...Object.keys(OUTCOMES), "pending"].filter((each) => counts[each] > 0);
  return h(
    "ul",
    { class: "legend" },
    parts.map((each) =>
      h(
        "li",
        { title: OUTCOMES[each] || "No outcome yet" },
        h("span", { class: `dot fill-${each}`, "aria-hidden": "true" }),
        h("span", { class: "name" }, each),
        " ",
        h("strong", null, count(counts[each])),
        " ",
        h("span", { class: "muted" }, share(counts[each], counts.audience)),
      ),
    ),
  );
}

/** A number with its name. */
export const figure = (name, value, more) =>
  h(
    "div",
    { class: "figure" },
    h("dt", null, name),
    h("dd", null, h("strong", null, value), more && h("span", { class: "muted" }, more)),
  );

/**
 * Asks before something that cannot be taken back. Gives whether it is wanted; Escape is no.
 */
export function confirmed(title, text, yes, kind = "danger") {
  return new Promise((done) => {
    const before = document.activeElement;
    const dialog = h("dialog", { "aria-labelledby": "ask-title", "aria-describedby": "ask-text" });
    const close = (answer) => (dialog.close(), dialog.remove(), before?.focus?.(), done(answer));
    show(
      dialog,
      h("h2", { id: "ask-title" }, title),
      h("div", { id: "ask-text" }, text),
      h(
        "div",
        { class: "row end" },
        button("Not now", () => close(false)),
        button(yes, () => close(true), { kind }),
      ),
    );
    dialog.addEventListener("cancel", (event) => (event.preventDefault(), close(false)));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A field with its name, and room for what is wrong with it. */
export function field(name, input, { hint } = {}) {
  const id = `field-${(field.last = (field.last || 0) + 1)}`;
  input.id = id;
  const note = h("p", { class: "hint", id: `${id}-hint` }, hint || "");
  if (hint) input.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: id }, name), input, hint && note);
}

export const devicesText = (number) => several(number, "device");
