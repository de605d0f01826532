// Writes a notification: what it says, to whom, how and when; counts the audience while it is chosen, and rehearses.
import { address, get, patch, post, session } from "./api.js";
import { conditionEditor } from "./conditions.js";
import { h, show } from "./dom.js";
import { count, duration, GATEWAYS } from "./format.js";
import { preview } from "./phone.js";
import { button, confirmed, devicesText, failure, field, figure, loading, say } from "./ui.js";

const QUIET_MS = 500; // after the last key before the audience is counted

const AUDIENCES = { condition: "Devices that meet a condition", segment: "A segment", user_ids: "People, by user id", device_ids: "Devices, by id", all: "Everybody" };

/** One of a text's fields, or nothing. */
const given = (input) => (input.value.trim() === "" ? undefined : input.value);
const words = (input) => input.value.split(/[\n,]/).map((each) => each.trim()).filter(Boolean);

class Wrong extends Error {
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

const jsonText = (value) => (value === undefined || Object.keys(value).length === 0 ? "" : JSON.stringify(value, null, 2));

// -- the form --

class Form {
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
    this.overrides = json(Object.fromEntries(["android", "apns", "webpush", "hms"].filter((each) => from[each]).map((each) => [each, from[each]])));
    this.external = text(from.external_id, { maxlength: 128 });
    this.lane = h("select", { value: from.lane || "campaign" }, h("option", { value: "campaign" }, "Campaign"), h("option", { value: "transactional" }, "Transactional: never waits behind a campaign"));
    this.ttl = text(from.ttl_seconds, { inputmode: "numeric", placeholder: "2419200" });
    this.rate = text(from.rate_per_second || "", { inputmode: "numeric", placeholder: "no limit" });
    this.collapse = text(from.collapse_key, { maxlength: 64 });
    const at = from.scheduled_at ? new Date(from.scheduled_at) : null;
    this.scheduled = text(at ? new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "", { type: "datetime-local" });
    this.targets = audience.targets; // written by a program: kept as it is
    this.how = h("select", { value: Object.keys(AUDIENCES).find((each) => each in audience) || "condition" }, Object.entries(AUDIENCES).map(([each, name]) => h("option", { value: each }, name)));
    this.segment = text(audience.segment, { placeholder: "paying" });
    this.ids = area((audience.user_ids || audience.device_ids || []).join("\n"), { class: "mono", placeholder: "one a line" });
    this.editor = conditionEditor(audience.condition || {}, () => changed(true));
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
    const all = { title: given(this.title), body: given(this.body), image_url: given(this.image), deep_link: given(this.link), icon_url: given(this.icon), sound: given(this.sound), badge: numberIn(this.badge, "The badge"), data: objectIn(this.data, "The data"), localizations: objectIn(this.localizations, "What is localized") };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  /** The body of a creation. */
  value() {
    const made = { content: this.content(), audience: this.audience(), lane: this.lane.value };
    const more = { ...objectIn(this.overrides, "What gateways get beside"), external_id: given(this.external), ttl_seconds: numberIn(this.ttl, "The time-to-live"), rate_per_second: numberIn(this.rate, "The rate"), collapse_key: given(this.collapse), scheduled_at: this.scheduled.value ? new Date(this.scheduled.value).toISOString() : undefined };
    for (const [name, value] of Object.entries(more)) if (value !== undefined) made[name] = value;
    return made;
  }

  words() {
    return h(
      "section",
      { class: "card", "aria-labelledby": "says" },
      h("h2", { id: "says" }, "What it says"),
      field("Title", this.title),
      field("Body", this.body, { hint: h("span", null, "Texts may hold values of the device: ", h("code", null, "{{properties.first_name | there}}")) }),
      h("div", { class: "two" }, field("Picture", this.image), field("Opens", this.link)),
      h("details", null, h("summary", null, "Sound, badge, data, languages, fields of single gateways"), h("div", { class: "more-fields" }, h("div", { class: "two" }, field("Icon", this.icon), field("Sound", this.sound)), field("Badge", this.badge), field("Data", this.data, { hint: "JSON: names and texts that the app gets." }), field("Languages", this.localizations, { hint: 'JSON by language tag: {"ko": {"title": "…"}}' }), field("For single gateways", this.overrides, { hint: 'JSON: {"android": {…}, "apns": {…}, "webpush": {…}, "hms": {…}}' }))),
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
        targets: () => h("p", { class: "muted" }, `${devicesText(this.targets.length)} with variables of their own, as they were given through the API.`),
      };
      show(choice, (parts[kind] || (() => field(kind === "user_ids" ? "User ids" : "Device ids", this.ids, { hint: "At most 10,000, one a line." })))());
    };
    this.how.addEventListener("change", () => (draw(), this.changed(true)));
    for (const each of [this.segment, this.ids]) each.addEventListener("input", () => this.changed(true));
    draw();
    return h("section", { class: "card", "aria-labelledby": "whom" }, h("div", { class: "row between" }, h("h2", { id: "whom" }, "To whom"), counted), !this.targets && field("Audience", this.how), choice);
  }

