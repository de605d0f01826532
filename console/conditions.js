// Builds a condition from parts, or takes it as JSON: both say the same.
import { h, show } from "./dom.js";
import { button } from "./ui.js";

const ATTRIBUTES = {
  platform: { type: "text", values: ["android", "ios", "web", "other"] },
  gateway: { type: "text", values: ["fcm", "apns", "webpush", "hms"] },
  language: { type: "text" },
  locale: { type: "text" },
  time_zone: { type: "text" },
  user_id: { type: "text" },
  app_version: { type: "text" },
  created_at: { type: "time" },
  last_seen_at: { type: "time" },
};
const TYPES = { text: "text", number: "number", yes: "yes or no", time: "time", list: "list" };
const OPERATORS = {
  text: { eq: "is", ne: "is another than", in: "is one of", prefix: "begins with", contains: "contains", version_gte: "is version or later", version_lt: "is before version", exists: "is there", missing: "is missing" },
  number: { eq: "is", ne: "is another than", gt: "is more than", gte: "is at least", lt: "is less than", lte: "is at most", between: "is between", exists: "is there", missing: "is missing" },
  yes: { eq: "is", exists: "is there", missing: "is missing" },
  time: { within_days: "is of the last days", gte: "is not before", lt: "is before", between: "is between", exists: "is there", missing: "is missing" },
  list: { contains: "contains", exists: "is there", missing: "is missing" },
};
const GROUPS = { all: "all of these", any: "any of these", none: "none of these" };

// -- JSON to parts and back --

const leafOf = (source) => ({ kind: "leaf", source, name: source === "attribute" ? "platform" : "", type: "text", operator: "eq", value: "", value2: "" });

function typeOf(value) {
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "yes";
  if (value && typeof value === "object" && "time" in value) return "time";
  return "text";
}

const plain = (value) => (value && typeof value === "object" && "time" in value ? value.time : String(value));

/** The parts of a condition; null when it says something that the parts cannot. */
function partsOf(condition) {
  const names = Object.keys(condition);
  if (names.length === 0) return { kind: "group", how: "all", items: [] };
  for (const how of ["all", "any"]) if (names.length === 1 && names[0] === how) return groupOf(how, condition[how]);
  if (names.length === 1 && names[0] === "not") {
    const inner = condition.not;
    return Object.keys(inner).length === 1 && Array.isArray(inner.any) ? groupOf("none", inner.any) : groupOf("none", [inner]);
  }
  if (names.length === 1 && names[0] === "segment") return { ...leafOf("segment"), name: condition.segment };
  if (names.length === 1 && names[0] === "cohort") {
    const { of = 100, from = 0, to, seed = "" } = condition.cohort;
    return of === 100 && from === 0 && to < 100 ? { ...leafOf("cohort"), value: String(to + 1), value2: seed } : null;
  }
  const source = ["property", "attribute"].find((each) => names.includes(each));
  const operator = names.find((each) => each !== source);
  if (!source || names.length !== 2) return null;
  const name = condition[source];
  const given = condition[operator];
  const leaf = { ...leafOf(source), name, operator: operator === "exists" && given === false ? "missing" : operator };
  const first = Array.isArray(given) ? given[0] : given;
  leaf.type = source === "attribute" ? ATTRIBUTES[name]?.type : operator === "within_days" ? "time" : operator === "exists" ? "text" : typeOf(first);
  if (!leaf.type || !(leaf.operator in OPERATORS[leaf.type])) return null;
  if (operator === "in" && given.some((each) => typeof each !== "string" || each.includes(","))) return null;
  if (operator === "in") leaf.value = given.join(", ");
  else if (operator === "between") [leaf.value, leaf.value2] = given.map(plain);
  else if (operator !== "exists") leaf.value = plain(given);
  return leaf;
}

function groupOf(how, items) {
  const parts = items.map(partsOf);
  return parts.includes(null) ? null : { kind: "group", how, items: parts };
}

class Unfinished extends Error {}

