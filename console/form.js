// The fields of a notification: what it says, to whom, how and when.
import { ConditionEditor } from "./builder.js";
import { h, show } from "./dom.js";
import { devicesText, field } from "./ui.js";

const AUDIENCES = {
  condition: "Devices that meet a condition",
  segment: "A segment",
  user_ids: "People, by user id",
  device_ids: "Devices, by id",
  all: "Everybody",
};

/** One of a text's fields, or nothing. */
const given = (input) => (input.value.trim() === "" ? undefined : input.value);
const words = (input) =>
  input.value
    .split(/[\n,]/)
    .map((each) => each.trim())
    .filter(Boolean);

/** What is wrong with the form, before anybody is asked. */
export class Wrong extends Error {
  constructor(input, text) {
    super(text);
    this.input = input;
  }
}

function objectIn(input, name) {
  if (input.value.trim() === "") return undefined;
  try {
    const made = JSON.parse(input.value);
    if (made && typeof made === "object" && !Array.isArray(made)) return made;
  } catch (fault) {
    throw new Wrong(input, `${name} is no JSON: ${fault.message}`);
  }
  throw new Wrong(input, `${name} is a JSON object.`);
}

function numberIn(input, name) {
  if (input.value.trim() === "") return undefined;
  const made = Number(input.value);
  if (!Number.isInteger(made)) throw new Wrong(input, `${name} is a whole number.`);
  return made;
}

const jsonText = (value) =>
  value === undefined || Object.keys(value).length === 0 ? "" : JSON.stringify(value, null, 2);

export class Form {
  constructor(from, changed) {
    const { content = {}, audience = { condition: {} } } = from;
    const text = (value, more = {}) => h("input", { value: value ?? "", autocomplete: "off", ...more });
    const area = (value, more = {}) => h("textarea", { rows: 3, value: value ?? "", ...more });
    const json = (value) => h("textarea", { class: "mono", rows: 4, spellcheck: "false", value: jsonText(value) });
    this.title = text(content.title, { maxlength: 4096 });
    this.body = area(content.body, { maxlength: 4096 });
    this.image = text(content.image_url, { type: "url", placeholder: "https://…" });
    this.link = text(content.deep_link, { placeholder: "app://…" });
    this.icon = text(content.icon_url, { type: "url", placeholder: "https://…" });
    this.sound = text(content.sound);
    this.badge = text(content.badge, { inputmode: "numeric" });
    this.data = json(content.data);
    this.localizations = json(content.localizations);
    this.overrides = json(
      Object.fromEntries(
        ["android", "apns", "webpush", "hms"].filter((each) => from[each]).map((each) => [each, from[each]]),
      ),
    );
    this.external = text(from.external_id, { maxlength: 128 });
    this.lane = h(
      "select",
      { value: from.lane || "campaign" },
      h("option", { value: "campaign" }, "Campaign"),
      h("option", { value: "transactional" }, "Transactional: never waits behind a campaign"),
    );
    this.ttl = text(from.ttl_seconds, { inputmode: "numeric", placeholder: "2419200" });
    this.rate = text(from.rate_per_second || "", { inputmode: "numeric", placeholder: "no limit" });
    this.collapse = text(from.collapse_key, { maxlength: 64 });
    const at = from.scheduled_at ? new Date(from.scheduled_at) : null;
    this.scheduled = text(at ? new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "", {
      type: "datetime-local",
    });
    this.targets = audience.targets; // written by a program: kept as it is
    this.how = h(
      "select",
      { value: Object.keys(AUDIENCES).find((each) => each in audience) || "condition" },
      Object.entries(AUDIENCES).map(([each, name]) => h("option", { value: each }, name)),
    );
    this.segment = text(audience.segment, { placeholder: "paying" });
    this.ids = area((audience.user_ids || audience.device_ids || []).join("\n"), {
      class: "mono",
      placeholder: "one a line",
    });
    this.editor = new ConditionEditor(audience.condition || {}, changed);
    this.changed = changed;
  }

  audience() {
    if (this.targets) return { targets: this.targets };
    switch (this.how.value) {
      case "all":
        return { all: true };
      case "segment":
        if (!given(this.segment)) throw new Wrong(this.segment, "Name the segment.");
        return { segment: this.segment.value.trim() };
      case "condition": {
        const { condition, fault } = this.editor.read();
        if (fault) throw new Wrong(null, fault);
        return Object.keys(condition).length === 0 ? { all: true } : { condition };
      }
      default:
        if (words(this.ids).length === 0) throw new Wrong(this.ids, "Give at least one id.");
        return { [this.how.value]: words(this.ids) };
    }
  }