  ways() {
    return h(
      "section",
      { class: "card", "aria-labelledby": "how" },
      h("h2", { id: "how" }, "How and when"),
      h("div", { class: "two" }, field("At a time", this.scheduled, { hint: "By this machine's clock. Empty: when it is launched." }), field("Lane", this.lane)),
      h("div", { class: "two" }, field("At most so many a second", this.rate), field("Time-to-live in seconds", this.ttl, { hint: "After it no push leaves." })),
      h("div", { class: "two" }, field("Your own id", this.external, { hint: "Finds it again." }), field("Collapse key", this.collapse, { hint: "Replaces an earlier one on the device." })),
    );
  }
}

// -- counting --

/** Says how many devices are meant, each time the audience has changed. */
function counter(form, signal) {
  const line = h("p", { class: "counted", role: "status", "aria-live": "polite" });
  let timer = 0;
  let asking = null;
  const count = async () => {
    asking?.abort();
    asking = new AbortController();
    const mine = asking;
    try {
      const audience = form().audience();
      const number = await audienceSize(audience, mine.signal);
      if (!mine.signal.aborted) show(line, number === null ? h("span", { class: "muted" }, "A rehearsal says how many") : [h("strong", null, countText(number)), number.exact === false ? " at most" : ""]);
    } catch (fault) {
      if (mine.signal.aborted) return;
      show(line, h("span", { class: fault instanceof Wrong ? "muted" : "wrong" }, fault.message));
    }
  };
  signal.addEventListener("abort", () => (clearTimeout(timer), asking?.abort()), { once: true });
  return {
    node: line,
    soon() {
      clearTimeout(timer);
      timer = setTimeout(count, QUIET_MS);
    },
    now: count,
  };
}

const countText = ({ devices }) => devicesText(devices);

async function audienceSize(audience, signal) {
  if (audience.device_ids) return { devices: new Set(audience.device_ids).size, exact: false };
  if (audience.targets) return { devices: audience.targets.length, exact: false };
  if (!session.may("devices") || audience.user_ids) return null;
  const which = audience.segment ? { segment: audience.segment } : { condition: audience.condition || {} };
  return { devices: (await post("/v1/devices:count", which, { signal })).count };
}

// -- rehearsing --

function rehearsed(of) {
  const { audience, payloads, duration: pace } = of;
  const limits = { rate_per_second: "by its own limit", "fcm.messages_per_minute": "by FCM's quota", measured: "as fast as the latest ones" };
  return h(
    "div",
    { class: "rehearsed" },
    h("dl", { class: "figures" }, figure("Would get it", count(audience.to_send), `of ${count(audience.count)}`), figure("Would take", pace.seconds === null ? "not known" : duration(pace.seconds * 1000), pace.limited_by ? limits[pace.limited_by] || pace.limited_by : "nothing to go by yet")),
    audience.count > 0 && h("ul", { class: "legend" }, audience.by_gateway.map((each) => h("li", null, GATEWAYS[each.gateway] || each.gateway, " ", h("strong", null, count(each.count)), each.skipped > 0 && h("span", { class: "wrong" }, ` ${count(each.skipped)} skipped: no credential`)))),
    audience.by_locale.length > 1 && h("p", { class: "muted small" }, "Languages: ", audience.by_locale.slice(0, 12).map((each) => `${each.locale || "none given"} ${count(each.count)}`).join(", ")),
    payloads.length > 0 ? h("div", { class: "previews" }, payloads.map(preview)) : h("p", { class: "muted" }, "There is nobody to reach: no gateway has a credential, or devices in the audience."),
  );
}

// -- the whole --

