// A condition as JSON and as the parts that a person puts together: both say the same.

export const ATTRIBUTES = {
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
export const TYPES = { text: "text", number: "number", yes: "yes or no", time: "time", list: "list" };
export const OPERATORS = {
  text: {
    eq: "is",
    ne: "is another than",
    in: "is one of",
    prefix: "begins with",
    contains: "contains",
    version_gte: "is version or later",
    version_lt: "is before version",
    exists: "is there",
    missing: "is missing",
  },
  number: {
    eq: "is",
    ne: "is another than",
    gt: "is more than",
    gte: "is at least",
    lt: "is less than",
    lte: "is at most",
    between: "is between",
    exists: "is there",
    missing: "is missing",
  },
  yes: { eq: "is", exists: "is there", missing: "is missing" },
  time: {
    within_days: "is of the last days",
    gte: "is not before",
    lt: "is before",
    between: "is between",
    exists: "is there",
    missing: "is missing",
  },
  list: { contains: "contains", exists: "is there", missing: "is missing" },
};
export const GROUPS = { all: "all of these", any: "any of these", none: "none of these" };

export const leafOf = (source) => ({
  kind: "leaf",
  source,
  name: source === "attribute" ? "platform" : "",
  type: "text",
  operator: "eq",
  value: "",
  value2: "",
});

function typeOf(value) {
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "yes";
  if (value && typeof value === "object" && "time" in value) return "time";
  return "text";
}

const plain = (value) => (value && typeof value === "object" && "time" in value ? value.time : String(value));

/** The parts of a condition; null when it says something that the parts cannot. */
function partsIn(condition) {
  const names = Object.keys(condition);
  if (names.length === 0) return { kind: "group", how: "all", items: [] };
  for (const how of ["all", "any"]) if (names.length === 1 && names[0] === how) return groupOf(how, condition[how]);
  if (names.length === 1 && names[0] === "not") {
    const inner = condition.not;
    return Object.keys(inner).length === 1 && Array.isArray(inner.any)
      ? groupOf("none", inner.any)
      : groupOf("none", [inner]);
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
  leaf.type =
    source === "attribute"
      ? ATTRIBUTES[name]?.type
      : operator === "within_days"
        ? "time"
        : operator === "exists"
          ? "text"
          : typeOf(first);
  if (!leaf.type || !(leaf.operator in OPERATORS[leaf.type])) return null;
  if (operator === "in" && given.some((each) => typeof each !== "string" || each.includes(","))) return null;
  if (operator === "in") leaf.value = given.join(", ");
  else if (operator === "between") [leaf.value, leaf.value2] = given.map(plain);
  else if (operator !== "exists") leaf.value = plain(given);
  return leaf;
}

function groupOf(how, items) {
  const parts = items.map(partsIn);
  return parts.includes(null) ? null : { kind: "group", how, items: parts };
}

/** What is missing before a condition says something. */
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
    if (!Number.isInteger(percent) || percent < 1 || percent > 100)
      throw new Unfinished("A share is a whole number from 1 to 100.");
    return { cohort: { of: 100, from: 0, to: percent - 1, seed: part.value2 } };
  }
  if (part.name === "") throw new Unfinished("A condition has no name yet.");
  if (part.source === "segment") return { segment: part.name };
  const of = { [part.source]: part.name };
  if (part.operator === "exists" || part.operator === "missing") return { ...of, exists: part.operator === "exists" };
  if (part.operator === "in") {
    const all = part.value
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean);
    if (all.length === 0) throw new Unfinished("A condition has no value yet.");
    return { ...of, in: all };
  }
  if (part.operator === "between") return { ...of, between: [valueOf(part, part.value), valueOf(part, part.value2)] };
  return { ...of, [part.operator]: valueOf(part, part.value) };
}

/** The group that a condition is, or that it stands in alone; null when it says something that parts cannot. */
export function groupIn(condition) {
  const part = partsIn(condition);
  return part && part.kind === "leaf" ? { kind: "group", how: "all", items: [part] } : part;
}

/** What a group says: {condition}, or {fault} in words. */
export function read(group) {
  try {
    if (group.items.length === 0) return { condition: {} };
    return { condition: group.how !== "none" && group.items.length === 1 ? jsonOf(group.items[0]) : jsonOf(group) };
  } catch (fault) {
    if (fault instanceof Unfinished) return { fault: fault.message };
    throw fault;
  }
}

/** The same of a text. */
export function readText(typed) {
  try {
    const condition = JSON.parse(typed || "{}");
    if (condition && typeof condition === "object" && !Array.isArray(condition)) return { condition };
  } catch (fault) {
    return { fault: `This is no JSON: ${fault.message}` };
  }
  return { fault: "A condition is a JSON object." };
}
