// Writes a notification; counts the audience while it is chosen, rehearses, stores, launches.
import { get, patch, post, session } from "./api.js";
import { h, show } from "./dom.js";
import { Form, Wrong } from "./form.js";
import { count, duration, GATEWAYS } from "./format.js";
import { preview } from "./phone.js";
import { button, confirmed, devicesText, failure, figure, loading, say } from "./ui.js";

const QUIET_MS = 500; // after the last key before the audience is counted

// -- counting --

/** Says how many devices are meant, each time the audience has changed. */
class Counter {
  constructor(signal) {
    this.node = h("p", { class: "counted", role: "status", "aria-live": "polite" });
    this.timer = 0;
    this.asking = null;
    const end = () => (clearTimeout(this.timer), this.asking?.abort());
    signal.addEventListener("abort", end, { once: true });
  }

  soon(form) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.count(form), QUIET_MS);
  }

  async count(form) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    try {
      const found = await audienceSize(form.audience(), signal);
      if (signal.aborted) return;
      if (found === null) show(this.node, h("span", { class: "muted" }, "A rehearsal says how many"));
      else show(this.node, h("strong", null, devicesText(found.devices)), found.atMost && " at most");
    } catch (fault) {
      if (!signal.aborted)
        show(this.node, h("span", { class: fault instanceof Wrong ? "muted" : "wrong" }, fault.message));
    }
  }
}

async function audienceSize(audience, signal) {
  if (audience.device_ids) return { devices: new Set(audience.device_ids).size, atMost: true };
  if (audience.targets) return { devices: audience.targets.length, atMost: true };
  if (!session.may("devices") || audience.user_ids) return null;
  const which = audience.segment ? { segment: audience.segment } : { condition: audience.condition || {} };
  return { devices: (await post("/v1/devices:count", which, { signal })).count };
}

// -- rehearsing --

function rehearsed(of) {
  const { audience, payloads, duration: pace } = of;
  const limits = {
    rate_per_second: "by its own limit",
    "fcm.messages_per_minute": "by FCM's quota",
    measured: "as fast as the latest ones",
  };
  return h(
    "div",
    { class: "rehearsed" },
    h(
      "dl",
      { class: "figures" },
      figure("Would get it", count(audience.to_send), `of ${count(audience.count)}`),
      figure(
        "Would take",
        pace.seconds === null ? "not known" : duration(pace.seconds * 1000),
        pace.limited_by ? limits[pace.limited_by] || pace.limited_by : "nothing to go by yet",
      ),
    ),
    audience.count > 0 &&
      h(
        "ul",
        { class: "legend" },
        audience.by_gateway.map((each) =>
          h(
            "li",
            null,
            GATEWAYS[each.gateway] || each.gateway,
            " ",
            h("strong", null, count(each.count)),
            each.skipped > 0 && h("span", { class: "wrong" }, ` ${count(each.skipped)} skipped: no credential`),
          ),
        ),
      ),
    audience.by_locale.length > 1 &&
      h(
        "p",
        { class: "muted small" },
        "Languages: ",
        audience.by_locale
          .slice(0, 12)
          .map((each) => `${each.locale || "none given"} ${count(each.count)}`)
          .join(", "),
      ),
    payloads.length > 0
      ? h("div", { class: "previews" }, payloads.map(preview))
      : h(
          "p",
          { class: "muted" },
          "There is nobody to reach: no gateway has a credential, or devices in the audience.",
        ),
  );
}

// -- the whole --

const path = (id, rest = "") => `/v1/notifications/${encodeURIComponent(id)}${rest}`;