export function compose({ main, names: [id], signal }) {
  const draw = (from) => {
    const counted = counter(() => form, signal);
    const form = new Form(from, () => counted.soon());
    const wrong = h("div", { "aria-live": "assertive" });
    const stage = h("div", { "aria-live": "polite" }, h("p", { class: "muted" }, "A rehearsal sends nothing. It counts the audience, and shows what each gateway would get."));
    // One creation, however often its answer is lost. (Over plain HTTP there is no randomUUID.)
    const once = `console-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
    let stored = id;
    let tries = 0; // each with its key: after an answer, whichever, the next is another request

    const refuse = (fault) => {
      if (fault instanceof Wrong) {
        show(wrong, h("div", { class: "failure" }, h("p", null, fault.message)));
        fault.input?.setAttribute("aria-invalid", "true");
        fault.input?.closest("details")?.setAttribute("open", "");
        fault.input?.focus();
      } else show(wrong, failure(fault));
    };
    const trying = (work) => async () => {
      show(wrong);
      for (const each of main.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
      try {
        await work();
      } catch (fault) {
        if (fault.name !== "AbortError") refuse(fault);
      }
    };
    const store = async () => {
      const value = form.value();
      if (stored) {
        await patch(`/v1/notifications/${encodeURIComponent(stored)}`, cleared(value));
        return stored;
      }
      try {
        stored = (await post("/v1/notifications", value, { headers: { "Idempotency-Key": `${once}-${tries}` } })).id;
      } catch (fault) {
        if (fault.status) tries += 1;
        throw fault;
      }
      return stored;
    };
    const saves = button("Save", () => save());
    const nameSaving = () => show(saves, form.scheduled.value ? "Save and schedule" : "Save as a draft");
    form.scheduled.addEventListener("input", nameSaving);
    nameSaving();
    const open = (which) => (location.hash = `#/notifications/${encodeURIComponent(which)}`);
    const rehearse = trying(async () => {
      const value = form.value();
      show(stage, loading("Rehearsing"));
      try {
        show(stage, rehearsed(await post("/v1/notifications:rehearse", value, { signal })));
      } catch (fault) {
        show(stage, h("p", { class: "muted" }, "The rehearsal did not take place."));
        throw fault;
      }
    });
    const save = trying(async () => {
      const which = await store();
      say(form.scheduled.value ? "It is scheduled." : "The draft is kept.");
      open(which);
    });
    const launch = trying(async () => {
      const value = form.value();
      const { audience } = await post("/v1/notifications:rehearse", value, { signal });
      const text = h("p", null, "It goes to ", h("strong", null, devicesText(audience.to_send)), audience.to_send < audience.count ? ` (${count(audience.count - audience.to_send)} more have no way to be reached)` : "", ". A push that has left cannot be taken back.");
      if (!(await confirmed("Launch it now?", text, "Launch", "primary"))) return;
      const which = await store();
      await post(`/v1/notifications/${encodeURIComponent(which)}:launch`, undefined, { headers: { "Idempotency-Key": `${once}-launch` } });
      say("It is on its way.");
      open(which);
    });

    show(
      main,
      h("div", null, h("p", { class: "crumb" }, h("a", { href: "#/notifications" }, "Notifications")), h("h1", { tabindex: "-1" }, id ? "Edit a notification" : "Compose a notification")),
      h(
        "form",
        { class: "compose", novalidate: true, onsubmit: (event) => event.preventDefault() },
        h("div", { class: "compose-form" }, form.words(), form.whom(counted.node), form.ways()),
        h("section", { class: "card stage", "aria-labelledby": "stage" }, h("div", { class: "row between" }, h("h2", { id: "stage" }, "Rehearsal"), button("Rehearse", rehearse)), stage),
      ),
      wrong,
      h("div", { class: "row actions" }, button("Launch now", launch, { kind: "primary", picture: "send" }), saves),
    );
    counted.now();
  };

  const begin = async () => {
    if (!id) return draw({});
    show(main, h("h1", null, "Edit a notification"), loading());
    try {
      draw(await get(address(`/v1/notifications/${encodeURIComponent(id)}`), signal));
    } catch (fault) {
      if (!signal.aborted) show(main, h("h1", null, "Edit a notification"), failure(fault, begin));
    }
    return undefined;
  };
  begin();
}

/** A merge patch that leaves nothing of what was there before: what is absent is taken away. */
function cleared(value) {
  const content = { title: null, body: null, image_url: null, deep_link: null, icon_url: null, sound: null, badge: null, data: null, localizations: null, ...value.content };
  return { external_id: null, ttl_seconds: null, rate_per_second: null, collapse_key: null, scheduled_at: null, android: null, apns: null, webpush: null, hms: null, ...value, content };
}
