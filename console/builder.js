// Builds a condition from parts, or takes it as JSON.
import { ATTRIBUTES, GROUPS, groupIn, leafOf, OPERATORS, read, readText, TYPES } from "./conditions.js";
import { h, show } from "./dom.js";
import { button } from "./ui.js";

function select(name, options, value, changed) {
  const made = h(
    "select",
    { "aria-label": name, value },
    Object.entries(options).map(([each, text]) => h("option", { value: each }, text)),
  );
  made.addEventListener("change", () => changed(made.value));
  return made;
}

function text(name, value, changed, more = {}) {
  const made = h("input", { "aria-label": name, value, autocomplete: "off", spellcheck: "false", ...more });
  made.addEventListener("input", () => changed(made.value));
  return made;
}

/** A moment as the browser's own field writes it, and back. */
function moment(name, value, changed) {
  const at = value ? new Date(value) : null;
  const local =
    at && !Number.isNaN(at.getTime()) ? new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "";
  return text(name, local, (given) => changed(given ? new Date(given).toISOString() : ""), { type: "datetime-local" });
}

function valueInput(part, changed) {
  const input = (key, name) => {
    const take = (value) => ((part[key] = value), changed());
    if (part.operator === "within_days")
      return text("Days", part[key], take, { inputmode: "decimal", placeholder: "30", size: 4 });
    if (part.type === "time") return moment(name, part[key], take);
    if (part.type === "yes") return select(name, { true: "yes", false: "no" }, part[key] || (part[key] = "true"), take);
    const values = part.source === "attribute" && ATTRIBUTES[part.name].values;
    if (values && ["eq", "ne"].includes(part.operator))
      return select(
        name,
        Object.fromEntries(values.map((each) => [each, each])),
        values.includes(part[key]) ? part[key] : (part[key] = values[0]),
        take,
      );
    return text(name, part[key], take, {
      placeholder: part.operator === "in" ? "one, another" : "value",
      inputmode: part.type === "number" ? "decimal" : undefined,
    });
  };
  if (part.operator === "exists" || part.operator === "missing") return null;
  if (part.operator === "between")
    return [input("value", "From"), h("span", { class: "muted" }, "and"), input("value2", "To")];
  return input("value", "Value");
}

function drawLeaf(part, changed, redraw, away) {
  const sources = { property: "Property", attribute: "Attribute", segment: "Segment", cohort: "Share of all devices" };
  const again = () => (redraw(), changed());
  const parts = [
    select("What is compared", sources, part.source, (value) => (Object.assign(part, leafOf(value)), again())),
  ];
  if (part.source === "cohort")
    parts.push(
      text("Percent", part.value, (value) => ((part.value = value), changed()), {
        inputmode: "numeric",
        placeholder: "10",
      }),
      h("span", { class: "muted" }, "% by seed"),
      text("Seed", part.value2, (value) => ((part.value2 = value), changed()), { placeholder: "spring" }),
    );
  if (part.source === "segment")
    parts.push(
      text("Name of the segment", part.name, (value) => ((part.name = value), changed()), { placeholder: "paying" }),
    );
  if (part.source === "property") {
    parts.push(
      text("Name of the property", part.name, (value) => ((part.name = value), changed()), { placeholder: "plan" }),
    );
    parts.push(
      select(
        "Type",
        TYPES,
        part.type,
        (value) => (
          Object.assign(part, { type: value, operator: Object.keys(OPERATORS[value])[0], value: "", value2: "" }),
          again()
        ),
      ),
    );
  }
  if (part.source === "attribute")
    parts.push(
      select(
        "Attribute",
        Object.fromEntries(Object.keys(ATTRIBUTES).map((each) => [each, each])),
        part.name,
        (value) => (
          Object.assign(part, {
            name: value,
            type: ATTRIBUTES[value].type,
            operator: Object.keys(OPERATORS[ATTRIBUTES[value].type])[0],
            value: "",
            value2: "",
          }),
          again()
        ),
      ),
    );
  if (part.source === "property" || part.source === "attribute")
    parts.push(
      select("Comparison", OPERATORS[part.type], part.operator, (value) => ((part.operator = value), again())),
      valueInput(part, changed),
    );
  return h(
    "li",
    { class: "leaf" },
    parts,
    button("", away, { kind: "quiet", picture: "close", label: "Remove this condition" }),
  );
}