  content() {
    const all = {
      title: given(this.title),
      body: given(this.body),
      image_url: given(this.image),
      deep_link: given(this.link),
      icon_url: given(this.icon),
      sound: given(this.sound),
      badge: numberIn(this.badge, "The badge"),
      data: objectIn(this.data, "The data"),
      localizations: objectIn(this.localizations, "What is localized"),
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  /** The body of a creation. */
  value() {
    const made = { content: this.content(), audience: this.audience(), lane: this.lane.value };
    const more = {
      ...objectIn(this.overrides, "What gateways get beside"),
      external_id: given(this.external),
      ttl_seconds: numberIn(this.ttl, "The time-to-live"),
      rate_per_second: numberIn(this.rate, "The rate"),
      collapse_key: given(this.collapse),
      scheduled_at: this.scheduled.value ? new Date(this.scheduled.value).toISOString() : undefined,
    };
    for (const [name, value] of Object.entries(more)) if (value !== undefined) made[name] = value;
    return made;
  }

  words() {
    return h(
      "section",
      { class: "card", "aria-labelledby": "says" },
      h("h2", { id: "says" }, "What it says"),
      field("Title", this.title),
      field("Body", this.body, {
        hint: h(
          "span",
          null,
          "Texts may hold values of the device: ",
          h("code", null, "{{properties.first_name | there}}"),
        ),
      }),
      h("div", { class: "two" }, field("Picture", this.image), field("Opens", this.link)),
      h(
        "details",
        null,
        h("summary", null, "Sound, badge, data, languages, fields of single gateways"),
        h(
          "div",
          { class: "more-fields" },
          h("div", { class: "two" }, field("Icon", this.icon), field("Sound", this.sound)),
          field("Badge", this.badge),
          field("Data", this.data, { hint: "JSON: names and texts that the app gets." }),
          field("Languages", this.localizations, { hint: 'JSON by language tag: {"ko": {"title": "…"}}' }),
          field("For single gateways", this.overrides, {
            hint: 'JSON: {"android": {…}, "apns": {…}, "webpush": {…}, "hms": {…}}',
          }),
        ),
      ),
    );
  }

  whom(counted) {
    const choice = h("div");
    const draw = () => {
      const kind = this.targets ? "targets" : this.how.value;
      const parts = {
        all: () => h("p", { class: "muted" }, "Every device of the application."),
        condition: () => this.editor.node,
        segment: () => field("Segment", this.segment),
        targets: () =>
          h(
            "p",
            { class: "muted" },
            `${devicesText(this.targets.length)} with variables of their own, as they were given through the API.`,
          ),
      };
      show(
        choice,
        (
          parts[kind] ||
          (() =>
            field(kind === "user_ids" ? "User ids" : "Device ids", this.ids, { hint: "At most 10,000, one a line." }))
        )(),
      );
    };
    this.how.addEventListener("change", () => (draw(), this.changed()));
    for (const each of [this.segment, this.ids]) each.addEventListener("input", () => this.changed());
    draw();
    return h(
      "section",
      { class: "card", "aria-labelledby": "whom" },
      h("div", { class: "row between" }, h("h2", { id: "whom" }, "To whom"), counted),
      !this.targets && field("Audience", this.how),
      choice,
    );
  }

  ways() {
    return h(
      "section",
      { class: "card", "aria-labelledby": "how" },
      h("h2", { id: "how" }, "How and when"),
      h(
        "div",
        { class: "two" },
        field("At a time", this.scheduled, { hint: "By this machine's clock. Empty: when it is launched." }),
        field("Lane", this.lane),
      ),
      h(
        "div",
        { class: "two" },
        field("At most so many a second", this.rate),
        field("Time-to-live in seconds", this.ttl, { hint: "After it no push leaves." }),
      ),
      h(
        "div",
        { class: "two" },
        field("Your own id", this.external, { hint: "Finds it again." }),
        field("Collapse key", this.collapse, { hint: "Replaces an earlier one on the device." }),
      ),
    );
  }
}