function valueOf(leaf, text) {
  if (text === "") throw new Unfinished("A condition has no value yet.");
  if (leaf.operator === "within_days" || leaf.type === "number") {
    const number = Number(text);
    if (!Number.isFinite(number)) throw new Unfinished(`“${text}” is no number.`);
    return number;
  }
  if (leaf.type === "yes") return text === "true";
  if (leaf.type === "time") {
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) throw new Unfinished(`“${text}” is no time.`);
    return leaf.source === "attribute" ? at.toISOString() : { time: at.toISOString() };
  }
  return text;
}

function jsonOf(part) {
  if (part.kind === "group") {
    const items = part.items.map(jsonOf);
    if (part.how === "none") return { not: items.length === 1 ? items[0] : { any: items } };
    return { [part.how]: items };
  }
  if (part.source === "cohort") {
    const percent = Number(part.value);
    if (!Number.isInteger(percent) || percent < 1 || percent > 100) throw new Unfinished("A share is a whole number from 1 to 100.");
    return { cohort: { of: 100, from: 0, to: percent - 1, seed: part.value2 } };
  }
  if (part.name === "") throw new Unfinished("A condition has no name yet.");
  if (part.source === "segment") return { segment: part.name };
  const of = { [part.source]: part.name };
  if (part.operator === "exists" || part.operator === "missing") return { ...of, exists: part.operator === "exists" };
  if (part.operator === "in") {
    const all = part.value.split(",").map((each) => each.trim()).filter(Boolean);
    if (all.length === 0) throw new Unfinished("A condition has no value yet.");
    return { ...of, in: all };
  }
  if (part.operator === "between") return { ...of, between: [valueOf(part, part.value), valueOf(part, part.value2)] };
  return { ...of, [part.operator]: valueOf(part, part.value) };
}

// -- drawing --

function select(name, options, value, changed) {
  const made = h("select", { "aria-label": name, value }, Object.entries(options).map(([each, text]) => h("option", { value: each }, text)));
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
  const local = at && !Number.isNaN(at.getTime()) ? new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "";
  return text(name, local, (given) => changed(given ? new Date(given).toISOString() : ""), { type: "datetime-local" });
}

function valueInput(part, changed) {
  const input = (key, name) => {
    const take = (value) => ((part[key] = value), changed());
    if (part.operator === "within_days") return text("Days", part[key], take, { inputmode: "decimal", placeholder: "30", size: 4 });
    if (part.type === "time") return moment(name, part[key], take);
    if (part.type === "yes") return select(name, { true: "yes", false: "no" }, part[key] || (part[key] = "true"), take);
    const values = part.source === "attribute" && ATTRIBUTES[part.name].values;
    if (values && ["eq", "ne"].includes(part.operator)) return select(name, Object.fromEntries(values.map((each) => [each, each])), values.includes(part[key]) ? part[key] : (part[key] = values[0]), take);
    return text(name, part[key], take, { placeholder: part.operator === "in" ? "one, another" : "value", inputmode: part.type === "number" ? "decimal" : undefined });
  };
  if (part.operator === "exists" || part.operator === "missing") return null;
  if (part.operator === "between") return [input("value", "From"), h("span", { class: "muted" }, "and"), input("value2", "To")];
  return input("value", "Value");
}

function drawLeaf(part, changed, redraw, away) {
  const sources = { property: "Property", attribute: "Attribute", segment: "Segment", cohort: "Share of all devices" };
  const again = () => (redraw(), changed());
  const parts = [select("What is compared", sources, part.source, (value) => (Object.assign(part, leafOf(value)), again()))];
  if (part.source === "cohort") parts.push(text("Percent", part.value, (value) => ((part.value = value), changed()), { inputmode: "numeric", placeholder: "10" }), h("span", { class: "muted" }, "% by seed"), text("Seed", part.value2, (value) => ((part.value2 = value), changed()), { placeholder: "spring" }));
  if (part.source === "segment") parts.push(text("Name of the segment", part.name, (value) => ((part.name = value), changed()), { placeholder: "paying" }));
  if (part.source === "property") {
    parts.push(text("Name of the property", part.name, (value) => ((part.name = value), changed()), { placeholder: "plan" }));
    parts.push(select("Type", TYPES, part.type, (value) => (Object.assign(part, { type: value, operator: Object.keys(OPERATORS[value])[0], value: "", value2: "" }), again())));
  }
  if (part.source === "attribute") parts.push(select("Attribute", Object.fromEntries(Object.keys(ATTRIBUTES).map((each) => [each, each])), part.name, (value) => (Object.assign(part, { name: value, type: ATTRIBUTES[value].type, operator: Object.keys(OPERATORS[ATTRIBUTES[value].type])[0], value: "", value2: "" }), again())));
  if (part.source === "property" || part.source === "attribute") parts.push(select("Comparison", OPERATORS[part.type], part.operator, (value) => ((part.operator = value), again())), valueInput(part, changed));
  return h("li", { class: "leaf" }, parts, button("", away, { kind: "quiet", picture: "close", label: "Remove this condition" }));
}