function drawGroup(part, changed, redraw, away) {
  const remove = (i) => () => (part.items.splice(i, 1), redraw(), changed());
  const add = (made) => () => (part.items.push(made), redraw(), changed());
  return h(
    away ? "li" : "div",
    { class: "group", role: "group", "aria-label": "Group of conditions" },
    h(
      "div",
      { class: "row tight" },
      h("span", null, away ? "and a group: " : "Devices that meet"),
      select("How they are joined", GROUPS, part.how, (value) => ((part.how = value), changed())),
      away && button("", away, { kind: "quiet", picture: "close", label: "Remove this group" }),
    ),
    part.items.length === 0
      ? h("p", { class: "muted small" }, "No condition: every device.")
      : h(
          "ul",
          null,
          part.items.map((each, i) =>
            each.kind === "group"
              ? drawGroup(each, changed, redraw, remove(i))
              : drawLeaf(each, changed, redraw, remove(i)),
          ),
        ),
    h(
      "div",
      { class: "row tight" },
      button("Condition", add(leafOf("property")), { kind: "quiet small", picture: "plus" }),
      button("Group", add({ kind: "group", how: "any", items: [leafOf("property")] }), {
        kind: "quiet small",
        picture: "plus",
      }),
    ),
  );
}

/** An editor of one condition; `changed` is told of every change. */
export class ConditionEditor {
  constructor(first, changed) {
    this.root = groupIn(first);
    this.asText = this.root === null;
    this.typed = JSON.stringify(first, null, 2);
    this.changed = changed;
    this.body = h("div");
    this.wrong = h("p", { class: "hint", role: "status" });
    this.node = h("div", { class: "condition" }, this.body);
    this.draw();
  }

  /** {condition}, or {fault} in words. */
  read() {
    return this.asText ? readText(this.typed) : read(this.root);
  }

  tell() {
    show(this.wrong, this.asText ? this.read().fault : "");
    this.changed();
  }

  /** From parts to JSON, or back where parts can say it. */
  turn() {
    const { condition, fault } = this.read();
    const root = this.asText && condition ? groupIn(condition) : this.root;
    if (this.asText && !root) {
      show(this.wrong, fault || "This says something that can only be written as JSON.");
      return;
    }
    this.root = root;
    if (!this.asText) this.typed = JSON.stringify(condition || {}, null, 2);
    this.asText = !this.asText;
    this.draw();
    this.changed();
  }

  area() {
    const made = h("textarea", {
      class: "mono",
      rows: 9,
      spellcheck: "false",
      "aria-label": "Condition as JSON",
      value: this.typed,
    });
    made.addEventListener("input", () => {
      this.typed = made.value;
      this.tell();
    });
    return made;
  }

  /** Who uses a keyboard goes on where they were: at the same place, or at what has come there. */
  draw() {
    const places = () => [...this.body.querySelectorAll("select, input, textarea, button")];
    const at = places().indexOf(document.activeElement);
    this.fill();
    if (at >= 0) places()[Math.min(at, places().length - 1)].focus();
  }

  fill() {
    const turn = { type: "button", class: "button quiet small", onclick: () => this.turn() };
    const help = { class: "small", href: "/docs#schema-Condition", target: "_blank", rel: "noopener" };
    show(
      this.body,
      this.asText
        ? this.area()
        : drawGroup(
            this.root,
            () => this.tell(),
            () => this.draw(),
            null,
          ),
      this.wrong,
      h(
        "div",
        { class: "row between" },
        h("button", turn, this.asText ? "Build it from parts" : "Write it as JSON"),
        h("a", help, "What a condition may say"),
      ),
    );
  }
}