class Desk {
  constructor({ main, names: [id], signal }, from) {
    this.signal = signal;
    this.main = main;
    this.id = id;
    this.stored = id; // what is stored already
    // One creation, however often its answer is lost. (Over plain HTTP there is no randomUUID.)
    this.once = `console-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
    this.tries = 0; // each with its key: after an answer, whichever, the next is another request
    this.counter = new Counter(signal);
    this.form = new Form(from, () => this.counter.soon(this.form));
    this.wrong = h("div", { "aria-live": "assertive" });
    const says = "A rehearsal sends nothing. It counts the audience, and shows what each gateway would get.";
    this.stage = h("div", { "aria-live": "polite" }, h("p", { class: "muted" }, says));
    this.draw();
    this.counter.count(this.form);
  }

  refuse(fault) {
    if (!(fault instanceof Wrong)) {
      show(this.wrong, failure(fault));
      return;
    }
    show(this.wrong, h("div", { class: "failure" }, h("p", null, fault.message)));
    fault.input?.setAttribute("aria-invalid", "true");
    fault.input?.closest("details")?.setAttribute("open", "");
    fault.input?.focus();
  }

  /** A button that does this, and shows what is wrong. */
  does(text, work, how) {
    const pressed = async () => {
      show(this.wrong);
      for (const each of this.main.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
      try {
        await work.call(this);
      } catch (fault) {
        if (fault.name !== "AbortError") this.refuse(fault);
      }
    };
    return button(text, pressed, how);
  }

  async store() {
    const value = this.form.value();
    if (this.stored) {
      await patch(path(this.stored), cleared(value));
      return;
    }
    try {
      const headers = { "Idempotency-Key": `${this.once}-${this.tries}` };
      this.stored = (await post("/v1/notifications", value, { headers })).id;
    } catch (fault) {
      if (fault.status) this.tries += 1;
      throw fault;
    }
  }

  rehearsal() {
    return post("/v1/notifications:rehearse", this.form.value(), { signal: this.signal });
  }

  async rehearse() {
    const asked = this.rehearsal();
    show(this.stage, loading("Rehearsing"));
    try {
      show(this.stage, rehearsed(await asked));
    } catch (fault) {
      show(this.stage, h("p", { class: "muted" }, "The rehearsal did not take place."));
      throw fault;
    }
  }

  async save() {
    await this.store();
    this.leave(this.form.scheduled.value ? "It is scheduled." : "The draft is kept.");
  }

  async launch() {
    const { audience } = await this.rehearsal();
    const lost = audience.count - audience.to_send;
    const whom = [
      "It goes to ",
      h("strong", null, devicesText(audience.to_send)),
      lost > 0 && ` (${count(lost)} more cannot be reached)`,
    ];
    const text = h("p", null, whom, ". A push that has left cannot be taken back.");
    if (!(await confirmed("Launch it now?", text, "Launch", "primary"))) return;
    await this.store();
    await post(path(this.stored, ":launch"), undefined, { headers: { "Idempotency-Key": `${this.once}-launch` } });
    this.leave("It is on its way.");
  }

  leave(told) {
    say(told);
    location.hash = `#/notifications/${encodeURIComponent(this.stored)}`;
  }

  draw() {
    const { form } = this;
    const saves = this.does("Save", this.save);
    const nameSaving = () => show(saves, form.scheduled.value ? "Save and schedule" : "Save as a draft");
    form.scheduled.addEventListener("input", nameSaving);
    nameSaving();
    const heading = h(
      "div",
      { class: "row between" },
      h("h2", { id: "stage" }, "Rehearsal"),
      this.does("Rehearse", this.rehearse),
    );
    show(
      this.main,
      h(
        "div",
        null,
        h("p", { class: "crumb" }, h("a", { href: "#/notifications" }, "Notifications")),
        h("h1", { tabindex: "-1" }, this.id ? "Edit a notification" : "Compose a notification"),
      ),
      h(
        "form",
        { class: "compose", novalidate: true, onsubmit: (event) => event.preventDefault() },
        h("div", { class: "compose-form" }, form.words(), form.whom(this.counter.node), form.ways()),
        h("section", { class: "card stage", "aria-labelledby": "stage" }, heading, this.stage),
      ),
      this.wrong,
      h("div", { class: "row" }, this.does("Launch now", this.launch, { kind: "primary", picture: "send" }), saves),
    );
  }
}

export async function compose(place) {
  const {
    main,
    names: [id],
    signal,
  } = place;
  if (!id) {
    new Desk(place, {});
    return;
  }
  const heading = h("h1", null, "Edit a notification");
  show(main, heading, loading());
  try {
    new Desk(place, await get(path(id), signal));
  } catch (fault) {
    if (!signal.aborted)
      show(
        main,
        heading,
        failure(fault, () => compose(place)),
      );
  }
}

/** A merge patch that leaves nothing of what was there before: what is absent is taken away. */
function cleared(value) {
  const content = {
    title: null,
    body: null,
    image_url: null,
    deep_link: null,
    icon_url: null,
    sound: null,
    badge: null,
    data: null,
    localizations: null,
    ...value.content,
  };
  return {
    external_id: null,
    ttl_seconds: null,
    rate_per_second: null,
    collapse_key: null,
    scheduled_at: null,
    android: null,
    apns: null,
    webpush: null,
    hms: null,
    ...value,
    content,
  };
}