function drawGroup(part, changed, redraw, away) {
  const remove = (i) => () => (part.items.splice(i, 1), redraw(), changed());
  const add = (made) => () => (part.items.push(made), redraw(), changed());
  return h(
    away ? "li" : "div",
    { class: "group", role: "group", "aria-label": "Group of conditions" },
    h("div", { class: "row tight" }, h("span", null, away ? "and a group: " : "Devices that meet"), select("How they are joined", GROUPS, part.how, (value) => ((part.how = value), changed())), away && button("", away, { kind: "quiet", picture: "close", label: "Remove this group" })),
    part.items.length === 0 ? h("p", { class: "muted small" }, "No condition: every device.") : h("ul", null, part.items.map((each, i) => (each.kind === "group" ? drawGroup(each, changed, redraw, remove(i)) : drawLeaf(each, changed, redraw, remove(i))))),
    h("div", { class: "row tight" }, button("Condition", add(leafOf("property")), { kind: "quiet small", picture: "plus" }), button("Group", add({ kind: "group", how: "any", items: [leafOf("property")] }), { kind: "quiet small", picture: "plus" })),
  );
}

/**
 * An editor of one condition. `changed()` is told of every change; `read()` gives {condition} or {fault} in words.
 */
export function conditionEditor(first, changed) {
  let root = partsOf(first);
  let asText = root === null;
  let typed = JSON.stringify(first, null, 2);
  const body = h("div");
  const wrong = h("p", { class: "hint", role: "status" });
  const wrap = (part) => (part && part.kind === "group" ? part : part && { kind: "group", how: "all", items: [part] });
  root = wrap(root);

  const read = () => {
    if (asText) {
      try {
        const condition = JSON.parse(typed || "{}");
        return condition && typeof condition === "object" && !Array.isArray(condition) ? { condition } : { fault: "A condition is a JSON object." };
      } catch (fault) {
        return { fault: `This is no JSON: ${fault.message}` };
      }
    }
    try {
      return { condition: root.items.length === 0 ? {} : root.how !== "none" && root.items.length === 1 ? jsonOf(root.items[0]) : jsonOf(root) };
    } catch (fault) {
      if (fault instanceof Unfinished) return { fault: fault.message };
      throw fault;
    }
  };
  const tell = () => (show(wrong, asText ? read().fault : ""), changed());
  const turn = () => {
    const { condition, fault } = read();
    if (asText) {
      if (fault) return show(wrong, fault);
      const parts = wrap(partsOf(condition));
      if (!parts) return show(wrong, "This says something that can only be written as JSON.");
      root = parts;
    } else typed = JSON.stringify(condition || {}, null, 2);
    asText = !asText;
    draw();
    return changed();
  };
  const draw = () => {
    const area = () => {
      const made = h("textarea", { class: "mono", rows: 9, spellcheck: "false", "aria-label": "Condition as JSON", value: typed });
      made.addEventListener("input", () => ((typed = made.value), tell()));
      return made;
    };
    show(
      body,
      asText ? area() : drawGroup(root, tell, draw, null),
      wrong,
      h("div", { class: "row between" }, h("button", { type: "button", class: "button quiet small", onclick: turn }, asText ? "Build it from parts" : "Write it as JSON"), h("a", { class: "small", href: "/docs#schema-Condition", target: "_blank", rel: "noopener" }, "What a condition may say")),
    );
  };
  draw();
  return { node: h("div", { class: "condition" }, body), read };
}

